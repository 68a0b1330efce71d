"""Opens a Stable Diffusion 1.x or 2.x pipeline and refuses others."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from . import single_file
from .errors import ExportError, first_line
from .text import CLASSES, load_tokenizer

# Pipelines whose components are those of StableDiffusionPipeline.
_SUPPORTED = ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline")

# Part of a class name → family, in the order in which they are tried.
_OTHER_FAMILIES = (
    ("StableDiffusionXL", "Stable Diffusion XL"),
    ("StableDiffusion3", "Stable Diffusion 3"),
    ("Flux", "FLUX"),
    ("PixArt", "PixArt"),
    ("Inpaint", "inpainting"),
    ("ControlNet", "ControlNet"),
    ("Upscale", "upscaling"),
    ("LatentConsistency", "latent consistency"),
    ("IF", "DeepFloyd IF"),
    ("Kandinsky", "Kandinsky"),
)

_COMPONENTS = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL",),
    "text_encoder": ("CLIPTextModel",),
    "tokenizer": CLASSES,
}

_NETWORKS = ("unet", "text_encoder", "vae")

_FUSE = (
    "fuse the LoRA (pipe.fuse_lora(); pipe.unload_lora_weights();"
    " pipe.save_pretrained(FOLDER)) and export that folder"
)

_RESAVE = "download it again, or save it again with pipe.save_pretrained(FOLDER)"


@dataclass
class Pipeline:
    """The parts of a pipeline that a bundle needs; networks on the CPU in eval mode."""

    extras: Path | None  # the folder of what gloce adds: gloce.json, detector/
    class_name: str
    unet: torch.nn.Module
    text_encoder: torch.nn.Module
    vae: torch.nn.Module
    tokenizer: object
    scheduler: dict  # scheduler_config.json
    sample_size: int  # latent pixels


def read_json(path: Path) -> dict:
    """A JSON object from a file; ExportError if it is not there or not an object."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ExportError(f"{path}: not found") from error
    except (OSError, ValueError) as error:
        raise ExportError(f"{path}: cannot be read: {first_line(error)}") from error
    if not isinstance(value, dict):
        raise ExportError(f"{path}: got a {type(value).__name__}, expected an object")
    return value


def locate(source: str, variant: str | None = None) -> Path:
    """The local folder of a pipeline: `source` itself, or the hub's copy of that id.

    A folder that exists is used as it is.
    """
    path = Path(source)
    if path.is_dir():
        return path
    if path.exists():
        raise ExportError(f"{source}: is a file, expected a pipeline folder or a hub id")
    if source.count("/") != 1 or source.startswith((".", "/", "~")):
        raise ExportError(f"{source}: not found: give a pipeline folder or a hub id (owner/name)")
    from diffusers import StableDiffusionPipeline

    try:
        return Path(StableDiffusionPipeline.download(
            source, safety_checker=None, variant=variant
        ))
    except Exception as error:  # many kinds, of several libraries
        raise ExportError(
            f"{source}: no such folder, and not to be had from the hub: {first_line(error)}"
        ) from error


def _check_family(folder: Path) -> str:
    index_path = folder / "model_index.json"
    if not index_path.is_file():
        if (folder / "pytorch_lora_weights.safetensors").is_file() or (
            folder / "adapter_config.json"
        ).is_file():
            raise ExportError(
                f"{folder}: holds a LoRA, not a pipeline: load it into its pipeline and {_FUSE}"
            )
        raise ExportError(
            f"{folder}: no model_index.json: expected a pipeline folder in diffusers' format,"
            " as pipe.save_pretrained(FOLDER) writes it"
        )
    index = read_json(index_path)
    class_name = str(index.get("_class_name"))
    if class_name not in _SUPPORTED:
        family = next((name for part, name in _OTHER_FAMILIES if part in class_name), "other")
        raise ExportError(
            f"{folder}: {class_name}: {family} pipelines are not supported yet: export a"
            " Stable Diffusion 1.x or 2.x text-to-image pipeline (StableDiffusionPipeline)"
        )
    if "text_encoder_2" in index:
        raise ExportError(
            f"{folder}: two text encoders: Stable Diffusion XL pipelines are not supported yet"
        )
    for name, classes in _COMPONENTS.items():
        entry = index.get(name) or [None, None]
        if entry[1] is None or not (folder / name).is_dir():
            raise ExportError(f"{folder}: component {name} is missing: {_RESAVE}")
        if entry[1] not in classes:
            raise ExportError(
                f"{folder}: {name}: got class {entry[1]}, expected {' or '.join(classes)}"
            )
    return class_name


