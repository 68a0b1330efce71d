"""Reads an erasers file (docs/formats.md of gloce)."""

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import torch

_TENSORS = ("map_up", "map_down", "mapping_mean", "target_mean", "gate_basis",
            "surrogate_mean", "gate_center", "gate_slope")
_HEADER_LIMIT = 100_000_000  # bytes, of the format


class ErasersError(ValueError):
    """A file that is no erasers file, or one that does not fit the U-Net."""


@dataclass(frozen=True)
class Concept:
    """What is erased, and from which noise level on."""

    name: str
    eta: float
    gate_start_timestep: float  # the eraser acts where t is at most this


@dataclass(frozen=True)
class Erasers:
    """N concepts at every hook point; all tensors float32 with N as first dimension.

    layers: module path -> map_up (N, D, R1), map_down (N, R1, D), mapping_mean,
    target_mean, surrogate_mean (N, D), gate_basis (N, D, R3), gate_center, gate_slope (N).
    """

    model_identity: str
    concepts: list[Concept]
    layers: dict[str, dict[str, torch.Tensor]]


def _header(data: bytes, path: Path) -> tuple[dict, int]:
    """The JSON header and where the tensors' bytes begin."""
    if len(data) < 8:
        raise ErasersError(f"{path}: {len(data)} bytes are no safetensors file")
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(_HEADER_LIMIT, len(data) - 8):
        raise ErasersError(f"{path}: header of {length} bytes in a file of {len(data)}")
    try:
        header = json.loads(data[8:8 + length])
    except ValueError as error:
        raise ErasersError(f"{path}: header: {error}") from error
    if not isinstance(header, dict):
        raise ErasersError(f"{path}: header: expected an object")
    return header, 8 + length


def _tensor(header: dict, name: str, data: bytes, start: int, path: Path) -> torch.Tensor:
    try:
        entry = header[name]
        shape = [int(n) for n in entry["shape"]]
        begin, end = entry["data_offsets"]
        dtype = entry["dtype"]
    except (KeyError, TypeError, ValueError) as error:
        raise ErasersError(f"{path}: tensor {name}: missing or malformed") from error
    if dtype != "F32" or not 0 <= begin <= end <= len(data) - start \
            or end - begin != 4 * math.prod(shape):
        raise ErasersError(f"{path}: tensor {name}: {dtype} {shape} at {begin}:{end} does not fit")
    values = torch.frombuffer(bytearray(data[start + begin:start + end]), dtype=torch.float32) \
        if end > begin else torch.empty(0)
    if not bool(torch.isfinite(values).all()):
        raise ErasersError(f"{path}: tensor {name}: has values that are not finite")
    return values.reshape(shape)


def load(path: str | Path) -> Erasers:
    """Reads a file that `gloce build` or `gloce merge` wrote. Raises ErasersError, OSError."""
    path = Path(path)
    data = path.read_bytes()
    header, start = _header(data, path)
    metadata = header.get("__metadata__", {})
    if metadata.get("format") != "gloce-erasers" or metadata.get("version") != "1":
        raise ErasersError(f"{path}: no erasers file of version 1 (gloce build writes them)")
    concepts = [Concept(c["name"], float(c["eta"]), float(c["gate_start_timestep"]))
                for c in json.loads(metadata["concepts"])]
    layers = {}
    for hook in json.loads(metadata["hooks"]):
        place, width = hook["path"], hook["width"]
        layer = {key: _tensor(header, f"{place}.{key}", data, start, path) for key in _TENSORS}
        for key, tensor in layer.items():
            if tensor.shape[0] != len(concepts) or tensor.dim() > 1 and width not in tensor.shape:
                raise ErasersError(f"{path}: tensor {place}.{key}: shape {list(tensor.shape)} for"
                                   f" {len(concepts)} concepts of width {width}")
        layers[place] = layer
    return Erasers(metadata["model_identity"], concepts, layers)
