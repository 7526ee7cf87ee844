"""Questions with a right passage and wrong ones that look right, for a cross-encoder to learn from.

Wrong are those of BM25's first that are not named as right and hold no accepted answer. Knows
questions, passages and words; knows no model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evaluation.metrics import has_answer, is_gold
from evaluation.questions import LabelledQuestion
from reread.artefacts.passages import PassageStore
from reread.errors import BadRequest
from reread.records import Passage
from reread.rights import EVERYBODY
from reread.search.words import BM25Retriever

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Mined:
    """One question; `wrong` in BM25's order."""

    question: str
    right: Passage
    wrong: tuple[Passage, ...]
    words_agree: bool  # BM25 has the right one before every wrong one


def mine(
    questions: Sequence[LabelledQuestion],
    store: PassageStore,
    depth: int,
    *,
    progress: Progress = lambda share: None,
) -> list[Mined]:
    """Questions whose right passage is known and that have a wrong one; BadRequest for none.

    Right is the first passage of BM25's that is named and holds an answer, else the named one;
    where a question names none, the first that holds an answer.
    """
    words = BM25Retriever.build(one for batch in store.iterate() for one in batch)
    seen = store.guards.allowed(EVERYBODY)  # what is trained serves everybody
    mined: list[Mined] = []
    for place, one in enumerate(questions):
        progress(place / len(questions))
        [hits] = words.search([one.question], depth, seen)
        rows = [hit.row for hit in hits if hit.score > 0]
        if (found := _split(one, store.get(rows), store)) is not None:
            mined.append(found)
    if not mined:
        raise BadRequest(
            f"None of the {len(questions)} questions has a right passage in the corpus and a wrong "
            f"one among BM25's first {depth}: give the passages that the questions were asked of."
        )
    return mined


def _split(one: LabelledQuestion, found: Sequence[Passage], store: PassageStore) -> Mined | None:
    right = _right_place(one, found)
    passage = found[right] if right is not None else _named(one, store)
    wrong = [k for k, other in enumerate(found) if _is_wrong(one, other)]
    if passage is None or not wrong:
        return None
    agree = right is not None and right < wrong[0]
    return Mined(one.question, passage, tuple(found[k] for k in wrong), agree)


def _right_place(one: LabelledQuestion, found: Sequence[Passage]) -> int | None:
    named = [k for k, other in enumerate(found) if _is_named(one, other)]
    pool = named if one.passage_ids else range(len(found))
    return next((k for k in pool if has_answer(found[k].text, one.answers)), None)


def _named(one: LabelledQuestion, store: PassageStore) -> Passage | None:
    """The named passage where BM25 did not find it, if it holds an answer; not its pieces."""
    rows = [row for row in map(store.row_of, one.passage_ids) if row is not None]
    known = [store[row] for row in rows if not store.guards.of_row(row)]
    return next((other for other in known if has_answer(other.text, one.answers)), None)


def _is_named(one: LabelledQuestion, passage: Passage) -> bool:
    return any(is_gold(passage.id, gold) for gold in one.passage_ids)


def _is_wrong(one: LabelledQuestion, passage: Passage) -> bool:
    return not _is_named(one, passage) and not has_answer(passage.text, one.answers)
