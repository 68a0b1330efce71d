"""The methods that are compared: how each is made ready to draw, and the settings tried for it.

A method is made for a Task by its settings, which are plain JSON. All have TRIALS trials: `first`,
then `refine`, whose changes apply to the best of the first.
"""

import contextlib
import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from demo.scenes import GENERAL_WORDS, group_of, with_article

from . import esd, networks, uce
from .prompts import Filter, negative_prompt

TRIALS = 6


@dataclass(frozen=True)
class Task:
    """What is to be erased from a model that knows `concepts`."""

    name: str
    erased: tuple[str, ...]
    concepts: tuple[str, ...]

    def kept(self) -> list[str]:
        return [concept for concept in self.concepts if concept not in self.erased]


@dataclass(frozen=True)
class Model:
    """The unmodified model, the program that draws, and a folder for what a method makes."""

    pipeline: Path
    bundle: Path
    program: Path
    work: Path


@dataclass
class Setup:
    """How a method draws: with which model, and what it makes of a prompt."""

    bundle: Path
    options: list[str] = field(default_factory=list)  # of gloce generate
    guidance: float | None = None  # None: the comparison's own
    negative: str = ""
    rewrite: Callable[[str], str] = lambda prompt: prompt


@dataclass(frozen=True)
class Method:
    make: Callable[[Model, Task, dict], Setup]
    first: list[dict]
    refine: list[dict]


def asked(concept: str) -> str:
    """The one prompt by which every method gets to know a concept."""
    return f"a picture of {with_article(concept)}"


def general(concept: str) -> str:
    """The concept's general word, with its article."""
    return GENERAL_WORDS[group_of(concept)]


def make_unmodified(model: Model, _task: Task, _settings: dict) -> Setup:
    return Setup(model.bundle)


def make_negative(model: Model, task: Task, settings: dict) -> Setup:
    names = [with_article(c) if settings["form"] == "sentence" else c for c in task.erased]
    return Setup(model.bundle, guidance=settings["guidance"],
                 negative=negative_prompt(names, settings["form"]))


def make_filter(model: Model, task: Task, settings: dict) -> Setup:
    words = {concept: general(concept) for concept in task.erased}
    return Setup(model.bundle, rewrite=Filter(words, settings["scope"], settings["neutral"]))


def export_edited(model: Model, unet) -> Path:
    """The bundle of the model's pipeline with another U-Net, both in the work folder."""
    from export.bundle import export_bundle
    from export.pipeline import open_pipeline

    pipeline, bundle = model.work / "pipeline", model.work / "bundle"
    networks.write_copy(model.pipeline, unet, pipeline)
    with contextlib.redirect_stderr(io.StringIO()):  # the tracer's remarks
        export_bundle(open_pipeline(str(pipeline)), bundle.absolute(), name="edited",
                      check=False, overwrite=True, report=lambda line: None)
    return bundle


def destination(concept: str, kind: str) -> str:
    """The prompt that UCE puts in a concept's place."""
    return {"general": f"a picture of {general(concept)}", "nothing": "",
            "object": "a picture of an object"}[kind]


def make_uce(model: Model, task: Task, settings: dict) -> Setup:
    parts = networks.load(model.pipeline)
    edit = uce.make_edit(
        parts, {asked(c): destination(c, settings["destination"]) for c in task.erased},
        [asked(c) for c in task.kept()], settings["erase_scale"], settings["preserve_scale"],
        settings["damping"])
    return Setup(export_edited(model, uce.apply(parts.unet, edit)))


def make_esd(model: Model, task: Task, settings: dict) -> Setup:
    """steps of the settings are for few concepts; N take 1 + N/10 times as many."""
    parts = networks.load(model.pipeline)
    steps = round(settings["steps"] * (1 + len(task.erased) / 10))
    unet = esd.train(parts, [asked(c) for c in task.erased],
                     esd.Settings(**{**settings, "steps": steps}))
    return Setup(export_edited(model, unet))


def make_gloce(model: Model, task: Task, settings: dict) -> Setup:
    """settings: options of gloce build; the bundle's preset gives the rest."""
    erasers = model.work / "erasers.safetensors"
    names = [word for concept in task.erased for word in ("--erase", concept)]
    options = [word for key, value in settings.items()
               for word in ("--" + key.replace("_", "-"), str(value))]
    shutil.rmtree(f"{erasers}.parts", ignore_errors=True)
    subprocess.run([str(model.program), "build", "--model", str(model.bundle), "--quiet",
                    "--batch-size", "16", "--out", str(erasers), *names, *options],
                   check=True, stdout=subprocess.DEVNULL)
    return Setup(model.bundle, ["--erasers", str(erasers)])


_UCE = {"erase_scale": 1.0, "preserve_scale": 0.1, "damping": 0.1}
_ESD = {"steps": 30, "negative_guidance": 1.0}

METHODS = {
    "unmodified": Method(make_unmodified, [{}], []),
    "negative_prompt": Method(
        make_negative,
        [{"form": form, "guidance": 5.0} for form in ("words", "list", "sentence")],
        [{"guidance": 3.0}, {"guidance": 7.5}, {"guidance": 10.0}]),
    "filter": Method(
        make_filter,
        [{"scope": "prompt", "neutral": neutral}
         for neutral in ("", "a picture", "a picture of {general}")]
        + [{"scope": "word", "neutral": neutral} for neutral in ("", "{general}", "an object")],
        []),
    "uce": Method(
        make_uce,
        [{"destination": kind, **_UCE} for kind in ("general", "nothing", "object")],
        [{"preserve_scale": 1.0}, {"damping": 0.01}, {"preserve_scale": 1.0, "damping": 0.01}]),
    "esd_x": Method(
        make_esd,
        [{"learning_rate": rate, **_ESD} for rate in (2e-4, 5e-4, 1e-3)],
        [{"negative_guidance": 3.0}, {"steps": 60}, {"steps": 90}]),
    "gloce": Method(
        make_gloce,
        [{"plan": "fast", "tau": tau} for tau in (2.5, 1.0, 4.0)],
        [{"rank_map": 8}, {"eta": 2.0}, {"mapping": "a picture"}]),
}
