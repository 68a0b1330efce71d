"""Networks that judge pictures, as their libraries have them."""

import types
from dataclasses import dataclass, field
from pathlib import Path

import torch

from .errors import ExportError
from .evaluator_file import ClipImage, ClipText, Normalised, fit_of


@dataclass
class Model:
    """A network that takes RGB in [0, 1] at the size that `input` says."""

    network: torch.nn.Module
    input: dict | None
    labels: list[str] = field(default_factory=list)


def _input(options, size: int, shorter: int | None) -> dict | None:
    size = size if options.size is None else options.size
    return fit_of(size, options.fit, options.shorter or shorter)


def clip(options) -> dict:
    """transformers' CLIPModel, from a folder or the hub."""
    import transformers

    processor = transformers.CLIPImageProcessor.from_pretrained(options.model)
    model = transformers.CLIPModel.from_pretrained(options.model).eval()
    tokenizer = transformers.CLIPTokenizer.from_pretrained(options.model)
    crop, shorter = processor.crop_size["height"], processor.size["shortest_edge"]
    return {
        "image": Normalised(ClipImage(model), processor.image_mean, processor.image_std),
        "text": ClipText(model), "tokenizer": tokenizer,
        "size": {**fit_of(crop, "crop", shorter), "floors_crop": True},
        "length": model.config.text_config.max_position_embeddings,
    }


def open_clip(options) -> dict:
    """A model of open_clip whose tokenizer is CLIP's."""
    import open_clip as library
    import transformers

    model, _, _ = library.create_model_and_transforms(
        options.model, pretrained=options.pretrained or None)
    model.eval()
    described = library.get_tokenizer(options.model)
    if type(described).__name__ != "SimpleTokenizer":
        raise ExportError(f"{options.model}: its tokenizer is not CLIP's")
    names = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    tokenizer = transformers.CLIPTokenizer(
        vocab={names.get(token, token): number for token, number in described.encoder.items()},
        merges=list(described.bpe_ranks),
        pad_token="!")  # open_clip pads with 0, which is the token "!"
    image = torch.nn.Module()
    image.model = model
    image.forward = types.MethodType(lambda self, x: self.model.encode_image(x), image)
    text = torch.nn.Module()
    text.model = model
    text.forward = types.MethodType(lambda self, ids: self.model.encode_text(ids), text)
    size = model.visual.image_size
    size = size[0] if isinstance(size, (tuple, list)) else size
    mean = getattr(model.visual, "image_mean", None) or library.OPENAI_DATASET_MEAN
    std = getattr(model.visual, "image_std", None) or library.OPENAI_DATASET_STD
    return {"image": Normalised(image, mean, std), "text": text, "tokenizer": tokenizer,
            "size": fit_of(size, "crop", size), "length": described.context_length}


def torchvision(options) -> Model:
    import torchvision as library

    weights, labels, size, shorter = None, [], 224, 256
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    is_file = options.weights is not None and Path(options.weights).is_file()
    if options.weights and not is_file:
        weights = library.models.get_model_weights(options.model)[options.weights]
        preset = weights.transforms()
        size, shorter = preset.crop_size[0], preset.resize_size[0]
        mean, std, labels = preset.mean, preset.std, list(weights.meta["categories"])
    network = library.models.get_model(options.model, weights=weights)
    if is_file:
        network.load_state_dict(torch.load(options.weights, weights_only=True))
    if options.features:
        _drop_head(network)
    return Model(Normalised(network, mean, std), _input(options, size, shorter), labels)


def _drop_head(network: torch.nn.Module) -> None:
    """Replaces the last linear layer of a classifier by nothing; what is before it stays."""
    names = [name for name, layer in network.named_modules() if isinstance(layer, torch.nn.Linear)]
    if not names or names[-1].split(".")[0] not in ("fc", "classifier", "heads", "head"):
        raise ExportError("its last layer was not found: export a TorchScript file of the features")
    network.set_submodule(names[-1], torch.nn.Identity())


def timm(options) -> Model:
    import timm as library

    network = library.create_model(options.model, pretrained=options.weights is None)
    if options.weights is not None:
        network.load_state_dict(torch.load(options.weights, weights_only=True))
    config = library.data.resolve_model_data_config(network)
    if options.features:
        network.reset_classifier(0)
    size = config["input_size"][1]
    shorter = int(size / config["crop_pct"])
    return Model(Normalised(network, config["mean"], config["std"]),
                 _input(options, size, shorter))


class _Scaled(torch.nn.Module):
    def __init__(self, network, scale: float):
        super().__init__()
        self.network, self.scale = network, scale

    def forward(self, pixels):
        return self.network(pixels * self.scale)


def torchscript(options) -> Model:
    try:
        network = torch.jit.load(options.model, map_location="cpu").eval()
    except (RuntimeError, ValueError) as error:
        raise ExportError(f"{options.model}: is no TorchScript file") from error
    if options.scale != 1:
        network = _Scaled(network, options.scale)
    return Model(network, _input(options, 0, None))
