"""transformers' CLIP tokenizer for a vocabulary, and the vocabulary of OpenAI's CLIP."""

import gzip
import importlib.util
import json
from pathlib import Path

from transformers import CLIPTokenizer

_CLIP_TOKENS = 49408
# "a photo of a cat", as every implementation of CLIP has it.
_KNOWN = ("a photo of a cat", [49406, 320, 1125, 539, 320, 2368, 49407])


def from_files(folder: Path, max_length: int) -> CLIPTokenizer:
    """The tokenizer of a folder with vocab.json and merges.txt (a bundle's, or SD's)."""
    vocab = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
    merges = [tuple(line.split(" ")) for line in lines[1:] if line]
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=max_length)


def encode(tokenizer, text: str) -> dict:
    """`ids` with the two special tokens around, and as StableDiffusionPipeline pads them."""
    return {
        "text": text,
        "ids": tokenizer(text).input_ids,
        "padded": tokenizer(text, padding="max_length", truncation=True,
                            max_length=tokenizer.model_max_length).input_ids,
    }


def _bytes_to_unicode() -> list[str]:
    """A printable character for every byte, in the order of CLIP's vocabulary.

    Printable bytes first, as themselves; the others as the characters from
    U+0100 on (GPT-2's encoder.py).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]


def clip_vocabulary() -> tuple[dict[str, int], list[str]]:
    """Vocabulary and merges of OpenAI's CLIP, from the list that open_clip ships.

    Raises FileNotFoundError where open-clip-torch is not installed.
    """
    spec = importlib.util.find_spec("open_clip")
    if spec is None:
        raise FileNotFoundError(
            "open_clip is not installed: pip install --no-deps -r requirements-test.txt"
        )
    path = Path(spec.submodule_search_locations[0]) / "bpe_simple_vocab_16e6.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    characters = _bytes_to_unicode()
    specials = ["<|startoftext|>", "<|endoftext|>"]
    # The list is longer than what CLIP was trained with.
    merges = lines[1:1 + _CLIP_TOKENS - 2 * len(characters) - len(specials)]
    tokens = characters + [c + "</w>" for c in characters]
    tokens += ["".join(merge.split()) for merge in merges]
    tokens += specials
    return {token: i for i, token in enumerate(tokens)}, merges


def write_clip_vocabulary(folder: Path) -> None:
    """Writes vocab.json and merges.txt of OpenAI's CLIP; checks them on a known text."""
    vocab, merges = clip_vocabulary()
    if len(vocab) != _CLIP_TOKENS:
        raise ValueError(f"CLIP's vocabulary: got {len(vocab)} tokens, expected {_CLIP_TOKENS}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n",
                                       encoding="utf-8")
    text, expected = _KNOWN
    got = from_files(folder, 77)(text).input_ids
    if got != expected:
        raise ValueError(f"CLIP's vocabulary: {text!r}: got {got}, expected {expected}")