def _has_variant(folder: Path, variant: str) -> bool:
    # stem.fp16.safetensors; split, stem.fp16-00001-of-00002.safetensors or
    # stem-00001-of-00002.fp16.safetensors.
    marks = (f".{variant}.", f".{variant}-")
    return any(mark in path.name for path in folder.iterdir() for mark in marks)


def _check_variant(folder: Path, variant: str) -> None:
    if not any(_has_variant(folder / name, variant) for name in _NETWORKS):
        raise ExportError(
            f"{folder}: no component has weights of variant {variant!r}: leave --variant out"
        )


def _variant(folder: Path, stem: str, wanted: str | None) -> str | None:
    """The variant to load: the one wanted, where the component has it, as diffusers
    does; `fp16` if a component was saved with that variant only."""
    if wanted is not None and _has_variant(folder, wanted):
        return wanted
    names = [path.name for path in folder.iterdir()]
    if any(name.startswith(stem + ".") and ".fp16." not in name for name in names):
        return None
    # A large network is split: stem-00001-of-00002.safetensors.
    if any(name.startswith(stem + "-") and ".fp16" not in name for name in names):
        return None
    return "fp16" if any(".fp16" in name for name in names) else None


def _load_network(loader, folder: Path, stem: str, variant: str | None, **options):
    """Loads a network in float32, refusing weights that do not fit exactly."""
    try:
        network, info = loader.from_pretrained(
            folder, variant=_variant(folder, stem, variant), output_loading_info=True, **options
        )
    except Exception as error:  # many kinds, of several libraries
        raise ExportError(
            f"{folder}: cannot be loaded: {first_line(error)}: {_RESAVE}"
        ) from error
    unexpected = [
        key for key in info["unexpected_keys"] if not key.endswith("position_ids")
    ]
    missing = list(info["missing_keys"])
    lora = [key for key in unexpected if "lora" in key or ".base_layer." in key]
    if lora:
        raise ExportError(f"{folder}: holds LoRA layers ({lora[0]}): {_FUSE}")
    for what, keys in (("missing", missing), ("unexpected", unexpected)):
        if keys:
            raise ExportError(
                f"{folder}: {len(keys)} {what} weights, the first {sorted(keys)[0]}: {_RESAVE}"
            )
    for name, module in network.named_modules():
        if hasattr(module, "base_layer"):
            raise ExportError(f"{folder}: {name}: a {type(module).__name__} of PEFT: {_FUSE}")
    return network.eval().requires_grad_(False)


def _load_tokenizer(folder: Path, class_name: str):
    config = folder / "tokenizer_config.json"
    if config.is_file():
        kind = read_json(config).get("tokenizer_class") or class_name
        if kind.removesuffix("Fast") != class_name.removesuffix("Fast"):
            raise ExportError(
                f"{config}: tokenizer_class: got {kind}, expected {class_name} as"
                f" model_index.json has it: {_RESAVE}"
            )
    return load_tokenizer(folder, class_name)


def _refuse_config(what: str, config, allowed: dict, advice: str) -> None:
    for key, values in allowed.items():
        value = config.get(key)
        if value not in values:
            raise ExportError(f"{what}: {key}: got {value!r}, expected {values[0]!r}: {advice}")


def _check_unet(unet, vae, text_encoder) -> None:
    config = unet.config
    # LCM's guidance embedding and others: an input that the program cannot give.
    _refuse_config("unet", config, {
        "class_embed_type": (None,),
        "num_class_embeds": (None,),
        "addition_embed_type": (None,),
        "encoder_hid_dim_type": (None,),
        "encoder_hid_dim": (None,),
        "time_cond_proj_dim": (None,),
    }, "conditioning on more than a text and a timestep is not supported")
    channels = vae.config.latent_channels
    for key in ("in_channels", "out_channels"):
        if config[key] != channels:
            raise ExportError(
                f"unet: {key}: got {config[key]}, expected the VAE's {channels}:"
                " inpainting, depth and upscaling models are not supported"
            )
    width = config.cross_attention_dim
    widths = {width} if isinstance(width, int) else set(width)
    if widths != {text_encoder.config.hidden_size}:
        raise ExportError(
            f"unet: cross_attention_dim: got {width}, expected the text encoder's"
            f" {text_encoder.config.hidden_size}: the parts are of different models"
        )


def _check_vae(vae) -> None:
    _refuse_config("vae", vae.config, {
        "latents_mean": (None,),
        "latents_std": (None,),
        "shift_factor": (None, 0, 0.0),
        "out_channels": (3,),
    }, "not a VAE of Stable Diffusion 1.x or 2.x")


