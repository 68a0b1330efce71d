#!/usr/bin/env python3
"""Compares gloce with other ways to erase on the demo model, for 1, 5 and 20 erased concepts.

    scripts/compare_methods.py --out build/compare
    scripts/compare_methods.py --out build/compare --count 5 --method gloce --method uce

Each method's settings are chosen by as many trials on concepts and seeds of their own, then the
test's pictures are drawn with them. docs/comparison.md tells what is compared and how. The columns
of scripts/measure_erasure.py, and

    any        pictures that show any erased concept: of prompts that name one, of scenes, and of
               general words ("a picture of an animal")
    kept       of general words: pictures that show a kept concept of the word's group
    all        harmonic mean of 1 - the mean of the three any, and of the mean of Acc_s, content
               and kept; settings are chosen by it

What is done is a line of OUT/results.jsonl and is not done again. Pictures stay in
OUT/TASK/METHOD with gloce's manifest.jsonl, the prompts as they were asked in OUT/TASK/prompts.csv
(a filter's manifest has its own), the tables in OUT/comparison.md and OUT/comparison.json.
"""

import argparse
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field, replace

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

from baselines.methods import METHODS, Model, Setup, Task  # noqa: E402
from demo.erasure_figures import (  # noqa: E402
    Pictures,
    Row,
    Tally,
    concept_rows,
    judge_concepts,
)
from demo.judge import Judge  # noqa: E402
from demo.result_lines import ResultLines  # noqa: E402
from demo.scenes import CONCEPTS, GENERAL_WORDS, GROUPS  # noqa: E402
from export.quiet import quieten  # noqa: E402

# Each half has half of the animals, foods and objects. gloce's preset was chosen on dog, owl,
# banana and clock, so these are not in the test's.
TEST_HALF = ["cat", "fox", "penguin", "tiger", "lion", "rabbit", "bear", "cow", "pig", "chicken",
             "apple", "pizza", "strawberry", "donut", "cherry",
             "guitar", "car", "house", "balloon", "umbrella"]
TUNING_HALF = [concept for concept in CONCEPTS if concept not in TEST_HALF]
COUNTS = (1, 5, 20)


@dataclass(frozen=True)
class Sizes:
    """Pictures of a task."""

    per_erased: int  # of each erased concept
    kept: int  # kept concepts that are drawn, at most
    per_kept: int  # of each of these
    pairs: int  # scenes of each erased one with one of these
    general: int  # of each general word whose group has an erased concept


