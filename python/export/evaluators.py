"""The demo's detector of concepts, which goes into its bundle as an evaluator."""

import importlib
from pathlib import Path

import torch

from . import networks
from .errors import ExportError, first_line
from .pipeline import read_json

# Evaluators stay in float32: they judge pictures, whatever made those.
DTYPE = torch.float32


def load_detector(pipeline_folder: Path):
    """The module and its labels, or None where the pipeline has no detector."""
    folder = pipeline_folder / "detector"
    if not (folder / "config.json").is_file():
        return None
    config = read_json(folder / "config.json")
    labels = {key: config.get(key) for key in ("concepts", "styles")}
    for key, value in labels.items():
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ExportError(f"{folder}/config.json: {key}: expected a list of names")
    try:
        detector = importlib.import_module("demo.detector").load(folder)
    except Exception as error:  # whatever the detector's own code raises
        raise ExportError(f"{folder}: cannot be loaded: {first_line(error)}") from error
    return detector.eval().to(DTYPE), labels


def export_detector(detector, labels: dict, path: Path, size: int):
    """Traces the detector into `path`; returns its entry in the manifest, without hash."""
    count = len(labels["concepts"]) + len(labels["styles"])
    pixels = torch.rand(networks.TRACE_BATCH, 3, size, size)
    traced = networks.trace(detector, (pixels,), "detector")
    with torch.no_grad():
        width = detector(pixels).shape[-1]
    if width != count:
        raise ExportError(f"detector: logits: got {width}, expected one a label, {count}")
    networks.save(traced, path)
    return {
        "kind": "detector",
        "inputs": [["pixels", "float32", ["B", 3, "H", "W"]]],
        "outputs": [["logits", "float32", ["B", count]]],
        "labels": labels,
    }
