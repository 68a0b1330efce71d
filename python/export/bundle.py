"""Writes a bundle: the traced networks, the tokenizer and the manifest."""

import hashlib
import json
import math
from pathlib import Path

import torch

from . import checks, evaluators, networks
from .errors import ExportError
from .folder import MANIFEST, new_bundle_folder
from .identity import model_identity
from .pipeline import Pipeline, read_json
from .text import write_tokenizer

FORMAT = "gloce-bundle"
VERSION = 1
DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
PREDICTION_TYPES = ("epsilon", "v_prediction", "sample")


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _downsamplings(unet) -> int:
    return sum(1 for block in unet.down_blocks if getattr(block, "downsamplers", None))


def _sizes(pipeline: Pipeline) -> networks.Sizes:
    text = pipeline.text_encoder.config
    unit = 2 ** _downsamplings(pipeline.unet)
    if pipeline.sample_size % unit != 0:
        raise ExportError(
            f"unet: sample_size: got {pipeline.sample_size}, expected a multiple of {unit}"
        )
    return networks.Sizes(
        latent_channels=pipeline.vae.config.latent_channels,
        sample_size=pipeline.sample_size,
        unit=unit,
        # A tokenizer without a limit says 10^30.
        text_length=min(pipeline.tokenizer.model_max_length, text.max_position_embeddings),
        text_width=text.hidden_size,
        vocab_size=text.vocab_size,
    )


def _scheduler(config: dict) -> dict:
    """The scheduler's configuration, as StableDiffusionPipeline makes it on loading."""
    # Python writes -Infinity (lambda_min_clipped of DPM-Solver), which is no JSON.
    corrected = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in config.items()
    }
    # Absent it is 0, by the schedulers' defaults; the pipeline makes it 1.
    corrected["steps_offset"] = 1
    # PNDM's configuration has no such key, and DDIM's default would clip.
    corrected["clip_sample"] = False
    return corrected


def _prediction_type(scheduler: dict) -> str:
    kind = scheduler.get("prediction_type", "epsilon")
    if kind not in PREDICTION_TYPES:
        raise ExportError(
            f"scheduler: prediction_type: got {kind!r}, expected one of"
            f" {', '.join(PREDICTION_TYPES)}"
        )
    return kind


def _family(pipeline: Pipeline) -> str:
    """Stable Diffusion 2.x has OpenCLIP's text encoder, with another activation."""
    return "sd2" if pipeline.text_encoder.config.hidden_act == "gelu" else "sd1"


def _defaults(extras: Path | None) -> dict:
    """The build settings that a pipeline brings."""
    path = extras / "gloce.json" if extras is not None else None
    return read_json(path) if path is not None and path.is_file() else {}


def _network_entries(sizes: networks.Sizes, dtype: str, scale: int) -> dict:
    channels, length, width = sizes.latent_channels, sizes.text_length, sizes.text_width
    latents = ["latents", dtype, ["B", channels, "H", "W"]]
    hidden = ["encoder_hidden_states", dtype, ["B", length, width]]
    return {
        "unet": {
            "inputs": [latents, ["timestep", "int64|float32", ["B"]], hidden],
            "outputs": [["noise_pred", dtype, ["B", channels, "H", "W"]]],
        },
        "text_encoder": {
            "inputs": [["input_ids", "int64", ["B", length]]],
            "outputs": [["last_hidden_state", dtype, ["B", length, width]]],
        },
        "vae_decoder": {
            "inputs": [latents],
            "outputs": [["sample", dtype, ["B", 3, f"{scale}H", f"{scale}W"]]],
        },
    }


