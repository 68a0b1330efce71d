"""The detector of an exported bundle, on pictures from anywhere."""

import json
import pathlib

import numpy as np
import torch
from PIL import Image


class Judge:
    """Which concepts and which style a picture shows."""

    def __init__(self, bundle: pathlib.Path):
        spec = json.loads((bundle / "bundle.json").read_text())["evaluators"]["detector"]
        self.concepts = spec["labels"]["concepts"]
        self.styles = spec["labels"]["styles"]
        self._network = torch.jit.load(str(bundle / spec["name"])).eval()

    def _logits(self, images: list[Image.Image]) -> torch.Tensor:
        """(N, concepts + styles)."""
        pixels = torch.from_numpy(np.stack([np.asarray(i) for i in images])).permute(0, 3, 1, 2)
        with torch.no_grad():
            return self._network(pixels.float() / 255)

    def shown(self, images: list[Image.Image]) -> list[set[str]]:
        """Concepts: those whose logits are above 0."""
        logits = self._logits(images)[:, :len(self.concepts)]
        return [{c for c, v in zip(self.concepts, row) if v > 0} for row in logits]

    def style(self, images: list[Image.Image]) -> list[str]:
        """Of each picture the likeliest style, "none" among them."""
        best = self._logits(images)[:, len(self.concepts):].argmax(1)
        return [self.styles[i] for i in best]
