"""The simulated reader's answers, and what simulated people say of them.

The reader's favourite is the right passage as often as its skill says. A person knows the right
answer and where it stands; one who errs says the opposite of what is right. Knows questions and
passages; teaches nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from evaluation.questions import LabelledQuestion
from reread.records import AnswerRecord, Feedback, LoggedPassage, Passage

SPREAD = 1.0  # of the simulated reader's scores
FAVOURED = 3.0  # how far its favourite lies above the others
Found = Sequence[tuple[int, Passage, float]]  # (row, passage, search's score), best first


def answered(
    asked: Sequence[LabelledQuestion], lists: Sequence[Found], *, skill: float, seed: int
) -> list[AnswerRecord]:
    """What the log would hold of these questions, by their place in the order asked."""
    chance = Random(seed)
    return [
        _record(str(number), one, found, skill, chance)
        for number, (one, found) in enumerate(zip(asked, lists, strict=True))
    ]


def _record(
    id: str, one: LabelledQuestion, found: Found, skill: float, chance: Random
) -> AnswerRecord:
    scores = [chance.gauss(0.0, SPREAD) for _ in found]
    golds = [place for place, (_, p, _) in enumerate(found) if p.id in one.passage_ids]
    is_right = bool(golds) and chance.random() < skill
    scores[golds[0] if is_right else chance.randrange(len(found))] += FAVOURED
    favourite = scores.index(max(scores))  # noise may have outbid what was favoured
    answer = one.answers[0] if favourite in golds else some_words(found[favourite][1], chance)
    logged = tuple(
        LoggedPassage(row, p.id, max(score, 1e-6), attention)
        for (row, p, score), attention in zip(found, scores, strict=True)
    )
    return AnswerRecord(id, one.question, answer, 0.5, logged, 1, 1, "simulated", 0.0)


def judged(
    records: Sequence[AnswerRecord],
    asked: Sequence[LabelledQuestion],
    lists: Sequence[Found],
    *,
    told: float,
    wrong: float,
    seed: int,
) -> dict[str, Feedback]:
    """What people say of a share `told` of the answers; `wrong` of them err.

    Which answers are judged, and how, does not depend on who errs: arms differ in the errors alone.
    """
    chance = Random(seed)
    said = {}
    for record, one, found in zip(records, asked, lists, strict=True):
        draws = [chance.random() for _ in range(4)]
        if draws[0] >= told:
            continue
        word = _wrong_word if draws[1] < wrong else _right_word
        feedback = word(record, one, found, draws[2], draws[3])
        if feedback is not None:
            said[record.id] = feedback
    return said


def _right_word(
    record: AnswerRecord, one: LabelledQuestion, found: Found, how: float, _: float
) -> Feedback | None:
    """Confirms what is right; corrects what is wrong, by the answer, half of them by a mark too."""
    golds = tuple(p.id for _, p, _ in found if p.id in one.passage_ids)
    if favourite_of(record) in golds:
        return Feedback(record.id, "correct", None, golds if how < 0.5 else (), 0.0)
    marks = golds if how < 0.5 else ()
    return Feedback(record.id, "wrong", one.answers[0], marks, 0.0)


def _wrong_word(
    record: AnswerRecord, one: LabelledQuestion, found: Found, how: float, which: float
) -> Feedback | None:
    """Confirms what is wrong; what is right is "corrected" to the words of another passage."""
    favourite = favourite_of(record)
    if favourite not in one.passage_ids:
        return Feedback(record.id, "correct", None, (favourite,) if how < 0.5 else (), 0.0)
    others = [p for _, p, _ in found if p.id not in one.passage_ids]
    if not others:
        return None
    other = others[int(which * len(others))]
    answer = some_words(other, Random(which))
    return Feedback(record.id, "wrong", answer, (other.id,) if how < 0.5 else (), 0.0)


def favourite_of(record: AnswerRecord) -> str:
    return max(record.passages, key=lambda one: one.attention).id


def some_words(passage: Passage, chance: Random) -> str:
    """Three words that stand in a passage, as a wrong answer does."""
    words = passage.text.split()
    start = chance.randrange(max(1, len(words) - 2))
    return " ".join(words[start : start + 3])
