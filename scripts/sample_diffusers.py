#!/usr/bin/env python3
"""Samples pictures with diffusers' StableDiffusionPipeline, to compare gloce with.

float32 on the CPU; image i comes from torch.Generator("cpu").manual_seed(seed + i).
Writes DIR/0.png, 1.png, … and DIR/latents.safetensors with the final latents,
(N, C, H, W), before they are divided by the scaling factor.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline", metavar="PIPELINE", type=Path, help="pipeline folder")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--negative-prompt", default="")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--num-images", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--scheduler", choices=("ddim", "pndm", "lms"), default="pndm",
                        help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--guidance", type=float, default=7.5, help="default: %(default)s")
    parser.add_argument("--width", type=int, help="pixels (default: the model's)")
    parser.add_argument("--height", type=int, help="pixels (default: the model's)")
    parser.add_argument("--batch-size", type=int, default=4,
                        help="images computed at once (default: %(default)s)")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True)
    return parser.parse_args()


def load_pipeline(folder: Path, scheduler_name: str):
    """The pipeline in float32 with another scheduler of the same configuration.

    The scheduler is given to the constructor, which corrects its configuration
    (clip_sample, steps_offset) as it does with the pipeline's own.
    """
    import json

    import torch
    from diffusers import StableDiffusionPipeline
    from reference import schedulers

    config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder,
        scheduler=schedulers.make(scheduler_name, config),
        safety_checker=None,
        torch_dtype=torch.float32,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def sample(pipeline, options: argparse.Namespace, seeds: list[int]):
    """Pictures (PIL) and final latents of one batch."""
    import torch

    last = {}

    def keep(_pipeline, _step, _timestep, tensors):
        last["latents"] = tensors["latents"]
        return tensors

    pictures = pipeline(
        prompt=[options.prompt] * len(seeds),
        negative_prompt=[options.negative_prompt] * len(seeds),
        num_inference_steps=options.steps,
        guidance_scale=options.guidance,
        width=options.width,
        height=options.height,
        generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
        callback_on_step_end=keep,
        callback_on_step_end_tensor_inputs=["latents"],
    ).images
    return pictures, last["latents"]


def main() -> int:
    options = parse_arguments()
    from export.quiet import quieten

    quieten(offline=True)
    import torch
    from safetensors.torch import save_file

    pipeline = load_pipeline(options.pipeline, options.scheduler)
    options.out.mkdir(parents=True, exist_ok=True)
    seeds = [options.seed + i for i in range(options.num_images)]
    all_latents = []
    for start in range(0, len(seeds), options.batch_size):
        batch = seeds[start:start + options.batch_size]
        pictures, latents = sample(pipeline, options, batch)
        all_latents.append(latents)
        for i, picture in enumerate(pictures):
            picture.save(options.out / f"{start + i}.png")
    save_file({"latents": torch.cat(all_latents).contiguous()},
              options.out / "latents.safetensors")
    return 0


if __name__ == "__main__":
    sys.exit(main())
