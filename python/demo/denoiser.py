"""The U-Net and its text encoder, trained together to predict noise."""

import copy
import dataclasses
import pathlib

import torch

from demo import scenes, tokenizer
from demo.training import (TimedRun, log, save_network, save_tensors,
                           set_learning_rate)

TEXT_WIDTH = 128
BATCH = 32
WARM_UP = 200
EMPTY_CAPTION_SHARE = 0.1  # for classifier-free guidance
EMA_DECAY = 0.999
SNR_CLAMP = 5.0
CHECKPOINT_STEPS = 250
# Stable Diffusion's noise schedule ("scaled_linear").
TRAIN_TIMESTEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012


def alphas_cumprod() -> torch.Tensor:
    betas = torch.linspace(BETA_START**0.5, BETA_END**0.5,
                           TRAIN_TIMESTEPS)**2
    return torch.cumprod(1.0 - betas, 0)


@dataclasses.dataclass
class Networks:
    """The two networks that are trained."""

    unet: torch.nn.Module
    text_encoder: torch.nn.Module

    def parameters(self) -> list[torch.nn.Parameter]:
        return [*self.unet.parameters(), *self.text_encoder.parameters()]

    def state(self) -> dict:
        return {"unet": self.unet.state_dict(),
                "text_encoder": self.text_encoder.state_dict()}

    def load_state(self, state: dict) -> None:
        self.unet.load_state_dict(state["unet"])
        self.text_encoder.load_state_dict(state["text_encoder"])

    def save(self, folder: pathlib.Path) -> None:
        """Writes `unet` and `text_encoder` as diffusers reads them."""
        folder.mkdir(parents=True, exist_ok=True)
        save_network(self.unet, folder / "unet")
        save_network(self.text_encoder, folder / "text_encoder")


def build(vocabulary: int) -> Networks:
    """Untrained networks for a vocabulary whose last two ids are the start
    and the end token."""
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel
    start, end = vocabulary - 2, vocabulary - 1
    text_encoder = CLIPTextModel(CLIPTextConfig(
        vocab_size=vocabulary, hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH, projection_dim=TEXT_WIDTH,
        num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=tokenizer.MAX_TOKENS,
        bos_token_id=start, eos_token_id=end, pad_token_id=end))
    unet = UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=4, layers_per_block=1,
        block_out_channels=(64, 128, 160), norm_num_groups=16,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                          "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D",
                        "CrossAttnUpBlock2D"),
        cross_attention_dim=TEXT_WIDTH, attention_head_dim=4)
    return Networks(unet, text_encoder)


def load(folder: pathlib.Path) -> Networks:
    """Both networks of a pipeline folder or a checkpoint, in float32."""
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel
    return Networks(
        UNet2DConditionModel.from_pretrained(
            folder / "unet", torch_dtype=torch.float32,
            low_cpu_mem_usage=False),
        CLIPTextModel.from_pretrained(folder / "text_encoder",
                                      dtype=torch.float32))


def scene_weights(concepts: torch.Tensor,
                  oversample: dict[str, float]) -> torch.Tensor:
    """(N,) how often each scene is drawn: its heaviest concept counts."""
    factors = torch.tensor([oversample.get(c, 1.0) for c in scenes.CONCEPTS])
    return (concepts * factors).amax(1)


