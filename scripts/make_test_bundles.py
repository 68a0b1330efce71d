#!/usr/bin/env python3
"""Makes the bundles that tests read, below a folder; keeps what is up to date.

    scripts/make_test_bundles.py build/testdata

emoji     the demo pipeline (models/emoji)
bfloat16  the same, stored in bfloat16
sd1       from a pipeline of random weights, which stands beside it as sd1_pipeline
sd2, sd2_zero_snr
          from pipelines of random weights in the shape of Stable Diffusion 2.x,
          which stand beside them as sd2_pipeline and sd2_zero_snr_pipeline
scripted, frozen, unhooked
          the demo bundle with a U-Net that gloce must refuse
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def stamp() -> str:
    """A hash over everything that decides the bundles."""
    digest = hashlib.sha256()
    files = [p for folder in ("models/emoji", "python/export", "python/demo", "python/testdata")
             for p in (ROOT / folder).rglob("*")]
    files += [ROOT / "scripts/export_bundle.py", ROOT / "requirements.txt", pathlib.Path(__file__)]
    for path in sorted(p for p in files if p.is_file() and p.suffix != ".pyc"):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def replace_unet(bundle: pathlib.Path, module) -> None:
    """Puts another U-Net into a bundle, with its hash."""
    import torch

    torch.jit.save(module, str(bundle / "unet.pt"))
    manifest = json.loads((bundle / "bundle.json").read_text())
    digest = hashlib.sha256((bundle / "unet.pt").read_bytes()).hexdigest()
    manifest["files"]["unet"]["sha256"] = digest
    (bundle / "bundle.json").write_text(json.dumps(manifest, indent=1))


def export(pipeline: pathlib.Path, out: pathlib.Path, *options: str) -> None:
    subprocess.run([sys.executable, "-W", "ignore", ROOT / "scripts/export_bundle.py",
                    pipeline, "--out", out, *options], check=True)


def make_random(out: pathlib.Path) -> None:
    sys.path.insert(0, str(ROOT / "python"))
    from export.quiet import quieten
    quieten(offline=True)
    from testdata import tiny

    tokenizer = ROOT / "models/emoji/tokenizer"
    for name, pipeline in (("sd1", tiny.tiny_pipeline(tokenizer)),
                           ("sd2", tiny.tiny_pipeline_2(tokenizer)),
                           ("sd2_zero_snr", tiny.tiny_pipeline_2(tokenizer, zero_snr=True))):
        folder = out / f"{name}_pipeline"
        tiny.save_pipeline(pipeline, folder)
        export(folder, out / name)


def make_broken(emoji: pathlib.Path, out: pathlib.Path) -> None:
    import torch
    from torch import nn

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.to_out = nn.ModuleList([nn.Linear(64, 64), nn.Identity()])

        def forward(self, x):
            return self.to_out[0](x)

    class Layers(nn.Module):
        """Two attentions of one class: scripted, they share their code."""

        def __init__(self):
            super().__init__()
            self.attn1 = Attention()
            self.attn2 = Attention()

        def forward(self, latents, timestep, encoder_hidden_states):
            flat = latents.flatten(1)[:, :64].unsqueeze(1)
            return latents + 0 * (self.attn1(flat) + self.attn2(flat)).sum()

    class Wrapper(nn.Module):
        def __init__(self):
            super().__init__()
            self.unet = Layers()

        def forward(self, latents, timestep, encoder_hidden_states):
            return self.unet(latents, timestep, encoder_hidden_states)

    hooks = [{"path": "attn2.to_out.0", "width": 64, "kind": "cross_attention_output"}]
    scripted = torch.jit.script(Wrapper().eval())
    for name, module, points in (
            ("scripted", scripted, hooks),
            ("frozen", torch.jit.freeze(scripted), hooks),
            ("unhooked", scripted, [])):
        shutil.copytree(emoji, out / name)
        replace_unet(out / name, module)
        manifest = json.loads((out / name / "bundle.json").read_text())
        manifest["hooks"] = points
        (out / name / "bundle.json").write_text(json.dumps(manifest, indent=1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    mark = out / "stamp"
    if mark.exists() and mark.read_text() == stamp():
        print(f"{out}: up to date")
        return 0
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    export(ROOT / "models/emoji", out / "emoji")
    export(ROOT / "models/emoji", out / "bfloat16", "--dtype", "bfloat16")
    make_random(out)
    make_broken(out / "emoji", out)
    mark.write_text(stamp())
    print(f"{out}: made emoji, bfloat16, sd1, sd2, sd2_zero_snr, scripted, frozen, unhooked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
