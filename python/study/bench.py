"""Draws, judges and keeps: what every part of the study does."""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
from dataclasses import asdict, dataclass, replace

from demo.erasure_figures import Pictures, Row, Tally, concept_rows, judge_concepts, single
from demo.judge import Judge
from demo.result_lines import ResultLines, claim_folder
from demo.scenes import CONCEPTS
from study.score import Score

SCHEDULER, GUIDANCE, BATCH = "dpmpp_2m", 5.0, 48
SEED = 830_000  # of the study's pictures; what the score is measured by has its own
SCORE_SEED = 890_000
# gloce's preset was chosen on these, so nothing here erases them.
TUNED = ["dog", "owl", "banana", "clock"]


@dataclass(frozen=True)
class Sizes:
    """Pictures of a measurement."""

    per_erased: int  # of each erased concept
    kept: int  # kept concepts that are drawn alone, at most
    per_kept: int  # of each of these
    pairs: int  # scenes of each erased one with a kept one


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    steps: int  # of a picture
    erased: tuple[str, ...]  # at once, but where their number is the question
    sizes: Sizes
    few: Sizes  # of the part steps, whose pictures are drawn in Python
    score_pictures: int  # of each concept, for the score's means
    images: dict[int, tuple[int, int]]  # seeds of the statistics -> repeats, those that are drawn
    concepts: dict[int, tuple[int, Sizes]]  # number of erased concepts -> choices, pictures
    layers: int | None  # the first so many settings of layers; None is all
    steps_windows: int | None
    statistics_windows: int | None
    num_seeds: int = 3  # of the statistics, but where their number is the question


FULL = Scale(
    10, ("rabbit", "fox", "pizza", "guitar"), Sizes(6, 10, 1, 2), Sizes(4, 5, 1, 1), 3,
    {1: (3, 3), 2: (3, 1), 3: (3, 1), 5: (3, 1), 8: (2, 1), 16: (1, 1)},
    {1: (2, Sizes(6, 10, 1, 4)), 2: (2, Sizes(4, 10, 1, 2)), 5: (1, Sizes(2, 10, 1, 1)),
     10: (1, Sizes(2, 10, 1, 1)), 20: (1, Sizes(1, 10, 1, 1)), 30: (1, Sizes(1, 10, 1, 1))},
    None, None, None)
ONE = Sizes(1, 1, 1, 1)
SMOKE = Scale(2, ("rabbit",), ONE, ONE, 1, {1: (2, 1)}, {1: (1, ONE)}, 3, 2, 1, num_seeds=1)


