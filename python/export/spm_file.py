"""Writes model files of the sentencepiece library (its ModelProto) without that library."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Kind(IntEnum):
    """ModelProto.SentencePiece.Type."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3


@dataclass
class Piece:
    text: str
    score: float
    kind: Kind = Kind.NORMAL


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers take ten bytes
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _piece(piece: Piece) -> bytes:
    return (_bytes(1, piece.text.encode())
            + _varint(2 << 3 | 5) + struct.pack("<f", piece.score)
            + _number(3, piece.kind))


def _trainer_spec(pieces: list[Piece], special_ids: dict[str, int | None]) -> bytes:
    unigram = _number(3, 1)
    ids = b"".join(
        _number(field, -1 if special_ids.get(name) is None else special_ids[name])
        for field, name in ((40, "unk"), (41, "bos"), (42, "eos"), (43, "pad"))
    )
    return unigram + _number(4, len(pieces)) + ids


def write_model(path: Path, pieces: list[Piece], special_ids: dict[str, int | None],
                charsmap: bytes) -> None:
    """Writes a unigram model.

    special_ids: places of the pieces unk, bos, eos and pad, as far as there are
    some. charsmap: the compiled normalisation table, empty for none.
    """
    normalizer_spec = _bytes(2, charsmap) if charsmap else _bytes(1, b"identity")
    path.write_bytes(
        b"".join(_bytes(1, _piece(piece)) for piece in pieces)
        + _bytes(2, _trainer_spec(pieces, special_ids))
        + _bytes(3, normalizer_spec)
    )
