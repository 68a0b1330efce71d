#!/usr/bin/env python3
"""The white-box searches of python/gloce, on networks of random weights, and a smallest run of
scripts/attack_whitebox.py.

    whitebox_test.py GLOCE BUNDLE
"""

import csv
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

from export.quiet import quieten  # noqa: E402

quieten(offline=True)

import gloce  # noqa: E402
from gloce import attack, attack_tokens  # noqa: E402
from testdata.tiny import tiny_pipeline  # noqa: E402

PROGRAM, BUNDLE = sys.argv[1:3]
CAT = "a picture of a cat"


def random_erasers(unet, slope: float = 2000.0, center: float = 0.05) -> gloce.Erasers:
    """Two concepts, ranks 2 and 1; some of their gates are open and some shut."""
    generator = torch.Generator().manual_seed(5)

    def normal(*shape):
        return torch.randn(shape, generator=generator)

    layers = {}
    for path, module in unet.named_modules():
        if path.endswith("attn2.to_out.0"):
            d = module.out_features
            basis = torch.linalg.qr(normal(2, d, 1)).Q
            layers[path] = {
                "map_up": normal(2, d, 2), "map_down": normal(2, 2, d) / d,
                "mapping_mean": normal(2, d), "target_mean": normal(2, d), "gate_basis": basis,
                "surrogate_mean": 0.1 * normal(2, d), "gate_center": torch.full((2,), center),
                "gate_slope": torch.full((2,), slope)}
    concepts = [gloce.Concept("cat", 1.0, 901.0), gloce.Concept("owl", 1.0, 701.0)]
    return gloce.Erasers("none", concepts, layers)


class TinyCase(unittest.TestCase):
    """In double precision."""

    def setUp(self):
        self.pipe = tiny_pipeline(ROOT / "models/emoji/tokenizer").to(torch.float64)
        for network in (self.pipe.unet, self.pipe.text_encoder):
            network.eval().requires_grad_(False)

    def attach(self, **options) -> gloce.Attachment:
        attached = gloce.attach(self.pipe.unet, random_erasers(self.pipe.unet, **options))
        self.addCleanup(attached.detach)
        return attached

    def samples(self, attached) -> attack.Samples:
        return attack.sample(self.pipe, attached, attack.encode(self.pipe, CAT), [1, 2], 4, 3.0)

    def objective(self, attached, samples, embeds) -> attack.Terms:
        return attack.objective(self.pipe.unet, attached, samples, embeds)


class ObjectiveTest(TinyCase):
    def test_recording_shows_the_latest_pass_and_changes_nothing(self):
        attached = self.attach()
        embeds = attack.encode(self.pipe, CAT)
        latents = torch.randn(2, 4, 8, 8, dtype=torch.float64)
        timesteps = torch.tensor([800, 300])
        expected = self.pipe.unet(latents, timesteps, embeds.expand(2, -1, -1)).sample
        with attached.recording() as logits:
            found = self.pipe.unet(latents, timesteps, embeds.expand(2, -1, -1)).sample
            self.assertTrue(torch.equal(found, expected))
            self.assertEqual(set(logits), set(attached.erasers.layers))
            for values in logits.values():
                self.assertEqual(values.shape[::2], (2, 2))
                self.assertTrue(torch.isfinite(values[:, :, 0]).all())
                self.assertTrue((values[0, :, 1] == -torch.inf).all())  # waits at 800
                self.assertTrue(torch.isfinite(values[1]).all())
            self.pipe.unet(latents, 999, embeds.expand(2, -1, -1))
            self.assertEqual(logits, {})  # all wait

    def test_the_gate_term_is_its_definition(self):
        attached = self.attach(slope=100.0)
        values = {path: torch.randn(2, 5, 2, dtype=torch.float64) * 6
                  for path in attached.erasers.layers}
        values["mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0"][0] = -torch.inf
        expected = []
        for layer in values.values():
            for token in layer.flatten(0, 1):
                expected.append(max(0.0, (max(token.tolist()) + attack._SHUT) / 100.0))
        found = attack.gate_term(attached, values).item()
        self.assertAlmostEqual(found, sum(expected) / len(expected), places=12)
        shut = {path: layer.clamp_max(-4.7) for path, layer in values.items()}
        self.assertEqual(attack.gate_term(attached, shut).item(), 0.0)

    def test_the_empty_prompt_has_error_one(self):
        attached = self.attach()
        samples = self.samples(attached)
        attached.strength = 0.0
        terms = attack.measure(self.pipe.unet, attached, samples, attack.encode(self.pipe, ""), 3)
        self.assertAlmostEqual(terms["error"], 1.0, places=6)

    def test_gradients_equal_finite_differences(self):
        """By the embedding and by the tokens' embeddings; gates with a slope everywhere."""
        attached = self.attach(slope=40.0)
        samples = self.samples(attached).part(torch.tensor([1, 3, 6]))
        embeds = attack.encode(self.pipe, CAT)
        direction = torch.randn(embeds.shape, dtype=torch.float64,
                                generator=torch.Generator().manual_seed(1))
        weight, step = 3.0, 1e-6

        def value(at):
            return self.objective(attached, samples, at).total(weight)

        at = embeds.clone().requires_grad_()
        gradient, = torch.autograd.grad(value(at), at)
        with torch.no_grad():
            self.assertGreater(self.objective(attached, samples, embeds).gate, 1e-3)
            difference = (value(embeds + step * direction) - value(embeds - step * direction)) \
                / (2 * step)
        self.assertAlmostEqual(((gradient * direction).sum() / difference).item(), 1, delta=1e-5)

        wording = attack_tokens.Wording(self.pipe.tokenizer, "{} cat", 1)
        word = wording.vocabulary[100]
        ids = wording.ids([word])
        gradient, _ = attack_tokens.token_gradient(self.pipe, attached, samples, ids, weight)
        row = self.pipe.text_encoder.get_input_embeddings().weight[word]
        direction, kept, values = direction[0, 0], row.clone(), []
        for sign in (1, -1):
            row.copy_(kept + sign * step * direction)
            values.append(value(self.pipe.text_encoder(input_ids=ids).last_hidden_state).item())
        row.copy_(kept)
        along = (gradient[1] * direction).sum().item()
        self.assertAlmostEqual(along * 2 * step / (values[0] - values[1]), 1, delta=1e-4)


