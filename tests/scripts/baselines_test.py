#!/usr/bin/env python3
"""python/baselines against the equations that it is written from, on networks of random weights.

    baselines_test.py
"""

import filecmp
import math
import sys
import tempfile
import unittest
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

from export.quiet import quieten  # noqa: E402

quieten(offline=True)

from baselines import esd, networks, uce  # noqa: E402
from baselines.methods import METHODS, TRIALS, Task, asked, destination  # noqa: E402
from baselines.prompts import Filter, named, negative_prompt  # noqa: E402
from testdata.tiny import save_tiny_pipeline  # noqa: E402

CAT, ANIMAL, CAR = "a picture of a cat", "a picture of an animal", "a picture of a car"


class PipelineCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.pipeline = cls.folder / "pipeline"
        save_tiny_pipeline(ROOT / "models/emoji/tokenizer", cls.pipeline)
        cls.networks = networks.load(cls.pipeline)

    def changed(self, unet) -> set[str]:
        """Names of the weights in which `unet` differs from the pipeline's."""
        before = self.networks.unet.state_dict()
        return {name for name, value in unet.state_dict().items()
                if not torch.equal(value, before[name])}


class NetworksTest(PipelineCase):
    def test_the_last_word_is_found(self):
        tokenizer = self.networks.tokenizer
        for prompt, word in ((CAT, "cat"), (ANIMAL, "animal"), ("cat", "cat")):
            place = networks.last_word(self.networks, prompt)
            ids = networks.token_ids(self.networks, [prompt])[0]
            self.assertEqual(tokenizer.decode(ids[place]).strip(), word)
        self.assertEqual(networks.last_word(self.networks, ""), 1)  # the end's

    def test_a_copy_differs_in_the_unet_alone(self):
        copy = self.folder / "copy"
        networks.write_copy(self.pipeline, self.networks.unet, copy)
        files = [path.relative_to(self.pipeline) for path in self.pipeline.rglob("*")
                 if path.is_file() and path.parent.name != "unet"]
        self.assertGreater(len(files), 5)
        for file in files:
            self.assertTrue(filecmp.cmp(self.pipeline / file, copy / file, shallow=False), file)
        self.assertEqual(self.changed(networks.load(copy).unet), set())


def random_edit(count: int, kept: int, width: int = 12, **scales) -> uce.Edit:
    generator = torch.Generator().manual_seed(3)

    def rows(n):
        return torch.randn(n, width, generator=generator, dtype=torch.float64)

    return uce.Edit(rows(count), rows(count), rows(kept), **scales)


