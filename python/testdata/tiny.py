"""A Stable Diffusion 1.x pipeline of random weights that runs in milliseconds."""

import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

TEXT_WIDTH = 24
VOCAB_SIZE = 791  # of the demo's tokenizer
TEXT_LENGTH = 32


def tiny_unet(cross_attention: bool = True, linear: bool = False) -> UNet2DConditionModel:
    """Two levels (16, 20), 8×8 latents, 4×4 in the middle; 4 hook points, or none.

    linear: linear instead of convolutional projections and a head count a level, as in SD 2.x.
    """
    kind = "CrossAttn" if cross_attention else ""
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(16, 20),
        down_block_types=(f"{kind}DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", f"{kind}UpBlock2D"),
        mid_block_type="UNetMidBlock2DCrossAttn" if cross_attention else "UNetMidBlock2D",
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=TEXT_WIDTH,
        # The number of heads, as the configs of SD 1.x and 2.x misname it.
        attention_head_dim=(4, 5) if linear else 4,
        use_linear_projection=linear,
    )


def tiny_text_encoder() -> CLIPTextModel:
    """Two layers, 24 wide, for the demo's vocabulary."""
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=VOCAB_SIZE,
        hidden_size=TEXT_WIDTH,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=TEXT_LENGTH,
        projection_dim=TEXT_WIDTH,
        bos_token_id=VOCAB_SIZE - 2,
        eos_token_id=VOCAB_SIZE - 1,
        pad_token_id=VOCAB_SIZE - 1,
    ))


def tiny_vae() -> AutoencoderKL:
    """Scale factor 4, with attention in the middle as in SD 1.x."""
    return AutoencoderKL(
        block_out_channels=(4, 4, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=32,
    )


def _spread(module: torch.nn.Module) -> None:
    """Widens the projections that torch initialises small, so that the text matters."""
    for name, parameter in module.named_parameters():
        if name.endswith("weight") and (".attn2." in name or "token_embedding" in name):
            parameter.data.mul_(4.0)


def tiny_pipeline(tokenizer: Path, seed: int = 0, prediction_type: str = "epsilon",
                  linear: bool = False) -> StableDiffusionPipeline:
    """The whole pipeline; `tokenizer` is the demo's tokenizer folder."""
    torch.manual_seed(seed)
    parts = {"unet": tiny_unet(linear=linear), "text_encoder": tiny_text_encoder(), "vae": tiny_vae()}
    for part in parts.values():
        _spread(part)
    scheduler = PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type=prediction_type,
    )
    return StableDiffusionPipeline(
        **parts,
        tokenizer=CLIPTokenizer.from_pretrained(tokenizer),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def save_tiny_pipeline(tokenizer: Path, folder: Path, seed: int = 0,
                       prediction_type: str = "epsilon", linear: bool = False) -> None:
    """Writes the pipeline to `folder` in float16, as the demo pipeline is stored."""
    pipeline = tiny_pipeline(tokenizer, seed, prediction_type, linear).to(torch.float16)
    shutil.rmtree(folder, ignore_errors=True)
    pipeline.save_pretrained(folder)