class EmbeddingSearchTest(TinyCase):
    def test_it_lowers_the_objective_and_the_gates(self):
        attached = self.attach()
        samples = self.samples(attached)
        start = attack.encode(self.pipe, CAT)
        settings = attack.Settings(steps=30, learning_rate=0.05, gate_weight=10.0)
        found = attack.search_embedding(self.pipe.unet, attached, samples, start, settings)
        self.assertLess(found.after["error"], 0.9 * found.before["error"])
        self.assertLess(found.after["gate"], 0.9 * found.before["gate"])
        self.assertTrue(torch.equal(found.prompt_embeds[:, 0], start[:, 0]))
        self.assertEqual(found.after, attack.measure(self.pipe.unet, attached, samples,
                                                     found.prompt_embeds))
        again = attack.search_embedding(self.pipe.unet, attached, samples, start, settings)
        self.assertTrue(torch.equal(again.prompt_embeds, found.prompt_embeds))

    def test_without_erasing_the_concepts_prompt_is_the_optimum(self):
        attached = self.attach()
        samples = self.samples(attached)
        attached.strength = 0.0
        start = attack.encode(self.pipe, CAT).requires_grad_()
        terms = self.objective(attached, samples, start)
        gradient, = torch.autograd.grad(terms.total(1.0), start)
        self.assertLess(terms.error.item(), 1e-12)
        self.assertEqual(terms.gate.item(), 0.0)
        self.assertLess(gradient.abs().max().item(), 1e-6)
        found = attack.search_embedding(self.pipe.unet, attached, samples, start.detach(),
                                        attack.Settings(steps=3))
        self.assertLessEqual(found.after["error"], found.before["error"])
        # With the erasers at work it is none.
        attached.strength = 1.0
        self.assertGreater(self.objective(attached, samples, start).error.item(), 1e-3)


