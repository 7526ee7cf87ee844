"""Fresh passages for logged questions: the paper's step 4, which a teacher's judgement follows.

It is how another aggregation than the logged one, or more passages than were served, reach the
training. Knows a generation and examples; knows no teacher, no training and no log.
"""

from collections.abc import Sequence
from dataclasses import replace

from evaluation.measure import QUESTIONS_AT_ONCE, Searchable
from trainer.examples import Example
from trainer.teacher.teacher import Progress


def retrieve_again(
    generation: Searchable,
    examples: Sequence[Example],
    top_k: int,
    *,
    progress: Progress = lambda share: None,
) -> list[Example]:
    """The same questions with fresh passages; one that finds fewer than two is left out.

    Scores and answers are still those of the old passages. `progress` may raise to stop.
    """
    found: list[Example] = []
    for start in range(0, len(examples), QUESTIONS_AT_ONCE):
        progress(start / len(examples))
        found += _retrieve(generation, examples[start : start + QUESTIONS_AT_ONCE], top_k)
    return [one for one in found if len(one.passages) > 1]


def _retrieve(generation: Searchable, batch: Sequence[Example], top_k: int) -> list[Example]:
    found = generation.search([one.question for one in batch], top_k)
    rows = [[hit.row for hit in hits] for hits in found]
    return [
        replace(one, rows=tuple(own), passages=tuple(generation.passages.get(own)))
        for one, own in zip(batch, rows, strict=True)
    ]
