#!/usr/bin/env python3
"""The measured part of scripts/gpu_check.sh: a device against the CPU, as Markdown on stdout.

Pictures and erasers are made by the program as users run it, latents by the test program
`latents`. Reference is always the CPU in float32; on a GPU float32 is also computed without TF32,
which LibTorch uses for convolutions. Seconds a step are a difference of two runs with
different numbers of steps, so that loading and decoding do not count.
"""

import argparse
import dataclasses
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "benchmarks"))
import alternating  # noqa: E402

PROMPT, SEED = "a picture of a cat and a guitar", 7


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("program", "latents", "bundle", "device"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("dtypes", "batch-sizes"):
        parser.add_argument(f"--{name}", required=True, help="a list, separated by commas")
    for name in ("steps", "repeats"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.set_defaults(threads=alternating.THREADS, clock="wall")  # for alternating.run
    return parser.parse_args()


@dataclasses.dataclass(frozen=True)
class Variant:
    """Where and how the program computes."""

    device: str
    dtype: str
    tf32: bool = True  # where the device has it

    @property
    def title(self) -> str:
        return self.dtype if self.tf32 else f"{self.dtype} without TF32"

    @property
    def variables(self) -> dict[str, str]:
        return {} if self.tf32 else {"NVIDIA_TF32_OVERRIDE": "0"}


def variants(device: str, dtypes: list[str]) -> list[Variant]:
    """A row of the tables of agreement each."""
    found = []
    for dtype in dtypes:
        found.append(Variant(device, dtype))
        if dtype == "float32" and device.startswith("cuda"):
            found.append(Variant(device, dtype, tf32=False))
    return found


class Measurement:
    def __init__(self, a: argparse.Namespace, folder: pathlib.Path):
        self.a, self.folder, self.count = a, folder, 0

    def path(self) -> pathlib.Path:
        self.count += 1
        return self.folder / str(self.count)

    def run(self, variant: Variant, *command) -> alternating.Run:
        """A failure ends the measurement."""
        try:
            return alternating.run(list(command), self.a, variant.variables)
        except RuntimeError as error:
            raise SystemExit(str(error)) from error

    def build(self, v: Variant) -> pathlib.Path:
        out = self.path()
        self.run(v, self.a.program, "build", "--quiet", "--model", self.a.bundle, "--device",
            v.device, "--dtype", v.dtype, "--erase", "cat", "--mapping", "a picture of a balloon",
            "--surrogate", "a picture", "--anchors", "a picture of a dog", "--anchors",
            "a picture of a bear", "--num-seeds", "1", "--steps", str(max(self.a.steps, 4)),
            "--window", f"0:{max(self.a.steps, 4) // 2}", "--gate-start", "0", "--out", out)
        return out

    def generate(self, v: Variant, steps: int, *options) -> tuple:
        out = self.path()
        used = self.run(
            v, self.a.program, "generate", "--quiet", "--model", self.a.bundle, "--device",
            v.device, "--dtype", v.dtype, "--prompt", PROMPT, "--seed", SEED, "--steps", steps,
            "--filename", "{i}.png", "--out", out, *options)
        return np.asarray(Image.open(out / "0.png"), dtype=np.int64), used

    def latents(self, v: Variant, erasers) -> np.ndarray:
        out = self.path()
        self.run(v, self.a.latents, "sample", self.a.bundle, erasers, "pndm", self.a.steps, 7.5,
            SEED, PROMPT, out, v.device, v.dtype)
        return np.fromfile(out, dtype=np.float32).astype(np.float64)


def relative(got: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(got - expected) / np.linalg.norm(expected))


def eraser_difference(path: pathlib.Path, reference: pathlib.Path) -> dict[str, float]:
    """The largest relative difference over layers of what does not depend on a basis's sign."""
    got, expected = ({k: v.astype(np.float64) for k, v in load_file(p).items()}
                     for p in (path, reference))
    worst = {"map": 0.0, "gate projector": 0.0, "gate centre": 0.0}
    for name in (k.removesuffix("map_up") for k in expected if k.endswith("map_up")):
        def pair(of, name=name):
            gate = of[name + "gate_basis"]
            return {"map": of[name + "map_up"] @ of[name + "map_down"],
                    "gate projector": gate @ np.swapaxes(gate, -1, -2),
                    "gate centre": of[name + "gate_center"]}
        ours, theirs = pair(got), pair(expected)
        for what in worst:
            worst[what] = max(worst[what], relative(ours[what], theirs[what]))
    return worst


def agreement(m: Measurement, dtypes: list[str]) -> None:
    a, reference = m.a, Variant("cpu", "float32")
    erasers = m.build(reference)
    print("\n## Agreement with the CPU in float32\n\nPictures: difference of values 0…255. Latents, "
          f"erasers: relative. {a.steps} steps, pndm, the same erasers on both sides.\n")
    print("| dtype | | picture max | picture mean | latents |\n|---|---|---|---|---|")
    for title, file, options in (("plain", "-", ()), ("erased", erasers, ("--erasers", erasers))):
        picture = m.generate(reference, a.steps, *options)[0]
        latents = m.latents(reference, file)
        for v in variants(a.device, dtypes):
            difference = np.abs(m.generate(v, a.steps, *options)[0] - picture)
            apart = relative(m.latents(v, file), latents)
            print(f"| {v.title} | {title} | {difference.max()} | {difference.mean():.4f} "
                  f"| {apart:.2e} |")
    print("\n| dtype | map | gate projector | gate centre |\n|---|---|---|---|")
    for v in variants(a.device, dtypes):
        worst = eraser_difference(m.build(v), erasers)
        print(f"| {v.title} | " + " | ".join(f"{value:.2e}" for value in worst.values()) + " |")


def time_and_memory(m: Measurement, dtypes: list[str]) -> None:
    a = m.a
    print("\n## Time and memory\n\nSeconds a step of a batch: median of "
          f"{a.repeats}, (time of {3 * a.steps} steps - time of {a.steps}) / {2 * a.steps}. "
          "Memory: the most while sampling and decoding (GPU: 0 where nvidia-smi tells nothing).\n")
    print("| dtype | batch | s/step | least | most | GPU MiB | host MiB |\n"
          "|---|---|---|---|---|---|---|")
    for dtype in dtypes:
        for batch in (int(size) for size in a.batch_sizes.split(",")):
            options = ("--num-images", batch, "--batch-size", batch)
            seconds, gpu, host = [], 0, 0
            for _ in range(a.repeats):
                short = m.generate(Variant(a.device, dtype), a.steps, *options)[1]
                long = m.generate(Variant(a.device, dtype), 3 * a.steps, *options)[1]
                seconds.append((long.seconds - short.seconds) / (2 * a.steps))
                gpu, host = max(gpu, long.gpu_bytes), max(host, long.peak_bytes)
            print(f"| {dtype} | {batch} | {statistics.median(seconds):.4f} | {min(seconds):.4f} "
                  f"| {max(seconds):.4f} | {gpu >> 20} | {host >> 20} |")


def main() -> None:
    a = arguments()
    dtypes = a.dtypes.split(",")
    if shutil.which("nvidia-smi") and a.device != "cpu":
        print("\n```\n" + subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv"],
            capture_output=True, text=True, check=False).stdout + "```")
    with tempfile.TemporaryDirectory() as folder:
        measurement = Measurement(a, pathlib.Path(folder))
        agreement(measurement, dtypes)
        time_and_memory(measurement, dtypes)


if __name__ == "__main__":
    main()
