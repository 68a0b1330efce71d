#!/usr/bin/env python3
"""Compares gloce's T5 and XLM-R tokenizers with transformers' on models that are trained here.

    python scripts/check_sentencepiece.py --program build/tests/text/tokenize

Models: small unigram models with the default normalisation, with case folding, with none, and with
a table of rules on characters that join others. Texts: hard cases, random strings that mix scripts,
marks, white space, special tokens and their look-alikes, and every code point of Unicode between
letters. Each tokenizer goes through the exporter into a bundle, which the program opens. Prints a
line a model; exit code 1 if any id or mask differs. Plain words are compared with the sentencepiece
library as well.
"""

import argparse
import io
import pathlib
import random
import sys
import tempfile

import check_tokenizer
import sentencepiece
import tokenizers
import transformers
from transformers import AddedToken, T5Tokenizer, XLMRobertaTokenizer

T5_IDS = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
XLM_ROBERTA_IDS = {"unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": -1}
LENGTH = 48

PIECES = check_tokenizer.PIECES + [
    "</s>", "<pad>", "<unk>", "<s>", "<mask>", " <mask> ", "\u3000<mask>", "<extra_id_0>",
    " <extra_id_99>\t", "<extra_id_9", "<extra_id_100>", "</s", "<MASK>", "<<pad>>",
    # By normalisation these become special tokens after the text was searched for them.
    "\uff1c/s\uff1e", "\uff1cpad\uff1e", "\uff1cunk\uff1e", "\uff1cmask\uff1e",
    "\uff1cextra_id_7\uff1e", "<\uff53>", "\uff1cunk\uff1e\uff1cunk\uff1e\u4e02",
    # The mark of a word's beginning.
    "\u2581", "\u2581\u2581", "a\u2581b", "\u2581the", " \u2581 ", "\u2581\u2581 x",
    # Segmentations that tie.
    "aaa", "aaaaaaaa", "kkkkkkkkkkkkk", "abababab", "eeeeeee", "oooo", "tttttttttttttttttttttttt",
    # Characters of which the table knows a part.
    "\uff21\u0301", "\ufb01\u0301", "\u2122\u0301", "\u00b2\u0301", "\u00bd\u0300", "e\u0301",
    "e\u0301\u0302", "e\u0301\u0302\u0303", "\u1100\u1161", "\u1100\u1161\u11a8", "\u3131\u0301",
    "\u0600\u00b2", "\u0600\ufb01", "\u203c\u200d\u2122\u0301", "\u00a9\u200d\u00ae\u0301", "\r\n",
    "\u0915\u094d\u0915\u0301", "\u0958", "\u0915\u093c", "\ufdfa", "\u3300", "\u0132\u0301",
    "\U0001d49c", "\u01c4\u0301", "\u0345", "\u1fb3\u0301", "\u2474", "\u00a8", "\u00b4a", "\u037a",
]

# Replacements for the model "rules": characters that join what stands before or after them.
RULES = [
    ("a", "Q"), ("\u0600", "pre"), ("\u0600a", "both"), ("\u0915", "ka"), ("\u00a9", "(c)"),
    ("\u00ae", ""), ("\u2122", "tm"), ("\u1161", "V"), ("\u1100\u1161", "LV"), ("\u0301", "'"),
    ("e\u0301", "E"), ("\u200d", "+"), ("\r", "cr"), ("\n", "lf"), ("\u0903", "vis"), ("x", " "),
    ("\u0e33", "am"), ("\uac00", "ga"), ("\u11a8", "g"), ("y", "\u2581"), ("\U00011f02", "k"),
]


def corpus(source):
    """Words of a made-up language, and some of the random texts, so that there are odd pieces."""
    syllables = [a + b + c for a in "bdfgklmnprst" for b in "aeiou" for c in ("", "n", "s", "r")]
    words = ["".join(source.choices(syllables, k=source.randint(1, 3))) for _ in range(600)]
    words += ["the", "a", "an", "of", "photo", "Astronaut", "Cat", "it's", "kkk", "aa"]
    lines = [" ".join(source.choices(words, k=12)) for _ in range(2000)]
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP<>_/'0123456789"
    lines += ["".join(source.choices(letters, k=8)) for _ in range(200)]
    return lines + [check_tokenizer.random_text(source, PIECES) for _ in range(60)]


