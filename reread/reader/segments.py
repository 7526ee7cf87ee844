"""The strings and tokens of Fusion-in-Decoder: how questions and passages become reader segments.

Knows text and a tokenizer (section 3.1 and appendix A.2 of arXiv 2012.04584); knows no model. The
same strings serve training and answering, so the two can never drift apart.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reread.records import Passage

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAX_SEGMENT_TOKENS = 250  # the paper's length, question and passage together
ASKING = re.compile(r"[^.!?\n\u3002\uff01\uff1f]*[^\W_][^.!?\n\u3002\uff01\uff1f]*[?\uff1f]")
MARK, MARK_TOKENS = " ... ", 5  # where a question was cut
QUESTION_SHARE = 4  # a question takes a fourth of a segment, or what its passages leave free


@dataclass(frozen=True, slots=True)
class Segment:
    """One passage as the reader sees it."""

    text: str
    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of `text`; (0, 0) for special tokens
    question_end: int  # first character after the question
    seen: int  # characters of the passage's own text that lie within the segment
    question_cut: bool = False  # so that there is room for the passage
    body: int = 0  # first character of the passage's own text


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
    """Tokenise as the tokenizer does by default, cut at `max_tokens`; a long question is cut first.

    Every question is the same in all its segments.
    """
    asked = fit_question(question, passages, tokenizer, max_tokens)
    texts = [segment_text(asked, passage) for passage in passages]
    with_offsets = bool(getattr(tokenizer, "is_fast", False))
    encoded = tokenizer(
        texts, truncation=True, max_length=max_tokens, return_offsets_mapping=with_offsets
    )
    end = len("question: ") + len(asked)
    found = []
    for i, (text, ids) in enumerate(zip(texts, encoded["input_ids"], strict=True)):
        offsets = ((0, 0),) * len(ids)
        if with_offsets:
            offsets = tuple(map(tuple, encoded["offset_mapping"][i]))
        reach = len(text)
        if len(ids) >= max_tokens:
            reach = _reach(tokenizer, ids, offsets)
        seen = _seen(text, len(passages[i].text), reach)
        body = len(text) - len(passages[i].text)
        found.append(Segment(text, tuple(ids), offsets, end, seen, asked != question, body))
    return found


def fit_question(
    question: str,
    passages: Sequence[Passage],
    tokenizer: PreTrainedTokenizerBase,
    max_tokens: int = MAX_SEGMENT_TOKENS,
) -> str:
    """A question that would push its passages out of the reader's sight, cut.

    Its sentences with a question mark, where it has any and they fit; else its beginning and end.
    """
    least = max(2, max_tokens // QUESTION_SHARE)
    size = _size(question, tokenizer) if len(question.encode()) > least else 0
    if size <= least:
        return question
    bare = tokenizer([segment_text("", passage) for passage in passages])["input_ids"]
    room = max(least, max_tokens - max(map(len, bare), default=0))
    if size <= room:
        return question
    asking = " ".join(one.strip() for one in ASKING.findall(question))
    if asking and _size(asking, tokenizer) <= least:
        return asking
    half = (room - MARK_TOKENS) // 2
    lengths = range(len(question) // 2 + 1)
    first = bisect_right(lengths, half, key=lambda n: _size(question[:n], tokenizer)) - 1
    last = bisect_right(
        lengths, half, key=lambda n: _size(question[len(question) - n :], tokenizer)
    )
    return f"{question[:first]}{MARK}{question[len(question) - last + 1 :]}"


def _size(text: str, tokenizer: PreTrainedTokenizerBase) -> int:
    return len(tokenizer(text, add_special_tokens=False)["input_ids"])


def _reach(
    tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], offsets: Sequence[tuple[int, int]]
) -> int:
    """Up to which character of the text these tokens go."""
    end = max((one[1] for one in offsets), default=0)
    return end or len(tokenizer.decode(ids, skip_special_tokens=True))


def _seen(text: str, own: int, reach: int) -> int:
    """How much of a passage's own text, which `text` ends with, lies before `reach`."""
    if not text[reach:].strip():
        return own
    return max(0, reach - (len(text) - own))


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
