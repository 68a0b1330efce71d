"""White-box search for text embeddings that bring an erased concept back.

For one's own models: how much of a concept can be reached by somebody who has the weights. The
objective is that of P4D (arXiv 2309.06135), and in another form that of Concept Inversion
(arXiv 2308.01508) and UnlearnDiffAtk (arXiv 2310.11868): the erased U-Net must predict for the
embedding e what the unmodified one predicts for the concept's prompt c,

    ‖ ε'(x_t, t, e) − ε(x_t, t, c) ‖² / ‖ ε(x_t, t, ∅) − ε(x_t, t, c) ‖²
        +  λ · mean of max(0, max_n (k(p − c_n) + ln 99)) / k

Notation (<variable name> -> <name in the papers>):
    goal          ε(x_t, t, c), of the unmodified U-Net, with x_t from its own pictures
    scale         ‖ ε(x_t, t, ∅) − ε(x_t, t, c) ‖², for the empty prompt; means over elements
    noise_pred    ε'(x_t, t, e)
    logits        k(p − c_n) of a token of a layer for erased concept n
    gate_weight   λ; the mean is over samples, tokens and layers

The papers do not divide by the scale; without it the noise levels at which pictures take shape
hardly count, since the text changes little of ε there.

Why the second term: k is a thousand and more, so that a gate is open or shut nearly everywhere and
the first term's gradient does not know that shutting it would help. The logits' own gradient does
not vanish. The term is 0 where all gates are at most 0.01 open.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from .attach import Attachment

_SHUT = math.log(99)  # minus the logit of a gate that is 0.01 open


@dataclass(frozen=True)
class Samples:
    """Noise levels of pictures of the concept, and what the unmodified U-Net predicts there."""

    latents: torch.Tensor  # (M, C, H, W), as the U-Net gets them
    timesteps: torch.Tensor  # (M)
    goal: torch.Tensor  # (M, C, H, W)
    scale: torch.Tensor  # (M), mean square of goal less the prediction for the empty prompt

    def __len__(self) -> int:
        return len(self.timesteps)

    def part(self, index: torch.Tensor) -> "Samples":
        return Samples(self.latents[index], self.timesteps[index], self.goal[index],
                       self.scale[index])


@dataclass(frozen=True)
class Terms:
    """The two terms of the objective; each a scalar. The empty prompt's error is 1."""

    error: torch.Tensor
    gate: torch.Tensor

    def total(self, gate_weight: float) -> torch.Tensor:
        return self.error + gate_weight * self.gate


@dataclass(frozen=True)
class Settings:
    """Of Adam on an embedding; the rate falls to 0 along a cosine."""

    steps: int = 100
    learning_rate: float = 0.1
    batch: int = 4  # samples a step
    gate_weight: float = 1.0
    noise: float = 0.0  # standard deviation of what is added to the start
    seed: int = 0


@dataclass(frozen=True)
class FoundEmbedding:
    prompt_embeds: torch.Tensor  # (1, L, D)
    before: dict[str, float]  # error and gate over all samples: of the start,
    after: dict[str, float]  # and of what was found


@contextmanager
def switched_off(attached: Attachment) -> Iterator[None]:
    """The unmodified U-Net."""
    strength, attached.strength = attached.strength, 0.0
    try:
        yield
    finally:
        attached.strength = strength


@torch.no_grad()
def encode(pipe, prompt: str) -> torch.Tensor:
    """(1, L, D)"""
    return pipe.encode_prompt(prompt, pipe.unet.device, 1, False)[0]


