"""Gold passages that questions name and the corpus does not hold: no search can find them.

Knows ids; measures nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from evaluation.questions import LabelledQuestion
from reread.records import Passage

NAMED = 3


class Ids(Protocol):
    """What is needed of a corpus."""

    def row_of(self, id: str) -> int | None: ...
    def iterate(self, batch: int = ...) -> Iterator[list[Passage]]: ...


@dataclass(frozen=True, slots=True)
class AbsentGold:
    """Ids that are not there, of so many that are named, and the questions that name one."""

    absent: int
    named: int
    questions: int
    first: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def absent_gold(corpus: Ids, questions: Sequence[LabelledQuestion]) -> AbsentGold | None:
    """None where every gold id is a passage of the corpus, or a document whose parts are."""
    named = dict.fromkeys(id for one in questions for id in one.passage_ids)
    missing = {id for id in named if corpus.row_of(id) is None}
    if missing:  # a document may be there in numbered parts alone
        missing -= {_document(one.id) for batch in corpus.iterate() for one in batch}
    if not missing:
        return None
    touched = sum(not missing.isdisjoint(one.passage_ids) for one in questions)
    first = [id for id in named if id in missing][:NAMED]
    return AbsentGold(len(missing), len(named), touched, tuple(first))


def _document(passage_id: str) -> str:
    document, _, number = passage_id.rpartition(".")
    return document if number.isascii() and number.isdigit() else passage_id