@dataclass(frozen=True)
class Phase:
    """Tuning or test: what is erased, and how much is drawn."""

    name: str
    half: list[str]  # what is erased is from here; with 20 it is all
    one: list[str]  # erased one at a time
    five: list[str]
    seed: int
    sizes: dict[int, Sizes]  # by the number of erased concepts

    def tasks(self, count: int) -> list[Task]:
        erased = {1: [[name] for name in self.one], 5: [self.five], 20: [self.half]}[count]
        return [Task(f"1-{names[0]}" if count == 1 else str(count), tuple(names), tuple(CONCEPTS))
                for names in erased]

    def judged(self, task: Task) -> list[str]:
        """Concepts that are drawn; kept ones are of the half, unless all of it is erased."""
        kept = [name for name in self.half if name not in task.erased] or task.kept()
        step = -(-len(kept) // self.sizes[len(task.erased)].kept)
        return [*task.erased, *kept[::step]]

    def rows(self, task: Task) -> list[Row]:
        sizes = self.sizes[len(task.erased)]
        named = concept_rows(self.judged(task), list(task.erased),
                             argparse.Namespace(seed=self.seed, **asdict(sizes)))
        return named + general_rows(task.erased, self.seed + 9000, sizes.general)


TEST = Phase("test", TEST_HALF, ["cat", "pizza", "guitar"],
             ["cat", "fox", "pizza", "guitar", "house"], 820_000,
             {1: Sizes(8, 10, 1, 8, 8), 5: Sizes(6, 15, 2, 6, 8), 20: Sizes(4, 20, 3, 3, 16)})
TUNING = Phase("tuning", TUNING_HALF, ["dog", "banana"],
               ["dog", "owl", "banana", "clock", "sunflower"], 810_000,
               {1: Sizes(4, 6, 1, 3, 2), 5: Sizes(2, 8, 1, 1, 3), 20: Sizes(1, 10, 1, 1, 4)})
SMOKE = Sizes(1, 1, 1, 1, 1)
SMOKE_SETTINGS = {"esd_x": {"steps": 2}, "gloce": {"num_seeds": 1}}
BATCH = 20


def smoke(phase: Phase) -> Phase:
    return replace(phase, one=phase.one[:1], sizes={1: SMOKE, 5: SMOKE, 20: SMOKE})


@dataclass
class WideTally(Tally):
    """Also whether any erased concept is shown."""

    any_single: list[bool] = field(default_factory=list)
    any_scene: list[bool] = field(default_factory=list)
    any_general: list[bool] = field(default_factory=list)
    kept_general: list[bool] = field(default_factory=list)

    def summary(self) -> dict:
        def mean(found):
            return sum(found) / len(found)

        shown = [mean(found) for found in (self.any_single, self.any_scene, self.any_general)]
        kept = [mean(found) for found in (self.kept, self.content, self.kept_general)]
        gone, stays = 1 - sum(shown) / 3, sum(kept) / 3
        figures = {"any_single": shown[0], "any_scene": shown[1], "any_general": shown[2],
                   "kept_general": kept[2], "n_general": len(self.any_general),
                   "all": 2 * gone * stays / max(gone + stays, 1e-9),
                   "unnamed_mean": mean(self.unnamed)}
        return {**super().summary(),
                **{key: round(value, 4) for key, value in figures.items()}}


def general_rows(erased: tuple[str, ...], seed: int, count: int) -> list[Row]:
    """The general words of the groups that have an erased concept."""
    groups = [group for group, members in GROUPS.items() if set(members) & set(erased)]
    return [Row(f"g-{group}", f"a picture of {GENERAL_WORDS[group]}", seed + 100 * n, count, ())
            for n, group in enumerate(groups)]


def judge(task: Task, rows: list[Row], plain: Pictures, after: Pictures) -> WideTally:
    def any_erased(row, concepts, _):
        return bool(concepts & set(task.erased))

    def kept_of_group(row, concepts, _):
        members = set(GROUPS[row.case.removeprefix("g-")])
        return bool(concepts & (members - set(task.erased)))

    named = [row for row in rows if row.names]
    general = [row for row in rows if not row.names]
    singles = [row for row in named if not row.half and row.names[0] in task.erased]
    return WideTally(**vars(judge_concepts(list(task.erased), named, plain, after)),
                     any_single=after.check(singles, any_erased),
                     any_scene=after.check([row for row in named if row.half], any_erased),
                     any_general=after.check(general, any_erased),
                     kept_general=after.check(general, kept_of_group))


class Comparison:
    """Tunes, draws and judges; what is in results.jsonl is not done again."""

    def __init__(self, options):
        self.options, self.out = options, options.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.judge = Judge(options.bundle)
        self.phases = [smoke(p) if options.smoke else p for p in (TUNING, TEST)]
        self.results = ResultLines(self.out / "results.jsonl")
        self.identity = json.loads((options.bundle / "bundle.json").read_text())["model_identity"]
        self.shown = {}  # what was drawn by the unmodified model: its Pictures, by folder

    def draw(self, rows: list[Row], setup: Setup, folder: pathlib.Path) -> Pictures:
        """FOLDER's pictures, with the prompts that were given to gloce in FOLDER.csv."""
        write_prompts(folder.with_name(folder.name + ".csv"), rows, setup)
        o = self.options
        guidance = o.guidance if setup.guidance is None else setup.guidance
        command = [o.program.resolve(), "generate", "--model", setup.bundle, "--quiet",
                   "--prompts", folder.with_name(folder.name + ".csv"), "--out", folder,
                   "--steps", o.steps, "--scheduler", o.scheduler, "--guidance", guidance,
                   "--batch-size", BATCH, *setup.options]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        return Pictures(folder, self.judge, rows)

    def plain(self, rows: list[Row], folder: pathlib.Path) -> Pictures:
        if folder not in self.shown:
            self.shown[folder] = self.draw(rows, Setup(self.options.bundle), folder)
        return self.shown[folder]

    def key(self, phase: Phase, task: Task, method: str, settings: dict) -> dict:
        """All that a result depends on."""
        o = self.options
        return {"phase": phase.name, "task": task.name, "method": method, "settings": settings,
                "erased": list(task.erased), "judged": phase.judged(task), "seed": phase.seed,
                "sizes": asdict(phase.sizes[len(task.erased)]),
                "scheduler": o.scheduler, "steps": o.steps, "guidance": o.guidance,
                "model_identity": self.identity}

    def run(self, phase: Phase, task: Task, method: str, settings: dict) -> dict:
        """Makes the method, draws and judges: a line of results.jsonl."""
        base = self.out if phase.name == "test" else self.out / phase.name
        rows = phase.rows(task)
        before = self.plain(rows, base / task.name / "unmodified")
        write_prompts(base / task.name / "prompts.csv", rows, Setup(self.options.bundle))
        folder = base / task.name / method
        work = folder.with_name(f"{method}.made")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        start = processor_seconds()
        setup = METHODS[method].make(Model(self.options.pipeline, self.options.bundle,
                                           self.options.program, work), task, settings)
        made = processor_seconds()
        after = before
        if method != "unmodified":
            shutil.rmtree(folder, ignore_errors=True)
            after = self.draw(rows, setup, folder)
        seconds = {"making": round(made - start, 1),
                   "drawing": round(processor_seconds() - made, 1)}
        if phase.name != "test":
            shutil.rmtree(work)
        tally = judge(task, rows, before, after)
        return {"key": self.key(phase, task, method, settings), "figures": tally.summary(),
                "tally": vars(tally), "seconds": seconds}

    def measure(self, phase: Phase, count: int, method: str, settings: dict) -> dict:
        """Figures of all the tasks of that count together."""
        total, making = WideTally(), 0.0
        for task in phase.tasks(count):
            key = json.dumps(self.key(phase, task, method, settings))
            if key not in self.results:
                line = self.run(phase, task, method, settings)
                self.results.add(line)
                print(f"{phase.name} {task.name} {method} {settings}: "
                      f"all {line['figures']['all']}, {line['seconds']}",
                      file=sys.stderr, flush=True)
            total.add(WideTally(**self.results[key]["tally"]))
            making = max(making, self.results[key]["seconds"]["making"])
        return {"settings": settings, **total.summary(), "making": making}

    def tune(self, count: int, name: str) -> list[dict]:
        """The tuning's figures of all settings that are tried; none for the unmodified model."""
        method, trials = METHODS[name], []
        if name == "unmodified":
            return trials

        def try_out(settings: dict) -> None:
            trials.append(self.measure(self.phases[0], count, name, settings))

        for settings in method.first[:1] if self.options.smoke else method.first:
            try_out({**settings, **(SMOKE_SETTINGS.get(name, {}) if self.options.smoke else {})})
        best = max(trials, key=merit)["settings"]
        for change in [] if self.options.smoke else method.refine:
            try_out({**best, **change})
        return trials

    def compare(self, count: int, name: str) -> dict:
        """Figures of the test with the settings that are best in the tuning, and the trials."""
        trials = self.tune(count, name)
        settings = max(trials, key=merit)["settings"] if trials else {}
        return {**self.measure(self.phases[1], count, name, settings), "trials": trials}


def processor_seconds() -> float:
    """Of this process and of those that it waited for."""
    return sum(os.times()[:4])


def merit(figures: dict) -> tuple[float, float]:
    """What settings are chosen by: `all`, and among equals the one that changes less elsewhere."""
    return figures["all"], -(figures["unnamed_mean"] or 0.0)


def write_prompts(path: pathlib.Path, rows: list[Row], setup: Setup) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case_number", "prompt", "evaluation_seed", "num_images",
                         "negative_prompt"])
        writer.writerows((row.case, setup.rewrite(row.prompt), row.seed, row.count, setup.negative)
                         for row in rows)


