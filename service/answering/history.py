"""Earlier answers and what people said about them, read back from the log.

The log names retrieved passages by corpus version and row; their texts are looked up here, and
are None once that corpus version is gone.
"""

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from reread.artefacts.guards import Guards
from reread.artefacts.passages import PassageStore, content_hash, open_corpus
from reread.artefacts.sources import known_roots, shown_source
from reread.errors import NotFound, RereadError
from reread.home import Home
from reread.live.guards import StandingGuards
from reread.log.attention_log import AttentionLog
from reread.log.privacy import Discretion
from reread.records import AnswerRecord, Feedback, LoggedPassage, Passage
from reread.rights import EVERYBODY, Rights

logger = logging.getLogger(__name__)
OPEN_CORPORA = 2  # older answers may name an older corpus; a memory map costs little


@dataclass(frozen=True, slots=True)
class Overview:
    """What is logged, for whoever looks after the service."""

    answers: int
    looked_at: int
    verdicts: dict[str, int]
    not_found: int
    unsure: list[AnswerRecord]


class PastAnswers:
    """Blocks on the disk: call it on a thread."""

    def __init__(
        self,
        log: AttentionLog,
        home: Home,
        removed_since: Callable[[int], Collection[str]] = lambda sequence: (),
        find_passage: Callable[[str], Passage | None] = lambda id: None,
        labels_now: Callable[[Collection[str]], frozenset[str]] = lambda ids: frozenset(),
        discretion: Discretion | None = None,
    ) -> None:
        """`removed_since` a change: passages' ids; `find_passage` as it is now, by its id.

        `labels_now` are the access labels that passages of these ids have now.
        """
        self._log, self._home = log, home
        self._removed_since, self._find_passage = removed_since, find_passage
        self._labels_of = labels_now
        self._discretion = discretion or Discretion()
        self._stores: OrderedDict[int, PassageStore] = OrderedDict()
        self._guards: dict[PassageStore, StandingGuards] = {}  # of the stores that are open
        self._lock = threading.Lock()

    def get(
        self, answer_id: str, rights: Rights = EVERYBODY
    ) -> tuple[AnswerRecord, list[Passage | None]]:
        """The record, and its passages in order; None where the text is no longer kept.

        NotFound also where the answer, or a passage it was read from, is not to be seen.
        """
        record = self._log.get(answer_id)
        if record is not None:
            with self._lock:
                texts = self._texts(record.corpus, record.passages)
                labels = self._labels_now(record).union(*(one.labels for one in texts if one))
            if rights.allow(labels):
                return record, texts
        raise NotFound(
            f"There is no answer {answer_id[:64]!r} in the log; use the id of a POST /answer."
        )

    def turns_to(
        self, answer_id: str, most: int, rights: Rights = EVERYBODY
    ) -> list[tuple[str, str]]:
        """Questions and answers of that answer and of those it follows, oldest first.

        NotFound as for `get`, and where the log keeps no words of it; of a conversation whose
        beginning is not there, what is.
        """
        found: list[tuple[str, str]] = []
        next_id: str | None = answer_id
        while next_id is not None and len(found) < most:
            try:
                record, _ = self.get(next_id, rights)
                if not record.words:
                    raise NotFound(f"What was said in {next_id[:64]!r} is not kept in the log.")
            except NotFound:
                if not found:
                    raise
                break
            found.append((record.question, record.answer))
            next_id = record.follows
        return found[::-1]

    def add_feedback(self, feedback: Feedback, rights: Rights = EVERYBODY) -> AnswerRecord:
        """What it is about; durable on return.

        Raises NotFound when there is no such answer, or it read no such passage.
        """
        record, _ = self.get(feedback.answer_id, rights)
        unknown = set(feedback.passage_ids) - {one.id for one in record.passages}
        if unknown:
            raise NotFound(
                f"passage_ids names {sorted(unknown)[0][:64]!r}, which the answer did not read; "
                "use the ids of its passages."
            )
        self._log.append_feedback(self._discretion.feedback(feedback, record))
        return record

    def overview(self, newest: int = 1000, unsure: int = 10) -> "Overview":
        """The log in figures: its newest records, and which of them the reader doubted most."""
        cursor = max(0, self._log.last_sequence() - newest)
        records = self._log.read_since(cursor, newest)
        latest = {one.answer_id: one.verdict for one in self._log.feedback_since(cursor)}
        doubted = sorted(
            (one for one in records if one.id not in latest and one.found and one.words),
            key=lambda one: one.confidence,
        )
        distinct = {one.question: one for one in reversed(doubted)}
        return Overview(
            answers=self._log.count_since(0),
            looked_at=len(records),
            verdicts=dict(Counter(latest.values())),
            not_found=sum(not one.found for one in records),
            unsure=sorted(distinct.values(), key=lambda one: one.confidence)[:unsure],
        )

    def _texts(self, corpus: int | None, logged: Sequence[LoggedPassage]) -> list[Passage | None]:
        store = None if corpus is None else self._store(corpus)
        gone = () if store is None else self._removed_since(store.changes)
        roots = known_roots(self._home)
        found = [self._text(store, one, gone) for one in logged]
        return [one and replace(one, source=shown_source(one.source, roots)) for one in found]

    def _text(
        self, store: PassageStore | None, one: LoggedPassage, gone: Collection[str]
    ) -> Passage | None:
        if one.content is not None:  # read before any corpus had it
            now = self._find_passage(one.id)
            return now if now is not None and content_hash(now) == one.content else None
        return None if one.id in gone else _passage(store, one)

    def _labels_now(self, record: AnswerRecord) -> frozenset[str]:
        """As they were then, and of its passages as they are now."""
        found = {one.id: one.row for one in record.passages if one.row is not None}
        labels = self._labels_of(found).union(record.labels)
        store = None if record.corpus is None else self._store(record.corpus)
        if store is not None:
            guards = self._guards_of(store)
            labels = labels.union(*(guards.of_row(row) for row in found.values()))
        return labels

    def _guards_of(self, store: PassageStore) -> Guards:
        if store not in self._guards:
            present = list(self._stores.values())
            self._guards = {one: kept for one, kept in self._guards.items() if one in present}
            self._guards[store] = StandingGuards(self._home, store)
        return self._guards[store]()

    def _store(self, corpus: int) -> PassageStore | None:
        if corpus in self._stores and not self._stores[corpus].folder.is_dir():
            del self._stores[corpus]  # an open file outlives its removal, a document must not
        if corpus not in self._stores:
            try:
                self._stores[corpus] = open_corpus(self._home, corpus)
            except (OSError, RereadError) as error:
                logger.warning("corpus %d of an earlier answer cannot be opened: %s", corpus, error)
                return None
        self._stores.move_to_end(corpus)
        while len(self._stores) > OPEN_CORPORA:
            self._stores.popitem(last=False)
        return self._stores[corpus]


def _passage(store: PassageStore | None, one: LoggedPassage) -> Passage | None:
    if one.row is None:
        return Passage(one.id, one.title or "", one.text or "")
    if store is None or one.row >= len(store):
        return None
    passage = store[one.row]
    return passage if passage.id == one.id else None
