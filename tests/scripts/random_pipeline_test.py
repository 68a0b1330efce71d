#!/usr/bin/env python3
"""scripts/make_random_pipeline.py: what it makes is exported and draws (label model).

    random_pipeline_test.py GLOCE
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = sys.argv[1]


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in arguments], capture_output=True, text=True)


class RandomPipelineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.pipeline = cls.folder / "pipeline"
        cls.made = cls.make()

    @classmethod
    def make(cls, *options) -> subprocess.CompletedProcess:
        return run(sys.executable, "-W", "ignore", ROOT / "scripts/make_random_pipeline.py",
                   cls.pipeline, "--size", "small", *options)

    def test_it_is_exported_and_draws(self):
        self.assertEqual(self.made.returncode, 0, self.made.stderr)
        bundle = self.folder / "bundle"
        exported = run(sys.executable, "-W", "ignore", ROOT / "scripts/export_bundle.py",
                       self.pipeline, "--out", bundle, "--no-check")
        self.assertEqual(exported.returncode, 0, exported.stderr)
        manifest = json.loads((bundle / "bundle.json").read_text())
        # The attentions of Stable Diffusion 1.4, 16 times narrower, at its size of latents.
        down, up, middle = [20] * 2 + [40] * 2 + [80] * 2, [80] * 3 + [40] * 3 + [20] * 3, [80]
        self.assertEqual([hook["width"] for hook in manifest["hooks"]], down + up + middle)
        self.assertEqual(manifest["latent"]["sample_size"], 64)

        pictures = self.folder / "pictures"
        drawn = run(PROGRAM, "generate", "--model", bundle, "--prompt", "a picture of a cat",
                    "--steps", "2", "--width", "64", "--height", "64", "--quiet", "--out", pictures)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        self.assertEqual(len(list(pictures.glob("*.png"))), 1)

    def test_a_folder_that_is_there_stays(self):
        again = self.make()
        self.assertEqual(again.returncode, 2)
        self.assertIn(f"{self.pipeline}: is there already", again.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