class UceTest(PipelineCase):
    OLD = torch.randn(7, 12, generator=torch.Generator().manual_seed(4), dtype=torch.float64)

    def test_the_gradient_of_the_objective_vanishes(self):
        for scales in ({}, {"erase_scale": 3.0, "preserve_scale": 0.2, "damping": 0.01}):
            edit = random_edit(4, 6, **scales)
            weight = (self.OLD @ uce.transform(edit)).requires_grad_(True)
            uce.objective(weight, self.OLD, edit).backward()
            self.assertLess(weight.grad.abs().max().item(), 1e-10)
            other = self.OLD.clone().requires_grad_(True)
            uce.objective(other, self.OLD, edit).backward()
            self.assertGreater(other.grad.abs().max().item(), 1.0)

    def test_it_equals_a_plain_least_squares_solution(self):
        edit = random_edit(4, 6, erase_scale=2.0, preserve_scale=0.5, damping=0.1)
        terms = [(2.0, edit.sources, edit.targets @ self.OLD.T),
                 (0.5, edit.kept, edit.kept @ self.OLD.T),
                 (0.1, torch.eye(12, dtype=torch.float64), self.OLD.T)]
        inputs = torch.cat([math.sqrt(scale) * x for scale, x, _ in terms])
        outputs = torch.cat([math.sqrt(scale) * y for scale, _, y in terms])
        expected = torch.linalg.lstsq(inputs, outputs).solution.T
        torch.testing.assert_close(self.OLD @ uce.transform(edit), expected)

    def test_strong_terms_are_fulfilled(self):
        kept = random_edit(4, 6, preserve_scale=1e9, damping=1e-3)
        change = self.OLD @ uce.transform(kept) - self.OLD
        self.assertLess((kept.kept @ change.T).abs().max().item(), 1e-6)
        self.assertGreater((kept.sources @ change.T).abs().max().item(), 0.1)
        erased = random_edit(4, 6, erase_scale=1e9, damping=1e-3)
        new = self.OLD @ uce.transform(erased)
        self.assertLess((erased.sources @ new.T - erased.targets @ self.OLD.T).abs().max(), 1e-6)

    def test_nothing_erased_is_the_same_unet(self):
        edit = uce.make_edit(self.networks, {}, [CAR], 1.0, 1.0, 0.5)
        self.assertEqual(self.changed(uce.apply(self.networks.unet, edit)), set())
        identity = torch.eye(12, dtype=torch.float64)
        self.assertTrue(torch.equal(uce.transform(random_edit(0, 6)), identity))
        self.assertTrue(torch.equal(uce.transform(random_edit(4, 6, erase_scale=0.0)), identity))

    def test_only_keys_and_values_of_cross_attentions_change(self):
        edit = uce.make_edit(self.networks, {CAT: ANIMAL}, [CAR], 1.0, 1.0, 0.5)
        edited = uce.apply(self.networks.unet, edit)
        layers = networks.cross_attentions(self.networks.unet)
        self.assertEqual(len(layers), 4)
        self.assertEqual(self.changed(edited), {f"{layer}.{name}.weight" for layer in layers
                                                for name in ("to_k", "to_v")})

    def test_states_are_paired_from_the_last_word_on(self):
        edit = uce.make_edit(self.networks, {CAT: ANIMAL, CAR: ""}, [CAR], 1.0, 1.0, 0.5)
        cat, animal, car, empty = networks.encode(self.networks, [CAT, ANIMAL, CAR, ""]).double()
        count = 32 - 5  # after BOS and "a picture of a"
        for rows, states in ((edit.sources[:count], cat[5:]), (edit.targets[:count], animal[5:]),
                             (edit.sources[count:], car[5:]), (edit.kept, car[5:]),
                             (edit.targets[count:], empty[1:1 + count])):
            torch.testing.assert_close(rows, states / math.sqrt(count))

    def test_the_erased_prompt_takes_the_other_ones_values(self):
        edit = uce.make_edit(self.networks, {CAT: ANIMAL}, [CAR], 1e6, 1.0, 1e-6)
        edited = uce.apply(self.networks.unet, edit)
        cat, animal = networks.encode(self.networks, [CAT, ANIMAL])
        for name, layer in networks.cross_attentions(self.networks.unet).items():
            goal, old = layer.to_v(animal[5:]), layer.to_v(cat[5:])
            new = edited.get_submodule(name).to_v(cat[5:])
            self.assertLess((new - goal).norm().item(), 0.05 * (old - goal).norm().item())


class EsdTest(PipelineCase):
    def test_the_loss_is_the_papers(self):
        uncond, cond = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 1.0]])
        torch.testing.assert_close(esd.goal(uncond, cond, 1.0), torch.tensor([[-1.0, 3.0]]))
        torch.testing.assert_close(esd.goal(uncond, cond, 0.5), torch.tensor([[0.0, 2.5]]))
        self.assertEqual(esd.loss(torch.zeros(1, 2), uncond, cond, 1.0).item(), 5.0)

    def test_noisy_latents_are_ddims(self):
        scheduler = esd.make_scheduler(self.networks, 5)
        unet, alphas = self.networks.unet, scheduler.alphas_cumprod
        cond, uncond = networks.encode(self.networks, [CAT, ""]).split(1)
        latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(5))
        expected = latents
        for place in range(3):
            t, after = scheduler.timesteps[place], scheduler.timesteps[place + 1]
            without, with_text = (unet(expected, t, text).sample for text in (uncond, cond))
            noise = without + 3.0 * (with_text - without)
            original = (expected - (1 - alphas[t]).sqrt() * noise) / alphas[t].sqrt()
            expected = alphas[after].sqrt() * original + (1 - alphas[after]).sqrt() * noise
        found = esd.draw_noisy(unet, scheduler, latents, cond, uncond, 3, 3.0)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
        untouched = esd.draw_noisy(unet, scheduler, latents, cond, uncond, 0, 3.0)
        self.assertTrue(torch.equal(untouched, latents))

    def test_only_cross_attentions_are_trained(self):
        before = {name: value.clone() for name, value in self.networks.unet.state_dict().items()}
        settings = esd.Settings(1e-3, steps=2, batch=2, sampling_steps=3)
        trained = esd.train(self.networks, [CAT, CAR], settings)
        for name, value in self.networks.unet.state_dict().items():
            self.assertTrue(torch.equal(value, before[name]), name)
        expected = {name for name in before if ".attn2." in name}
        self.assertEqual(self.changed(trained), expected)
        self.assertFalse(any(p.requires_grad for p in trained.parameters()))

        again = esd.train(self.networks, [CAT, CAR], settings).state_dict()
        self.assertTrue(all(torch.equal(value, again[name])
                            for name, value in trained.state_dict().items()))

    def test_training_moves_the_prediction_to_its_goal(self):
        cond, uncond = networks.encode(self.networks, [CAT, ""]).split(1)
        noisy = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(6))
        t = torch.tensor(500)
        goal = esd.goal(*esd.predict(self.networks.unet, noisy, t, uncond, cond), 1.0)
        losses = []
        trained = esd.train(
            self.networks, [CAT], esd.Settings(3e-3, steps=60, batch=4, sampling_steps=3),
            lambda step, value: losses.append(value))

        def distance(unet):
            return (unet(noisy, t, cond).sample - goal).norm().item()

        self.assertEqual(len(losses), 60)
        self.assertLess(distance(trained), 0.7 * distance(self.networks.unet))


