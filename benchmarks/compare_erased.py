#!/usr/bin/env python3
"""Erased sampling with gloce, plain gloce, diffusers with python/gloce, and the Python reference.

    benchmarks/compare_erased.py

Builds erasers of a concept list first, or takes --erasers. DDIM, guidance 7.5, float32; the
reference on the CPU only. Seconds a step and memory: loading and decoding are left out by taking the difference of two step counts; erasers act
from their noise level on, so a step of MANY is one with erasers or without as in a whole picture.
What the operator alone costs is more exactly measured by erasing_cost.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import alternating as turn

HERE = Path(__file__).resolve().parent


def main() -> int:
    parser = turn.parser(__doc__)
    turn.step_options(parser)
    parser.add_argument("--concepts", type=Path, default=HERE / "demo_10.txt",
                        help="concept list (%(default)s)")
    parser.add_argument("--erasers", type=Path, help="built before, instead of --concepts")
    parser.add_argument("--no-reference", action="store_true",
                        help="without the Python reference (so on a GPU)")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        erasers = options.erasers
        if erasers is None:
            erasers = folder / "erasers.safetensors"
            subprocess.run([options.program, "build", "--model", options.model, "--concepts",
                            options.concepts, "--device", options.device, "--quiet", "--out", erasers],
                           check=True)

        def gloce(*extra):
            return lambda steps: [
                options.program, "generate", "--model", options.model, "--out", folder / "out",
                "--prompt", options.prompt, "--num-images", options.num_images, "--batch-size",
                options.num_images, "--steps", steps, "--guidance", "7.5", "--scheduler", "ddim",
                "--device", options.device, "--overwrite", "--quiet", *extra]

        def diffusers(steps):
            return [sys.executable, "-W", "ignore", HERE / "diffusers_worker.py", options.pipeline,
                    "--scheduler", "ddim", "--steps", steps, "--guidance", "7.5", "--dtype",
                    "float32", "--device", options.device, "--prompt", options.prompt,
                    "--num-images", options.num_images, "--erasers", erasers,
                    "--out", folder / "diffusers"]

        def reference(steps):
            return [sys.executable, "-W", "ignore", HERE / "reference_worker.py", "sample",
                    options.pipeline, "float32", erasers, steps, options.prompt]

        commands = {"gloce plain": gloce(), "gloce erased": gloce("--erasers", erasers),
                    "diffusers erased": diffusers}
        if not options.no_reference and options.device == "cpu":
            commands["reference erased"] = reference
        results = turn.in_turn(
            {name: lambda c=command: turn.per_step(c, options)
             for name, command in commands.items()}, options.rounds)
    figures = turn.print_steps(results, "gloce plain")
    turn.write_json(options.json, {"threads": options.threads, "clock": options.clock, "steps": options.steps,
                                   "device": options.device, "figures": figures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
