"""What the methods need of a pipeline folder: its networks, and a copy with another U-Net."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass
class Networks:
    """Float32, on the CPU, in eval mode, without gradients."""

    unet: torch.nn.Module
    text_encoder: torch.nn.Module
    tokenizer: object
    scheduler: dict  # scheduler_config.json


def load(folder: Path) -> Networks:
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    unet = UNet2DConditionModel.from_pretrained(
        folder / "unet", torch_dtype=torch.float32, low_cpu_mem_usage=False)
    text_encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
    for network in (unet, text_encoder):
        network.eval().requires_grad_(False)
    scheduler = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    return Networks(unet, text_encoder, CLIPTokenizer.from_pretrained(folder / "tokenizer"),
                    scheduler)


def write_copy(source: Path, unet: torch.nn.Module, folder: Path) -> None:
    """`source` with `unet`, in float32, in its own one's place; replaces `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("unet"))
    unet.save_pretrained(folder / "unet")


def token_ids(networks: Networks, prompts: list[str]) -> torch.Tensor:
    """(N, L), padded and cut as the pipeline does it."""
    return networks.tokenizer(
        prompts, padding="max_length", truncation=True, return_tensors="pt",
        max_length=networks.tokenizer.model_max_length).input_ids


@torch.no_grad()
def encode(networks: Networks, prompts: list[str]) -> torch.Tensor:
    """encoder_hidden_states (N, L, D) of the prompts."""
    return networks.text_encoder(input_ids=token_ids(networks, prompts)).last_hidden_state


def last_word(networks: Networks, prompt: str) -> int:
    """Position of the prompt's last token before EOS; of EOS if there is none."""
    ids = token_ids(networks, [prompt])[0].tolist()
    return max(ids.index(networks.tokenizer.eos_token_id, 1) - 1, 1)


def cross_attentions(unet: torch.nn.Module) -> dict[str, torch.nn.Module]:
    """Path -> module of every cross-attention."""
    return {name: module for name, module in unet.named_modules() if name.endswith(".attn2")}
