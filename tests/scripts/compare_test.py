#!/usr/bin/env python3
"""The comparisons, with their shortest case, and how a GPU's memory is watched.

    compare_test.py GLOCE BUNDLE DEVICE
"""

import argparse
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

import alternating  # noqa: E402
import compare_erased  # noqa: E402
from gpu_memory import GpuMemory  # noqa: E402

PROGRAM, BUNDLE, DEVICE = sys.argv[1:]


def measure(script: str, *options) -> dict:
    """The figures that a script writes."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "figures.json"
        done = subprocess.run(
            [sys.executable, ROOT / "benchmarks" / script, "--program", PROGRAM, "--model", BUNDLE,
             "--json", found, *options], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return json.loads(found.read_text())


def compare(script: str, *options) -> dict:
    return measure(script, "--rounds", "1", "--threads", "1", "--steps", "1", "2", "--device",
                   DEVICE, *options)


class CompareTest(unittest.TestCase):
    def check(self, document: dict, *names) -> None:
        self.assertEqual(document["device"], DEVICE)
        self.assertEqual(list(document["figures"]), list(names))
        for figures in document["figures"].values():
            self.assertGreater(figures["peak_mib"], 0)
            self.assertEqual(figures["gpu_peak_mib"] > 0, DEVICE != "cpu")

    def test_sampling(self):
        self.check(compare("compare_sampling.py"), "gloce float32", "diffusers float32")

    def test_a_pass_of_a_build(self):
        self.check(compare("compare_pass.py", "--steps", "2", "3"), "gloce build", "diffusers")

    def test_erased_sampling(self):
        with tempfile.TemporaryDirectory() as folder:
            erasers = Path(folder) / "cat.safetensors"
            subprocess.run([PROGRAM, "build", "--quiet", "--model", BUNDLE, "--device", DEVICE,
                            "--erase", "cat", "--steps", "4", "--window", "0:1", "--num-seeds",
                            "1", "--gate-start", "0", "--out", erasers], check=True)
            reference = ["reference erased"] if DEVICE == "cpu" else []
            self.check(compare("compare_erased.py", "--erasers", erasers), "gloce plain",
                       "gloce erased", "diffusers erased", *reference)


    def test_names_alone_build_on_a_bundle_without_defaults(self):
        with tempfile.TemporaryDirectory() as folder:
            options = argparse.Namespace(
                program=PROGRAM, model=Path(BUNDLE).parent / "sd1", device=DEVICE, dtype="float32",
                concepts=ROOT / "benchmarks/demo_10.txt", threads=1, clock="wall")
            out = Path(folder) / "erasers.safetensors"
            alternating.run(compare_erased.build_command(options, out), options)
            self.assertTrue(out.exists())
        # The demo's defaults choose anchors and mapping, and a list of settings its own.
        for changes in ({"model": Path(BUNDLE)}, {"concepts": Path("list.json")}):
            self.assertEqual(compare_erased.settings(
                argparse.Namespace(**{**vars(options), **changes})), [])

    def test_numbers_of_steps_are_checked(self):
        for script, steps, message in (
                ("compare_pass.py", ["1", "4"], "--steps: got 1 4, expected 2 or more"),
                ("compare_sampling.py", ["4", "4"], "--steps: got 4 4, expected 1 or more")):
            done = subprocess.run([sys.executable, ROOT / "benchmarks" / script, "--steps", *steps],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(message, done.stderr)


@unittest.skipUnless(DEVICE == "cpu", "the reference runs on the CPU")
class BuildTest(unittest.TestCase):
    CONCEPTS = {"steps": 10, "window": [0, 4], "num_seeds": 1, "mapping": ["a"], "surrogate": ["b"],
                "anchors": ["c", "d"], "concepts": ["cat", "owl"]}

    def test_a_build_against_the_published_work(self):
        with tempfile.TemporaryDirectory() as folder:
            concepts = Path(folder) / "concepts.json"
            concepts.write_text(json.dumps(self.CONCEPTS))
            document = measure("compare_build.py", "--rounds", "1", "--threads", "1", "--concepts",
                               concepts, "--plans", "published", "fast")
        # 2 targets and 4 shared prompts, 5 calls each; 2 calls of 2 steps with --plan fast.
        self.assertEqual(document["passes"], {"gloce, published": 30, "gloce, fast": 12})
        self.assertEqual(list(document["figures"]),
                         ["gloce, published", "gloce, fast", "reference float32"])

    def test_counts_passes(self):
        with tempfile.TemporaryDirectory() as folder:
            names = Path(folder) / "names.txt"
            names.write_text("cat\nowl\n")
            one, two = measure("count_passes.py", "--list", names)
        # 567 less the 63 that find gate scores which nothing uses.
        self.assertEqual([one["gloce"], one["least"], one["published"]], [504, 504, 567])
        self.assertEqual(two["gloce"], two["least"])
        self.assertEqual(two["published"], 2 * 567)


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
