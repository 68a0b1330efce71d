#!/usr/bin/env python3
"""Draws pictures with diffusers, as a plain program would; the comparisons of sampling time it.

--erasers: erased by the Python package (python/gloce).
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))


def main() -> int:
    from export.quiet import quieten
    quieten(offline=True)
    import diffusers
    import torch

    schedulers = {"ddim": diffusers.DDIMScheduler, "pndm": diffusers.PNDMScheduler,
                  "lms": diffusers.LMSDiscreteScheduler,
                  "euler": diffusers.EulerDiscreteScheduler}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pipeline", type=Path)
    parser.add_argument("--scheduler", choices=schedulers, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--guidance", type=float, required=True)
    parser.add_argument("--dtype", choices=("float32", "float16", "bfloat16"), required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--erasers", type=Path)
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--num-images", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    o = parser.parse_args()

    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(
        o.pipeline, torch_dtype=getattr(torch, o.dtype), safety_checker=None).to(o.device)
    pipeline.scheduler = schedulers[o.scheduler].from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    if o.erasers:
        import gloce
        gloce.attach(pipeline.unet, o.erasers)
    generators = [torch.Generator("cpu").manual_seed(n) for n in range(o.num_images)]
    images = pipeline(o.prompt, num_inference_steps=o.steps, guidance_scale=o.guidance,
                      num_images_per_prompt=o.num_images, generator=generators).images
    o.out.mkdir(parents=True, exist_ok=True)
    for n, image in enumerate(images):
        image.save(o.out / f"{n}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
