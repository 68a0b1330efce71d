#!/usr/bin/env python3
"""Writes tests/fuzz/corpus/published/ with the safetensors package: small checkpoints of the
published code's layout for two layers, of widths 3 and 2.

    python scripts/make_published_golden.py
"""

import pathlib

import torch
from safetensors.torch import save

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests/fuzz/corpus/published"


def layer(prefix: str, width: int, rank_map: int, rank_gate: int) -> dict[str, torch.Tensor]:
    return {
        f"{prefix}.lora_degen.weight": torch.randn(width, rank_map),
        f"{prefix}.lora_update.weight": torch.randn(width, rank_map),
        f"{prefix}.bias.weight": torch.randn(1, 1, width),
        f"{prefix}.debias.weight": torch.randn(1, 1, width),
        f"{prefix}.selector.select_weight.weight": torch.randn(1, width, rank_gate),
        f"{prefix}.selector.select_mean_diff.weight": torch.randn(1, width),
        f"{prefix}.selector.imp_center": torch.rand(()),
        f"{prefix}.selector.imp_slope": torch.full((1,), 1838.04993),
        f"{prefix}.alpha": torch.tensor(1.0),
    }


def main():
    torch.manual_seed(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, ranks in (("celebrity", (2, 1)), ("sliced", (3, 3))):
        tensors = {}
        for path, width in (("a", 3), ("b", 2)):
            tensors |= layer(f"lora_gloce_{path}_attn2_to_out_0", width,
                             *(min(rank, width) for rank in ranks))
        metadata = {"prompts": "Brad Pitt", "rank": "16", "alpha": "1.0"}
        (FOLDER / name).write_bytes(save(tensors, metadata))


if __name__ == "__main__":
    main()
