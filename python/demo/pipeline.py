"""Puts the trained parts together as a StableDiffusionPipeline folder."""

import json
import pathlib
import shutil

import torch

from demo import denoiser, scenes, tokenizer
from demo import vae as autoencoder
from demo.training import replace_folder

COMPONENTS = ("scheduler", "text_encoder", "tokenizer", "unet", "vae")
BUNDLE_DEFAULTS = {"preset": "demo", "groups": scenes.GROUPS,
                   "concepts": scenes.CONCEPTS, "styles": scenes.STYLES,
                   "anchor_pool": scenes.CONCEPTS}


def assemble(work: pathlib.Path, scale: float, out: pathlib.Path) -> None:
    """Writes the pipeline (float16) and the detector of `work` to `out`.

    Other files in `out` (the model card) stay. `scale` is the factor that
    brings latents to unit variance. gloce.json, the defaults that a bundle
    takes from its source, is written only where there is none.
    """
    from diffusers import PNDMScheduler, StableDiffusionPipeline
    vae = autoencoder.load(work / "vae")
    vae.register_to_config(scaling_factor=scale)
    scheduler = PNDMScheduler(
        beta_start=denoiser.BETA_START, beta_end=denoiser.BETA_END,
        beta_schedule="scaled_linear", skip_prk_steps=True,
        set_alpha_to_one=False, steps_offset=1)
    networks = denoiser.load(work / "denoiser")
    pipeline = StableDiffusionPipeline(
        vae=vae, text_encoder=networks.text_encoder, unet=networks.unet,
        tokenizer=tokenizer.load(work / "tokenizer"), scheduler=scheduler,
        safety_checker=None, feature_extractor=None,
        requires_safety_checker=False)
    pipeline = pipeline.to(torch.float16).to(
        memory_format=torch.contiguous_format)
    staging = work / "pipeline"
    replace_folder(staging, pipeline.save_pretrained)
    for path in staging.glob("*/config.json"):
        _forget_origin(path)
    # The very files that the text encoder was trained with.
    replace_folder(staging / "tokenizer", lambda folder: shutil.copytree(
        work / "tokenizer", folder, dirs_exist_ok=True))
    out.mkdir(parents=True, exist_ok=True)
    for name in COMPONENTS:
        _copy_folder(staging / name, out / name)
    shutil.copyfile(staging / "model_index.json", out / "model_index.json")
    if (work / "detector").exists():
        _copy_folder(work / "detector", out / "detector")
    defaults = out / "gloce.json"
    if not defaults.exists():
        defaults.write_text(json.dumps(BUNDLE_DEFAULTS, indent=2) + "\n")


def _copy_folder(source: pathlib.Path, target: pathlib.Path) -> None:
    replace_folder(target, lambda folder: shutil.copytree(
        source, folder, dirs_exist_ok=True))


def _forget_origin(path: pathlib.Path) -> None:
    """Drops the folder a network was loaded from; it means nothing here."""
    config = json.loads(path.read_text())
    if config.pop("_name_or_path", None) is not None:
        path.write_text(json.dumps(config, indent=2) + "\n")
