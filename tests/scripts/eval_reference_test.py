"""gloce eval against references in Python: Pillow, numpy, scipy, transformers.

    eval_reference_test.py GLOCE BUNDLE EXPORT_EVALUATOR
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import scipy.linalg
import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

from demo.judge import Judge  # noqa: E402

GLOCE, BUNDLE, EXPORT = (pathlib.Path(a) for a in sys.argv[1:4])


def run(*arguments, code=0) -> str:
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    assert result.returncode == code, (arguments, result.returncode, result.stderr)
    return result.stdout


def evaluate(*arguments, code=0) -> dict:
    return json.loads(run(GLOCE, "eval", "--json", *arguments, code=code))


def figure(document: dict, name: str, of: str = "erased") -> dict:
    return next(f for f in document["figures"] if (f["name"], f["set"]) == (name, of))


def picture(seed: int, width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Smooth, with some noise, so that resizing and JPEG have something to do."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.BILINEAR), float)
    noisy = np.clip(smooth + random.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(noisy).convert(mode)


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    covariances = [np.cov(x, rowvar=False) for x in (a, b)]
    # The eigenvalues of a product of two such matrices are not negative.
    values = scipy.linalg.eigvals(covariances[0] @ covariances[1]).real.clip(0)
    mean = a.mean(0) - b.mean(0)
    return mean @ mean + np.trace(covariances[0] + covariances[1]) - 2 * np.sqrt(values).sum()


def kernel(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased within the sides, all pairs across, as clean-fid has it."""
    def k(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3
    n = len(a)
    within = sum((k(x, x).sum() - np.diag(k(x, x)).sum()) / (n * (n - 1)) for x in (a, b))
    return within - 2 * k(a, b).mean()


class Formats(unittest.TestCase):
    def test_pictures_are_read_as_pillow_reads_them(self):
        with tempfile.TemporaryDirectory() as name:
            given, plain = pathlib.Path(name, "given"), pathlib.Path(name, "plain")
            given.mkdir(), plain.mkdir()
            base = picture(1, 37, 23)
            alpha = base.copy()
            alpha.putalpha(base.convert("L"))
            files = {
                "rgb.png": (base, {}), "grey.png": (base.convert("L"), {}),
                "grey_alpha.png": (alpha.convert("LA"), {}), "alpha.png": (alpha, {}),
                "palette.png": (base.quantize(50), {}), "bits.png": (base.convert("1"), {}),
                "palette16.png": (base.quantize(9), {"bits": 4}),
                "rgb.jpg": (base, {"quality": 90}), "grey.jpg": (base.convert("L"), {}),
                "progressive.jpg": (base, {"progressive": True}),
                "full.jpeg": (base, {"subsampling": 0, "quality": 75}),
            }
            for file, (image, options) in files.items():
                image.save(given / file, **options)
                Image.open(given / file).convert("RGB").save(plain / file, format="PNG")
            table = pathlib.Path(name, "files.csv")
            table.write_text("file\n" + "\n".join(files) + "\n")
            document = evaluate("--images", given, "--before", plain, "--table", table,
                                "--table", f"before={table}")
            self.assertEqual(figure(document, "mean_difference")["n"], len(files))
            self.assertEqual(figure(document, "mean_difference")["value"], 0)

    def test_broken_ones_are_listed(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            picture(1, 30, 30).save(folder / "a.png")
            picture(2, 30, 30).save(folder / "b.jpg")
            for file in ("a.png", "b.jpg"):
                (folder / f"cut_{file}").write_bytes((folder / file).read_bytes()[:-200])
            (folder / "empty.png").write_bytes(b"")
            (folder / "text.jpg").write_text("no picture")
            picture(3, 30, 30, "CMYK").save(folder / "ink.jpg")
            document = evaluate("--images", folder, "--model", BUNDLE, code=3)
            broken = {b["file"]: b["message"] for b in document["sets"][0]["broken"]}
            self.assertEqual(set(broken),
                             {"cut_a.png", "cut_b.jpg", "empty.png", "text.jpg", "ink.jpg"})
            for file, message in broken.items():
                self.assertIn(file, message)
                self.assertNotIn("\n", message)


class Demo(unittest.TestCase):
    """Pictures of the demo model, its own detector in Python."""

    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls._folder.name)
        erasers = cls.root / "owl.safetensors"
        run(GLOCE, "build", "--model", BUNDLE, "--erase", "owl", "--erase", "cat",
            "--plan", "fast", "--out", erasers, "-q")
        cls.rows = []
        with open(cls.root / "rows.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["case_number", "prompt", "evaluation_seed", "num_images"])
            for i, prompt in enumerate([
                    "a picture of an owl", "a picture of a cat", "a picture of a pizza",
                    "a picture of a guitar", "a picture of an owl and a pizza",
                    "two Cats next to a clock", "a red balloon, pixel art", "nothing at all"]):
                writer.writerow([i, prompt, 100 * i, 3])
                cls.rows += [(f"{i}_{k}.png", prompt) for k in range(3)]
        common = ["--model", BUNDLE, "--prompts", cls.root / "rows.csv", "--steps", "12", "-q"]
        run(GLOCE, "generate", *common, "--out", cls.root / "plain")
        run(GLOCE, "generate", *common, "--erasers", erasers, "--out", cls.root / "erased")
        cls.document = evaluate("--model", BUNDLE, "--images", cls.root / "erased",
                                "--before", cls.root / "plain", "--region", "none")

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    def images(self, of: str) -> list[Image.Image]:
        folder = {"erased": "erased", "before": "plain"}[of]
        return [Image.open(self.root / folder / file).convert("RGB") for file, _ in self.rows]

    def asked(self) -> list[tuple[set, set]]:
        """Erased and kept labels of each row, by the words that stand there."""
        named = [{"owl"}, {"cat"}, {"pizza"}, {"guitar"}, {"owl", "pizza"}, {"cat", "clock"},
                 {"balloon", "pixel art"}, set()]
        sets = [(names & {"owl", "cat"}, names - {"owl", "cat"}) for names in named]
        return [pair for pair in sets for _ in range(3)]

    def test_accuracies_are_those_of_the_detector(self):
        judge = Judge(BUNDLE)
        for of in ("erased", "before"):
            images = self.images(of)
            found = [names | {style} for names, style
                     in zip(judge.shown(images), judge.style(images))]
            erased, kept, beside = [], [], []
            any_erased = np.mean([bool({"owl", "cat"} & shown) for shown in found])
            for (gone, rest), shown in zip(self.asked(), found):
                if gone:
                    erased.append(np.mean([label in shown for label in gone]))
                if rest:
                    (beside if gone else kept).append(np.mean([label in shown for label in rest]))
            acc_e, acc_s = np.mean(erased), np.mean(kept)
            h = 0 if acc_e == 1 or acc_s == 0 else 2 / (1 / (1 - acc_e) + 1 / acc_s)
            for name, value, n in (("erased_accuracy", acc_e, 12), ("kept_accuracy", acc_s, 9),
                                   ("beside_accuracy", np.mean(beside), 6),
                                   ("any_erased", any_erased, len(images)),
                                   ("harmonic_mean", h, 21)):
                got = figure(self.document, name, of)
                self.assertEqual(got["n"], n, name)
                self.assertAlmostEqual(got["value"], value, 12, name)
                self.assertLessEqual(got["low"], value + 1e-12)
                self.assertGreaterEqual(got["high"], value - 1e-12)

    def test_changes_are_those_of_the_pixels(self):
        changed = [float((np.abs(np.asarray(a, int) - np.asarray(b, int)).max(2) > 8).mean())
                   for a, b in zip(self.images("before"), self.images("erased"))]
        asked = self.asked()
        for name, is_erased in (("changed_erased", True), ("changed_kept", False)):
            expected = np.mean([c for c, (gone, _) in zip(changed, asked) if bool(gone) == is_erased])
            self.assertAlmostEqual(figure(self.document, name)["value"], expected, 12)
        distance = np.mean([np.abs(np.asarray(a, float) - np.asarray(b, float)).mean() / 255
                            for a, b in zip(self.images("before"), self.images("erased"))])
        self.assertAlmostEqual(figure(self.document, "mean_difference")["value"], distance, 12)

    def test_feature_distances_are_those_of_the_features(self):
        spec = json.loads((BUNDLE / "bundle.json").read_text())["evaluators"]["features"]
        network = torch.jit.load(str(BUNDLE / spec["name"]))
        kept = [i for i, (gone, _) in enumerate(self.asked()) if not gone]
        sides = []
        for of in ("erased", "before"):
            images = self.images(of)
            pixels = torch.stack([torch.from_numpy(np.asarray(images[i]).copy()) for i in kept])
            with torch.no_grad():
                sides.append(network(pixels.permute(0, 3, 1, 2).float() / 255).double().numpy())
        for name, expected in (("fid", frechet(*sides)), ("kid", kernel(*sides))):
            got = figure(self.document, name)
            self.assertEqual(got["n"], len(kept))
            self.assertLess(abs(got["value"] - expected), 1e-4 * abs(expected), name)


class Exported(unittest.TestCase):
    """Evaluators made by scripts/export_evaluator.py."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self._folder.name)
        self.images = self.root / "images"
        self.images.mkdir()
        self.prompts = ["a cat and a guitar", "Hello, world!", "ünïcödé 漢字", "", "owl " * 90]
        with open(self.root / "table.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "prompt", "seed"])
            for i, prompt in enumerate(self.prompts):
                picture(i, 50 + 7 * i, 64 - 3 * i).save(self.images / f"{i}.png")
                writer.writerow([f"{i}.png", prompt, i])

    def tearDown(self):
        self._folder.cleanup()

    def test_clip_score(self):
        import transformers
        tokenizer = transformers.CLIPTokenizer.from_pretrained(ROOT / "models/emoji/tokenizer")
        torch.manual_seed(0)
        config = transformers.CLIPConfig(
            text_config=dict(vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64,
                             num_hidden_layers=2, num_attention_heads=2,
                             max_position_embeddings=32, bos_token_id=tokenizer.bos_token_id,
                             eos_token_id=tokenizer.eos_token_id,
                             pad_token_id=tokenizer.pad_token_id),
            vision_config=dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                               num_attention_heads=2, image_size=32, patch_size=8),
            projection_dim=16)
        model = transformers.CLIPModel(config).eval()
        processor = transformers.CLIPImageProcessor(
            size={"shortest_edge": 36}, crop_size={"height": 32, "width": 32})
        source = self.root / "model"
        for part in (model, processor, tokenizer):
            part.save_pretrained(source)
        run(sys.executable, "-W", "ignore", EXPORT, "clip", source, "--out", self.root / "c.json")
        document = evaluate("--images", self.images, "--table", self.root / "table.csv",
                            "--clip", self.root / "c.json")
        scores = []
        for i, prompt in enumerate(self.prompts):
            pixels = processor(Image.open(self.images / f"{i}.png"), return_tensors="pt")
            ids = tokenizer(prompt, padding="max_length", max_length=32, truncation=True,
                            return_tensors="pt").input_ids
            with torch.no_grad():
                image = model.visual_projection(model.vision_model(**pixels)[1])[0]
                text = model.text_projection(model.text_model(input_ids=ids)[1])[0]
            scores.append(max(100 * torch.cosine_similarity(image, text, 0).item(), 0))
        self.assertGreater(max(scores), 1)
        got = figure(document, "clip_score")
        self.assertEqual(got["n"], len(scores))
        self.assertLess(abs(got["value"] - np.mean(scores)), 1e-4)

    def test_features_are_resized_as_clean_fid_does(self):
        size = 24
        flat = torch.jit.script(torch.nn.Sequential(torch.nn.AvgPool2d(4), torch.nn.Flatten()))
        flat.save(str(self.root / "flat.pt"))
        run(sys.executable, "-W", "ignore", EXPORT, "torchscript", self.root / "flat.pt",
            "--features", "--size", size, "--fit", "stretch", "--scale", "255",
            "--out", self.root / "features.json")
        other = self.root / "other"
        other.mkdir()
        for i in range(9):
            picture(100 + i, 90 - 5 * i, 31 + i).save(other / f"{i}.png")
        document = evaluate("--images", self.images, "--reference", other,
                            "--features", self.root / "features.json")
        sides = []
        for folder in (self.images, other):
            rows = []
            for file in sorted(folder.iterdir()):
                channels = np.asarray(Image.open(file)).astype(np.float32).transpose(2, 0, 1)
                resized = np.stack([np.asarray(Image.fromarray(c, mode="F").resize(
                    (size, size), Image.BICUBIC)).clip(0, 255) for c in channels])
                pooled = resized.reshape(3, size // 4, 4, size // 4, 4).mean((2, 4))
                rows.append(pooled.reshape(-1))
            sides.append(np.stack(rows).astype(np.float64))
        expected = frechet(*sides)
        got = figure(document, "fid")["value"]
        self.assertLess(abs(got - expected), 1e-4 * expected)

    def test_wrong_ones_are_refused(self):
        (self.root / "x.json").write_text('{"format": "gloce-evaluator", "version": 1,'
                                          ' "kind": "features", "name": "x.pt", "sha256": "0"}')
        result = subprocess.run([GLOCE, "eval", "--images", self.images, "--features",
                                 self.root / "x.json", "--reference", self.images],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("x.json: sha256: got", result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
