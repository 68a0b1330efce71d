#!/usr/bin/env python3
"""Writes random Unicode strings with the token ids that transformers gives them.

One JSON object a line: text, ids (with the start and end tokens) and padded
(truncated and padded to the length, as StableDiffusionPipeline does it). The
hard cases of the golden file come first.
"""

import argparse
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--vocab", metavar="DIR", type=Path,
                        help="folder with vocab.json and merges.txt")
    source.add_argument("--clip-vocab", metavar="DIR", type=Path,
                        help="the same, after writing the vocabulary of OpenAI's CLIP there"
                             " (needs open-clip-torch, see requirements-test.txt)")
    parser.add_argument("--max-length", type=int, default=77,
                        help="length of padded (default: %(default)s)")
    parser.add_argument("--count", type=int, default=10000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True)
    options = parser.parse_args()
    from export.quiet import quieten

    quieten(offline=True)
    from reference import clip_tokenizer, texts

    try:
        if options.clip_vocab:
            clip_tokenizer.write_clip_vocabulary(options.clip_vocab)
        tokenizer = clip_tokenizer.from_files(options.vocab or options.clip_vocab,
                                              options.max_length)
        rng = random.Random(options.seed)
        strings = [*texts.HARD_CASES, *(texts.random_text(rng) for _ in range(options.count))]
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("w", encoding="utf-8") as file:
            for text in strings:
                file.write(json.dumps(clip_tokenizer.encode(tokenizer, text)) + "\n")
    except (OSError, ValueError) as error:
        print(f"tokenize_random: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
