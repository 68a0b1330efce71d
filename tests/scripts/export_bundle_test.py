#!/usr/bin/env python3
"""Tests scripts/export_bundle.py: what it writes and what it refuses.

Every case exports a copy of the tiny pipeline, changed in one thing.
"""

import hashlib
import json
import resource
import shutil
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

from export_testing import WEIGHTS, ExportTest, tiny  # noqa: E402

import torch  # noqa: E402
from export import networks  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402


class WrittenBundleTest(ExportTest):
    def test_manifest_describes_the_files(self):
        bundle = self.export("--name", "little")
        self.assertEqual(bundle["name"], "little")
        self.assertEqual(bundle["latent"], {
            "channels": 4, "sample_size": 8, "vae_scale_factor": 4,
            "scaling_factor": 0.18215, "shift_factor": 0.0, "size_multiple": 8,
        })
        self.assertEqual([hook["width"] for hook in bundle["hooks"]], [16, 16, 16, 20])
        written = {
            str(path.relative_to(self.out)) for path in self.out.rglob("*") if path.is_file()
        }
        named = {entry["name"] for entry in bundle["files"].values()}
        self.assertEqual(written, named | {"bundle.json"})
        for entry in bundle["files"].values():
            content = (self.out / entry["name"]).read_bytes()
            self.assertEqual(entry["sha256"], hashlib.sha256(content).hexdigest())

    def test_unet_file_keeps_the_hook_points(self):
        bundle = self.export("--no-check")
        modules = dict(networks.load(self.out / "unet.pt").named_modules())
        for hook in bundle["hooks"]:
            self.assertIn("unet." + hook["path"], modules)

    def test_identity_is_that_of_the_weights_alone(self):
        first = self.export("--no-check")["model_identity"]
        half = self.export("--overwrite", "--no-check", "--dtype", "bfloat16")
        self.assertEqual(half["dtype"], "bfloat16")
        self.assertEqual(half["model_identity"], first)
        path = self.pipeline / "text_encoder" / "model.safetensors"
        weights = load_file(path)
        name = sorted(weights)[0]
        weights[name].view(-1)[0] += 1
        save_file(weights, path)
        changed = self.export("--overwrite", "--no-check")
        self.assertNotEqual(changed["model_identity"], first)

    def test_half_types_pass_their_checks(self):
        for dtype in ("float16", "bfloat16"):
            with self.subTest(dtype):
                self.export("--overwrite", "--dtype", dtype)

    def test_vocabulary_files_are_read_as_well_as_tokenizer_json(self):
        self.export("--no-check")
        names = ("tokenizer/vocab.json", "tokenizer/merges.txt")
        expected = [(self.out / name).read_bytes() for name in names]
        (self.pipeline / "tokenizer" / "tokenizer.json").unlink()
        for name in names:
            shutil.copy(self.out / name, self.pipeline / name)
        self.export("--no-check", "--overwrite")
        self.assertEqual([(self.out / name).read_bytes() for name in names], expected)

    def test_fp16_variant_and_split_weights(self):
        expected = self.export("--no-check")["model_identity"]
        path = self.pipeline / "vae" / WEIGHTS
        path.rename(path.with_name("diffusion_pytorch_model.fp16.safetensors"))
        unet = tiny.UNet2DConditionModel.from_pretrained(
            self.original / "unet", torch_dtype=torch.float16
        )
        shutil.rmtree(self.pipeline / "unet")
        unet.save_pretrained(self.pipeline / "unet", max_shard_size="100kB")
        self.assertGreater(len(list((self.pipeline / "unet").glob("*.safetensors"))), 1)
        self.assertEqual(self.export("--no-check", "--overwrite")["model_identity"], expected)

    def test_scheduler_is_corrected_as_the_pipeline_corrects_it(self):
        self.edit("scheduler/scheduler_config.json", steps_offset=0, clip_sample=True,
                  prediction_type="v_prediction", lambda_min_clipped=float("-inf"))
        bundle = self.export("--no-check")
        self.assertEqual(bundle["prediction_type"], "v_prediction")
        self.assertEqual(bundle["scheduler"]["steps_offset"], 1)
        self.assertIs(bundle["scheduler"]["clip_sample"], False)
        self.assertIsNone(bundle["scheduler"]["lambda_min_clipped"])

    def test_an_absent_offset_is_the_pipelines_not_the_schedulers(self):
        path = self.pipeline / "scheduler/scheduler_config.json"
        config = json.loads(path.read_text())
        del config["steps_offset"]
        path.write_text(json.dumps(config))
        self.assertEqual(self.export("--no-check")["scheduler"]["steps_offset"], 1)

    def test_special_tokens_are_listed(self):
        text = self.export("--no-check")["text"]
        self.assertEqual(text["unk_token_id"], 790)
        self.assertIn({"content": "<|endoftext|>", "id": 790, "normalized": False},
                      text["added_tokens"])

    def test_defaults_are_taken_over(self):
        defaults = {"preset": "demo", "templates": ["a picture of {}"]}
        (self.pipeline / "gloce.json").write_text(json.dumps(defaults))
        self.assertEqual(self.export("--no-check")["defaults"], defaults)