def train(path, ids, vocab_size=1500, **options):
    """Trains a unigram model and writes it to `path`."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus(random.Random(5))), model_writer=model,
        model_type="unigram", vocab_size=vocab_size, hard_vocab_limit=False,
        character_coverage=0.99, pad_piece="<pad>", minloglevel=2, num_threads=1, **ids, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.getvalue())


def t5(folder, length=LENGTH, extra=None, **options):
    train(folder / "spiece.model", T5_IDS, **options)
    return T5Tokenizer.from_pretrained(folder, model_max_length=length, **(extra or {}))


def xlm_roberta(folder, length=LENGTH, **options):
    train(folder / "sentencepiece.bpe.model", XLM_ROBERTA_IDS, **options)
    return XLMRobertaTokenizer.from_pretrained(folder, model_max_length=length)


def stripping():
    """Sentinels as T5 pipelines of older transformers store them: they take spaces along."""
    return {"extra_special_tokens": [
        AddedToken(f"<extra_id_{i}>", lstrip=True, rstrip=True, normalized=False, special=True)
        for i in range(100)]}


def write_rules(path):
    """RULES in the trainer's format: code points in hex, with a tab between."""
    def hexadecimal(text):
        return " ".join(f"{ord(c):X}" for c in text)

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{hexadecimal(a)}\t{hexadecimal(b)}\n" for a, b in RULES))
    return str(path)


def saved_again(tokenizer, folder):
    """The tokenizer as it comes back from tokenizer.json."""
    tokenizer.save_pretrained(folder)
    return type(tokenizer).from_pretrained(folder)


def references(folder):
    """Name → tokenizer of transformers."""
    rules = write_rules(folder / "rules.tsv")
    found = {
        "t5": t5(folder / "t5"),
        "t5, case folding": t5(folder / "nfkc_cf", normalization_rule_name="nmt_nfkc_cf"),
        "t5, no normalisation": t5(folder / "plain", normalization_rule_name="identity"),
        "t5, rules": t5(folder / "rules", normalization_rule_tsv=rules),
        "t5, stripping": t5(folder / "stripping", extra=stripping()),
        "xlm_roberta": xlm_roberta(folder / "xlm_roberta"),
        "xlm_roberta, rules": xlm_roberta(folder / "xlm_roberta_rules",
                                          normalization_rule_tsv=rules),
    }
    for name in ("t5", "xlm_roberta"):
        found[f"{name}, from tokenizer.json"] = saved_again(found[name], folder / f"{name}_saved")
    return found


def compare_with_sentencepiece(program, tokenizer, path, texts):
    """The sentencepiece library as a second opinion.

    On plain words it must agree. Prints how often it gives other ids than transformers on `texts`,
    which is why gloce does not follow it.
    """
    library = sentencepiece.SentencePieceProcessor(model_file=str(path))
    lines = [line for line in corpus(random.Random(6))[:2000] if line.isascii()]
    got = check_tokenizer.ours(program, tokenizer, lines)
    wrong = sum(answer["ids"] != library.encode(line) for answer, line in zip(got, lines))
    expected = tokenizer(texts, add_special_tokens=False, verbose=False).input_ids
    others = sum(library.encode(text) != ids for text, ids in zip(texts, expected))
    print(f"sentencepiece library: differs for {wrong} of {len(lines)} lines of plain words;"
          f" from transformers for {others} of {len(texts)} random texts", flush=True)
    return wrong != 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True, help="the test program `tokenize`")
    parser.add_argument("--count", type=int, default=10000, help="random texts (default 10000)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    source = random.Random(args.seed)
    joining = [a for a, _ in RULES]
    plain = [check_tokenizer.random_text(source) for _ in range(args.count)]
    texts = ["", " ", *PIECES, *(f"a photo of{piece}cat" for piece in PIECES)]
    texts += [check_tokenizer.random_text(source, PIECES) for _ in range(args.count)]
    texts += ["".join(source.choices(joining, k=source.randint(2, 12))) for _ in range(2000)]
    print(f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__},"
          f" sentencepiece {sentencepiece.__version__}; {len(texts)} texts")
    failed = False
    with tempfile.TemporaryDirectory() as name:
        found = references(pathlib.Path(name))
        for what, tokenizer in found.items():
            failed |= check_tokenizer.compare(what, "texts", args.program, tokenizer, texts)
        failed |= compare_with_sentencepiece(args.program, found["t5"],
                                             pathlib.Path(name) / "t5/spiece.model", plain)
        for what in ("t5", "xlm_roberta, rules"):
            failed |= check_tokenizer.compare(what, "rows of all code points", args.program,
                                              found[what], check_tokenizer.every_code_point())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