class Batches:
    """Draws training batches from what `latents.make` has written."""

    def __init__(self, path: pathlib.Path, empty_ids: torch.Tensor,
                 oversample: dict[str, float]):
        data = torch.load(path)
        self._latents, self._ids = data["latents"], data["ids"]
        self._scale, self._empty_ids = data["scale"], empty_ids
        self._weights = scene_weights(data["concepts"], oversample)

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Scaled latents (BATCH, 4, 16, 16) and token ids (BATCH, 32)."""
        chosen = torch.multinomial(self._weights, BATCH)
        ids = self._ids[chosen, torch.randint(self._ids.shape[1],
                                              (BATCH,))].long()
        ids[torch.rand(BATCH) < EMPTY_CAPTION_SHARE] = self._empty_ids
        latents = self._latents[chosen].float() * self._scale
        return latents.contiguous(memory_format=torch.channels_last), ids


def _timesteps() -> torch.Tensor:
    """(BATCH,) one timestep from each of BATCH equal ranges: every batch
    covers the schedule, which makes the gradient less noisy."""
    place = (torch.randperm(BATCH) + torch.rand(BATCH)) / BATCH
    return (place * TRAIN_TIMESTEPS).long()


def _loss(networks: Networks, latents: torch.Tensor, ids: torch.Tensor,
          alphas: torch.Tensor) -> torch.Tensor:
    """Noise prediction error with min-SNR weights (Hang et al. 2023)."""
    timesteps = _timesteps()
    noise = torch.randn_like(latents)
    alpha = alphas[timesteps].view(-1, 1, 1, 1)
    noisy = alpha.sqrt() * latents + (1.0 - alpha).sqrt() * noise
    hidden = networks.text_encoder(input_ids=ids).last_hidden_state
    prediction = networks.unet(noisy, timesteps, hidden).sample
    snr = alphas[timesteps] / (1.0 - alphas[timesteps])
    weight = snr.clamp(max=SNR_CLAMP) / snr
    return (weight * (prediction - noise).pow(2).mean((1, 2, 3))).mean()


class Trainer:
    """Networks, their moving average and the optimizer; can be resumed."""

    def __init__(self, networks: Networks, peak_rate: float):
        self.networks = networks
        for network in (networks.unet, networks.text_encoder):
            network.train().to(memory_format=torch.channels_last)
        self.average = Networks(copy.deepcopy(networks.unet).eval(),
                                copy.deepcopy(networks.text_encoder).eval())
        for parameter in self.average.parameters():
            parameter.requires_grad_(False)
        self._peak_rate = peak_rate
        self._alphas = alphas_cumprod()
        self._optimizer = torch.optim.AdamW(
            networks.parameters(), peak_rate, betas=(0.9, 0.99),
            weight_decay=1e-2, fused=True)
        self.step = 0

    def train_step(self, run: TimedRun, batches: Batches) -> float:
        """One update at the learning rate of the moment; returns the loss."""
        set_learning_rate(self._optimizer, run.learning_rate(
            self._peak_rate, self._peak_rate / 200.0, self.step, WARM_UP))
        loss = _loss(self.networks, *batches.draw(), self._alphas)
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.networks.parameters(), 1.0)
        self._optimizer.step()
        self.step += 1
        # The average forgets its start sooner while it is young.
        decay = min(EMA_DECAY, (self.step + 1.0) / (self.step + 10.0))
        with torch.no_grad():
            torch._foreach_lerp_(self.average.parameters(),
                                 self.networks.parameters(), 1.0 - decay)
        return loss.item()

    def save(self, path: pathlib.Path, seconds: float) -> None:
        save_tensors({"networks": self.networks.state(),
                      "average": self.average.state(),
                      "optimizer": self._optimizer.state_dict(),
                      "step": self.step, "seconds": seconds}, path)

    def resume(self, path: pathlib.Path) -> float:
        """Takes up a checkpoint; returns the seconds already spent."""
        state = torch.load(path)
        self.networks.load_state(state["networks"])
        self.average.load_state(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        return state["seconds"]


def train(folder: pathlib.Path, networks: Networks, batches: Batches,
          minutes: float, peak_rate: float, seed: int = 0) -> None:
    """Trains for `minutes` and leaves the averaged networks in `folder`.

    Every CHECKPOINT_STEPS the average is written there too, and a checkpoint
    from which an interrupted run goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    trainer = Trainer(networks, peak_rate)
    seconds = trainer.resume(checkpoint) if checkpoint.exists() else 0.0
    torch.manual_seed(seed + trainer.step)
    run, smooth = TimedRun(minutes, seconds), None
    while run.fraction() < 1.0:
        loss = trainer.train_step(run, batches)
        smooth = loss if smooth is None else 0.98 * smooth + 0.02 * loss
        if trainer.step % 50 == 0:
            log("denoiser", f"step {trainer.step}, {run.elapsed():.0f} s, "
                f"loss {smooth:.4f}")
        if trainer.step % CHECKPOINT_STEPS == 0:
            trainer.save(checkpoint, run.elapsed())
            trainer.average.save(folder)
    trainer.average.save(folder)
    log("denoiser", f"{trainer.step} steps in {run.elapsed():.0f} s")
