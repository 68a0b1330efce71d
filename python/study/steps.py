"""Which steps matter: when the gate acts, and which steps the statistics are taken from.

`gloce generate` knows from when on a gate acts, not until when; so these pictures are drawn by
diffusers with the Python package.
"""

import functools
import pathlib

import torch

import gloce
from demo.erasure_figures import Row
from study.bench import GUIDANCE, Bench, rows_of

EVERY = 1001  # above all timesteps
# The gate acts where until < t <= start. Timesteps of 10 steps: 901, 811, … 91.
WINDOWS = [(0, EVERY), (0, 0), (811, EVERY), (631, EVERY), (451, EVERY),
           (0, 811), (0, 721), (0, 631)]
# Of DDIM with 10 steps, whose calls 0, 1, … are the timesteps 901, 801, …; start < call <= end.
STATISTICS = ["2:4", "6:9"]


class Sampler:
    """diffusers' pipeline, with the solver that gloce draws with."""

    def __init__(self, bench: Bench):
        from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
        self.steps = bench.scale.steps
        self.pipe = StableDiffusionPipeline.from_pretrained(
            bench.options.pipeline, safety_checker=None, torch_dtype=torch.float32)
        self.pipe.scheduler = DPMSolverMultistepScheduler.from_config(self.pipe.scheduler.config)
        self.pipe.set_progress_bar_config(disable=True)

    def draw(self, rows: list[Row], folder: pathlib.Path, batch: int = 24) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        pictures = [(row, i) for row in rows for i in range(row.count)]
        for begin in range(0, len(pictures), batch):
            part = pictures[begin:begin + batch]
            images = self.pipe(
                [row.prompt for row, _ in part], num_inference_steps=self.steps,
                guidance_scale=GUIDANCE,
                generator=[torch.Generator().manual_seed(row.seed + i) for row, i in part]).images
            for (row, i), image in zip(part, images):
                image.save(folder / f"{row.case}_{i}.png")

    def draw_within(self, rows: list[Row], folder: pathlib.Path, erasers: pathlib.Path,
                    until: int, start: int) -> None:
        """Draws with erasers that act where until < t <= start."""
        with gloce.attach(self.pipe.unet, erasers) as attached:
            def choose(_module, arguments, keywords):
                t = keywords.get("timestep", arguments[1] if len(arguments) > 1 else None)
                attached.strength = float(until < float(t) <= start)

            handle = self.pipe.unet.register_forward_pre_hook(choose, with_kwargs=True)
            try:
                self.draw(rows, folder)
            finally:
                handle.remove()


def run(bench: Bench) -> list[dict]:
    erased, sizes = bench.scale.erased, bench.scale.few
    names = "-".join(erased)
    sampler = functools.cache(lambda: Sampler(bench))

    @functools.cache
    def plain() -> pathlib.Path:
        """Drawn the same way, so that nothing but the window differs."""
        sampler().draw(rows_of(erased, sizes), bench.out / "steps" / "plain")
        return bench.out / "steps" / "plain"

    lines = []
    for until, start in WINDOWS[:bench.scale.steps_windows]:
        def draw(rows, folder):
            erasers = bench.build(bench.out / "steps" / f"{names}.safetensors", erased,
                                  "--plan", "fast", "--gate-start", 0)
            sampler().draw_within(rows, folder, erasers, until, start)

        lines.append(bench.measure("steps", {"until": until, "from": start}, erased, sizes, plain,
                                   draw))
    for window in STATISTICS[:bench.scale.statistics_windows]:
        def draw_statistics(rows, folder):
            path = bench.out / "steps" / f"{names}-{window.replace(':', '-')}.safetensors"
            bench.draw(rows, folder, bench.build(
                path, erased, "--scheduler", "ddim", "--steps", 10, "--window", window,
                "--gate-start", 0.8, "--num-seeds", 2))

        lines.append(bench.measure(
            "statistics", {"window": window}, erased, sizes,
            lambda: bench.plain("plain", [rows_of(erased, sizes)]), draw_statistics))
    return lines
