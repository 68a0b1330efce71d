"""Loads a Stable Diffusion checkpoint in one file (.safetensors, .ckpt) through diffusers."""

import contextlib
from pathlib import Path

import torch

from .errors import ExportError, first_line

# Part of a weight's name → what such a file holds, in the order in which they are tried.
_OTHER_CONTENTS = (
    ("lora_", "a LoRA"),
    (".lora_A.", "a LoRA"),
    ("conditioner.embedders.", "Stable Diffusion XL"),
    ("joint_blocks.", "Stable Diffusion 3"),
    ("double_blocks.", "FLUX"),
    ("control_model.", "a ControlNet"),
    ("input_hint_block.", "a ControlNet"),
)

_UNET_PREFIX = "model.diffusion_model."


def _check_contents(path: Path) -> None:
    """Names what a safetensors file holds if that is no checkpoint of ours."""
    if path.suffix != ".safetensors":
        return
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
    except Exception as error:  # the library's own kind
        raise ExportError(f"{path}: cannot be read: {first_line(error)}") from error
    for part, contents in _OTHER_CONTENTS:
        if any(part in name for name in names):
            raise ExportError(f"{path}: holds {contents}: not supported as a single file:"
                              " export a Stable Diffusion 1.x or 2.x checkpoint")
    if not any(name.startswith(_UNET_PREFIX) for name in names):
        raise ExportError(
            f"{path}: no weight begins with {_UNET_PREFIX}: expected a whole checkpoint in"
            " Stable Diffusion's original format; a single network of diffusers is exported"
            " with its pipeline's folder"
        )


@contextlib.contextmanager
def _recorded_loading(found: list):
    """Collects (class, missing, unexpected weights) of every load_state_dict.

    diffusers fills a network from a checkpoint without asking whether all of it
    was there; what is missing would keep its random initialisation.
    """
    original = torch.nn.Module.load_state_dict

    def load_state_dict(module, *arguments, **options):
        result = original(module, *arguments, **options)
        found.append((type(module).__name__, result.missing_keys, result.unexpected_keys))
        return result

    torch.nn.Module.load_state_dict = load_state_dict
    try:
        yield
    finally:
        torch.nn.Module.load_state_dict = original


def _is_needed(class_name: str, key: str) -> bool:
    # Checkpoints carry OpenCLIP's projection and buffers, which are not used.
    return class_name != "CLIPTextModel" or ".layers." in f".{key}"


def _check_complete(path: Path, config: Path, networks: dict, found: list) -> None:
    missing = [f"{kind} {key}" for kind, keys, _ in found for key in keys
               if not key.endswith("position_ids")]
    # With accelerate installed, weights that were not loaded have no storage.
    missing += [f"{name} {key}" for name, network in networks.items()
                for key, tensor in network.state_dict().items() if tensor.is_meta]
    unexpected = [f"{kind} {key}" for kind, _, keys in found for key in keys
                  if _is_needed(kind, key)]
    for what, keys in (("missing", missing), ("unexpected", unexpected)):
        if keys:
            raise ExportError(
                f"{path}: {len(keys)} {what} weights, the first {sorted(keys)[0]}: give the"
                f" --config of the model that it was made from; {config} does not fit"
            )


def load_networks(path: Path, config: Path) -> dict[str, torch.nn.Module]:
    """unet, text_encoder and vae of a checkpoint, float32, in eval mode.

    config: a pipeline folder whose configuration fits; its weights are not read.
    Raises ExportError if the file holds anything else or does not fit.
    """
    _check_contents(path)
    from diffusers import StableDiffusionPipeline

    found: list = []
    try:
        with _recorded_loading(found):
            pipeline = StableDiffusionPipeline.from_single_file(
                str(path), config=str(config), torch_dtype=torch.float32,
                local_files_only=True, safety_checker=None, feature_extractor=None,
                image_encoder=None, requires_safety_checker=False,
            )
    except Exception as error:  # many kinds, of several libraries
        raise ExportError(
            f"{path}: cannot be loaded with the configuration of {config}: {first_line(error)}"
        ) from error
    networks = {
        "unet": pipeline.unet, "text_encoder": pipeline.text_encoder, "vae": pipeline.vae,
    }
    _check_complete(path, config, networks, found)
    return {name: network.eval().requires_grad_(False) for name, network in networks.items()}