def _check_text(text_encoder, tokenizer) -> None:
    if getattr(text_encoder.config, "use_attention_mask", False):
        raise ExportError("text_encoder: use_attention_mask: not supported")
    rows = text_encoder.config.vocab_size
    if len(tokenizer) > rows:
        raise ExportError(
            f"text_encoder: embeddings: got {rows}, expected at least the tokenizer's"
            f" {len(tokenizer)}: the parts are of different models"
        )


def _sample_size(config) -> int:
    size = config.sample_size
    if isinstance(size, (list, tuple)) and len(set(size)) == 1:
        size = size[0]
    if not isinstance(size, int) or size < 1:
        raise ExportError(
            f"unet: sample_size: got {size!r}, expected one number: set the side in latent"
            " pixels (64 for 512 pixel pictures) in unet/config.json"
        )
    # StableDiffusionPipeline corrects the configuration of the oldest exports.
    version = str(config.get("_diffusers_version", "1")).split(".")
    if version[0] == "0" and int(version[1]) < 9:
        size = max(size, 64)
    return size


def _load_networks(folder: Path, variant: str | None) -> dict[str, torch.nn.Module]:
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel

    if variant is not None:
        _check_variant(folder, variant)
    wide, stem = torch.float32, "diffusion_pytorch_model"
    return {
        "text_encoder": _load_network(
            CLIPTextModel, folder / "text_encoder", "model", variant, dtype=wide),
        "vae": _load_network(AutoencoderKL, folder / "vae", stem, variant, torch_dtype=wide),
        "unet": _load_network(
            UNet2DConditionModel, folder / "unet", stem, variant, torch_dtype=wide),
    }


def _skip_layers(text_encoder, count: int) -> None:
    """Leaves out the text encoder's last `count` layers, as diffusers' clip_skip does.

    The model identity then is another: erasers of one do not fit the other.
    """
    # transformers 4 has this level, transformers 5 does not.
    model = getattr(text_encoder, "text_model", text_encoder)
    layers = model.encoder.layers
    if count >= len(layers):
        raise ExportError(
            f"--clip-skip: got {count}, expected less than the text encoder's {len(layers)} layers"
        )
    model.encoder.layers = layers[:len(layers) - count]
    text_encoder.config.num_hidden_layers = len(layers) - count


def _locate_config(source: str) -> Path:
    """A folder, or what the hub has of that id but for the weights."""
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(source, allow_patterns=["*.json", "*.txt"]))
    except Exception as error:  # many kinds, of several libraries
        raise ExportError(
            f"--config: {source}: no such folder, and not to be had from the hub:"
            f" {first_line(error)}"
        ) from error


def _open_file(path: Path, config: str | None, variant: str | None) -> tuple[Path, dict]:
    """The configuration's folder and the networks of a single-file checkpoint."""
    if variant is not None:
        raise ExportError(f"{path}: is one file, which has no --variant: leave it out")
    if config is None:
        raise ExportError(
            f"{path}: is one file, which does not say how it is to be used: give --config with"
            " a pipeline folder (or hub id) of the model that it was made from; its"
            " configuration and tokenizer are used, its weights are not"
        )
    folder = _locate_config(config)
    _check_family(folder)
    return folder, single_file.load_networks(path, folder)


def open_pipeline(source: str, variant: str | None = None, config: str | None = None,
                  clip_skip: int = 0) -> Pipeline:
    """Loads a pipeline from a folder, the hub or a single file, networks in float32.

    variant: of the weights, such as "fp16". config: for a single file, the folder
    or hub id of a pipeline with its configuration. clip_skip: the number of the
    text encoder's last layers to leave out.

    Raises ExportError, with advice, for anything but a Stable Diffusion 1.x or 2.x
    text-to-image pipeline whose parts are complete and fit together.
    """
    if Path(source).is_file():
        folder, networks = _open_file(Path(source), config, variant)
        extras = None
    else:
        if config is not None:
            raise ExportError(f"{source}: is no single file, which --config is for: leave it out")
        folder = extras = locate(source, variant)
        networks = None
    class_name = _check_family(folder)
    index = read_json(folder / "model_index.json")
    tokenizer = _load_tokenizer(folder / "tokenizer", index["tokenizer"][1])
    networks = networks or _load_networks(folder, variant)
    unet, vae, text_encoder = networks["unet"], networks["vae"], networks["text_encoder"]
    if clip_skip:
        _skip_layers(text_encoder, clip_skip)
    _check_vae(vae)
    _check_unet(unet, vae, text_encoder)
    _check_text(text_encoder, tokenizer)
    return Pipeline(
        extras=extras,
        class_name=class_name,
        unet=unet,
        text_encoder=text_encoder,
        vae=vae,
        tokenizer=tokenizer,
        scheduler=read_json(folder / "scheduler" / "scheduler_config.json"),
        sample_size=_sample_size(unet.config),
    )
