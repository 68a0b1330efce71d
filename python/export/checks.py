"""Compares the files of a bundle with the modules they were made from."""

import torch

from . import networks
from .errors import ExportError

BATCHES = (1, 2, 3)

# Largest accepted difference relative to the largest value. float32: the order
# of additions may differ. Half types: one unit in the last place.
BOUNDS = {
    torch.float32: 1e-5,
    torch.float16: 2.0**-10,
    torch.bfloat16: 2.0**-7,
}


def relative_difference(got: torch.Tensor, expected: torch.Tensor) -> float:
    """max |got − expected| / max |expected|, infinite if shapes or types differ or on NaN."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return float("inf")
    got, expected = got.double(), expected.double()
    scale = expected.abs().max().clamp_min(torch.finfo(torch.float64).tiny)
    difference = ((got - expected).abs().max() / scale).item()
    return difference if difference == difference else float("inf")


def _compare(traced, reference, inputs: tuple) -> float:
    with torch.no_grad():
        expected = reference(*inputs)
        try:
            got = traced(*inputs)
        except RuntimeError:  # a shape that the trace has baked in
            return float("inf")
        return relative_difference(got, expected)


def _sizes(sizes: networks.Sizes) -> list[tuple[int, int]]:
    return [(sizes.sample_size, sizes.sample_size), sizes.small()]


def check_unet(traced, unet, sizes: networks.Sizes, dtype) -> float:
    """Largest relative difference over batches, sizes and both types of timestep."""
    reference = networks.UnetNetwork(unet)
    worst = 0.0
    for size in _sizes(sizes):
        for batch in BATCHES:
            for timestep_dtype in (torch.int64, torch.float32):
                inputs = networks.unet_inputs(
                    sizes, batch, size, dtype, timestep_dtype, seed=batch
                )
                worst = max(worst, _compare(traced, reference, inputs))
    return worst


def check_text_encoder(traced, text_encoder, sizes: networks.Sizes) -> float:
    """Largest relative difference over batches."""
    reference = networks.TextEncoderNetwork(text_encoder)
    return max(
        _compare(traced, reference, networks.text_inputs(sizes, batch, seed=batch))
        for batch in BATCHES
    )


def check_vae_decoder(traced, vae, sizes: networks.Sizes, dtype) -> float:
    """Largest relative difference over batches and sizes."""

    def reference(latents):
        return vae.decode(latents, return_dict=False)[0]

    return max(
        _compare(traced, reference, networks.vae_inputs(sizes, batch, size, dtype, seed=batch))
        for size in _sizes(sizes)
        for batch in BATCHES
    )


def check_evaluator(traced, network, size: int) -> float:
    """Largest relative difference over batches, on square pictures of two sizes."""
    worst = 0.0
    for side in (size, size + size // 2):
        for batch in BATCHES:
            generator = torch.Generator("cpu").manual_seed(batch)
            pixels = torch.rand(batch, 3, side, side, generator=generator)
            worst = max(worst, _compare(traced, network, (pixels,)))
    return worst


def require_hooks(traced, hooks: list[dict]) -> None:
    """Every hook point must be a submodule of the traced file, with code of its own."""
    modules = dict(traced.named_modules())
    for hook in hooks:
        module = modules.get("unet." + hook["path"])
        if module is None or not hasattr(module, "graph"):
            raise ExportError(
                f"unet.pt: {hook['path']}: lost in the trace: use the torch version of"
                " requirements.txt"
            )


def require_within(what: str, difference: float, dtype) -> None:
    """ExportError if `difference` is above the bound of `dtype`."""
    if difference > BOUNDS[dtype]:
        raise ExportError(
            f"{what}: differs from the pipeline by {difference:.1e} relative, allowed"
            f" {BOUNDS[dtype]:.1e}: use the versions of requirements.txt, or report it"
        )
