"""Erasers from the paper's equations, one concept at a time.

Concepts are given with everything resolved, as `gloce build --dry-run --json` prints them:
prompts, mapping, surrogate, anchors, rank_map (r1), rank_target (r2), rank_gate (r3), tau,
scheduler, steps, guidance, window, num_seeds.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .model import Model

# [layer] -> activations x (T, D) of the recorded calls
Recording = list[list[torch.Tensor]]


@dataclass
class Moments:
    mean: torch.Tensor  # (D)
    covariance: torch.Tensor  # (D, D), biased


@dataclass
class LayerEraser:
    """One concept at one hook point, float64."""

    v_map: torch.Tensor  # (D, r1)
    v_target: torch.Tensor  # (D, r2)
    v_gate: torch.Tensor  # (D, r3)
    mapping_mean: torch.Tensor  # (D)
    target_mean: torch.Tensor  # (D)
    surrogate_mean: torch.Tensor  # (D)
    center: float  # c
    slope: float  # k

    def map(self) -> torch.Tensor:
        """V_map V_mapᵀ (I − V_tar V_tarᵀ), (D, D)."""
        identity = torch.eye(len(self.target_mean), dtype=torch.float64)
        return self.v_map @ self.v_map.T @ (identity - self.v_target @ self.v_target.T)


class Recorder:
    """Keeps the conditional half of the calls start < k <= end."""

    def __init__(self, model: Model, start: int, end: int):
        self.start, self.end = start, end
        self.recording: Recording = [[] for _ in model.layers]

    def __call__(self, call: int, _timestep: float, layer: int, x: torch.Tensor) -> torch.Tensor:
        if self.start < call <= self.end:
            self.recording[layer].append(x[1])
        return x


def record_run(model: Model, concept: dict, prompt: str, seed: int) -> Recording:
    start, end = concept["window"]
    recorder = Recorder(model, start, end)
    model.sample(prompt, seed, concept["scheduler"], concept["steps"], concept["guidance"],
                 recorder, last_call=end)
    return recorder.recording


def record(model: Model, concept: dict, prompts: list[str], run=record_run) -> Recording:
    """Activations of all prompts and seeds of a set, sampled as the concept says."""
    merged: Recording = [[] for _ in model.layers]
    for prompt in prompts:
        for seed in range(concept["num_seeds"]):
            for layer, found in enumerate(run(model, concept, prompt, seed)):
                merged[layer].extend(found)
    return merged


def pyramid(x: torch.Tensor, side: int) -> torch.Tensor:
    """Tokens (T, D) of a square map and of its three 2×2 average poolings, as rows.

    Stops where the map cannot be halved.
    """
    level = x.T.reshape(1, -1, side, side)
    rows = [x]
    for _ in range(3):
        if min(level.shape[-2:]) < 2:
            break
        level = F.avg_pool2d(level, 2)
        rows.append(level.flatten(2)[0].T)
    return torch.cat(rows)


def moments(activations: list[torch.Tensor]) -> Moments:
    """Mean and covariance over all rows, in two passes."""
    rows = torch.cat([pyramid(x, math.isqrt(len(x))) for x in activations])
    mean = rows.mean(0)
    centred = rows - mean
    return Moments(mean, centred.T @ centred / len(rows))


def leading(matrix: torch.Tensor, rank: int) -> torch.Tensor:
    """The directions (D, rank) of a symmetric matrix's largest singular values."""
    return torch.linalg.svd(matrix).U[:, :rank]


def gate_score(x: torch.Tensor, v_gate: torch.Tensor, surrogate_mean: torch.Tensor) -> torch.Tensor:
    """p(x) = ‖V_gateᵀ(x − μ_sur)‖² / ‖x − μ_sur‖², over the last dimension of x."""
    y = x - surrogate_mean
    return (y @ v_gate).square().sum(-1) / y.square().sum(-1)


def fit_layer(concept: dict, target: list[torch.Tensor], mapping: list[torch.Tensor],
              surrogate: list[torch.Tensor], anchors: list[torch.Tensor]) -> LayerEraser:
    """One hook point, from the activations of the four sets."""
    tar, map_ = moments(target), moments(mapping)
    mean_sur = moments(surrogate).mean
    shift = tar.mean - mean_sur
    v_gate = leading(tar.covariance + torch.outer(shift, shift), concept["rank_gate"])
    # m: the most certain token of each anchor pass and call, of the map itself
    m = torch.stack([gate_score(x, v_gate, mean_sur).max() for x in anchors])
    tau = concept["tau"]
    return LayerEraser(
        leading(map_.covariance, concept["rank_map"]),
        leading(tar.covariance, concept["rank_target"]),
        v_gate, map_.mean, tar.mean, mean_sur,
        center=float(m.mean() + tau * m.std(unbiased=True)),
        slope=math.log(99) / (0.001 * tau))


def fit(model: Model, concept: dict, run=record_run) -> list[LayerEraser]:
    """One concept at every hook point. `run` may keep recordings for several concepts."""
    sets = [record(model, concept, concept[key], run)
            for key in ("prompts", "mapping", "surrogate", "anchors")]
    return [fit_layer(concept, *(activations[layer] for activations in sets))
            for layer in range(len(model.layers))]