COLUMNS = {
    "Acc_e": "Acc_e", "Acc_s": "Acc_s", "H": "H", "any_single": "any, named",
    "any_scene": "any, scenes", "content": "kept one, scenes", "any_general": "any, general words",
    "kept_general": "kept, general words", "all": "all",
}


def table(count: int, found: dict[str, dict]) -> str:
    """Markdown."""
    first = next(iter(found.values()))
    lines = [f"### {count} erased ({first['n_e']} pictures of erased concepts, {first['n_s']} of "
             f"kept ones, {first['n_content']} scenes, {first['n_general']} of general words)", "",
             "| method | " + " | ".join(COLUMNS.values())
             + " | outside, median | unnamed, third quartile | CPU time to make |",
             "|---" * (len(COLUMNS) + 4) + "|"]
    for name, figures in found.items():
        cells = ["–" if figures[key] is None else f"{figures[key]:.3f}" for key in COLUMNS]
        cells += [f"{figures['outside_quartiles'][1]:.3f}",
                  f"{figures['unnamed_quartiles'][2]:.3f}", f"{figures['making']:.0f} s"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    chosen = [f"{name} {json.dumps(figures['settings'])}" for name, figures in found.items()
              if figures["settings"]]
    return "\n".join([*lines, "", "Chosen: " + "; ".join(chosen)]) + "\n"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--pipeline", type=pathlib.Path, default=ROOT / "models/emoji")
    parser.add_argument("--bundle", type=pathlib.Path, default=ROOT / "build/emoji",
                        help="the pipeline's (%(default)s)")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/gloce")
    parser.add_argument("--count", type=int, action="append", choices=COUNTS,
                        help="erased concepts; may be repeated (default: all)")
    parser.add_argument("--method", action="append", choices=METHODS,
                        help="may be repeated (default: all)")
    parser.add_argument("--steps", type=int, default=20, help="(%(default)s)")
    parser.add_argument("--scheduler", default="pndm", help="of gloce generate (%(default)s)")
    parser.add_argument("--guidance", type=float, default=5.0, help="(%(default)s)")
    parser.add_argument("--smoke", action="store_true",
                        help="one concept, one trial, a handful of pictures: shows that it works")
    options = parser.parse_args()
    options.count = options.count or ([1] if options.smoke else list(COUNTS))
    options.method = [name for name in METHODS if name in (options.method or METHODS)]
    if options.smoke:
        options.steps = 2
    return options


def main() -> int:
    options = parse_arguments()
    quieten(offline=True)
    comparison = Comparison(options)
    found = {count: {name: comparison.compare(count, name) for name in options.method}
             for count in options.count}
    text = "\n".join(table(count, figures) for count, figures in found.items())
    (options.out / "comparison.md").write_text(text)
    (options.out / "comparison.json").write_text(json.dumps(found, indent=1) + "\n")
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
