"""The study's figures, as SVG whose bytes depend on the results alone."""

import pathlib
import sys

import numpy as np

from study.images import movement
from study.report import Group, bootstrap, groups, wilson

RED, BLUE, GREEN, GREY = "tab:red", "tab:blue", "tab:green", "0.4"
SHARES = (("Acc_e", "erased", "Acc_e", RED), ("Acc_s", "kept", "Acc_s", BLUE),
          ("content", "content", "scenes: kept one", GREEN))


def load_pyplot():
    try:
        import matplotlib
    except ImportError:
        sys.exit("--plot needs matplotlib: pip install -r requirements-docs.txt")
    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "gloce", "svg.fonttype": "none", "font.size": 9,
                                "font.family": "sans-serif", "axes.spines.top": False,
                                "axes.spines.right": False, "legend.frameon": False})
    from matplotlib import pyplot
    return pyplot


def save(figure, path: pathlib.Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def points(axis, xs: list, found: list[Group], values, colour: str, label: str) -> None:
    """values(group): a number for every line; a dot each, and a line through the means."""
    axis.plot(xs, [np.mean(values(g)) for g in found], "-", color=colour, label=label)
    for x, group in zip(xs, found):
        axis.plot([x] * len(group.lines), values(group), "o", color=colour, markersize=3,
                  alpha=0.5)


def of_lines(group: Group, name: str, where: str = "tally") -> list[float]:
    return [float(np.mean(line[where][name])) for line in group.lines]


def by_number(axis, numbers: list[int], label: str) -> None:
    axis.set_xscale("log", base=2)
    axis.set_xticks(numbers, [str(n) for n in numbers])
    axis.minorticks_off()
    axis.set_xlabel(label)


def draw_shares(axis, xs: list[int], found: list[Group]) -> None:
    for name, _, label, colour in SHARES:
        points(axis, xs, found, lambda g, n=name: g.each(n), colour, label)
    points(axis, xs, found, lambda g: g.each("H"), GREY, "H")
    axis.set_ylim(-0.03, 1.03)
    axis.set_title("share of pictures")
    axis.legend(loc="center right")


def draw_scores(axis, xs: list[int], found: list[Group]) -> None:
    for name, label, colour in (("erased", "erased", RED), ("kept", "kept", BLUE)):
        points(axis, xs, found, lambda g, n=name: of_lines(g, n, "scores"), colour, label)
        before = np.mean([x for g in found for x in g.score(f"{name}_before")])
        axis.axhline(before, color=colour, linestyle=":", label=f"{label}, unmodified")
    axis.set_ylim(0, 100)
    axis.set_title("score of what is asked for")
    axis.legend(loc="center right")


def draw_images(pyplot, lines: list[dict], bench):
    found = groups(lines)
    seeds, members = [n for n, in found], list(found.values())
    figure, axes = pyplot.subplots(1, 4, figsize=(12, 3), layout="constrained")
    draw_shares(axes[0], seeds, members)
    points(axes[1], seeds, members, lambda g: of_lines(g, "outside"), GREEN, "scenes, other half")
    points(axes[1], seeds, members, lambda g: of_lines(g, "unnamed"), BLUE, "kept concepts alone")
    axes[1].set_title("changed pixels, mean")
    axes[1].set_ylim(bottom=0)
    axes[1].legend()
    moved = {n: m for n, m in movement(bench).items() if m["angles"]}
    low, middle, high = np.transpose([np.quantile(m["angles"], [.25, .5, .75])
                                      for m in moved.values()])
    axes[2].fill_between(list(moved), low, high, color=GREY, alpha=0.3, linewidth=0)
    axes[2].plot(list(moved), middle, "o-", color=GREY, markersize=3)
    axes[2].set_title("gates of two repeats apart, degrees")
    axes[3].plot(list(moved), [m["spread"] for m in moved.values()], "o-", color=GREY, markersize=3)
    axes[3].set_title("deviation of c between repeats")
    for axis in axes[2:]:
        axis.set_ylim(bottom=0)
    for axis in axes:
        by_number(axis, seeds, "seeds a prompt")
    return figure


def draw_concepts(pyplot, lines: list[dict], _bench):
    found = groups(lines)
    numbers, members = [n for n, in found], list(found.values())
    figure, axes = pyplot.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    draw_shares(axes[0], numbers, members)
    points(axes[0], numbers, members, lambda g: [float(np.mean(line["any"])) for line in g.lines],
           "tab:orange", "any erased one")
    axes[0].legend(loc="center left")
    draw_scores(axes[1], numbers, members)
    for name, label, colour in (("changed_inside", "where it stood", RED),
                                ("changed_outside", "elsewhere", GREEN)):
        points(axes[2], numbers, members, lambda g, n=name: g.evaluated(n), colour, label)
    points(axes[2], numbers, members, lambda g: of_lines(g, "unnamed"), BLUE, "kept concepts alone")
    axes[2].set_title("changed pixels, mean")
    axes[2].set_ylim(0, 1)
    axes[2].legend()
    for axis in axes:
        by_number(axis, numbers, "erased concepts, of 40")
    return figure


def bars(axis, labels: list[str], found: list[Group], values, interval, colour: str,
         title: str) -> None:
    """values(group): one number a picture."""
    ys = range(len(labels))
    heights = [float(np.mean(values(g))) for g in found]
    edges = [interval(values(g)) for g in found]
    axis.barh(ys, heights, color=colour, alpha=0.6, height=0.7)
    axis.hlines(ys, [low for low, _ in edges], [high for _, high in edges], color="0.2",
                linewidth=1)
    axis.set_yticks(ys, labels)
    axis.set_ylim(len(labels) - 0.4, -0.6)  # the first above
    axis.set_title(title)


def draw_settings(pyplot, labels: list[str], found: list[Group]):
    figure, axes = pyplot.subplots(1, 4, figsize=(11, 0.8 + 0.22 * len(labels)), sharey=True,
                                   layout="constrained")
    bars(axes[0], labels, found, lambda g: g.tally.erased, wilson, RED, "Acc_e")
    bars(axes[1], labels, found, lambda g: g.score("erased"), bootstrap, RED, "score, erased")
    bars(axes[2], labels, found, lambda g: g.tally.outside, bootstrap, GREEN,
         "scenes: changed, other half")
    bars(axes[3], labels, found, lambda g: g.tally.unnamed, bootstrap, BLUE,
         "kept alone: changed")
    for axis in axes[2:]:
        axis.set_xlim(left=0)
        axis.locator_params(axis="x", nbins=4)
    axes[0].set_xlim(0, 1)
    axes[0].set_xticks([0, 0.5, 1])
    axes[1].set_xlim(0, 100)
    axes[1].set_xticks([0, 50, 100])
    return figure


def draw_layers(pyplot, lines: list[dict], _bench):
    found = groups(lines)
    return draw_settings(pyplot, [name for name, in found], list(found.values()))


def window_name(until: int, start: int) -> str:
    if until >= start:
        return "never"
    if start > 1000:
        return f"t > {until}" if until else "always"
    return f"{until} < t ≤ {start}" if until else f"t ≤ {start}"


def draw_steps(pyplot, lines: list[dict], _bench):
    found = groups(lines)
    return draw_settings(pyplot, [window_name(*setting) for setting in found],
                         list(found.values()))


def draw_statistics(pyplot, lines: list[dict], _bench):
    found = groups(lines)
    return draw_settings(pyplot, [f"window {window}" for window, in found], list(found.values()))


DRAWN = {"images": draw_images, "concepts": draw_concepts, "layers": draw_layers,
         "steps": draw_steps, "statistics": draw_statistics}


def draw(found: dict[str, list[dict]], bench, folder: pathlib.Path) -> None:
    pyplot = load_pyplot()
    for part, lines in found.items():
        save(DRAWN[part](pyplot, lines, bench), folder / f"{part}.svg")
