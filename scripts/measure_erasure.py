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
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

from demo.judge import Judge  # noqa: E402
from demo.scenes import with_article  # noqa: E402

CHANGE = 8  # of 255


@dataclass(frozen=True)
class Row:
    """A prompt and its pictures: what it names, and where the erased thing stands."""

    case: str
    prompt: str
    seed: int
    count: int
    names: tuple[str, ...]  # concepts
    style: str = "none"
    half: str = ""  # of a scene: "left" or "right", where the erased concept is asked for


def single(kind: str, name: str, seed: int, count: int, style: str = "none") -> Row:
    prompt = f"a picture of {with_article(name)}" + ("" if style == "none" else f", {style}")
    return Row(f"{kind}-{name}", prompt, seed, count, (name,), style)


def concept_rows(concepts: list[str], erased: list[str], options) -> list[Row]:
    """Singles of all concepts; scenes of each erased one beside kept ones."""
    rows = []
    for n, name in enumerate(concepts):
        count = options.per_erased if name in erased else options.per_kept
        rows.append(single("c", name, options.seed + 100 * n, count))
    others = [c for c in concepts if c not in erased]
    for name in erased:
        n = concepts.index(name)
        for k in range(options.pairs):
            other = others[(7 * n + 11 * k) % len(others)]
            half = "right" if k % 2 else "left"
            names = (other, name) if half == "right" else (name, other)
            prompt = f"a picture of {with_article(names[0])} and {with_article(names[1])}"
            case = f"p-{name}-{other}-{half}"
            rows.append(Row(case, prompt, options.seed + 5000 + 100 * n + k, 1,
                            names, half=half))
    return [row for row in rows if row.count]


def style_rows(concepts: list[str], style: str, styles: list[str], options) -> list[Row]:
    """Singles of all concepts in every style."""
    rows = []
    for s, drawn in enumerate(styles):
        count = options.per_erased if drawn == style else options.per_kept
        for n, name in enumerate(concepts):
            rows.append(single(f"s{s}", name, options.seed + 100 * n + 10 * s, count, drawn))
    return [row for row in rows if row.count]


class Pictures:
    """What a folder shows of some rows."""

    def __init__(self, folder: pathlib.Path, judge: Judge, rows: list[Row]):
        self.images = {r: [Image.open(folder / f"{r.case}_{i}.png").convert("RGB")
                           for i in range(r.count)] for r in rows}
        self.shown = {r: judge.shown(images) for r, images in self.images.items()}
        self.style = {r: judge.style(images) for r, images in self.images.items()}

    def check(self, rows: list[Row], true) -> list[bool]:
        """true(row, concepts, style) of every picture."""
        return [true(r, c, s) for r in rows for c, s in zip(self.shown[r], self.style[r])]


def changes(rows: list[Row], before: Pictures, after: Pictures) -> list[float]:
    """Share of changed pixels of every picture, outside the erased half if it has one."""
    shares = []
    for row in rows:
        for a, b in zip(before.images[row], after.images[row]):
            changed = np.abs(np.asarray(a, int) - np.asarray(b, int)).max(2) > CHANGE
            middle = changed.shape[1] // 2
            kept = {"": slice(None), "left": slice(middle, None), "right": slice(0, middle)}
            shares.append(float(changed[:, kept[row.half]].mean()))
    return shares


@dataclass
class Tally:
    """One entry a picture. Tallies of several erasers add up."""

    erased: list[bool] = field(default_factory=list)  # is it still there
    erased_before: list[bool] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    kept_before: list[bool] = field(default_factory=list)
    content: list[bool] = field(default_factory=list)  # of scenes or styles: the rest is there
    content_before: list[bool] = field(default_factory=list)
    outside: list[float] = field(default_factory=list)
    unnamed: list[float] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)  # concepts that failed

    def add(self, other: "Tally") -> None:
        for key, value in vars(other).items():
            if key == "names":
                for kind, names in value.items():
                    self.names[kind] = self.names.get(kind, []) + names
            else:
                getattr(self, key).extend(value)

    def summary(self) -> dict:
        def mean(found):
            return round(float(np.mean(found)), 4) if found else None

        def quartiles(shares):
            return [round(float(q), 4) for q in np.quantile(shares, [0.25, 0.5, 0.75])] \
                if shares else None

        acc_e, acc_s = mean(self.erased), mean(self.kept)
        h = None
        if acc_e is not None and acc_s is not None:
            h = round(2 * (1 - acc_e) * acc_s / max(1 - acc_e + acc_s, 1e-9), 4)
        return {
            "Acc_e": acc_e, "Acc_e_unmodified": mean(self.erased_before), "n_e": len(self.erased),
            "Acc_s": acc_s, "Acc_s_unmodified": mean(self.kept_before), "n_s": len(self.kept),
            "H": h,
            "content": mean(self.content), "content_unmodified": mean(self.content_before),
            "n_content": len(self.content), "outside_quartiles": quartiles(self.outside),
            "unnamed_quartiles": quartiles(self.unnamed), **self.names,
        }


def judge_concepts(erased: list[str], rows: list[Row], plain: Pictures,
                   after: Pictures) -> Tally:
    def shows(row, concepts, _):
        return row.names[0] in concepts

    def other_is_there(row, concepts, _):
        return all(n in concepts for n in row.names if n not in erased)

    gone = [r for r in rows if not r.half and r.names[0] in erased]
    kept = [r for r in rows if not r.half and r.names[0] not in erased]
    scenes = [r for r in rows if r.half]
    still = [r.names[0] for r in gone for found in after.check([r], shows) if found]
    lost = [r.names[0] for r in kept
            for a, b in zip(plain.check([r], shows), after.check([r], shows)) if a and not b]
    return Tally(after.check(gone, shows), plain.check(gone, shows),
                 after.check(kept, shows), plain.check(kept, shows),
                 after.check(scenes, other_is_there), plain.check(scenes, other_is_there),
                 changes(scenes, plain, after), changes(kept, plain, after),
                 {"still_shown": still, "lost": lost})


def judge_style(style: str, rows: list[Row], plain: Pictures, after: Pictures) -> Tally:
    def styled(row, concepts, found):
        return found == style

    def right(row, concepts, found):
        return row.names[0] in concepts and found == row.style

    def shows(row, concepts, found):
        return row.names[0] in concepts

    erased = [r for r in rows if r.style == style]
    others = [r for r in rows if r.style != style]
    return Tally(after.check(erased, styled), plain.check(erased, styled),
                 after.check(others, right), plain.check(others, right),
                 after.check(erased, shows), plain.check(erased, shows),
                 [], changes(others, plain, after))


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
