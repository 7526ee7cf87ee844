"""Answer records -> training examples: a question, the passages it was read with, their scores.

Says how many records it left out and why. Knows the log's records and the passage store; does not
know the retriever or the reader.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median

from reread.artefacts.passages import PassageStore
from reread.records import LOGGED_AGGREGATION, AnswerRecord, Feedback, LoggedPassage, Passage
from reread.search.duplicates import near_duplicates
from trainer.feedback import People, gather, question_key

NO_EVIDENCE = "no passage shares anything with the question"
VANISHED = "the passage its reader preferred was changed or removed"
WRONG = "its answer was marked wrong"
TOO_FEW = "fewer than 2 passages were found, and one alone has no order"
NOT_FINITE = "an attention score is not a finite number"
REPEATED = "the question was asked again later"
FLAT = "all attention scores are equal"
UNTOLD = "the question's words are not in the log (log_questions, log_days)"
GUARDED = "it was read from a passage under access labels"

# Of passages, in the lists of the records that are used.
MISSES = "sharing nothing with the question"
COPIES = "near-duplicates of another"


@dataclass(frozen=True, slots=True)
class Example:
    """One question with the passages its reader saw; scores are raw G, on that reader's scale."""

    question: str
    passages: tuple[Passage, ...]
    rows: tuple[int | None, ...]  # in the corpus trained on; None = given by the caller
    teacher: tuple[float, ...]
    reader: str
    sequence: int  # in the log; decides what is new
    answer: str = ""  # the reader's own, or a given one; some objectives need it
    signal: str = LOGGED_AGGREGATION  # what `teacher` is: an aggregation of attention, or a teacher
    token_teacher: tuple[tuple[float, ...], ...] | None = None  # (K, T) log-probabilities, ppmean
    labels: tuple[float, ...] | None = None  # 1 for a passage that holds the answer, where known
    pairs: tuple["Preference", ...] = ()  # of a teacher that compares two passages
    marked: frozenset[str] = frozenset()  # ids of passages that people said hold the answer
    doubted: bool = False  # its answer was marked wrong: the reader leaned on the wrong passages


@dataclass(frozen=True, slots=True)
class Preference:
    """How likely passage `first` of a list is better than passage `second`."""

    first: int
    second: int
    log_first: float  # log p(first is the better one)


@dataclass(frozen=True, slots=True)
class Selection:
    examples: tuple[Example, ...]  # oldest first
    dropped: dict[str, int]  # reason -> records
    left_out: dict[str, int] = field(default_factory=dict)  # reason -> passages of the others
    people: People = field(default_factory=People)


OpenOld = Callable[[int], PassageStore | None]


def select_examples(
    records: Sequence[AnswerRecord],
    store: PassageStore,
    *,
    corpus: int,
    said: Mapping[str, Feedback] | None = None,
    open_old: OpenOld = lambda number: None,
    aggregation: str = LOGGED_AGGREGATION,
    gone: Collection[str] = (),
) -> Selection:
    """The usable records, one per question (the latest).

    A record that was logged without `aggregation` gives an example with the mean, and says so.

    `corpus` is the store's number, `said` the latest word on each answer by its id (one marked
    wrong counts only where it is known which passages were right), `open_old` finds an earlier
    corpus version by its number, or None, `gone` are the ids of passages that were changed or
    removed since the store was written.
    """
    dropped: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    latest: dict[str, Example] = {}
    said = said or {}

    def finder(record: AnswerRecord) -> PassageFinder:
        old = None if record.corpus in (corpus, None) else open_old(record.corpus)
        return PassageFinder(store, is_same_corpus=record.corpus == corpus, old=old, gone=gone)

    told = [one for one in records if one.words]
    dropped[UNTOLD] = len(records) - len(told)
    open_to_all = [one for one in told if not finder(one).reads_guarded(one)]
    dropped[GUARDED] = len(told) - len(open_to_all)
    records = open_to_all  # what is trained serves everybody
    people = gather(records, said, lambda record: finder(record).now)
    for record in records:
        marked = people.marked(record.question) & {one.id for one in record.passages}
        doubted = record.id in said and said[record.id].verdict == "wrong"
        outcome: Example | str = WRONG
        if marked or not doubted:
            outcome = _to_example(record, finder(record), aggregation, left_out, marked)
        if isinstance(outcome, str):
            dropped[outcome] += 1
            continue
        key = question_key(record.question)
        dropped[REPEATED] += latest.pop(key, None) is not None
        latest[key] = replace(outcome, doubted=doubted)
    return Selection(
        tuple(latest.values()), {why: n for why, n in dropped.items() if n}, dict(left_out), people
    )


