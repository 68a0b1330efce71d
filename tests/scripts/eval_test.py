#!/usr/bin/env python3
"""The scripts of the published evaluations on the demo bundle, with a handful of rows.

    eval_test.py GLOCE BUNDLE
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM, BUNDLE = sys.argv[1:]


def run(script: str, *arguments, check=True):
    done = subprocess.run([ROOT / "scripts" / "eval" / script, *map(str, arguments)],
                          env={**os.environ, "GLOCE": PROGRAM, "PYTHON": sys.executable},
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check and done.returncode != 0:
        raise AssertionError(f"{script} ended with {done.returncode}:\n{done.stdout}")
    return done


def records(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def rows(path: Path) -> list[dict]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class EvalTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "out"

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def check_names(self, script: str, ranks: tuple[int, int, int], first_prompts: list[str],
                    *build):
        erase, keep = self.file("erase.txt", "cat\nfox\n"), self.file("keep.txt", "car\n")
        few = ["--erase", erase, "--keep", keep, "--limit", 6, "--steps", 2]
        run(script, BUNDLE, self.out, *few, "--original", "--", "--num-seeds", 1, *build)

        self.assertEqual([row["prompt"] for row in rows(self.out / "erased.csv")], first_prompts)
        self.assertEqual([row["evaluation_seed"] for row in rows(self.out / "erased.csv")],
                         ["1", "2", "3", "4", "5", "1"])
        erasers = json.loads(subprocess.check_output(
            [PROGRAM, "inspect", self.out / "erasers.safetensors", "--json"], text=True))
        self.assertEqual([c["name"] for c in erasers["concepts"]], ["cat", "fox"])
        self.assertEqual(tuple(erasers["concepts"][0][f"rank_{part}"]
                               for part in ("map", "target", "gate")), ranks)
        for table in "erased", "kept":
            self.assertEqual(len(records(self.out / table)), 6)
            self.assertEqual(records(self.out / table)[0]["scheduler"], "pndm")
            self.assertEqual(records(self.out / table)[0]["concepts"], ["cat", "fox"])
            self.assertEqual(records(self.out / "original" / table)[0]["concepts"], [])
        dashed = first_prompts[0].replace(" ", "-")
        self.assertTrue((self.out / "erased" / f"{dashed}_1_0.png").is_file())

        # A second run makes nothing again.
        before = {path: path.stat().st_mtime_ns for path in self.out.rglob("*.png")}
        again = run(script, BUNDLE, self.out, *few, "--original", "--", "--num-seeds", 1, *build)
        self.assertIn("is there", again.stdout)
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in self.out.rglob("*.png")})

    def test_celebrities(self):
        self.check_names("celebrities.sh", (2, 16, 1),
                         ["A portrait of cat"] * 5 + ["A sketch of cat"])

    def test_artists(self):
        self.check_names("artists.sh", (1, 1, 1),
                         ["Image in the style of cat"] * 5 + ["Art inspired by cat"],
                         "--window", "0:4")

    def test_explicit_and_coco(self):
        # As I2P has it: seeds and guidance under other names, sizes that do not count.
        i2p = self.file("i2p.csv", "prompt,categories,sd_seed,sd_guidance_scale,sd_image_width\n"
                                   '"a cat, and a car",sexual,7,5.5,512\na fox,hate,8,7,768\n')
        run("explicit.sh", BUNDLE, self.out, "--prompts", i2p, "--steps", 2, "--", "--num-seeds", 1)
        first, second = records(self.out / "i2p")
        self.assertEqual((first["prompt"], first["seed"], first["guidance"]),
                         ("a cat, and a car", 7, 5.5))
        self.assertEqual(second["width"], first["width"])
        self.assertEqual(len(first["concepts"]), 12)

        # Without case numbers rows count from 0; with them pictures are named by the table's.
        self.assertEqual((first["file"], second["file"]), ("0_0.png", "1_0.png"))
        coco = self.file("coco.csv", "case_number,prompt,evaluation_seed\n"
                                     "9,a house,1\n30,a lion,2\n8,a fox,3\n")
        run("coco.sh", BUNDLE, self.out, "--prompts", coco, "--steps", 2, "--limit", 2,
            "--erasers", self.out / "erasers.safetensors")
        self.assertEqual([(r["prompt"], r["file"]) for r in records(self.out / "coco")],
                         [("a house", "9_0.png"), ("a lion", "30_0.png")])
        for name in "9_0.png", "30_0.png":
            self.assertTrue((self.out / "coco" / name).is_file())

    def test_broken_tables_are_refused_with_their_line(self):
        head = "case_number,prompt,evaluation_seed,evaluation_guidance\n"
        good = '1,"two\nlines",5,\n'  # the second row of the table stands at line 4
        for text, part in [
                (head + good + "2,a fox\n", ":4: 2 cells, but the header has 4 columns"),
                (head + good + "2,a fox, and a car,7,\n", ":4: 5 cells"),
                (head + good + "2,a fox,,\n", ":4: evaluation_seed: got ''"),
                (head + good + "2,a fox,-1,\n", ":4: evaluation_seed: got '-1'"),
                (head + good + "2,a fox,7.5,\n", ":4: evaluation_seed: got '7.5'"),
                (head + good + "2,a fox,7,nan\n", ":4: evaluation_guidance: got 'nan'"),
                (head + good + "1,a fox,7,\n", ":4: case_number 1 stands at line 2 already"),
                (head + good + ",a fox,7,\n", ":4: case_number is empty"),
                (head + good + '2,"a fox,7,\n', ":4: unexpected end of data"),
                (head, "no rows in it"),
                ("prompt,prompt,sd_seed\na,b,1\n", 'two columns "prompt"'),
                ("prompt\na fox\n", 'no column "evaluation_seed" or "sd_seed"')]:
            with self.subTest(part):
                done = run("explicit.sh", BUNDLE, self.out, "--prompts", self.file("t.csv", text),
                           check=False)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
                self.assertIn(part, done.stdout)
                self.assertFalse((self.out / "i2p.csv").exists())

    def test_counts_are_at_least_one(self):
        table = self.file("t.csv", "prompt,sd_seed\na fox,1\na cat,2\n")
        for limit in -1, 0, "x":
            done = run("explicit.sh", BUNDLE, self.out, "--prompts", table, "--limit", limit,
                       check=False)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
            self.assertIn(f"--limit: got '{limit}', expected a whole number", done.stdout)
        done = run("prompts.py", "names", table, "--template", "{}", "--seeds", 0,
                   "--out", self.folder / "out.csv", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--seeds: got '0'", done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)

    def test_erasers_of_other_settings_are_refused(self):
        erase, keep = self.file("erase.txt", "cat\n"), self.file("keep.txt", "car\n")
        few = ["--limit", 1, "--steps", 1]
        names = [*few, "--erase", erase, "--keep", keep]
        build = ["--", "--num-seeds", "1", "--window", "0:2"]
        run("artists.sh", BUNDLE, self.out, *names, *build)
        erasers = self.out / "erasers.safetensors"
        before = erasers.read_bytes()
        table = self.file("t.csv", "prompt,sd_seed\na fox,1\n")

        def refused(part, script, *arguments):
            with self.subTest(part):
                done = run(script, BUNDLE, self.out, *arguments, check=False)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
                self.assertIn(part, done.stdout)

        refused('then "preset: style"', "explicit.sh", *few, "--prompts", table, *build)
        refused('now "preset: celebrity"', "celebrities.sh", *names, *build)
        refused("--num-seeds 1 --window 0:4", "artists.sh", *names, "--", "--num-seeds", "1",
                "--window", "0:4")
        refused("built otherwise", "artists.sh", *names)
        refused('now "dtype: bfloat16"', "artists.sh", *names, "--dtype", "bfloat16", *build)
        self.file("erase.txt", "owl\n")
        refused("erase.txt (sha256", "artists.sh", *names, *build)
        self.file("erase.txt", "cat\n")

        # As on several machines: both files in another folder, another part of the job.
        other = self.folder / "other"
        other.mkdir()
        for name in "erasers.safetensors", "erasers.safetensors.settings":
            shutil.copy(self.out / name, other)
        moved = self.folder / "lists"
        moved.mkdir()
        done = run("artists.sh", BUNDLE, other, *few, "--erase", shutil.copy(erase, moved),
                   "--keep", keep, "--shard", "1/2", "--device", "cpu", *build)
        self.assertIn("is there", done.stdout)
        (self.out / "erasers.safetensors.settings").unlink()
        refused("is there without", "artists.sh", *names, *build)
        self.assertEqual(erasers.read_bytes(), before)
        self.assertEqual((other / "erasers.safetensors").read_bytes(), before)

    def test_passes_are_those_of_the_documentation(self):
        """Unique prompts × seeds × min(end of the window + 1, steps)."""
        for preset, options in [("style", ["--erase", "cat"]), ("celebrity", ["--erase", "cat"]),
                                ("explicit", [])]:
            plan = json.loads(subprocess.check_output(
                [PROGRAM, "build", "--model", BUNDLE, "--preset", preset, *options, "--dry-run",
                 "--json", "--out", self.out], text=True))
            concepts = plan["concepts"]
            prompts = {prompt for concept in concepts for part in
                       ("prompts", "mapping", "surrogate", "anchors") for prompt in concept[part]}
            settings = concepts[0]
            calls = min(settings["window"][1] + 1, settings["steps"])
            self.assertEqual(plan["passes"],
                             len(prompts) * settings["num_seeds"] * calls)

    def test_wrong_usage_is_one_line(self):
        table = self.file("t.csv", "text\nx\n")
        for script, arguments, part in [
                ("coco.sh", [BUNDLE], "expected a bundle and an output folder"),
                ("coco.sh", [self.folder, self.out], "is no bundle"),
                ("coco.sh", [BUNDLE, self.out, "--stesp", "2"], "unknown option --stesp"),
                ("coco.sh", [BUNDLE, self.out, "--steps"], "--steps needs a value"),
                ("coco.sh", [BUNDLE, self.out], "--prompts is missing"),
                ("coco.sh", [BUNDLE, self.out, "--prompts", table], "--erasers is missing"),
                ("explicit.sh", [BUNDLE, self.out, "--prompts", table], 'no column "prompt"'),
                ("artists.sh", [BUNDLE, self.out, "--erase", self.folder / "none"], "No such file")]:
            with self.subTest(part):
                done = run(script, *arguments, check=False)
                self.assertIn(done.returncode, (1, 2))
                self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
                self.assertIn(part, done.stdout)

    def test_a_failed_row_ends_with_3_and_the_next_table_is_drawn(self):
        erase = self.file("erase.txt", "cat\n")
        keep = self.file("keep.txt", "car\n")
        few = ["--erase", erase, "--keep", keep, "--limit", 1, "--steps", 1]
        fails = self.file("gloce", f'#!/bin/sh\ncase "$*" in *out/erased*) exit 3;; esac\n'
                                   f'exec "{PROGRAM}" "$@"\n')
        fails.chmod(0o755)
        done = subprocess.run(
            [ROOT / "scripts/eval/artists.sh", BUNDLE, self.out, *map(str, few), "--",
             "--num-seeds", "1", "--window", "0:2"],
            env={**os.environ, "GLOCE": str(fails), "PYTHON": sys.executable}, check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 3)
        self.assertEqual(len(records(self.out / "kept")), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
