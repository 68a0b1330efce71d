"""A report in a browser, and what a reader does with it: shared by its tests."""

import argparse
import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import report_document
from chromium import Chromium, Page

# `renderer`: the program that puts pages together; None for the Python way.
OPTIONS = argparse.Namespace(renderer=None)

# Contrast of every visible text to the ground it stands on (WCAG 2.1, 1.4.3). Texts over pictures
# have a ground of their own; disabled controls need none.
FAINT_TEXTS = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const x = c[i] / 255;
    return sum + weight * (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  }, 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = rgba(getComputedStyle(node).backgroundColor);
      if (colour[3] > 200) return colour;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !node.checkVisibility()) continue;
    if (node.closest(':disabled, title, option')) continue;
    const style = getComputedStyle(node);
    const svg = node instanceof SVGElement;
    // Figures of the matrix stand on the cell that was drawn before them.
    const under = node.matches('.matrix-text')
      ? rgba(getComputedStyle(node.previousElementSibling).fill)
      : ground(node.closest('svg')?.parentElement ?? node);
    const [a, b] = [luminance(rgba(svg ? style.fill : style.color)), luminance(under)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) {
      faint.push(`${contrast.toFixed(2)} ${node.className?.baseVal ?? node.className} ` +
        walk.currentNode.textContent.slice(0, 40));
    }
  }
  return [...new Set(faint)];
})()"""

# What a walk by Tab must reach: a group of radio buttons is one stop.
CONTROLS = """[...document.querySelectorAll(
    'a[href], button, input, select, summary, [tabindex="0"]')].filter((node) =>
  !node.disabled && node.checkVisibility() && !(node.type === 'radio' && !node.checked))"""


def render(document: dict, folder: Path, name: str) -> Path:
    page = folder / f"{name}.html"
    if OPTIONS.renderer:
        data = folder / f"{name}.json"
        data.write_text(json.dumps(document))
        subprocess.run([OPTIONS.renderer, data, page], check=True)
    else:
        page.write_text(report_document.page(document))
    return page


class ReportCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Chromium()
        cls.addClassCleanup(cls.browser.close)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.documents = {name: make() for name, make in report_document.KINDS.items()}
        cls.pages = {name: render(document, Path(folder.name), name)
                     for name, document in cls.documents.items()}

    def open(self, kind: str = "usual", width: int = 1280) -> Page:
        page = Page(self.browser, width)
        self.addCleanup(page.close)
        page.open(self.pages[kind])
        self.page = page
        self.document = self.documents[kind]
        self.addCleanup(lambda: self.assertEqual(page.faults(), []))
        return page

    def choose(self, label: str, value) -> None:
        """Sets the control of the filter bar, as a reader would who chooses it."""
        self.page.evaluate(f"""(() => {{
          const field = [...document.querySelectorAll('#pictures .filters label')].find(
            (node) => node.textContent.trim().startsWith({json.dumps(label)}));
          const control = field.querySelector('select, input');
          if (control.type === 'checkbox') {{
            if (control.checked !== {json.dumps(value)}) control.click();
          }} else {{
            control.value = {json.dumps(value)};
            if (control.value !== {json.dumps(str(value))}) throw Error('no such choice');
            control.dispatchEvent(new Event('input', {{bubbles: true}}));
            control.dispatchEvent(new Event('change', {{bubbles: true}}));
          }}
        }})()""")
        if label == "Search":
            self.page.evaluate("new Promise((done) => setTimeout(done, 200))")

    def shown(self) -> list[int]:
        """The rows of the grid, all of those that the filters leave."""
        self.page.evaluate("[...document.querySelectorAll('.more-rows button')].at(-1)?.click()")
        self.page.wait("!document.querySelector('.more-rows button')")
        self.page.settle()
        self.page.wait("""document.querySelector('.status').textContent.startsWith(
            document.querySelectorAll('.row').length.toLocaleString('en'))""")
        return self.page.each(".row", "Number(it.dataset.row)")

    def box(self, selector: str) -> dict:
        """Where the element is, in the middle of the window."""
        self.page.one(selector, "it.scrollIntoView({block: 'center', behavior: 'instant'})")
        self.page.settle()
        return self.page.one(selector, "it.getBoundingClientRect().toJSON()")

    def split(self) -> float:
        """Of the first card, in per cent: where the left picture really ends."""
        self.page.settle()
        clip = self.page.one(".row .layer.left", "getComputedStyle(it).clipPath")
        found = re.fullmatch(r"inset\(0px (?:calc\(100% - )?([\d.]+)%\)? 0px 0px\)", clip)
        self.assertTrue(found, clip)
        return float(found[1]) if "calc" in clip else 100 - float(found[1])
