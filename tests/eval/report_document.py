#!/usr/bin/env python3
"""Documents for the report of `gloce eval`, made up but of the real shape and size.

    tests/eval/report_document.py KIND OUT.json
    tests/eval/report_document.py KIND OUT.html --page    from src/eval/report/, without C++

Pictures are scenes as the demo model draws them (Debian package fonts-noto-color-emoji), or plain
shapes where the font is not installed.
"""

import argparse
import base64
import functools
import io
import itertools
import json
import math
import random
import re
import sys
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
from demo import scenes  # noqa: E402

LAYERS = [f"{place}.attentions.{i}.transformer_blocks.0.attn2.to_out.0"
          for place in ("down_blocks.0", "down_blocks.1", "mid_block", "up_blocks.1", "up_blocks.2")
          for i in range(1 if place == "mid_block" else 2)]
STEPS = [981.0 - 20 * i for i in range(50)]
TOKENS = 16  # along an edge of a gate map
HOSTILE = ("</script><script>window.hacked = 1</script><img src=x onerror=\"window.hacked = 1\">"
           "<!--<script>\u2028 & {{data}}")


def jpeg(image: Image.Image) -> str:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


@functools.cache
def picture(names: tuple[str, ...], color: str, seed: int) -> Image.Image:
    rng = random.Random(seed)
    if Path(scenes.FONT).exists():
        return scenes.draw(rng, list(names), color, None).picture
    image = Image.new("RGB", (64, 64), scenes.COLORS[color])
    for i, name in enumerate(names):
        fill = tuple(random.Random(name).randrange(256) for _ in range(3))
        x = (16 if i == 0 else 48) if len(names) == 2 else 32
        box = [x - 14, 20 + rng.randrange(8), x + 14, 48]
        draw = ImageDraw.Draw(image)
        (draw.ellipse if len(name) % 2 else draw.rectangle)(box, fill)
    return image


def gate_map(x: float, strength: float, rng: random.Random) -> dict:
    """A blob around x, y = 0.5 with ragged edges."""
    values = []
    for row in range(TOKENS):
        for column in range(TOKENS):
            away = math.hypot((column + 0.5) / TOKENS - x, (row + 0.5) / TOKENS - 0.5)
            share = strength * math.exp(-(away / 0.17) ** 2) * rng.uniform(0.75, 1)
            values.append(round(255 * share) if share > 0.03 else 0)
    return {"width": TOKENS, "height": TOKENS, "values": base64.b64encode(bytes(values)).decode()}


def profile(strength: float, rng: random.Random) -> dict:
    """How open a gate is by layer and by step."""
    def bump(i, count, middle):
        return strength * math.exp(-((i / count - middle) / 0.3) ** 2) * rng.uniform(0.8, 1)
    return {"layers": [round(bump(i, len(LAYERS), 0.6), 4) for i in range(len(LAYERS))],
            "steps": [0 if i < 10 else round(bump(i, 50, 0.5), 4) for i in range(50)]}


