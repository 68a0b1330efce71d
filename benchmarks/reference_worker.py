#!/usr/bin/env python3
"""Builds or samples with scripts/reference, for compare_build.py and compare_erased.py.

    reference_worker.py build  PIPELINE DTYPE CONCEPTS.json
    reference_worker.py sample PIPELINE DTYPE ERASERS STEPS PROMPT

`build` does the published work: every concept's passes anew, whatever other concepts share. The
reference computes in float64; the published code in float32, as DTYPE float32 does here.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "scripts")]

from export.quiet import quieten  # noqa: E402

quieten(offline=True)

import torch  # noqa: E402
from reference.fit import fit  # noqa: E402
from reference.model import Model  # noqa: E402
from reference.sample import Concept, sample  # noqa: E402
from safetensors import safe_open  # noqa: E402


def build(model: Model, concepts: str) -> None:
    for concept in json.loads(Path(concepts).read_text(encoding="utf-8"))["concepts"]:
        fit(model, concept)


def read_concepts(model: Model, path: str) -> list[Concept]:
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        infos = json.loads(file.metadata()["concepts"])
    return [Concept.from_file(tensors, model, n, info) for n, info in enumerate(infos)]


def main() -> int:
    command, pipeline, dtype, *rest = sys.argv[1:]
    model = Model(Path(pipeline), getattr(torch, dtype))
    if command == "build":
        build(model, *rest)
    else:
        erasers, steps, prompt = rest
        sample(model, read_concepts(model, erasers), prompt, 0, "ddim", int(steps), 7.5)
    return 0


if __name__ == "__main__":
    sys.exit(main())
