#!/usr/bin/env python3
"""What governs erasure on the demo model: the paper's open questions (docs/study.md).

    scripts/study.py --out build/study
    scripts/study.py --out build/study --part layers
    scripts/study.py --out build/study --plot docs/study

    images      how many seeds a prompt the statistics need, with repeats of other seeds
    concepts    1 to 30 of 40 erased concepts
    layers      erasers that act in one layer, in all but one, in one side of the U-Net
    steps       erasers that act from one timestep on, until another, between two; and
                statistics from other steps

Figures are those of scripts/measure_erasure.py, and the score of python/study/score.py. What is
done is a line of OUT/results.jsonl and is not done again; the tables are in OUT/study.md. Takes
half an hour of one core. --plot draws into a folder and needs requirements-docs.txt.
"""

import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

from export.quiet import quieten  # noqa: E402
from study import concepts, images, layers, plots, report, steps  # noqa: E402
from study.bench import FULL, SMOKE, Bench  # noqa: E402

PARTS = {"images": images.run, "concepts": concepts.run, "layers": layers.run, "steps": steps.run}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--part", action="append", choices=PARTS,
                        help="may be repeated (default: all)")
    parser.add_argument("--plot", type=pathlib.Path, help="draw PART.svg into this folder")
    parser.add_argument("--pipeline", type=pathlib.Path, default=ROOT / "models/emoji")
    parser.add_argument("--bundle", type=pathlib.Path, default=ROOT / "build/emoji",
                        help="the pipeline's (%(default)s)")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/gloce")
    parser.add_argument("--smoke", action="store_true",
                        help="a handful of pictures of two steps: shows that it works")
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    quieten(offline=True)
    bench = Bench(options, SMOKE if options.smoke else FULL)
    found: dict[str, list[dict]] = {}
    for part in options.part or PARTS:
        for line in PARTS[part](bench):
            found.setdefault(line["key"]["part"], []).append(line)
    text = "\n".join(report.table(part, lines, bench) for part, lines in found.items())
    (options.out / "study.md").write_text(text)
    print(text, end="")
    if options.plot:
        plots.draw(found, bench, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
