#!/usr/bin/env python3
"""Writes small pipelines of random weights for tests: tiny, tiny_other, tiny_v.

tiny_other has other weights, tiny_v predicts v instead of the noise.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", metavar="OUT", type=Path, help="folder for the pipelines")
    parser.add_argument("--tokenizer", type=Path, default=ROOT / "models/emoji/tokenizer",
                        help="tokenizer folder they share (default: the demo's)")
    options = parser.parse_args()
    from export.quiet import quieten

    quieten(offline=True)
    from testdata.tiny import save_tiny_pipeline

    save_tiny_pipeline(options.tokenizer, options.out / "tiny")
    save_tiny_pipeline(options.tokenizer, options.out / "tiny_other", seed=1)
    save_tiny_pipeline(options.tokenizer, options.out / "tiny_v", seed=2,
                       prediction_type="v_prediction")
    return 0


if __name__ == "__main__":
    sys.exit(main())
