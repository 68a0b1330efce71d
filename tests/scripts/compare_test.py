#!/usr/bin/env python3
"""The comparisons of sampling, with their shortest case, and how a GPU's memory is watched.

    compare_test.py GLOCE BUNDLE DEVICE
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from gpu_memory import GpuMemory  # noqa: E402

PROGRAM, BUNDLE, DEVICE = sys.argv[1:]


def compare(script: str, *options) -> dict:
    """The figures of a comparison."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "figures.json"
        done = subprocess.run(
            [sys.executable, ROOT / "benchmarks" / script, "--program", PROGRAM, "--model", BUNDLE,
             "--rounds", "1", "--threads", "1", "--steps", "1", "2", "--device", DEVICE,
             "--json", found, *options], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return json.loads(found.read_text())


class CompareTest(unittest.TestCase):
    def check(self, document: dict, *names) -> None:
        self.assertEqual(document["device"], DEVICE)
        self.assertEqual(list(document["figures"]), list(names))
        for figures in document["figures"].values():
            self.assertGreater(figures["peak_mib"], 0)
            self.assertEqual(figures["gpu_peak_mib"] > 0, DEVICE != "cpu")

    def test_sampling(self):
        self.check(compare("compare_sampling.py"), "gloce float32", "diffusers float32")

    def test_erased_sampling(self):
        with tempfile.TemporaryDirectory() as folder:
            erasers = Path(folder) / "cat.safetensors"
            subprocess.run([PROGRAM, "build", "--quiet", "--model", BUNDLE, "--device", DEVICE,
                            "--erase", "cat", "--steps", "4", "--window", "0:1", "--num-seeds",
                            "1", "--gate-start", "0", "--out", erasers], check=True)
            reference = ["reference erased"] if DEVICE == "cpu" else []
            self.check(compare("compare_erased.py", "--erasers", erasers), "gloce plain",
                       "gloce erased", "diffusers erased", *reference)


class GpuMemoryTest(unittest.TestCase):
    def watch(self, script: str, device: str = "cuda:1") -> int:
        """peak_bytes beside a program of this name."""
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "nvidia-smi"
            program.write_text("#!/bin/sh\n" + script)
            program.chmod(0o755)
            path = f"{folder}:{os.environ['PATH']}"
            with mock.patch.dict(os.environ, PATH=path), GpuMemory(device) as memory:
                time.sleep(1)
            return memory.peak_bytes

    def test_counts_from_what_was_used_before(self):
        script = 'case "$*" in *--id=1*) echo 100; echo 350; echo 200; exec sleep 60 ;; esac'
        self.assertEqual(self.watch(script), 250 * 2**20)

    def test_is_0_where_nothing_is_told(self):
        self.assertEqual(self.watch("echo No devices were found; exit 6"), 0)
        self.assertEqual(self.watch("echo 1; echo 2; exec sleep 60", "cpu"), 0)


if __name__ == "__main__":
    if DEVICE == "cuda" and not torch.cuda.is_available():
        print("skipped: no CUDA device that torch can use")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
