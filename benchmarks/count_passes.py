#!/usr/bin/env python3
"""U-Net passes of a build, beside what the published code pays for the same concepts.

    benchmarks/count_passes.py
    benchmarks/count_passes.py --model sd14 --preset celebrity \\
        --list configs/eval/celebrities_50_erased.txt

A pass is one call on one image with and without its prompt. For the first 1, 2, 5, 10, 20, … concepts
of each list it prints gloce's passes (by `gloce build --dry-run`), the least possible, which is
(different prompts of all sets) × seeds × (end + 1), and the published code's, which samples for each
concept its target, mapping, surrogate, anchors and the target once more.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
POINTS = (1, 2, 5, 10, 20, 30, 50, 100)
SETS = ("prompts", "mapping", "surrogate", "anchors")


def calls_of_a_pass(concept: dict) -> int:
    """end + 1, or those of the whole run if that ends before (LMS: a call a step)."""
    return min(concept["window"][1] + 1, concept["steps"])


def sampling(concept: dict) -> tuple:
    """What must be equal for a prompt's passes to be shared, but for the prompt."""
    return (concept["scheduler"], concept["steps"], concept["guidance"],
            tuple(concept["window"]), concept["num_seeds"])


def least(concepts: list[dict]) -> int:
    needed = {(prompt, sampling(c)): c["num_seeds"] * calls_of_a_pass(c)
              for c in concepts for key in SETS for prompt in c[key]}
    return sum(needed.values())


def published(concepts: list[dict]) -> int:
    return sum((sum(len(c[key]) for key in SETS) + len(c["prompts"]))
               * c["num_seeds"] * calls_of_a_pass(c) for c in concepts)


def plan(options, names: list[str]) -> dict:
    """`gloce build --dry-run --json` for these concepts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "concepts.txt"
        path.write_text("\n".join(names) + "\n", encoding="utf-8")
        command = [options.program, "build", "--model", options.model, "--concepts", path,
                   "--device", "cpu", "--dry-run", "--json",
                   *(["--preset", options.preset] if options.preset else []),
                   *(["--plan", options.plan] if options.plan else [])]
        run = subprocess.run(list(map(str, command)), check=True, capture_output=True)
        return json.loads(run.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "build/gloce")
    parser.add_argument("--model", type=Path, default=ROOT / "build/emoji",
                        help="bundle; which anchors are shared depends on it (%(default)s)")
    parser.add_argument("--preset", help="of gloce build (the bundle's own)")
    parser.add_argument("--plan", help="of gloce build")
    parser.add_argument("--list", type=Path, action="append", metavar="FILE",
                        help="concepts, one a line (benchmarks/demo_*.txt)")
    parser.add_argument("--points", type=int, nargs="+",
                        help="numbers of concepts (1 2 5 10 20 30 50 100, and all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    options = parser.parse_args()

    rows = []
    print(f"{'list':>28} {'concepts':>8} {'gloce':>7} {'least':>7} {'published':>9}"
          f" {'saved':>6} {'a concept':>9}")
    for path in options.list or sorted(HERE.glob("demo_*.txt"), key=lambda p: p.stat().st_size):
        names = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        names = [name for name in names if name and not name.startswith("#")]
        for count in sorted({*(n for n in options.points or POINTS if n < len(names)),
                             len(names)}):
            planned = plan(options, names[:count])
            ours = planned["passes"]
            theirs = published(planned["concepts"])
            rows.append({"list": path.name, "concepts": count, "gloce": ours,
                         "least": least(planned["concepts"]), "published": theirs})
            print(f"{path.name:>28} {count:8} {ours:7} {rows[-1]['least']:7} {theirs:9}"
                  f" {theirs / ours:5.1f}× {ours / count:9.1f}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