class OutputFolderTest(ExportTest):
    def test_bundle_is_replaced_only_on_demand(self):
        self.export("--no-check")
        code, _, err = self.run_script("--no-check")
        self.assertEqual(code, 1)
        self.assertIn("add --overwrite", err)
        self.export("--no-check", "--overwrite")
        self.assertEqual([path.name for path in self.out.parent.iterdir()], ["bundle"])

    def test_other_folders_are_never_replaced(self):
        self.out.mkdir(parents=True)
        (self.out / "thesis.tex").write_text("text")
        code, _, err = self.run_script("--no-check", "--overwrite")
        self.assertEqual(code, 1)
        self.assertIn("is no bundle", err)
        self.assertEqual([path.name for path in self.out.iterdir()], ["thesis.tex"])

    def test_failure_keeps_the_previous_bundle(self):
        self.export("--no-check")
        before = (self.out / "bundle.json").read_bytes()
        with mock.patch.object(networks, "save", side_effect=OSError(28, "No space left")):
            code, _, err = self.run_script("--no-check", "--overwrite")
        self.assertEqual(code, 1)
        self.assertIn("No space left", err)
        self.assertEqual((self.out / "bundle.json").read_bytes(), before)
        self.assertEqual([path.name for path in self.out.parent.iterdir()], ["bundle"])

    def test_interrupt_leaves_nothing(self):
        with mock.patch.object(networks, "save", side_effect=KeyboardInterrupt):
            code, _, err = self.run_script("--no-check")
        self.assertEqual((code, err), (130, "export_bundle: interrupted\n"))
        self.assertEqual(list(self.out.parent.iterdir()), [])

    def test_leftovers_of_a_killed_export_are_removed(self):
        stale = self.out.parent / ".bundle.new.4194305.partial"  # above the largest process id
        stale.mkdir(parents=True)
        self.export("--no-check")
        self.assertFalse(stale.exists())

    def test_failed_write(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        try:
            self.assert_refused("cannot be written")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class RefusalTest(ExportTest):
    def test_wrong_usage(self):
        self.assertEqual(self.run_script("--dtype", "int8")[0], 2)

    def test_source_is_no_pipeline(self):
        self.assert_refused("not found", pipeline=self.folder / "nowhere")
        empty = self.folder / "empty"
        empty.mkdir()
        self.assert_refused("no model_index.json", pipeline=empty)
        (empty / "pytorch_lora_weights.safetensors").write_bytes(b"")
        self.assert_refused("holds a LoRA", "fuse", pipeline=empty)
        (self.pipeline / "model_index.json").write_text("{")
        self.assert_refused("model_index.json: cannot be read")

    def test_other_families_are_named(self):
        for name, family in (
            ("StableDiffusionXLPipeline", "Stable Diffusion XL"),
            ("StableDiffusion3Pipeline", "Stable Diffusion 3"),
            ("FluxPipeline", "FLUX"),
            ("PixArtSigmaPipeline", "PixArt"),
            ("StableDiffusionInpaintPipeline", "inpainting"),
        ):
            with self.subTest(name):
                self.edit("model_index.json", _class_name=name)
                self.assert_refused(name, f"{family} pipelines are not supported yet")

    def test_missing_components(self):
        shutil.rmtree(self.pipeline / "vae")
        self.assert_refused("component vae is missing")

    def test_other_component_classes(self):
        self.edit("model_index.json", text_encoder=["transformers", "T5EncoderModel"])
        self.assert_refused("text_encoder: got class T5EncoderModel")

    def test_other_tokenizers(self):
        self.edit("tokenizer/tokenizer_config.json", tokenizer_class="T5Tokenizer")
        self.assert_refused("tokenizer_class: got T5Tokenizer")

    def test_tokenizer_without_files(self):
        (self.pipeline / "tokenizer" / "tokenizer.json").unlink()
        self.assert_refused("neither tokenizer.json nor vocab.json")

    def test_tokens_of_textual_inversion(self):
        path = "tokenizer/tokenizer.json"
        added = json.loads((self.pipeline / path).read_text())["added_tokens"]
        added.append({**added[0], "id": 791, "content": "<my-cat>", "special": False})
        self.edit(path, added_tokens=added)
        self.assert_refused("added token '<my-cat>'", "textual inversion")

    def test_special_tokens_that_strip_spaces(self):
        path = "tokenizer/tokenizer.json"
        added = json.loads((self.pipeline / path).read_text())["added_tokens"]
        added[0]["lstrip"] = True
        self.edit(path, added_tokens=added)
        self.assert_refused("added token", "lstrip is not supported")

    def test_truncated_weights(self):
        path = self.pipeline / "unet" / WEIGHTS
        path.write_bytes(path.read_bytes()[:1000])
        self.assert_refused("unet: cannot be loaded")

    def test_missing_weights(self):
        path = self.pipeline / "unet" / WEIGHTS
        weights = load_file(path)
        del weights["conv_in.bias"]
        save_file(weights, path)
        self.assert_refused("1 missing weights, the first conv_in.bias")

    def test_lora_layers(self):
        path = self.pipeline / "unet" / WEIGHTS
        weights = load_file(path)
        layer = "mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0"
        weights[f"{layer}.base_layer.weight"] = weights.pop(f"{layer}.weight")
        weights[f"{layer}.lora_A.default.weight"] = torch.zeros(4, 20)
        save_file(weights, path)
        self.assert_refused("LoRA", "pipe.fuse_lora()")

    def test_inpainting_unet(self):
        unet = tiny.tiny_unet()
        self.replace_unet(tiny.UNet2DConditionModel(**{**unet.config, "in_channels": 9}))
        self.assert_refused("in_channels: got 9, expected the VAE's 4")

    def test_unet_with_more_conditioning(self):
        unet = tiny.tiny_unet()
        self.replace_unet(tiny.UNet2DConditionModel(**{**unet.config, "num_class_embeds": 5}))
        self.assert_refused("num_class_embeds: got 5")

    def test_unet_without_cross_attention(self):
        self.replace_unet(tiny.tiny_unet(cross_attention=False))
        self.assert_refused("no layer ends in attn2.to_out.0")

    def test_text_encoder_of_another_width(self):
        unet = tiny.tiny_unet()
        self.replace_unet(tiny.UNet2DConditionModel(**{**unet.config, "cross_attention_dim": 8}))
        self.assert_refused("cross_attention_dim: got 8, expected the text encoder's 24")

    def test_normalised_latents(self):
        self.edit("vae/config.json", latents_mean=[0.0] * 4)
        self.assert_refused("vae: latents_mean")

    def test_prediction_type(self):
        self.edit("scheduler/scheduler_config.json", prediction_type="flow_prediction")
        self.assert_refused("prediction_type: got 'flow_prediction'")

    def test_detector_without_labels(self):
        (self.pipeline / "detector").mkdir()
        (self.pipeline / "detector" / "config.json").write_text('{"concepts": 3}')
        self.assert_refused("detector/config.json: concepts: expected a list")

    def test_network_that_differs_from_the_pipeline(self):
        class Wrong(networks.UnetNetwork):
            def forward(self, *inputs):
                return super().forward(*inputs) * (1.0001 if torch.jit.is_tracing() else 1.0)

        with mock.patch.object(networks, "UnetNetwork", Wrong):
            self.assert_refused("unet.pt: differs from the pipeline by 1.0e-04", options=())

    def test_network_with_a_baked_batch_size(self):
        class Baked(networks.TextEncoderNetwork):
            def forward(self, input_ids):
                hidden = super().forward(input_ids)
                return hidden.reshape(2, -1, 24) if torch.jit.is_tracing() else hidden

        with mock.patch.object(networks, "TextEncoderNetwork", Baked):
            self.assert_refused("text_encoder.pt: differs from the pipeline", options=())


if __name__ == "__main__":
    unittest.main()
