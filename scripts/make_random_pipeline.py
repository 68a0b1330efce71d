#!/usr/bin/env python3
"""Makes a pipeline of Stable Diffusion 1.4's shape with random weights, to measure costs.

    scripts/make_random_pipeline.py build/random
    scripts/export_bundle.py build/random --out build/random-bundle --no-check

U-Net 860 M parameters, text encoder 12 layers and 77 tokens, VAE 84 M parameters; the tokenizer is the
demo's. Pictures mean nothing. Takes 4 GiB of memory and, with --dtype float32, 4 GiB of disk.
--size small has the same layers 16 times narrower, for a try.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

# Divisor of every width.
SIZES = {"full": 1, "small": 16}
DTYPES = ("float16", "float32")


def make_pipeline(divisor: int, seed: int):
    import torch
    from diffusers import (
        AutoencoderKL,
        PNDMScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(seed)
    tokenizer = CLIPTokenizer.from_pretrained(ROOT / "models/emoji/tokenizer",
                                              model_max_length=77)
    groups = 32 // divisor
    text_width = 768 // divisor
    text_encoder = CLIPTextModel(CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=text_width, intermediate_size=4 * text_width,
        num_hidden_layers=12, num_attention_heads=12, max_position_embeddings=77,
        projection_dim=text_width, hidden_act="quick_gelu",
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id))
    unet = UNet2DConditionModel(
        sample_size=64, cross_attention_dim=text_width, attention_head_dim=8 // min(divisor, 4),
        norm_num_groups=groups,
        block_out_channels=tuple(width // divisor for width in (320, 640, 1280, 1280)))
    vae = AutoencoderKL(
        block_out_channels=tuple(width // divisor for width in (128, 256, 512, 512)),
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2, latent_channels=4, norm_num_groups=min(groups, 128 // divisor),
        sample_size=512, scaling_factor=0.18215)
    scheduler = PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True,
        set_alpha_to_one=False, steps_offset=1)
    return StableDiffusionPipeline(
        vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--size", choices=SIZES, default="full", help="(%(default)s)")
    parser.add_argument("--dtype", choices=DTYPES, default="float16",
                        help="of the stored weights (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(%(default)s)")
    options = parser.parse_args()
    if options.out.exists():
        parser.error(f"{options.out}: is there already")

    from export.quiet import quieten
    quieten(offline=True)
    import torch
    pipeline = make_pipeline(SIZES[options.size], options.seed)
    pipeline.to(getattr(torch, options.dtype)).save_pretrained(options.out)
    count = sum(p.numel() for p in pipeline.unet.parameters())
    print(f"{options.out}: U-Net of {count / 1e6:.1f} M parameters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
