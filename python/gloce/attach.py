"""Attaches erasers to the cross-attention outputs of a diffusers U-Net."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from .erasers import Erasers, ErasersError, load


class _Layer(torch.nn.Module):
    """The erasers of one hook point (GLoCE, gate and update)."""

    def __init__(self, tensors: dict[str, torch.Tensor], eta: torch.Tensor):
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)
        self.register_buffer("eta", eta)
        # Concepts that share a surrogate share one centring.
        means, group = torch.unique(self.surrogate_mean, dim=0, return_inverse=True)
        self.register_buffer("means", means)
        self.members = [torch.nonzero(group == g).flatten() for g in range(len(means))]

    def logits(self, rows: torch.Tensor) -> torch.Tensor:
        """k(p(x) - c) of rows (M, D): (M, N)."""
        scores = rows.new_empty(len(rows), len(self.eta))
        for mean, members in zip(self.means, self.members):
            centred = rows - mean
            basis = self.gate_basis[members]  # (n, D, R3)
            along = torch.einsum("md,ndr->mnr", centred, basis).square().sum(2)
            norm = centred.square().sum(1, keepdim=True)
            scores[:, members] = along / norm.clamp_min(torch.finfo(norm.dtype).tiny)
        return self.gate_slope * (scores - self.gate_center)

    def forward(self, x: torch.Tensor, waiting: torch.Tensor,
                strength: float) -> tuple[torch.Tensor, torch.Tensor]:
        """x' of tokens x (B, T, D), and the logits (B, T, N).

        Concepts in `waiting` (B or 1, N, bool) do not act on a sample. Computes in the dtype of the
        buffers.
        """
        rows = x.to(self.eta.dtype).reshape(-1, x.shape[-1])
        logits = self.logits(rows).unflatten(0, x.shape[:2])  # (B, T, N)
        # sigmoid(-inf) = 0: a sample for which all concepts wait stays as it is.
        logits = logits.masked_fill(waiting.unsqueeze(1), -torch.inf)
        logit, chosen = logits.flatten(0, 1).max(1)
        centred = rows - self.target_mean[chosen]
        inner = torch.einsum("mrd,md->mr", self.map_down[chosen], centred)
        update = torch.einsum("mdr,mr->md", self.map_up[chosen], inner) + self.mapping_mean[chosen]
        gate = strength * torch.sigmoid(logit).unsqueeze(1)
        changed = rows + gate * (self.eta[chosen].unsqueeze(1) * update - rows)
        return changed.to(x.dtype).reshape(x.shape), logits


class Attachment:
    """Erasers at work in a U-Net, until `detach`. Also a context manager.

    strength scales the blend: 1 is the method, 0 is off.
    """

    def __init__(self, unet: torch.nn.Module, erasers: Erasers):
        self.strength = 1.0
        self.erasers = erasers
        self._chosen = set(self.names)
        self._recorded: dict[str, torch.Tensor] | None = None
        self._starts = torch.tensor([c.gate_start_timestep for c in erasers.concepts],
                                    dtype=torch.float64)
        self._waiting = torch.ones(1, len(self._starts), dtype=torch.bool)
        eta = torch.tensor([c.eta for c in erasers.concepts])
        self._layers: dict[str, _Layer] = {}
        modules = {}
        for path, tensors in erasers.layers.items():
            try:
                modules[path] = unet.get_submodule(path)
            except AttributeError:
                raise ErasersError(f"the U-Net has no layer {path}: these erasers are of another"
                                   " model") from None
            width, found = tensors["target_mean"].shape[1], modules[path].out_features
            if width != found:
                raise ErasersError(f"{path}: the U-Net's layer is {found} wide, the erasers {width}:"
                                   " they are of another model")
            self._layers[path] = _Layer(tensors, eta)
        self._handles = [unet.register_forward_pre_hook(self._note_timestep, with_kwargs=True)]
        for path, module in modules.items():
            self._handles.append(module.register_forward_hook(self._hook(path)))

    @property
    def names(self) -> list[str]:
        """All concepts of the file, in its order."""
        return [c.name for c in self.erasers.concepts]

    def choose(self, *names: str) -> None:
        """Erases these concepts alone; without names all of them."""
        unknown = set(names) - set(self.names)
        if unknown:
            raise ErasersError(f"no eraser for {sorted(unknown)}; there are {self.names}")
        self._chosen = set(names or self.names)

    @contextmanager
    def recording(self) -> Iterator[dict[str, torch.Tensor]]:
        """Gate logits k(p(x) - c) of the latest pass within, by layer: (B, T, N), with gradients.

        -inf where a concept does not act; no entry where none does, or where strength is 0.
        """
        self._recorded = {}
        try:
            yield self._recorded
        finally:
            self._recorded = None

    def detach(self) -> None:
        """Leaves the U-Net as it was."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def __enter__(self) -> "Attachment":
        return self

    def __exit__(self, *_) -> None:
        self.detach()

    def _note_timestep(self, module, arguments, keywords) -> None:
        """Sets which concepts wait, (B or 1, N), from the timesteps of this pass: one, or B."""
        timestep = keywords.get("timestep", arguments[1] if len(arguments) > 1 else None)
        if timestep is None:
            raise ErasersError("the U-Net was called without a timestep: give it as second argument"
                               " or by name")
        timesteps = torch.as_tensor(timestep).detach().cpu().double().reshape(-1, 1)
        unchosen = torch.tensor([name not in self._chosen for name in self.names])
        self._waiting = (timesteps > self._starts) | unchosen
        if self._recorded is not None:
            self._recorded.clear()

    def _hook(self, path: str):
        layer = self._layers[path]

        def erase(module, arguments, output):
            if self.strength == 0 or bool(self._waiting.all()):
                return output
            # Never below float32: slopes of a thousand and more amplify every rounding of p.
            layer.to(output.device, torch.promote_types(output.dtype, torch.float32))
            changed, logits = layer(output, self._waiting.to(output.device), self.strength)
            if self._recorded is not None:
                self._recorded[path] = logits
            return changed
        return erase


def attach(unet: torch.nn.Module, erasers: Erasers | str | Path) -> Attachment:
    """Erases concepts in every forward pass of a diffusers U-Net, both halves of guidance.

    The samples of a batch may have timesteps of their own; each is erased from its noise level on.

    erasers: a file, or what `load` read. Raises ErasersError where layers or widths do not fit.
    A fine-tune has the same layers: whether erasers were built for these very weights only their
    model_identity tells, which is that of the bundle that `gloce build` read.
    """
    return Attachment(unet, erasers if isinstance(erasers, Erasers) else load(erasers))
