"""What people said of answers, as signal: which passages a question wants, and which answers.

A word counts for its own question alone, never for a passage in general. Of several people's words
on one question only what most of them share counts, and none that was said of a text which has
changed since. Knows records and feedback; knows no example, no model and no gate.
"""

import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from evaluation.metrics import has_answer, normalise_answer
from evaluation.questions import LabelledQuestion
from reread.records import AnswerRecord, Feedback, LoggedPassage, Passage

Find = Callable[[LoggedPassage], Passage | None]  # as it is now; None: changed or gone


@dataclass(frozen=True, slots=True)
class Word:
    """What people together say of one question."""

    question: str
    marked: frozenset[str]  # ids of passages that hold the answer
    answers: tuple[str, ...]  # given or confirmed

    @property
    def label(self) -> LabelledQuestion | None:
        """For measuring; None where nothing was said that retrieval could be measured by."""
        if not (self.marked or self.answers):
            return None
        ids = tuple(sorted(self.marked))
        id = hashlib.sha256(question_key(self.question).encode()).hexdigest()[:12]
        return LabelledQuestion(id, self.question, self.answers, ids)


@dataclass(frozen=True, slots=True)
class People:
    """The words by question; what was set aside, counted."""

    words: Mapping[str, Word] = field(default_factory=dict)
    said: int = 0  # answers that somebody judged
    outdated: int = 0  # of these, said of texts that changed or went
    contested: int = 0  # questions about which most did not say the same

    def marked(self, question: str) -> frozenset[str]:
        word = self.words.get(question_key(question))
        return frozenset() if word is None else word.marked

    def labels(self) -> list[LabelledQuestion]:
        return [one for word in self.words.values() if (one := word.label) is not None]


@dataclass(slots=True)
class _Votes:
    question: str
    marks: Counter[str] = field(default_factory=Counter)
    markers: int = 0
    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    answerers: int = 0

    def add(self, marks: frozenset[str], answer: str) -> None:
        self.marks.update(marks)
        self.markers += bool(marks)
        if answer:
            self.answers[normalise_answer(answer) or answer][answer] += 1
            self.answerers += 1

    def word(self) -> Word:
        marked = frozenset(id for id, votes in self.marks.items() if 2 * votes > self.markers)
        agreed = [one for one in self.answers.values() if 2 * one.total() > self.answerers]
        return Word(self.question, marked, tuple(one.most_common(1)[0][0] for one in agreed))


def gather(
    records: Sequence[AnswerRecord],
    said: Mapping[str, Feedback],
    finder_of: Callable[[AnswerRecord], Find],
) -> People:
    """The words of `said`, the latest on each answer by its id; records oldest first."""
    votes: dict[str, _Votes] = {}
    judged = outdated = 0
    for record in records:
        if record.id not in said:
            continue
        judged += 1
        heard = hear(record, said[record.id], finder_of(record))
        if heard is None:
            outdated += 1
            continue
        key = question_key(record.question)
        votes.setdefault(key, _Votes(record.question)).add(*heard)
    words = {key: one.word() for key, one in votes.items()}
    contested = sum(
        bool(one.markers and not words[key].marked or one.answerers and not words[key].answers)
        for key, one in votes.items()
    )
    return People(words, judged, outdated, contested)


def hear(record: AnswerRecord, said: Feedback, find: Find) -> tuple[frozenset[str], str] | None:
    """(ids of passages said to hold the answer, the right answer or ""); None where outdated.

    Without marks, passages that hold a corrected answer are taken, unless it is most of them. A
    word without marks goes out of date with the passage that the reader preferred.
    """
    now = {one.id: find(one) for one in record.passages}
    answer = (said.answer or "").strip()
    if not answer and said.verdict == "correct":
        answer = record.answer
    if said.passage_ids:
        marks = frozenset(id for id in said.passage_ids if now.get(id) is not None)
        return (marks, answer) if marks else None
    if record.passages and now[max(record.passages, key=lambda one: one.attention).id] is None:
        return None
    if said.verdict == "correct" or not answer:
        return frozenset(), answer
    holding = frozenset(
        id for id, one in now.items() if one is not None and has_answer(one.text, [answer])
    )
    return (holding if 2 * len(holding) <= len(now) else frozenset()), answer


def question_key(question: str) -> str:
    """What makes two questions the same: case, spacing, letter forms and end marks aside.

    >>> question_key("Who  is it ??") == question_key("who is it"), question_key("C#?")
    (True, 'c#')
    """
    plain = unicodedata.normalize("NFKC", question).casefold()
    return " ".join(plain.split()).strip("?!.,;: \u2026\u00bf\u00a1\u061f\u3002")
