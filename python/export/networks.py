"""The three networks as TorchScript: wrappers with tensors in and out, and tracing.

The program changes the traced U-Net: it puts an operator before the return of
every `attn2.to_out.0`. So the module hierarchy must survive: traced (in a
scripted network all layers of a class share their code), neither frozen nor
optimised (both dissolve the hierarchy).
"""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch

from .errors import ExportError, first_line

HOOK_SUFFIX = "attn2.to_out.0"

# A trace at batch 1 could not tell a batch from a broadcast dimension.
TRACE_BATCH = 2


class UnetNetwork(torch.nn.Module):
    """latents (B, C, H, W), timestep (B,), encoder_hidden_states (B, L, D) → (B, C, H, W)."""

    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, latents, timestep, encoder_hidden_states):
        return self.unet(latents, timestep, encoder_hidden_states, return_dict=False)[0]


class TextEncoderNetwork(torch.nn.Module):
    """input_ids (B, L) int64 → last hidden state (B, L, D), after the final layer norm."""

    def __init__(self, text_encoder):
        super().__init__()
        self.text_encoder = text_encoder

    def forward(self, input_ids):
        return self.text_encoder(input_ids=input_ids, attention_mask=None)[0]


class VaeDecoderNetwork(torch.nn.Module):
    """latents (B, C, H, W), divided by the scaling factor → sample (B, 3, sH, sW) in [-1, 1].

    s is the VAE's scale factor.
    """

    def __init__(self, vae):
        super().__init__()
        self.post_quant_conv = vae.post_quant_conv
        self.decoder = vae.decoder

    def forward(self, latents):
        if self.post_quant_conv is not None:
            latents = self.post_quant_conv(latents)
        return self.decoder(latents)


@dataclass(frozen=True)
class Sizes:
    """What the inputs' shapes depend on; sizes in latent pixels."""

    latent_channels: int
    sample_size: int
    unit: int  # sides must be multiples of it: 2^(number of downsamplings)
    text_length: int
    text_width: int
    vocab_size: int

    def small(self) -> tuple[int, int]:
        """The smallest legal size that is not square and not one unit high or wide."""
        return 2 * self.unit, 3 * self.unit


def unet_inputs(sizes: Sizes, batch: int, size: tuple[int, int], dtype, timestep_dtype,
                seed: int = 0):
    """Random inputs of the U-Net: latents, timestep, encoder_hidden_states."""
    generator = torch.Generator("cpu").manual_seed(seed)
    latents = torch.randn(batch, sizes.latent_channels, *size, generator=generator)
    timestep = torch.randint(1, 999, (batch,), generator=generator)
    if timestep_dtype.is_floating_point:  # LMS steps lie between the integers
        timestep = timestep.to(timestep_dtype) + 0.25
    hidden = torch.randn(batch, sizes.text_length, sizes.text_width, generator=generator)
    return latents.to(dtype), timestep, hidden.to(dtype)


def text_inputs(sizes: Sizes, batch: int, seed: int = 0):
    """Random inputs of the text encoder: input_ids."""
    generator = torch.Generator("cpu").manual_seed(seed)
    shape = (batch, sizes.text_length)
    return (torch.randint(0, sizes.vocab_size, shape, generator=generator),)


def vae_inputs(sizes: Sizes, batch: int, size: tuple[int, int], dtype, seed: int = 0):
    """Random inputs of the VAE decoder: latents."""
    generator = torch.Generator("cpu").manual_seed(seed)
    shape = (batch, sizes.latent_channels, *size)
    return (torch.randn(shape, generator=generator).to(dtype),)


def hook_points(unet: torch.nn.Module) -> list[dict]:
    """The output projections of the cross-attentions, in named_modules order.

    Raises ExportError if there are none, or if one is not a plain Linear.
    """
    hooks = []
    for path, module in unet.named_modules():
        if not path.endswith(HOOK_SUFFIX):
            continue
        if type(module).__name__ not in ("Linear", "LoRACompatibleLinear"):
            raise ExportError(
                f"unet: {path}: got a {type(module).__name__}, expected a Linear:"
                " fuse the LoRA (pipe.fuse_lora(); pipe.unload_lora_weights();"
                " pipe.save_pretrained(FOLDER)) and export that folder"
            )
        hooks.append({
            "path": path,
            "width": module.out_features,
            "kind": "cross_attention_output",
        })
    if not hooks:
        raise ExportError(
            f"unet: no layer ends in {HOOK_SUFFIX}: concepts are erased at the"
            " cross-attentions with the text, and this U-Net has none"
        )
    return hooks


def trace(network: torch.nn.Module, inputs: tuple, what: str):
    """Traces `network` (in eval mode) on `inputs`; ExportError if torch cannot."""
    with torch.no_grad(), warnings.catch_warnings():
        # Python branches on shapes are traced on purpose; checks.py shows that
        # the trace is right for other shapes.
        warnings.simplefilter("ignore")
        # Attention as its parts, not as an operator of inference alone that gloce does not admit.
        is_fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            return torch.jit.trace(network.eval(), inputs, check_trace=False)
        except Exception as error:  # torch raises many kinds
            raise ExportError(
                f"{what}: cannot be traced: {first_line(error)}: remove what was put into the"
                " network (LoRA, IP-Adapter, attention processors), save it with"
                " pipe.save_pretrained(FOLDER), and export that folder"
            ) from error
        finally:
            torch.backends.mha.set_fastpath_enabled(is_fast)


def _require_space(traced, path: Path) -> None:
    """OSError if the file system has no room for the network.

    torch aborts the process when it cannot write, so that room is tried out
    before: the file is given its size and removed again.
    """
    tensors = [*traced.parameters(), *traced.buffers()]
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    code = 4 << 20  # several times what code and headers take
    try:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size + size // 50 + code)
    finally:
        path.unlink(missing_ok=True)


def save(traced, path: Path) -> None:
    """Writes a traced network; ExportError with the cause if that fails (a full disk)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _require_space(traced, path)
            traced.save(str(path))
        except (OSError, RuntimeError) as error:
            raise ExportError(f"{path.name}: cannot be written: {first_line(error)}") from error


def load(path: Path):
    """Reads a network back as the program will see it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return torch.jit.load(str(path), map_location="cpu").eval()
        except (RuntimeError, ValueError) as error:
            raise ExportError(f"{path.name}: cannot be read back: {first_line(error)}") from error
