#!/usr/bin/env python3
"""Tests scripts/export_bundle.py on other sources: Stable Diffusion 2.x, variants of
the weights, checkpoints in one file, a text encoder cut short."""

import json
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from export_testing import TOKENIZER, WEIGHTS, ExportTest, tiny  # noqa: E402

import torch  # noqa: E402
from diffusers import StableDiffusionPipeline, UNet2DConditionModel  # noqa: E402
from export import networks  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from testdata import ldm  # noqa: E402


class StableDiffusion2Test(ExportTest):
    @classmethod
    def make_pipeline(cls):
        return tiny.tiny_pipeline_2(TOKENIZER)

    def test_manifest(self):
        bundle = self.export()
        self.assertEqual(bundle["family"], "sd2")
        self.assertEqual(bundle["prediction_type"], "v_prediction")
        self.assertEqual(bundle["latent"], {
            "channels": 4, "sample_size": 12, "vae_scale_factor": 4,
            "scaling_factor": 0.13025, "shift_factor": 0.0, "size_multiple": 16,
        })
        self.assertEqual([hook["width"] for hook in bundle["hooks"]], [8, 16, 16, 16, 24])
        self.assertEqual(bundle["text"]["pad_token_id"], 0)
        self.assertIn({"content": "!", "id": 0, "normalized": False},
                      bundle["text"]["added_tokens"])

    def test_more_layers_than_the_configuration_has(self):
        # As a folder that gives the 24 layers of OpenCLIP for SD 2.x's 23.
        self.edit("text_encoder/config.json", num_hidden_layers=2)
        self.assert_refused("text_encoder", "unexpected weights", "encoder.layers.2.")


class VariantTest(ExportTest):
    def setUp(self):
        super().setUp()
        self.plain = self.export("--no-check")["model_identity"]
        path = self.pipeline / "unet" / WEIGHTS
        weights = {name: 2 * tensor for name, tensor in load_file(path).items()}
        save_file(weights, path.with_name("diffusion_pytorch_model.fp16.safetensors"))

    def test_is_taken_on_demand_where_there_is_one(self):
        self.assertEqual(self.export("--no-check", "--overwrite")["model_identity"], self.plain)
        chosen = self.export("--no-check", "--overwrite", "--variant", "fp16")["model_identity"]
        self.assertNotEqual(chosen, self.plain)
        (self.pipeline / "unet" / WEIGHTS).unlink()
        self.assertEqual(self.export("--no-check", "--overwrite")["model_identity"], chosen)

    def test_split_variant(self):
        chosen = self.export("--no-check", "--overwrite", "--variant", "fp16")["model_identity"]
        unet = UNet2DConditionModel.from_pretrained(self.pipeline / "unet", variant="fp16",
                                                    torch_dtype=torch.float16)
        (self.pipeline / "unet" / "diffusion_pytorch_model.fp16.safetensors").unlink()
        unet.save_pretrained(self.pipeline / "unet", variant="fp16", max_shard_size="60kB")
        self.assertGreater(len(list((self.pipeline / "unet").glob("*fp16-0*"))), 1)
        self.assertEqual(
            self.export("--no-check", "--overwrite", "--variant", "fp16")["model_identity"], chosen)

    def test_without_one(self):
        shutil.rmtree(self.out.parent)
        self.assert_refused("no component has weights of variant 'ema'", "leave --variant out",
                            options=("--no-check", "--variant", "ema"))


