"""A small convolutional detector of concepts and styles in pictures."""

import json
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

from demo import scenes

INPUT_SIZE = scenes.PICTURE_SIZE
CHANNELS = (32, 64, 128, 192)
MEAN, STD = 0.5, 0.25
STYLE_LABELS = [*scenes.STYLES, "none"]


class Detector(nn.Module):
    """RGB (N, 3, H, W) float in [0, 1] to logits (N, 43).

    The first 40 are concepts, each present where its logit is above 0; the
    last 3 are styles, of which the largest holds. Pictures of other sizes are
    brought to INPUT_SIZE by area averaging.
    """

    def __init__(self):
        super().__init__()
        layers, width = [], 3
        for channels in CHANNELS:
            for source, stride in ((width, 2), (channels, 1)):
                layers += [nn.Conv2d(source, channels, 3, stride, 1),
                           nn.BatchNorm2d(channels), nn.ReLU()]
            width = channels
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(2 * width,
                              len(scenes.CONCEPTS) + len(STYLE_LABELS))

    def embed(self, pictures: torch.Tensor) -> torch.Tensor:
        """What the head sees, (N, 2 * CHANNELS[-1])."""
        x = F.interpolate(pictures, (INPUT_SIZE, INPUT_SIZE), mode="area")
        x = self.features((x - MEAN) / STD)
        return torch.cat([x.amax((2, 3)), x.mean((2, 3))], 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.head(self.embed(pictures))


class Features(nn.Module):
    """The detector without its head: features in which to compare sets of pictures."""

    def __init__(self, detector: Detector):
        super().__init__()
        self.detector = detector

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.detector.embed(pictures)


def split(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Concept logits (N, 40) and style logits (N, 3)."""
    count = len(scenes.CONCEPTS)
    return logits[:, :count], logits[:, count:]


def detect(logits: torch.Tensor) -> list[tuple[set[str], str | None]]:
    """The concepts and the style (None for a plain picture) of each row."""
    concepts, styles = split(logits)
    found = [{scenes.CONCEPTS[i] for i in row.nonzero().flatten().tolist()}
             for row in concepts > 0]
    names = [*scenes.STYLES, None]
    return [(s, names[i])
            for s, i in zip(found, styles.argmax(1).tolist())]


def save(detector: Detector, folder: pathlib.Path) -> None:
    """Writes model.safetensors (float16) and config.json with the labels."""
    from safetensors.torch import save_file
    weights = {k: v.half().contiguous()
               for k, v in detector.state_dict().items()
               if not k.endswith("num_batches_tracked")}
    save_file(weights, folder / "model.safetensors")
    config = {
        "input": "RGB in [0, 1], (N, 3, H, W)",
        "input_size": INPUT_SIZE, "channels": list(CHANNELS),
        "mean": MEAN, "std": STD, "concept_threshold": 0.0,
        "concepts": scenes.CONCEPTS, "styles": STYLE_LABELS,
        "groups": scenes.GROUPS,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def load(folder: str | pathlib.Path) -> Detector:
    """The trained detector in float32, ready for inference and tracing."""
    from safetensors.torch import load_file
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    expected = {"channels": list(CHANNELS), "concepts": scenes.CONCEPTS,
                "styles": STYLE_LABELS, "input_size": INPUT_SIZE}
    for key, value in expected.items():
        if config.get(key) != value:
            raise ValueError(f"{folder}/config.json: {key}: got "
                             f"{config.get(key)}, expected {value}")
    detector = Detector()
    weights = {k: v.float()
               for k, v in load_file(folder / "model.safetensors").items()}
    missing, unexpected = detector.load_state_dict(weights, strict=False)
    missing = [k for k in missing if not k.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"{folder}/model.safetensors: missing {missing}, "
                         f"unexpected {unexpected}")
    return detector.eval()
