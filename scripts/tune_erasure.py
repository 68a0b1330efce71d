#!/usr/bin/env python3
"""Shows what each setting of the demo preset does, on concepts kept for tuning.

    scripts/tune_erasure.py --out build/tune
    scripts/tune_erasure.py --out build/tune --only tau --only gate_start

Erases four concepts at once that no reported figure uses, with other seeds, and
varies one setting of the preset at a time. Prints a Markdown table and keeps
every result in OUT/results.jsonl (see measure_erasure.py for the columns).
"""

import sys

from measure_erasure import Study, study_parser

CONCEPTS = ["dog", "owl", "banana", "clock"]
SEED = 700_000

# Setting -> its values, each as options of `gloce build`. What is left out is the
# preset's own value, drawn once as "preset".
SETTINGS = {
    "preset": {"as shipped": []},
    "gate_start": {f"{v}": ["--gate-start", f"{v}"] for v in (0, 4, 10, 13)},
    "tau": {f"{v}": ["--tau", f"{v}"] for v in (1, 4, 6)},
    "eta": {f"{v}": ["--eta", f"{v}"] for v in (0.5, 2)},
    "num_anchors": {f"{v}": ["--num-anchors", f"{v}"] for v in (1, 10)},
    "mapping": {"a picture": ["--mapping", "a picture"],
                "10 least similar": ["--num-mapping", "10"]},
    "surrogate": {"a picture of an object": ["--surrogate", "a picture of an object"]},
    "rank_map": {f"{v}": ["--rank-map", f"{v}"] for v in (1, 8)},
    "rank_target": {f"{v}": ["--rank-target", f"{v}"] for v in (1, 4)},
    "rank_gate": {f"{v}": ["--rank-gate", f"{v}"] for v in (2, 4)},
    "window": {v: ["--window", v] for v in ("10:20", "0:50")},
}


def table_line(setting: str, value: str, result: dict) -> str:
    outside = result["outside_quartiles"]
    return (f"| {setting} | {value} | {result['Acc_e']:.3f} | {result['Acc_s']:.3f} | "
            f"{result['H']:.3f} | {result['content']:.3f} | {outside[1]:.3f} | {outside[2]:.3f} |")


def main() -> int:
    parser = study_parser(__doc__, per_erased=4, per_kept=1, pairs=6, steps=25)
    parser.add_argument("--only", action="append", choices=SETTINGS, help="vary only this")
    options = parser.parse_args()
    options.seed, options.sheets, options.build = SEED, None, []
    study = Study(options, quiet=True)
    print("| setting | value | Acc_e | Acc_s | H | content | outside, median | third quartile |")
    print("|---|---|---|---|---|---|---|---|")
    for setting in options.only or SETTINGS:
        for value, build in SETTINGS[setting].items():
            options.build = build
            name = f"{setting}-{value}".replace(" ", "-").replace(":", "-")
            result = study.concepts(CONCEPTS, name).summary()
            print(table_line(setting, value, result), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
