#!/usr/bin/env python3
"""Wall time of a build: gloce, and the Python reference doing the published work.

    benchmarks/compare_build.py
    benchmarks/compare_build.py --concepts benchmarks/demo_1.txt --rounds 1

The reference samples every concept's prompts anew, one prompt and one seed at a time, as the
published code does; in float32, its type. It leaves out the published passes over the target that
find gate scores which nothing uses, 63 of a celebrity's 567. Concepts are resolved by gloce, so that
both build the same. Loading is included on both sides.
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
    parser.add_argument("--reference-dtype", choices=("float32", "float64"), default="float32")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = [options.program, "build", "--model", options.model, "--concepts",
                 options.concepts, "--device", "cpu"]
        resolved = folder / "concepts.json"
        with resolved.open("w", encoding="utf-8") as file:
            subprocess.run([*map(str, build), "--dry-run", "--json"], check=True, stdout=file)
        plan = json.loads(resolved.read_text(encoding="utf-8"))

        def gloce():
            out = folder / "erasers.safetensors"
            out.unlink(missing_ok=True)
            return turn.run([*build, "--batch-size", options.batch_size, "--quiet", "--out", out],
                            options)

        def reference():
            return turn.run([sys.executable, "-W", "ignore", HERE / "reference_worker.py", "build",
                             options.pipeline, options.reference_dtype, resolved], options)

        base = f"reference {options.reference_dtype}"
        results = turn.in_turn({"gloce": gloce, base: reference}, options.rounds)

    calls = plan["passes"]
    print(f"{len(plan['concepts'])} concepts, {calls} U-Net passes by gloce,"
          f" {options.threads} threads, {options.clock} time, {options.rounds} rounds")
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
              f"  peak {f['peak_mib']:.0f} MiB")
    turn.write_json(options.json, {"threads": options.threads, "clock": options.clock, "passes": calls,
                                   "figures": figures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
