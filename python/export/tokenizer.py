"""The CLIP tokenizer's vocabulary and merges as the two files of OpenAI's CLIP."""

import json
from pathlib import Path

from .errors import ExportError

# What transformers builds for every CLIP tokenizer. The program implements
# exactly this, so that a tokenizer.json which says something else is refused.
_NORMALIZERS = ["NFC", "Replace", "Lowercase"]
_SPLIT_PATTERN = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d"
    r"|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)


def describe(tokenizer) -> dict:
    """What tokenizer.json says of a loaded tokenizer."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ExportError(
            f"tokenizer: {type(tokenizer).__name__} has no fast tokenizer: save the"
            " pipeline again with the transformers version of requirements.txt"
        )
    return json.loads(backend.to_str())


def _check_rules(description: dict) -> None:
    model = description["model"]
    found = {
        "model": model.get("type"),
        "end of word": model.get("end_of_word_suffix"),
        "normalizers": [
            part.get("type")
            for part in (description.get("normalizer") or {}).get("normalizers", [])
        ],
        "split pattern": _split_pattern(description),
    }
    expected = {
        "model": "BPE",
        "end of word": "</w>",
        "normalizers": _NORMALIZERS,
        "split pattern": _SPLIT_PATTERN,
    }
    for what, value in expected.items():
        if found[what] != value:
            raise ExportError(
                f"tokenizer: {what}: got {found[what]!r}, expected {value!r}:"
                " only CLIP's tokenizer is supported"
            )


def _split_pattern(description: dict):
    pre_tokenizer = description.get("pre_tokenizer") or {}
    for part in pre_tokenizer.get("pretokenizers", []):
        if part.get("type") == "Split":
            return part["pattern"].get("Regex")
    return None


def _check_added_tokens(tokenizer, description: dict) -> None:
    special = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    for token in description.get("added_tokens", []):
        if token["id"] not in special:
            raise ExportError(
                f"tokenizer: added token {token['content']!r}: tokens added by textual"
                " inversion are not supported: export the pipeline without them"
            )
        for rule in ("lstrip", "rstrip", "single_word"):
            if token.get(rule):
                raise ExportError(
                    f"tokenizer: added token {token['content']!r}: {rule} is not supported:"
                    " only CLIP's own special tokens are"
                )


def vocabulary(tokenizer) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Token → id, and the merges by rank, of a transformers CLIP tokenizer.

    transformers 5 saves only tokenizer.json, earlier versions vocab.json and
    merges.txt; both are read through the loaded tokenizer. Raises ExportError
    if its rules are not CLIP's.
    """
    description = describe(tokenizer)
    _check_rules(description)
    _check_added_tokens(tokenizer, description)
    vocab = dict(description["model"]["vocab"])
    for token in description.get("added_tokens", []):
        vocab.setdefault(token["content"], token["id"])
    if sorted(vocab.values()) != list(range(len(vocab))):
        raise ExportError(
            f"tokenizer: the ids of its {len(vocab)} tokens are not 0 to"
            f" {len(vocab) - 1}: save the tokenizer again with transformers"
        )
    merges = []
    for merge in description["model"]["merges"]:
        # tokenizers before 0.20 wrote "a b", later ones write ["a", "b"].
        pair = merge.split(" ") if isinstance(merge, str) else merge
        merges.append((pair[0], pair[1]))
    return vocab, merges


def added_tokens(tokenizer) -> list[dict]:
    """Tokens that are recognised as a whole in a prompt: content, id, normalized.

    normalized: looked for after normalisation, as Stable Diffusion 1.x has it for
    its BOS.
    """
    return [
        {key: token[key] for key in ("content", "id", "normalized")}
        for token in describe(tokenizer)["added_tokens"]
    ]


def write_vocabulary(tokenizer, folder: Path) -> int:
    """Writes vocab.json and merges.txt into `folder`; returns the number of tokens."""
    vocab, merges = vocabulary(tokenizer)
    folder.mkdir(parents=True, exist_ok=True)
    by_id = dict(sorted(vocab.items(), key=lambda item: item[1]))
    (folder / "vocab.json").write_text(
        json.dumps(by_id, ensure_ascii=False), encoding="utf-8"
    )
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(vocab)
