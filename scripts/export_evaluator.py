#!/usr/bin/env python3
"""Turns a network that judges pictures into an evaluator of `gloce eval`."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

DESCRIPTION = """\
Turns a network that judges pictures into an evaluator file of `gloce eval`:
NAME.json, with its TorchScript networks beside it. Each is compared with the
network that it was made from.
"""

EPILOG = """\
examples:
  export_evaluator.py clip openai/clip-vit-large-patch14 --out clip.json
  export_evaluator.py open_clip ViT-B-32 --pretrained laion2b_s34b_b79k --out clip.json
  export_evaluator.py torchvision resnet50 --weights DEFAULT --out resnet.json
  export_evaluator.py timm vit_base_patch16_224 --labels names.txt --out vit.json
  export_evaluator.py timm resnet50 --features --out features.json
  export_evaluator.py torchscript inception-2015-12-05.pt --features \\
      --size 299 --fit stretch --scale 255 --out inception.json
  export_evaluator.py torchscript q16.pt --labels names.txt --size 224 --above 0 --out q16.json

A detector needs a label for each score: --labels FILE, one a line. By default
the label with the largest score is found in a picture; with --above X every
label with a score above X is. --features exports what the last layer sees (of
a TorchScript file: what it puts out).

open_clip, torchvision and timm are not among requirements.txt: install what is
used. TorchScript files run code when they are loaded: take them from people
you trust. gloce refuses those that could do more than compute.
"""


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="export_evaluator", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", choices=("clip", "open_clip", "torchvision", "timm",
                                           "torchscript"),
                        help="the library; clip is transformers' CLIPModel")
    parser.add_argument("model", metavar="MODEL", help="name, folder or file")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True,
                        help="evaluator file to write (.json)")
    parser.add_argument("--pretrained", metavar="NAME", default="",
                        help="open_clip: its pretrained weights, or a file of them")
    parser.add_argument("--weights", metavar="NAME",
                        help="torchvision: its weights' name (DEFAULT), or a state_dict file;"
                             " timm: a state_dict file (default: timm's pretrained ones)")
    parser.add_argument("--labels", metavar="FILE", type=Path,
                        help="names of the scores, one a line (default: the model's own)")
    parser.add_argument("--features", action="store_true",
                        help="export features, not a detector")
    parser.add_argument("--above", metavar="X", type=float,
                        help="a label is found if its score is above X (default: the largest is)")
    parser.add_argument("--size", metavar="PIXELS", type=int,
                        help="side of the pictures it takes; 0: any (default: the model's own)")
    parser.add_argument("--fit", choices=("crop", "stretch"), default="crop",
                        help="how pictures are brought to it; stretch is clean-fid's way"
                             " (default: %(default)s)")
    parser.add_argument("--shorter", metavar="PIXELS", type=int,
                        help="shorter side before the crop (default: the model's own)")
    parser.add_argument("--scale", metavar="X", type=float, default=1.0,
                        help="torchscript: of RGB in [0, 1] (default: %(default)s)")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> None:
    from export import evaluator_sources as sources
    from export.errors import ExportError
    from export.evaluator_file import write_clip, write_detector, write_features

    if options.source in ("clip", "open_clip"):
        write_clip(options.out, **getattr(sources, options.source)(options))
        return
    model = getattr(sources, options.source)(options)
    if options.features:
        write_features(options.out, model.network, model.input)
        return
    labels = model.labels
    if options.labels is not None:
        labels = [line.strip() for line in options.labels.read_text(encoding="utf-8").splitlines()
                  if line.strip()]
    if not labels:
        raise ExportError("a detector needs names: give --labels FILE, or --features")
    rule = "largest" if options.above is None else options.above
    write_detector(options.out, model.network, model.input, labels, rule)


def main() -> int:
    options = parse_arguments(sys.argv[1:])
    from export.errors import ExportError, first_line
    try:
        run(options)
    except (ExportError, OSError) as error:
        print(f"export_evaluator: error: {first_line(error)}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"export_evaluator: error: {error.name} is not installed; install it with"
              f" {sys.executable} -m pip install {error.name}", file=sys.stderr)
        return 1
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
