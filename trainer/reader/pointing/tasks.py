"""One question as a pointing reader learns it: segments, and where in them the answer stands.

Drawn as for causal readers (trainer/reader/causal/tasks.py): which passages, windows, an accepted
answer. Knows examples and a tokenizer; knows no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from transformers import PreTrainedTokenizerBase

from reread.errors import BadRequest
from reread.reader.pointer import NO, NOTHING, YES
from reread.reader.segments import Segment, cut_segments
from trainer.reader.causal.examples import VERDICT, CausalExample
from trainer.reader.causal.tasks import (
    MOST_REFUSED,
    Drawing,
    choose_answer,
    choose_passages,
    crop,
)

POINTING = Drawing(  # refusals are cropped too, so that a window says nothing about them
    passages=(1, 2, 3, 4, 5, 6, 8, 10), weights=(10, 26, 24, 16, 10, 6, 5, 3)
)


@dataclass(frozen=True, slots=True)
class PointTask:
    """`begins`, `ends`: places among all segments' tokens side by side, or one verdict's place
    behind them; `target`: the answer's tokens for the decoder, end token included."""

    segments: tuple[Segment, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    target: tuple[int, ...]
    right: tuple[int, ...]  # places among `segments`
    kind: str

    @property
    def tokens(self) -> int:
        """What it costs to read."""
        return sum(len(one.ids) for one in self.segments)


class PointDrawer:
    """Draws tasks from weighted sets of examples."""

    def __init__(
        self,
        sets: Mapping[str, Sequence[CausalExample]],
        weights: Mapping[str, float],
        tokenizer: PreTrainedTokenizerBase,
        drawing: Drawing = POINTING,
    ) -> None:
        self._sets = [sets[name] for name in sorted(weights)]
        self._weights = [weights[name] for name in sorted(weights)]
        self._tokenizer, self._drawing = tokenizer, drawing

    def step(self, seed: int, step: int, tokens: int) -> list[PointTask]:
        """The questions of one step: as many as it takes to read at least `tokens`."""
        random = Random(f"{seed}/{step}")
        found: list[PointTask] = []
        total = refused = 0
        while total < tokens:
            task = self.draw(random)
            if task is not None:
                found.append(task)
                total, refused = total + task.tokens, 0
                continue
            refused += 1
            if refused > MOST_REFUSED:
                raise BadRequest(
                    f"{MOST_REFUSED} draws in a row gave no question whose answer stands in a "
                    "passage within the first tokens; check the data's answers."
                )
        return found

    def draw(self, random: Random) -> PointTask | None:
        """One question, or None where what was drawn cannot teach (its answer was cut away)."""
        drawing = self._drawing
        example = random.choice(random.choices(self._sets, self._weights)[0])
        places = choose_passages(example, drawing, random)
        gold = [place for place in places if place in example.positives]
        answer = choose_answer(example, gold, random)
        if not places or answer is None:
            return None
        passages = [example.passages[place] for place in places]
        if random.random() < drawing.crop_share and example.kind in drawing.crop_kinds:
            passages = [
                crop(one, example.answers if place in gold else (), drawing, random)
                for one, place in zip(passages, places, strict=True)
            ]
        question = example.question
        if random.random() < drawing.lower_share:
            question = question.lower().rstrip("?")
        right = tuple(at for at, place in enumerate(places) if place in gold)
        segments = tuple(cut_segments(question, passages, self._tokenizer, drawing.block_tokens))
        begins, ends = targets(segments, right, answer, example.kind)
        if not begins:
            return None
        ids = self._tokenizer(answer, add_special_tokens=False)["input_ids"][:40] if answer else []
        target = (*ids, int(self._tokenizer.sep_token_id))
        return PointTask(segments, begins, ends, target, right, example.kind)


def targets(
    segments: Sequence[Segment], right: Sequence[int], answer: str, kind: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Every place where the answer begins and ends in right segments, or its verdict's place.

    None where the answer stands in no right segment as far as it was read.
    """
    tokens = sum(len(one.ids) for one in segments)
    if not answer:
        return (tokens + NOTHING,), (tokens + NOTHING,)
    if kind == VERDICT and answer.lower() in ("yes", "no"):
        verdict = tokens + (YES if answer.lower() == "yes" else NO)
        return (verdict,), (verdict,)
    begins, ends, at = [], [], 0
    for k, segment in enumerate(segments):
        if k in right:
            for first, last in occurrences(segment, answer):
                begins.append(at + first)
                ends.append(at + last)
        at += len(segment.ids)
    return tuple(begins), tuple(ends)


def occurrences(segment: Segment, answer: str) -> list[tuple[int, int]]:
    """First and last token of every place where the answer stands in the passage's own text."""
    found = []
    start = segment.text.find(answer, segment.body)
    while start >= 0:
        end = start + len(answer)
        inside = [
            at for at, (left, right) in enumerate(segment.offsets)
            if right > left >= segment.body and left < end and right > start
        ]  # fmt: skip
        if inside and segment.offsets[inside[-1]][1] >= end:
            found.append((inside[0], inside[-1]))
        start = segment.text.find(answer, start + 1)
    return found
