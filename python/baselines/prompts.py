"""What can be done without touching the model: a negative prompt, and filtering prompts.

The filter knows a concept by its name as a word, without case. It knows neither plurals nor
misspellings nor paraphrases; letters decide where a word ends, so "cat2" and "cat's" are hits and
"cats" and "carton" are none.
"""

import re
from dataclasses import dataclass

_ARTICLE = r"(?:(?:an?|the)\s+)?"
# What stands between two things; a dropped one takes it along.
_JOIN = r"\s*(?:\band\b|\bnext to\b|\bbeside\b|,)\s*"


def _word(name: str) -> str:
    return rf"(?<![a-z]){re.escape(name)}(?![a-z])"


def named(prompt: str, concepts: list[str]) -> list[str]:
    """Those of the concepts that the prompt names, in its order."""
    found = []
    for concept in concepts:
        match = re.search(_word(concept), prompt, re.IGNORECASE)
        if match:
            found.append((match.start(), concept))
    return [concept for _, concept in sorted(found)]


def negative_prompt(names: list[str], form: str) -> str:
    """The names as one negative prompt.

    form    "words" (cat fox), "list" (cat, fox) or "sentence" (a picture of a cat and a fox), where
            names bring their articles. What exceeds the text encoder's length is cut off there.
    """
    if form == "words":
        return " ".join(names)
    if form == "list":
        return ", ".join(names)
    if form == "sentence":
        return "a picture of " + " and ".join(names)
    raise ValueError(f"form: got {form!r}, expected words, list or sentence")


@dataclass(frozen=True)
class Filter:
    """Changes prompts that name a concept; others pass as they are.

    scope     "prompt": the whole prompt is replaced; "word": each name, with its article, is
    neutral   what is put in place; {general} is the concept's general word with its article.
              "" for the scope "word" drops the name with what joins it to its neighbour
    """

    general: dict[str, str]  # concept -> "an animal"; the concepts to filter
    scope: str
    neutral: str

    def __post_init__(self):
        if self.scope not in ("prompt", "word"):
            raise ValueError(f"scope: got {self.scope!r}, expected prompt or word")

    def _neutral(self, concept: str) -> str:
        return self.neutral.replace("{general}", self.general[concept])

    def __call__(self, prompt: str) -> str:
        hits = named(prompt, list(self.general))
        if not hits:
            return prompt
        if self.scope == "prompt":
            return self._neutral(hits[0])
        for concept in hits:
            thing = _ARTICLE + _word(concept)
            if self.neutral:
                prompt = re.sub(thing, self._neutral(concept), prompt, flags=re.IGNORECASE)
            else:
                prompt = _drop(thing, prompt)
        return prompt


def _drop(thing: str, prompt: str) -> str:
    """Without `thing`: with the join before it, else the one after it, else "of" before it."""
    for pattern in (_JOIN + thing, thing + _JOIN, rf"\s*\bof\s+{thing}", thing):
        prompt = re.sub(pattern, "", prompt, flags=re.IGNORECASE)
    return re.sub(r"\s+", " ", prompt).strip()
