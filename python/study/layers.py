"""Which layers matter: erasers that act in some of the layers alone."""

from study import erasers_file
from study.bench import Bench, rows_of


def short(path: str) -> str:
    """down_blocks.1.attentions.0… -> "down 1.0"."""
    words = path.split(".")
    place = words[0].split("_")[0]
    return place if place == "mid" else f"{place} {words[1]}.{words[3]}"


def settings(widths: dict[str, int]) -> dict[str, set[str]]:
    """Name -> layers that act. widths: of every layer; those of one resolution share theirs."""
    hooks, every = list(widths), set(widths)
    only = {f"only {short(h)}": {h} for h in hooks}
    but = {f"all but {short(h)}": every - {h} for h in hooks}
    shared = {width: {h for h in hooks if widths[h] == width} for width in widths.values()}
    return {"none": set(), "all": every, **only, **but,
            **{f"only width {width}": members for width, members in shared.items()
               if len(members) > 1}}


def run(bench: Bench) -> list[dict]:
    erased, sizes = bench.scale.erased, bench.scale.sizes
    base = bench.build(bench.out / "layers" / f"{'-'.join(erased)}.safetensors", erased,
                       "--plan", "fast")
    lines = []
    for name, acting in list(settings(erasers_file.hook_widths(base)).items())[:bench.scale.layers]:
        def draw(rows, folder):
            path = folder.with_name(folder.name + ".safetensors")
            bench.draw(rows, folder, erasers_file.shut_all_but(acting, base, path))

        lines.append(bench.measure("layers", {"layers": name}, erased, sizes,
                                   lambda: bench.plain("plain", [rows_of(erased, sizes)]), draw))
    return lines