@dataclass(frozen=True, slots=True)
class PassageFinder:
    """Finds a logged passage in today's store, unless its text has changed since it was read."""

    store: PassageStore
    is_same_corpus: bool
    old: PassageStore | None  # the version the record's rows belong to; None = it is gone
    gone: Collection[str] = ()

    def find(self, logged: LoggedPassage) -> tuple[int | None, Passage] | None:
        """(row, passage), the row None for a passage the caller gave; None = vanished."""
        if logged.row is None:
            text = logged.text
            return None if text is None else (None, Passage(logged.id, logged.title or "", text))
        if logged.id in self.gone:
            return None
        if self.is_same_corpus and logged.content is None:
            return logged.row, self.store[logged.row]
        row = self.store.row_of(logged.id)
        if logged.content is not None:  # read before any corpus had it
            same = row is not None and self.store.content_hash(row) == logged.content
            return (row, self.store[row]) if row is not None and same else None
        if row is None or self._was_changed(logged.row, row):
            return None
        return row, self.store[row]

    def reads_guarded(self, record: AnswerRecord) -> bool:
        """Whether a passage of it has access labels now; one that is gone has none."""
        ids = (one.id for one in record.passages if one.row is not None)
        return not all(self.store.is_open(id) for id in ids)

    def now(self, logged: LoggedPassage) -> Passage | None:
        """The passage, where it still is what was read."""
        found = self.find(logged)
        return None if found is None else found[1]

    def _was_changed(self, old_row: int, row: int) -> bool:
        if self.old is None:
            return False
        return self.old.content_hash(old_row) != self.store.content_hash(row)


def _to_example(
    record: AnswerRecord,
    finder: PassageFinder,
    aggregation: str,
    left_out: Counter[str],
    marked: frozenset[str],
) -> Example | str:
    """The example, or the reason why there is none; counts passages left out of an example.

    A vanished passage is left out of the list; the rest still says how the reader ranked them,
    unless the vanished one was its favourite and nobody marked another: then what remains is
    mostly noise.
    """
    wanted = record.scores_by(aggregation)
    signal = LOGGED_AGGREGATION if wanted is None else aggregation
    scores = [one.attention for one in record.passages] if wanted is None else list(wanted)
    if not all(math.isfinite(score) for score in scores):
        return NOT_FINITE
    if not scores:
        return TOO_FEW
    if not any(_is_evidence(one) for one in record.passages) or _is_unread(record):
        return NO_EVIDENCE
    if len(scores) < 2:
        return TOO_FEW
    found = [finder.find(one) for one in record.passages]
    if found[scores.index(max(scores))] is None and not marked:
        return VANISHED
    kept = [
        (place, score)
        for place, score, one in zip(found, scores, record.passages, strict=True)
        if place and (_is_evidence(one) or one.id in marked)
    ]
    misses = sum(not _is_evidence(one) for one in record.passages)
    kept, copies = _without_copies(record.question, kept, marked)
    if len(kept) < 2:
        return TOO_FEW
    if len({score for _, score in kept}) == 1:
        return FLAT
    left_out.update({reason: n for reason, n in ((MISSES, misses), (COPIES, copies)) if n})
    return Example(
        question=record.question,
        passages=tuple(passage for (_, passage), _ in kept),
        rows=tuple(row for (row, _), _ in kept),
        teacher=tuple(score for _, score in kept),
        reader=record.reader,
        sequence=record.sequence or 0,
        answer=record.answer,
        signal=signal,
        marked=marked,
    )


def with_marks(example: Example) -> Example:
    """The example with what people marked in its teacher's scores; for that question alone.

    A marked passage is set beside the teacher's favourite, not above it: most marks are right and
    so are most favourites, and where they differ the student learns half of each. Where the answer
    was wrong, what else the reader leaned on is taken back to the middle of its list.
    """
    if not example.marked & {one.id for one in example.passages}:
        return example
    top, middle = max(example.teacher), median(example.teacher)
    rest = partial(min, middle) if example.doubted else float
    is_marked = [one.id in example.marked for one in example.passages]
    pairs = list(zip(is_marked, example.teacher, strict=True))
    return replace(
        example,
        teacher=tuple(top if marked else rest(score) for marked, score in pairs),
        labels=tuple(float(marked) for marked in is_marked),
    )


def _is_evidence(logged: LoggedPassage) -> bool:
    """A score of 0 is given by words alone: the passage has none of the question's."""
    return logged.retrieval_score != 0


def _is_unread(record: AnswerRecord) -> bool:
    """Refused before the reader saw it: its scores are nobody's."""
    return not record.found and not any(one.attention for one in record.passages)


Kept = list[tuple[tuple[int | None, Passage], float]]  # ((row, passage), score)


def _without_copies(question: str, kept: Kept, marked: Collection[str] = ()) -> tuple[Kept, int]:
    """Of passages that say the same, the marked one or the reader's own; how many went."""
    firsts = near_duplicates(question, [passage for (_, passage), _ in kept])
    best: dict[int, int] = {}

    def worth(place: int) -> tuple[bool, float]:
        return kept[place][0][1].id in marked, kept[place][1]

    for place, first in enumerate(firsts):
        if first not in best or worth(place) > worth(best[first]):
            best[first] = place
    places = sorted(best.values())
    return [kept[place] for place in places], len(kept) - len(places)


def split_held_out(
    examples: Sequence[Example], share: float, *, at_least: int
) -> tuple[list[Example], list[Example]]:
    """(to train on, held out), by a hash of the question: the same slice in every round.

    Where the slice is smaller than `at_least`, the next questions in hash order fill it, but it
    never takes more than half.
    """
    ordered = sorted(examples, key=lambda one: _hash_share(one.question))
    inside = sum(_hash_share(one.question) < share for one in ordered)
    count = max(inside, min(at_least, len(ordered) // 2))
    held_out = {id(one) for one in ordered[:count]}
    train = [one for one in examples if id(one) not in held_out]
    return train, [one for one in examples if id(one) in held_out]


def _hash_share(question: str) -> float:
    digest = hashlib.sha256(question_key(question).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
