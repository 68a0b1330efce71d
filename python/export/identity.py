"""The model identity: which weights an eraser was built for."""

import hashlib

import torch

# Not weights: older versions of transformers saved them, newer ones do not.
_NOT_WEIGHTS = ("position_ids",)


def model_identity(unet: torch.nn.Module, text_encoder: torch.nn.Module) -> str:
    """SHA-256 (hex) over the weights of the U-Net and the text encoder.

    Goes over the state dicts in the order of their sorted prefixed names and
    hashes `<name>\\0<d0>x<d1>…\\0` and the values as little-endian float32. The
    modules must hold the weights as the pipeline stores them, or widened to
    float32, which is exact; so the identity does not depend on the bundle's
    dtype, on the exporter or on anything else in the bundle.
    """
    weights = {}
    for name, tensor in unet.state_dict().items():
        weights["unet." + name] = tensor
    for name, tensor in text_encoder.state_dict().items():
        # transformers 4 has this level, transformers 5 does not.
        weights["text_encoder." + name.removeprefix("text_model.")] = tensor
    digest = hashlib.sha256()
    for name in sorted(weights):
        if name.rsplit(".", 1)[-1] in _NOT_WEIGHTS:
            continue
        tensor = weights[name]
        shape = "x".join(str(size) for size in tensor.shape)
        digest.update(f"{name}\0{shape}\0".encode())
        values = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
        digest.update(values.astype("<f4", copy=False).tobytes())
    return digest.hexdigest()
