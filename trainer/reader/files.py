"""Read question files with retrieved passages into reader examples and validation questions.

Knows which passages answer a question; the file itself is trainer/fid/files.py's. Knows no
retriever and no model.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from evaluation.metrics import has_answer, is_gold
from evaluation.questions import LabelledQuestion
from reread.errors import BadRequest
from reread.records import Passage
from trainer.fid.files import ScoredQuestion, ScoredQuestions, read_scored_questions
from trainer.reader.examples import ReaderExample, ValidationQuestion


@dataclass(frozen=True, slots=True)
class ReadReport:
    """The examples of a file, in its order, and what the file gave and did not."""

    examples: list[ReaderExample]
    file: ScoredQuestions

    @property
    def skipped(self) -> Counter[str]:
        return self.file.skipped

    @property
    def first(self) -> dict[str, int]:
        return self.file.first


def read_reader_examples(path: Path, *, keep_all: bool = False) -> ReadReport:
    """All usable examples of a file (make_example has `keep_all`); BadRequest when there is none.

    Refuses and skips what `read_scored_questions` does; scores are not looked at, answers needed.
    """
    found = read_scored_questions(path, scores=False, answers=True)
    examples = [make_reader_example(one, keep_all=keep_all) for one in found.entries]
    return ReadReport(examples, found)


def make_reader_example(entry: ScoredQuestion, *, keep_all: bool = False) -> ReaderExample:
    """One entry; the target, where there is one, is the only answer learnt."""
    question = LabelledQuestion(entry.id, entry.question, entry.answers, entry.passage_ids)
    answers = entry.answers if entry.target is None else (entry.target,)
    return make_example(question, entry.passages, answers, keep_all=keep_all)


def read_validation(path: Path, passages: int) -> list[ValidationQuestion]:
    """Every entry with its first `passages` contexts in the file's order and all its answers.

    Raises BadRequest naming the first entry that cannot be used: a silently shorter file would give
    other figures.
    """
    found = read_scored_questions(path, scores=False, answers=True)
    for reason, numbers in found.places.items():
        raise BadRequest(f"{path}, {found.unit} {numbers[0]} cannot validate: {reason}")
    return [
        ValidationQuestion(one.question, one.answers, one.passages[:passages])
        for one in found.entries
    ]


def make_example(
    question: LabelledQuestion,
    passages: tuple[Passage, ...],
    answers: tuple[str, ...] = (),
    *,
    keep_all: bool = False,
) -> ReaderExample:
    """Positives are the named gold passages, else those whose text holds an answer.

    With named gold passages, other passages that also hold an answer are left out: they are
    neither right nor fair distractors. `keep_all` keeps them, and counts them as positives: the
    paper's reader trains on everything that was retrieved.
    """
    gold = [
        i for i, p in enumerate(passages) if any(is_gold(p.id, g) for g in question.passage_ids)
    ]
    holds = [i for i, p in enumerate(passages) if has_answer(p.text, question.answers)]
    if keep_all:
        positives = tuple(sorted({*gold, *holds}))
    elif gold:
        kept = [i for i in range(len(passages)) if i in gold or i not in holds]
        passages = tuple(passages[i] for i in kept)
        positives = tuple(kept.index(i) for i in gold)
    else:
        positives = tuple(holds)
    return ReaderExample(question.question, answers or question.answers, passages, positives)
