#!/usr/bin/env python3
"""scripts/compare_methods.py: its tasks and figures, and a smallest run from end to end.

    compare_methods_test.py GLOCE BUNDLE
"""

import csv
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from compare_methods import COUNTS, TEST, TUNING, WideTally, judge, merit  # noqa: E402

from baselines.methods import METHODS, Task  # noqa: E402
from demo.erasure_figures import Row  # noqa: E402
from demo.scenes import CONCEPTS, GROUPS  # noqa: E402

PROGRAM, BUNDLE = sys.argv[1:3]


class TasksTest(unittest.TestCase):
    def test_tuning_and_test_erase_different_concepts(self):
        self.assertEqual(sorted(TEST.half + TUNING.half), sorted(CONCEPTS))
        for members in GROUPS.values():
            self.assertEqual(len(set(members) & set(TEST.half)), len(members) // 2)
        for phase in (TEST, TUNING):
            for count in COUNTS:
                for task in phase.tasks(count):
                    self.assertEqual(len(task.erased), count)
                    self.assertLessEqual(set(task.erased), set(phase.half))

    def test_with_fewer_erased_nothing_of_the_other_half_is_drawn(self):
        for phase in (TEST, TUNING):
            for count in (1, 5):
                for task in phase.tasks(count):
                    judged = phase.judged(task)
                    self.assertLessEqual(set(judged), set(phase.half))
                    self.assertLess(count, len(judged))
            judged = phase.judged(phase.tasks(20)[0])
            self.assertEqual(judged[:20], phase.half)
            self.assertEqual(len(judged), 20 + phase.sizes[20].kept)

    def test_no_seed_is_used_twice(self):
        seeds = {}
        for phase in (TEST, TUNING):
            seeds[phase.name] = set()
            for count in COUNTS:
                for task in phase.tasks(count):
                    rows = phase.rows(task)
                    self.assertEqual(len({row.case for row in rows}), len(rows))
                    found = [row.seed + i for row in rows for i in range(row.count)]
                    self.assertEqual(len(set(found)), len(found))
                    seeds[phase.name].update(found)
        self.assertFalse(seeds["test"] & seeds["tuning"])

    def test_general_words_are_those_of_what_is_erased(self):
        for words, task in ((["g-animal"], TEST.tasks(1)[0]), (["g-food"], TEST.tasks(1)[1]),
                            (["g-animal", "g-food", "g-object"], TEST.tasks(5)[0])):
            self.assertEqual([row.case for row in TEST.rows(task) if not row.names], words)


class FakePictures:
    """Concepts that are shown, by row; all pictures are black."""

    def __init__(self, shown: dict):
        self.shown = shown
        self.images = {row: [np.zeros((2, 2, 3))] * len(found) for row, found in shown.items()}

    def check(self, rows, true):
        return [true(row, found, "none") for row in rows for found in self.shown[row]]


class FiguresTest(unittest.TestCase):
    def test_any_erased_concept_counts(self):
        cat = Row("c-cat", "a picture of a cat", 0, 4, ("cat",))
        owl = Row("c-owl", "a picture of an owl", 0, 2, ("owl",))
        scene = Row("p", "a picture of a fox and an owl", 0, 2, ("fox", "owl"), half="left")
        animal = Row("g-animal", "a picture of an animal", 1, 2, ())
        rows = [cat, owl, scene, animal]
        after = FakePictures({cat: [{"cat"}, {"fox"}, {"owl"}, set()], owl: [{"owl"}, {"cat"}],
                              scene: [{"owl"}, {"owl", "cat"}],
                              animal: [{"fox"}, {"owl"}]})
        found = judge(Task("2", ("cat", "fox"), ("cat", "fox", "owl")), rows, after, after)
        figures = found.summary()
        self.assertEqual(figures["Acc_e"], 0.25)
        self.assertEqual(figures["Acc_s"], 0.5)
        self.assertEqual(figures["H"], 0.6)
        self.assertEqual(figures["any_single"], 0.5)
        self.assertEqual(figures["any_scene"], 0.5)
        self.assertEqual(figures["content"], 1.0)
        self.assertEqual(figures["any_general"], 0.5)
        self.assertEqual(figures["kept_general"], 0.5)
        self.assertEqual(figures["all"], 0.5714)  # of 1 - 0.5 and 2/3
        total = WideTally()
        total.add(found)
        total.add(found)
        self.assertEqual(total.summary()["any_general"], 0.5)
        self.assertEqual(total.summary()["n_general"], 4)

    def test_of_equals_the_one_that_changes_less_is_better(self):
        def figures(score, changed):
            return {"all": score, "unnamed_mean": changed}

        ranked = [figures(0.9, 0.0), figures(1.0, 0.2), figures(1.0, 0.1)]
        self.assertEqual(sorted(ranked, key=merit), ranked)


class RunTest(unittest.TestCase):
    def test_a_smallest_comparison_runs_and_goes_on(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        out = Path(folder.name)

        def run() -> str:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", ROOT / "scripts/compare_methods.py", "--smoke",
                 "--out", out, "--bundle", BUNDLE, "--program", PROGRAM],
                capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        table = run()
        found = json.loads((out / "comparison.json").read_text())["1"]
        self.assertEqual(list(found), list(METHODS))
        for name in METHODS:
            self.assertIn(f"| {name} |", table)
            records = (out / "1-cat" / name / "manifest.jsonl").read_text().splitlines()
            self.assertEqual(len(records), found[name]["n_e"] + found[name]["n_s"]
                             + found[name]["n_content"] + found[name]["n_general"])
        self.assertEqual(json.loads(records[0])["concepts"], ["cat"])
        self.assertEqual([len(found[name]["trials"]) for name in METHODS], [0, 1, 1, 1, 1, 1])

        with open(out / "1-cat" / "prompts.csv", newline="") as file:
            self.assertIn("a picture of a cat", [row["prompt"] for row in csv.DictReader(file)])
        with open(out / "1-cat" / "filter.csv", newline="") as file:
            self.assertNotIn("a picture of a cat", [row["prompt"] for row in csv.DictReader(file)])

        lines = (out / "results.jsonl").read_text().splitlines()
        self.assertEqual(len(lines), 2 * len(METHODS) - 1)  # nothing to tune in the unmodified one
        with open(out / "results.jsonl", "a") as file:
            file.write('{"key"')  # as a kill may leave it
        self.assertEqual(run(), table)
        self.assertEqual((out / "results.jsonl").read_text().splitlines(), lines)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
