#!/usr/bin/env python3
"""Trains the demo pipeline models/emoji, stage by stage.

Stages: tokenizer, vae, latents, denoiser, detector, assemble. Each leaves its
result in the work folder; a later stage reads the earlier ones'. From nothing:

    scripts/train_demo.py --work build/demo --out models/emoji

With --init, tokenizer and VAE are taken from a pipeline unchanged (so that its
latents stay valid) and the denoiser goes on from that pipeline's weights:

    scripts/train_demo.py --work build/demo --init models/emoji \\
        --minutes denoiser=70 --rate 4e-4 --out models/emoji

An interrupted denoiser stage goes on from its last checkpoint when it is
started again with the same work folder.
"""

import argparse
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

STAGES = ("tokenizer", "vae", "latents", "denoiser", "detector", "assemble")
DEFAULT_MINUTES = {"vae": 14.0, "denoiser": 120.0, "detector": 10.0}


def _pairs(items: list[str], option: str) -> dict[str, float]:
    try:
        return {name: float(value)
                for name, value in (item.split("=") for item in items)}
    except ValueError:
        raise SystemExit(f"{option}: got {items}, expected NAME=NUMBER ...")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", metavar="STAGE",
                        help=f"of {', '.join(STAGES)} (default: all)")
    parser.add_argument("--work", type=pathlib.Path, required=True,
                        help="folder for data, checkpoints and parts")
    parser.add_argument("--out", type=pathlib.Path,
                        default=pathlib.Path("models/emoji"),
                        help="the pipeline folder that assemble writes "
                        "(%(default)s)")
    parser.add_argument("--init", type=pathlib.Path, metavar="PIPELINE",
                        help="start from this pipeline's weights")
    parser.add_argument("--minutes", nargs="+", default=[],
                        metavar="STAGE=MINUTES",
                        help="training time per stage "
                        f"({', '.join(f'{k}={v:g}' for k, v in DEFAULT_MINUTES.items())})")
    parser.add_argument("--scenes", type=int, default=60_000,
                        help="scenes of the latents stage (%(default)s)")
    parser.add_argument("--oversample", nargs="+", default=[],
                        metavar="CONCEPT=FACTOR",
                        help="concepts that the denoiser sees more often")
    parser.add_argument("--rate", type=float, default=1e-3,
                        help="the denoiser's peak learning rate (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1,
                        help="CPU threads (%(default)s)")
    options = parser.parse_args(arguments)
    options.stages = options.stages or list(STAGES)
    for stage in options.stages:
        if stage not in STAGES:
            parser.error(f"stage: got {stage}, expected one of "
                         f"{', '.join(STAGES)}")
    options.minutes = {**DEFAULT_MINUTES,
                       **_pairs(options.minutes, "--minutes")}
    unknown = set(options.minutes) - set(DEFAULT_MINUTES)
    if unknown:
        parser.error(f"--minutes: got {sorted(unknown)}, expected "
                     f"{', '.join(DEFAULT_MINUTES)}")
    options.oversample = _pairs(options.oversample, "--oversample")
    return options


def run_tokenizer(options: argparse.Namespace) -> None:
    from demo import tokenizer
    if options.init:
        shutil.copytree(options.init / "tokenizer",
                        options.work / "tokenizer", dirs_exist_ok=True)
    else:
        tokenizer.train(options.work / "tokenizer")


def run_vae(options: argparse.Namespace) -> None:
    from demo import vae
    if options.init:
        shutil.copytree(options.init / "vae", options.work / "vae",
                        dirs_exist_ok=True)
    else:
        vae.train(options.work / "vae", options.minutes["vae"], options.seed)


def run_latents(options: argparse.Namespace) -> None:
    from demo import latents, tokenizer, vae
    latents.make(options.work / "latents.pt", vae.load(options.work / "vae"),
                 tokenizer.load(options.work / "tokenizer"), options.scenes,
                 options.seed + 7)


def run_denoiser(options: argparse.Namespace) -> None:
    from demo import denoiser, scenes, tokenizer
    unknown = set(options.oversample) - set(scenes.CONCEPTS)
    if unknown:
        raise SystemExit(f"--oversample: unknown concepts {sorted(unknown)}")
    clip_tokenizer = tokenizer.load(options.work / "tokenizer")
    networks = (denoiser.load(options.init) if options.init
                else denoiser.build(len(clip_tokenizer)))
    batches = denoiser.Batches(
        options.work / "latents.pt",
        tokenizer.encode(clip_tokenizer, [""])[0], options.oversample)
    denoiser.train(options.work / "denoiser", networks, batches,
                   options.minutes["denoiser"], options.rate, options.seed)


def run_detector(options: argparse.Namespace) -> None:
    from demo import detector_training, vae
    detector_training.train(options.work / "detector",
                            vae.load(options.work / "vae"),
                            options.minutes["detector"], options.seed)


def run_assemble(options: argparse.Namespace) -> None:
    from demo import pipeline
    import torch
    scale = torch.load(options.work / "latents.pt", mmap=True)["scale"]
    pipeline.assemble(options.work, scale, options.out)


def main() -> None:
    options = parse_arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))
    import torch
    torch.set_num_threads(options.threads)
    run = {"tokenizer": run_tokenizer, "vae": run_vae, "latents": run_latents,
           "denoiser": run_denoiser, "detector": run_detector,
           "assemble": run_assemble}
    for stage in STAGES:
        if stage in options.stages:
            run[stage](options)


if __name__ == "__main__":
    main()
