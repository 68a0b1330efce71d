"""The tokenizers of T5 and XLM-R as a sentencepiece model."""

import base64
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from .errors import ExportError, first_line
from .spm_file import Kind, Piece, write_model
from .tokenizer import describe

MODEL_FILE = "tokenizer/sentencepiece.model"

# What transformers builds for every T5 and XLM-R tokenizer. The program
# implements exactly this.
_PRE_TOKENIZER = {
    "type": "Sequence",
    "pretokenizers": [
        {"type": "WhitespaceSplit"},
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
    ],
}

# Normalisers that change nothing beside a pre-tokenizer that drops white space.
_HARMLESS = (
    {"type": "Strip"},
    {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
    {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"},
)

_RESAVE = "load it with the transformers version of requirements.txt and save it again"


@dataclass(frozen=True)
class Family:
    """One convention: the first tokens of the vocabulary and what surrounds a text."""

    kind: str  # the manifest's text.tokenizer
    first: tuple[str | None, ...]  # None: any name
    unk_id: int
    has_bos: bool


T5 = Family("t5", (), 2, False)
XLM_ROBERTA = Family("xlm_roberta", ("<s>", "<pad>", "</s>", "<unk>"), 3, True)


def _refuse(what: str, got, expected, advice: str) -> None:
    raise ExportError(f"tokenizer: {what}: got {got!r}, expected {expected!r}: {advice}")


def check_file(description: dict, path: Path) -> None:
    """Refuses a tokenizer.json with rules that transformers would drop without a word.

    For these classes it takes the vocabulary and the normalisation table from
    the file and makes the rest itself.
    """
    normalizer = description.get("normalizer") or {}
    parts = normalizer.get("normalizers", [normalizer] if normalizer else [])
    for part in parts:
        harmless = any(
            all(part.get(key) == value for key, value in known.items()) for known in _HARMLESS
        )
        if part.get("type") != "Precompiled" and not harmless:
            raise ExportError(
                f"{path}: normalizer {part.get('type')}: only the table of a sentencepiece"
                " model (Precompiled) is supported, and transformers ignores this one:"
                " train the model with the rule in its table (normalization_rule_tsv)"
            )
    pre_tokenizer = description.get("pre_tokenizer") or {}
    for part in pre_tokenizer.get("pretokenizers", [pre_tokenizer]):
        if part.get("type", "Metaspace") not in ("WhitespaceSplit", "Metaspace"):
            raise ExportError(
                f"{path}: pre_tokenizer {part['type']}: only WhitespaceSplit and Metaspace are"
                " supported, and transformers ignores this one: remove it"
            )


def check_model_file(path: Path) -> None:
    """Refuses what is no sentencepiece model: transformers would take it for another format."""
    import sentencepiece

    try:
        sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError, ValueError) as error:
        raise ExportError(
            f"{path}: is no sentencepiece model, or was cut: {first_line(error)}: download it"
            " again"
        ) from error


def _charsmap(description: dict) -> bytes:
    normalizer = description.get("normalizer")
    if normalizer is None:
        return b""
    if normalizer.get("type") != "Precompiled":
        _refuse("normalizer", normalizer.get("type"), "Precompiled", _RESAVE)
    return base64.b64decode(normalizer["precompiled_charsmap"])


def _template(tokenizer, family: Family) -> list:
    """What a text becomes: (token, its id), or None for the text itself."""
    eos = (tokenizer.eos_token, tokenizer.eos_token_id)
    if family.has_bos:
        return [(tokenizer.bos_token, tokenizer.bos_token_id), None, eos]
    return [None, eos]


def _found_template(description: dict) -> list:
    processor = description.get("post_processor") or {}
    if processor.get("type") != "TemplateProcessing":
        return [processor.get("type")]
    special = processor["special_tokens"]
    return [
        (part["SpecialToken"]["id"], special[part["SpecialToken"]["id"]]["ids"][0])
        if "SpecialToken" in part else None
        for part in processor["single"]
    ]


def _check_rules(tokenizer, family: Family, description: dict) -> None:
    model = description["model"]
    for what, got, expected in (
        ("model", model.get("type"), "Unigram"),
        ("byte_fallback", model.get("byte_fallback", False), False),
        ("unk_id", model.get("unk_id"), family.unk_id),
        ("unk token's id", tokenizer.unk_token_id, family.unk_id),
        ("pre_tokenizer", description.get("pre_tokenizer"), _PRE_TOKENIZER),
        ("template", _found_template(description), _template(tokenizer, family)),
        ("padding_side", tokenizer.padding_side, "right"),
        ("truncation_side", tokenizer.truncation_side, "right"),
    ):
        if got != expected:
            _refuse(what, got, expected, "only the rules of T5 and XLM-R are supported")


def _check_vocabulary(tokenizer, family: Family, vocab: list) -> None:
    names = [name for name, _ in vocab]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ExportError(f"tokenizer: {twice!r} stands twice in its vocabulary: {_RESAVE}")
    first = names[: len(family.first)]
    if first != list(family.first):
        _refuse("first tokens", first, list(family.first), "these are the ids of XLM-R")
    for name, score in vocab:
        if not math.isfinite(score) or struct.unpack("<f", struct.pack("<f", score))[0] != score:
            raise ExportError(
                f"tokenizer: {name!r}: its score {score!r} is no float32 number, which a"
                " sentencepiece model needs: make the tokenizer from its sentencepiece model"
            )
    for name in ("bos", "eos", "pad") if family.has_bos else ("eos", "pad"):
        token_id = getattr(tokenizer, f"{name}_token_id")
        if token_id is None or token_id >= len(names):
            _refuse(f"{name}_token_id", token_id, f"below {len(names)}", _RESAVE)


def _check_added_tokens(tokens: list[dict], vocab: list) -> None:
    for token in tokens:
        content = f"tokenizer: added token {token['content']!r}"
        if not token["special"] or token["normalized"]:
            if token["id"] < len(vocab):
                raise ExportError(
                    f"{content}: pieces that were defined when the model was trained"
                    " (user_defined_symbols) are not supported: train it without them"
                )
            raise ExportError(
                f"{content}: tokens added by textual inversion are not supported: export the"
                " pipeline without them"
            )
        if token["single_word"]:
            raise ExportError(f"{content}: single_word is not supported: add it without that")
    ids = sorted({*range(len(vocab)), *(token["id"] for token in tokens)})
    if ids != list(range(len(ids))):
        raise ExportError(f"tokenizer: its ids are not 0 to {len(ids) - 1}: {_RESAVE}")


def check(tokenizer, family: Family) -> dict:
    """The description of a loaded tokenizer; ExportError if it is not the family's."""
    description = describe(tokenizer)
    _check_rules(tokenizer, family, description)
    vocab = description["model"]["vocab"]
    _check_vocabulary(tokenizer, family, vocab)
    _check_added_tokens(description["added_tokens"], vocab)
    _charsmap(description)
    return description


def _added_token(token: dict) -> dict:
    strips = {key: True for key in ("lstrip", "rstrip") if token[key]}
    return {"content": token["content"], "id": token["id"], "normalized": False, **strips}


def _model(tokenizer, family: Family, description: dict) -> tuple[list[Piece], dict]:
    """Pieces of the sentencepiece model, and the places of its special ones."""
    special = {token["id"] for token in description["added_tokens"]}
    pieces = [
        Piece(name, score, Kind.UNKNOWN if i == family.unk_id
              else Kind.CONTROL if i in special else Kind.NORMAL)
        for i, (name, score) in enumerate(description["model"]["vocab"])
    ]
    if family is T5:
        ids = {"unk": family.unk_id, "eos": tokenizer.eos_token_id,
               "pad": tokenizer.pad_token_id}
        return pieces, ids
    bos, _, eos, unk = pieces[:4]  # the model has no <pad>, and another order
    return [unk, bos, eos, *pieces[4:]], {"unk": 0, "bos": 1, "eos": 2}


def write_unigram(tokenizer, family: Family, folder: Path) -> dict:
    """Writes MODEL_FILE into a bundle's folder; returns what "text" says of it."""
    description = check(tokenizer, family)
    path = folder / MODEL_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    pieces, special_ids = _model(tokenizer, family, description)
    write_model(path, pieces, special_ids, _charsmap(description))
    tokens = description["added_tokens"]
    bos = {"bos_token_id": tokenizer.bos_token_id} if family.has_bos else {}
    return {
        "tokenizer": family.kind,
        "files": {"sentencepiece": MODEL_FILE},
        "vocab_size": max(len(description["model"]["vocab"]),
                          *(token["id"] + 1 for token in tokens)),
        **bos,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "unk_token_id": tokenizer.unk_token_id,
        "added_tokens": [_added_token(token) for token in tokens],
    }
