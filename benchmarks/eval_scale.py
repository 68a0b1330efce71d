#!/usr/bin/env python3
"""What `gloce eval` costs by its number of pictures: memory and time.

    benchmarks/eval_scale.py
    benchmarks/eval_scale.py --pictures 1000 10000 --report --json figures.json

Two folders of pictures of 64×64 with a table, before and after, are judged by the demo's detector
and features: Acc_e, Acc_s, H, what changed, FID and KID. One picture of each hundred is cut off in
its middle. For each number of pictures:

memory     MiB resident at the end of a quarter and of all of the time, and at most
a picture  milliseconds of the whole run for each picture of both folders
broken     pictures that were listed as such
"""

import csv
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import watched

CONCEPTS = "cat fox owl pizza guitar house dog apple".split()
BROKEN_EVERY = 100


def write_pictures(folder: Path, count: int, shift: int) -> None:
    """Smooth colours that differ from picture to picture, and by `shift` from folder to folder."""
    folder.mkdir()
    y, x = np.mgrid[0:64, 0:64] / 64
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("file", "prompt", "seed"))
        for i in range(count):
            waves = [np.sin(2 * np.pi * (x * (i % 7 + 1) + y * (i % 5 + 1) + c / 3 + i / 97))
                     for c in range(3)]
            pixels = (127 + 100 * np.stack(waves, -1)).astype(np.uint8) + np.uint8(shift)
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "png", compress_level=1)
            is_broken = i % BROKEN_EVERY == BROKEN_EVERY - 1
            data = buffer.getvalue()
            (folder / f"{i}.png").write_bytes(data[:len(data) // 2] if is_broken else data)
            table.writerow((f"{i}.png", f"a picture of a {CONCEPTS[i % len(CONCEPTS)]}", i))


def measure(options, folder: Path, count: int) -> dict:
    before, after = folder / f"before-{count}", folder / f"after-{count}"
    write_pictures(before, count, 0)
    write_pictures(after, count, 20)
    report = ["--report", folder / f"{count}.html"] if options.report else []
    command = [options.program, "eval", "--model", options.model, "--images", after, "--table",
               after / "table.csv", "--before", before, "--erased", "cat", "--region", "none",
               "--device", "cpu", "--json", *report]
    ran = watched.run(command, options.watch, code=3 if count >= BROKEN_EVERY else 0)
    memory = ran.memory
    return {"pictures": count, "memory_quarter": memory[len(memory) // 4][0],
            "memory_end": memory[-1][0], "memory_peak": max(m[1] for m in memory),
            "ms_a_picture": 1000 * ran.wall / (2 * count),
            "broken": sum(len(folder["broken"]) for folder in ran.document["sets"]),
            "report_bytes": report[1].stat().st_size if report else 0}


def main() -> int:
    parser = watched.parser(__doc__, "emoji")  # has a detector and features
    parser.add_argument("--pictures", type=int, nargs="+", default=[1000, 10000],
                        help="in each of the two folders")
    parser.add_argument("--report", action="store_true", help="write the report, too")
    options = parser.parse_args()

    figures = []
    print(f"{'pictures':>8} {'MiB at a quarter':>16} {'end':>6} {'peak':>6} {'ms a picture':>12}"
          f" {'broken':>6} {'report MB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for count in sorted(options.pictures):
            f = measure(options, Path(folder), count)
            figures.append(f)
            print(f"{count:8} {f['memory_quarter']:16.0f} {f['memory_end']:6.0f}"
                  f" {f['memory_peak']:6.0f} {f['ms_a_picture']:12.2f} {f['broken']:6}"
                  f" {f['report_bytes'] / 1e6:9.1f}", flush=True)
    watched.write_json(options.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
