#!/usr/bin/env python3
"""scripts/study.py: its parts, and a smallest run from end to end.

    study_test.py GLOCE BUNDLE
"""

import importlib.util
import json
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "scripts")]

from demo.judge import Judge  # noqa: E402
from demo.scenes import CONCEPTS  # noqa: E402
from study import concepts, erasers_file, images, layers, report, steps  # noqa: E402
from study.bench import FULL, SMOKE, TUNED, rows_of  # noqa: E402

PROGRAM, BUNDLE = sys.argv[1:3]


class PartsTest(unittest.TestCase):
    def test_more_erased_concepts_hold_the_fewer_of_the_same_choice(self):
        for choice in range(3):
            self.assertLess(set(concepts.chosen(5, choice)), set(concepts.chosen(30, choice)))
            self.assertFalse(set(concepts.chosen(30, choice)) & set(TUNED))
        self.assertNotEqual(concepts.chosen(1, 0), concepts.chosen(1, 1))

    def test_a_case_is_one_picture_in_every_measurement(self):
        seeds = {}
        for number, (choices, sizes) in FULL.concepts.items():
            for choice in range(choices):
                erased = concepts.chosen(number, choice)
                rows = rows_of(erased, sizes)
                self.assertEqual(len({row.case for row in rows}), len(rows))
                kept = {row.names[0] for row in rows if not row.half} - set(erased)
                self.assertLessEqual(len(kept), sizes.kept)
                for row in rows:
                    asked = (row.seed, row.prompt)
                    self.assertEqual(seeds.setdefault(row.case, asked), asked)

    def test_layers_are_cut_up_in_every_way(self):
        hooks = [f"{place}.attentions.0.transformer_blocks.0.attn2.to_out.0"
                 for place in ("down_blocks.0", "down_blocks.1", "mid_block", "up_blocks.1")]
        found = layers.settings(dict(zip(hooks, (64, 128, 160, 128))))
        self.assertEqual(found["none"], set())
        self.assertEqual(found["only down 1.0"], {hooks[1]})
        self.assertEqual(found["all but mid"], {hooks[0], hooks[1], hooks[3]})
        self.assertEqual(found["only width 128"], {hooks[1], hooks[3]})
        self.assertEqual(len(found), 2 + 4 + 4 + 1)

    def test_windows_differ(self):
        self.assertEqual(len(set(steps.WINDOWS)), len(steps.WINDOWS))

    def test_angles(self):
        turned = torch.tensor([[math.cos(0.3)], [math.sin(0.3)], [0.0]])
        axis = torch.tensor([[1.0], [0.0], [0.0]])
        self.assertAlmostEqual(images.angle(axis, -turned), math.degrees(0.3), delta=1e-4)
        self.assertAlmostEqual(images.angle(torch.eye(3)[:, :2], torch.eye(3)[:, :2].flip(1)), 0)

    def test_intervals(self):
        low, high = report.wilson([True] * 4 + [False] * 6)
        self.assertAlmostEqual(low, 0.1682, places=4)  # Newcombe 1998, equation of method 3
        self.assertAlmostEqual(high, 0.6873, places=4)
        self.assertEqual(report.wilson([False] * 5)[0], 0)
        low, high = report.bootstrap(list(np.arange(100.0)))
        self.assertTrue(43 < low < 45 and 54 < high < 56)


class SmokeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out = Path(folder.name)
        cls.table = cls.run_study()
        cls.lines = [json.loads(line) for line in
                     (cls.out / "results.jsonl").read_text().splitlines()]

    @classmethod
    def run_study(cls, *options) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", ROOT / "scripts/study.py", "--smoke", "--out", cls.out,
             "--bundle", BUNDLE, "--program", PROGRAM, *options], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout

    def line(self, part: str, **setting) -> dict:
        return next(line for line in self.lines
                    if line["key"]["part"] == part and line["key"]["setting"] == setting)

    def pictures(self, folder: str, case: str) -> list[Image.Image]:
        return [Image.open(path).convert("RGB")
                for path in sorted((self.out / folder).glob(f"{case}-*.png"))]

    def test_every_part_is_measured(self):
        self.assertEqual({line["key"]["part"] for line in self.lines}, set(report.PARTS))
        for part in report.PARTS:
            self.assertIn(f"### {part}\n", self.table)

    def test_figures_are_those_of_the_pictures(self):
        line = self.line("layers", layers="all")
        judge, folder = Judge(Path(BUNDLE)), "layers/layers-all"
        shown = judge.shown(self.pictures(folder, "c-rabbit"))
        self.assertEqual(line["tally"]["erased"], ["rabbit" in found for found in shown])
        kept = {row.names[0] for row in rows_of(SMOKE.erased, SMOKE.sizes)
                if not row.half} - {"rabbit"}
        shown, changed, equal = [], [], []
        for name in sorted(kept, key=CONCEPTS.index):
            after, before = (self.pictures(f, f"c-{name}") for f in (folder, "plain"))
            shown += [name in found for found in judge.shown(after)]
            for a, b in zip(after, before, strict=True):
                a, b = np.asarray(a).astype(int), np.asarray(b).astype(int)
                changed.append(sum((abs(a[y, x] - b[y, x]) > 8).any()
                                   for y in range(a.shape[0]) for x in range(a.shape[1]))
                               / a[..., 0].size)
                equal.append(bool((a == b).all()))
        self.assertEqual(line["tally"]["kept"], shown)
        self.assertEqual(line["tally"]["unnamed"], changed)
        self.assertEqual(line["equal"], equal)

    def test_the_score_is_the_cosine_to_the_mean_of_what_was_asked_for(self):
        network = torch.jit.load(Path(BUNDLE) / "evaluators/features.pt").eval()

        def features(pictures):
            with torch.no_grad():
                return [network(torch.from_numpy(np.array(picture) / 255.0).float()
                                .permute(2, 0, 1)[None])[0].double().numpy()
                        for picture in pictures]

        self.assertEqual(SMOKE.score_pictures, 1)
        means = {name: features([Image.open(self.out / f"means/m-{name}_0.png")])[0]
                 for name in CONCEPTS}
        middle = np.mean(list(means.values()), 0)
        (picture,) = features(self.pictures("plain", "c-rabbit"))
        a, b = picture - middle, means["rabbit"] - middle
        expected = 100 * a @ b / math.sqrt((a @ a) * (b @ b))
        (got,) = self.line("layers", layers="none")["scores"]["erased"]
        self.assertAlmostEqual(got, expected, delta=0.02)

    def test_with_every_layer_shut_pictures_are_those_of_the_model(self):
        paths = sorted((self.out / "layers/layers-none").glob("*.png"))
        self.assertEqual(len(paths), len(rows_of(SMOKE.erased, SMOKE.sizes)))
        for path in paths:
            plain = Image.open(self.out / "plain" / path.name)
            self.assertEqual(Image.open(path).tobytes(), plain.tobytes(), path.name)

    def test_a_gate_that_never_acts_leaves_pictures_alone(self):
        for path in sorted((self.out / "steps/until-0-from-0").glob("*.png")):
            plain = Image.open(self.out / "steps/plain" / path.name)
            self.assertEqual(Image.open(path).tobytes(), plain.tobytes(), path.name)

    def test_statistics_of_the_first_seeds_are_those_of_gloce(self):
        paths = [self.out / "images" / f"rabbit-{name}.safetensors" for name in ("base", "1-0")]
        (built, _), (fitted, metadata) = map(erasers_file.read, paths)
        for name, tensor in built.items():
            expected, got = tensor[0].double(), fitted[name][0].double()
            if name.endswith(("map_up", "gate_basis")):  # spans, whose signs are free
                expected, got = expected @ expected.T, got @ got.T
            if not name.endswith("map_down"):
                error = (got - expected).norm() / expected.norm()
                self.assertLess(float(error), 1e-3, name)
        self.assertEqual(json.loads(metadata["concepts"])[0]["num_seeds"], 1)

    def test_a_second_run_does_nothing_again(self):
        def state():
            return {path: path.stat().st_mtime_ns for path in self.out.rglob("*")
                    if path.is_file() and path.name not in ("study.md", "study.json")}

        before = state()
        results = (self.out / "results.jsonl").read_text()
        with open(self.out / "results.jsonl", "a") as file:
            file.write('{"key"')  # as a kill may leave it
        self.assertEqual(self.run_study(), self.table)
        self.assertEqual((self.out / "results.jsonl").read_text(), results)
        after = state()
        del before[self.out / "results.jsonl"], after[self.out / "results.jsonl"]
        self.assertEqual(after, before)

    @unittest.skipUnless(importlib.util.find_spec("matplotlib"), "needs requirements-docs.txt")
    def test_plots_have_the_same_bytes_every_time(self):
        drawn = []
        for name in ("one", "two"):
            self.run_study("--plot", self.out / name)
            drawn.append({path.name: path.read_bytes() for path in (self.out / name).iterdir()})
        self.assertEqual(drawn[0], drawn[1])
        self.assertEqual(set(drawn[0]), {f"{part}.svg" for part in report.PARTS})


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
