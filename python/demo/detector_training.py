"""Trains the detector on real and on VAE-reconstructed scenes with noise."""

import pathlib
import random

import numpy as np
import torch
import torch.nn.functional as F

from demo import detector as det
from demo import scenes
from demo.training import TimedRun, log, replace_folder, set_learning_rate

SCENES = 16_000
RECONSTRUCTED_SHARE = 0.4
BATCH = 64
PEAK_RATE = 2e-3
MAX_NOISE = 0.05


def target(scene: scenes.Scene) -> torch.Tensor:
    """(43,) float: 1 for each concept shown and for the style."""
    y = torch.zeros(len(scenes.CONCEPTS) + len(det.STYLE_LABELS))
    for concept in scene.concepts:
        y[scenes.CONCEPTS.index(concept)] = 1.0
    y[len(scenes.CONCEPTS) + det.STYLE_LABELS.index(scene.style or "none")] = 1
    return y


@torch.inference_mode()
def make_data(count: int, vae, seed: int, reconstructed: float
              ) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (count, 3, 64, 64) float16 in [0, 1] and targets (count, 43).

    The given share of the batches has gone through the VAE and back.
    """
    rng = random.Random(seed)
    pictures, targets = [], []
    for start in range(0, count, 32):
        batch = [scenes.sample_scene(rng) for _ in range(min(32,
                                                             count - start))]
        x = torch.from_numpy(np.stack([scenes.pixels(s) for s in batch]))
        if rng.random() < reconstructed:
            x = x.contiguous(memory_format=torch.channels_last)
            x = vae.decode(vae.encode(x).latent_dist.mean).sample
        pictures.append((x / 2 + 0.5).clamp(0, 1).half().contiguous())
        targets.append(torch.stack([target(s) for s in batch]))
    return torch.cat(pictures), torch.cat(targets)


def _loss(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    concepts, styles = det.split(logits)
    wanted, style = det.split(y)
    return (10.0 * F.binary_cross_entropy_with_logits(concepts, wanted) +
            0.3 * F.cross_entropy(styles, style.argmax(1)))


@torch.inference_mode()
def accuracy(detector: det.Detector, pictures: torch.Tensor,
             targets: torch.Tensor) -> dict[str, float]:
    """Shares of pictures whose set of concepts, and whose style, is right."""
    logits = torch.cat([detector(x.float()) for x in pictures.split(250)])
    concepts, styles = det.split(logits)
    wanted, style = det.split(targets)
    exact = ((concepts > 0) == (wanted > 0)).all(1)
    return {"pictures": len(pictures),
            "exact_set": exact.float().mean().item(),
            "style": (styles.argmax(1) == style.argmax(1)).float().mean()
            .item()}


def train(folder: pathlib.Path, vae, minutes: float, seed: int = 0) -> None:
    """Trains from nothing and saves to `folder`."""
    torch.manual_seed(seed)
    pictures, targets = make_data(SCENES, vae, seed + 3, RECONSTRUCTED_SHARE)
    log("detector", f"{SCENES} scenes drawn")
    detector = det.Detector().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(detector.parameters(), PEAK_RATE,
                                  weight_decay=1e-3)
    run, step = TimedRun(minutes), 0
    while run.fraction() < 1.0:
        set_learning_rate(optimizer,
                          run.learning_rate(PEAK_RATE, 1e-6, step, 100))
        chosen = torch.randint(SCENES, (BATCH,))
        x = pictures[chosen].float()
        x = x + torch.randn_like(x) * MAX_NOISE * torch.rand(BATCH, 1, 1, 1)
        loss = _loss(detector(x), targets[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 100 == 0:
            log("detector", f"step {step}, {run.elapsed():.0f} s, "
                f"loss {loss.item():.4f}")
    replace_folder(folder, lambda temporary: det.save(detector, temporary))
    held_out = make_data(1000, vae, seed + 1_000_003, 0.0)
    log("detector", f"held-out scenes: {accuracy(det.load(folder), *held_out)}")
