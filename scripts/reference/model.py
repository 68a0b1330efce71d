"""A Stable Diffusion pipeline in double precision that hands out what its hook points compute."""

import json
from pathlib import Path

import torch
from diffusers import (
    DDIMScheduler,
    LMSDiscreteScheduler,
    PNDMScheduler,
    UNet2DConditionModel,
)
from transformers import CLIPTextModel, CLIPTokenizer

SCHEDULERS = {"ddim": DDIMScheduler, "lms": LMSDiscreteScheduler, "pndm": PNDMScheduler}


class Model:
    """Text encoder and U-Net of a diffusers folder, float64, on the CPU.

    layers: names of the hook points, every `…attn2.to_out.0`, in the U-Net's order.
    """

    def __init__(self, folder: Path):
        folder = Path(folder)
        self.tokenizer = CLIPTokenizer.from_pretrained(folder, subfolder="tokenizer")
        self.text_encoder = CLIPTextModel.from_pretrained(
            folder, subfolder="text_encoder").double().eval()
        self.unet = UNet2DConditionModel.from_pretrained(
            folder, subfolder="unet", low_cpu_mem_usage=False).double().eval()
        self.scheduler_config = json.loads(
            (folder / "scheduler/scheduler_config.json").read_text())
        self.layers = [name for name, module in self.unet.named_modules()
                       if isinstance(module, torch.nn.Linear) and name.endswith("attn2.to_out.0")]

    @torch.no_grad()
    def encode(self, prompts: list[str]) -> torch.Tensor:
        """Hidden states (B, L, D) after the final layer norm; no attention mask."""
        ids = self.tokenizer(prompts, padding="max_length", truncation=True, return_tensors="pt",
                             max_length=self.tokenizer.model_max_length).input_ids
        return self.text_encoder(ids).last_hidden_state

    def scheduler(self, name: str, steps: int):
        scheduler = SCHEDULERS[name].from_config(self.scheduler_config)
        scheduler.set_timesteps(steps)
        return scheduler

    def noise(self, seed: int) -> torch.Tensor:
        """What torch.Generator("cpu").manual_seed(seed) gives in float32."""
        size = self.unet.config.sample_size
        shape = (1, self.unet.config.in_channels, size, size)
        return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed)).double()

    @torch.no_grad()
    def sample(self, prompt: str, seed: int, scheduler: str, steps: int, guidance: float,
               hook, last_call: int | None = None, negative_prompt: str = "") -> torch.Tensor:
        """Latents (1, C, H, W) after call `last_call`, by default the last.

        hook(call, timestep, layer, x) sees the output x (2, T, D) of every hook point,
        unconditional half first, and returns what takes its place.
        """
        scheduler = self.scheduler(scheduler, steps)
        states = self.encode([negative_prompt, prompt])
        latents = self.noise(seed) * float(scheduler.init_noise_sigma)
        now = {}
        modules = dict(self.unet.named_modules())
        handles = [
            modules[name].register_forward_hook(
                lambda _module, _input, x, layer=layer: hook(now["call"], now["t"], layer, x))
            for layer, name in enumerate(self.layers)]
        try:
            for call, t in enumerate(scheduler.timesteps):
                now["call"], now["t"] = call, float(t)
                scaled = scheduler.scale_model_input(latents, t)
                output = self.unet(torch.cat([scaled, scaled]), t,
                                   encoder_hidden_states=states).sample
                unconditional, conditional = output.chunk(2)
                output = unconditional + guidance * (conditional - unconditional)
                latents = scheduler.step(output, t, latents).prev_sample
                if call == last_call:
                    break
        finally:
            for handle in handles:
                handle.remove()
        return latents
