"""The denoiser's training data: latents of scenes with several captions."""

import pathlib
import random

import numpy as np
import torch

from demo import scenes, tokenizer
from demo.training import log, save_tensors

CAPTIONS_PER_SCENE = 6
BATCH = 32


@torch.inference_mode()
def make(path: pathlib.Path, vae, clip_tokenizer, count: int,
         seed: int) -> None:
    """Draws `count` scenes and writes to `path`, by torch.save:

    latents   (count, 4, 16, 16) float16, unscaled posterior means
    ids       (count, CAPTIONS_PER_SCENE, 32) int16 token ids
    concepts  (count, 40) bool, what each scene shows
    scale     1 / standard deviation of the latents
    """
    rng = random.Random(seed)
    latents, ids, concepts = [], [], []
    for start in range(0, count, BATCH):
        batch = [scenes.sample_scene(rng)
                 for _ in range(min(BATCH, count - start))]
        x = torch.from_numpy(np.stack([scenes.pixels(s) for s in batch]))
        x = x.contiguous(memory_format=torch.channels_last)
        latents.append(vae.encode(x).latent_dist.mean.half())
        texts = [scenes.caption(rng, s.concepts, s.color, s.style)
                 for s in batch for _ in range(CAPTIONS_PER_SCENE)]
        ids.append(tokenizer.encode(clip_tokenizer, texts).short().view(
            len(batch), CAPTIONS_PER_SCENE, -1))
        concepts.append(torch.tensor(
            [[c in s.concepts for c in scenes.CONCEPTS] for s in batch]))
        if start % (200 * BATCH) == 0:
            log("latents", f"{start} of {count}")
    latents = torch.cat(latents).contiguous()
    save_tensors({"latents": latents, "ids": torch.cat(ids),
                  "concepts": torch.cat(concepts),
                  "scale": 1.0 / latents.float().std().item()}, path)
