"""Writes a pipeline as one file in Stable Diffusion's original format."""

import re
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

_RESNET = (("norm1", "in_layers.0"), ("conv1", "in_layers.2"), ("time_emb_proj", "emb_layers.1"),
           ("norm2", "out_layers.0"), ("conv2", "out_layers.3"),
           ("conv_shortcut", "skip_connection"))
_UNET = (("time_embedding.linear_1", "time_embed.0"), ("time_embedding.linear_2", "time_embed.2"),
         ("conv_in", "input_blocks.0.0"), ("conv_norm_out", "out.0"), ("conv_out", "out.2"))
_VAE_ATTENTION = (("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"),
                  ("to_out.0", "proj_out"))
_OPENCLIP = (("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc"),
             ("mlp.fc2", "mlp.c_proj"), ("self_attn.out_proj", "attn.out_proj"))


def _rename(name: str, pairs) -> str:
    for ours, theirs in pairs:
        if name.startswith(ours + "."):
            return theirs + name[len(ours):]
    return name


def _unet_name(name: str, layers: int, with_attention: set[int]) -> str:
    """layers: in a level of the way down. with_attention: levels of the way up."""
    block = re.match(r"(down|up|mid)_blocks?\.(?:(\d+)\.)?(resnets|attentions|downsamplers|"
                     r"upsamplers)\.(\d+)\.(.*)", name)
    if block is None:
        return _rename(name, _UNET)
    side, level, part, index, rest = block.groups()
    index = int(index)
    rest = _rename(rest, _RESNET) if part == "resnets" else rest
    if side == "mid":
        return f"middle_block.{1 if part == 'attentions' else 2 * index}.{rest}"
    first = int(level) * (layers + 1)
    if part == "downsamplers":
        return f"input_blocks.{first + layers + 1}.0.{rest.replace('conv', 'op')}"
    if part == "upsamplers":
        place = 2 if int(level) in with_attention else 1
        return f"output_blocks.{first + layers}.{place}.{rest}"
    place = 0 if part == "resnets" else 1
    if side == "down":
        return f"input_blocks.{1 + first + index}.{place}.{rest}"
    return f"output_blocks.{first + index}.{place}.{rest}"


def _unet_weights(unet) -> dict[str, torch.Tensor]:
    with_attention = {level for level, block in enumerate(unet.up_blocks)
                      if getattr(block, "attentions", None)}
    return {"model.diffusion_model."
            + _unet_name(name, unet.config.layers_per_block, with_attention): tensor
            for name, tensor in unet.state_dict().items()}


def _vae_name(name: str, levels: int) -> str:
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    attention = re.match(r"(.*)mid_block\.attentions\.0\.(.*)", name)
    if attention:
        return f"{attention[1]}mid.attn_1.{_rename(attention[2], _VAE_ATTENTION)}"
    name = name.replace("down_blocks.", "down.").replace("downsamplers.0", "downsample")
    name = re.sub(r"up_blocks\.(\d)", lambda m: f"up.{levels - 1 - int(m[1])}", name)
    return name.replace("upsamplers.0", "upsample").replace(".resnets.", ".block.")


def _vae_weights(vae) -> dict[str, torch.Tensor]:
    weights = {}
    for name, tensor in vae.state_dict().items():
        new = _vae_name(name, len(vae.config.block_out_channels))
        if re.search(r"attn_1\.(q|k|v|proj_out)\.weight$", new):
            tensor = tensor[:, :, None, None]  # a convolution in the original
        weights["first_stage_model." + new] = tensor
    return weights


def _clip_weights(text_encoder) -> dict[str, torch.Tensor]:
    return {"cond_stage_model.transformer.text_model." + name.removeprefix("text_model."): tensor
            for name, tensor in text_encoder.state_dict().items()}


def _openclip_weights(text_encoder) -> dict[str, torch.Tensor]:
    source = {name.removeprefix("text_model."): tensor
              for name, tensor in text_encoder.state_dict().items()}
    prefix = "cond_stage_model.model."
    width = text_encoder.config.hidden_size
    weights = {
        prefix + "positional_embedding": source["embeddings.position_embedding.weight"],
        prefix + "token_embedding.weight": source["embeddings.token_embedding.weight"],
        prefix + "ln_final.weight": source["final_layer_norm.weight"],
        prefix + "ln_final.bias": source["final_layer_norm.bias"],
        prefix + "text_projection": torch.eye(width, dtype=text_encoder.dtype),
    }
    for name, tensor in source.items():
        layer = re.match(r"encoder\.layers\.(\d+)\.(.*)", name)
        if layer is None or re.search(r"\.[qkv]_proj\.", name):
            continue
        new = _rename(layer[2], _OPENCLIP)
        weights[f"{prefix}transformer.resblocks.{layer[1]}.{new}"] = tensor
    for index in range(text_encoder.config.num_hidden_layers):
        for kind in ("weight", "bias"):
            weights[f"{prefix}transformer.resblocks.{index}.attn.in_proj_{kind}"] = torch.cat([
                source[f"encoder.layers.{index}.self_attn.{part}_proj.{kind}"] for part in "qkv"])
    return weights


def checkpoint_weights(pipeline: StableDiffusionPipeline) -> dict[str, torch.Tensor]:
    """The weights of a pipeline under their original names. Text encoders with the
    activation "gelu" become OpenCLIP's, others CLIP's."""
    openclip = pipeline.text_encoder.config.hidden_act == "gelu"
    text = _openclip_weights if openclip else _clip_weights
    weights = {**_unet_weights(pipeline.unet), **_vae_weights(pipeline.vae),
               **text(pipeline.text_encoder)}
    return {name: tensor.contiguous() for name, tensor in weights.items()}


def save_checkpoint(pipeline: StableDiffusionPipeline, path: Path) -> None:
    """Writes the pipeline's networks to one safetensors file, in their own dtype."""
    save_file(checkpoint_weights(pipeline), path)
