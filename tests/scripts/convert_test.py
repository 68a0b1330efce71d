#!/usr/bin/env python3
"""gloce convert against checkpoints that Python writes and reads in the published layout.

    convert_test.py GLOCE BUNDLES
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import gloce  # noqa: E402

PROGRAM, BUNDLES = sys.argv[1:3]
BUNDLE = Path(BUNDLES) / "emoji"
HOOKS = json.loads((BUNDLE / "bundle.json").read_text())["hooks"]
# k of tau = 2.5, as the published code computes it in float32.
SLOPE = 1838.04993


def prefix(hook: dict) -> str:
    return "lora_gloce_" + hook["path"].replace(".", "_")


def checkpoint(r1: int, r3: int) -> dict[str, torch.Tensor]:
    """Random weights under the published names, of the published shapes."""
    tensors = {}
    for hook in HOOKS:
        width, name = hook["width"], prefix(hook)
        tensors |= {
            f"{name}.lora_degen.weight": torch.linalg.qr(torch.randn(width, r1))[0].contiguous(),
            f"{name}.lora_update.weight": torch.randn(width, r1),
            f"{name}.bias.weight": torch.randn(1, 1, width),
            f"{name}.debias.weight": torch.randn(1, 1, width),
            f"{name}.selector.select_weight.weight":
                torch.linalg.qr(torch.randn(width, r3))[0].unsqueeze(0).contiguous(),
            f"{name}.selector.select_mean_diff.weight": torch.randn(1, width),
            # About what random tokens score, so that gates open in part.
            f"{name}.selector.imp_center": torch.tensor(r3 / width),
            f"{name}.selector.imp_slope": torch.tensor([SLOPE]),
            f"{name}.alpha": torch.tensor(1.0)}
    return tensors


def published_output(x: torch.Tensor, cpes: list[dict], name: str, r1: int, r3: int,
                     eta: float) -> torch.Tensor:
    """x' of tokens x (M, D) as the published layer computes it, in double precision.

    The concepts' weights are copied into arrays of ranks that are given by hand.
    """
    count, width = len(cpes), x.shape[1]
    degen, update = torch.zeros(count, width, r1), torch.zeros(count, width, r1)
    select = torch.zeros(count, width, r3)
    rows = {key: torch.zeros(count, width) for key in ("bias", "debias", "mean")}
    center, slope = torch.zeros(count), torch.zeros(count)
    for n, cpe in enumerate(cpes):
        # copy_ spreads a rank of one over the array: no file may have another than the array's.
        for array, key in ((degen, "lora_degen.weight"), (update, "lora_update.weight")):
            assert cpe[f"{name}.{key}"].shape == array[n].shape
            array[n] = cpe[f"{name}.{key}"]
        select[n] = cpe[f"{name}.selector.select_weight.weight"].squeeze(0)
        rows["bias"][n] = cpe[f"{name}.bias.weight"].squeeze()
        rows["debias"][n] = cpe[f"{name}.debias.weight"].squeeze()
        rows["mean"][n] = cpe[f"{name}.selector.select_mean_diff.weight"].squeeze(0)
        center[n] = cpe[f"{name}.selector.imp_center"]
        slope[n] = cpe[f"{name}.selector.imp_slope"]
    x, degen, update, select = x.double(), degen.double(), update.double(), select.double()
    outputs = []
    for token in x:
        gates = []
        for n in range(count):
            y = token - rows["mean"][n]
            y = y / y.norm()
            p = sum((select[n, :, r] @ y) ** 2 for r in range(r3))
            gates.append(torch.sigmoid(slope[n].double() * (p - center[n])))
        j = max(range(count), key=lambda n: gates[n])
        z = degen[j] @ (update[j].T @ (token - rows["debias"][j]))
        outputs.append((1 - gates[j]) * token + gates[j] * eta * (rows["bias"][j] + z))
    return torch.stack(outputs)


class ConvertTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        torch.manual_seed(0)

    def convert(self, *arguments) -> dict:
        words = [PROGRAM, "convert", "--json", *(str(a) for a in arguments)]
        return json.loads(subprocess.run(words, check=True, capture_output=True).stdout)

    def write(self, name: str, tensors: dict) -> Path:
        path = self.folder / "in" / name.replace(" ", "_") / "ckpt.safetensors"
        path.parent.mkdir(parents=True)
        save_file(tensors, path, {"prompts": name, "rank": "16", "alpha": "1.0"})
        return path

    def test_published_files_become_erasers_and_come_back(self):
        cpes = {name: checkpoint(2, 1) for name in ("Brad Pitt", "Al Gore")}
        for name, tensors in cpes.items():
            self.write(name, tensors)
        erasers = self.folder / "erasers.safetensors"
        report = self.convert(self.folder / "in", "--to", "gloce", "--model", BUNDLE,
                              "--preset", "celebrity", "--out", erasers)
        self.assertEqual(report["concepts"], ["Al Gore", "Brad Pitt"])  # by name

        loaded = gloce.load(erasers)
        self.assertEqual([c.name for c in loaded.concepts], ["Al Gore", "Brad Pitt"])
        self.assertEqual([c.gate_start_timestep for c in loaded.concepts], [801, 801])
        self.assertEqual(list(loaded.layers), [hook["path"] for hook in HOOKS])
        for hook in HOOKS:
            layer = loaded.layers[hook["path"]]
            ours = cpes["Brad Pitt"]
            for key, published in (("map_up", ours[prefix(hook) + ".lora_degen.weight"]),
                                   ("map_down", ours[prefix(hook) + ".lora_update.weight"].T),
                                   ("gate_basis", ours[
                                       prefix(hook) + ".selector.select_weight.weight"][0])):
                self.assertTrue(torch.equal(layer[key][1], published), key)

        report = self.convert(erasers, "--to", "published", "--out", self.folder / "out")
        self.assertEqual(report["arguments"][2:], [
            "--find_module_name", "unet_ca_out", "--degen_rank", "2", "--update_rank", "16",
            "--gate_rank", "1", "--eta", "1.0", "--st_timestep", "10"])
        for name, expected in cpes.items():
            path = self.folder / "out" / name.replace(" ", "_") / "ckpt.safetensors"
            back = load_file(path)
            self.assertEqual(set(back), set(expected))
            for key, tensor in expected.items():
                self.assertEqual(back[key].shape, tensor.shape, key)
                self.assertEqual(back[key].dtype, tensor.dtype, key)
                self.assertTrue(torch.equal(back[key], tensor), key)
            with safe_open(path, "pt") as file:
                self.assertEqual(file.metadata(),
                                 {"prompts": name, "rank": "16", "alpha": "1.0"})

    def test_both_programs_compute_the_same_layer(self):
        """From erasers of two ranks: what published files make of a token is what ours make."""
        wide = self.write("wide", checkpoint(3, 2))
        narrow = self.write("narrow", checkpoint(1, 1))
        erasers = self.folder / "erasers.safetensors"
        self.convert(wide, narrow, "--to", "gloce", "--model", BUNDLE, "--eta", "5",
                     "--gate-start", "0", "--out", erasers)
        report = self.convert(erasers, "--to", "published", "--out", self.folder / "out")
        cpes = [load_file(path) for path in report["files"]]
        words = report["arguments"]
        options = dict(zip(words[::2], words[1::2]))
        hook = HOOKS[len(HOOKS) // 2]

        unet = torch.nn.Module()  # a layer at the hook point's path, which hands x through
        module, names = unet, hook["path"].split(".")
        for name in names[:-1]:
            module.add_module(name, torch.nn.Module())
            module = getattr(module, name)
        linear = torch.nn.Linear(hook["width"], hook["width"], bias=False)
        torch.nn.init.eye_(linear.weight)
        module.add_module(names[-1], linear)
        loaded = gloce.load(erasers)
        one = gloce.Erasers(loaded.model_identity, loaded.concepts,
                            {hook["path"]: loaded.layers[hook["path"]]})
        x = torch.randn(50, hook["width"])
        with gloce.attach(unet, one) as attached, torch.no_grad():
            attached._note_timestep(unet, (None, 500.0), {})
            ours = linear(x.unsqueeze(0)).squeeze(0).double()
        expected = published_output(
            x, cpes, prefix(hook), int(options["--degen_rank"]), int(options["--gate_rank"]),
            float(options["--eta"]))
        moved = (expected - x).norm(dim=1) > 0.1
        self.assertGreater(moved.sum().item(), 5)
        self.assertGreater((~moved).sum().item(), 5)
        # k = 1838 turns float32's rounding of p, 1e-7, into 2e-4 of a gate.
        self.assertLess(((ours - expected).norm() / expected.norm()).item(), 1e-4)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
