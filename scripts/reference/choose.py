"""The choice of anchors and mapping concepts from a pool, by similarity of text embeddings."""

import torch
import torch.nn.functional as F

from .model import Model

# Token positions that are compared: those after the first, which is the same for all prompts.
POSITIONS = slice(1, 9)


def usable(name: str, pool: list[str], erased: list[str], published: bool) -> list[str]:
    """Pool entries that may serve the concept `name`.

    published: lower-cased, without those that contain the name as it is written; repetitions stay.
    Otherwise nothing that is being erased, whatever its case, and each entry once.
    """
    if published:
        return [entry.lower() for entry in pool if name not in entry.lower()]
    first = {entry.lower(): entry for entry in reversed(pool)}
    known = {entry.lower() for entry in erased}
    return [entry for entry in dict.fromkeys(first[entry.lower()] for entry in pool)
            if entry.lower() not in known]


class Ranking:
    """Pool entries from the least to the most similar; prompts are encoded once."""

    def __init__(self, model: Model, template: str):
        self.model, self.template = model, template
        self.known: dict[str, torch.Tensor] = {}

    def vectors(self, prompt: str) -> torch.Tensor:
        """Unit vectors (8, D)."""
        if prompt not in self.known:
            states = self.model.encode([prompt])[0, POSITIONS]
            self.known[prompt] = F.normalize(states, dim=-1)
        return self.known[prompt]

    def __call__(self, prompts: list[str], names: list[str]) -> list[tuple[str, float]]:
        """(prompt, mean cosine), over positions and then over the concept's prompts."""
        found = []
        for name in names:
            candidate = self.template.replace("{}", name)
            cosines = [(self.vectors(p) * self.vectors(candidate)).sum(-1).mean() for p in prompts]
            found.append((candidate, float(torch.stack(cosines).mean())))
        return sorted(found, key=lambda item: item[1])
