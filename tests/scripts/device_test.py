#!/usr/bin/env python3
"""The program on an accelerator against itself on the CPU: builds and pictures.

    device_test.py GLOCE BUNDLE DEVICE [LIBRARY]

LIBRARY is loaded before the program: the fake device's. Exit code 77 (skipped) where DEVICE is cuda
and torch finds none. Tolerances are those of tests/fake_device/device_test.cc.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

PROGRAM, BUNDLE, DEVICE, *LIBRARY = sys.argv[1:]
BUILD = ["--erase", "cat", "--erase", "owl", "--mapping", "a picture of a balloon", "--surrogate",
         "a picture", "--anchors", "a picture of a dog", "--anchors", "a picture of a bear",
         "--tau", "1", "--steps", "6", "--window", "0:2", "--num-seeds", "1", "--gate-start", "0"]


def run(device: str, command: str, *options) -> None:
    # Convolutions of a GPU use TF32 by default, whose rounding a picture shows.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NVIDIA_TF32_OVERRIDE": "0"}
    if device != "cpu" and LIBRARY:
        environment["LD_PRELOAD"] = LIBRARY[0]
    done = subprocess.run([PROGRAM, command, "--quiet", "--model", BUNDLE, "--device", device,
                           *options], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command} on {device}: {done.stderr}")


class DeviceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.count = Path(folder.name), 0

    def draw(self, device: str, *options) -> np.ndarray:
        self.count += 1
        out = self.folder / str(self.count)
        run(device, "generate", "--prompt", "a cat and an owl", "--seed", "3", "--steps", "4",
            "--filename", "picture.png", "--out", out, *options)
        return np.asarray(Image.open(out / "picture.png"), dtype=np.int64)

    def assert_same(self, got: np.ndarray, expected: np.ndarray) -> None:
        """At most the rounding of a picture's values apart."""
        self.assertLessEqual(np.abs(got - expected).max(), 1)

    def test_float32_is_the_cpus(self):
        on_cpu, on_device = self.folder / "cpu.safetensors", self.folder / "device.safetensors"
        run("cpu", "build", *BUILD, "--out", on_cpu)
        run(DEVICE, "build", *BUILD, "--out", on_device)
        plain, erased = self.draw("cpu"), self.draw("cpu", "--erasers", on_cpu)
        self.assertGreater(np.abs(erased - plain).max(), 8, "no gate opened")
        self.assert_same(self.draw(DEVICE), plain)
        self.assert_same(self.draw(DEVICE, "--erasers", on_cpu), erased)
        self.assert_same(self.draw("cpu", "--erasers", on_device), erased)

    def test_float16_is_nearer_to_float32_than_bfloat16(self):
        expected = self.draw("cpu")
        half, brain = (np.square(self.draw(DEVICE, "--dtype", dtype) - expected).sum()
                       for dtype in ("float16", "bfloat16"))
        self.assertGreater(brain, 0)
        self.assertLess(half, brain)


if __name__ == "__main__":
    if DEVICE.startswith("cuda") and not torch.cuda.is_available():
        print(f"skipped: no CUDA device that torch can use, so {DEVICE} is not tested")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
