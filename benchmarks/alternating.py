"""Programs run in turn, so that what else the machine does falls on all alike.

Nothing large may be imported here: a child's peak memory counts from its parent's.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from gpu_memory import GpuMemory

DTYPES = ("float32", "float16", "bfloat16")
# Every processor, unless the environment asks for fewer, as it should beside other work.
THREADS = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count())
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Run:
    """One process, from start to end."""

    seconds: float
    peak_bytes: int  # largest resident set, VmHWM
    gpu_bytes: int = 0  # most of the GPU's memory above what was used before


def run(command: list, options: argparse.Namespace, variables: dict | None = None) -> Run:
    """Runs a command on options.threads threads, timed by options.clock.

    variables: of its environment, beside this one's. RuntimeError with its output if it fails.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads), **(variables or {})}
    with GpuMemory(getattr(options, "device", "cpu")) as gpu:
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit code {process.returncode}: {output.strip()}")
    seconds = wall if options.clock == "wall" else usage.ru_utime + usage.ru_stime
    return Run(seconds, usage.ru_maxrss * 1024, gpu.peak_bytes)


def in_turn(contenders: dict, rounds: int) -> dict[str, list]:
    """{name: [what its function returned, a round each]}; every round runs all, in order."""
    results = {name: [] for name in contenders}
    for n in range(rounds):
        for name, contender in contenders.items():
            results[name].append(contender())
            print(f"round {n + 1}/{rounds}: {name}", file=sys.stderr, flush=True)
    return results


@dataclass(frozen=True)
class Steps:
    """Two runs that differ in their number of steps alone."""

    seconds_per_step: float
    peak_bytes: int
    gpu_bytes: int = 0


def per_step(command, options: argparse.Namespace, times: int = 1) -> Steps:
    """Seconds a step, without loading and decoding.

    command(steps) gives a command that takes `times` as many steps.
    """
    few, many = options.steps
    short, long = run(command(few), options), run(command(many), options)
    seconds = (long.seconds - short.seconds) / (times * (many - few))
    return Steps(seconds, long.peak_bytes, long.gpu_bytes)


def ratio(results: dict[str, list], name: str, base: str, value) -> float:
    """Median over the rounds of value(name's) ÷ value(base's) in the same round."""
    return median(value(a) / value(b) for a, b in zip(results[name], results[base]))


def parser(description: str, **defaults) -> argparse.ArgumentParser:
    """Options that all comparisons share; defaults: rounds, threads."""
    made = argparse.ArgumentParser(description=description,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--program", type=Path, default=ROOT / "build/gloce")
    made.add_argument("--model", type=Path, default=ROOT / "build/emoji",
                      help="bundle (%(default)s)")
    made.add_argument("--pipeline", type=Path, default=ROOT / "models/emoji",
                      help="the diffusers folder it was made from (%(default)s)")
    made.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    made.add_argument("--threads", type=int, default=THREADS, help="(%(default)s)")
    made.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                      help="cpu: user and system time; with --threads 1 it is the wall time of a"
                           " machine that has nothing else to do")
    made.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    made.set_defaults(**defaults)
    return made


def step_options(made: argparse.ArgumentParser, few: int = 5, many: int = 55) -> None:
    """Options of comparisons of sampling; few, many: default of --steps."""
    made.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N (%(default)s)")
    made.add_argument("--steps", type=int, nargs=2, default=(few, many), metavar=("FEW", "MANY"),
                      help="the step is (time of MANY - time of FEW) / (MANY - FEW)"
                           f" ({few} {many})")
    made.add_argument("--prompt", default="a picture of a cat and a guitar")
    made.add_argument("--num-images", type=int, default=1, help="in one batch (%(default)s)")


def parse_steps(made: argparse.ArgumentParser, least: int = 1) -> argparse.Namespace:
    """The options; ends the program unless least <= FEW < MANY."""
    options = made.parse_args()
    few, many = options.steps
    if not least <= few < many:
        made.error(f"--steps: got {few} {many}, expected {least} or more, and then more than that")
    return options


def write_json(path: Path | None, document: dict) -> None:
    if path is not None:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def print_steps(results: dict[str, list[Steps]], base: str) -> dict:
    """Prints a line a contender, ratios to `base`; returns the same figures."""
    figures = {}
    for name, found in results.items():
        figures[name] = {
            "ms_per_step": 1e3 * median(r.seconds_per_step for r in found),
            "all_ms_per_step": [1e3 * r.seconds_per_step for r in found],
            "peak_mib": median(r.peak_bytes for r in found) / 2**20,
            "time_ratio": ratio(results, name, base, lambda r: r.seconds_per_step),
            "memory_ratio": ratio(results, name, base, lambda r: r.peak_bytes),
            "gpu_peak_mib": median(r.gpu_bytes for r in found) / 2**20,
        }
        f = figures[name]
        print(f"{name:24} {f['ms_per_step']:9.1f} ms a step ({f['time_ratio']:.3f} of {base})"
              f"  peak {f['peak_mib']:7.0f} MiB ({f['memory_ratio']:.3f})"
              + (f"  GPU {f['gpu_peak_mib']:.0f} MiB" if f["gpu_peak_mib"] else ""))
    return figures
