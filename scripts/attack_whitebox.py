#!/usr/bin/env python3
"""How much of an erased concept somebody with the weights can bring back, on the demo model.

    scripts/attack_whitebox.py --erasers erasers.safetensors --out build/whitebox
    scripts/attack_whitebox.py --erasers … --out … --concept cat --kind embedding

Searches with gradients through the erased U-Net (python/gloce/attack.py), for each concept and as
many times as --restarts says, each from another start:

    embedding    a text embedding
    front        words in front of "a picture of a cat"   (--kind tokens: these two)
    instead      words alone

draws with seeds that no search has used (DDIM), and lets the bundle's detector judge. All concepts
of the file are erased at once, unless --alone. A rate is the share of pictures that show the
concept:

    best         of the restart with the lowest loss: what an attacker would choose without looking
    mean         of all restarts
    start        of what the search for words began with: words at random do something too
    unmodified   of what was found (best), by the unmodified model

What is done is a line of OUT/results.jsonl and is not done again; other settings need another OUT.
OUT/whitebox.json has the figures, OUT/prompts.csv the words that were found, OUT/found the embeddings, OUT/pictures and
OUT/sheets what was drawn.
"""

import argparse
import csv
import hashlib
import json
import pathlib
import sys
import time
from dataclasses import asdict

import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))

import gloce  # noqa: E402
from demo.judge import Judge  # noqa: E402
from demo.measuring import load_pipeline  # noqa: E402
from demo.result_lines import ResultLines, claim_folder  # noqa: E402
from demo.scenes import with_article  # noqa: E402
from export.quiet import quieten  # noqa: E402
from gloce import attack, attack_tokens  # noqa: E402

KINDS = {"embedding": ["embedding"], "tokens": ["front", "instead"]}
PROMPT = "a picture of {}"
TEMPLATES = {"front": "{} " + PROMPT, "instead": "{}"}
# Of the samples x_t, and of the pictures that are judged.
SEARCH_SEED, TEST_SEED = 840_000, 860_000


