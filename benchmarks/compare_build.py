#!/usr/bin/env python3
"""Wall time of a build: gloce, and the Python reference doing the published work.

    benchmarks/compare_build.py
    benchmarks/compare_build.py --concepts benchmarks/demo_1.txt --rounds 1
    benchmarks/compare_build.py --plans published fast

The reference samples every concept's prompts anew, one prompt and one seed at a time, as the
published code does; in float32, its type. It leaves out the published passes over the target that
find gate scores which nothing uses, 63 of a celebrity's 567. Concepts are resolved by gloce, so that
both build the same. Loading is included on both sides. Each of --plans is a contender; the reference
always does the published work.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import alternating as turn

HERE = Path(__file__).resolve().parent


def main() -> int:
    parser = turn.parser(__doc__)
    parser.add_argument("--concepts", type=Path, default=HERE / "demo_10.txt",
                        help="concept list (%(default)s)")
    parser.add_argument("--batch-size", type=int, default=8, help="of gloce (%(default)s)")
    parser.add_argument("--plans", nargs="+", choices=("published", "fast"), default=["published"],
                        help="of gloce (published)")
    parser.add_argument("--reference-dtype", choices=("float32", "float64"), default="float32")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = [options.program, "build", "--model", options.model, "--concepts",
                 options.concepts, "--device", "cpu"]

        def resolve(plan: str) -> str:
            return subprocess.run([*map(str, build), "--plan", plan, "--dry-run", "--json"],
                                  check=True, capture_output=True, text=True).stdout

        resolved = folder / "concepts.json"
        resolved.write_text(resolve("published"), encoding="utf-8")
        passes = {f"gloce, {plan}": json.loads(resolve(plan))["passes"] for plan in options.plans}

        def gloce(plan: str):
            out = folder / "erasers.safetensors"
            out.unlink(missing_ok=True)
            return turn.run([*build, "--plan", plan, "--batch-size", options.batch_size, "--quiet",
                             "--out", out], options)

        def reference():
            return turn.run([sys.executable, "-W", "ignore", HERE / "reference_worker.py", "build",
                             options.pipeline, options.reference_dtype, resolved], options)

        base = f"reference {options.reference_dtype}"
        contenders = {f"gloce, {plan}": lambda p=plan: gloce(p) for plan in options.plans}
        results = turn.in_turn({**contenders, base: reference}, options.rounds)

    print(f"{options.threads} threads, {options.clock} time, {options.rounds} rounds")
    figures = {}
    for name, runs in results.items():
        figures[name] = {
            "seconds": median(r.seconds for r in runs),
            "all_seconds": [r.seconds for r in runs],
            "peak_mib": median(r.peak_bytes for r in runs) / 2**20,
            "times_faster": turn.ratio(results, base, name, lambda r: r.seconds),
        }
        f = figures[name]
        print(f"{name:20} {f['seconds']:8.1f} s  ({f['times_faster']:.2f} times as fast as {base})"
              f"  peak {f['peak_mib']:.0f} MiB"
              + (f"  {passes[name]} U-Net passes" if name in passes else ""))
    turn.write_json(options.json, {"threads": options.threads, "clock": options.clock, "passes": passes,
                                   "figures": figures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
