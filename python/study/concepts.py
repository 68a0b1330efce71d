"""How the number of erased concepts moves erasing, keeping, and where pictures change.

Statistics from one seed, which do as well as more (the part images).
"""

import json
import random

from demo.scenes import CONCEPTS
from study.bench import TUNED, Bench, rows_of


def chosen(number: int, choice: int) -> tuple[str, ...]:
    """The first NUMBER of an order of its own for every choice: 5 hold the 2, and so on."""
    names = [name for name in CONCEPTS if name not in TUNED]
    random.Random(choice).shuffle(names)
    return tuple(names[:number])


def run(bench: Bench) -> list[dict]:
    cases = [(number, choice, chosen(number, choice), sizes)
             for number, (choices, sizes) in bench.scale.concepts.items()
             for choice in range(choices)]
    cases.sort(key=lambda case: case[1])  # a curve with the first choice, then more choices
    plain = None

    def before():
        nonlocal plain
        plain = plain or bench.plain(
            "concepts/plain", [rows_of(erased, sizes) for *_, erased, sizes in cases])
        return plain

    def locality(folder, before_folder) -> dict:
        """`gloce eval`'s shares of changed pixels, where the erased thing stood and elsewhere."""
        found = json.loads(bench.run("eval", "--images", folder, "--before", before_folder,
                                     "--json"))
        return {"eval": {figure["name"]: figure["value"] for figure in found["figures"]
                         if figure["set"] == found["sets"][0]["name"]}}

    lines = []
    for number, choice, erased, sizes in cases:
        def draw(rows, folder):
            path = bench.out / "concepts" / f"{number}-{choice}.safetensors"
            bench.draw(rows, folder, bench.build(path, erased, "--plan", "fast", "--num-seeds", 1))

        lines.append(bench.measure("concepts", {"number": number, "choice": choice}, erased, sizes,
                                   before, draw, locality))
    return sorted(lines, key=lambda line: line["key"]["setting"]["number"])