class Maker:
    """A document with `rows` rows and the given sets: name -> role."""

    def __init__(self, rows: int, sets: dict[str, str], erased: int = 20):
        self.rng = random.Random(7)
        self.sets = sets
        self.erased = scenes.CONCEPTS[:erased]
        self.kept = scenes.CONCEPTS[erased:]
        self.rows = [self.row(i) for i in range(rows)]
        self.rows.sort(key=lambda row: -row["badness"])

    def row(self, i: int) -> dict:
        rng = self.rng
        names = self.kept if i % 2 else self.erased
        first = names[i // 2 % len(names)]
        second = rng.choice([name for name in self.kept if name != first])
        asked = (first, second) if rng.random() < 0.6 else (first,)
        color = rng.choice(list(scenes.COLORS))
        erased = [name for name in asked if name in self.erased]
        row = {"id": i, "prompt": scenes.caption(rng, list(asked), color, None), "seed": 1000 + i,
               "asked": list(asked), "erased": erased, "kind": "erased" if erased else "kept",
               "failures": [], "badness": 0, "pictures": []}
        for k, (name, role) in enumerate(self.sets.items()):
            row["pictures"].append(
                self.picture(row, asked, color, name, role, f"{name}/{i}_0.png", k == 0))
        return row

    def picture(self, row, asked, color, name, role, file, judged) -> dict:
        rng = self.rng
        erasing = role in ("erased", "compared")
        stays = rng.random() < (0.06 if role == "erased" else 0.2)
        shown = []
        for label in asked:
            if erasing and label in row["erased"] and not stays:
                if rng.random() < 0.7:  # something else of its kind is there instead
                    shown.append(rng.choice(["apple", "house", "clock", "car"]))
            elif not (erasing and label not in row["erased"] and rng.random() < 0.04):
                shown.append(label)
        image = picture(tuple(shown) or ("balloon",), color, row["seed"])
        found = [{"label": label, "score": round(rng.uniform(0.82, 0.999), 3)}
                 for label in dict.fromkeys(shown)]
        result = {"set": name, "file": file, "src": jpeg(image), "width": 64, "height": 64,
                  "found": found}
        if erasing:
            for label in row["erased"] if judged else []:
                if label in shown:
                    row["failures"].append(f"{label} is still there")
            for label in asked if judged else []:
                if label not in row["erased"] and label not in shown:
                    row["failures"].append(f"{label} is missing")
            if judged:
                badness = 0.5 * len(row["failures"]) + rng.uniform(0, 0.4)
                row["badness"] = round(min(1.0, badness), 3)
            result |= {"changed": round(rng.uniform(0.01, 0.2), 4),
                       "changed_inside": round(rng.uniform(0.2, 0.5), 4) if row["erased"] else None,
                       "changed_outside": round(rng.uniform(0.002, 0.04), 4)}
        if role == "erased" and row["erased"]:
            x = 0.5 if len(asked) == 1 else 0.25 if asked[0] in row["erased"] else 0.75
            result["gates"] = [{"concept": label, "share": round(rng.uniform(0.01, 0.05), 4),
                                "map": gate_map(x, rng.uniform(0.4, 0.8), rng), **profile(0.1, rng)}
                               for label in row["erased"]]
        return result

    def concepts(self) -> list[dict]:
        result = []
        for name in self.erased + self.kept:
            rows = [row for row in self.rows if name in row["asked"]]
            sets = {}
            for set_name, role in self.sets.items():
                pictures = [p for row in rows for p in row["pictures"] if p["set"] == set_name]
                found = sum(any(f["label"] == name for f in p["found"]) for p in pictures)
                sets[set_name] = {"n": len(pictures), "found": found}
                if role == "erased":
                    erased = name in self.erased
                    inside = [p["changed_inside"] for p in pictures if p["changed_inside"]]
                    sets[set_name] |= {
                        "changed_inside": sum(inside) / len(inside) if inside and erased else None,
                        "changed_outside": self.rng.uniform(0.01, 0.03),
                        "gate_activity": self.rng.uniform(0.02, 0.04) if erased else None}
            result.append({"name": name, "erased": name in self.erased, "sets": sets})
        return result

    def figures(self) -> list[dict]:
        kinds = [  # value of GLoCE, value before erasing, half the interval, n
            ("erased_accuracy", "Acc_e", "erased concepts that the detector still finds",
             "lower", "share", 0.031, 0.97, 0.02, 120),
            ("kept_accuracy", "Acc_s", "other concepts that the detector finds",
             "higher", "share", 0.951, 0.975, 0.03, 200),
            ("harmonic_mean", "H", "harmonic mean of 1 − Acc_e and Acc_s",
             "higher", "share", 0.96, 0.06, 0.02, 320),
            ("clip_score", "CLIP score", "cosine of picture and prompt, × 100",
             "higher", "score", 29.41, 30.2, 0.4, 400),
            ("fid", "FID", "Fréchet distance to the pictures before erasing",
             "lower", "distance", 12.83, None, None, 400),
            ("kid", "KID", "kernel distance to the pictures before erasing",
             "lower", "distance", 0.00231, None, 0.0006, 400)]
        result = []
        for name, label, meaning, better, unit, value, before, half, n in kinds:
            for i, (set_name, role) in enumerate(self.sets.items()):
                own = before if role == "before" else value
                if own is not None and role == "compared":
                    own = own * (1 + 0.12 * i if better == "lower" else 1 - 0.04 * i)
                interval = half is not None and own is not None
                top = 1 if unit == "share" else math.inf
                result.append({
                    "name": name, "label": label, "meaning": meaning, "better": better,
                    "unit": unit, "set": set_name, "value": own, "n": n,
                    "low": max(0, own - half) if interval else None,
                    "high": min(top, own + half) if interval else None})
        return result

    def erasers(self) -> dict:
        rng = self.rng

        def layer(i: int) -> dict:
            center = 0.35 + 0.02 * i
            return {"center": center, "anchor_mean": center - rng.uniform(0.08, 0.15),
                    "anchor_std": rng.uniform(0.01, 0.04),
                    "target_mean": center + rng.uniform(0.15, 0.35),
                    "target_std": rng.uniform(0.03, 0.08),
                    "explained_map": rng.uniform(0.55, 0.8),
                    "explained_target": rng.uniform(0.9, 0.99),
                    "explained_gate": rng.uniform(0.3, 0.5)}

        def concept(name: str) -> dict:
            anchors = [scenes.with_article(other) for other in rng.sample(self.kept, 3)]
            return {"name": name, "rank_map": 2, "rank_target": 16, "rank_gate": 1, "tau": 2.5,
                    "eta": 1.0, "anchors": [f"a picture of {anchor}" for anchor in anchors],
                    "mapping": ["a picture of an animal"], "surrogate": ["an animal"],
                    "by_layer": [layer(i) for i in range(len(LAYERS))]}

        n = len(self.erased)
        values = [[1.0] * n for _ in range(n)]
        for i, j in itertools.combinations(range(n), 2):
            values[i][j] = values[j][i] = round(0.35 + 0.5 * rng.random() ** 2, 3)
        return {"layers": LAYERS, "similarity": {"names": self.erased, "values": values},
                "concepts": [concept(name) for name in self.erased]}

    def document(self) -> dict:
        judged = next(iter(self.sets))
        sets = [{"name": name, "role": role, "folder": f"out/{name.lower()}",
                 "pictures": len(self.rows), "broken": [], "model": "emoji", "strength": 1.0,
                 "erasers": "ab12cd34ef56" if role == "erased" else None,
                 "concepts": [] if role == "before" else self.erased}
                for name, role in self.sets.items()]
        sets[0]["broken"] = [{"file": "37_0.png", "message": "PNG ends in the middle of its data"}]
        return {
            "format": "gloce-report", "version": 1,
            "title": f"{len(self.erased)} concepts erased from emoji",
            "versions": {"gloce": "0.1.0"}, "sets": sets, "figures": self.figures(),
            "concepts": self.concepts(), "rows": self.rows, "rows_left_out": 0,
            "gate_axes": {"layers": LAYERS, "steps": STEPS},
            "gate_profile": [{"concept": name, "set": judged, "kind": kind, "n": 10,
                              **profile(0.09 if kind == "asked" else 0.004, self.rng)}
                             for name in self.erased for kind in ("asked", "not asked")],
            "erasers": self.erasers()}


def usual(rows: int = 200) -> dict:
    """Twenty concepts, two pictures a row."""
    return Maker(rows, {"GLoCE": "erased", "before": "before"}).document()


def methods() -> dict:
    """Five methods beside each other, few rows."""
    sets = {"GLoCE": "erased", "before": "before"} | {
        name: "compared" for name in ("negative prompt", "filter", "UCE", "ESD-x")}
    document = Maker(24, sets).document() | {"rows_left_out": 376}
    for row in document["rows"][::5]:
        row["pictures"] = [one for one in row["pictures"] if one["set"] != "filter"]
    return document


def minimal() -> dict:
    """One set without anything that may be absent."""
    document = Maker(4, {"only": "erased"}, erased=1).document()
    for row in document["rows"]:
        for picture_ in row["pictures"]:
            for key in ("gates", "changed", "changed_inside", "changed_outside"):
                picture_.pop(key, None)
    for concept in document["concepts"]:
        concept["sets"] = {name: {"n": counts["n"], "found": counts["found"]}
                           for name, counts in concept["sets"].items()}
    for figure in document["figures"]:
        figure["low"] = figure["high"] = None
    document["sets"][0] |= {"broken": [], "erasers": None}
    return document | {"gate_axes": None, "gate_profile": None, "erasers": None}


def hostile() -> dict:
    """Texts that try to be markup, turn the direction of writing, or have no end."""
    document = Maker(12, {"GLoCE": "erased", "before": "before"}).document()
    texts = [HOSTILE, "x" * 10_000, "wide words " * 900, "\u202eevil \u2066 override",
             "قطة وكلب في الحديقة", "👩‍👩‍👧‍👦🏳️‍🌈 emoji 🦉", "tab\tnew\nline\u0000\u0007",
             "A\u0301\u0301\u0301" * 200, " ", "{{script}}", "%s %n", "'\"`&lt;"]
    for row, text in zip(document["rows"], texts):
        row["prompt"] = text
        row["failures"] = [f"{text[:200]} is still there"]
        for picture_ in row["pictures"]:
            picture_["file"] = text[:200]
            if picture_["found"]:
                picture_["found"][0]["label"] = text[:300]
    for concept, text in zip(document["concepts"], texts):
        concept["name"] = text
    for part in (document["gate_profile"], document["erasers"]["concepts"]):
        for entry, text in zip(part, texts):
            entry["concept" if "concept" in entry else "name"] = text
    document["erasers"]["similarity"]["names"][:len(texts)] = texts
    document["erasers"]["concepts"][0]["anchors"] = texts
    document["title"] = HOSTILE
    document["sets"][1]["name"] = HOSTILE
    document["sets"][0]["broken"] = [{"file": HOSTILE, "message": HOSTILE}]
    document["sets"][0]["concepts"] = texts
    for entry in document["figures"] + [p for row in document["rows"] for p in row["pictures"]]:
        entry["set"] = HOSTILE if entry["set"] == "before" else entry["set"]
    for concept in document["concepts"]:
        concept["sets"][HOSTILE] = concept["sets"].pop("before")
    return document


KINDS = {"usual": usual, "methods": methods, "minimal": minimal, "hostile": hostile}


def page(document: dict) -> str:
    """What RenderReport makes, for work on the page without a build of gloce."""
    folder = ROOT / "src/eval/report"
    order = re.findall(r"[\w]+\.js", (folder / "CMakeLists.txt").read_text())
    parts = {"style": (folder / "page.css").read_text(),
             "data": json.dumps(document, ensure_ascii=False).replace("<", "\\u003c"),
             "script": "".join((folder / name).read_text() for name in order)}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found.group(1)],
                  (folder / "page.html").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    document = KINDS[options.kind]()
    options.out.write_text(page(document) if options.page else json.dumps(document))


if __name__ == "__main__":
    main()
