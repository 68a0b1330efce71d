"""Tables of the study's results, with intervals."""

import math

import numpy as np

from demo.erasure_figures import Tally
from study import images

PARTS = ("images", "concepts", "layers", "steps", "statistics")


def wilson(found: list[bool]) -> tuple[float, float]:
    """The 95 % interval of a share."""
    n, z = len(found), 1.96
    share = sum(found) / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def bootstrap(values: list[float], figure=np.mean) -> tuple[float, float]:
    """The middle 95 % of 1,000 resamples of the pictures."""
    values = np.asarray(values)
    picks = np.random.default_rng(0).integers(0, len(values), (1000, len(values)))
    low, high = np.quantile(figure(values[picks], axis=1), [0.025, 0.975])
    return float(low), float(high)


class Group:
    """All lines of one setting: repeats, or choices of concepts."""

    def __init__(self, lines: list[dict]):
        self.lines, self.tally = lines, Tally()
        for line in lines:
            self.tally.add(Tally(**line["tally"]))
        self.summary = self.tally.summary()

    def together(self, name: str, *within: str) -> list:
        """One list of all lines, as `any`, or `erased` within `scores`."""
        found = []
        for line in self.lines:
            for key in within:
                line = line[key]
            found += line[name]
        return found

    def score(self, name: str) -> list[float]:
        return self.together(name, "scores")

    def each(self, name: str) -> list[float]:
        """A figure of every line."""
        return [Tally(**line["tally"]).summary()[name] for line in self.lines]

    def evaluated(self, name: str) -> list[float]:
        """A figure of `gloce eval`, of every line."""
        return [line["eval"][name] for line in self.lines]


def groups(lines: list[dict]) -> dict[tuple, Group]:
    """By setting; repeats and choices of one together."""
    found: dict[tuple, list[dict]] = {}
    for line in lines:
        setting = {key: value for key, value in line["key"]["setting"].items()
                   if key not in ("repeat", "choice")}
        found.setdefault(tuple(setting.values()), []).append(line)
    return {setting: Group(members) for setting, members in found.items()}


def share(found: list[bool]) -> str:
    low, high = wilson(found)
    return f"{sum(found) / len(found):.3f} ({low:.2f}–{high:.2f})"


def mean(values: list[float], digits: int) -> str:
    low, high = bootstrap(values)
    return f"{np.mean(values):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


# Heading -> cell of a group.
COLUMNS = {
    "Acc_e": lambda g: share(g.tally.erased),
    "Acc_s": lambda g: share(g.tally.kept),
    "H": lambda g: f"{g.summary['H']:.3f}",
    "scenes: kept one": lambda g: share(g.tally.content),
    "score, erased": lambda g: mean(g.score("erased"), 1),
    "outside": lambda g: mean(g.tally.outside, 3),
    "unnamed": lambda g: mean(g.tally.unnamed, 3),
    "equal": lambda g: share(g.together("equal")),
}
OF_CONCEPTS = {
    "any erased one": lambda g: share(g.together("any")),
    "score, kept": lambda g: mean(g.score("kept"), 1),
    "eval: inside": lambda g: f"{np.mean(g.evaluated('changed_inside')):.3f}",
    "eval: outside": lambda g: f"{np.mean(g.evaluated('changed_outside')):.3f}",
}


def pictures(group: Group) -> str:
    s = group.summary
    return f"{s['n_e']}, {s['n_s']}, {s['n_content']}"


def of_images(bench) -> dict[str, dict[tuple, str]]:
    """What differs between repeats: heading -> setting -> cell."""
    cells = {"gates apart, degrees": {}, "c": {}, "c, deviation": {}}
    for seeds, moved in images.movement(bench).items():
        angles, spread = "–", "–"
        if moved["angles"]:
            low, middle, high = np.quantile(moved["angles"], [0.25, 0.5, 0.75])
            angles, spread = f"{middle:.1f} ({low:.1f}, {high:.1f})", f"{moved['spread']:.4f}"
        for column, cell in zip(cells.values(), (angles, f"{np.mean(moved['centers']):.4f}",
                                                 spread)):
            column[seeds,] = cell
    return cells


FIRST = {"images": "seeds", "concepts": "erased", "layers": "acts in",
         "steps": "acts where until < t ≤ from", "statistics": "window"}


def table(part: str, lines: list[dict], bench) -> str:
    """Markdown."""
    found = groups(lines)
    columns = {**COLUMNS, **(OF_CONCEPTS if part == "concepts" else {})}
    more = of_images(bench) if part == "images" else {}
    heads = [FIRST[part], "pictures", *columns, *more]
    text = [f"### {part}", "", "| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for setting, group in found.items():
        cells = [", ".join(map(str, setting)), pictures(group),
                 *(cell(group) for cell in columns.values()),
                 *(column[setting] for column in more.values())]
        text.append("| " + " | ".join(cells) + " |")
    every = Group(lines)
    text += ["", f"Unmodified: Acc_e {np.mean(every.tally.erased_before):.3f}, Acc_s "
             f"{np.mean(every.tally.kept_before):.3f}, scenes "
             f"{np.mean(every.tally.content_before):.3f}, score, erased "
             f"{np.mean(every.score('erased_before')):.1f}, kept "
             f"{np.mean(every.score('kept_before')):.1f}."]
    return "\n".join(text) + "\n"
