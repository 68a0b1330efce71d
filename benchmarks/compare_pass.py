#!/usr/bin/env python3
"""A pass of a build, statistics included, and diffusers' step of as many pictures: seconds.

    benchmarks/compare_pass.py
    benchmarks/compare_pass.py --model build/random-bundle --pipeline build/random --steps 2 4

The build has two prompts and records every call but the first, where a real one's window is a part
of its calls. Loading and eigenvectors drop out by taking the difference of two builds, of which one
goes FEW and one MANY calls far, of 50. FEW must be 2 or more.
"""

import sys
import tempfile
from pathlib import Path

import alternating as turn
import compare_sampling

PROMPTS = 2  # the target's, and the one of all others


def build_command(options, out: Path):
    def command(steps: int) -> list:
        out.unlink(missing_ok=True)
        other = "a picture"
        return [options.program, "build", "--model", options.model, "--out", out, "--quiet",
                "--erase", "cat", "--mapping", other, "--surrogate", other, "--anchors", other,
                "--scheduler", options.scheduler, "--steps", 50, "--guidance", options.guidance,
                "--num-seeds", options.num_images, "--window", f"0:{steps}",
                "--batch-size", options.num_images, "--gate-start", 0, "--dtype", options.dtype,
                "--device", options.device]
    return command


def main() -> int:
    parser = turn.parser(__doc__)
    turn.step_options(parser, 5, 45)
    compare_sampling.picture_options(parser)
    options = turn.parse_steps(parser, least=2)

    with tempfile.TemporaryDirectory() as folder:
        build = build_command(options, Path(folder) / "erasers.safetensors")
        draw = compare_sampling.diffusers_command(options, Path(folder) / "diffusers")
        results = turn.in_turn(
            {"gloce build": lambda: turn.per_step(build, options, PROMPTS),
             "diffusers": lambda: turn.per_step(draw, options)}, options.rounds)
    figures = turn.print_steps(results, "diffusers")
    turn.write_json(options.json, {"threads": options.threads, "clock": options.clock,
                                   "steps": options.steps, "device": options.device,
                                   "figures": figures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
