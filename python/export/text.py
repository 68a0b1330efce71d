"""Any of the supported tokenizers, as a bundle holds it."""

import json
from pathlib import Path

from . import tokenizer as clip
from . import unigram
from .errors import ExportError, first_line

# Class name → its family; None is CLIP's.
_FAMILIES = {
    "CLIPTokenizer": None,
    "CLIPTokenizerFast": None,
    "T5Tokenizer": unigram.T5,
    "T5TokenizerFast": unigram.T5,
    "XLMRobertaTokenizer": unigram.XLM_ROBERTA,
    "XLMRobertaTokenizerFast": unigram.XLM_ROBERTA,
}
CLASSES = tuple(_FAMILIES)

# Files from which transformers builds a tokenizer, besides tokenizer.json.
_SLOW_FILES = {
    None: ("vocab.json", "merges.txt"),
    unigram.T5: ("spiece.model",),
    unigram.XLM_ROBERTA: ("sentencepiece.bpe.model",),
}


def load_tokenizer(folder: Path, class_name: str):
    """The tokenizer of a folder, checked to be one that a bundle can hold.

    class_name is one of CLASSES. Raises ExportError.
    """
    import transformers

    family = _FAMILIES[class_name]
    # Without its files transformers builds an empty tokenizer and says nothing.
    slow = _SLOW_FILES[family]
    description_path = folder / "tokenizer.json"
    if not description_path.is_file() and not all((folder / name).is_file() for name in slow):
        raise ExportError(
            f"{folder}: neither tokenizer.json nor {' with '.join(slow)}: download it again,"
            " or save it again with pipe.save_pretrained(FOLDER)"
        )
    if family is not None and not description_path.is_file():
        unigram.check_model_file(folder / slow[0])
    try:
        loader = getattr(transformers, class_name.removesuffix("Fast"))
        tokenizer = loader.from_pretrained(folder)
        if family is not None and description_path.is_file():
            description = json.loads(description_path.read_text(encoding="utf-8"))
            unigram.check_file(description, description_path)
    except ExportError:
        raise
    except Exception as error:  # many kinds, of several libraries
        raise ExportError(
            f"{folder}: cannot be loaded: {first_line(error)}: download it again, or save it"
            " again with pipe.save_pretrained(FOLDER)"
        ) from error
    if family is None:
        clip.vocabulary(tokenizer)  # raises where its rules are not CLIP's
    else:
        unigram.check(tokenizer, family)
    return tokenizer


def write_tokenizer(tokenizer, folder: Path) -> dict:
    """Writes the tokenizer's files into a bundle's folder.

    Returns what the manifest's "text" says of it; "files" there are the files,
    by the keys under which they stand in the manifest.
    """
    family = _FAMILIES[type(tokenizer).__name__]
    if family is not None:
        return unigram.write_unigram(tokenizer, family, folder)
    return {
        "tokenizer": "clip_bpe",
        "files": {"vocab": "tokenizer/vocab.json", "merges": "tokenizer/merges.txt"},
        "vocab_size": clip.write_vocabulary(tokenizer, folder / "tokenizer"),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "unk_token_id": tokenizer.unk_token_id,
        "added_tokens": clip.added_tokens(tokenizer),
    }
