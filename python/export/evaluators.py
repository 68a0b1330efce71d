"""The networks of the demo that judge pictures, which go into its bundle as evaluators."""

import importlib
from dataclasses import dataclass
from pathlib import Path

import torch

from . import networks
from .errors import ExportError, first_line
from .pipeline import read_json

# Evaluators stay in float32: they judge pictures, whatever made those.
DTYPE = torch.float32


@dataclass(frozen=True)
class Evaluator:
    """A network, and what the bundle says of it beside its file."""

    name: str
    network: torch.nn.Module
    entry: dict
    output: str


def load(pipeline_folder: Path) -> list[Evaluator]:
    """Those that the pipeline's folder brings: a detector and its features, or none."""
    folder = pipeline_folder / "detector"
    if not (folder / "config.json").is_file():
        return []
    config = read_json(folder / "config.json")
    labels = {key: config.get(key) for key in ("concepts", "styles")}
    for key, value in labels.items():
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ExportError(f"{folder}/config.json: {key}: expected a list of names")
    try:
        module = importlib.import_module("demo.detector")
        detector = module.load(folder).eval().to(DTYPE)
        features = module.Features(detector).eval()
    except Exception as error:  # whatever the detector's own code raises
        raise ExportError(f"{folder}: cannot be loaded: {first_line(error)}") from error
    found = {"concepts": {"above": config.get("concept_threshold", 0.0)}, "styles": "largest"}
    entry = {"kind": "detector", "labels": labels, "found": found}
    return [Evaluator("detector", detector, entry, "logits"),
            Evaluator("features", features, {"kind": "features"}, "features")]


def export(evaluator: Evaluator, path: Path, size: int) -> dict:
    """Traces the network into `path`; returns its entry in the manifest, without hash."""
    pixels = torch.rand(networks.TRACE_BATCH, 3, size, size)
    traced = networks.trace(evaluator.network, (pixels,), evaluator.name)
    with torch.no_grad():
        width = evaluator.network(pixels).shape[-1]
    count = sum(len(names) for names in evaluator.entry.get("labels", {}).values())
    if count not in (0, width):
        raise ExportError(
            f"{evaluator.name}: scores: got {width}, expected one a label, {count}")
    networks.save(traced, path)
    return {
        **evaluator.entry,
        "inputs": [["pixels", "float32", ["B", 3, "H", "W"]]],
        "outputs": [[evaluator.output, "float32", ["B", width]]],
    }
