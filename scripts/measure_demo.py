#!/usr/bin/env python3
"""Measures the demo pipeline: are the pictures what their prompts ask for?

Samples fixed prompts with fixed seeds and judges them with the pipeline's own
detector; measures the detector itself on scenes that it was not trained on.

    scripts/measure_demo.py models/emoji --json figures.json --sheets sheets
"""

import argparse
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

HELD_OUT_SEED = 2_000_003


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline", type=pathlib.Path,
                        help="pipeline folder with a detector in it")
    parser.add_argument("--checkpoint", type=pathlib.Path,
                        help="folder whose unet and text_encoder are measured "
                        "in place of the pipeline's")
    parser.add_argument("--detector", type=pathlib.Path,
                        help="detector folder (PIPELINE/detector)")
    parser.add_argument("--scheduler", choices=("ddim", "pndm"),
                        default="ddim", help="(%(default)s)")
    parser.add_argument("--steps", type=int, default=50, help="(%(default)s)")
    parser.add_argument("--guidance", type=float, default=5.0,
                        help="guidance scale (%(default)s)")
    parser.add_argument("--per-concept", type=int, default=10,
                        help="pictures of each single concept (%(default)s)")
    parser.add_argument("--pairs", type=int, default=120,
                        help="two-concept prompts (%(default)s)")
    parser.add_argument("--styles", type=int, default=60,
                        help="prompts with a style (%(default)s)")
    parser.add_argument("--held-out", type=int, default=2000,
                        help="scenes that judge the detector (%(default)s)")
    parser.add_argument("--batch", type=int, default=20, help="(%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--json", type=pathlib.Path,
                        help="also write the figures to this file")
    parser.add_argument("--sheets", type=pathlib.Path,
                        help="folder for contact sheets of what was sampled")
    options = parser.parse_args(arguments)
    options.detector = options.detector or options.pipeline / "detector"
    if not options.detector.is_dir():
        parser.error(f"{options.detector}: no such folder; give --detector")
    return options


def measure(options: argparse.Namespace) -> dict:
    from demo import detector as det
    from demo import detector_training, measuring
    detector = det.load(options.detector)
    pipeline = measuring.load_pipeline(options.pipeline, options.scheduler,
                                       options.checkpoint)

    def sampled(name: str, requests: list, columns: int) -> list:
        pictures = measuring.sample(pipeline, requests, options.steps,
                                    options.guidance, options.batch)
        if options.sheets:
            options.sheets.mkdir(parents=True, exist_ok=True)
            measuring.contact_sheet(pictures, options.sheets / f"{name}.png",
                                    columns)
        print(f"{name}: {len(requests)} pictures sampled", file=sys.stderr)
        return measuring.judge(detector, pictures)

    start = time.monotonic()
    figures = {"scheduler": options.scheduler, "steps": options.steps,
               "guidance_scale": options.guidance}
    if options.per_concept:
        requests = measuring.single_requests(options.per_concept)
        found = sampled("single", requests, 2 * options.per_concept)
        rates = measuring.concept_rates(requests, found)
        figures["single"] = {
            "pictures": len(requests),
            "concept_shown": sum(rates.values()) / len(rates),
            "lowest": min(rates.values()), "per_concept": rates,
            "misses": [f"{r.prompt} (seed {r.seed}): {sorted(concepts)}"
                       for r, (concepts, _) in zip(requests, found)
                       if r.concepts[0] not in concepts]}
    if options.pairs:
        requests = measuring.pair_requests(options.pairs)
        found = sampled("pairs", requests, 15)
        figures["pairs"] = {
            "pictures": len(requests),
            "both_shown": measuring.share_with_all_concepts(requests, found),
            "misses": [f"{r.prompt} (seed {r.seed}): {sorted(concepts)}"
                       for r, (concepts, _) in zip(requests, found)
                       if not set(r.concepts) <= concepts]}
    if options.styles:
        requests = measuring.style_requests(options.styles)
        found = sampled("styles", requests, 15)
        figures["styles"] = {
            "pictures": len(requests),
            "style_right": measuring.share_with_style(requests, found),
            "concept_shown": measuring.share_with_all_concepts(requests,
                                                               found)}
    if options.held_out:
        figures["detector"] = detector_training.accuracy(
            detector, *detector_training.make_data(
                options.held_out, pipeline.vae, HELD_OUT_SEED, 0.0))
    figures["seconds"] = round(time.monotonic() - start)
    return figures


def main() -> None:
    options = parse_arguments()
    os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))
    import torch
    torch.set_num_threads(options.threads)
    text = json.dumps(measure(options), indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
