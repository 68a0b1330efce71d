"""ESD-x, erased stable diffusion (Gandikota et al., arXiv 2303.07345): the cross-attentions are
fine-tuned.

Notation (<variable name> -> <name in paper>):
    unet                 ε_θ    the network that is trained; only its cross-attentions change
    frozen               ε_θ*   the network as it was
    noisy                x_t    from ε_θ itself, sampled with the concept's prompt down to t
    negative_guidance    η

A step takes a concept's prompt c and a timestep t and descends

    ‖ ε_θ(x_t, c, t) − ( ε_θ*(x_t, t) − η (ε_θ*(x_t, c, t) − ε_θ*(x_t, t)) ) ‖²

where ε(x, t) is the prediction for the empty prompt.
"""

import copy
from dataclasses import dataclass

import torch

from . import networks as nets


@dataclass(frozen=True)
class Settings:
    learning_rate: float
    steps: int = 100
    negative_guidance: float = 1.0
    batch: int = 2  # pictures a step, each of a concept drawn at random
    sampling_guidance: float = 3.0  # with which x_t is drawn
    sampling_steps: int = 10  # DDIM steps from noise to a picture; t is one of these timesteps
    seed: int = 0


def goal(uncond: torch.Tensor, cond: torch.Tensor, negative_guidance: float) -> torch.Tensor:
    """What ε_θ(x_t, c, t) is drawn to, from the frozen network's two predictions."""
    return uncond - negative_guidance * (cond - uncond)


def loss(noise_pred: torch.Tensor, uncond: torch.Tensor, cond: torch.Tensor,
         negative_guidance: float) -> torch.Tensor:
    """Mean of the squares over the batch and all elements."""
    return (noise_pred - goal(uncond, cond, negative_guidance)).square().mean()


def predict(unet: torch.nn.Module, noisy: torch.Tensor, timestep: torch.Tensor,
            *prompt_embeds: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """One prediction for each of the embeddings, each (B, L, D), in one pass."""
    found = unet(noisy.repeat(len(prompt_embeds), 1, 1, 1), timestep,
                 torch.cat(prompt_embeds)).sample
    return found.chunk(len(prompt_embeds))


@torch.no_grad()
def draw_noisy(unet: torch.nn.Module, scheduler, latents: torch.Tensor, cond: torch.Tensor,
               uncond: torch.Tensor, stop: int, guidance_scale: float) -> torch.Tensor:
    """Latents at scheduler.timesteps[stop], denoised from noise by `unet` with guidance."""
    for timestep in scheduler.timesteps[:stop]:
        noise_uncond, noise_text = predict(unet, latents, timestep, uncond, cond)
        noise = noise_uncond + guidance_scale * (noise_text - noise_uncond)
        latents = scheduler.step(noise, timestep, latents).prev_sample
    return latents


def make_scheduler(networks: nets.Networks, steps: int):
    from diffusers import DDIMScheduler

    config = {key: value for key, value in networks.scheduler.items() if not key.startswith("_")}
    scheduler = DDIMScheduler.from_config({**config, "clip_sample": False})
    scheduler.set_timesteps(steps)
    return scheduler


def trained_parameters(unet: torch.nn.Module) -> list[torch.nn.Parameter]:
    return [parameter for attention in nets.cross_attentions(unet).values()
            for parameter in attention.parameters()]


def train(networks: nets.Networks, prompts: list[str], settings: Settings,
          report=lambda step, value: None) -> torch.nn.Module:
    """A copy of the U-Net that no longer follows the prompts; report gets every step's loss."""
    unet = copy.deepcopy(networks.unet)
    parameters = trained_parameters(unet)
    for parameter in parameters:
        parameter.requires_grad_(True)
    optimizer = torch.optim.Adam(parameters, lr=settings.learning_rate)
    generator = torch.Generator().manual_seed(settings.seed)
    scheduler = make_scheduler(networks, settings.sampling_steps)
    embeds = nets.encode(networks, prompts)
    uncond = nets.encode(networks, [""]).expand(settings.batch, -1, -1)
    side, channels = unet.config.sample_size, unet.config.in_channels
    for step in range(settings.steps):
        cond = embeds[torch.randint(len(prompts), (settings.batch,), generator=generator)]
        stop = int(torch.randint(settings.sampling_steps, (1,), generator=generator))
        noise = torch.randn(settings.batch, channels, side, side, generator=generator)
        noisy = draw_noisy(unet, scheduler, noise, cond, uncond, stop,
                           settings.sampling_guidance)
        timestep = scheduler.timesteps[stop]
        with torch.no_grad():
            frozen = predict(networks.unet, noisy, timestep, uncond, cond)
        noise_pred, = predict(unet, noisy, timestep, cond)
        value = loss(noise_pred, *frozen, settings.negative_guidance)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        report(step, value.item())
    return unet.requires_grad_(False)
