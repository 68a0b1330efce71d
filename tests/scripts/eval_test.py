#!/usr/bin/env python3
"""The scripts of the published evaluations on the demo bundle, with a handful of rows.

    eval_test.py GLOCE BUNDLE
"""

import csv
import json
import os
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
        again = run(script, BUNDLE, self.out, *few, "--original")
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

        coco = self.file("coco.csv", "case_number,prompt,evaluation_seed\n9,a house,1\n8,a lion,2\n")
        run("coco.sh", BUNDLE, self.out, "--prompts", coco, "--steps", 2, "--limit", 1,
            "--erasers", self.out / "erasers.safetensors")
        self.assertEqual([r["prompt"] for r in records(self.out / "coco")], ["a house"])

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
