"""Texts on which tokenizers differ: hard cases, and random strings."""

import random

HARD_CASES = [
    "",
    " ",
    "\t\n ",
    "a cat",
    "A Photo of a CAT",
    "a picture of a cat and a guitar on a blue background, pixel art",
    "  leading and   inner \t\n\r spaces  ",
    "word" * 40,
    "cat dog " * 60,
    "a" * 500,
    # contractions, apostrophes and what only looks like them
    "it's don't you're we've I'm she'll he'd o'clock rock'n'roll 's 'S 'T 'LL",
    "IT'S DON'T YOU'RE WE'VE I'M SHE'LL HE'D",
    "it\u2019s don\u2019t \u2018quoted\u2019",
    "'sup 'tis ''s '''t s's t't",
    # digits are tokens of their own
    "1 12 123 1234 3.14 1,000,000 2nd a1b2c3",
    "\u0661\u0662\u0663 \u0967\u0968 \u2460\u2461 \u00b2\u00b3 \u00bd \u2163 \u3007 \U0001d7d9",
    # punctuation
    "hello,world!!! (what?) [a] {b} <c> a/b\\c a_b a-b #tag @user $5 50% ~ ^ & * + = | ` \"",
    "... \u2026 \u2014 \u2013 \u00ab\u00bb \u201c\u201d \u00bf\u00a1 \u20ac\u00a3\u00a5 \u00a9\u00ae\u2122",
    "!!a!!b?!c",
    # accents, composed and decomposed; marks alone
    "caf\u00e9 na\u00efve \u00fcber \u00c5ngstr\u00f6m \u00d8re \u0141\u00f3d\u017a",
    "cafe\u0301 nai\u0308ve u\u0308ber A\u030angstro\u0308m",
    "\u0301 a\u0301\u0302\u0303 e\u0323\u0302 \u1ec7 e\u0302\u0323",
    "\u212b \u2126 \u212a \u1e9b\u0323 \u0344 \u0958 \ufb1d",
    "a\u0315\u0300\u05ae\u0062 a\u0300\u0315\u05ae\u0062",
    # letters whose lower case is another length, or depends on the place
    "\u0130stanbul I\u0131 \u0130",
    "stra\u00dfe STRASSE \u1e9e",
    "\u039f\u0394\u039f\u03a3 \u03c3\u03c2 \u03a3 \u03a3\u03a3",
    "\u01c5 \u01c4 \u01c6 \u1f88 \u1fbc \u0345 \u03b1\u0345",
    "\u2c2f \ua64a \u1c88 \u13a0 \uab70 \U00010400 \U0001e900 \u10a0 \u1c90",
    # scripts without spaces, right to left, conjuncts, Hangul
    "\u4e00\u53ea\u732b\u5728\u6c99\u53d1\u4e0a \u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8",
    "\u0642\u0637\u0629 \u062c\u0645\u064a\u0644\u0629 \u05d7\u05ea\u05d5\u05dc \u200f\u200e",
    "\u092c\u093f\u0932\u094d\u0932\u0940 \u0e41\u0e21\u0e27 \u0b95\u0bbe \u0dc3\u0dca\u200d\u0dbb",
    "\uace0\uc591\uc774 \u1100\u1161\u11a8 \u1100\u1161 \uac00\u11a8 \u3131",
    "\uff23\uff41\uff54\u3000\uff11\uff12 \ufb01\ufb02 \u33a1",
    # emoji
    "\U0001f431 \U0001f436\U0001f42d a\U0001f431b",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \u2764\ufe0f 1\ufe0f\u20e3 \U0001f1e9\U0001f1ea",
    # spaces of all kinds, zero width, controls
    "a\u00a0b\u1680c\u2000d\u2009e\u202ff\u205fg\u3000h",
    "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u180eh",
    "a\u0085b\u2028c\u2029d\u000be\u000cf\u001cg\u001dh\u001ei\u001fj",
    "a\u0000b\u0001c\u0007d\u001be\u007ff\u0080g\u009fh",
    # not characters, private use, unassigned, the last plane
    "\ufdd0 \ufffe \uffff \ufffd \ue000 \U000f0000 \U0010ffff \u0378 \U000e0041",
    # special tokens inside the text
    "a <|endoftext|> b",
    "<|startoftext|>a cat<|endoftext|>",
    "<|startoftext|><|endoftext|><|endoftext|>",
    "x<|endoftext|>y <|ENDOFTEXT|> <|EndOfText|> <|endoftext |>",
    "<|endoftext|<|endoftext|>|> <|startoftext|",
    "<|end of text|> </w> cat</w> a</w>b",
    # marks and letters that the pattern sees apart
    "x\u0483y \u0488 \u20dd a\u20dd \u302a \u3099\u304b\u3099",
    "\u0bc6\u0bbe \u0cc6\u0cd5\u0cc2 \U000110a5\U000110ba \U0001d15e \U0001d15f",
    "cat\u0301s dog\u0327 \u0327\u0301c \u0301\u0327c",
]

