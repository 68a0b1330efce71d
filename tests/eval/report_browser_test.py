#!/usr/bin/env python3
"""Opens reports in a headless Chromium and uses them.

    tests/eval/report_browser_test.py --renderer build/tests/eval/report_renderer
    tests/eval/report_browser_test.py                   pages put together without C++
    tests/eval/report_browser_test.py --shots FOLDER    takes pictures of them instead of testing
"""

import argparse
import base64
import itertools
import sys
import tempfile
import unittest
from pathlib import Path

import report_document
from chromium import SHIFT, Chromium, Page
from report_case import CONTROLS, FAINT_TEXTS, OPTIONS, ReportCase, render

PHONE = 360

class ReportTest(ReportCase):
    # -- loading ---------------------------------------------------------------

    def test_every_document_loads_without_faults(self):
        for kind, width in itertools.product(self.documents, (1280, PHONE)):
            with self.subTest(kind, width=width):
                page = self.open(kind, width)
                self.assertEqual(page.faults(), [])
                self.assertFalse(page.evaluate("!!document.querySelector('.fault[role=alert]')"))
                self.assertEqual(page.one("h1", "it.textContent"), self.document["title"])

    def test_no_text_is_a_slip(self):
        for kind in ("usual", "methods", "minimal"):
            page = self.open(kind)
            page.each("details", "it.open = true")
            page.one(".row .more", "it.click()")
            page.settle()
            text = page.one("body", "it.innerText")
            for slip in ("[object", "undefined", "NaN", "null"):
                self.assertNotIn(slip, text)

    def test_no_page_scrolls_sideways(self):
        for kind, width in itertools.product(self.documents, (PHONE, 700, 1280)):
            with self.subTest(kind, width=width):
                page = self.open(kind, width)
                self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                page.each("details", "it.open = true")
                page.one(".row .more", "it.click()")
                page.settle()
                self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                self.assertTrue(page.one("dialog.details",
                                         "it.open && it.scrollWidth <= it.clientWidth"))

    def test_four_hundred_pictures_fit_into_five_megabytes(self):
        rows = self.documents["usual"]["rows"]
        self.assertEqual(sum(len(row["pictures"]) for row in rows), 400)
        self.assertLess(self.pages["usual"].stat().st_size, 5e6)

    def test_sections_without_data_are_not_there(self):
        for kind, wanted in (("usual", "summary pictures concepts gates erasers sets"),
                             ("minimal", "summary pictures concepts sets")):
            page = self.open(kind)
            self.assertEqual(page.each("main > section", "it.id"), wanted.split())
            self.assertEqual(page.each("nav a", "it.hash.slice(1)"), wanted.split())
        fields = page.one(".filters", "it.textContent")
        for absent in ("Gate map", "Left", "Opacity"):
            self.assertNotIn(absent, fields)
        self.assertNotIn("Changed", page.one(".sortable thead", "it.textContent"))

    # -- pictures --------------------------------------------------------------

    def test_the_slider_follows_the_pointer(self):
        page = self.open()
        box = self.box(".row .compare")
        y = box["y"] + box["height"] / 2
        self.assertAlmostEqual(self.split(), 50, delta=1)
        page.mouse("Pressed", box["x"] + 0.25 * box["width"], y)
        self.assertAlmostEqual(self.split(), 25, delta=2)
        page.mouse("Moved", box["x"] + 0.8 * box["width"], y)
        self.assertAlmostEqual(self.split(), 80, delta=2)
        page.mouse("Released", box["x"] + 0.8 * box["width"], y)
        page.mouse("Moved", box["x"] + 0.1 * box["width"], y)
        self.assertAlmostEqual(self.split(), 80, delta=2)

    def test_the_slider_follows_a_finger(self):
        page = self.open(width=PHONE)
        box = self.box(".row .compare")
        y = box["y"] + box["height"] / 2
        page.touch("Start", (box["x"] + 0.5 * box["width"], y))
        for place in (0.6, 0.7, 0.8, 0.9):
            page.touch("Move", (box["x"] + place * box["width"], y))
        page.touch("End")
        self.assertAlmostEqual(self.split(), 90, delta=3)

    def test_the_slider_follows_keys(self):
        page = self.open()
        page.one(".row .compare input", "it.focus()")
        for key, modifiers, wanted in (
                ("ArrowRight", 0, 55), ("ArrowRight", 0, 60), ("ArrowLeft", 0, 55),
                ("ArrowLeft", SHIFT, 54), ("Home", 0, 0), ("End", 0, 100)):
            page.press(key, modifiers)
            self.assertAlmostEqual(self.split(), wanted, delta=0.5)
        self.assertEqual(page.one(":focus", "it.getAttribute('aria-valuetext')"), "before 100 %")

    def test_gate_maps_are_drawn(self):
        page = self.open()
        self.assertEqual(page.each("canvas", "1"), [])
        self.choose("Gate map", "*")
        row = next(row for row in self.document["rows"] if row["pictures"][0].get("gates"))
        gate = max(row["pictures"][0]["gates"], key=lambda one: one["share"])
        values = base64.b64decode(gate["map"]["values"])
        pixels = page.one(f'[data-row="{row["id"]}"] canvas',
                          "[...it.getContext('2d').getImageData(0, 0, it.width, it.height).data]")
        self.assertEqual(len(pixels), 4 * len(values))
        alphas = pixels[3::4]
        self.assertEqual(alphas[values.index(max(values))], 255)
        self.assertLess(alphas[values.index(0)], 100)
        bright = [sum(pixels[4 * i:4 * i + 3]) for i in range(len(values))]
        self.assertEqual(bright.index(max(bright)), values.index(max(values)))
        self.choose("Opacity", "20")
        self.assertEqual(page.one("canvas", "getComputedStyle(it).opacity"), "0.2")
        self.choose("Gate map", "=owl")
        self.shown()
        names = {name.split(" opened")[0] for name in page.each("canvas", "it.ariaLabel")}
        self.assertEqual(names, {"Where the gate of owl"})

    def test_details_compare_any_two_sets(self):
        page = self.open("methods")
        page.one(".row .more", "it.click()")
        row = self.document["rows"][0]
        sources = {picture["set"]: picture["src"] for picture in row["pictures"]}
        for part, layer, name in (("right", "right", "UCE"), ("left", "left", "ESD-x")):
            page.one(f"dialog [data-part={part}]",
                     f"{{ it.value = '{name}'; it.dispatchEvent(new Event('change')); }}")
            self.assertEqual(page.one(f"dialog .layer.{layer} img", "it.src"), sources[name])
        self.assertEqual(len(page.each("dialog tbody tr", "1")), len(sources))

    def test_pictures_stand_side_by_side(self):
        page = self.open()
        self.choose("View", "sides")
        box = self.box(".row .sides")
        corners = page.each(".row:first-child .corner", "it.textContent")
        self.assertEqual(corners, ["before", "GLoCE"])
        self.assertEqual(page.each(".row .compare input", "1"), [])
        widths = page.each(".row:first-child .compare", "it.offsetWidth")
        self.assertAlmostEqual(sum(widths), box["width"], delta=4)

    # -- filters and order -----------------------------------------------------

    def wanted(self, concept="", kind="", failed=False, text="") -> list[int]:
        words = text.lower().split()
        return [row["id"] for row in self.document["rows"]
                if (not concept or concept in row["asked"])
                and (not kind or row["kind"] == kind) and (not failed or row["failures"])
                and all(word in (row["prompt"] + " ".join(row["asked"] + row["failures"])
                                 + f" seed {row['seed']}").lower() for word in words)]

    def test_filters_alone_and_together(self):
        self.open()
        for concept, kind, failed, text in itertools.product(
                ("", "owl"), ("", "erased", "kept"), (False, True), ("", "PIZZA photo")):
            with self.subTest(concept=concept, kind=kind, failed=failed, text=text):
                self.choose("Concept", concept)
                self.choose("Kind", kind)
                self.choose("Failures only", failed)
                self.choose("Search", text)
                self.assertEqual(self.shown(), self.wanted(concept, kind, failed, text))

    def test_a_set_shows_the_rows_that_it_has(self):
        self.open("methods")
        document = self.documents["methods"]
        everything = [row["id"] for row in document["rows"]]
        self.assertEqual(self.shown(), everything)
        gone = [row["id"] for row in document["rows"]
                if not any(picture["set"] == "filter" for picture in row["pictures"])]
        self.assertTrue(gone)
        self.choose("Right", "filter")
        self.assertEqual(self.shown(), [row for row in everything if row not in gone])
        self.assertEqual(self.page.one(".row .corner-right", "it.textContent"), "filter")

    def test_filters_that_leave_nothing_can_be_cleared(self):
        page = self.open()
        self.choose("Search", "no such thing")
        self.assertEqual(self.shown(), [])
        page.one(".empty button", "it.click()")
        self.assertEqual(len(self.shown()), 200)

    def test_rows_are_sorted(self):
        self.open()
        rows = self.document["rows"]
        self.assertEqual(self.shown(), [row["id"] for row in rows])
        self.assertTrue(rows[0]["failures"])
        self.choose("Order", "asked")
        self.assertEqual(self.shown(), sorted(row["id"] for row in rows))
        self.choose("Order", "changed")
        changed = {row["id"]: row["pictures"][0]["changed"] for row in rows}
        self.assertEqual([changed[row] for row in self.shown()],
                         sorted(changed.values(), reverse=True))

    def test_the_table_of_concepts_is_sorted_by_its_titles(self):
        page = self.open()

        def names() -> list[str]:
            return page.each(".sortable tbody th", "it.textContent")

        def click(column: int) -> str:
            page.one(f".sortable th:nth-child({column + 1}) .sort", "it.click()")
            return page.one(".sortable thead [aria-sort]", "it.cellIndex + ' ' + it.ariaSort")

        every = sorted(concept["name"] for concept in self.document["concepts"])
        self.assertEqual(click(0), "0 ascending")
        self.assertEqual(names(), every)
        self.assertEqual(click(0), "0 descending")
        self.assertEqual(names(), every[::-1])
        shares = {concept["name"]: concept["sets"]["GLoCE"]["found"] / concept["sets"]["GLoCE"]["n"]
                  for concept in self.document["concepts"] if concept["sets"]["GLoCE"]["n"]}
        self.assertEqual(click(2), "2 descending")
        self.assertEqual([shares[name] for name in names() if name in shares],
                         sorted(shares.values(), reverse=True))

    def test_two_hundred_rows_come_in_pieces(self):
        page = self.open()
        self.assertEqual(len(page.each(".row", "1")), 24)
        longest = page.evaluate("""new Promise((done) => {
          let longest = 0, last = performance.now();
          const look = (now) => {
            longest = Math.max(longest, now - last);
            last = now;
            if (document.querySelectorAll('.row').length < 200) requestAnimationFrame(look);
            else done(longest);
          };
          [...document.querySelectorAll('.more-rows button')].at(-1).click();
          requestAnimationFrame(look);
        })""")
        self.assertLess(longest, 1000)  # ms; some 40 on an idle machine

    # -- keys, names, colours --------------------------------------------------

    def test_tab_reaches_every_control(self):
        page = self.open()
        self.choose("Failures only", True)
        page.evaluate(f"window.missed = new Set({CONTROLS}); document.activeElement.blur()")
        number = page.evaluate("missed.size")
        self.assertGreater(number, 60)
        for _ in range(number + 20):
            page.press("Tab")
            page.evaluate("missed.delete(document.activeElement)")
        self.assertEqual(page.evaluate("[...missed].map((one) => one.outerHTML.slice(0, 200))"), [])

    def test_keys_walk_through_rows(self):
        page = self.open()
        focused = "Number(document.activeElement.dataset.row)"
        rows = [row["id"] for row in self.document["rows"]]
        for key, wanted in (("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1)):
            page.press(key)
            self.assertEqual(page.evaluate(focused), rows[wanted])
        page.press("Enter")
        title = "#details-title"
        self.assertEqual(page.one(title, "it.textContent"), self.document["rows"][1]["prompt"])
        page.press("j")
        self.assertEqual(page.one(title, "it.textContent"), self.document["rows"][2]["prompt"])
        page.press("Escape")
        self.assertFalse(page.one("dialog.details", "it.open"))
        for _ in range(30):
            page.press("j")
        self.assertEqual(page.evaluate(focused), rows[31])  # more were made on the way
        page.press("f")
        self.assertEqual(self.shown(), self.wanted(failed=True))
        page.press("/")
        page.press("f")  # a letter now
        self.assertEqual(page.evaluate("document.activeElement.value"), "f")
        page.evaluate("document.activeElement.blur()")
        page.press("?")
        self.assertTrue(page.one("dialog.help", "it.open"))

    def test_every_control_and_plot_has_a_name(self):
        page = self.open()
        self.choose("Gate map", "*")
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        roles = ("button", "combobox", "slider", "searchbox", "checkbox", "radio", "link", "image",
                 "img", "region")
        found = [node for node in nodes
                 if not node.get("ignored") and node["role"]["value"] in roles]
        self.assertGreater(len(found), 100)
        self.assertEqual([node["role"] for node in found
                          if not node.get("name", {}).get("value", "").strip()], [])
        self.assertGreater(len(page.each(".plot-box svg[role=img] text", "1")), 100)

    def test_themes(self):
        page = self.open()
        ground = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(ground)
        page.media(prefers_color_scheme="dark")
        dark = page.evaluate(ground)
        self.assertNotEqual(light, dark)
        page.one('.theme [value="light"]', "it.click()")
        self.assertEqual(page.evaluate(ground), light)
        page.media(prefers_color_scheme="light")
        page.one('.theme [value="dark"]', "it.click()")
        self.assertEqual(page.evaluate(ground), dark)
        page.open(self.pages["usual"])
        self.assertEqual(page.evaluate(ground), dark)  # remembered
        page.one('.theme [value=""]', "it.click()")
        self.assertEqual(page.evaluate(ground), light)

    def test_texts_stand_out_in_both_themes(self):
        for kind, theme in itertools.product(("usual", "methods"), ("light", "dark")):
            with self.subTest(kind, theme=theme):
                page = self.open(kind)
                page.media(prefers_color_scheme=theme)
                page.settle()
                self.assertEqual(page.evaluate(FAINT_TEXTS), [])

    def test_print_has_every_row(self):
        page = self.open()
        page.call("Page.printToPDF")
        self.assertEqual(len(page.each(".row", "1")), 200)

    # -- texts from outside ----------------------------------------------------

    def test_hostile_texts_are_texts(self):
        page = self.open("hostile")
        self.choose("Gate map", "*")
        for _ in self.document["rows"]:
            page.press("j")
            page.press("Enter")
            page.press("Escape")
        self.assertEqual(page.evaluate("window.hacked ?? null"), None)
        self.assertEqual(len(page.each("script", "1")), 2)
        self.assertEqual(page.each("img:not(.layer img)", "1"), [])
        self.assertEqual(page.evaluate("document.title"), self.document["title"])
        prompts = page.each(".prompt", "it.textContent")
        for prompt, row in zip(prompts, self.document["rows"], strict=True):
            wanted = row["prompt"]
            cut = len(prompt) == 400 and wanted.startswith(prompt[:-1])
            self.assertTrue(prompt == wanted or cut, wanted[:80])
        self.assertLess(max(page.each(".row", "it.offsetHeight")), 1200)


def take_shots(folder: Path) -> None:
    """Every document in both themes, on a desk and on a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    browser = Chromium()
    with tempfile.TemporaryDirectory() as pages:
        for kind, make in report_document.KINDS.items():
            path = render(make(), Path(pages), kind)
            for theme, width in itertools.product(("light", "dark"), (1280, PHONE)):
                page = Page(browser, width)
                page.media(prefers_color_scheme=theme)
                page.open(path)
                page.screenshot(folder / f"{kind}-{theme}-{width}.png", whole=True)
                page.one(".row .more", "it.click()")
                page.settle()
                page.screenshot(folder / f"{kind}-{theme}-{width}-details.png")
                page.one("dialog.details", "it.close()")
                page.press("g")
                page.settle()
                page.one("#pictures", "it.scrollIntoView({behavior: 'instant'})")
                page.settle()
                page.screenshot(folder / f"{kind}-{theme}-{width}-gates.png")
                page.close()
    browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renderer", type=Path)
    parser.add_argument("--shots", type=Path)
    options, rest = parser.parse_known_args()
    OPTIONS.renderer = options.renderer
    if options.shots:
        take_shots(options.shots)
    else:
        unittest.main(argv=[sys.argv[0], *rest])