class PromptsTest(unittest.TestCase):
    GENERAL = {"cat": "an animal", "apple": "a food"}

    def test_names_are_words_without_case(self):
        for prompt in ("a cat", "A CAT", "cat's", "cat2", "a picture of a cat, sepia"):
            self.assertEqual(named(prompt, ["cat"]), ["cat"], prompt)
        for prompt in ("", "cats", "a carton", "catt", "an animal"):
            self.assertEqual(named(prompt, ["cat", "car"]), [], prompt)
        self.assertEqual(named("an apple and a cat", ["cat", "apple"]), ["apple", "cat"])

    def check(self, scope: str, neutral: str, cases: dict[str, str]):
        change = Filter(self.GENERAL, scope, neutral)
        for prompt, expected in {**cases, "a guitar and a car": "a guitar and a car",
                                 "": "", "cats": "cats"}.items():
            self.assertEqual(change(prompt), expected, prompt)

    def test_whole_prompts_are_replaced(self):
        self.check("prompt", "", {"a picture of a cat and a car": ""})
        self.check("prompt", "a picture of {general}", {
            "a CAT next to a car": "a picture of an animal",
            "a picture of an apple and a cat": "a picture of a food"})

    def test_words_are_replaced(self):
        self.check("word", "{general}", {
            "a picture of a Cat and a car": "a picture of an animal and a car",
            "an apple next to a cat, sepia": "a food next to an animal, sepia",
            "the cat": "an animal", "cat": "an animal"})

    def test_words_are_dropped_with_their_join(self):
        self.check("word", "", {
            "a picture of a cat": "a picture",
            "a picture of a cat and a car": "a picture of a car",
            "a picture of a car and a cat": "a picture of a car",
            "a car next to a cat on a pink background": "a car on a pink background",
            "a photo of an apple and a cat": "a photo",
            "a cat, sepia": "sepia", "cat": ""})

    def test_negative_prompts(self):
        self.assertEqual(negative_prompt(["cat", "fox"], "words"), "cat fox")
        self.assertEqual(negative_prompt(["cat", "fox"], "list"), "cat, fox")
        self.assertEqual(negative_prompt(["a cat", "an owl"], "sentence"),
                         "a picture of a cat and an owl")
        with self.assertRaisesRegex(ValueError, "form: got 'x'"):
            negative_prompt(["cat"], "x")
        with self.assertRaisesRegex(ValueError, "scope: got 'x'"):
            Filter({}, "x", "")


class MethodsTest(unittest.TestCase):
    def test_all_have_the_same_number_of_different_trials(self):
        for name, method in METHODS.items():
            if name == "unmodified":
                continue
            self.assertEqual(len(method.first) + len(method.refine), TRIALS, name)
            for best in method.first:
                tried = [*method.first, *({**best, **change} for change in method.refine)]
                for place, settings in enumerate(tried):
                    self.assertNotIn(settings, tried[:place], name)

    def test_destinations(self):
        self.assertEqual(asked("owl"), "a picture of an owl")
        self.assertEqual(destination("owl", "general"), ANIMAL)
        self.assertEqual(destination("owl", "nothing"), "")
        self.assertEqual(destination("pizza", "object"), "a picture of an object")

    def test_kept_are_the_others(self):
        self.assertEqual(Task("x", ("cat",), ("owl", "cat", "car")).kept(), ["owl", "car"])


if __name__ == "__main__":
    unittest.main()
