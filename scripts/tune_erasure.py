#!/usr/bin/env python3
"""Shows what each setting of the demo preset does: one at a time, and rank_target × tau together.

    scripts/tune_erasure.py --out build/tune
    scripts/tune_erasure.py --out build/tune --only tau --only gate_start
    scripts/tune_erasure.py --out build/curves --concepts reported --plot docs/settings.png

Settings are chosen on the tuning concepts, which no reported figure uses, with other seeds; the
reported ones only show curves. All concepts are erased at once. Prints a Markdown table and keeps
every result in OUT/results.jsonl (see measure_erasure.py for the columns); what is there is not
measured again. --part I/N measures every N-th setting, into a folder of its own; --plot needs
requirements-docs.txt.
"""

import argparse
import json
import pathlib
import sys

from measure_erasure import Study, study_parser

from demo.result_lines import claim_folder

CONCEPTS = {
    "tuning": ["dog", "owl", "banana", "clock"],
    "reported": ["cat", "fox", "penguin", "tiger", "lion", "apple", "pizza", "guitar", "car",
                 "house"],
}
SEED = 700_000

# Setting -> its values; the preset's own, measured once, is named in PRESET.
SETTINGS = {
    "gate_start": [0, 8, 12],
    "tau": [0.5, 1, 4, 6, 10],
    "eta": [0.5, 2, 5],
    "num_anchors": [1, 5, 10],
    "num_seeds": [1, 8],
    "rank_map": [1, 4, 8],
    "rank_target": [1, 4, 32],
    "rank_gate": [2, 4],
    "window": ["0:10", "10:20", "0:50"],
    "mapping": ["a picture"],
    "surrogate": ["a picture of an object"],
}
PRESET = {"gate_start": 4, "tau": 2.5, "eta": 1, "num_anchors": 3, "num_seeds": 3, "rank_map": 2,
          "rank_target": 16, "rank_gate": 1, "window": "0:20"}
GRID = [(rank, tau) for rank in (1, 4, 32) for tau in (1, 6, 10)]  # the rest stands above


def all_settings(only: list[str] | None) -> dict[str, dict]:
    """Name -> what differs from the preset."""
    found = {"preset": {}}
    for setting, values in SETTINGS.items():
        if not only or setting in only:
            found.update({f"{setting} {value}": {setting: value} for value in values})
    if not only:
        found.update({f"rank_target {rank}, tau {tau}": {"rank_target": rank, "tau": tau}
                      for rank, tau in GRID})
    return found


def build_options(changed: dict) -> list[str]:
    return [word for key, value in changed.items()
            for word in ("--" + key.replace("_", "-"), str(value))]


def table_line(name: str, result: dict) -> str:
    outside, unnamed = result["outside_quartiles"][1], result["unnamed_quartiles"][2]
    return (f"| {name} | {result['Acc_e']:.3f} | {result['Acc_s']:.3f} | {result['H']:.3f} | "
            f"{result['content']:.3f} | {outside:.3f} | {unnamed:.3f} |")


def read_results(out: pathlib.Path) -> dict[str, dict]:
    file = out / "results.jsonl"
    lines = file.read_text().splitlines() if file.is_file() else []
    return {result["name"]: result for result in map(json.loads, lines)}


def part_of(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"got {text}, expected I/N with I from 1 to N")
    return int(part), int(parts)


def curve(results: dict[str, dict], setting: str) -> list[tuple[str, dict]]:
    """(value, result) in the order of the values, the preset's own among them."""
    points = [(value, results.get(f"{setting} {value}")) for value in SETTINGS[setting]]
    points.append((PRESET[setting], results.get("preset")))
    if setting != "window":
        points.sort(key=lambda point: point[0])
    return [(str(value), result) for value, result in points if result]


def draw_curve(axis, results: dict[str, dict], setting: str) -> None:
    points = curve(results, setting)
    values = [value for value, _ in points]
    line = "o" if setting == "window" else "o-"  # windows have no order
    for key, label, colour in (("Acc_e", "erased, still shown (Acc_e)", "tab:red"),
                               ("Acc_s", "kept, shown (Acc_s)", "tab:blue"),
                               ("H", "H", "tab:green")):
        axis.plot(values, [result[key] for _, result in points], line, color=colour, label=label,
                  alpha=0.8)
    if str(PRESET[setting]) in values:
        axis.axvline(values.index(str(PRESET[setting])), color="0.7", linestyle=":", zorder=0)
    axis.set_title(setting)
    axis.set_ylim(-0.03, 1.03)


def draw_grid(axis, results: dict[str, dict]) -> None:
    """H by rank_target, a line for each tau."""
    ranks = [str(rank) for rank in sorted({PRESET["rank_target"], *(rank for rank, _ in GRID)})]
    for tau in sorted({PRESET["tau"], *(tau for _, tau in GRID)}):
        heights = []
        for rank in ranks:
            changed = {key: value for key, value in (("rank_target", int(rank)), ("tau", tau))
                       if PRESET[key] != value}
            name = ", ".join(f"{key} {value}" for key, value in changed.items()) or "preset"
            heights.append(results.get(name, {}).get("H", float("nan")))
        axis.plot(ranks, heights, "o-", label=f"tau {tau}")
    axis.set_title("H by rank_target, for each tau")
    axis.legend(loc="lower left", fontsize=8)


def draw_plot(pyplot, results: dict[str, dict], path: pathlib.Path) -> None:
    figure, axes = pyplot.subplots(2, 5, figsize=(15, 6), sharey=True, layout="constrained")
    for axis, setting in zip(axes.flat, PRESET):
        draw_curve(axis, results, setting)
    draw_grid(axes.flat[-1], results)
    axes.flat[0].legend(loc="center left", fontsize=8)
    figure.savefig(path, dpi=80)


def load_pyplot():
    try:
        import matplotlib
    except ImportError:
        sys.exit("--plot needs matplotlib: pip install -r requirements-docs.txt")
    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot
    return pyplot


def main() -> int:
    parser = study_parser(__doc__, per_erased=4, per_kept=1, pairs=3, steps=25)
    parser.add_argument("--concepts", choices=CONCEPTS, default="tuning")
    parser.add_argument("--only", action="append", choices=SETTINGS, help="vary only this")
    parser.add_argument("--part", type=part_of, default=(1, 1), help="I/N (1/1)")
    parser.add_argument("--plot", type=pathlib.Path, help="draw the curves into this PNG")
    options = parser.parse_args()
    options.seed, options.sheets, options.build = SEED, None, []
    pyplot = load_pyplot() if options.plot else None
    claim_folder(options.out, {key: getattr(options, key) for key in (
        "concepts", "per_erased", "per_kept", "pairs", "steps", "scheduler", "guidance")})
    study = Study(options, quiet=True)
    part, parts = options.part
    for index, (name, changed) in enumerate(all_settings(options.only).items()):
        if index % parts == part - 1 and name not in read_results(options.out):
            options.build = build_options(changed)
            study.concepts(CONCEPTS[options.concepts], name)
            print(name, "measured", file=sys.stderr, flush=True)
    results = read_results(options.out)
    print("| setting | Acc_e | Acc_s | H | scenes: kept concept shown | outside, median | "
          "unnamed, third quartile |\n|---|---|---|---|---|---|---|")
    for name, result in results.items():
        print(table_line(name, result))
    if pyplot:
        draw_plot(pyplot, results, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
