"""A Stable Diffusion pipeline that hands out what its hook points compute.

In double precision; float32 shows how exact any program in float32 can be.
"""

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
    """Text encoder and U-Net of a diffusers folder, on the CPU.

    layers: names of the hook points, every `…attn2.to_out.0`, in the U-Net's order.
    """

    def __init__(self, folder: Path, dtype: torch.dtype = torch.float64):
        folder = Path(folder)
        self.dtype = dtype
        self.tokenizer = CLIPTokenizer.from_pretrained(folder, subfolder="tokenizer")
        self.text_encoder = CLIPTextModel.from_pretrained(
            folder, subfolder="text_encoder").to(dtype).eval()
        self.unet = UNet2DConditionModel.from_pretrained(
            folder, subfolder="unet", low_cpu_mem_usage=False).to(dtype).eval()
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
        noise = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))
        return noise.to(self.dtype)

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
        with Hooked(self, hook) as unet:
            for call, t in enumerate(scheduler.timesteps):
                output = unet(call, scheduler.scale_model_input(latents, t), t, states)
                unconditional, conditional = output.chunk(2)
                output = unconditional + guidance * (conditional - unconditional)
                latents = scheduler.step(output, t, latents).prev_sample
                if call == last_call:
                    break
        return latents

    @torch.no_grad()
    def predict(self, prompt: str, timesteps: list[float], inputs: list[torch.Tensor],
                hook) -> list[torch.Tensor]:
        """What single calls put out, (2, C, H, W); inputs (1, C, H, W)."""
        states = self.encode(["", prompt])
        with Hooked(self, hook) as unet:
            return [unet(call, x.to(self.dtype), torch.tensor(t), states)
                    for call, (t, x) in enumerate(zip(timesteps, inputs))]


class Hooked:
    """Runs a model's U-Net on one image with and without its prompt; `hook` as in Model.sample."""

    def __init__(self, model: Model, hook):
        self.model, self.hook = model, hook
        self.call, self.timestep = 0, 0.0

    def __enter__(self):
        modules = dict(self.model.unet.named_modules())
        self.handles = [
            modules[name].register_forward_hook(
                lambda _module, _input, x, layer=layer: self.hook(
                    self.call, self.timestep, layer, x))
            for layer, name in enumerate(self.model.layers)]
        return self

    def __exit__(self, *_error):
        for handle in self.handles:
            handle.remove()

    def __call__(self, call: int, latents: torch.Tensor, timestep: torch.Tensor,
                 states: torch.Tensor) -> torch.Tensor:
        self.call, self.timestep = call, float(timestep)
        return self.model.unet(torch.cat([latents, latents]), timestep,
                               encoder_hidden_states=states).sample
