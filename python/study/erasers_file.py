"""Changes erasers files for a study; the metadata stay as they are."""

import json
import pathlib

import torch
from safetensors import safe_open
from safetensors.torch import save_file

NEVER = 2.0  # p is at most 1, and k(1 - 2) is -1838 and less: no gate opens


def read(path: pathlib.Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def hook_widths(path: pathlib.Path) -> dict[str, int]:
    """Path of every hook point -> its width, in the file's order."""
    with safe_open(path, "pt") as file:
        return {hook["path"]: hook["width"] for hook in json.loads(file.metadata()["hooks"])}


def shut_all_but(layers: set[str], path: pathlib.Path, out: pathlib.Path) -> pathlib.Path:
    """Erasers of PATH that act in these layers alone."""
    tensors, metadata = read(path)
    for hook in hook_widths(path):
        if hook not in layers:
            tensors[f"{hook}.gate_center"].fill_(NEVER)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out, metadata)
    return out


def replace_fit(path: pathlib.Path, out: pathlib.Path, fits: list, num_seeds: int) -> pathlib.Path:
    """Erasers of PATH with other numbers: fits, by concept and layer (scripts/reference)."""
    tensors, metadata = read(path)
    infos = json.loads(metadata["concepts"])
    for index, (info, layers) in enumerate(zip(infos, fits, strict=True)):
        info["num_seeds"] = num_seeds
        info.pop("fit", None)  # what `gloce build` saw of its own statistics
        for hook, fit in zip(hook_widths(path), layers, strict=True):
            down = fit.v_map.T - (fit.v_map.T @ fit.v_target) @ fit.v_target.T
            for name, value in (
                    ("map_up", fit.v_map), ("map_down", down), ("gate_basis", fit.v_gate),
                    ("mapping_mean", fit.mapping_mean), ("target_mean", fit.target_mean),
                    ("surrogate_mean", fit.surrogate_mean),
                    ("gate_center", torch.tensor(fit.center)),
                    ("gate_slope", torch.tensor(fit.slope))):
                tensors[f"{hook}.{name}"][index] = value.float()
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out, {**metadata, "concepts": json.dumps(infos)})
    return out
