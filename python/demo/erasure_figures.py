"""What is asked of erasers on the demo model, and figures of the pictures.

Rows of prompts (of concepts, scenes, styles), what the pictures of a folder show of them, and
tallies of both. scripts/measure_erasure.py explains the figures.
"""

import argparse
import pathlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from demo.judge import Judge
from demo.scenes import with_article

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


def concept_rows(concepts: list[str], erased: list[str],
                 options: argparse.Namespace) -> list[Row]:
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


def style_rows(concepts: list[str], style: str, styles: list[str],
               options: argparse.Namespace) -> list[Row]:
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
