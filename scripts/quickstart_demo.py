#!/usr/bin/env python3
"""Erases three concepts from the demo model and shows what changed.

    scripts/quickstart_demo.py --bundle build/emoji --program build/gloce --out build/demo

Builds erasers, draws the same prompts and seeds with and without them, judges
the pictures with the bundle's detector, writes OUT/before_after.png and prints
a table.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys

from PIL import Image, ImageDraw

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

from demo.judge import Judge  # noqa: E402
from demo.scenes import with_article  # noqa: E402

ERASED = ["cat", "guitar", "pizza"]
KEPT = ["owl", "car", "banana"]
PAIRS = [("cat", "banana"), ("owl", "guitar"), ("pizza", "car")]
SEEDS = 4
LABEL_HEIGHT = 14


def prompts() -> list[tuple[str, tuple[str, ...]]]:
    """(prompt, the concepts it names), singles first."""
    singles = [(f"a picture of {with_article(n)}", (n,)) for n in ERASED + KEPT]
    pairs = [(f"a picture of {with_article(a)} and {with_article(b)}", (a, b)) for a, b in PAIRS]
    return singles + pairs


def write_table(path: pathlib.Path) -> None:
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["case_number", "prompt", "evaluation_seed", "num_images"])
        for i, (prompt, _) in enumerate(prompts()):
            table.writerow([i, prompt, 1000 * (i + 1), SEEDS])


def load(folder: pathlib.Path, row: int) -> list[Image.Image]:
    return [Image.open(folder / f"{row}_{i}.png").convert("RGB") for i in range(SEEDS)]


def build_erasers(gloce: str, model: list[str], out: pathlib.Path) -> pathlib.Path:
    """Builds OUT/erasers.safetensors, unless the same model and settings made it already."""
    erasers, recipe = out / "erasers.safetensors", out / "erasers.json"
    names = [word for name in ERASED for word in ("--erase", name)]
    build = [gloce, "build", *model, *names]
    manifest = json.loads((pathlib.Path(model[1]) / "bundle.json").read_text())
    plan = subprocess.run([*build, "--dry-run", "--json"], check=True, capture_output=True,
                          text=True).stdout
    # Not the plan's measured times, which differ from run to run.
    wanted = json.dumps([manifest["model_identity"], json.loads(plan)["concepts"]], indent=1)
    if not (erasers.exists() and recipe.exists() and recipe.read_text() == wanted):
        recipe.unlink(missing_ok=True)
        subprocess.run([*build, "--out", str(erasers)], check=True)
        recipe.write_text(wanted)
    return erasers


def draw_sheet(before: pathlib.Path, after: pathlib.Path, path: pathlib.Path) -> None:
    """Two prompts a line, each with its pictures before and after."""
    size = load(before, 0)[0].width
    cell_width, cell_height = SEEDS * size + 44, 2 * (size + 2) + LABEL_HEIGHT + 6
    cells = prompts()
    columns = 2
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * (cell_width + 10), rows * cell_height), "white")
    pen = ImageDraw.Draw(sheet)
    for n, (prompt, _) in enumerate(cells):
        x, y = n % columns * (cell_width + 10), n // columns * cell_height
        pen.text((x + 44, y + 1), prompt, fill="black")
        for line, (name, folder) in enumerate((("before", before), ("after", after))):
            top = y + LABEL_HEIGHT + line * (size + 2)
            pen.text((x + 4, top + size // 2 - 5), name, fill="black")
            for i, image in enumerate(load(folder, n)):
                sheet.paste(image, (x + 44 + i * size, top))
    sheet.save(path)


def print_table(judge: Judge, before: pathlib.Path, after: pathlib.Path) -> None:
    print(f"{'':22}{'before':>8}{'after':>8}")
    for kind, names in (("erased", ERASED), ("kept", KEPT)):
        for name in names:
            cells = [(r, shown) for r, (_, shown) in enumerate(prompts()) if name in shown]
            rates = []
            for folder in (before, after):
                found = [name in s for r, _ in cells for s in judge.shown(load(folder, r))]
                rates.append(sum(found) / len(found))
            print(f"{kind:8}{name:14}{rates[0]:8.0%}{rates[1]:8.0%}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=pathlib.Path, required=True)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    write_table(out / "prompts.csv")
    gloce = str(options.program.resolve())
    model = ["--model", str(options.bundle)]
    erasers = build_erasers(gloce, model, out)
    common = [gloce, "generate", *model, "--prompts", str(out / "prompts.csv"), "--guidance", "5",
              "--batch-size", "12"]
    subprocess.run([*common, "--out", str(out / "before")], check=True)
    subprocess.run([*common, "--erasers", str(erasers), "--out", str(out / "after")], check=True)
    draw_sheet(out / "before", out / "after", out / "before_after.png")
    print_table(Judge(options.bundle), out / "before", out / "after")
    print(f"pictures: {out}/before_after.png   erasers: {erasers}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        print(f"error: {' '.join(error.cmd[:2])} ended with {error.returncode}", file=sys.stderr)
        sys.exit(1)
