#!/usr/bin/env python3
"""Erasure on real pictures: what is erased goes, what is kept stays (label slow, minutes).

    quality_test.py GLOCE BUNDLES

The concepts and seeds are not those of docs/demo.md. The bounds leave room for single pictures
to differ between machines; the figures that count are measured by scripts/measure_erasure.py.
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "scripts")]

from demo.judge import Judge  # noqa: E402

PROGRAM, BUNDLES = sys.argv[1:]
ERASED, KEPT = ["rabbit", "strawberry", "sailboat"], ["mouse", "cherry", "balloon", "umbrella"]
PICTURES = 4  # a concept


class QualityTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.model = ["--model", str(Path(BUNDLES) / "emoji"), "--quiet"]
        cls.build("published")
        cls.judge = Judge(Path(BUNDLES) / "emoji")

    @classmethod
    def build(cls, plan: str) -> Path:
        erase = [word for name in ERASED for word in ("--erase", name)]
        subprocess.run([PROGRAM, "build", *cls.model, *erase, "--plan", plan,
                        "--out", str(cls.folder / plan)], check=True)
        return cls.folder / plan

    def share_shown(self, names: list[str], *options: str) -> float:
        from PIL import Image
        out = Path(tempfile.mkdtemp(dir=self.folder))
        prompts = [word for name in names for word in ("--prompt", f"a picture of a {name}")]
        subprocess.run([PROGRAM, "generate", *self.model, *prompts, "--steps", "25",
                        "--guidance", "5", "--seed", "900", "--num-images", str(PICTURES),
                        "--batch-size", "14", "--filename", "{row}_{i}.png", "--out", str(out),
                        *options], check=True)
        shown = []
        for row, name in enumerate(names):
            images = [Image.open(out / f"{row}_{i}.png").convert("RGB") for i in range(PICTURES)]
            shown += [name in found for found in self.judge.shown(images)]
        return sum(shown) / len(shown)

    def check(self, erasers: Path) -> None:
        self.assertLessEqual(self.share_shown(ERASED, "--erasers", str(erasers)), 0.1)
        self.assertGreaterEqual(self.share_shown(KEPT, "--erasers", str(erasers)), 0.9)

    def test_erased_concepts_go_and_others_stay(self):
        self.assertGreaterEqual(self.share_shown(ERASED), 0.9)
        self.check(self.folder / "published")
        off = ["--erasers", str(self.folder / "published"), "--strength", "0"]
        self.assertGreaterEqual(self.share_shown(ERASED, *off), 0.9)

    def test_the_fast_plan_erases_as_well(self):
        self.check(self.build("fast"))

    def test_half_of_the_bytes_erase_as_well(self):
        half = self.folder / "half"
        subprocess.run([PROGRAM, "merge", str(self.folder / "published"), "--dtype", "float16",
                        "--quiet", "--out", str(half)], check=True)
        self.check(half)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
