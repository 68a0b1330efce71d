#!/usr/bin/env python3
"""Installs gloce into a temporary folder and builds examples/ against what is there, alone.

The installed program builds erasers; the example then draws the same picture without and with
them, and must draw what the program draws.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

PROMPT, SEED, STEPS = "a picture of a cat and an apple", "7", "4"
OPTIONS = argparse.Namespace()


def run(*words, **keywords) -> subprocess.CompletedProcess:
    result = subprocess.run([str(w) for w in words], text=True, capture_output=True, **keywords)
    if result.returncode != 0:
        raise AssertionError(f"{words}: {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"), int)


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.prefix = cls.folder / "prefix"
        run(OPTIONS.cmake, "--install", OPTIONS.build, "--prefix", cls.prefix)
        # Out of the tree, so that nothing is found beside it.
        shutil.copytree(OPTIONS.examples, cls.folder / "examples")
        # Neither is LibTorch named: the package knows its own.
        cls.environment = {key: value for key, value in os.environ.items()
                           if key not in ("LIBTORCH_DIR", "GLOCE_VENV")}

    def configure(self, *options) -> subprocess.CompletedProcess:
        words = [OPTIONS.cmake, "-S", self.folder / "examples", "-B", self.folder / "build",
                 "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}",
                 f"-DCMAKE_CXX_COMPILER={OPTIONS.compiler}", *options]
        if OPTIONS.sanitize:
            words.append(f"-DCMAKE_CXX_FLAGS=-fsanitize={OPTIONS.sanitize}")
        return subprocess.run([str(w) for w in words], text=True, capture_output=True,
                              env=self.environment)

    def test_an_example_embeds_the_installed_library(self):
        configured = self.configure()
        self.assertEqual(configured.returncode, 0, configured.stdout + configured.stderr)
        run(OPTIONS.cmake, "--build", self.folder / "build", env=self.environment)

        program = self.prefix / "bin/gloce"
        erasers = self.folder / "cat.safetensors"
        run(program, "build", "--model", OPTIONS.bundle, "--erase", "cat", "--steps", "6",
            "--window", "0:2", "--num-seeds", "1", "--gate-start", "0", "--quiet",
            "--out", erasers)
        out = self.folder / "out"
        out.mkdir()
        example = self.folder / "build/erase_one"
        run(example, OPTIONS.bundle, erasers, PROMPT, SEED, STEPS, out)
        self.assertGreater(np.abs(pixels(out / "before.png") - pixels(out / "after.png")).max(), 20)
        for name, options in (("before", []), ("after", ["--erasers", erasers])):
            run(program, "generate", "--model", OPTIONS.bundle, "--prompt", PROMPT, "--seed", SEED,
                "--steps", STEPS, "--filename", f"{name}.png", "--quiet",
                "--out", self.folder / "program", *options)
            drawn = pixels(self.folder / "program" / f"{name}.png")
            self.assertEqual(np.abs(pixels(out / f"{name}.png") - drawn).max(), 0, name)

        refused = subprocess.run([example, OPTIONS.bundle, "nowhere", PROMPT, SEED, STEPS, out],
                                 text=True, capture_output=True)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("nowhere", refused.stderr)

    def test_another_libtorch_is_refused_by_version(self):
        other = self.folder / "libtorch"
        (other / "include/torch").mkdir(parents=True)
        (other / "lib").mkdir()
        (other / "include/torch/version.h").write_text(
            "#define TORCH_VERSION_MAJOR 1\n#define TORCH_VERSION_MINOR 13\n"
            "#define TORCH_VERSION_PATCH 1\n")
        refused = self.configure("--fresh", f"-DLIBTORCH_DIR={other}")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("is 1.13.1", " ".join(refused.stderr.split()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--build", "--examples", "--bundle", "--cmake", "--compiler"):
        parser.add_argument(option, required=True, type=Path)
    parser.add_argument("--sanitize", default="")
    parser.parse_args(namespace=OPTIONS)
    unittest.main(argv=sys.argv[:1])