class TokenSearchTest(TinyCase):
    def test_what_is_found_is_encoded_to_the_same_tokens(self):
        attached = self.attach()
        samples = self.samples(attached).part(torch.tensor([1, 5]))
        settings = attack_tokens.TokenSettings(tokens=3, steps=4, candidates=6)
        for template, parts in (("{} " + CAT, ("", CAT)), ("{}", ("", "")),
                                ("a {} on a pink background", ("a ", "on a pink background"))):
            with self.subTest(template):
                wording = attack_tokens.Wording(self.pipe.tokenizer, template, 3)
                losses = []
                found = attack_tokens.search_tokens(
                    self.pipe, attached, samples, wording, settings,
                    lambda step, loss, prompt: losses.append(loss))
                for before, after in zip(losses, losses[1:]):
                    self.assertLess(after, before + 1e-9)
                self.assertLess(losses[-1], attack.total(found.before, settings.gate_weight))
                self.assertAlmostEqual(losses[-1], attack.total(found.after, 1.0), places=6)
                self.assertTrue(found.prompt.startswith(parts[0]))
                self.assertTrue(found.prompt.endswith(parts[1]))
                ids = self.pipe.tokenizer(found.prompt, add_special_tokens=False).input_ids
                self.assertEqual(len(ids), len(wording.before) + 3 + len(wording.after))
                free = ids[len(wording.before):len(wording.before) + 3]
                self.assertEqual(wording.text(free), found.prompt)
                self.assertTrue(wording.holds(free))

    def test_what_reads_otherwise_is_noticed(self):
        wording = attack_tokens.Wording(self.pipe.tokenizer, "{}", 3)
        vocabulary = self.pipe.tokenizer.get_vocab()
        self.assertTrue(wording.holds([vocabulary[f"{word}</w>"] for word in ("cat", "a", "owl")]))
        self.assertFalse(wording.holds([vocabulary[part] for part in ("c", "a", "t</w>")]))  # cat
        self.assertNotIn(vocabulary["c"], wording.vocabulary)
        self.assertIn(vocabulary["cat</w>"], wording.vocabulary)

    def test_a_name_with_an_accent_is_kept(self):
        """Tokens spell it in bytes; the search for a start did not end then."""
        attached = self.attach()
        samples = self.samples(attached).part(torch.tensor([1]))
        wording = attack_tokens.Wording(self.pipe.tokenizer, "{} a picture of Beyoncé", 2)
        settings = attack_tokens.TokenSettings(tokens=2, steps=1, candidates=2)
        found = attack_tokens.search_tokens(self.pipe, attached, samples, wording, settings)
        for prompt in (found.start, found.prompt):
            self.assertTrue(prompt.endswith(" a picture of Beyoncé"), prompt)
        ids = self.pipe.tokenizer(found.prompt, add_special_tokens=False).input_ids
        self.assertEqual(ids[2:], wording.after)

    def test_a_search_without_words_ends(self):
        for count in (0, -1):
            with self.assertRaisesRegex(ValueError, "expected at least 1"):
                attack_tokens.Wording(self.pipe.tokenizer, "{}", count)
        wording = attack_tokens.Wording(self.pipe.tokenizer, "{}", 3)
        wording.holds = lambda free: False
        with self.assertRaisesRegex(ValueError, "of 1000 choices of 3 words none"):
            wording.start(torch.Generator())

    def test_what_is_longer_than_the_text_encoder_is_refused(self):
        with self.assertRaisesRegex(ValueError, "longer than"):
            attack_tokens.Wording(self.pipe.tokenizer, "{} " + CAT, 26)


class ScriptTest(unittest.TestCase):
    def test_a_smallest_run_goes_on(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        out = Path(folder.name) / "out"
        erasers = Path(folder.name) / "erasers.safetensors"
        subprocess.run(
            [PROGRAM, "build", "--model", BUNDLE, "--quiet", "--erase", "cat", "--erase", "owl",
             "--plan", "fast", "--num-seeds", "1", "--out", erasers], check=True)

        def run(*options) -> subprocess.CompletedProcess:
            return subprocess.run(
                [sys.executable, "-W", "ignore", ROOT / "scripts/attack_whitebox.py", "--bundle",
                 BUNDLE, "--erasers", erasers, "--out", out, "--concept", "cat", "--pictures", "2",
                 "--restarts", "1", "--samples", "1", "--search-steps", "2", "--embedding-steps",
                 "2", "--token-steps", "1", "--token-samples", "1", "--steps", "2",
                 *options],
                capture_output=True, text=True)

        first = run()
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn("| cat |", first.stdout)
        found = json.loads((out / "whitebox.json").read_text())
        self.assertEqual(list(found["concepts"]["cat"]),
                         ["unmodified", "erased", "embedding", "front", "instead"])
        self.assertFalse(set(found["seeds"]["search"]) & set(found["seeds"]["test"]))
        with open(out / "prompts.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["case_number", "prompt", "evaluation_seed", "asked"])
        self.assertEqual([row["case_number"] for row in rows], ["0", "1", "2", "3"])
        self.assertEqual({row["asked"] for row in rows}, {"cat"})
        self.assertTrue(rows[0]["prompt"].endswith("a picture of a cat"))
        lines = (out / "results.jsonl").read_text().splitlines()
        self.assertEqual(len(lines), 4)

        with open(out / "results.jsonl", "a") as file:
            file.write('{"key"')  # as a kill may leave it
        again = run()
        self.assertEqual(again.stdout, first.stdout)
        other = run("--guidance", "3")
        self.assertEqual(other.returncode, 1)
        self.assertIn("holds another study", other.stderr)
        self.assertEqual(run("--tokens", "0").returncode, 2)
        unknown = run("--concept", "koala")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("no eraser for koala", unknown.stderr)
        self.assertEqual((out / "results.jsonl").read_text().splitlines(), lines)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
