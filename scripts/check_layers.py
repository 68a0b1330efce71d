#!/usr/bin/env python3
"""Checks that the layers include only earlier ones and that fences hold.

    scripts/check_layers.py [FOLDER]

Layers: base, bundle, text, diffusion, erasure, then batch and eval (which
ignore each other), then cli. Exit code 1 and a line a fault if one is broken.
"""

import pathlib
import re
import sys

LAYERS = {"base": 0, "bundle": 1, "text": 2, "diffusion": 3, "erasure": 4,
          "batch": 5, "eval": 5, "cli": 6}
INCLUDE = re.compile(r'^\s*#include\s+[<"]([^>"]+)[>"]')

# The files that look into networks and edit their graphs.
SURGEONS = ("bundle/torch_module", "bundle/retarget", "bundle/inference_graph",
            "bundle/archive_check", "bundle/graph_check", "bundle/module_graphs",
            "erasure/graph_surgery")

# Header (prefix) -> files (prefixes below src/) that may include it.
FENCES = {
    "torch/torch.h": (),
    "torch/script.h": SURGEONS,
    "torch/csrc/": SURGEONS,
    "torch/library.h": ("erasure/ops.cc", "bundle/retarget.cc"),
    "CLI/": ("cli/",),
    "spdlog/": ("cli/",),
    "stb/": ("batch/png_writer.cc",),
    # Its library and LibTorch's overwrite each other: src/text/sentencepiece.h.
    "sentencepiece": (),
    "png.h": ("eval/rgb_picture.cc",),
    "turbojpeg.h": ("eval/rgb_picture.cc",),
    "csv.h": ("base/csv_reader.cc",),
}
# What headers may take from LibTorch: anything more costs every file seconds.
HEADERS_MAY_INCLUDE = ("ATen/core/Tensor.h", "ATen/core/Generator.h", "c10/core/Device.h",
                       "c10/core/ScalarType.h")
HEADERS_WITH_SCRIPT = ("src/bundle/torch_module_impl.h", "src/bundle/retarget.h",
                       "src/bundle/inference_graph.h", "src/bundle/module_graphs.h")


def layer_of(path: str) -> str | None:
    """The layer of "include/gloce/<layer>/…" or "src/<layer>/…"."""
    parts = path.split("/")
    if parts[:2] == ["include", "gloce"] and len(parts) > 3:
        return parts[2]
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def faults_of_line(path: str, header: str) -> list[str]:
    """What is wrong with one #include of one file."""
    faults = []
    own = layer_of(path)
    target = header.removeprefix("gloce/").split("/")[0]
    if own in LAYERS and target in LAYERS and "/" in header:
        later = LAYERS[target] > LAYERS[own]
        apart = {own, target} == {"batch", "eval"}
        if later or apart:
            faults.append(f"layer {own} includes {header} of layer {target}")
    for fenced, allowed in FENCES.items():
        if not header.startswith(fenced):
            continue
        inside = path.removeprefix("src/")
        if not any(inside.startswith(place) for place in allowed):
            faults.append(f"{header} is fenced: {', '.join(allowed) or 'nowhere'}")
    from_torch = header.startswith(("ATen/", "c10/", "torch/"))
    if (path.endswith(".h") and from_torch and header not in HEADERS_MAY_INCLUDE
            and path not in HEADERS_WITH_SCRIPT):
        faults.append(f"a header includes {header}")
    return faults


def check(root: pathlib.Path) -> list[str]:
    faults = []
    for folder in ("include", "src"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            name = str(path.relative_to(root))
            if (layer := layer_of(name)) and layer not in LAYERS:
                faults.append(f"{name}: {layer} is no layer")
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if match:
                    faults += [f"{name}:{number}: {fault}"
                               for fault in faults_of_line(name, match[1])]
    return faults


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    faults = check(root)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
