"""A bundle that has a tokenizer, and names in place of networks."""

import hashlib
import json
from pathlib import Path

from export.text import write_tokenizer

NO_FILE = "0" * 64


def write_tokenizer_bundle(tokenizer, max_length: int, folder: Path) -> dict:
    """Writes a transformers tokenizer as a bundle's, and a manifest; returns that."""
    text = write_tokenizer(tokenizer, folder)
    files = {key: {"name": f"{key}.pt", "sha256": NO_FILE}
             for key in ("unet", "text_encoder", "vae_decoder")}
    for key, name in text["files"].items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        files[key] = {"name": name, "sha256": digest}
    manifest = {
        "format": "gloce-bundle",
        "version": 1,
        "family": "sd1",
        "name": "tokenizer",
        "model_identity": NO_FILE,
        "dtype": "float32",
        "latent": {"channels": 4, "sample_size": 8, "vae_scale_factor": 4,
                   "scaling_factor": 1.0, "size_multiple": 8},
        "prediction_type": "epsilon",
        "scheduler": {},
        "text": {**text, "max_length": max_length, "width": 8},
        "hooks": [],
        "files": files,
    }
    (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    return manifest
