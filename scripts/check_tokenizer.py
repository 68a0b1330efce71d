#!/usr/bin/env python3
"""Compares gloce's CLIP tokenizer with transformers' CLIPTokenizerFast.

    python scripts/check_tokenizer.py --program build/tests/text/tokenize

Texts: random strings that mix scripts, marks, white space, special tokens and contractions, and
every code point of Unicode between letters. Vocabularies: the demo's, and OpenAI's CLIP as three
model families configure it. Prints a line a vocabulary; exit code 1 if any id differs.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import clip_tokenizers
import tokenizers
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
from testdata.tokenizer_bundle import write_tokenizer_bundle  # noqa: E402

MARKS = [*range(0x300, 0x370), 0x483, 0x591, 0x5B0, 0x64B, 0x93C, 0x94D, 0x9BC, 0xE38, 0xF71,
         0x1DC0, 0x1DFA, 0x20D0, 0x302A, 0x3099, 0x309A, 0xFE20, 0x1D165, 0x1D16D, 0x1E8D0]
SPACES = "\t\n\v\f\r \x1c\x1f\x85\xa0\u1680\u180e\u2000\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
PIECES = [
    "<|startoftext|>", "<|endoftext|>", "<|STARTOFTEXT|>", "<|EndOfText|>", "<|startoftext", "|>",
    "<|", "<|endoftext|>!", "'s", "'T", "'re", "'VE", "'m", "'Ll", "'d", "''", "\u2019s", "'\u017f",
    "a photo of", "An Astronaut", "\u0130stanbul", "STRASSE \u1e9e", "\u039f\u0394\u039f\u03a3",
    "\u212a\u212b\u2126", "\ufb01\ufb03", "e\u0301", "\u1e9b\u0323", "q\u0307\u0323", "\u0958",
    "\u1100\u1161\u11a8", "\uac00\u11a7", "\uac01\u11a8", "\u1109\u1175", "\U0001f63a",
    "\U0001f469\u200d\U0001f680", "\U0001f1e9\U0001f1ea", "1\u20e3", "\u00b2\u00bd\u2167", "12345",
    "...", "!?!", "\x00", "\x7f", "\u00ad", "\u4f60\u597d", "\u3053\u3093", "\u0e2a\u0e27",
]
BLOCKS = [(0x20, 0x7F), (0xA0, 0x250), (0x250, 0x370), (0x370, 0x530), (0x530, 0x800),
          (0x900, 0x1000), (0x1100, 0x1200), (0x1E00, 0x2000), (0x2000, 0x2C00), (0x3000, 0x3400),
          (0xA640, 0xAC00), (0xAC00, 0xD7A4), (0xF900, 0xFFFE), (0x10000, 0x12000),
          (0x1D100, 0x1D800), (0x1E000, 0x1F000), (0x1F300, 0x1FB00), (0x2F800, 0x2FA20)]


def random_text(source, pieces=PIECES):
    """One text of up to some 200 characters, with some of `pieces` in it."""
    block = source.choice(BLOCKS)
    parts = []
    for _ in range(source.randint(0, 24)):
        kind = source.randrange(8)
        if kind <= 1:
            parts.append("".join(chr(source.randrange(*block))
                                 for _ in range(source.randint(1, 8))))
        elif kind == 2:
            code = source.randrange(0x110000 - 0x800)
            parts.append(chr(code if code < 0xD800 else code + 0x800))
        elif kind == 3:
            parts.append(source.choice("aAeoqSk\u0395\u03c9\u0438\u1100\uac00\u0c46")
                         + "".join(chr(source.choice(MARKS))
                                   for _ in range(source.randint(1, 6))))
        elif kind == 4:
            parts.append("".join(source.choices(SPACES, k=source.randint(1, 3))))
        elif kind == 5:
            parts.append("".join(source.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP",
                                                k=source.randint(1, 12))))
        else:
            parts.append(source.choice(pieces))
        if source.random() < 0.4:
            parts.append(" ")
    return "".join(parts)


def every_code_point():
    """Texts that hold each code point once, between letters that it cannot compose with."""
    codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    return ["".join(f"x{chr(c)}x " for c in codes[i : i + 64]) for i in range(0, len(codes), 64)]


def ours(program, tokenizer, texts):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_tokenizer_bundle(tokenizer, tokenizer.model_max_length, folder)
        lines = "".join(json.dumps(text) + "\n" for text in texts)
        run = subprocess.run([program, folder], input=lines, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr.strip())
    return [json.loads(line) for line in run.stdout.splitlines()]


def theirs(tokenizer, texts):
    ids = tokenizer(texts, add_special_tokens=False, verbose=False).input_ids
    encoded = tokenizer(texts, padding="max_length", truncation=True, verbose=False)
    return [{"ids": a, "encoded": b, "mask": c}
            for a, b, c in zip(ids, encoded.input_ids, encoded.attention_mask)]


def compare(name, what, program, tokenizer, texts):
    """Prints the figures and up to three differences; returns whether there are any."""
    got, expected = ours(program, tokenizer, texts), theirs(tokenizer, texts)
    if len(got) != len(expected):
        sys.exit(f"{name}: got {len(got)} answers to {len(expected)} texts")
    wrong = [i for i, pair in enumerate(zip(got, expected)) if pair[0] != pair[1]]
    tokens = sum(len(answer["ids"]) for answer in expected)
    print(f"{name}: {len(wrong)} of {len(texts)} {what} differ, {tokens} tokens compared",
          flush=True)
    for i in wrong[:3]:
        print(f"  {texts[i]!r}\n    got      {got[i]}\n    expected {expected[i]}")
    return bool(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True, help="the test program `tokenize`")
    parser.add_argument("--clip-vocabulary", help="bpe_simple_vocab_16e6.txt.gz of open_clip")
    parser.add_argument("--count", type=int, default=10000, help="random texts (default 10000)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    source = random.Random(args.seed)
    texts = [random_text(source) for _ in range(args.count)]
    path = args.clip_vocabulary or clip_tokenizers.find_clip_vocabulary()
    references = {"demo": clip_tokenizers.demo_tokenizer(), **clip_tokenizers.clip_tokenizers(path)}
    print(f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}")
    failed = False
    for name, tokenizer in references.items():
        failed |= compare(name, "random texts", args.program, tokenizer, texts)
    # Normalisation and splitting do not depend on the vocabulary: one is enough.
    failed |= compare("clip", "rows of all code points", args.program, references["clip"],
                      every_code_point())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
