"""How well a demo pipeline draws what its prompts say, by its own detector."""

import dataclasses
import pathlib
import random

import torch

from demo import detector as det
from demo import denoiser, scenes

PROMPT_SEED = 20_001  # fixes which pairs and styles are asked for
STYLE_TEMPLATE = "a picture of {concept}, {style}"
PAIR_TEMPLATE = "a picture of {first} and {second}"
SINGLE_TEMPLATE = "a picture of a {concept}"


@dataclasses.dataclass
class Request:
    """A prompt, its noise seed, and what the picture must show."""

    prompt: str
    seed: int
    concepts: list[str]
    style: str | None = None


def single_requests(per_concept: int) -> list[Request]:
    return [Request(SINGLE_TEMPLATE.format(concept=c), 1000 + i, [c])
            for c in scenes.CONCEPTS for i in range(per_concept)]


def pair_requests(count: int) -> list[Request]:
    rng = random.Random(PROMPT_SEED)
    pairs = [rng.sample(scenes.CONCEPTS, 2) for _ in range(count)]
    return [Request(PAIR_TEMPLATE.format(first=scenes.with_article(a),
                                         second=scenes.with_article(b)),
                    5000 + i, [a, b]) for i, (a, b) in enumerate(pairs)]


def style_requests(count: int) -> list[Request]:
    rng = random.Random(PROMPT_SEED + 1)
    requests = []
    for i in range(count):
        concept = rng.choice(scenes.CONCEPTS)
        style = scenes.STYLES[i % len(scenes.STYLES)]
        prompt = STYLE_TEMPLATE.format(concept=scenes.with_article(concept),
                                       style=style)
        requests.append(Request(prompt, 9000 + i, [concept], style))
    return requests


def load_pipeline(folder: pathlib.Path, scheduler: str,
                  checkpoint: pathlib.Path | None = None):
    """The pipeline in float32 with DDIM or its own (PNDM) scheduler; U-Net and
    text encoder may come from a training checkpoint."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline
    from diffusers.utils import logging
    logging.set_verbosity_error()
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, torch_dtype=torch.float32, low_cpu_mem_usage=False)
    if checkpoint:
        networks = denoiser.load(checkpoint)
        pipeline.unet = networks.unet.eval()
        pipeline.text_encoder = networks.text_encoder.eval()
    if scheduler == "ddim":
        pipeline.scheduler = DDIMScheduler.from_config(
            pipeline.scheduler.config, clip_sample=False)
    pipeline.unet.to(memory_format=torch.channels_last)
    pipeline.vae.to(memory_format=torch.channels_last)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def sample(pipeline, requests: list[Request], steps: int,
           guidance_scale: float, batch: int) -> torch.Tensor:
    """Pictures (N, 3, 64, 64) float32 in [0, 1], rounded to 8 bits as in a
    file. Each depends on its own prompt and seed only."""
    pictures = []
    for start in range(0, len(requests), batch):
        part = requests[start:start + batch]
        generators = [torch.Generator("cpu").manual_seed(r.seed)
                      for r in part]
        images = pipeline([r.prompt for r in part], generator=generators,
                          num_inference_steps=steps,
                          guidance_scale=guidance_scale,
                          output_type="pt").images
        pictures.append((images.clamp(0, 1) * 255).round() / 255)
    return torch.cat(pictures)


@torch.inference_mode()
def judge(detector: det.Detector, pictures: torch.Tensor
          ) -> list[tuple[set[str], str | None]]:
    """What the detector sees in each picture."""
    found = []
    for part in pictures.split(250):
        found += det.detect(detector(part))
    return found


def concept_rates(requests: list[Request],
                  found: list[tuple[set[str], str | None]]
                  ) -> dict[str, float]:
    """Per concept: the share of its pictures that show it."""
    hits: dict[str, list[bool]] = {}
    for request, (concepts, _) in zip(requests, found):
        name = request.concepts[0]
        hits.setdefault(name, []).append(name in concepts)
    return {name: sum(h) / len(h) for name, h in hits.items()}


def share_with_all_concepts(requests: list[Request],
                            found: list[tuple[set[str], str | None]]
                            ) -> float:
    return sum(set(r.concepts) <= concepts for r, (concepts, _)
               in zip(requests, found)) / len(requests)


def share_with_style(requests: list[Request],
                     found: list[tuple[set[str], str | None]]) -> float:
    return sum(r.style == style for r, (_, style)
               in zip(requests, found)) / len(requests)


def contact_sheet(pictures: torch.Tensor, path: pathlib.Path,
                  columns: int) -> None:
    """Writes the pictures, row by row, as one PNG."""
    from PIL import Image
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for i, picture in enumerate(pictures):
        array = (picture * 255).round().byte().permute(1, 2, 0).numpy()
        sheet.paste(Image.fromarray(array),
                    (i % columns * width, i // columns * height))
    sheet.save(path)
