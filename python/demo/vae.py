"""The autoencoder: 64 px pictures to 16 × 16 latents of 4 channels."""

import pathlib
import random

import torch
import torch.nn.functional as F

from demo import scenes
from demo.training import TimedRun, log, save_network, set_learning_rate

SCENES = 12_000
BATCH = 32
CROP = 32
# Crops cost a quarter of a whole picture, so most of the time goes to them;
# the end on whole pictures settles the borders.
CROP_SHARE = 0.8
PEAK_RATE = 2e-3


def build():
    from diffusers import AutoencoderKL
    return AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(24, 48, 96), layers_per_block=1,
        norm_num_groups=8, mid_block_add_attention=False,
        sample_size=scenes.PICTURE_SIZE)


def load(folder: pathlib.Path):
    """The trained autoencoder in float32, for inference."""
    from diffusers import AutoencoderKL
    vae = AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32,
                                        low_cpu_mem_usage=False)
    return vae.eval().to(memory_format=torch.channels_last)


def _differences(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def _loss(vae, x: torch.Tensor) -> tuple[torch.Tensor, float]:
    """L1, L1 of the differences between neighbours (weight 2, it keeps edges
    sharp), L2, and 1e-4 of the Kullback-Leibler term. Also returns the L1."""
    posterior = vae.encode(x).latent_dist
    y = vae.decode(posterior.sample()).sample
    l1 = (y - x).abs().mean()
    edges = sum((a - b).abs().mean()
                for a, b in zip(_differences(y), _differences(x)))
    kl = 0.5 * (posterior.mean**2 + posterior.var - 1.0 -
                posterior.logvar).mean()
    return l1 + 2.0 * edges + F.mse_loss(y, x) + 1e-4 * kl, l1.item()


def train(folder: pathlib.Path, minutes: float, seed: int = 0) -> None:
    """Trains from nothing and saves to `folder` (also every 500 steps)."""
    torch.manual_seed(seed)
    rng = random.Random(seed + 1)
    data = torch.stack([
        torch.from_numpy(scenes.pixels(scenes.sample_scene(rng))).half()
        for _ in range(SCENES)])
    vae = build().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(vae.parameters(), PEAK_RATE,
                                  betas=(0.9, 0.99), weight_decay=1e-4)
    run, step = TimedRun(minutes), 0
    while run.fraction() < 1.0:
        set_learning_rate(optimizer,
                          run.learning_rate(PEAK_RATE, 1e-5, step, 100))
        x = data[torch.randint(SCENES, (BATCH,))].float()
        if run.fraction() < CROP_SHARE:
            top, left = torch.randint(scenes.PICTURE_SIZE - CROP + 1,
                                      (2,)).tolist()
            x = x[..., top:top + CROP, left:left + CROP]
        loss, l1 = _loss(vae, x.contiguous(memory_format=torch.channels_last))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 100 == 0:
            log("vae", f"step {step}, {run.elapsed():.0f} s, L1 {l1:.4f}")
        if step % 500 == 0:
            save_network(vae, folder)
    save_network(vae, folder)
