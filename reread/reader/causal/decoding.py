"""Decoding an answer over blocks, greedily: free, or word for word as some passage says it.

Copied answers go on only with what stands in a passage behind the words so far; "yes" and "no" may
stand alone where the question asks for them; nothing at all is an answer too, and its probability
is kept. Knows logits, bytes and texts; knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from reread.reader.causal.copying import Copying, Place, Source, first_fitting

POLAR = re.compile(
    r"(?:^|, )(?:is|are|was|were|am|do|does|did|can|could|may|might|must|should|shall|will|would|"
    r"has|have|had|isn't|aren't|doesn't|don't|can't)\b",
    re.IGNORECASE,
)
VERDICTS = (b"yes", b"no")
RANKED = (64, 4096)  # of the likeliest tokens, before the whole vocabulary is looked at


@dataclass(slots=True)
class Draft:
    """An answer while it is made; `chances` are the model's own, whatever was allowed."""

    ids: list[int] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)
    nothing: float = 0.0  # probability that the answer ends before it begins
    ended: bool = False
    verdict: str | None = None  # "yes" or "no", where that is the answer
    spans: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What decoding must know of a tokenizer: token bytes, and the tokens that end an answer."""

    pieces: Sequence[bytes] | None
    ends: frozenset[int]


class Speller:
    """Chooses each next token of one answer from the model's logits."""

    def __init__(
        self, vocabulary: Vocabulary, question: str, sources: Sequence[Source] | None
    ) -> None:
        self._vocabulary = vocabulary
        self._polar = asks_yes_or_no(question)
        self._copying = Copying(sources) if sources is not None and vocabulary.pieces else None
        self.draft = Draft()

    def choose(self, logits: torch.Tensor) -> int | None:
        """The next token, or None when the answer is complete; logits (V,)."""
        chances = torch.softmax(logits, dim=-1)
        ends = sorted(self._vocabulary.ends)
        if not self.draft.ids:
            self.draft.nothing = float(chances[ends].sum())
        token = self._pick(logits)
        if token is None or self.draft.verdict is not None:
            self.draft.ended = True
        end = float(chances[ends].sum())
        self.draft.chances.append(float(chances[token]) if token is not None else end)
        if token is not None:
            self.draft.ids.append(token)
        if self._copying is not None and self._copying.started:
            self.draft.spans = self._copying.spans()
        return None if self.draft.ended else token

    def _pick(self, logits: torch.Tensor) -> int | None:
        if self._copying is None:
            ended = bool(self.draft.ids) and int(logits.argmax()) in self._vocabulary.ends
            return None if ended else self._free(logits)
        for count in (*RANKED, len(logits)):
            ranked: list[int] = torch.topk(logits, min(count, len(logits))).indices.tolist()
            for place, token in enumerate(ranked):
                if token in self._vocabulary.ends and self._may_end():
                    return None
                if self._is_verdict(token):
                    return token
                found = self._fit(ranked[place : place + 1])
                if found is not None:
                    return found
        return None

    def _free(self, logits: torch.Tensor) -> int:
        """The likeliest token that is no end: whether to refuse is not decided here."""
        masked = logits.clone()
        if not self.draft.ids:
            masked[sorted(self._vocabulary.ends)] = float("-inf")
        return int(masked.argmax())

    def _may_end(self) -> bool:
        return self._copying is not None and self._copying.started and self._copying.may_end()

    def _is_verdict(self, token: int) -> bool:
        pieces = self._vocabulary.pieces
        if not self._polar or self.draft.ids or pieces is None or token >= len(pieces):
            return False
        word = pieces[token].strip().lower()
        if word not in VERDICTS:
            return False
        self.draft.verdict = word.decode()
        return True

    def _fit(self, tokens: Sequence[int]) -> int | None:
        assert self._copying is not None and self._vocabulary.pieces is not None
        known = [one for one in tokens if one < len(self._vocabulary.pieces)]
        found = first_fitting(self._copying, known, self._vocabulary.pieces)
        if found is None:
            return None
        token, places = found
        self._copying.take(places)
        return token


def asks_yes_or_no(question: str) -> bool:
    """Whether a question begins as yes/no questions do.

    >>> asks_yes_or_no("Does it float?"), asks_yes_or_no("What does it do?")
    (True, False)
    """
    return POLAR.search(question.strip()) is not None
