"""Evaluators outside of a bundle: networks that judge pictures, with a JSON file beside them.

Every network takes RGB in [0, 1] at its size; normalisation is a part of it.
docs/formats.md, "Evaluators", describes the file.
"""

import json
from pathlib import Path

import torch

from . import networks
from . import text as texts
from .bundle import sha256
from .errors import ExportError

FORMAT, VERSION = "gloce-evaluator", 1
TOLERANCE = 1e-4


class Normalised(torch.nn.Module):
    """A network behind (x - mean) / std, each a number a channel."""

    def __init__(self, network: torch.nn.Module, mean, std):
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.network((pixels - self.mean) / self.std)


class ClipText(torch.nn.Module):
    """input_ids (B, L) int64 → text embedding (B, K), of transformers' CLIPModel."""

    def __init__(self, model):
        super().__init__()
        self.text_model, self.text_projection = model.text_model, model.text_projection

    def forward(self, input_ids):
        return self.text_projection(self.text_model(input_ids=input_ids)[1])


class ClipImage(torch.nn.Module):
    """Normalised pixels (B, 3, S, S) → image embedding (B, K), of transformers' CLIPModel."""

    def __init__(self, model):
        super().__init__()
        self.vision_model, self.visual_projection = model.vision_model, model.visual_projection

    def forward(self, pixels):
        return self.visual_projection(self.vision_model(pixel_values=pixels)[1])


def fit_of(size: int, fit: str, shorter: int | None) -> dict | None:
    """The "input" of an evaluator; None for pictures of any size."""
    if size == 0:
        return None
    entry = {"fit": fit, "size": size}
    if fit == "crop":
        entry["shorter"] = shorter or size
    return entry


class Writer:
    """Writes NAME.json and, beside it, networks as NAME.<part>.pt."""

    def __init__(self, path: Path):
        if path.suffix != ".json":
            raise ExportError(f"{path}: expected a name that ends in .json")
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def network(self, part: str, network: torch.nn.Module, inputs: tuple) -> dict:
        """Traces `network` on `inputs`, compares, and returns the file's entry.

        A TorchScript module is stored as it is.
        """
        name = f"{self._path.stem}{'.' + part if part else ''}.pt"
        path = self._path.parent / name
        network = network.eval()
        is_traced = isinstance(network, torch.jit.ScriptModule)
        traced = network if is_traced else networks.trace(network, inputs, name)
        networks.save(traced, path)
        self._compare(networks.load(path), network, inputs, name)
        return {"name": name, "sha256": sha256(path)}

    def _compare(self, traced, network, inputs: tuple, name: str) -> None:
        """Another batch than the traced one, so that a baked-in size shows."""
        other = tuple(torch.cat([x, x.flip(0)[:1]]) for x in inputs)
        with torch.no_grad():
            got, expected = traced(*other), network(*other)
        if not isinstance(got, torch.Tensor) or got.dim() != 2:
            raise ExportError(f"{name}: expected one tensor of (pictures, numbers)")
        worst = ((got - expected).abs().max() / expected.abs().max().clamp_min(1e-12)).item()
        if not worst <= TOLERANCE:
            raise ExportError(f"{name}: traced, it differs by {worst:.1e} (allowed {TOLERANCE})")
        self.width = got.shape[1]

    def files(self, folder: Path, named: dict) -> dict:
        return {key: {"name": name, "sha256": sha256(folder / name)}
                for key, name in named.items()}

    def finish(self, entry: dict) -> None:
        document = {"format": FORMAT, "version": VERSION, **entry}
        self._path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n",
                              encoding="utf-8")


def pixels_of(size: int) -> tuple:
    side = size or 224
    return (torch.rand(networks.TRACE_BATCH, 3, side, side),)


def write_detector(path: Path, network, size: dict | None, labels: list[str], rule) -> None:
    """rule: "largest", or the score above which a label counts as found."""
    writer = Writer(path)
    file = writer.network("", network, pixels_of(size["size"] if size else 0))
    if writer.width != len(labels):
        raise ExportError(f"{path.stem}: scores: got {writer.width}, expected one a label,"
                          f" {len(labels)}")
    found = rule if rule == "largest" else {"above": float(rule)}
    writer.finish({**file, "kind": "detector", **({"input": size} if size else {}),
                   "labels": {"labels": labels}, "found": {"labels": found}})


def write_features(path: Path, network, size: dict | None) -> None:
    writer = Writer(path)
    file = writer.network("", network, pixels_of(size["size"] if size else 0))
    writer.finish({**file, "kind": "features", **({"input": size} if size else {})})


def write_clip(path: Path, image, text, tokenizer, size: dict, length: int) -> None:
    """image: normalised pixels in; text: input_ids in. Both put out (B, K)."""
    writer = Writer(path)
    image_file = writer.network("image", image, pixels_of(size["size"]))
    ids = torch.randint(0, 99, (networks.TRACE_BATCH, length))
    ids[:, -1] = tokenizer.eos_token_id  # where CLIP reads the text's embedding
    text_file = writer.network("text", text, (ids,))
    folder = path.parent / f"{path.stem}.tokenizer"
    described = texts.write_tokenizer(tokenizer, folder)
    named = {key: f"{folder.name}/{name}" for key, name in described["files"].items()}
    writer.finish({
        "kind": "clip", "input": size,
        "text": {**described, "files": named, "max_length": length, "width": writer.width},
        "files": {"image_encoder": image_file, "text_encoder": text_file,
                  **writer.files(path.parent, named)},
    })
