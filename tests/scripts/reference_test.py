#!/usr/bin/env python3
"""gloce's erasers and latents against scripts/reference, which shares no code with it.

    reference_test.py GLOCE LATENTS BUNDLES [--full] [TestCase.test ...]

On the demo pipeline and on random pipelines of other shapes: erasers end to end, and erased
sampling from the same weights, for every preset with 1, 3 and 12 concepts. Sampling is shortened;
with --full it is as published. Tests that are named without --full take 2 concepts.

Hard gates make sampling discontinuous: a token on a gate's edge, or between two concepts, goes
either way with float32's last digit. So:
- what the erased network puts out is compared call by call, each from the reference's own latents,
  with the preset's own η, leaving out calls in which two concepts' gates tie (within TIE);
- final latents are compared with η at most 1 (with 5, as the explicit preset has it, diffusers
  itself, with these equations in float32, ends up to 9e-2 from float64), where no call has a tie,
  and with softened gates always;
- the bound is 1e-4, or, where that is more, four times what diffusers in float32 is off, 1e-2 at most.
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

from reference.choose import Ranking, usable  # noqa: E402
from reference.fit import Recording, fit, record_run  # noqa: E402
from reference.model import Model  # noqa: E402
from reference.sample import Concept, Erasing, sample  # noqa: E402

PROGRAM, LATENTS, BUNDLES, *CHOSEN = sys.argv[1:]
FULL = CHOSEN[:1] == ["--full"]
if FULL:
    del CHOSEN[0]

NAMES = ["cat", "owl", "pizza", "car", "fox", "apple", "guitar", "house", "lion", "corn",
         "clock", "gift"]
POOL = ["dog", "bear", "banana", "balloon", "wolf", "umbrella", "cactus", "hamster"]

STEPS = 50 if FULL else 12

COUNTS = (2,) if CHOSEN and not FULL else (1, 3, 12)

# Preset -> what the test shortens so that it runs in seconds; --full shortens nothing.
PRESETS = {
    "celebrity": ["--num-seeds", "1", "--window", "10:13"],
    "explicit": ["--num-seeds", "1", "--window", "10:13"],
    "style": ["--num-seeds", "1", "--steps", "10", "--window", "0:5"],
    "demo": ["--num-seeds", "1", "--window", "0:4"],
}


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


class Recordings:
    """Runs of the reference, each once: concepts share prompts and seeds."""

    def __init__(self):
        self.known: dict[tuple, Recording] = {}

    def __call__(self, model: Model, concept: dict, prompt: str, seed: int) -> Recording:
        settings = (concept["scheduler"], concept["steps"], concept["guidance"],
                    *concept["window"])
        key = (prompt, seed, *settings)
        if key not in self.known:
            self.known[key] = record_run(model, concept, prompt, seed)
        return self.known[key]


class Models:
    """A pipeline in double precision, and in float32 to see what rounding alone does."""

    def __init__(self, folder: Path):
        self.float64 = Model(folder)
        self.float32 = Model(folder, torch.float32)


# Of the gate's score p: what the activations' rounding makes of it.
TIE = 3e-5


class TieFinder(Erasing):
    """Notes how close the two widest open gates of any token come at each call, as a
    difference of p."""

    def __init__(self, concepts: list[Concept]):
        super().__init__(concepts)
        self.gap: dict[int, float] = {}

    def __call__(self, call: int, timestep: float, layer: int, x: torch.Tensor) -> torch.Tensor:
        self.call = call
        return super().__call__(call, timestep, layer, x)

    def logits(self, active: list[Concept], layer: int, x: torch.Tensor) -> torch.Tensor:
        logits = super().logits(active, layer, x)
        if len(active) > 1:
            first, second = logits.topk(2, dim=0).values
            gap = ((first - second) / active[0].slope[layer])[first > -10]
            self.gap[self.call] = min([self.gap.get(self.call, 1.0), *gap.flatten().tolist()])
        return logits

    def ties(self, call: int | None = None) -> bool:
        """Whether there is a tie at this call, or at any."""
        gaps = self.gap.values() if call is None else [self.gap.get(call, 1.0)]
        return any(gap < TIE for gap in gaps)


def allowed(rounded: float) -> float:
    """The bound of a relative error, where diffusers in float32 with these equations is off by
    `rounded`: gates of slope 3063 turn the last digit of a token on their edge into thousandths."""
    return min(max(1e-4, 4 * rounded), 1e-2)


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
        options = ["--preset", preset, *([] if FULL else PRESETS[preset]), *self.options]
        if preset != "explicit":
            options += ["--anchor-pool", self.folder / "pool.txt"]
        if preset == "demo":
            options += ["--surrogate", "a picture"]
        if len(names) < 12 or preset != "explicit":  # which names twelve itself
            options += [word for name in names for word in ("--erase", name)]
        self.run_build(*options, "--out", out, "--quiet")
        return out, self.plan(*options)

    def run_build(self, *options) -> bytes:
        return subprocess.run([PROGRAM, "build", "--model", self.bundle, *map(str, options)],
                              check=True, stdout=subprocess.PIPE).stdout

    def plan(self, *options) -> list[dict]:
        """The concepts with everything resolved."""
        return json.loads(self.run_build(*options, "--dry-run", "--json"))["concepts"]

    def read(self, path: Path) -> tuple[dict, list[dict]]:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            return tensors, json.loads(file.metadata()["concepts"])

    def check_weights(self, model: Model, path: Path, concepts: list[dict], run: Recordings):
        tensors, _ = self.read(path)
        for index, concept in enumerate(concepts):
            for name, expected in zip(model.layers, fit(model, concept, run)):
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

    def changed(self, path: Path, slope: float | None, max_eta: float) -> Path:
        """The same erasers with softer gates, which every token passes in part, or a smaller η."""
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
        tensors, infos = self.read(path)
        for name, tensor in tensors.items():
            if slope is not None and name.endswith("gate_slope"):
                tensor.fill_(slope)
        for info in infos:
            info["eta"] = min(info["eta"], max_eta)
        out = path.with_name(f"{path.stem}-slope-{slope}-eta-{max_eta}")
        save_file(tensors, out, {**metadata, "concepts": json.dumps(infos)})
        return out

    def latents(self, command: str, path: Path, *arguments) -> torch.Tensor:
        """What the test program writes, float32, flat. OUT is its last argument."""
        out = self.folder / "latents"
        subprocess.run([LATENTS, command, self.bundle, path, *map(str, arguments), out], check=True)
        return torch.from_numpy(np.fromfile(out, np.float32))

    def concepts_of(self, model: Model, path: Path) -> list[Concept]:
        tensors, infos = self.read(path)
        return [Concept.from_file(tensors, model, i, info) for i, info in enumerate(infos)]

    def check_latents(self, models: Models, path: Path, prompt: str, seed: int,
                      may_tie: bool) -> torch.Tensor:
        """Compares final latents; returns the reference's."""
        finder = TieFinder(self.concepts_of(models.float64, path))
        expected = models.float64.sample(prompt, seed, "pndm", STEPS, 7.5, finder)
        if not (may_tie and finder.ties()):
            rounded = sample(models.float32, self.concepts_of(models.float32, path), prompt, seed,
                             "pndm", STEPS, 7.5)
            got = self.latents("sample", path, "pndm", STEPS, 7.5, seed, prompt)
            error = relative(got.reshape(expected.shape), expected)
            self.assertLess(error, allowed(relative(rounded, expected)), path.stem)
        return expected

    def check_calls(self, models: Models, path: Path, prompt: str, seed: int):
        """Compares what the erased network puts out at every call of the reference's sampling."""
        timesteps, inputs, expected = [], [], []

        def keep(_module, arguments, output):
            timesteps.append(float(arguments[1]))
            inputs.append(arguments[0][:1].float())
            expected.append(output.sample)

        finder = TieFinder(self.concepts_of(models.float64, path))
        handle = models.float64.unet.register_forward_hook(keep)
        try:
            models.float64.sample(prompt, seed, "pndm", STEPS, 7.5, finder)
        finally:
            handle.remove()
        rounded = models.float32.predict(prompt, timesteps, inputs,
                                         Erasing(self.concepts_of(models.float32, path)))
        given = self.folder / "inputs"
        torch.stack(inputs).numpy().tofile(given)
        got = self.latents("predict", path, prompt, ",".join(map(repr, timesteps)), given)
        got = got.reshape(len(expected), *expected[0].shape)
        clear = [call for call in range(len(expected)) if not finder.ties(call)]
        self.assertGreater(len(clear), len(expected) // 2, path.stem)
        for call in clear:
            error = relative(got[call], expected[call])
            bound = allowed(relative(rounded[call], expected[call]))
            self.assertLess(error, bound, f"{path.stem}, call {call}")

    def check_preset(self, preset: str):
        models, run = Models(self.pipeline), Recordings()
        for count in COUNTS:
            with self.subTest(concepts=count):
                path, concepts = self.build(preset, NAMES[:count])
                self.check_weights(models.float64, path, concepts, run)
                prompt = concepts[0]["prompts"][0]
                soft = self.changed(path, slope=4, max_eta=1)
                self.check_calls(models, path, prompt, 5)
                mild = self.changed(path, slope=None, max_eta=1)
                self.check_latents(models, mild, prompt, 5, may_tie=True)
                erased = self.check_latents(models, soft, prompt, 5, may_tie=False)
                untouched = sample(models.float64, [], prompt, 5, "pndm", STEPS, 7.5)
                self.assertGreater(relative(untouched, erased), 1e-2)

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

    def test_choice(self):
        """Anchors and mapping of published names from the published pool, both filters."""
        erased = lines(ROOT / "configs/eval/celebrities_50_erased.txt")[:8]
        pool = lines(ROOT / "configs/build/celebrities_pool.txt")
        ranking = Ranking(Model(self.pipeline), "A face of {}")
        for published in (False, True):
            path = self.folder / "concepts.json"
            path.write_text(json.dumps({"preset": "celebrity", "published_filter": published,
                                        "concepts": erased}))
            for concept in self.plan("--concepts", path):
                names = usable(concept["name"], pool, erased, published)
                ranked = ranking(concept["prompts"], names)
                for key, kind, chosen in (("anchors", "anchor", ranked[-3:]),
                                          ("mapping", "mapping", ranked[:3])):
                    self.assertEqual(concept[key], [prompt for prompt, _ in chosen])
                    for got, (_, expected) in zip(concept[f"{kind}_similarities"], chosen):
                        self.assertAlmostEqual(got, expected, delta=1e-5)


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
    unittest.main(argv=[sys.argv[0], *CHOSEN], verbosity=2)
