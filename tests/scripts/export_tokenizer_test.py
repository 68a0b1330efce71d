#!/usr/bin/env python3
"""Tests what scripts/export_bundle.py does with T5's and XLM-R's tokenizers.

The tiny pipeline's own text encoder goes with any tokenizer, so that whole pipelines are exported.
"""

import json
import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))
from export_testing import ExportTest  # noqa: E402  (sets the paths, and offline mode)

import check_pictures  # noqa: E402
import check_sentencepiece  # noqa: E402
import sentencepiece  # noqa: E402
from export import spm_file, unigram  # noqa: E402
from export.errors import ExportError  # noqa: E402
from testdata import tiny  # noqa: E402
from transformers import T5Tokenizer, XLMRobertaTokenizer  # noqa: E402

MODEL = "tokenizer/sentencepiece.model"


class SentencePieceTest(ExportTest):
    """Base: a copy of the tiny pipeline, whose tokenizer a test replaces."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._models = tempfile.TemporaryDirectory()
        models = Path(cls._models.name)
        cls.trained = {
            "t5": models / "t5/spiece.model",
            "xlm_roberta": models / "xlm_roberta/sentencepiece.bpe.model",
        }
        check_sentencepiece.train(cls.trained["t5"], check_sentencepiece.T5_IDS, vocab_size=600)
        check_sentencepiece.train(cls.trained["xlm_roberta"],
                                  check_sentencepiece.XLM_ROBERTA_IDS, vocab_size=600)

    @classmethod
    def tearDownClass(cls):
        cls._models.cleanup()
        super().tearDownClass()

    def use(self, kind: str, **config):
        """Puts the trained model into the pipeline, as transformers before 5 stores it."""
        class_name = {"t5": "T5Tokenizer", "xlm_roberta": "XLMRobertaTokenizer"}[kind]
        folder = self.pipeline / "tokenizer"
        shutil.rmtree(folder)
        folder.mkdir()
        shutil.copy(self.trained[kind], folder)
        config = {"tokenizer_class": class_name, "model_max_length": tiny.TEXT_LENGTH, **config}
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        self.edit("model_index.json", tokenizer=["transformers", class_name])
        return folder

    def save_again(self, folder: Path, loader):
        tokenizer = loader.from_pretrained(folder)
        shutil.rmtree(folder)
        tokenizer.save_pretrained(folder)
        return folder / "tokenizer.json"

    def edit_description(self, path: Path, change):
        description = json.loads(path.read_text(encoding="utf-8"))
        change(description)
        path.write_text(json.dumps(description), encoding="utf-8")


class WrittenTokenizerTest(SentencePieceTest):
    def test_t5(self):
        folder = self.use("t5")
        expected = T5Tokenizer.from_pretrained(folder)
        bundle = self.export("--no-check")
        text = bundle["text"]
        self.assertEqual(text["tokenizer"], "t5")
        self.assertEqual(text["max_length"], tiny.TEXT_LENGTH)
        self.assertEqual(text["vocab_size"], len(expected))
        self.assertEqual([text[f"{name}_token_id"] for name in ("pad", "eos", "unk")], [0, 1, 2])
        self.assertNotIn("bos_token_id", text)
        self.assertEqual(bundle["files"]["sentencepiece"]["name"], MODEL)
        self.assertFalse((self.out / "tokenizer/vocab.json").exists())
        contents = [token["content"] for token in text["added_tokens"]]
        self.assertIn("<extra_id_99>", contents)

    def test_model_is_one_of_the_sentencepiece_library(self):
        for kind, offset in (("t5", 0), ("xlm_roberta", 1)):
            with self.subTest(kind):
                self.use(kind)
                self.export("--no-check", "--overwrite")
                ours = sentencepiece.SentencePieceProcessor(model_file=str(self.out / MODEL))
                theirs = sentencepiece.SentencePieceProcessor(model_file=str(self.trained[kind]))
                for i in range(theirs.get_piece_size()):
                    self.assertEqual(ours.id_to_piece(i), theirs.id_to_piece(i))
                    self.assertEqual(ours.get_score(i), theirs.get_score(i))
                    self.assertEqual(ours.is_control(i), theirs.is_control(i))
                    self.assertEqual(ours.is_unknown(i), theirs.is_unknown(i))
                more = 100 if kind == "t5" else 1  # sentinels; <mask>
                self.assertEqual(ours.get_piece_size(), theirs.get_piece_size() + more)
                words = "a photo of an Ａstronaut  ﬁ kana"
                self.assertEqual(ours.encode(words), theirs.encode(words))

    def test_xlm_roberta(self):
        self.use("xlm_roberta")
        text = self.export("--no-check")["text"]
        self.assertEqual(text["tokenizer"], "xlm_roberta")
        ids = [text[f"{name}_token_id"] for name in ("bos", "pad", "eos", "unk")]
        self.assertEqual(ids, [0, 1, 2, 3])

    def test_tokenizer_json_gives_the_same_model(self):
        for kind, loader in (("t5", T5Tokenizer), ("xlm_roberta", XLMRobertaTokenizer)):
            with self.subTest(kind):
                folder = self.use(kind)
                first = self.export("--no-check", "--overwrite")
                self.save_again(folder, loader)
                self.assertFalse((folder / "spiece.model").exists())
                second = self.export("--no-check", "--overwrite")
                self.assertEqual(first["files"]["sentencepiece"], second["files"]["sentencepiece"])
                self.assertEqual(first["text"], second["text"])

    def test_stripping_is_stored(self):
        mask = {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "rstrip": False,
                "normalized": False, "single_word": False, "special": True}
        self.use("xlm_roberta", mask_token=mask)
        tokens = self.export("--no-check")["text"]["added_tokens"]
        self.assertEqual([token for token in tokens if token["content"] == "<mask>"],
                         [{"content": "<mask>", "id": tokens[-1]["id"], "normalized": False,
                           "lstrip": True}])

    def test_harmless_normalisers_of_older_versions(self):
        folder = self.use("t5")
        expected = self.export("--no-check")["files"]["sentencepiece"]

        def change(description):
            space = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}
            description["normalizer"] = {"type": "Sequence", "normalizers": [
                description["normalizer"],
                {"type": "Strip", "strip_left": False, "strip_right": True}, space]}

        self.edit_description(self.save_again(folder, T5Tokenizer), change)
        found = self.export("--no-check", "--overwrite")["files"]["sentencepiece"]
        self.assertEqual(found, expected)


class PicturesTest(SentencePieceTest):
    """The program (environment variable GLOCE_PROGRAM) against diffusers on whole pipelines."""

    def test_pictures_equal_diffusers(self):
        # Otherwise diffusers' DDIM, made of PNDM's configuration, clips.
        self.edit("scheduler/scheduler_config.json", clip_sample=False)
        for kind in ("t5", "xlm_roberta"):
            with self.subTest(kind):
                self.use(kind)
                self.export("--no-check", "--overwrite")
                options = ["check_pictures", "--program", os.environ["GLOCE_PROGRAM"],
                           "--bundle", str(self.out), "--pipeline", str(self.pipeline)]
                with mock.patch.object(sys, "argv", options):
                    self.assertEqual(check_pictures.main(), 0)


class RefusedTokenizerTest(SentencePieceTest):
    def test_text_encoder_of_another_family(self):
        self.use("t5")
        self.edit("model_index.json", text_encoder=["transformers", "T5EncoderModel"])
        self.assert_refused("text_encoder: got class T5EncoderModel")

    def test_vocabulary_larger_than_the_text_encoders(self):
        self.use("t5", extra_ids=300)
        self.assert_refused(f"embeddings: got {tiny.VOCAB_SIZE}, expected at least")

    def test_folder_without_a_model(self):
        folder = self.use("xlm_roberta")
        (folder / "sentencepiece.bpe.model").unlink()
        self.assert_refused("neither tokenizer.json nor sentencepiece.bpe.model")

    def test_classes_that_disagree(self):
        self.use("t5", tokenizer_class="XLMRobertaTokenizer")
        self.assert_refused("tokenizer_class: got XLMRobertaTokenizer, expected T5Tokenizer")

    def test_other_normalisers(self):
        path = self.save_again(self.use("t5"), T5Tokenizer)
        self.edit_description(path, lambda description: description.update(
            normalizer={"type": "Sequence",
                        "normalizers": [description["normalizer"], {"type": "Lowercase"}]}))
        self.assert_refused("normalizer Lowercase", "transformers ignores this one")

    def test_other_pre_tokenizers(self):
        path = self.save_again(self.use("t5"), T5Tokenizer)
        self.edit_description(path, lambda description: description.update(
            pre_tokenizer={"type": "Digits", "individual_digits": True}))
        self.assert_refused("pre_tokenizer Digits", "remove it")

    def test_scores_that_are_no_float32(self):
        path = self.save_again(self.use("t5"), T5Tokenizer)

        def change(description):
            description["model"]["vocab"][10][1] = -0.1

        self.edit_description(path, change)
        self.assert_refused("its score -0.1 is no float32 number")

    def test_ids_of_another_order(self):
        check_sentencepiece.train(self.use("t5") / "spiece.model",
                                  check_sentencepiece.XLM_ROBERTA_IDS, vocab_size=600)
        self.assert_refused("unk", "got 0, expected 2")

    def test_tokens_of_textual_inversion(self):
        folder = self.use("t5")
        tokenizer = T5Tokenizer.from_pretrained(folder)
        tokenizer.add_tokens("<my-cat>")
        tokenizer.save_pretrained(folder)
        self.assert_refused("added token '<my-cat>'", "textual inversion")

    def test_rules_of_a_loaded_tokenizer(self):
        tokenizer = T5Tokenizer.from_pretrained(self.use("t5"))
        tokenizer.padding_side = "left"
        with self.assertRaisesRegex(ExportError, "padding_side: got 'left', expected 'right'"):
            unigram.check(tokenizer, unigram.T5)

    def test_broken_models(self):
        path = self.use("t5") / "spiece.model"
        whole = path.read_bytes()
        for content in (whole[:1000], b"x" * 1000, b""):
            path.write_bytes(content)
            self.assert_refused("spiece.model: is no sentencepiece model", "download it again")

    def test_pieces_defined_by_the_user(self):
        check_sentencepiece.train(self.use("t5") / "spiece.model", check_sentencepiece.T5_IDS,
                                  vocab_size=600, user_defined_symbols="foo")
        self.assert_refused("added token 'foo'", "user_defined_symbols")


class SpmFileTest(unittest.TestCase):
    def test_library_reads_what_is_written(self):
        pieces = [spm_file.Piece("<unk>", 0, spm_file.Kind.UNKNOWN), spm_file.Piece("▁", -1.5),
                  spm_file.Piece("a", -2.25)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m.model"
            spm_file.write_model(path, pieces, {"unk": 0}, b"")
            library = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.assertEqual(library.encode("a b"), [1, 2, 1, 0])
        self.assertEqual(library.get_score(2), -2.25)
        self.assertEqual((library.unk_id(), library.eos_id()), (0, -1))


if __name__ == "__main__":
    unittest.main()
