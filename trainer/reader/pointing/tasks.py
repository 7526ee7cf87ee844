"""One question as a pointing reader learns it: segments, and where in them the answer stands.

Knows examples and a tokenizer; knows no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from transformers import PreTrainedTokenizerBase

from reread.reader.pointing.pointer import NO, NOTHING, YES
from reread.reader.segments import Segment, cut_segments
from trainer.reader.drawing.drawing import Drawing, ExampleSets, draw_step
from trainer.reader.drawing.examples import VERDICT, ReadingExample

DECODED = 40  # tokens of a long answer that the decoder learns
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
        sets: Mapping[str, Sequence[ReadingExample]],
        weights: Mapping[str, float],
        tokenizer: PreTrainedTokenizerBase,
        end: int,  # the token that ends an answer of the decoder
        drawing: Drawing = POINTING,
    ) -> None:
        self._sets = ExampleSets(sets, weights)
        self._tokenizer, self._end, self._drawing = tokenizer, end, drawing

    def step(self, seed: int, step: int, tokens: int) -> list[PointTask]:
        """The questions of one step: as many as it takes to read at least `tokens`."""
        return draw_step(self.draw, seed, step, tokens)

    def draw(self, random: Random) -> PointTask | None:
        """One question, or None where what was drawn cannot teach (its answer was cut away)."""
        drawn = self._sets.draw(self._drawing, random)
        if drawn is None:
            return None
        segments = tuple(
            cut_segments(
                drawn.question, drawn.passages, self._tokenizer, self._drawing.block_tokens
            )
        )
        begins, ends = targets(segments, drawn.right, drawn.answer, drawn.kind)
        if not begins:
            return None
        spelled = self._tokenizer(drawn.answer, add_special_tokens=False)["input_ids"]
        target = (*spelled[:DECODED], self._end)
        return PointTask(segments, begins, ends, target, drawn.right, drawn.kind)


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