class _Exporter:
    """One export: a pipeline into one (temporary) folder."""

    def __init__(self, pipeline: Pipeline, folder: Path, dtype: str, check: bool, report):
        self._pipeline = pipeline
        self._folder = folder
        self._dtype = dtype
        self._check = check
        self._report = report
        self._sizes = _sizes(pipeline)

    def _trace_and_check(self, name: str, network, inputs, difference) -> None:
        path = self._folder / f"{name}.pt"
        networks.save(networks.trace(network, inputs, name), path)
        if not self._check:
            self._report(f"{name}: traced, not checked")
            return
        dtype = DTYPES[self._dtype]
        worst = difference(networks.load(path))
        self._report(
            f"{name}: traced; largest relative difference {worst:.1e}"
            f" (allowed {checks.BOUNDS[dtype]:.1e})"
        )
        checks.require_within(path.name, worst, dtype)

    def write_unet(self, hooks: list[dict]) -> None:
        unet, sizes, dtype = self._pipeline.unet, self._sizes, DTYPES[self._dtype]

        def difference(traced):
            checks.require_hooks(traced, hooks)
            return checks.check_unet(traced, unet, sizes, dtype)

        inputs = networks.unet_inputs(
            sizes, networks.TRACE_BATCH, sizes.small(), dtype, torch.int64
        )
        self._trace_and_check("unet", networks.UnetNetwork(unet), inputs, difference)

    def write_text_encoder(self) -> None:
        encoder, sizes = self._pipeline.text_encoder, self._sizes
        self._trace_and_check(
            "text_encoder",
            networks.TextEncoderNetwork(encoder),
            networks.text_inputs(sizes, networks.TRACE_BATCH),
            lambda traced: checks.check_text_encoder(traced, encoder, sizes),
        )

    def write_vae_decoder(self) -> None:
        vae, sizes, dtype = self._pipeline.vae, self._sizes, DTYPES[self._dtype]
        self._trace_and_check(
            "vae_decoder",
            networks.VaeDecoderNetwork(vae),
            networks.vae_inputs(sizes, networks.TRACE_BATCH, sizes.small(), dtype),
            lambda traced: checks.check_vae_decoder(traced, vae, sizes, dtype),
        )

    def write_evaluators(self) -> dict:
        extras = self._pipeline.extras
        found = evaluators.load(extras) if extras is not None else []
        entries = {}
        for evaluator in found:
            name = f"evaluators/{evaluator.name}.pt"
            path = self._folder / name
            path.parent.mkdir(exist_ok=True)
            size = self._pipeline.sample_size * self._scale_factor()
            entry = evaluators.export(evaluator, path, size)
            if self._check:
                worst = checks.check_evaluator(networks.load(path), evaluator.network, size)
                self._report(f"{evaluator.name}: traced; largest relative difference {worst:.1e}")
                checks.require_within(name, worst, evaluators.DTYPE)
            entries[evaluator.name] = {"name": name, "sha256": sha256(path), **entry}
        return entries

    def _scale_factor(self) -> int:
        return 2 ** (len(self._pipeline.vae.config.block_out_channels) - 1)

    def _latent(self) -> dict:
        vae = self._pipeline.vae.config
        return {
            "channels": vae.latent_channels,
            "sample_size": self._pipeline.sample_size,
            "vae_scale_factor": self._scale_factor(),
            "scaling_factor": vae.scaling_factor,
            "shift_factor": 0.0,  # others are refused: StableDiffusionPipeline ignores them
            "size_multiple": self._scale_factor() * self._sizes.unit,
        }

    def _text(self, tokenizer: dict) -> dict:
        return {
            **tokenizer,
            "max_length": self._sizes.text_length,
            "width": self._sizes.text_width,
        }

    def _files(self, tokenizer: dict) -> dict:
        files = {}
        entries = _network_entries(self._sizes, self._dtype, self._scale_factor())
        for key, entry in entries.items():
            name = f"{key}.pt"
            files[key] = {"name": name, "sha256": sha256(self._folder / name), **entry}
        for key, name in tokenizer["files"].items():
            files[key] = {"name": name, "sha256": sha256(self._folder / name)}
        return files

    def run(self, name: str, versions: dict) -> dict:
        """Writes all files but the manifest; returns the manifest."""
        pipeline = self._pipeline
        hooks = networks.hook_points(pipeline.unet)
        scheduler = _scheduler(pipeline.scheduler)
        prediction_type = _prediction_type(scheduler)
        defaults = _defaults(pipeline.extras)
        identity = model_identity(pipeline.unet, pipeline.text_encoder)
        tokenizer = write_tokenizer(pipeline.tokenizer, self._folder)
        for network in (pipeline.unet, pipeline.text_encoder, pipeline.vae):
            network.to(DTYPES[self._dtype])
        self.write_text_encoder()
        self.write_unet(hooks)
        self.write_vae_decoder()
        return {
            "format": FORMAT,
            "version": VERSION,
            "family": _family(pipeline),
            "name": name,
            "model_identity": identity,
            "source": {**versions, "pipeline": pipeline.class_name},
            "dtype": self._dtype,
            "latent": self._latent(),
            "prediction_type": prediction_type,
            "scheduler": scheduler,
            "text": self._text(tokenizer),
            "hooks": hooks,
            "files": self._files(tokenizer),
            "evaluators": self.write_evaluators(),
            "defaults": defaults,
        }


def _versions() -> dict:
    import diffusers
    import transformers

    return {
        "diffusers": diffusers.__version__,
        "transformers": transformers.__version__,
        "torch": torch.__version__,
    }


def export_bundle(pipeline: Pipeline, out: Path, name: str, dtype: str = "float32",
                  check: bool = True, overwrite: bool = False, report=print) -> dict:
    """Writes `pipeline` as a bundle folder `out` and returns the manifest.

    dtype is a key of DTYPES, in which the networks are stored (and to which the
    pipeline's networks are converted). report is called with a line a step.
    Raises ExportError; nothing is left behind then.
    """
    with new_bundle_folder(out, overwrite) as folder:
        manifest = _Exporter(pipeline, folder, dtype, check, report).run(name, _versions())
        text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest
