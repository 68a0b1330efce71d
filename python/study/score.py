"""A score of how well a picture fits its prompt, for a model that has no CLIP.

CLIP's score is the cosine of a picture's embedding and its prompt's. Here the features of the
bundle's detector stand for the picture, and for the prompt "a picture of a CONCEPT" the mean
features of pictures that the unmodified model draws for it. The mean of all concepts is taken from
both, since features that are never negative have a large cosine whatever they are of:

    score = max(100 · cos(f − m, μ_concept − m), 0)
"""

import json
import pathlib

import numpy as np
import torch
from PIL import Image

from demo.erasure_figures import Pictures, Row


class Score:
    def __init__(self, bundle: pathlib.Path, images: dict[str, list[Image.Image]]):
        """images: pictures of the unmodified model, by concept."""
        spec = json.loads((bundle / "bundle.json").read_text())["evaluators"]["features"]
        self._network = torch.jit.load(str(bundle / spec["name"])).eval()
        means = {name: self.features(found).mean(0) for name, found in images.items()}
        self.middle = torch.stack(list(means.values())).mean(0)
        self.directions = {name: mean - self.middle for name, mean in means.items()}

    def features(self, images: list[Image.Image]) -> torch.Tensor:
        """(N, K)."""
        pixels = torch.from_numpy(np.stack([np.asarray(i) for i in images])).permute(0, 3, 1, 2)
        with torch.no_grad():
            return self._network(pixels.float() / 255)

    def of(self, rows: list[Row], pictures: Pictures) -> list[float]:
        """Of every picture, for the concept that its row names first."""
        scores = []
        for row in rows:
            centred = self.features(pictures.images[row]) - self.middle
            cosine = torch.cosine_similarity(centred, self.directions[row.names[0]][None])
            scores += [round(float(c), 2) for c in (100 * cosine).clamp_min(0)]
        return scores
