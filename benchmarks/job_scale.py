#!/usr/bin/env python3
"""What a job costs by its number of rows: start-up, resume scan and memory.

    benchmarks/job_scale.py
    benchmarks/job_scale.py --rows 1000 10000 50000 100000 --json figures.json

Draws pictures of 64×64 with a bundle of random weights, in one step each, so that little is
measured but the job itself. The tables are beginnings of one another and share an output folder:
each run goes on where the one before ended. For each number of rows:

start-up   seconds from the process's start to the first batch, in an empty folder
scan       seconds for which a finished job looks at its own pictures, all of them
memory     MiB resident, when the first batch was made, at half of the rows and at the end, of
           the run that goes on; its peak
a picture  milliseconds of the whole run for each picture that it made
"""

import csv
import sys
import tempfile
from pathlib import Path

import watched

WORDS = "cat fox owl car tree boat house apple moon river guitar clock".split()


def write_table(path: Path, rows: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("case_number", "prompt", "evaluation_seed"))
        for i in range(rows):
            words = [WORDS[i // len(WORDS) ** k % len(WORDS)] for k in range(4)]
            table.writerow((i, f"a photo of a {words[0]} and a {words[1]}, with a {words[2]}"
                               f" behind a {words[3]}, number {i}", i))


class Job:
    def __init__(self, options, table: Path):
        self.command = [options.program, "generate", "--model", options.model, "--prompts", table,
                        "--steps", 1, "--scheduler", "ddim", "--width", 64, "--height", 64,
                        "--batch-size", options.batch_size, "--device", "cpu", "--json"]

    def run(self, out: Path, *more, watch: float = 0) -> dict:
        """The job's summary, with `wall`; with `watch`, also `memory`: (MiB, MiB at most) every
        so many seconds."""
        ran = watched.run([*self.command, "--out", out, *more], watch,
                          counts=(out / "summary.json").exists)
        return {**ran.document, "wall": ran.wall, "memory": ran.memory}


def measure(options, folder: Path, rows: int) -> dict:
    table = folder / f"{rows}.csv"
    write_table(table, rows)
    job = Job(options, table)
    batches = -(-rows // options.batch_size)
    first = job.run(folder / f"first-{rows}", "--shard", f"1/{batches}")
    start_up = first["wall"] - first["timings"]["total"] + first["timings"]["start_up"]
    out = folder / "out"
    (out / "summary.json").unlink(missing_ok=True)
    made = job.run(out, watch=options.watch)
    again = job.run(out)
    assert (again["made"], again["skipped"]) == (0, rows), again
    sampled = made["memory"]
    return {"rows": rows, "start_up": start_up, "scan": again["timings"]["scan"],
            "memory_first": sampled[0][0], "memory_half": sampled[len(sampled) // 2][0],
            "memory_end": sampled[-1][0], "memory_peak": max(m[1] for m in sampled),
            "made": made["made"], "ms_a_picture": 1000 * made["wall"] / max(made["made"], 1)}


def main() -> int:
    parser = watched.parser(__doc__, "sd1")
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10000, 50000, 100000])
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--work", type=Path, help="folder that is used and kept (a temporary one)")
    options = parser.parse_args()

    figures = []
    print(f"{'rows':>7} {'start-up s':>10} {'scan s':>7} {'MiB first':>9} {'half':>6} {'end':>6}"
          f" {'peak':>6} {'made':>7} {'ms a picture':>12}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for rows in sorted(options.rows):
            f = measure(options, folder, rows)
            figures.append(f)
            print(f"{rows:7} {f['start_up']:10.2f} {f['scan']:7.2f} {f['memory_first']:9.0f}"
                  f" {f['memory_half']:6.0f} {f['memory_end']:6.0f} {f['memory_peak']:6.0f}"
                  f" {f['made']:7} {f['ms_a_picture']:12.2f}", flush=True)
    watched.write_json(options.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
