#!/usr/bin/env python3
"""The Python package: a diffusers pipeline with erasers draws what gloce draws.

    attach_test.py GLOCE BUNDLES
"""

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

PROGRAM, BUNDLES = sys.argv[1:3]
PROMPTS = ["a picture of a cat and an apple", "a picture of an owl"]
STEPS = 10


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

    def test_gradients_flow_through_the_erasers(self):
        states = torch.randn(1, 32, 128, requires_grad=True)
        with gloce.attach(self.pipe.unet, self.erasers):
            self.pipe.unet(torch.randn(1, 4, 16, 16), 500, states).sample.sum().backward()
        self.assertGreater(states.grad.abs().sum().item(), 0)

    def test_what_does_not_fit_is_refused(self):
        with self.assertRaisesRegex(gloce.ErasersError, "of another model"):
            gloce.attach(torch.nn.Linear(2, 2), self.erasers)
        broken = Path(self.folder.name) / "broken"
        broken.write_bytes(self.erasers.read_bytes()[:100])
        with self.assertRaisesRegex(gloce.ErasersError, "header"):
            gloce.load(broken)
        attached = gloce.attach(self.pipe.unet, self.erasers)
        self.addCleanup(attached.detach)
        with self.assertRaisesRegex(gloce.ErasersError, "dog"):
            attached.choose("dog")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
