#!/usr/bin/env python3
"""Writes the reference values in tests/data/golden/ with diffusers and transformers.

The files are committed; run this again after changing what they cover. Each
records the command and the versions it was made with.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

NAMES = ("timesteps", "trajectories", "tokenizer")


def write_timesteps(path: Path, command: str) -> None:
    from reference import record, schedulers

    record.write_json(path, {
        **record.origin(command, ["diffusers", "numpy", "torch"]),
        "config": schedulers.SD1_CONFIG,
        "max_steps": schedulers.MAX_STEPS,
        "cases": schedulers.timesteps_cases(),
    })


def write_trajectories(path: Path, command: str) -> None:
    from reference import record, schedulers

    record.write_json(path, {
        **record.origin(command, ["diffusers", "numpy", "scipy", "torch"]),
        "model_output": "sin(1.3 * sample + timestep / 1000)",
        "start_noise": [schedulers.shortest(x)
                        for x in schedulers.start_noise().flatten().tolist()],
        "cases": schedulers.trajectory_cases(),
    })


def write_tokenizer(path: Path, command: str) -> None:
    from export.tokenizer import write_vocabulary
    from reference import clip_tokenizer, record, texts
    from transformers import CLIPTokenizer

    demo = CLIPTokenizer.from_pretrained(ROOT / "models/emoji/tokenizer")
    with tempfile.TemporaryDirectory() as folder:
        write_vocabulary(demo, Path(folder))
        tokenizer = clip_tokenizer.from_files(Path(folder), demo.model_max_length)
    cases = [clip_tokenizer.encode(demo, text) for text in texts.HARD_CASES]
    if cases != [clip_tokenizer.encode(tokenizer, text) for text in texts.HARD_CASES]:
        raise AssertionError("the exported vocabulary gives other ids than the pipeline's")
    record.write_json(path, {
        **record.origin(command, ["tokenizers", "transformers"]),
        "vocabulary": "models/emoji/tokenizer",
        "max_length": demo.model_max_length,
        "cases": cases,
    })


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", metavar="NAME", nargs="*",
                        help=f"which files: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--out", metavar="DIR", type=Path, default=ROOT / "tests/data/golden",
                        help="where to write them (default: tests/data/golden)")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown file {sorted(unknown)[0]}, expected one of {', '.join(NAMES)}")
    from export.quiet import quieten

    quieten(offline=True)
    writers = {"timesteps": write_timesteps, "trajectories": write_trajectories,
               "tokenizer": write_tokenizer}
    for name in options.names or NAMES:
        writers[name](options.out / f"{name}.json", f"scripts/make_golden.py {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