# (first, last) of ranges a random string is drawn from, with weights.
_RANGES = [
    (0x20, 0x7E, 30),  # ASCII
    (0x00, 0x1F, 1),
    (0x7F, 0xFF, 6),
    (0x100, 0x24F, 5),  # Latin
    (0x250, 0x2FF, 1),
    (0x300, 0x36F, 6),  # combining marks
    (0x370, 0x52F, 6),  # Greek, Cyrillic
    (0x530, 0x8FF, 4),  # Armenian, Hebrew, Arabic, Syriac
    (0x900, 0xDFF, 5),  # Indic
    (0xE00, 0x10FF, 3),  # Thai, Lao, Tibetan, Burmese, Georgian
    (0x1100, 0x11FF, 2),  # Hangul letters
    (0x1200, 0x1DFF, 4),
    (0x1E00, 0x1FFF, 5),  # Latin and Greek with several accents
    (0x2000, 0x206F, 5),  # spaces, invisible characters, punctuation
    (0x2070, 0x2BFF, 5),  # symbols
    (0x2C00, 0x2FFF, 2),
    (0x3000, 0x30FF, 4),
    (0x3100, 0xABFF, 5),
    (0xAC00, 0xD7A3, 3),  # Hangul syllables
    (0xE000, 0xF8FF, 1),  # private use
    (0xF900, 0xFAFF, 3),  # compatibility ideographs: NFC changes them
    (0xFB00, 0xFFFF, 4),
    (0x10000, 0x11FFF, 3),
    (0x12000, 0x1CFFF, 1),
    (0x1D000, 0x1D7FF, 3),  # musical and mathematical
    (0x1D800, 0x1EFFF, 1),
    (0x1F000, 0x1FAFF, 4),  # emoji
    (0x1FB00, 0x2FFFF, 2),
    (0x2F800, 0x2FA1F, 2),  # NFC changes them
    (0xE0000, 0xE01FF, 1),  # tags, variation selectors
    (0xF0000, 0x10FFFF, 1),
]

_PIECES = [
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'LL", "cat", " a ", "The",
    "<|endoftext|>", "<|startoftext|>", "<|EndOfText|>", "</w>", "\u0130", "\u03a3", "\u00df",
    "e\u0301", "\u0301", "\u1100\u1161\u11a8", "\u200d", "\ufe0f", "  ", "\u00a0", "\n", "123",
]


def _character(rng: random.Random) -> str:
    first, last, _ = rng.choices(_RANGES, weights=[r[2] for r in _RANGES])[0]
    return chr(rng.randint(first, last))


def random_text(rng: random.Random) -> str:
    """A string of up to about 60 characters; no surrogates (UTF-8 has none)."""
    parts = []
    kind = rng.random()
    for _ in range(rng.randint(0, 40)):
        if kind < 0.3:  # mostly words, a few surprises
            parts.append(rng.choice("abcdefghijklmnopqrstuvwxyz   ABCE',.1"))
            if rng.random() < 0.1:
                parts.append(_character(rng))
        elif rng.random() < 0.15:
            parts.append(rng.choice(_PIECES))
        else:
            parts.append(_character(rng))
    return "".join(parts)
