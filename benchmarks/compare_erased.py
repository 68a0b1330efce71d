#!/usr/bin/env python3
"""Erased sampling with gloce, plain gloce, diffusers with python/gloce, and the Python reference.

    benchmarks/compare_erased.py

Builds erasers of a concept list first, or takes --erasers. DDIM, guidance 7.5; the reference in
float32 on the CPU only. Seconds a step and memory: loading and decoding are left out by taking the
difference of two step counts; erasers act from their noise level on, so a step of MANY is one with
erasers or without as in a whole picture. What the operator alone costs is more exactly measured by
erasing_cost.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import alternating as turn

HERE = Path(__file__).resolve().parent


def settings(options: argparse.Namespace) -> list:
    """What a list of names lacks on a bundle without defaults, as one of Stable Diffusion's is.

    Few passes: what a step costs does not depend on them.
    """
    manifest = json.loads((options.model / "bundle.json").read_text(encoding="utf-8"))
    if manifest.get("defaults") or options.concepts.suffix == ".json":
        return []
    return ["--mapping", "a picture of a tree", "--surrogate", "a picture", "--anchors",
            "a picture of a dog", "--anchors", "a picture of a bear", "--num-seeds", 1]


def build_command(options: argparse.Namespace, out: Path) -> list:
    return [options.program, "build", "--model", options.model, "--concepts", options.concepts,
            "--device", options.device, "--dtype", options.dtype, "--quiet", "--out", out,
            *settings(options)]


def main() -> int:
    parser = turn.parser(__doc__)
    turn.step_options(parser)
    parser.add_argument("--concepts", type=Path, default=HERE / "demo_10.txt",
                        help="concept list (%(default)s)")
    parser.add_argument("--erasers", type=Path, help="built before, instead of --concepts")
    parser.add_argument("--dtype", choices=turn.DTYPES, default="float32")
    parser.add_argument("--no-reference", action="store_true",
                        help="without the Python reference (so on a GPU, and in half types)")
    options = turn.parse_steps(parser)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        erasers = options.erasers
        if erasers is None:
            erasers = folder / "erasers.safetensors"
            turn.run(build_command(options, erasers), options)

        def gloce(*extra):
            return lambda steps: [
                options.program, "generate", "--model", options.model, "--out", folder / "out",
                "--prompt", options.prompt, "--num-images", options.num_images, "--batch-size",
                options.num_images, "--steps", steps, "--guidance", "7.5", "--scheduler", "ddim",
                "--device", options.device, "--dtype", options.dtype, "--overwrite", "--quiet",
                *extra]

        def diffusers(steps):
            return [sys.executable, "-W", "ignore", HERE / "diffusers_worker.py", options.pipeline,
                    "--scheduler", "ddim", "--steps", steps, "--guidance", "7.5", "--dtype",
                    options.dtype, "--device", options.device, "--prompt", options.prompt,
                    "--num-images", options.num_images, "--erasers", erasers,
                    "--out", folder / "diffusers"]

        def reference(steps):
            return [sys.executable, "-W", "ignore", HERE / "reference_worker.py", "sample",
                    options.pipeline, "float32", erasers, steps, options.prompt]

        commands = {"gloce plain": gloce(), "gloce erased": gloce("--erasers", erasers),
                    "diffusers erased": diffusers}
        if not options.no_reference and options.device == "cpu" and options.dtype == "float32":
            commands["reference erased"] = reference
        results = turn.in_turn(
            {name: lambda c=command: turn.per_step(c, options)
             for name, command in commands.items()}, options.rounds)
    figures = turn.print_steps(results, "gloce plain")
    turn.write_json(options.json, {"threads": options.threads, "clock": options.clock,
                                   "steps": options.steps, "device": options.device,
                                   "figures": figures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
