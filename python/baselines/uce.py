"""UCE, unified concept editing (Gandikota et al., arXiv 2308.14761), in closed form.

Notation (<variable name> -> <name in paper>):
    weight       W_old   a key or value projection of a cross-attention, (out, D)
    sources      c_i     hidden states of what is erased, i in E
    targets      c*_i    of what it becomes; its value is v*_i = W_old c*_i
    kept         c_j     of what stays, j in P
    erase_scale, preserve_scale, damping: weights of the terms (1, 1 and 0 in the paper's equation)

The new W minimises, over all W,

    erase_scale Σ_i ‖W c_i − v*_i‖² + preserve_scale Σ_j ‖W c_j − W_old c_j‖²
        + damping ‖W − W_old‖²                                                     (objective)

which is a linear system. Since every term's goal is W_old times something, its solution is
W = W_old M with one M (D, D) for all layers:

    A = erase_scale Σ c_i c_iᵀ + preserve_scale Σ c_j c_jᵀ + damping I
    M = (erase_scale Σ c*_i c_iᵀ + preserve_scale Σ c_j c_jᵀ + damping I) A⁻¹
"""

import copy
from dataclasses import dataclass

import torch

from . import networks as nets

PROJECTIONS = ("to_k", "to_v")


@dataclass
class Edit:
    """What the sums run over, float64; rows are hidden states, weighted alike within a field."""

    sources: torch.Tensor  # (N, D)
    targets: torch.Tensor  # (N, D)
    kept: torch.Tensor  # (P, D)
    erase_scale: float = 1.0
    preserve_scale: float = 1.0
    damping: float = 0.5


def objective(weight: torch.Tensor, old: torch.Tensor, edit: Edit) -> torch.Tensor:
    """What the new weight minimises. weight and old: (out, D)."""
    erased = edit.sources @ weight.T - edit.targets @ old.T
    kept = edit.kept @ (weight - old).T
    return (edit.erase_scale * erased.square().sum() + edit.preserve_scale * kept.square().sum()
            + edit.damping * (weight - old).square().sum())


def transform(edit: Edit) -> torch.Tensor:
    """M (D, D): the new weight is the old one times M. The identity if nothing is erased."""
    identity = torch.eye(edit.sources.shape[1], dtype=torch.float64)
    if not len(edit.sources) or edit.erase_scale == 0:
        return identity
    stays = edit.preserve_scale * edit.kept.T @ edit.kept + edit.damping * identity
    left = edit.erase_scale * edit.sources.T @ edit.sources + stays
    right = edit.erase_scale * edit.targets.T @ edit.sources + stays
    # M A = right with A symmetric.
    return torch.linalg.solve(left, right.T).T


def apply(unet: torch.nn.Module, edit: Edit) -> torch.nn.Module:
    """A copy of `unet` with new key and value projections in its cross-attentions."""
    edited = copy.deepcopy(unet)
    if not len(edit.sources):
        return edited
    change = transform(edit)
    for attention in nets.cross_attentions(edited).values():
        for name in PROJECTIONS:
            weight = getattr(attention, name).weight
            weight.data.copy_((weight.double() @ change).to(weight.dtype))
    return edited


def _from_word_on(networks: nets.Networks, prompt: str) -> torch.Tensor:
    """Hidden states of the last word and of all positions after it, (n, D) float64.

    The text encoder is causal: only these know the word, and the padding does, too.
    """
    return nets.encode(networks, [prompt])[0, nets.last_word(networks, prompt):].double()


def make_edit(networks: nets.Networks, erased: dict[str, str], kept: list[str],
              erase_scale: float, preserve_scale: float, damping: float) -> Edit:
    """erased: prompt that ends with a concept -> prompt that ends with what it becomes; kept: such
    prompts of what stays.

    The k-th state from the last word on is paired with the other prompt's k-th. A prompt's states
    are divided by the root of their number, so that a concept weighs 1 in the sums.
    """
    width = networks.text_encoder.config.hidden_size
    sources, targets, stays = ([torch.zeros(0, width, dtype=torch.float64)] for _ in range(3))
    for prompt, destination in erased.items():
        pair = [_from_word_on(networks, text) for text in (prompt, destination)]
        count = min(map(len, pair))
        sources.append(pair[0][:count] / count**0.5)
        targets.append(pair[1][:count] / count**0.5)
    for prompt in kept:
        states = _from_word_on(networks, prompt)
        stays.append(states / len(states)**0.5)
    return Edit(torch.cat(sources), torch.cat(targets), torch.cat(stays),
                erase_scale, preserve_scale, damping)
