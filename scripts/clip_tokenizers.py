"""The reference tokenizers that gloce's is compared with, as transformers makes them."""

import gzip
import importlib.util
import json
import pathlib

from transformers import AddedToken, CLIPTokenizer

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEMO = ROOT / "models" / "emoji" / "tokenizer"
BOS, EOS = "<|startoftext|>", "<|endoftext|>"


def find_clip_vocabulary():
    """OpenAI's CLIP vocabulary in the installed package open-clip-torch (which is not imported)."""
    spec = importlib.util.find_spec("open_clip")
    if spec is None:
        raise SystemExit(
            "open_clip is missing: pip install --no-deps open-clip-torch, or run scripts/test.sh"
        )
    return pathlib.Path(spec.submodule_search_locations[0]) / "bpe_simple_vocab_16e6.txt.gz"


def byte_alphabet():
    """The 256 symbols of GPT-2's byte alphabet in the order of CLIP's vocabulary."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(0x100 + i) for i in range(len(others))]


def clip_vocabulary(path):
    """(token -> id, merges) of CLIP from its list of merges."""
    lines = gzip.decompress(pathlib.Path(path).read_bytes()).decode("utf-8").split("\n")
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
    symbols = byte_alphabet()
    tokens = [*symbols, *(symbol + "</w>" for symbol in symbols)]
    tokens += ["".join(merge) for merge in merges] + [BOS, EOS]
    return {token: i for i, token in enumerate(tokens)}, merges


def clip_tokenizers(path):
    """CLIP's tokenizer as three model families configure it.

    clip      special tokens given as strings
    clip_sd1  as Stable Diffusion 1.x: its BOS is a "normalized" token
    clip_sd2  as Stable Diffusion 2: padded with "!"
    """
    vocab, merges = clip_vocabulary(path)

    def make(**options):
        return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=77, **options)

    return {
        "clip": make(),
        "clip_sd1": make(bos_token=AddedToken(BOS, normalized=True)),
        "clip_sd2": make(pad_token="!"),
    }


def demo_tokenizer():
    return CLIPTokenizer.from_pretrained(DEMO)


def options(tokenizer):
    """The fields of ClipBpeOptions for a transformers tokenizer."""
    description = json.loads(tokenizer.backend_tokenizer.to_str())
    return {
        "max_length": tokenizer.model_max_length,
        "bos_id": tokenizer.bos_token_id,
        "eos_id": tokenizer.eos_token_id,
        "pad_id": tokenizer.pad_token_id,
        "unk_id": tokenizer.unk_token_id,
        "added_tokens": [
            {key: token[key] for key in ("content", "id", "normalized")}
            for token in description["added_tokens"]
        ],
    }
