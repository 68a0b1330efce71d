"""How many pictures (prompts × seeds) the statistics of a concept need.

`gloce build --num-seeds N` always takes the seeds 0 … N-1. For repeats with other seeds, the
statistics are computed by scripts/reference, the method once more in plain Python, on activations
in float32; with the seeds 0 … N-1 its erasers are those of gloce (tests/scripts/study_test.py).
"""

import itertools
import json
import pathlib

import torch

from study import erasers_file
from study.bench import Bench, rows_of

# Nearly the noise levels and the cost of --plan fast, by a solver that scripts/reference has.
SAMPLING = ["--scheduler", "ddim", "--steps", "10", "--window", "0:4", "--gate-start", "0.8"]


def erased_of(bench: Bench) -> tuple[str, ...]:
    """Half of those that the other parts erase: sampling for many seeds is what takes time."""
    return bench.scale.erased[::2]


class Repeats:
    """Fits with any seeds. A (prompt, seed) is sampled once."""

    def __init__(self, bench: Bench):
        from reference.model import Model
        erase = [word for name in erased_of(bench) for word in ("--erase", name)]
        self.concepts = json.loads(bench.run("build", *erase, *SAMPLING, "--dry-run",
                                             "--json"))["concepts"]
        self.model = Model(bench.options.pipeline, torch.float32)
        self.known = {}

    def recording(self, concept: dict, prompt: str, seed: int):
        from reference.fit import record_run
        if (prompt, seed) not in self.known:
            self.known[prompt, seed] = record_run(self.model, concept, prompt, seed)
        return [[x.double() for x in calls] for calls in self.known[prompt, seed]]

    def fits(self, seeds: range) -> list:
        """By concept and layer."""
        from reference.fit import fit
        return [fit(self.model, {**concept, "num_seeds": len(seeds)},
                    lambda _m, c, prompt, n: self.recording(c, prompt, seeds[n]))
                for concept in self.concepts]


def erasers_path(bench: Bench, seeds: int, repeat: int) -> pathlib.Path:
    names = "-".join(erased_of(bench))
    return bench.out / "images" / f"{names}-{seeds}-{repeat}.safetensors"


def run(bench: Bench) -> list[dict]:
    erased, sizes = erased_of(bench), bench.scale.sizes
    base, repeats = None, None

    def erasers(seeds: int, repeat: int) -> pathlib.Path:
        nonlocal base, repeats
        path = erasers_path(bench, seeds, repeat)
        if not path.is_file():
            base = base or bench.build(
                bench.out / "images" / f"{'-'.join(erased)}-base.safetensors", erased, *SAMPLING,
                "--num-seeds", 1)
            repeats = repeats or Repeats(bench)
            chosen = range(repeat * seeds, (repeat + 1) * seeds)
            erasers_file.replace_fit(base, path, repeats.fits(chosen), seeds)
        return path

    lines = []
    for seeds, (count, drawn) in bench.scale.images.items():
        for repeat in range(count):
            erasers(seeds, repeat)  # of those that are not drawn, the gates are compared
        for repeat in range(drawn):
            lines.append(bench.measure(
                "images", {"seeds": seeds, "repeat": repeat}, erased, sizes,
                lambda: bench.plain("plain", [rows_of(erased, sizes)]),
                lambda rows, folder: bench.draw(rows, folder, erasers(seeds, repeat))))
    return lines


def angle(a: torch.Tensor, b: torch.Tensor) -> float:
    """The largest principal angle between the spans of orthonormal columns, in degrees."""
    cosines = torch.linalg.svdvals(a.double().T @ b.double()).clamp(max=1)
    return float(torch.rad2deg(torch.arccos(cosines.min())))


def movement(bench: Bench) -> dict[int, dict]:
    """Number of seeds -> what differs between repeats, whose seeds differ.

    angles: of V_gate, degrees, every pair of repeats, concept and layer. centers: c, mean over
    concepts and layers, of every repeat. spread: standard deviation of c over repeats, mean over
    concepts and layers. A number with one repeat has no angles and no spread.
    """
    found = {}
    for seeds, (count, _) in bench.scale.images.items():
        files = [erasers_file.read(erasers_path(bench, seeds, r))[0] for r in range(count)]
        bases = [name for name in files[0] if name.endswith(".gate_basis")]
        angles = [angle(a_n, b_n) for a, b in itertools.combinations(files, 2)
                  for name in bases for a_n, b_n in zip(a[name], b[name], strict=True)]
        centers = torch.stack([torch.cat([f[name.replace("gate_basis", "gate_center")]
                                          for name in bases]) for f in files])  # (repeats, …)
        found[seeds] = {"angles": angles, "centers": centers.mean(1).tolist(),
                        "spread": float(centers.std(0).mean()) if count > 1 else None}
    return found