@torch.no_grad()
def sample(pipe, attached: Attachment, prompt_embeds: torch.Tensor, seeds: list[int], steps: int,
           guidance_scale: float) -> Samples:
    """Every step of the unmodified model's pictures for prompt_embeds (1, L, D), one a seed.

    steps   denoising steps, by the pipeline's scheduler
    """
    unet, scheduler = pipe.unet, pipe.scheduler
    shape = (1, unet.config.in_channels, unet.config.sample_size, unet.config.sample_size)
    latents = torch.cat([torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))
                         for seed in seeds]).to(unet.device, prompt_embeds.dtype)
    scheduler.set_timesteps(steps)
    latents = latents * scheduler.init_noise_sigma
    both = torch.cat([encode(pipe, ""), prompt_embeds]).repeat_interleave(len(seeds), 0)
    found = []
    with switched_off(attached):
        for timestep in scheduler.timesteps:
            inputs = scheduler.scale_model_input(latents, timestep)
            noise_uncond, noise_text = unet(inputs.repeat(2, 1, 1, 1), timestep,
                                            both).sample.chunk(2)
            scale = (noise_text - noise_uncond).square().mean((1, 2, 3))
            found.append((inputs, timestep.expand(len(seeds)), noise_text, scale))
            noise = noise_uncond + guidance_scale * (noise_text - noise_uncond)
            latents = scheduler.step(noise, timestep, latents).prev_sample
    return Samples(*(torch.cat(part) for part in zip(*found)))


def gate_term(attached: Attachment, logits: dict[str, torch.Tensor]) -> torch.Tensor:
    """By how much gates are open, in units of p: mean of max(0, max_n (logit + ln 99) / k).

    logits: by layer, (B, T, N). 0 for no layer.
    """
    terms = []
    for path, found in logits.items():
        slope = attached.erasers.layers[path]["gate_slope"].to(found)
        terms.append(((found + _SHUT) / slope).amax(2).relu().mean())
    return torch.stack(terms).mean() if terms else torch.zeros(())


def objective(unet: torch.nn.Module, attached: Attachment, samples: Samples,
              prompt_embeds: torch.Tensor) -> Terms:
    """prompt_embeds: (1, L, D) for all samples, or one (M, L, D) for each."""
    with attached.recording() as logits:
        noise_pred = unet(samples.latents, samples.timesteps,
                          prompt_embeds.expand(len(samples), -1, -1)).sample
        gate = gate_term(attached, logits)
    error = (noise_pred - samples.goal).square().mean((1, 2, 3)) / samples.scale
    return Terms(error.mean(), gate.to(noise_pred))


def total(terms: dict[str, float], gate_weight: float) -> float:
    """The objective of what `measure` found."""
    return terms["error"] + gate_weight * terms["gate"]


@torch.no_grad()
def measure(unet: torch.nn.Module, attached: Attachment, samples: Samples,
            prompt_embeds: torch.Tensor, batch: int = 16) -> dict[str, float]:
    """error and gate over all samples."""
    sums = {"error": 0.0, "gate": 0.0}
    for index in torch.arange(len(samples)).split(batch):
        terms = objective(unet, attached, samples.part(index), prompt_embeds)
        sums["error"] += len(index) * terms.error.item()
        sums["gate"] += len(index) * terms.gate.item()
    return {name: value / len(samples) for name, value in sums.items()}


def search_embedding(unet: torch.nn.Module, attached: Attachment, samples: Samples,
                     start: torch.Tensor, settings: Settings,
                     report: Callable[[int, Terms], None] = lambda step, terms: None
                     ) -> FoundEmbedding:
    """Descends the objective from start (1, L, D), whose first position (BOS) stays as it is.

    What is found is never worse than the start: of the two the one with the lower objective.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    noise = settings.noise * torch.randn(start.shape, generator=generator).to(start)
    first, rest = start[:, :1], (start + noise)[:, 1:].clone().requires_grad_()
    optimizer = torch.optim.Adam([rest], lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(settings.steps, 1))
    for step in range(settings.steps):
        index = torch.randperm(len(samples), generator=generator)[:settings.batch]
        terms = objective(unet, attached, samples.part(index), torch.cat([first, rest], 1))
        rest.grad, = torch.autograd.grad(terms.total(settings.gate_weight), rest)
        optimizer.step()
        schedule.step()
        report(step, terms)
    ends = [(measure(unet, attached, samples, embeds), embeds)
            for embeds in (start, torch.cat([first, rest], 1).detach())]
    after, found = min(ends, key=lambda end: total(end[0], settings.gate_weight))
    return FoundEmbedding(found, ends[0][0], after)