class SingleFileTest(ExportTest):
    def setUp(self):
        super().setUp()
        self.checkpoint = self.folder / "fine-tune.safetensors"
        pipeline = StableDiffusionPipeline.from_pretrained(
            self.pipeline, torch_dtype=torch.float16, safety_checker=None)
        ldm.save_checkpoint(pipeline, self.checkpoint)

    def without_weights(self) -> Path:
        """The pipeline's folder as a configuration only."""
        folder = self.folder / "config"
        shutil.copytree(self.pipeline, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        return folder

    def test_equals_the_folder_of_the_same_weights(self):
        expected = self.export()
        bundle = self.export("--overwrite", "--config", str(self.without_weights()),
                             pipeline=self.checkpoint)
        self.assertEqual(bundle["name"], "fine-tune")
        for part in (expected, bundle):
            del part["name"], part["files"]
        self.assertEqual(bundle, expected)

    def test_brings_no_build_defaults_of_its_configuration(self):
        config = self.without_weights()
        (config / "gloce.json").write_text('{"preset": "demo"}')
        bundle = self.export("--no-check", "--config", str(config), pipeline=self.checkpoint)
        self.assertEqual(bundle["defaults"], {})

    def test_needs_a_configuration(self):
        self.assert_refused("is one file", "give --config", pipeline=self.checkpoint)
        self.assert_refused("no such folder", pipeline=self.checkpoint,
                            options=("--config", "nobody/nothing"))
        self.assert_refused("is no single file, which --config is for",
                            options=("--config", str(self.pipeline)))
        self.assert_refused("has no --variant", pipeline=self.checkpoint,
                            options=("--config", str(self.pipeline), "--variant", "fp16"))

    def refuse(self, *texts, config=None):
        self.assert_refused("fine-tune.safetensors", *texts, pipeline=self.checkpoint,
                            options=("--no-check", "--config", str(config or self.pipeline)))

    def test_missing_and_surplus_weights(self):
        weights = load_file(self.checkpoint)
        name = "model.diffusion_model.middle_block.1.norm.weight"
        less = {key: tensor for key, tensor in weights.items() if key != name}
        save_file(less, self.checkpoint)
        self.refuse("1 missing weights, the first UNet2DConditionModel"
                    " mid_block.attentions.0.norm.weight", "--config")
        surplus = "model.diffusion_model.middle_block.1.more.weight"
        save_file({**weights, surplus: weights[name].clone()}, self.checkpoint)
        self.refuse("1 unexpected weights, the first UNet2DConditionModel"
                    " mid_block.attentions.0.more.weight")

    def test_configuration_of_another_model(self):
        other = self.folder / "other"
        tiny.save_pipeline(tiny.tiny_pipeline_2(TOKENIZER), other)
        self.refuse("with the configuration of", config=other)

    def test_other_contents_are_named(self):
        for name, contents in (
            ("lora_unet_down_blocks_0.lora_up.weight", "a LoRA"),
            ("conditioner.embedders.0.transformer.x", "Stable Diffusion XL"),
            ("model.diffusion_model.joint_blocks.0.x", "Stable Diffusion 3"),
            ("double_blocks.0.img_attn.qkv.weight", "FLUX"),
        ):
            with self.subTest(name):
                save_file({name: torch.zeros(1)}, self.checkpoint)
                self.refuse(f"holds {contents}")
        save_file({"conv_in.weight": torch.zeros(1)}, self.checkpoint)
        self.refuse("no weight begins with model.diffusion_model.")
        self.checkpoint.write_bytes(b"x")
        self.refuse("cannot be read")


class SingleFile2Test(SingleFileTest):
    """The same with OpenCLIP's text encoder, whose names and layout are others."""

    @classmethod
    def make_pipeline(cls):
        return tiny.tiny_pipeline_2(TOKENIZER)

    def test_configuration_of_another_model(self):
        self.edit("text_encoder/config.json", num_hidden_layers=2)
        self.refuse("unexpected weights, the first CLIPTextModel encoder.layers.2.")


class ClipSkipTest(ExportTest):
    def test_equals_clip_skip_of_diffusers(self):
        whole = self.export("--no-check")["model_identity"]
        bundle = self.export("--overwrite", "--clip-skip", "1")
        self.assertNotEqual(bundle["model_identity"], whole)
        pipeline = StableDiffusionPipeline.from_pretrained(
            self.pipeline, torch_dtype=torch.float32, safety_checker=None)
        # diffusers looks for the level that transformers 5 has no longer; an
        # attribute past nn.Module, which would take it for a part.
        encoder = pipeline.text_encoder
        if not hasattr(encoder, "text_model"):
            object.__setattr__(encoder, "text_model", encoder)
        prompt = "a picture of a cat and a guitar"
        ids = pipeline.tokenizer(prompt, padding="max_length", max_length=tiny.TEXT_LENGTH,
                                 return_tensors="pt").input_ids
        with torch.no_grad():
            expected, _ = pipeline.encode_prompt(prompt, "cpu", 1, False, clip_skip=1)
            unskipped, _ = pipeline.encode_prompt(prompt, "cpu", 1, False)
            got = networks.load(self.out / "text_encoder.pt")(ids)
        self.assertTrue(torch.equal(got, expected))
        self.assertFalse(torch.allclose(got, unskipped, atol=0.1))

    def test_more_than_there_are(self):
        self.assert_refused("--clip-skip: got 2, expected less than the text encoder's 2 layers",
                            options=("--no-check", "--clip-skip", "2"))
        self.assertEqual(self.run_script("--clip-skip", "-1")[0], 2)


if __name__ == "__main__":
    unittest.main()
