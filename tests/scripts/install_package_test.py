#!/usr/bin/env python3
"""Installs the Python package with pip, without network, and attaches erasers from there.

    install_package_test.py GLOCE BUNDLE
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM, BUNDLE = sys.argv[1:3]

# Runs away from the repository, with the installed package alone.
USE = """
import sys
import torch
from diffusers import UNet2DConditionModel
import gloce

unet = UNet2DConditionModel.from_pretrained(sys.argv[1], low_cpu_mem_usage=False).float()
torch.manual_seed(0)
latents = torch.randn(1, 4, 16, 16)
states = torch.randn(1, 32, unet.config.cross_attention_dim)
def predict():
    with torch.no_grad():
        return unet(latents, 500, states).sample
plain = predict()
erasers = gloce.load(sys.argv[2])
for layer in erasers.layers.values():
    layer["gate_center"].fill_(-1)  # every gate opens
with gloce.attach(unet, erasers) as attached:
    assert attached.names == ["cat"], attached.names
    attached.strength = 0
    assert torch.equal(predict(), plain)
    attached.strength = 1
    assert not torch.equal(predict(), plain)
assert torch.equal(predict(), plain)
print(gloce.__file__)
"""


class InstallPackageTest(unittest.TestCase):
    def test_pip_installs_the_package_and_it_attaches(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            # A copy: setuptools leaves its work beside the sources.
            source = shutil.copytree(ROOT / "python", folder / "python", ignore=(
                shutil.ignore_patterns("__pycache__", "build", "*.egg-info")))
            target = folder / "site"
            # The build backend is the environment's own setuptools; torch is there already.
            subprocess.run(
                [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                 "--no-build-isolation", "--disable-pip-version-check", "--target", target,
                 source], check=True)
            # The export and training scripts beside it are no part of it.
            self.assertEqual(
                {path.name for path in target.iterdir() if path.suffix != ".dist-info"},
                {"gloce"})

            erasers = folder / "cat.safetensors"
            subprocess.run(
                [PROGRAM, "build", "--model", BUNDLE, "--erase", "cat", "--steps", "6", "--window",
                 "0:2", "--num-seeds", "1", "--gate-start", "0", "--quiet", "--out", erasers],
                check=True)
            used = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", USE, ROOT / "models/emoji/unet", erasers],
                cwd=folder, env={**os.environ, "PYTHONPATH": str(target), "HF_HUB_OFFLINE": "1"},
                capture_output=True, text=True)
            self.assertEqual(used.returncode, 0, used.stderr)
            self.assertTrue(used.stdout.strip().startswith(str(target)), used.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
