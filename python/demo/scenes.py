"""Scenes of one or two emoji on a coloured background, and their captions.

Glyphs come from Noto Color Emoji (OFL; Debian package fonts-noto-color-emoji).
They are drawn at 128 px and shrunk to 64. Everything random is drawn from the
`random.Random` that is passed in, so a seed fixes the data.
"""

import dataclasses
import functools
import os
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
BITMAP_SIZE = 109  # the one size the bitmap font has
CANVAS = 128
PICTURE_SIZE = 64

ANIMALS = {
    "cat": "🐱", "dog": "🐶", "mouse": "🐭", "hamster": "🐹", "rabbit": "🐰",
    "fox": "🦊", "bear": "🐻", "panda": "🐼", "koala": "🐨", "tiger": "🐯",
    "lion": "🦁", "cow": "🐮", "pig": "🐷", "frog": "🐸", "monkey": "🐵",
    "chicken": "🐔", "penguin": "🐧", "owl": "🦉", "unicorn": "🦄",
    "wolf": "🐺",
}
FOODS = {
    "apple": "🍎", "banana": "🍌", "watermelon": "🍉", "strawberry": "🍓",
    "donut": "🍩", "pizza": "🍕", "burger": "🍔", "corn": "🌽",
    "carrot": "🥕", "cherry": "🍒",
}
OBJECTS = {
    "balloon": "🎈", "gift": "🎁", "guitar": "🎸", "clock": "⏰",
    "cactus": "🌵", "sunflower": "🌻", "car": "🚗", "sailboat": "⛵",
    "house": "🏠", "umbrella": "☔",
}
GLYPHS = {**ANIMALS, **FOODS, **OBJECTS}
GROUPS = {"animal": list(ANIMALS), "food": list(FOODS),
          "object": list(OBJECTS)}
GENERAL_WORDS = {"animal": "an animal", "food": "a food",
                 "object": "an object"}
CONCEPTS = list(GLYPHS)
COLORS = {
    "white": (240, 240, 240), "blue": (120, 170, 230),
    "yellow": (240, 220, 130), "green": (150, 205, 150),
    "pink": (235, 165, 175), "purple": (180, 150, 215),
}
# What a caption that names no background stands for.
UNNAMED_COLOR = "white"
STYLES = ["pixel art", "sepia"]

TWO_CONCEPTS_SHARE = 0.6
STYLE_SHARE = 0.25
GENERAL_WORD_SHARE = 0.12
UNNAMED_COLOR_SHARE = 0.5
NAMED_ALL_THE_SAME_SHARE = 0.2


@dataclasses.dataclass
class Scene:
    """A picture and what is in it. `style` is None for a plain picture."""

    picture: Image.Image  # RGB, PICTURE_SIZE square
    concepts: list[str]  # from left to right
    color: str
    style: str | None


@functools.cache
def _font() -> ImageFont.FreeTypeFont:
    if not os.path.exists(FONT):
        raise SystemExit(f"{FONT}: not found; install fonts-noto-color-emoji")
    return ImageFont.truetype(FONT, BITMAP_SIZE)


@functools.cache
def _glyph(concept: str) -> Image.Image:
    """The concept's emoji, RGBA, cropped to what is drawn."""
    image = Image.new("RGBA", (136, 128), (0, 0, 0, 0))
    ImageDraw.Draw(image).text((0, 0), GLYPHS[concept], font=_font(),
                               embedded_color=True)
    return image.crop(image.getbbox())


def _apply_style(image: Image.Image, style: str | None) -> Image.Image:
    if style == "pixel art":
        return image.resize((16, 16), Image.BOX).resize(
            (CANVAS, CANVAS), Image.NEAREST)
    if style == "sepia":
        return ImageOps.colorize(ImageOps.grayscale(image), (45, 25, 10),
                                 (250, 230, 195))
    return image


def draw(rng: random.Random, concepts: list[str], color: str,
         style: str | None) -> Scene:
    """Draws one or two concepts; sizes and places vary."""
    half = CANVAS // 2
    pair = len(concepts) == 2
    image = Image.new("RGB", (CANVAS, CANVAS), COLORS[color])
    for i, concept in enumerate(concepts):
        size = rng.randint(52, 60) if pair else rng.randint(68, 88)
        glyph = _glyph(concept)
        scale = size / max(glyph.size)
        w, h = (max(1, round(side * scale)) for side in glyph.size)
        glyph = glyph.resize((w, h), Image.LANCZOS)
        if pair:
            x = i * half + rng.randint(0, half - w)
            y = rng.randint(24, 104 - h)
        else:
            x = half - w // 2 + rng.randint(-12, 12)
            y = half - h // 2 + rng.randint(-12, 12)
        image.paste(glyph, (x, y), glyph)
    picture = _apply_style(image, style).resize((PICTURE_SIZE, PICTURE_SIZE),
                                                Image.BOX)
    return Scene(picture, concepts, color, style)


def sample_scene(rng: random.Random) -> Scene:
    """Draws a scene as the training data has them."""
    style = rng.choice(STYLES) if rng.random() < STYLE_SHARE else None
    count = 2 if rng.random() < TWO_CONCEPTS_SHARE else 1
    concepts = rng.sample(CONCEPTS, count)
    unnamed = rng.random() < UNNAMED_COLOR_SHARE
    color = UNNAMED_COLOR if unnamed else rng.choice(list(COLORS))
    return draw(rng, concepts, color, style)


def with_article(concept: str) -> str:
    """"an owl", "a unicorn"."""
    vowel = concept[0] in "aeio" or concept == "umbrella"
    return f"{'an' if vowel else 'a'} {concept}"


def group_of(concept: str) -> str:
    return next(g for g, members in GROUPS.items() if concept in members)


def caption(rng: random.Random, concepts: list[str], color: str,
            style: str | None) -> str:
    """One of the captions that fit; general words stand for some names."""
    words = [GENERAL_WORDS[group_of(c)] if rng.random() < GENERAL_WORD_SHARE
             else with_article(c) for c in concepts]
    text = rng.choice([" and ", " next to "]).join(words)
    text = rng.choice(["", "", "a picture of ", "a photo of "]) + text
    if color != UNNAMED_COLOR or rng.random() < NAMED_ALL_THE_SAME_SHARE:
        text += f" on a {color} background"
    if style:
        text += f", {style}"
    return text


def pixels(scene: Scene) -> np.ndarray:
    """(3, H, W) float32 in [-1, 1], the VAE's range."""
    array = np.asarray(scene.picture, dtype=np.float32)
    return array.transpose(2, 0, 1) / 127.5 - 1.0
