"""Fresh attention for logged questions: retrieve again, read again.

This is the paper's step 4 followed by step 2. It is also how another aggregation than the logged
one, or more passages than were served, reach the training. Knows no training and no log.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from evaluation.measure import QUESTIONS_AT_ONCE, AnswerReader, Searchable
from reread.reading import ReadRequest
from trainer.examples import Example


def reread_examples(
    reader: AnswerReader,
    generation: Searchable,
    examples: Sequence[Example],
    top_k: int,
    *,
    aggregation: str = "mean",
    progress: Callable[[float], None] = lambda share: None,
) -> list[Example]:
    """The same questions with fresh passages and scores; one that finds fewer than two is left out.

    `progress` may raise to stop between batches.
    """
    fresh: list[Example] = []
    for start in range(0, len(examples), QUESTIONS_AT_ONCE):
        progress(start / len(examples))
        batch = examples[start : start + QUESTIONS_AT_ONCE]
        found = _retrieve(generation, batch, top_k)
        fresh += _read(reader, [one for one in found if len(one.passages) > 1], aggregation)
    return fresh


def _retrieve(generation: Searchable, batch: Sequence[Example], top_k: int) -> list[Example]:
    found = generation.search([one.question for one in batch], top_k)
    rows = [[hit.row for hit in hits] for hits in found]
    return [
        replace(one, rows=tuple(own), passages=tuple(generation.passages.get(own)))
        for one, own in zip(batch, rows, strict=True)
    ]


def _read(reader: AnswerReader, batch: list[Example], aggregation: str) -> list[Example]:
    if not batch:
        return []
    requests = [ReadRequest(one.question, one.passages) for one in batch]
    readings = reader.read(requests, aggregation=aggregation)
    return [
        replace(
            one,
            teacher=reading.attention,
            reader=reader.name,
            answer=reading.answer,
            signal=aggregation,
        )  # fmt: skip
        for one, reading in zip(batch, readings, strict=True)
    ]
