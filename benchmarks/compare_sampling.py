#!/usr/bin/env python3
"""Plain sampling with gloce and with diffusers: seconds a step, and peak memory.

    benchmarks/compare_sampling.py
    benchmarks/compare_sampling.py --model build/random-bundle --pipeline build/random --steps 1 4

Both draw the same pictures from the same seeds with the same scheduler, steps, guidance, dtype and
threads, in processes of their own, in turn. Loading and decoding are left out by taking the
difference of two step counts. --against-dtype bfloat16 compares gloce in two types instead.
--device cuda runs both there, and reports the GPU's memory, too.
"""

import sys
import tempfile
from pathlib import Path

import alternating as turn

HERE = Path(__file__).resolve().parent


def gloce_command(options, folder: Path, dtype: str):
    def command(steps: int) -> list:
        return [options.program, "generate", "--model", options.model, "--out", folder,
                "--prompt", options.prompt, "--num-images", options.num_images,
                "--batch-size", options.num_images, "--steps", steps, "--guidance",
                options.guidance, "--scheduler", options.scheduler, "--dtype", dtype,
                "--device", options.device, "--overwrite", "--quiet"]
    return command


def diffusers_command(options, folder: Path):
    def command(steps: int) -> list:
        return [sys.executable, "-W", "ignore", HERE / "diffusers_worker.py", options.pipeline,
                "--scheduler", options.scheduler, "--steps", steps, "--guidance",
                options.guidance, "--dtype", options.dtype, "--device", options.device,
                "--prompt", options.prompt, "--num-images", options.num_images, "--out", folder]
    return command


def picture_options(parser) -> None:
    """What both sides must draw alike."""
    parser.add_argument("--scheduler", choices=("ddim", "pndm", "lms", "euler"), default="ddim")
    parser.add_argument("--guidance", type=float, default=7.5, help="(%(default)s)")
    parser.add_argument("--dtype", choices=turn.DTYPES, default="float32")


def main() -> int:
    parser = turn.parser(__doc__)
    turn.step_options(parser)
    picture_options(parser)
    parser.add_argument("--against-dtype", choices=turn.DTYPES,
                        help="compare with gloce in this type, not with diffusers")
    options = turn.parse_steps(parser)

    with tempfile.TemporaryDirectory() as folder:
        name = f"gloce {options.dtype}"
        commands = {name: gloce_command(options, Path(folder) / "gloce", options.dtype)}
        if options.against_dtype:
            base = f"gloce {options.against_dtype}"
            commands[base] = gloce_command(options, Path(folder) / "other",
                                           options.against_dtype)
        else:
            base = f"diffusers {options.dtype}"
            commands[base] = diffusers_command(options, Path(folder) / "diffusers")
        results = turn.in_turn(
            {name: lambda c=command: turn.per_step(c, options)
             for name, command in commands.items()}, options.rounds)
    figures = turn.print_steps(results, base)
    turn.write_json(options.json, {"threads": options.threads, "clock": options.clock,
                                   "steps": options.steps, "device": options.device,
                                   "figures": figures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
