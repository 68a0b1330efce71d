#!/usr/bin/env python3
"""Measures erasure on the demo bundle: erased, kept, and what changed elsewhere.

    scripts/measure_erasure.py --bundle build/emoji --program build/gloce \\
        --out build/measure --erase cat --erase fox -- --tau 2.0 --eta 1.5

Options after -- go to `gloce build`. Draws "a picture of a {concept}" for the
erased concepts and the others, with fixed seeds, with and without erasers, and
judges them with the bundle's detector:
    Acc_e   an erased concept is still shown (lower is better)
    Acc_s   a kept concept is shown
    H       harmonic mean of 1 - Acc_e and Acc_s
    spread  pairs of an erased concept (left) and a kept one: median share of the
            right half's pixels that change by more than 8/255
Unmodified pictures are drawn once and kept in OUT/plain.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys

import numpy as np
from demo import Judge, article
from PIL import Image

CHANGE = 8  # of 255


def run(program: str, *arguments: str) -> None:
    subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL)


def load(path: pathlib.Path) -> Image.Image:
    return Image.open(path).convert("RGB")


class Job:
    """Prompts with file names; rows (case, prompt, seed, count)."""

    def __init__(self, judge: Judge, erased: list[str], options):
        self.rows = []
        self.cases = {}
        for n, name in enumerate(judge.concepts):
            count = options.per_erased if name in erased else options.per_kept
            if count:
                self.add(f"c-{name}", f"a picture of {article(name)}",
                         options.seed + 100 * n, count)
        kept = [c for c in judge.concepts if c not in erased]
        for n, name in enumerate(erased):
            for k in range(options.pairs):
                other = kept[(7 * n + 11 * k) % len(kept)]
                self.add(f"p-{name}-{other}", f"a picture of {article(name)} and {article(other)}",
                         options.seed + 5000 + 100 * n + k, 1)

    def add(self, case: str, prompt: str, seed: int, count: int) -> None:
        self.rows.append((case, prompt, seed, count))
        self.cases[case] = count

    def write(self, path: pathlib.Path) -> None:
        with open(path, "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["case_number", "prompt", "evaluation_seed", "num_images"])
            table.writerows(self.rows)

    def images(self, folder: pathlib.Path, prefix: str) -> dict[str, list[Image.Image]]:
        return {case: [load(folder / f"{case}_{i}.png") for i in range(count)]
                for case, count in self.cases.items() if case.startswith(prefix)}


def rates(judge: Judge, job: Job, folder: pathlib.Path) -> dict[str, float]:
    """Per concept: share of its pictures that show it."""
    found = {}
    for case, images in job.images(folder, "c-").items():
        name = case[2:]
        found[name] = float(np.mean([name in shown for shown in judge.shown(images)]))
    return found


def spread(job: Job, before: pathlib.Path, after: pathlib.Path) -> list[float]:
    shares = []
    old, new = job.images(before, "p-"), job.images(after, "p-")
    for case in old:
        for a, b in zip(old[case], new[case]):
            a, b = np.asarray(a, int), np.asarray(b, int)
            half = a.shape[1] // 2
            shares.append(float((np.abs(a - b)[:, half:].max(2) > CHANGE).mean()))
    return shares


def summarise(erased: list[str], plain: dict[str, float], after: dict[str, float],
              shares: list[float]) -> dict:
    kept = [c for c in after if c not in erased]
    acc_e = float(np.mean([after[c] for c in erased]))
    acc_s = float(np.mean([after[c] for c in kept])) if kept else float("nan")
    h = 2 * (1 - acc_e) * acc_s / max(1 - acc_e + acc_s, 1e-9)
    return {
        "Acc_e": acc_e, "Acc_s": acc_s, "H": h,
        "Acc_s_unmodified": float(np.mean([plain[c] for c in kept])) if kept else float("nan"),
        "spread_median": float(np.median(shares)) if shares else None,
        "still_shown": {c: after[c] for c in erased if after[c] > 0},
        "lost": {c: after[c] for c in kept if after[c] < plain[c]},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=pathlib.Path, required=True)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--erase", action="append", required=True)
    parser.add_argument("--name", default="erased", help="folder of this setting's pictures")
    parser.add_argument("--seed", type=int, default=100000)
    parser.add_argument("--per-erased", type=int, default=10)
    parser.add_argument("--per-kept", type=int, default=4)
    parser.add_argument("--pairs", type=int, default=3, help="pairs for each erased concept")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--guidance", type=float, default=5.0)
    parser.add_argument("build", nargs="*", help="options of gloce build, after --")
    options = parser.parse_args()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    program, model = str(options.program.resolve()), ["--model", str(options.bundle)]
    judge = Judge(options.bundle)
    job = Job(judge, options.erase, options)
    job.write(out / "prompts.csv")
    erasers = out / f"{options.name}.safetensors"
    names = [word for name in options.erase for word in ("--erase", name)]
    run(program, "build", *model, *names, "--quiet", "--batch-size", "16", "--out", str(erasers),
        *options.build)
    common = ["generate", *model, "--prompts", str(out / "prompts.csv"), "--quiet",
              "--steps", str(options.steps), "--guidance", str(options.guidance),
              "--batch-size", "20"]
    run(program, *common, "--out", str(out / "plain"))
    run(program, *common, "--erasers", str(erasers), "--out", str(out / options.name))
    result = summarise(options.erase, rates(judge, job, out / "plain"),
                       rates(judge, job, out / options.name),
                       spread(job, out / "plain", out / options.name))
    result["build"] = options.build
    print(json.dumps(result))
    with open(out / "results.jsonl", "a") as file:
        file.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
