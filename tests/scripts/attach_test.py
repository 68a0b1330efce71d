#!/usr/bin/env python3
"""The Python package: a diffusers pipeline with erasers draws what gloce draws.

    attach_test.py GLOCE LATENTS BUNDLES
"""

import copy
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import gloce  # noqa: E402
from export.quiet import quieten  # noqa: E402

quieten(offline=True)

PROGRAM, LATENTS, BUNDLES = sys.argv[1:4]
PROMPTS = ["a picture of a cat and an apple", "a picture of an owl"]
STEPS = 10


def edit_concepts(change):
    """Changes the metadata's list of concepts."""
    def edit(header, _data):
        concepts = json.loads(header["__metadata__"]["concepts"])
        header["__metadata__"]["concepts"] = json.dumps(change(concepts))
    return edit


def transpose_map(header, _data):
    entry = next(e for name, e in header.items() if name.endswith("map_up"))
    entry["shape"] = [entry["shape"][0], entry["shape"][2], entry["shape"][1]]


BROKEN = {
    "no metadata": lambda header, data: header.pop("__metadata__") and None,
    "metadata is a list": lambda header, data: header.update(__metadata__=[1]),
    "broken JSON": lambda header, data: header["__metadata__"].update(concepts="{"),
    "a number for a concept": edit_concepts(lambda concepts: [1]),
    "eta is NaN": edit_concepts(lambda concepts: [{**c, "eta": float("nan")} for c in concepts]),
    "no concept": edit_concepts(lambda concepts: []),
    "one concept less": edit_concepts(lambda concepts: concepts[1:]),
    "a map on its side": transpose_map,
    "a scalar": lambda header, data: next(
        e for name, e in header.items() if name.endswith("gate_slope")).update(shape=[]),
    "another type": lambda header, data: [
        e.update(dtype="I32") for name, e in header.items() if name.endswith("map_up")] and None,
    "two types": lambda header, data: next(
        e for name, e in header.items() if name.endswith("map_up")).update(dtype="BF16"),
    "trailing bytes": lambda header, data: data + b"0000",
}


class AttachTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from diffusers import StableDiffusionPipeline
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.erasers = Path(cls.folder.name) / "erasers.safetensors"
        cls.model = ["--model", str(Path(BUNDLES) / "emoji"), "--quiet"]
        subprocess.run(
            [PROGRAM, "build", *cls.model, "--erase", "cat", "--erase", "owl", "--num-seeds", "1",
             "--out", str(cls.erasers)], check=True)
        cls.pipe = StableDiffusionPipeline.from_pretrained(
            ROOT / "models/emoji", safety_checker=None, low_cpu_mem_usage=False).to(torch.float32)
        cls.pipe.set_progress_bar_config(disable=True)

    def draw(self) -> list[np.ndarray]:
        return [np.asarray(self.pipe(
            prompt, num_inference_steps=STEPS, guidance_scale=5.0,
            generator=torch.Generator("cpu").manual_seed(7)).images[0], int) for prompt in PROMPTS]

    def draw_with_gloce(self, name: str, *options: str) -> list[np.ndarray]:
        out = Path(self.folder.name) / name
        prompts = [word for prompt in PROMPTS for word in ("--prompt", prompt)]
        subprocess.run(
            [PROGRAM, "generate", *self.model, *prompts, "--seed", "7", "--steps", str(STEPS),
             "--guidance", "5", "--erasers", str(self.erasers), "--filename", "{row}.png",
             "--out", str(out), *options], check=True)
        return [np.asarray(Image.open(out / f"{i}.png").convert("RGB"), int)
                for i in range(len(PROMPTS))]

    def assert_equal(self, got: list[np.ndarray], expected: list[np.ndarray]):
        for a, b in zip(got, expected):
            self.assertLessEqual(np.abs(a - b).max(), 1)

    def test_pictures_equal_those_of_gloce(self):
        plain = self.draw()
        with gloce.attach(self.pipe.unet, self.erasers) as attached:
            self.assertEqual(attached.names, ["cat", "owl"])
            both = self.draw()
            self.assert_equal(both, self.draw_with_gloce("both"))
            attached.choose("owl")
            owl = self.draw()
            self.assert_equal(owl, self.draw_with_gloce("owl", "--only", "owl"))
            attached.choose()
            attached.strength = 0.5
            self.assert_equal(self.draw(), self.draw_with_gloce("half", "--strength", "0.5"))
        self.assertGreater(np.abs(both[0] - plain[0]).max(), 50)
        self.assertGreater(np.abs(both[0] - owl[0]).max(), 50)
        self.assert_equal(self.draw(), plain)  # detached

    def test_half_types_are_read_as_float32(self):
        full = gloce.load(self.erasers)
        for name, dtype in ("float16", torch.float16), ("bfloat16", torch.bfloat16):
            half = Path(self.folder.name) / name
            subprocess.run([PROGRAM, "merge", str(self.erasers), "--dtype", name, "--quiet",
                            "--out", str(half)], check=True)
            for path, layer in gloce.load(half).layers.items():
                for key, tensor in layer.items():
                    expected = full.layers[path][key]
                    if key not in ("gate_center", "gate_slope"):
                        expected = expected.to(dtype).float()
                    self.assertTrue(torch.equal(tensor, expected), f"{path}.{key} as {name}")

    def check_latents(self, pipe, bundle: str, erasers: Path, scheduler: str):
        """The package's final latents, which erasing must change, equal those of gloce."""
        def sample(prompt, seed):
            return pipe(prompt, num_inference_steps=STEPS, guidance_scale=5.0,
                        generator=torch.Generator("cpu").manual_seed(seed),
                        output_type="latent").images[0]

        def distance(a, b):
            return ((a - b).norm() / b.norm()).item()

        out = Path(self.folder.name) / "latents"
        for seed, prompt in enumerate(PROMPTS):
            with self.subTest(prompt), gloce.attach(pipe.unet, erasers) as attached:
                erased = sample(prompt, seed)
                attached.detach()
                self.assertGreater(distance(erased, sample(prompt, seed)), 1e-2)
                subprocess.run([LATENTS, "sample", str(Path(BUNDLES) / bundle), str(erasers),
                                scheduler, str(STEPS), "5", str(seed), prompt, str(out)], check=True)
                got = torch.from_numpy(np.fromfile(out, np.float32)).reshape(erased.shape)
                self.assertLess(distance(got, erased), 1e-4)

    def test_latents_equal_those_of_gloce(self):
        self.check_latents(self.pipe, "emoji", self.erasers, "pndm")

    def test_latents_of_sd_2_equal_those_of_gloce(self):
        """Linear projections and v-prediction."""
        from diffusers import StableDiffusionPipeline
        pipe = StableDiffusionPipeline.from_pretrained(
            Path(BUNDLES) / "sd2_pipeline", safety_checker=None, low_cpu_mem_usage=False,
            torch_dtype=torch.float32)
        pipe.set_progress_bar_config(disable=True)
        self.assertTrue(pipe.unet.config.use_linear_projection)
        self.assertEqual(pipe.scheduler.config.prediction_type, "v_prediction")
        erasers = Path(self.folder.name) / "sd2.safetensors"
        subprocess.run(
            [PROGRAM, "build", "--model", str(Path(BUNDLES) / "sd2"), "--quiet", "--erase", "cat",
             "--erase", "owl", "--mapping", "a dog", "--surrogate", "a picture", "--anchors",
             "a fox", "--anchors", "a bear", "--rank-target", "4", "--num-seeds", "1",
             "--out", str(erasers)], check=True)
        self.check_latents(pipe, "sd2", erasers, "ddim")

    def test_gradients_equal_finite_differences(self):
        """Of the network's output by the text embedding, in float64, along random directions."""
        unet = copy.deepcopy(self.pipe.unet).double()
        erasers = gloce.load(self.erasers)
        generator = torch.Generator().manual_seed(0)

        def normal(*shape):
            return torch.randn(shape, generator=generator, dtype=torch.float64)

        with torch.no_grad():
            states = self.pipe.encode_prompt(PROMPTS[0], "cpu", 1, False)[0].double()
        latents, weights, direction = normal(1, 4, 16, 16), normal(1, 4, 16, 16), \
            normal(*states.shape)

        def value(at):
            return (unet(latents, 500, at).sample * weights).sum()

        plain = value(states).item()
        # The file's own gates are nearly closed or open; softer ones have a slope everywhere.
        for slope in None, 4.0:
            if slope is not None:
                for tensors in erasers.layers.values():
                    tensors["gate_slope"].fill_(slope)
            with self.subTest(slope=slope), gloce.attach(unet, erasers):
                at = states.clone().requires_grad_()
                value(at).backward()
                step = 1e-6
                with torch.no_grad():
                    self.assertGreater(abs(value(states).item() - plain), 1e-2)
                    difference = (value(states + step * direction)
                                  - value(states - step * direction)).item() / (2 * step)
                along = (at.grad * direction).sum().item()
                self.assertAlmostEqual(along / difference, 1, delta=1e-6)

    def test_samples_of_a_batch_have_timesteps_of_their_own(self):
        """In float64: values and gradients of a batch are those of its samples one by one."""
        unet = copy.deepcopy(self.pipe.unet).double()
        erasers = gloce.load(self.erasers)
        start = erasers.concepts[0].gate_start_timestep
        timesteps = torch.tensor([999.0, start, start + 1, 100.0], dtype=torch.float64)
        generator = torch.Generator().manual_seed(0)
        latents = torch.randn(4, 4, 16, 16, generator=generator, dtype=torch.float64)
        with torch.no_grad():
            states = self.pipe.encode_prompt(PROMPTS[0], "cpu", 4, False)[0].double()

        def run(timesteps, part=slice(None)):
            at = states[part].clone().requires_grad_()
            output = unet(latents[part], timesteps, at).sample
            output.square().sum().backward()
            return output.detach(), at.grad

        plain = run(timesteps)[0]
        with gloce.attach(unet, erasers):
            output, gradient = run(timesteps)
            for i, timestep in enumerate(timesteps):
                alone, alone_gradient = run(timestep.item(), slice(i, i + 1))
                self.assertLess((output[i] - alone[0]).abs().max(), 1e-10)
                self.assertLess((gradient[i] - alone_gradient[0]).abs().max(), 1e-10)
        changes = (output - plain).abs().amax((1, 2, 3)).tolist()
        for waits, change in zip((True, False, True, False), changes):
            if waits:
                self.assertLess(change, 1e-10)
            else:
                self.assertGreater(change, 1e-2)

    def test_a_call_without_a_timestep_is_refused(self):
        with gloce.attach(self.pipe.unet, self.erasers):
            for arguments in (torch.zeros(1, 4, 16, 16),), (torch.zeros(1, 4, 16, 16), None):
                with self.assertRaisesRegex(gloce.ErasersError, "without a timestep"):
                    self.pipe.unet(*arguments)

    def rewritten(self, change) -> bytes:
        """The erasers file with its header changed by `change(header, data)`; returns data."""
        raw = self.erasers.read_bytes()
        length = int.from_bytes(raw[:8], "little")
        header, data = json.loads(raw[8:8 + length]), raw[8 + length:]
        data = change(header, data) or data
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + data

    def test_what_does_not_fit_is_refused(self):
        with self.assertRaisesRegex(gloce.ErasersError, "of another model"):
            gloce.attach(torch.nn.Linear(2, 2), self.erasers)
        broken = Path(self.folder.name) / "broken"
        broken.write_bytes(self.erasers.read_bytes()[:100])
        with self.assertRaisesRegex(gloce.ErasersError, "header"):
            gloce.load(broken)
        for name, change in BROKEN.items():
            with self.subTest(name):
                broken.write_bytes(self.rewritten(change))
                with self.assertRaises(gloce.ErasersError):
                    gloce.load(broken)
        attached = gloce.attach(self.pipe.unet, self.erasers)
        self.addCleanup(attached.detach)
        with self.assertRaisesRegex(gloce.ErasersError, "dog"):
            attached.choose("dog")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
