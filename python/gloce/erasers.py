"""Reads an erasers file (docs/formats.md of gloce)."""

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import torch

# Name -> dimensions behind N: D the layer's width, R a rank.
_TENSORS = {"map_up": "DR", "map_down": "RD", "mapping_mean": "D", "target_mean": "D",
            "gate_basis": "DR", "surrogate_mean": "D", "gate_center": "", "gate_slope": ""}
# How a file may hold all tensors but the scalars of a gate, which are F32.
_DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
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
    """N concepts at every hook point; all tensors float32, however they were stored, with N first.

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


def _tensor(header: dict, name: str, dtype: str, data: bytes, start: int,
            path: Path) -> torch.Tensor:
    """A tensor that must be stored as `dtype`, as float32."""
    try:
        entry = header[name]
        shape = [int(n) for n in entry["shape"]]
        begin, end = entry["data_offsets"]
        found = entry["dtype"]
    except (KeyError, TypeError, ValueError) as error:
        raise ErasersError(f"{path}: tensor {name}: missing or malformed") from error
    stored = _DTYPES[dtype]
    if found != dtype or not 0 <= begin <= end <= len(data) - start \
            or end - begin != stored.itemsize * math.prod(shape):
        raise ErasersError(f"{path}: tensor {name}: {found} {shape} at {begin}:{end} does not fit,"
                           f" expected {dtype}")
    values = torch.frombuffer(bytearray(data[start + begin:start + end]), dtype=stored).float() \
        if end > begin else torch.empty(0)
    if not bool(torch.isfinite(values).all()):
        raise ErasersError(f"{path}: tensor {name}: has values that are not finite")
    return values.reshape(shape)


def _stored_dtype(header: dict, hooks: list[dict], path: Path) -> str:
    """That of a file's first tensor, which all have but the scalars of a gate."""
    dtype = header[f"{hooks[0]['path']}.{next(iter(_TENSORS))}"]["dtype"]
    if dtype not in _DTYPES:
        raise ErasersError(f"{path}: dtype {dtype}, expected one of {', '.join(_DTYPES)}")
    return dtype


def _layer(header: dict, hook: dict, count: int, dtype: str, data: bytes, start: int,
           path: Path) -> dict[str, torch.Tensor]:
    """The tensors of one hook point for `count` concepts, their shapes checked."""
    place, width = str(hook["path"]), int(hook["width"])
    layer = {}
    for key, dims in _TENSORS.items():
        tensor = _tensor(header, f"{place}.{key}", dtype if dims else "F32", data, start, path)
        expected = (count, *(width if dim == "D" else None for dim in dims))
        if tensor.dim() != len(expected) or any(
                want not in (None, size) for want, size in zip(expected, tensor.shape)):
            raise ErasersError(f"{path}: tensor {place}.{key}: shape {list(tensor.shape)} for"
                               f" {count} concepts of width {width}")
        layer[key] = tensor
    if layer["map_up"].shape[2] != layer["map_down"].shape[1]:
        raise ErasersError(f"{path}: {place}: map_up and map_down differ in rank")
    return layer


def _concept(item: dict, path: Path) -> Concept:
    concept = Concept(str(item["name"]), float(item["eta"]), float(item["gate_start_timestep"]))
    if not (math.isfinite(concept.eta) and math.isfinite(concept.gate_start_timestep)):
        raise ErasersError(f"{path}: concept {concept.name}: eta or gate start is not finite")
    return concept


def _check_extent(header: dict, size: int, path: Path) -> None:
    """Tensors must cover the bytes behind the header without hole or overlap."""
    spans = sorted(tuple(entry["data_offsets"]) for name, entry in header.items()
                   if name != "__metadata__")
    ends = [0, *(end for _, end in spans)]
    if [begin for begin, _ in spans] != ends[:-1] or ends[-1] != size:
        raise ErasersError(f"{path}: tensors leave holes, overlap or miss bytes")


def load(path: str | Path) -> Erasers:
    """Reads a file that `gloce build` or `gloce merge` wrote. Raises ErasersError, OSError."""
    path = Path(path)
    data = path.read_bytes()
    header, start = _header(data, path)
    try:
        metadata = header["__metadata__"]
        if metadata["format"] != "gloce-erasers" or metadata["version"] != "1":
            raise ErasersError(f"{path}: no erasers file of version 1 (gloce build writes them)")
        _check_extent(header, len(data) - start, path)
        concepts = [_concept(item, path) for item in json.loads(metadata["concepts"])]
        if not concepts:
            raise ErasersError(f"{path}: holds no concept")
        hooks = json.loads(metadata["hooks"])
        dtype = _stored_dtype(header, hooks, path)
        layers = {str(hook["path"]): _layer(header, hook, len(concepts), dtype, data, start, path)
                  for hook in hooks}
        return Erasers(str(metadata["model_identity"]), concepts, layers)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        if isinstance(error, ErasersError):
            raise
        raise ErasersError(f"{path}: malformed: {type(error).__name__}: {error}") from error
