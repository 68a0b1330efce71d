#!/usr/bin/env python3
"""Measures erasure on the demo bundle: erased, kept, and what changed elsewhere.

    scripts/measure_erasure.py --out build/measure --erase cat --erase fox
    scripts/measure_erasure.py --out build/measure --each --erase cat --erase fox
    scripts/measure_erasure.py --out build/measure --style sepia
    scripts/measure_erasure.py --out build/tune --erase dog -- --tau 4 --rank-map 1

Options after -- go to `gloce build`. Draws fixed prompts with fixed seeds, with
and without erasers, and judges the pictures with the bundle's detector:

    Acc_e      erased concepts that are still shown (lower is better)
    Acc_s      kept concepts that are shown, and the same of the unmodified model
    H          harmonic mean of 1 - Acc_e and Acc_s
    content    scenes of an erased and a kept concept: the kept one is shown
    outside    of these scenes: share of the pixels outside the erased one's half
               that change by more than 8/255 (quartiles)
    unnamed    pictures whose prompts name no erased concept: the same share, of
               the whole picture (quartiles)

A style's Acc_e and content are of pictures in that style (it is still seen; the
concept is shown), Acc_s and unnamed of pictures in no or another one. Pictures of the unmodified model are
drawn once and kept in OUT/plain. Every result is a line of OUT/results.jsonl.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys

from PIL import Image, ImageDraw

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

from demo.erasure_figures import (  # noqa: E402
    Pictures,
    Row,
    Tally,
    concept_rows,
    judge_concepts,
    judge_style,
    style_rows,
)
from demo.judge import Judge  # noqa: E402


def draw_sheet(path: pathlib.Path, rows: list[Row], plain: Pictures, after: Pictures,
               columns: int = 12) -> None:
    """Pictures before (above) and after (below), by row."""
    pairs = [(r, a, b) for r in rows for a, b in zip(plain.images[r], after.images[r])]
    size, step = pairs[0][1].width, 2 * pairs[0][1].width + 18
    lines = -(-len(pairs) // columns)
    sheet = Image.new("RGB", (columns * (size + 4), lines * step), "white")
    pen = ImageDraw.Draw(sheet)
    for n, (row, a, b) in enumerate(pairs):
        x, y = n % columns * (size + 4), n // columns * step
        pen.text((x, y), " ".join(row.names)[:11], fill="black")
        sheet.paste(a, (x, y + 12))
        sheet.paste(b, (x, y + 12 + size))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


class Study:
    """Builds, draws and judges; one folder of pictures a setting."""

    def __init__(self, options, quiet: bool = False):
        self.options, self.quiet = options, quiet
        self.out = options.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.judge = Judge(options.bundle)

    def run(self, *arguments: str) -> None:
        command = [str(self.options.program.resolve()), arguments[0],
                   "--model", str(self.options.bundle), "--quiet", *arguments[1:]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def draw(self, rows: list[Row], name: str, *erasers: str) -> Pictures:
        table = self.out / f"{name}.csv"
        with open(table, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["case_number", "prompt", "evaluation_seed", "num_images"])
            writer.writerows((r.case, r.prompt, r.seed, r.count) for r in rows)
        o = self.options
        self.run("generate", "--prompts", str(table), "--steps", str(o.steps),
                 "--scheduler", o.scheduler, "--guidance", str(o.guidance), "--batch-size", "20",
                 "--out", str(self.out / name), *erasers)
        return Pictures(self.out / name, self.judge, rows)

    def report(self, name: str, tally: Tally) -> None:
        result = {"name": name, **tally.summary(), "scheduler": self.options.scheduler,
                  "steps": self.options.steps, "guidance": self.options.guidance,
                  "build": self.options.build}
        if not self.quiet:
            print(json.dumps(result), flush=True)
        with open(self.out / "results.jsonl", "a") as file:
            file.write(json.dumps(result) + "\n")

    def measure(self, name: str, rows: list[Row], build: list[str], judge) -> Tally:
        plain = self.draw(rows, "plain")
        erasers = self.out / f"{name}.safetensors"
        self.run("build", "--batch-size", "16", "--out", str(erasers), *build,
                 *self.options.build)
        after = self.draw(rows, name, "--erasers", str(erasers))
        if self.options.sheets:
            draw_sheet(self.options.sheets / f"{name}.png", rows, plain, after)
        tally = judge(rows, plain, after)
        self.report(name, tally)
        return tally

    def concepts(self, erased: list[str], name: str) -> Tally:
        rows = concept_rows(self.judge.concepts, erased, self.options)
        build = [word for concept in erased for word in ("--erase", concept)]
        return self.measure(name, rows, build, lambda *p: judge_concepts(erased, *p))

    def each(self, erased: list[str], name: str) -> None:
        total = Tally()
        for concept in erased:
            total.add(self.concepts([concept], f"{name}-{concept}"))
        self.report(f"{name}: one at a time", total)

    def style(self, style: str, concept_list: pathlib.Path) -> None:
        rows = style_rows(self.judge.concepts, style, self.judge.styles, self.options)
        self.measure(f"{self.options.name}-{style.replace(' ', '-')}", rows,
                     ["--concepts", str(concept_list)],
                     lambda *p: judge_style(style, *p))


def study_parser(description: str, **defaults) -> argparse.ArgumentParser:
    """Options of every study; defaults: per_erased, per_kept, pairs, steps."""
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=pathlib.Path, default=ROOT / "build/emoji")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/gloce")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--per-erased", type=int, help="pictures (%(default)s)")
    parser.add_argument("--per-kept", type=int, help="pictures (%(default)s)")
    parser.add_argument("--pairs", type=int, help="scenes of each erased concept (%(default)s)")
    parser.add_argument("--steps", type=int, help="(%(default)s)")
    parser.add_argument("--scheduler", default="pndm", help="of gloce generate (%(default)s)")
    parser.add_argument("--guidance", type=float, default=5.0, help="(%(default)s)")
    parser.set_defaults(**defaults)
    return parser


def main() -> int:
    parser = study_parser(__doc__, per_erased=10, per_kept=4, pairs=10, steps=50)
    parser.add_argument("--erase", action="append", default=[])
    parser.add_argument("--each", action="store_true",
                        help="erase one concept at a time, not all at once")
    parser.add_argument("--style", help="erase this style, by models/emoji/STYLE.json")
    parser.add_argument("--name", default="erased", help="of this setting (%(default)s)")
    parser.add_argument("--seed", type=int, default=100000)
    parser.add_argument("--sheets", type=pathlib.Path, help="folder for contact sheets")
    parser.add_argument("build", nargs="*", help="options of gloce build, after --")
    options = parser.parse_args()
    if bool(options.erase) == bool(options.style):
        parser.error("give --erase or --style")
    study = Study(options)
    if options.style:
        file = options.style.replace(" ", "_") + ".json"
        study.style(options.style, ROOT / "models/emoji" / file)
    elif options.each:
        study.each(options.erase, options.name)
    else:
        study.concepts(options.erase, options.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
