#!/usr/bin/env python3
"""Compares gloce's pictures with those of diffusers' StableDiffusionPipeline.

    scripts/check_pictures.py --program build/gloce --bundle BUNDLE --pipeline models/emoji

Same prompts, negative prompts and seeds, float32, with each scheduler, converted
from the pipeline's own as a user does it. Exit code 1 if any value of any picture
differs by more than 1/255, or if all pictures of a scheduler are nearly flat, which
would say nothing.
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
# "!" is also the padding of Stable Diffusion 2.x, whose tokenizer treats it so.
PROMPT, NEGATIVE = "a picture of a cat and a guitar on a blue background!", "a house"
SEED, COUNT, STEPS = 7, 2, 20


SCHEDULERS = {
    "pndm": ("PNDMScheduler", {}),
    "ddim": ("DDIMScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {}),
    "lms_karras": ("LMSDiscreteScheduler", {"use_karras_sigmas": True}),
    "euler_karras": ("EulerDiscreteScheduler", {"use_karras_sigmas": True}),
    "dpmpp_2m_karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
}
LEAST_SPREAD = 5  # standard deviation of a picture's values


def reference(pipe, scheduler) -> np.ndarray:
    """Pictures (COUNT, height, width, 3) uint8 by diffusers."""
    pipe.scheduler = scheduler
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
    import diffusers

    pipe = diffusers.StableDiffusionPipeline.from_pretrained(
        options.pipeline, torch_dtype=torch.float32, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    own = pipe.scheduler.config
    worst = 0
    for name, (class_name, fields) in SCHEDULERS.items():
        if name == "dpmpp_2m_karras" and own.get("rescale_betas_zero_snr"):
            # The first timesteps are equal; diffusers then begins at the second and
            # fails at the end.
            continue
        expected = reference(
            pipe, getattr(diffusers, class_name).from_config(own, **fields)).astype(int)
        if expected.std() < LEAST_SPREAD:
            print(f"{name}: the pictures are nearly flat: standard deviation"
                  f" {expected.std():.1f} of 255")
            return 1
        difference = np.abs(ours(options.program, options.bundle, name).astype(int) - expected)
        print(f"{name}: largest difference {difference.max()}/255, "
              f"{(difference > 0).mean():.2e} of the values")
        worst = max(worst, int(difference.max()))
    return 0 if worst <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
