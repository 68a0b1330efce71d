"""White-box search for prompts in words that bring an erased concept back.

Greedy coordinate search by gradients (GCG, Zou et al., arXiv 2307.15043) on the objective of
attack.py, in the tradition of P4D (arXiv 2309.06135), UnlearnDiffAtk (arXiv 2310.11868) and PEZ
(arXiv 2302.03668): the gradient by the token embeddings E ranks exchanges of one token i for
another v by (E_v − E_i) · ∂loss/∂E_i; the best-ranked ones, a few at random among them, are tried.
"""

from dataclasses import dataclass

import torch

from .attach import Attachment
from .attack import Samples, Terms, measure, objective, total

_END = "</w>"  # of CLIP's tokens that end a word
_STARTS = 1000  # tried, words at random


@dataclass(frozen=True)
class TokenSettings:
    tokens: int = 4  # K, the free ones
    steps: int = 12
    candidates: int = 12  # tried a step
    top: int = 32  # best exchanges of a position that candidates are drawn from
    gate_weight: float = 1.0
    batch: int = 16  # samples at once
    seed: int = 0


@dataclass(frozen=True)
class FoundPrompt:
    prompt: str
    start: str
    before: dict[str, float]  # error and gate: of the start,
    after: dict[str, float]  # and of what was found


class Wording:
    """Prompts of a template, "{} a picture of a cat" say, with K free tokens for {}.

    Raises ValueError unless there are some, the prompt fits the text encoder and the tokenizer has
    words for them.
    """

    def __init__(self, tokenizer, template: str, count: int):
        if count < 1:
            raise ValueError(f"{count} tokens to find, expected at least 1")
        self.template = template
        self.texts = [text.strip() for text in template.split("{}")]
        self.tokenizer, self.count = tokenizer, count
        self.before, self.after = map(self._encode, self.texts)
        if 2 + len(self.before) + count + len(self.after) > tokenizer.model_max_length:
            raise ValueError(f"{count} tokens for {template!r}: longer than the text encoder's"
                             f" {tokenizer.model_max_length}")
        # First of the free tokens, counted with BOS.
        self.place = 1 + len(self.before)
        self.vocabulary = [i for word, i in sorted(tokenizer.get_vocab().items(),
                                                   key=lambda item: item[1])
                           if self._is_word(word, i)]
        if not self.vocabulary:
            raise ValueError("the tokenizer has no token that is a whole word in ASCII")

    def _encode(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False).input_ids

    def _is_word(self, word: str, index: int) -> bool:
        """Printable ASCII that ends a word and is written as it is read."""
        text = word.removesuffix(_END)
        return word.endswith(_END) and text.isascii() and text.isprintable() \
            and self._encode(text) == [index]

    def text(self, free: list[int]) -> str:
        """The prompt. The template's own text is kept: tokens spell what is not ASCII in bytes."""
        words = "".join(self.tokenizer.convert_ids_to_tokens(free)).replace(_END, " ")
        before, after = self.texts
        return " ".join(part for part in (before, words.strip(), after) if part)

    def ids(self, free: list[int]) -> torch.Tensor:
        """(1, L), padded as the pipeline does it."""
        return self.tokenizer(self.text(free), padding="max_length", truncation=True,
                              max_length=self.tokenizer.model_max_length,
                              return_tensors="pt").input_ids

    def holds(self, free: list[int]) -> bool:
        """Whether the text is encoded to these very tokens again."""
        return self._encode(self.text(free)) == [*self.before, *free, *self.after]

    def start(self, generator: torch.Generator) -> list[int]:
        """Words at random that hold. Raises ValueError if none of many do."""
        for _ in range(_STARTS):
            picks = torch.randint(len(self.vocabulary), (self.count,), generator=generator)
            free = [self.vocabulary[i] for i in picks]
            if self.holds(free):
                return free
        raise ValueError(f"{self.template!r}: of {_STARTS} choices of {self.count} words none is"
                         " encoded to the same tokens with it")


def token_gradient(pipe, attached: Attachment, samples: Samples, ids: torch.Tensor,
                   gate_weight: float) -> tuple[torch.Tensor, Terms]:
    """Gradient of the objective by the token embeddings of ids (1, L): (L, D_text); its terms."""
    table = pipe.text_encoder.get_input_embeddings()
    at = table(ids).detach().requires_grad_()
    handle = table.register_forward_hook(lambda module, arguments, output: at)
    try:
        prompt_embeds = pipe.text_encoder(input_ids=ids).last_hidden_state
    finally:
        handle.remove()
    terms = objective(pipe.unet, attached, samples, prompt_embeds)
    gradient, = torch.autograd.grad(terms.total(gate_weight), at)
    return gradient[0], terms


@torch.no_grad()
def _losses(pipe, attached: Attachment, samples: Samples, ids: torch.Tensor,
            settings: TokenSettings) -> list[float]:
    """The objective of every row of ids (N, L)."""
    states = pipe.text_encoder(input_ids=ids).last_hidden_state
    return [total(measure(pipe.unet, attached, samples, row.unsqueeze(0), settings.batch),
                  settings.gate_weight) for row in states]


def _candidates(wording: Wording, free: list[int], gradient: torch.Tensor, table: torch.Tensor,
                settings: TokenSettings, generator: torch.Generator) -> list[list[int]]:
    """Different prompts that differ from `free` in one token. gradient: (K, D)."""
    words = torch.tensor(wording.vocabulary)
    # E_i of the token that is there is the same for all that may replace it.
    ranked = (gradient @ table[words].T).argsort(1)[:, :settings.top]  # (K, top)
    found: list[list[int]] = []
    for pick in torch.randperm(ranked.numel(), generator=generator).tolist():
        position, place = divmod(pick, ranked.shape[1])
        changed = list(free)
        changed[position] = wording.vocabulary[ranked[position, place]]
        if changed != free and wording.holds(changed):
            found.append(changed)
        if len(found) == settings.candidates:
            break
    return found


def search_tokens(pipe, attached: Attachment, samples: Samples, wording: Wording,
                  settings: TokenSettings, report=lambda step, loss, prompt: None) -> FoundPrompt:
    """Starts from words at random; the loss over `samples` never rises.

    Raises ValueError if no start is found.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    table = pipe.text_encoder.get_input_embeddings().weight.detach()
    free = start = wording.start(generator)
    place = slice(wording.place, wording.place + wording.count)
    for step in range(settings.steps):
        gradient, terms = token_gradient(pipe, attached, samples, wording.ids(free),
                                         settings.gate_weight)
        tried = _candidates(wording, free, gradient[place], table, settings, generator)
        if not tried:
            break
        losses = _losses(pipe, attached, samples, torch.cat([wording.ids(t) for t in tried]),
                         settings)
        best = min(losses)
        current = terms.total(settings.gate_weight).item()
        if best < current:
            free, current = tried[losses.index(best)], best
        report(step, current, wording.text(free))

    def terms_of(tokens: list[int]) -> dict[str, float]:
        states = pipe.text_encoder(input_ids=wording.ids(tokens)).last_hidden_state.detach()
        return measure(pipe.unet, attached, samples, states, settings.batch)

    return FoundPrompt(wording.text(free), wording.text(start), terms_of(start), terms_of(free))