def rows_of(erased: tuple[str, ...], sizes: Sizes) -> list[Row]:
    """Pictures of erased and kept concepts, and scenes. A row's case names its seed, so that the
    pictures of several measurements may lie in one folder."""
    kept = [name for name in CONCEPTS if name not in erased]
    drawn = {*erased, *kept[::-(-len(kept) // sizes.kept)]}
    options = argparse.Namespace(seed=SEED, **asdict(sizes))
    return [replace(row, case=f"{row.case}-{row.seed}")
            for row in concept_rows(CONCEPTS, list(erased), options)
            if row.half or row.names[0] in drawn]


def score_rows(count: int) -> list[Row]:
    return [single("m", name, SCORE_SEED + 100 * n, count) for n, name in enumerate(CONCEPTS)]


class Bench:
    """gloce on one bundle, and OUT/results.jsonl: what is in it is not done again."""

    def __init__(self, options, scale: Scale):
        self.options, self.scale, self.out = options, scale, options.out
        self.identity = json.loads((options.bundle / "bundle.json").read_text())["model_identity"]
        claim_folder(self.out, {  # what erasers and pictures there depend on beside their names
            "steps": scale.steps, "num_seeds": scale.num_seeds, "model_identity": self.identity})
        self.judge = Judge(options.bundle)
        self.results = ResultLines(self.out / "results.jsonl")
        self._score = None

    def run(self, command: str, *arguments) -> bytes:
        words = [self.options.program.resolve(), command, "--model", self.options.bundle, "--quiet",
                 *arguments]
        return subprocess.run([str(word) for word in words], check=True,
                              stdout=subprocess.PIPE).stdout

    def draw(self, rows: list[Row], folder: pathlib.Path, *erasers) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        table = folder.with_name(folder.name + ".csv")
        with open(table, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["case_number", "prompt", "evaluation_seed", "num_images"])
            writer.writerows((r.case, r.prompt, r.seed, r.count) for r in rows)
        self.run("generate", "--prompts", table, "--steps", self.scale.steps, "--scheduler",
                 SCHEDULER, "--guidance", GUIDANCE, "--batch-size", BATCH, "--out", folder,
                 *(["--erasers", *erasers] if erasers else []))

    def plain(self, name: str, sets: list[list[Row]]) -> pathlib.Path:
        """A folder with the unmodified model's pictures of all these rows."""
        rows: dict[str, Row] = {}
        for row in (row for rows_ in sets for row in rows_):
            if row.case not in rows or rows[row.case].count < row.count:
                rows[row.case] = row
        self.draw(list(rows.values()), self.out / name)
        return self.out / name

    def build(self, path: pathlib.Path, erased: tuple[str, ...], *settings) -> pathlib.Path:
        """An erasers file; one that is there is kept, so its name must tell its settings."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            seeds = [] if "--num-seeds" in settings else ["--num-seeds", self.scale.num_seeds]
            erase = [word for name in erased for word in ("--erase", name)]
            self.run("build", "--batch-size", "16", "--out", path, *erase, *settings, *seeds)
        return path

    @property
    def score(self) -> Score:
        """How near pictures are to a concept; its means are drawn with the first use."""
        if self._score is None:
            rows, folder = score_rows(self.scale.score_pictures), self.out / "means"
            self.draw(rows, folder)
            images = {row.names[0]: Pictures(folder, self.judge, [row]).images[row] for row in rows}
            self._score = Score(self.options.bundle, images)
        return self._score

    def key(self, part: str, setting: dict, erased: tuple[str, ...], sizes: Sizes) -> str:
        """All that a result depends on."""
        return json.dumps({
            "part": part, "setting": setting, "erased": list(erased), "sizes": asdict(sizes),
            "seed": SEED, "steps": self.scale.steps, "scheduler": SCHEDULER, "guidance": GUIDANCE,
            "num_seeds": self.scale.num_seeds,
            "score_pictures": self.scale.score_pictures, "model_identity": self.identity})

    def measure(self, part: str, setting: dict, erased: tuple[str, ...], sizes: Sizes,
                plain, draw, more=lambda folder, plain: {}) -> dict:
        """A line of results.jsonl: a tally (demo.erasure_figures), and of pictures of single
        concepts the scores of what was asked for, and whether any erased concept is seen.

        plain() gives the unmodified pictures' folder, draw(rows, folder) draws with erasers,
        more(folder, plain) gives other figures of that folder.
        """
        key = self.key(part, setting, erased, sizes)
        if key in self.results:
            return self.results[key]
        rows = rows_of(erased, sizes)
        folder = self.out / part / "-".join(
            f"{name}-{value}".replace(" ", "-") for name, value in setting.items())
        draw(rows, folder)
        unmodified = plain()
        before, after = (Pictures(f, self.judge, rows) for f in (unmodified, folder))
        tally = judge_concepts(list(erased), rows, before, after)
        gone = [r for r in rows if not r.half and r.names[0] in erased]
        kept = [r for r in rows if not r.half and r.names[0] not in erased]
        line = {
            "key": json.loads(key), "tally": vars(tally),
            "scores": {f"{name}{when}": self.score.of(chosen, pictures)
                       for name, chosen in (("erased", gone), ("kept", kept))
                       for when, pictures in (("", after), ("_before", before))},
            "any": after.check(gone, lambda _r, concepts, _s: bool(concepts & set(erased))),
            "equal": [a.tobytes() == b.tobytes() for r in kept
                      for a, b in zip(before.images[r], after.images[r])],
            **more(folder, unmodified),
        }
        self.results.add(line)
        figures = Tally(**line["tally"]).summary()
        print(f"{part} {setting}: Acc_e {figures['Acc_e']}, Acc_s {figures['Acc_s']}",
              file=sys.stderr, flush=True)
        return line