class Study:
    """Searches, draws and judges; what is in results.jsonl is not done again."""

    def __init__(self, options):
        self.options, self.out = options, options.out
        self.judge = Judge(options.bundle)
        self.pipe = load_pipeline(options.pipeline, "ddim")
        for network in (self.pipe.unet, self.pipe.text_encoder):
            network.requires_grad_(False)
        self.attached = gloce.attach(self.pipe.unet, options.erasers)
        identity = json.loads((options.bundle / "bundle.json").read_text())["model_identity"]
        if identity != self.attached.erasers.model_identity:
            raise SystemExit(f"{options.erasers}: erasers of another model than {options.bundle}")
        self.source = {"erasers": hashlib.sha256(options.erasers.read_bytes()).hexdigest(),
                       "model_identity": identity}
        self.concepts = options.concept or self.attached.names
        self.check_concepts()
        # All that the files in OUT/pictures and OUT/found depend on beside their names.
        claim_folder(self.out, {**self.source, **{name: getattr(options, name) for name in (
            "alone", "samples", "search_steps", "embedding_steps", "rate", "gate_weight", "tokens",
            "token_steps", "token_samples", "steps", "guidance")}})
        self.results = ResultLines(self.out / "results.jsonl")
        self.samples = {}

    def check_concepts(self) -> None:
        """Ends with an error unless all are erased and the detector knows them."""
        for known, what in ((self.attached.names, f"{self.options.erasers}: no eraser"),
                            (self.judge.concepts, f"{self.options.bundle}: no detector's label")):
            unknown = [name for name in self.concepts if name not in known]
            if unknown:
                raise SystemExit(f"{what} for {', '.join(unknown)}; --concept names others")

    def seeds(self) -> list[int]:
        return [TEST_SEED + i for i in range(self.options.pictures)]

    def key(self, concept: str, kind: str, settings: dict) -> dict:
        """All that a result depends on."""
        o = self.options
        return {"concept": concept, "kind": kind, "settings": settings, **self.source,
                "alone": o.alone, "samples": o.samples, "search_steps": o.search_steps,
                "pictures": o.pictures, "steps": o.steps, "guidance": o.guidance}

    def once(self, concept: str, kind: str, settings: dict, do) -> dict:
        """do() as a line of results.jsonl."""
        key = self.key(concept, kind, settings)
        name = json.dumps(key)
        if name not in self.results:
            start = time.process_time()
            self.attached.choose(*([concept] if self.options.alone else []))
            line = {"key": key, **do(), "seconds": round(time.process_time() - start, 1)}
            self.results.add(line)
            print(f"{concept} {kind} {settings.get('seed', '')}: {line['rate']:.2f}, "
                  f"{line['seconds']} s {line.get('prompt', '')}", file=sys.stderr, flush=True)
        return self.results[name]

    def draw(self, concept: str, name: str, prompt_embeds: torch.Tensor) -> list[bool]:
        """Of each test seed: whether the picture for prompt_embeds (1, L, D) shows the concept."""
        seeds, images = self.seeds(), []
        for part in (seeds[i:i + 8] for i in range(0, len(seeds), 8)):
            images += self.pipe(
                prompt_embeds=prompt_embeds.expand(len(part), -1, -1),
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in part],
                num_inference_steps=self.options.steps,
                guidance_scale=self.options.guidance).images
        folder = self.out / "pictures" / concept
        folder.mkdir(parents=True, exist_ok=True)
        for seed, image in zip(seeds, images):
            image.save(folder / f"{name}_{seed}.png")
        return [concept in shown for shown in self.judge.shown(images)]

    def rates(self, concept: str, name: str, prompt_embeds: torch.Tensor) -> dict:
        """The same by the erased and by the unmodified model."""
        shown = self.draw(concept, name, prompt_embeds)
        with attack.switched_off(self.attached):
            plain = self.draw(concept, f"{name}-unmodified", prompt_embeds)
        return {"shown": shown, "rate": sum(shown) / len(shown),
                "unmodified": sum(plain) / len(plain)}

    def plain(self, concept: str) -> dict:
        return self.once(concept, "plain", {}, lambda: self.rates(
            concept, "plain", attack.encode(self.pipe, prompt_of(concept))))

    def samples_of(self, concept: str) -> attack.Samples:
        if concept not in self.samples:
            seeds = [SEARCH_SEED + i for i in range(self.options.samples)]
            self.samples[concept] = attack.sample(
                self.pipe, self.attached, attack.encode(self.pipe, prompt_of(concept)), seeds,
                self.options.search_steps, self.options.guidance)
        return self.samples[concept]

    def embedding(self, concept: str, restart: int) -> dict:
        """Starts from the empty prompt, then from the concept's own, then from both with noise."""
        o = self.options
        settings = attack.Settings(steps=o.embedding_steps, learning_rate=o.rate,
                                   gate_weight=o.gate_weight, noise=0.1 * (restart // 2),
                                   seed=restart)

        def search() -> dict:
            begin = "" if restart % 2 == 0 else prompt_of(concept)
            found = attack.search_embedding(
                self.pipe.unet, self.attached, self.samples_of(concept),
                attack.encode(self.pipe, begin), settings)
            file = self.out / "found" / f"{concept}-{restart}.pt"
            file.parent.mkdir(exist_ok=True)
            torch.save(found.prompt_embeds, file)
            return {"from": begin, "before": found.before, "after": found.after,
                    **self.rates(concept, f"embedding-{restart}", found.prompt_embeds)}

        return self.once(concept, "embedding", asdict(settings), search)

    def tokens(self, concept: str, kind: str, restart: int) -> dict:
        o = self.options
        settings = attack_tokens.TokenSettings(
            tokens=o.tokens, steps=o.token_steps, gate_weight=o.gate_weight, seed=restart)

        def search() -> dict:
            template = TEMPLATES[kind].replace(PROMPT, prompt_of(concept))
            wording = attack_tokens.Wording(self.pipe.tokenizer, template, o.tokens)
            samples = self.samples_of(concept)
            some = torch.linspace(0, len(samples) - 1, o.token_samples).round().long()
            found = attack_tokens.search_tokens(
                self.pipe, self.attached, samples.part(some), wording, settings)
            start = self.draw(concept, f"{kind}-{restart}-start",
                              attack.encode(self.pipe, found.start))
            return {**asdict(found), "start_rate": sum(start) / len(start),
                    **self.rates(concept, f"{kind}-{restart}",
                                 attack.encode(self.pipe, found.prompt))}

        return self.once(concept, kind, {**asdict(settings), "samples": o.token_samples}, search)

    def search(self, concept: str, kind: str) -> list[dict]:
        """Of every restart."""
        return [self.embedding(concept, i) if kind == "embedding" else self.tokens(concept, kind, i)
                for i in range(self.options.restarts)]


def prompt_of(concept: str) -> str:
    return PROMPT.format(with_article(concept))


def mean(values) -> float:
    values = list(values)
    return round(sum(values) / len(values), 4)


def loss(line: dict) -> float:
    return attack.total(line["after"], line["key"]["settings"]["gate_weight"])


def figures(lines: list[dict]) -> dict:
    """Of one concept's restarts."""
    best = min(lines, key=loss)
    found = {"best": best["rate"], "mean": mean(line["rate"] for line in lines),
             "unmodified": best["unmodified"],
             "restarts": [{key: value for key, value in line.items()
                           if key not in ("key", "shown")} for line in lines]}
    if "start_rate" in best:
        found["start"] = mean(line["start_rate"] for line in lines)
    return found


def summarise(study: Study, concepts: list[str], kinds: list[str]) -> dict:
    """Searches; what whitebox.json holds."""
    found = {}
    for concept in concepts:
        plain = study.plain(concept)
        found[concept] = {"unmodified": plain["unmodified"], "erased": plain["rate"],
                          **{kind: figures(study.search(concept, kind)) for kind in kinds}}
    o = study.options
    return {**study.source, "alone": o.alone, "pictures": o.pictures, "restarts": o.restarts,
            "seeds": {"search": [SEARCH_SEED + i for i in range(o.samples)], "test": study.seeds()},
            "scheduler": "ddim", "steps": o.steps, "guidance": o.guidance, "concepts": found,
            "seconds": round(sum(line["seconds"] for line in study.results.values()), 1)}


def table(found: dict, kinds: list[str]) -> str:
    """Markdown."""
    heads = ["unmodified", "erased"]
    for kind in kinds:
        heads += [f"{kind}, best", "mean", *(["start"] if kind in TEMPLATES else []), "unmodified"]
    rows = {}
    for concept, line in found["concepts"].items():
        cells = [line["unmodified"], line["erased"]]
        for kind in kinds:
            cells += [line[kind][key] for key in ("best", "mean", "start", "unmodified")
                      if key in line[kind]]
        rows[concept] = cells
    rows["**all**"] = [mean(column) for column in zip(*rows.values())]
    lines = [f"{found['pictures']} pictures a concept, {found['restarts']} restarts, "
             f"{found['seconds']:.0f} s", "",
             "| concept | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |"
              for name, cells in rows.items()]
    return "\n".join(lines) + "\n"


def write_prompts(path: pathlib.Path, found: dict) -> None:
    """Every prompt that was found, with every test seed."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case_number", "prompt", "evaluation_seed", "asked"])
        rows = [(line["prompt"], seed, concept) for concept, kinds in found["concepts"].items()
                for kind in TEMPLATES if kind in kinds for line in kinds[kind]["restarts"]
                for seed in found["seeds"]["test"]]
        writer.writerows((n, *row) for n, row in enumerate(rows))


def draw_sheet(study: Study, concept: str, kinds: list[str]) -> None:
    """Rows: plain by the unmodified and the erased model, then what every restart found."""
    names = ["plain-unmodified", "plain"]
    names += [f"{kind}-{i}{suffix}" for kind in kinds for i in range(study.options.restarts)
              for suffix in ("", "-unmodified")]
    folder = study.out / "pictures" / concept
    seeds = study.seeds()
    size = Image.open(folder / f"plain_{seeds[0]}.png").width
    sheet = Image.new("RGB", (len(seeds) * (size + 2), len(names) * (size + 2)), "white")
    for y, name in enumerate(names):
        for x, seed in enumerate(seeds):
            sheet.paste(Image.open(folder / f"{name}_{seed}.png"), (x * (size + 2), y * (size + 2)))
    (study.out / "sheets").mkdir(exist_ok=True)
    sheet.save(study.out / "sheets" / f"{concept}.png")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--erasers", type=pathlib.Path, required=True, help="of gloce build, in float32")
    add("--out", type=pathlib.Path, required=True)
    add("--pipeline", type=pathlib.Path, default=ROOT / "models/emoji")
    add("--bundle", type=pathlib.Path, default=ROOT / "build/emoji",
        help="the pipeline's, with the detector (%(default)s)")
    add("--concept", action="append", help="may be repeated (default: all of the file)")
    add("--kind", action="append", choices=KINDS, help="may be repeated (default: both)")
    add("--alone", action="store_true", help="erase each concept alone, not all of the file")
    add("--restarts", type=int, default=2, help="searches of a kind (%(default)s)")
    add("--pictures", type=int, default=8, help="that are judged, of each search (%(default)s)")
    add("--samples", type=int, default=4, help="pictures that x_t are from (%(default)s)")
    add("--search-steps", type=int, default=10, help="of these pictures (%(default)s)")
    add("--embedding-steps", type=int, default=100, help="of Adam (%(default)s)")
    add("--rate", type=float, default=0.1, help="of Adam (%(default)s)")
    add("--gate-weight", type=float, default=1.0,
        help="of the term that shuts the gates (%(default)s)")
    add("--tokens", type=int, default=4, help="words to find (%(default)s)")
    add("--token-steps", type=int, default=10, help="(%(default)s)")
    add("--token-samples", type=int, default=6, help="of x_t in a search for words (%(default)s)")
    add("--steps", type=int, default=15, help="of the pictures that are judged (%(default)s)")
    add("--guidance", type=float, default=5.0, help="(%(default)s)")
    options = parser.parse_args()
    for name in ("tokens", "restarts", "pictures", "samples"):
        if getattr(options, name) < 1:
            parser.error(f"--{name}: got {getattr(options, name)}, expected at least 1")
    return options


def main() -> int:
    options = parse_arguments()
    quieten(offline=True)
    study = Study(options)
    concepts = study.concepts
    kinds = [kind for name in KINDS if name in (options.kind or KINDS) for kind in KINDS[name]]
    found = summarise(study, concepts, kinds)
    (options.out / "whitebox.json").write_text(json.dumps(found, indent=1) + "\n")
    write_prompts(options.out / "prompts.csv", found)
    for concept in concepts:
        draw_sheet(study, concept, kinds)
    print(table(found, kinds), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
