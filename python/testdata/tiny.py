"""Stable Diffusion pipelines of random weights that run in milliseconds."""

import shutil
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

TEXT_WIDTH = 24
VOCAB_SIZE = 791  # of the demo's tokenizer
TEXT_LENGTH = 32


def tiny_unet(cross_attention: bool = True) -> UNet2DConditionModel:
    """Two levels (16, 20), 4 heads, 8×8 latents; 4 hook points, or none."""
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
        attention_head_dim=4,  # the number of heads, as in the configs of SD 1.x
    )


def tiny_unet_2() -> UNet2DConditionModel:
    """Three levels (8, 16, 24), 12×12 latents, linear projections and a number of
    heads a level, as in SD 2.x; 5 hook points."""
    return UNet2DConditionModel(
        sample_size=12,
        in_channels=4,
        out_channels=4,
        block_out_channels=(8, 16, 24),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=[1, 2, 3],  # the numbers of heads
        use_linear_projection=True,
        upcast_attention=True,  # as SD 2.1 has it
    )


def tiny_text_encoder(hidden_act: str = "quick_gelu", layers: int = 2,
                      positions: int = TEXT_LENGTH) -> CLIPTextModel:
    """24 wide, for the demo's vocabulary. OpenCLIP's, of SD 2.x, has "gelu"."""
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=VOCAB_SIZE,
        hidden_size=TEXT_WIDTH,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=positions,
        projection_dim=TEXT_WIDTH,
        hidden_act=hidden_act,
        bos_token_id=VOCAB_SIZE - 2,
        eos_token_id=VOCAB_SIZE - 1,
        pad_token_id=VOCAB_SIZE - 1,
    ))


def tiny_vae(scaling_factor: float = 0.18215) -> AutoencoderKL:
    """Scale factor 4, with attention in the middle as in SD 1.x."""
    return AutoencoderKL(
        block_out_channels=(4, 4, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=32,
        scaling_factor=scaling_factor,
    )


def _spread(module: torch.nn.Module) -> None:
    """Widens the projections that torch initialises small, so that the text matters."""
    for name, parameter in module.named_parameters():
        if name.endswith("weight") and (".attn2." in name or "token_embedding" in name):
            parameter.data.mul_(4.0)


_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def _pipeline(parts: dict, tokenizer: CLIPTokenizer, scheduler) -> StableDiffusionPipeline:
    for part in parts.values():
        _spread(part)
    return StableDiffusionPipeline(
        **parts,
        tokenizer=tokenizer,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def tiny_pipeline(tokenizer: Path, seed: int = 0,
                  prediction_type: str = "epsilon") -> StableDiffusionPipeline:
    """The whole pipeline; `tokenizer` is the demo's tokenizer folder."""
    torch.manual_seed(seed)
    parts = {"unet": tiny_unet(), "text_encoder": tiny_text_encoder(), "vae": tiny_vae()}
    scheduler = PNDMScheduler(
        **_BETAS,
        skip_prk_steps=True,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type=prediction_type,
    )
    return _pipeline(parts, CLIPTokenizer.from_pretrained(tokenizer), scheduler)


def tiny_pipeline_2(tokenizer: Path, seed: int = 0,
                    zero_snr: bool = False) -> StableDiffusionPipeline:
    """A pipeline of SD 2.x's shape: v-prediction, OpenCLIP's text encoder and its
    padding with "!", more positions than the tokenizer fills, another sample size and
    VAE scaling; with `zero_snr`, the scheduler of a fine-tune with zero terminal SNR."""
    torch.manual_seed(seed)
    parts = {
        "unet": tiny_unet_2(),
        "text_encoder": tiny_text_encoder("gelu", layers=3, positions=TEXT_LENGTH + 8),
        "vae": tiny_vae(scaling_factor=0.13025),
    }
    extra = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"} if zero_snr else {}
    scheduler = DDIMScheduler(
        **_BETAS,
        **extra,
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
    )
    return _pipeline(parts, CLIPTokenizer.from_pretrained(tokenizer, pad_token="!"), scheduler)


def save_pipeline(pipeline: StableDiffusionPipeline, folder: Path, **options) -> None:
    """Writes a pipeline to `folder` in float16, as the demo pipeline is stored.
    options: of save_pretrained."""
    shutil.rmtree(folder, ignore_errors=True)
    pipeline.to(torch.float16).save_pretrained(folder, **options)


def save_tiny_pipeline(tokenizer: Path, folder: Path, seed: int = 0,
                       prediction_type: str = "epsilon") -> None:
    """Writes tiny_pipeline() to `folder`."""
    save_pipeline(tiny_pipeline(tokenizer, seed, prediction_type), folder)
