"""Writes the PNG files of this folder with Pillow.

Run: python tests/data/png/make_golden.py
Last run with Pillow 13.0.0.
"""

from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

FOLDER = Path(__file__).parent
LATIN1 = "a cat, très grand\nSteps: 50"
UNICODE = "ein Füchslein 🦊\nSteps: 50"


def picture():
    """5×3 pixels; tests/batch compute the same."""
    image = Image.new("RGB", (5, 3))
    image.putdata([(50 * x, 80 * y, (x * 37 + y * 101) % 256) for y in range(3) for x in range(5)])
    return image


def main():
    for name, text in {"latin1": LATIN1, "unicode": UNICODE}.items():
        for zipped in (False, True):
            info = PngInfo()
            info.add_text("parameters", text, zip=zipped)
            info.add_text("Software", "Pillow")
            suffix = "_zipped" if zipped else ""
            picture().save(FOLDER / f"{name}{suffix}.png", pnginfo=info)


main()
