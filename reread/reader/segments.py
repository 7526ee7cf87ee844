"""The strings and tokens of Fusion-in-Decoder: how questions and passages become reader segments.

Knows text and a tokenizer (section 3.1 and appendix A.2 of arXiv 2012.04584); knows no model. The
same strings serve training and answering, so the two can never drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reread.records import Passage

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAX_SEGMENT_TOKENS = 250  # the paper's length, question and passage together


@dataclass(frozen=True, slots=True)
class Segment:
    """One passage as the reader sees it."""

    text: str
    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of `text`; (0, 0) for special tokens
    question_end: int  # first character after the question


def segment_text(question: str, passage: Passage) -> str:
    """The reader's input for one passage.

    >>> segment_text("who?", Passage("1", "A tale", "Somebody."))
    'question: who? title: A tale context: Somebody.'
    """
    return f"question: {question} title: {passage.title} context: {passage.text}"


def cut_segments(
    question: str,
    passages: Sequence[Passage],
    tokenizer: PreTrainedTokenizerBase,
    max_tokens: int = MAX_SEGMENT_TOKENS,
) -> list[Segment]:
    """Tokenise as the tokenizer does by default, cut at `max_tokens`."""
    texts = [segment_text(question, passage) for passage in passages]
    with_offsets = bool(getattr(tokenizer, "is_fast", False))
    encoded = tokenizer(
        texts, truncation=True, max_length=max_tokens, return_offsets_mapping=with_offsets
    )
    end = len("question: ") + len(question)
    return [
        Segment(
            text,
            tuple(ids),
            tuple(map(tuple, encoded["offset_mapping"][i]))
            if with_offsets
            else ((0, 0),) * len(ids),
            end,
        )
        for i, (text, ids) in enumerate(zip(texts, encoded["input_ids"], strict=True))
    ]


def is_lossy(tokenizer: PreTrainedTokenizerBase) -> bool:
    """True where decoding does not give the text back (lower-casing word pieces)."""
    probe = "Levi's 1.666 Miles"
    ids = tokenizer(probe, add_special_tokens=False)["input_ids"]
    return bool(tokenizer.decode(ids) != probe)


def surface_of(
    answer: Sequence[int], segments: Sequence[Segment], order: Sequence[int]
) -> str | None:
    """The original characters of an answer that stands in a passage, best passage first.

    Undoes what a lossy tokenizer does to copied answers (case, spaces inside numbers). None when
    the tokens stand in no passage. The question's own words are not searched.
    """
    if not answer:
        return None
    for k in order:
        segment = segments[k]
        start = find_run(segment.ids, answer, after=segment.question_end, offsets=segment.offsets)
        if start is not None:
            left = segment.offsets[start][0]
            return segment.text[left : segment.offsets[start + len(answer) - 1][1]]
    return None


def find_run(
    ids: Sequence[int],
    run: Sequence[int],
    *,
    after: int,
    offsets: Sequence[tuple[int, int]],
) -> int | None:
    """First place of `run` in `ids` whose characters begin at or behind `after`.

    >>> find_run([7, 8, 7, 8], [7, 8], after=4, offsets=[(0, 1), (2, 3), (4, 5), (6, 7)])
    2
    """
    n = len(run)
    for i in range(len(ids) - n + 1):
        if ids[i] == run[0] and offsets[i][0] >= after and tuple(ids[i : i + n]) == tuple(run):
            return i
    return None
