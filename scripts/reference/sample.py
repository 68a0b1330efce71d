"""Erased sampling, token by token as the paper defines it."""

from dataclasses import dataclass

import torch

from .fit import gate_score
from .model import Model


@dataclass
class Concept:
    """Weights of one concept as an erasers file holds them; lists have an entry a layer."""

    map_up: list[torch.Tensor]  # V_map (D, r1)
    map_down: list[torch.Tensor]  # V_mapᵀ(I − V_tar V_tarᵀ) (r1, D)
    mapping_mean: list[torch.Tensor]
    target_mean: list[torch.Tensor]
    gate_basis: list[torch.Tensor]  # V_gate (D, r3)
    surrogate_mean: list[torch.Tensor]
    center: list[float]
    slope: list[float]
    eta: float
    gate_start_timestep: float

    @classmethod
    def from_file(cls, tensors: dict, model: Model, index: int, info: dict) -> "Concept":
        """Concept `index` of an erasers file's tensors; `info` from its metadata."""
        def of(name):
            return [tensors[f"{layer}.{name}"][index].to(model.dtype) for layer in model.layers]

        return cls(of("map_up"), of("map_down"), of("mapping_mean"), of("target_mean"),
                   of("gate_basis"), of("surrogate_mean"),
                   [float(c) for c in of("gate_center")], [float(k) for k in of("gate_slope")],
                   info["eta"], info["gate_start_timestep"])


class Erasing:
    """Replaces what a hook point computes. The concept with the largest logit acts, alone."""

    def __init__(self, concepts: list[Concept], strength: float = 1.0):
        self.concepts, self.strength = concepts, strength

    def logits(self, active: list[Concept], layer: int, x: torch.Tensor) -> torch.Tensor:
        """k(p − c) of every concept and token, (N, B, T)."""
        return torch.stack([
            c.slope[layer] * (gate_score(x, c.gate_basis[layer], c.surrogate_mean[layer])
                              - c.center[layer]) for c in active])

    def __call__(self, call: int, timestep: float, layer: int, x: torch.Tensor) -> torch.Tensor:
        active = [c for c in self.concepts if timestep <= c.gate_start_timestep]
        if not active:
            return x
        best, winner = self.logits(active, layer, x).max(0)  # (B, T); the first concept of equal ones
        updates = torch.stack([
            c.eta * (c.mapping_mean[layer] + (x - c.target_mean[layer]) @ c.map_down[layer].T
                     @ c.map_up[layer].T) for c in active])
        update = updates.gather(0, winner[None, ..., None].expand(1, *x.shape))[0]
        return x + self.strength * torch.sigmoid(best)[..., None] * (update - x)


def sample(model: Model, concepts: list[Concept], prompt: str, seed: int, scheduler: str,
           steps: int, guidance: float) -> torch.Tensor:
    """Final latents (1, C, H, W), of the model's dtype."""
    return model.sample(prompt, seed, scheduler, steps, guidance, Erasing(concepts))

