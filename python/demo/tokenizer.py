"""A small CLIP-format byte-level BPE, learnt from captions."""

import collections
import json
import pathlib
import random
import re
import tempfile

from demo import scenes
from demo.training import replace_folder

MERGES = 400
MAX_TOKENS = 32
CAPTIONS = 4000
# Everyday words, so that prompts unlike the captions split sensibly.
EXTRA_WORDS = (
    "the in of with two one painting drawing image photo style portrait "
    "famous person man woman red orange black grey brown small big cute face "
    "animals objects fruit toy plant vehicle").split()
CONFIG = {
    "tokenizer_class": "CLIPTokenizer",
    "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>",
    "model_max_length": MAX_TOKENS, "do_lower_case": True,
}


def _byte_alphabet() -> list[str]:
    """CLIP's printable stand-ins for the 256 bytes, in CLIP's order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = 256 - len(printable)
    return ([chr(b) for b in printable] +
            [chr(256 + i) for i in range(others)])


def _word_counts(rng: random.Random) -> collections.Counter:
    words = collections.Counter()
    for _ in range(CAPTIONS):
        style = (rng.choice(scenes.STYLES)
                 if rng.random() < scenes.STYLE_SHARE else None)
        count = 2 if rng.random() < scenes.TWO_CONCEPTS_SHARE else 1
        concepts = rng.sample(scenes.CONCEPTS, count)
        text = scenes.caption(rng, concepts, rng.choice(list(scenes.COLORS)),
                              style)
        words.update(re.findall(r"[a-z]+|,", text))
    for word in EXTRA_WORDS:
        words[word] += 5
    return words


def _merge(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    merged, i = [], 0
    while i < len(symbols):
        if symbols[i:i + 2] == pair:
            merged.append(pair[0] + pair[1])
            i += 2
        else:
            merged.append(symbols[i])
            i += 1
    return tuple(merged)


def _learn_merges(words: collections.Counter) -> list[tuple[str, str]]:
    """The most frequent pair first; ties go to the later in code order."""
    corpus = {(*w[:-1], w[-1] + "</w>"): n for w, n in words.items()}
    merges = []
    while len(merges) < MERGES:
        pairs = collections.Counter()
        for symbols, n in corpus.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += n
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        corpus = {_merge(symbols, best): n for symbols, n in corpus.items()}
    return merges


def train(folder: pathlib.Path) -> None:
    """Learns the vocabulary and saves the tokenizer to `folder`."""
    from transformers import CLIPTokenizer
    merges = _learn_merges(_word_counts(random.Random(0)))
    alphabet = _byte_alphabet()
    vocabulary = (alphabet + [c + "</w>" for c in alphabet] +
                  [a + b for a, b in merges] +
                  ["<|startoftext|>", "<|endoftext|>"])
    with tempfile.TemporaryDirectory() as name:
        raw = pathlib.Path(name)
        ids = {token: i for i, token in enumerate(vocabulary)}
        (raw / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False),
                                        encoding="utf-8")
        lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
        (raw / "merges.txt").write_text("\n".join(lines) + "\n",
                                        encoding="utf-8")
        (raw / "tokenizer_config.json").write_text(json.dumps(CONFIG))
        tokenizer = CLIPTokenizer.from_pretrained(raw)
        replace_folder(folder, tokenizer.save_pretrained)


def load(folder: pathlib.Path):
    from transformers import CLIPTokenizer
    return CLIPTokenizer.from_pretrained(folder)


def encode(tokenizer, texts: list[str]):
    """(len(texts), MAX_TOKENS) token ids, padded with the end token."""
    import torch
    ids = tokenizer(texts, padding="max_length", truncation=True,
                    max_length=MAX_TOKENS).input_ids
    return torch.tensor(ids)
