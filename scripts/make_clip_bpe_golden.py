#!/usr/bin/env python3
"""Writes tests/data/golden/clip_bpe_cases.json: hard texts and their ids by transformers.

For the demo's vocabulary and for OpenAI's CLIP as three model families configure it (see
clip_tokenizers.py). The vocabulary of CLIP is not stored, only ids are.

    python scripts/make_clip_bpe_golden.py [--clip-vocabulary bpe_simple_vocab_16e6.txt.gz]
"""

import argparse
import hashlib
import json

import clip_tokenizers
import tokenizers
import transformers

PATH = clip_tokenizers.ROOT / "tests/data/golden/clip_bpe_cases.json"
CASES = [
    ("empty", ""),
    ("white space only", " \t\r\n\u00a0\u2003\u3000"),
    ("prompt", "a photo of an astronaut riding a horse on mars, highly detailed"),
    ("capitals", "An OIL Painting of The Eiffel Tower"),
    ("white space runs", "  a\t\tcat \n and\u00a0\u2003a\u3000dog\u0085 "),
    ("no white space: zero width, Mongolian, BOM", "a\u200bb\u180ec\ufeffd\u2060e"),
    ("information separators are no white space", "a\x1cb\x1dc\x1ed\x1fe"),
    ("contractions", "it's they're we've I'm she'll he'd don't 'til 's's 'S 'RE 'lL"),
    ("no contractions", "\u2019s \u02bcs '\u017f 'sun 'x ''s"),
    ("digits one by one", "4k 1234 \u0663\u0664 \u00b2\u00bd \u2167 \U0001d7d8"),
    ("punctuation runs", "wow!!! (a.b-c_d) ...?! @#$%^&*[]{}\\|;:\"<>/`~+="),
    ("letters of many scripts", "\u00dcber stra\u00dfe \u041c\u043e\u0441\u043a\u0432\u0430 "
     "\u4f60\u597d \u3053\u3093\u306b\u3061\u306f \ud55c\uad6d\uc5b4 \u0627\u0644\u0639"),
    ("marks split words", "\u0939\u093f\u0928\u094d\u0926\u0940 \u0e01\u0e33 n\u0303\u0308"),
    ("emoji", "\U0001f431\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f "
     "\U0001f1e9\U0001f1ea 1\u20e3"),
    ("NFC composes", "cafe\u0301 A\u030angstro\u0308m \u1109\u1175\u11a8"),
    ("NFC singletons", "\u212b \u2126 \u212a \u2000 \u1fef \uf900"),
    ("NFC exclusions", "\u0958 \u2adc \ufb1d \U0001d15e"),
    ("NFC reorders", "q\u0307\u0323 q\u0323\u0307 a\u0315\u0300\u05ae\u0301b"),
    ("NFC blocked", "a\u0328\u0301\u0300 e\u0327\u0301 \u1100\u0301\u1161 \uac00\u11a7"),
    ("NFC knows no marks after Unicode 9", "a\U00010d24\u0323 e\u1df6\u0323"),
    ("lower case", "\u0130 I\u0307 \u039f\u0394\u039f\u03a3 \u1e9e \u01c5 \u1f88 \u2160 \u24b6"),
    ("lower case after Unicode 14", "\u1c89 \ua7cb \ua7ce \U00010d50"),
    ("letters of Unicode 16 and 17", "\u1c89\u1c8a \U00010d4a \U000323b0\U000323b1"),
    ("special tokens", "a <|startoftext|> b<|endoftext|>c <|endoftext|><|endoftext|>"),
    ("special tokens in capitals", "!<|STARTOFTEXT|>! <|EndOfText|>!! <|ENDOFTEXT|>s"),
    ("cut special tokens", "<|startoftext| > <|endoftext <|start|> <|<|endoftext|>|>"),
    ("no composition across a token", "e<|endoftext|>\u0301 <|endoftext\u0338|>"),
    ("control characters", "x\x00y \x07 \x7f \u0080 \ufffd"),
    ("not characters", "\ufdd0 \uffff \U0010ffff \ue000"),
    ("one long word", "a" * 300),
    ("every merge at once", "supercalifragilisticexpialidocious" * 4),
    ("longer than the encoder takes", "a cat and a dog, " * 30),
    ("exactly as long", " ".join(["cat"] * 75)),
    ("one too long", " ".join(["cat"] * 76)),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clip-vocabulary", help="default: that of the package open-clip-torch")
    args = parser.parse_args()
    path = args.clip_vocabulary or clip_tokenizers.find_clip_vocabulary()
    references = {"demo": clip_tokenizers.demo_tokenizer(), **clip_tokenizers.clip_tokenizers(path)}
    cases = []
    for name, text in CASES:
        ids = {key: tokenizer(text, add_special_tokens=False, verbose=False).input_ids
               for key, tokenizer in references.items()}
        encoded = {key: tokenizer(text, padding="max_length", truncation=True).input_ids
                   for key, tokenizer in references.items()}
        # Escaped: normalisation by an editor would change the case.
        cases.append({"name": name, "text": text, "ids": ids, "encoded": encoded})
    demo = (clip_tokenizers.DEMO / "tokenizer.json").read_bytes()
    head = {
        "command": "python scripts/make_clip_bpe_golden.py",
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "demo_tokenizer_sha256": hashlib.sha256(demo).hexdigest(),
        "options": {key: clip_tokenizers.options(tokenizer)
                    for key, tokenizer in references.items()},
    }
    rows = ",\n".join(json.dumps(case) for case in cases)
    text = json.dumps(head, indent=1)[:-2] + ',\n "cases": [\n' + rows + "\n]}\n"
    PATH.write_text(text, encoding="ascii")
    print(f"{PATH.name}: {len(cases)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
