#!/usr/bin/env python3
"""Compares gloce's pictures with those of diffusers' StableDiffusionPipeline.

    scripts/check_pictures.py --program build/gloce --bundle BUNDLE --pipeline models/emoji

Same prompts, negative prompts and seeds, float32, with each scheduler. Exit code
1 if any value of any picture differs by more than 1/255.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
from PIL import Image

warnings.filterwarnings("ignore")
PROMPT, NEGATIVE = "a picture of a cat and a guitar on a blue background", "a house"
SEED, COUNT, STEPS = 7, 2, 20


def reference(pipe, scheduler_class) -> np.ndarray:
    """Pictures (COUNT, height, width, 3) uint8 by diffusers."""
    pipe.scheduler = scheduler_class.from_config(pipe.scheduler.config)
    generators = [torch.Generator("cpu").manual_seed(SEED + i) for i in range(COUNT)]
    images = pipe([PROMPT] * COUNT, negative_prompt=[NEGATIVE] * COUNT,
                  num_inference_steps=STEPS, guidance_scale=7.5, generator=generators,
                  output_type="np").images
    return (images * 255).round().astype(np.uint8)


def ours(program: str, bundle: str, scheduler: str) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "generate", "--quiet", "--model", bundle, "--prompt", PROMPT,
                        "--negative-prompt", NEGATIVE, "--seed", str(SEED), "--num-images",
                        str(COUNT), "--steps", str(STEPS), "--scheduler", scheduler,
                        "--filename", "{i}.png", "--out", folder], check=True)
        return np.stack([np.asarray(Image.open(pathlib.Path(folder) / f"{i}.png"))
                         for i in range(COUNT)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--program", "--bundle", "--pipeline"):
        parser.add_argument(option, required=True)
    options = parser.parse_args()
    from diffusers import (DDIMScheduler, LMSDiscreteScheduler, PNDMScheduler,
                           StableDiffusionPipeline)

    pipe = StableDiffusionPipeline.from_pretrained(
        options.pipeline, torch_dtype=torch.float32, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    worst = 0
    for name, scheduler_class in (("pndm", PNDMScheduler), ("ddim", DDIMScheduler),
                                  ("lms", LMSDiscreteScheduler)):
        expected = reference(pipe, scheduler_class).astype(int)
        difference = np.abs(ours(options.program, options.bundle, name).astype(int) - expected)
        print(f"{name}: largest difference {difference.max()}/255, "
              f"{(difference > 0).mean():.2e} of the values")
        worst = max(worst, int(difference.max()))
    return 0 if worst <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
