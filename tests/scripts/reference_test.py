#!/usr/bin/env python3
"""gloce's erasers and latents against scripts/reference, which shares no code with it.

    reference_test.py GLOCE SAMPLE_LATENTS BUNDLES [--full]

On the demo pipeline and on random pipelines of other shapes: erasers end to end, and erased
sampling from the same weights. --full takes every preset with 1, 3 and 12 concepts.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "scripts")]

from export.quiet import quieten  # noqa: E402

quieten(offline=True)

from reference.fit import fit  # noqa: E402
from reference.model import Model  # noqa: E402
from reference.sample import Concept, sample  # noqa: E402

FULL = "--full" in sys.argv
PROGRAM, SAMPLE, BUNDLES = [arg for arg in sys.argv[1:] if arg != "--full"]

NAMES = ["cat", "owl", "pizza", "car", "fox", "apple", "guitar", "house", "lion", "corn",
         "clock", "gift"]
POOL = ["dog", "bear", "banana", "balloon", "wolf", "umbrella", "cactus", "hamster"]

# Preset -> what the test shortens so that it runs in seconds; --full shortens nothing.
PRESETS = {
    "celebrity": ["--num-seeds", "1", "--window", "10:13"],
    "explicit": ["--num-seeds", "1", "--window", "10:13"],
    "style": ["--num-seeds", "1", "--steps", "10", "--window", "0:10"],
    "demo": ["--num-seeds", "1", "--window", "0:4", "--surrogate", "a picture"],
}


def relative(got: torch.Tensor, expected: torch.Tensor) -> float:
    return float((got.double() - expected).norm() / expected.norm())


class ReferenceTest(unittest.TestCase):
    pipeline, bundle = "", ""
    options: list[str] = []  # of gloce build

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "pool.txt").write_text("\n".join(POOL))

    def build(self, preset: str, names: list[str]) -> tuple[Path, list[dict]]:
        """The erasers file, and the concepts with everything resolved."""
        out = self.folder / f"{preset}-{len(names)}.safetensors"
        command = [PROGRAM, "build", "--model", str(self.bundle), "--preset", preset,
                   *([] if FULL else PRESETS[preset]), *self.options]
        if preset != "explicit":
            command += ["--anchor-pool", str(self.folder / "pool.txt")]
        if preset == "demo":
            command += ["--surrogate", "a picture"]
        for name in names:
            command += ["--erase", name]
        plan = json.loads(subprocess.run([*command, "--dry-run", "--json"], check=True,
                                         stdout=subprocess.PIPE).stdout)
        subprocess.run([*command, "--out", str(out), "--quiet"], check=True)
        return out, plan["concepts"]

    def read(self, path: Path) -> tuple[dict, list[dict]]:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            return tensors, json.loads(file.metadata()["concepts"])

    def check_weights(self, model: Model, path: Path, concepts: list[dict]):
        tensors, _ = self.read(path)
        for index, concept in enumerate(concepts):
            for name, expected in zip(model.layers, fit(model, concept)):
                def got(key):
                    return tensors[f"{name}.{key}"][index].double()

                place = f"{path.stem}, {concept['name']}, {name}"
                for key in ("mapping_mean", "target_mean", "surrogate_mean"):
                    self.assertLess(relative(got(key), getattr(expected, key)), 1e-5, place)
                for key, basis in (("map_up", expected.v_map), ("gate_basis", expected.v_gate)):
                    self.assertLess(relative(got(key) @ got(key).T, basis @ basis.T), 1e-4, place)
                # Ill-conditioned: neighbouring eigenvalues of Σ_tar differ by 1e-5 of the first.
                self.assertLess(relative(got("map_up") @ got("map_down"), expected.map()), 5e-2,
                                place)
                self.assertLess(abs(float(got("gate_center")) / expected.center - 1), 1e-5, place)
                self.assertLess(abs(float(got("gate_slope")) / expected.slope - 1), 1e-6, place)

    def soften(self, path: Path) -> Path:
        """The same erasers with gates that every token passes in part."""
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
        tensors, _ = self.read(path)
        for name, tensor in tensors.items():
            if name.endswith("gate_slope"):
                tensor.fill_(4)
        soft = path.with_name(f"soft-{path.name}")
        save_file(tensors, soft, metadata)
        return soft

    def check_latents(self, model: Model, path: Path, prompt: str, seed: int) -> float:
        """Compares final latents; returns how much was erased."""
        tensors, infos = self.read(path)
        concepts = [Concept.from_file(tensors, model.layers, i, info)
                    for i, info in enumerate(infos)]
        steps = 50 if FULL else 12
        expected = sample(model, concepts, prompt, seed, "pndm", steps, 7.5)[0]
        plain = sample(model, [], prompt, seed, "pndm", steps, 7.5)[0]
        out = self.folder / "latents"
        subprocess.run([SAMPLE, str(self.bundle), str(path), "pndm", str(steps), "7.5", str(seed),
                        prompt, str(out)], check=True)
        got = torch.from_numpy(np.fromfile(out, np.float32).reshape(expected.shape))
        self.assertLess(relative(got, expected), 1e-4, path.stem)
        return relative(plain, expected)

    def check_preset(self, preset: str):
        model = Model(self.pipeline)
        for count in (1, 3, 12) if FULL else (2,):
            with self.subTest(concepts=count):
                path, concepts = self.build(preset, NAMES[:count])
                self.check_weights(model, path, concepts)
                prompt = concepts[0]["prompts"][0]
                self.check_latents(model, path, prompt, 5)
                self.assertGreater(self.check_latents(model, self.soften(path), prompt, 5), 1e-2)

    def test_celebrity(self):
        self.check_preset("celebrity")

    def test_explicit(self):
        self.check_preset("explicit")

    def test_style(self):
        self.check_preset("style")


class DemoPipeline(ReferenceTest):
    pipeline, bundle = ROOT / "models/emoji", Path(BUNDLES) / "emoji"

    def test_demo(self):
        self.check_preset("demo")


class ConvolutionalPipeline(ReferenceTest):
    """Convolutional projections, as in SD 1.x, down to 4×4 tokens.

    Its layers are 16 wide: removing 16 directions of the target would leave a map of zeros.
    """

    options = ["--rank-target", "4"]

    pipeline, bundle = Path(BUNDLES) / "sd1_pipeline", Path(BUNDLES) / "sd1"


class LinearPipeline(ReferenceTest):
    """Linear projections, a list of head counts and v-prediction, as in SD 2.x."""

    options = ["--rank-target", "4"]

    pipeline, bundle = Path(BUNDLES) / "sd2_pipeline", Path(BUNDLES) / "sd2"


del ReferenceTest  # its subclasses are the tests

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
