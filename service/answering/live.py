"""The generation that new requests are answered from, and its hot swap.

A request pins what is current once and keeps it: encoder, index and passages are of one build.
Opening, checking and warming happen on a thread of their own; the swap is one assignment. A
generation that fails is refused and remembered, and the present one keeps serving.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from reread.errors import CorruptArtefact, NoGeneration, RereadError
from reread.records import Hit, Passage
from reread.rights import Rights
from service.answering.reading import AnswerReader

logger = logging.getLogger(__name__)
DAMAGED_RETRY_S = 60.0  # a damaged file may be restored, as its message advises; hashing costs
RETRY_S = 30.0  # a failure that may pass (memory, file handles) is tried again after this long
HOW_TO_BEGIN = (
    "No generation is published yet: run `reread ingest PATH` and then `reread build`, "
    "or drop documents on the page."
)


class PassageRows(Protocol):
    def __len__(self) -> int: ...
    def get(self, rows: Sequence[int]) -> list[Passage]: ...
    def seen_by(self, rights: Rights, rows: Sequence[int]) -> list[Passage]: ...


class NamesCorpus(Protocol):
    @property
    def corpus(self) -> int: ...


class ServedGeneration(Protocol):
    """What the service needs of a generation; `find` takes what `embed` made."""

    @property
    def number(self) -> int: ...
    @property
    def manifest(self) -> NamesCorpus: ...
    @property
    def passages(self) -> PassageRows: ...
    def embed(self, questions: Sequence[str]) -> Any: ...
    def find(self, asked: Any, top_k: int, rights: Rights) -> list[list[Hit]]: ...
    def near_from(self, question: str) -> float | None: ...  # from here nearness is evidence
    @property
    def as_of(self) -> int: ...  # the change list's sequence that its newest search went by
    def is_added(self, row: int) -> bool: ...
    def update(self) -> bool: ...
    def embed_passages(self, passages: Sequence[Passage]) -> Any: ...
    def score(self, question: str, passages: Sequence[Passage]) -> list[float]: ...
    def warm(self) -> object: ...
    def close(self) -> None: ...


class Pin:
    """One request's hold on a generation; release it exactly once."""

    def __init__(self, lease: "HeldGeneration") -> None:
        self.lease = lease
        self.generation = lease.generation

    def share(self) -> "Pin":
        """Another hold on the same generation, for a part of the request."""
        self.lease.take()
        return Pin(self.lease)

    def release(self) -> None:
        self.lease.release()


class HeldGeneration:
    """Counts the holds on one generation; the live pointer itself is the first."""

    def __init__(
        self,
        generation: ServedGeneration,
        on_free: Callable[[], None],
        reader: AnswerReader | None = None,  # tuned with it; None: the service's own
    ) -> None:
        self.generation, self.reader = generation, reader
        self._on_free = on_free
        self._holds = 1
        self._lock = threading.Lock()

    @property
    def is_free(self) -> bool:
        return self._holds == 0

    def take(self) -> None:
        with self._lock:
            self._holds += 1

    def release(self) -> None:
        with self._lock:
            self._holds -= 1
            free = self._holds == 0
        if free:
            self._on_free()


class LiveGeneration:
    def __init__(
        self,
        published: Callable[[], tuple[int, int] | None],  # (number, fence) that CURRENT names
        committed: Callable[[], Sequence[int]],  # every sound generation, ascending
        open_generation: Callable[[int], ServedGeneration],
        *,
        doubt: Callable[[], str | None] = lambda: None,  # why `published` is not what was chosen
        poll_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        reader_of: Callable[[int], AnswerReader | None] = lambda number: None,
        on_swap: Callable[[], None] = lambda: None,
        on_refusal: Callable[[], None] = lambda: None,
    ) -> None:
        self._published, self.committed, self.open = published, committed, open_generation
        self._poll_s, self._clock = poll_s, clock
        self._on_swap, self._on_refusal, self._doubt = on_swap, on_refusal, doubt
        self.reader_of = reader_of
        self._stand_in: tuple[int, int] | None = None  # (published, the older one that answers)
        self._doubted: str | None = None
        self._since_s: float | None = None  # when this generation was taken into service
        self._lease: HeldGeneration | None = None
        self._pointer = threading.Lock()  # held for the assignment and for taking a pin only
        self._refreshing = threading.Lock()
        self._refused: dict[tuple[int, int], tuple[str, float]] = {}  # reason, try again at
        self._poll_failure: str | None = None
        self._first_look_done = False
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._leaving: list[HeldGeneration] = []
        self._thread = threading.Thread(target=self._watch, name="generation watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        self._stopped.set()
        self._wake.set()
        self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def number(self) -> int | None:
        lease = self._lease
        return None if lease is None else lease.generation.number

    @property
    def reader(self) -> AnswerReader | None:
        """The tuned reader that came with this generation; None: the service's own reads."""
        lease = self._lease
        return None if lease is None else lease.reader

    @property
    def age_s(self) -> float:
        """Since the last swap; 0.0 before the first."""
        since_s = self._since_s
        return 0.0 if since_s is None else self._clock() - since_s

    @property
    def missing(self) -> str | None:
        """What stands between the service and its first answer."""
        if self._lease is not None:
            return None
        if not self._first_look_done:
            return "The published generation is being loaded; try again in a few seconds."
        if self._refused:
            return f"No sound generation: {' '.join(self.warnings)} Run `reread build` again."
        return HOW_TO_BEGIN

    @property
    def warnings(self) -> list[str]:
        refused = [reason for reason, _ in list(self._refused.values())]
        stand_in = self._stand_in
        if stand_in is not None:
            refused.append(
                f"Generation {stand_in[1]} answers in the place of generation {stand_in[0]}, which "
                "is published: restore its files or run `reread build`."
            )
        return refused + [one for one in (self._doubted, self._poll_failure) if one]

    def pin(self) -> Pin:
        """Hold the present generation; raises NoGeneration where there is none."""
        with self._pointer:
            lease = self._lease
            if lease is not None:
                lease.take()
                return Pin(lease)
        raise NoGeneration(self.missing or HOW_TO_BEGIN)

    def update(self) -> bool:
        """Let the present generation take in what was added; True if there was anything.

        Blocks while it encodes: never call it on the event loop.
        """
        with self._pointer:
            lease = self._lease
            if lease is None:
                return False
            lease.take()
        try:
            return lease.generation.update()
        finally:
            lease.release()

    def refresh(self) -> bool:
        """Swap to the published generation if it is another and sound; True when swapped.

        Blocks while it loads: never call it on the event loop.
        """
        with self._refreshing:
            try:
                return self._refresh()
            finally:
                self._first_look_done = True

    def _refresh(self) -> bool:
        target, self._doubted = self._published(), self._doubt()
        if target is None or target[0] == self.number:
            self._refused.clear()
            self._stand_in = None
            return False
        self._refused = {key: kept for key, kept in self._refused.items() if key == target}
        if self._take_over(*target):
            return True
        return self._lease is None and self._take_an_older(*target)

    def _take_an_older(self, published: int, fence: int) -> bool:
        """After a start with a damaged generation: the newest sound one before it."""
        older = [number for number in self.committed() if number < published]
        for number in reversed(older):
            if self._take_over(number, fence, fallback=True):
                self._stand_in = (published, number)
                return True
        return False

    def _take_over(self, number: int, fence: int, *, fallback: bool = False) -> bool:
        reason, retry_at = self._refused.get((number, fence), ("", 0.0))
        if reason and self._clock() < retry_at:
            return False
        try:
            fresh = self.open(number)
            fresh.warm()  # the first use is paid here, not by a user
            reader = self.reader_of(number)
        except Exception as error:
            self._refuse(number, fence, error)
            return False
        if not fallback:
            self._refused.pop((number, fence), None)
            self._stand_in = None
        self._swap(fresh, reader)
        return True

    def _refuse(self, number: int, fence: int, error: Exception) -> None:
        logger.error("generation %d refused, serving %s", number, self.number, exc_info=error)
        pause_s = DAMAGED_RETRY_S if isinstance(error, CorruptArtefact) else RETRY_S
        retry_at = self._clock() + pause_s
        cause = str(error) if isinstance(error, RereadError) else f"{type(error).__name__}: {error}"
        self._refused[(number, fence)] = (f"Generation {number} was refused: {cause}", retry_at)
        self._on_refusal()

    def _swap(self, fresh: ServedGeneration, reader: AnswerReader | None) -> None:
        lease = HeldGeneration(fresh, self._wake.set, reader)
        with self._pointer:
            old, self._lease = self._lease, lease
        self._since_s = self._clock()
        logger.info("now answering from generation %d", fresh.number)
        self._on_swap()
        if old is not None:
            self._leaving.append(old)
            old.release()

    def _free(self) -> None:
        """Close the generations whose last request has gone."""
        for lease in [one for one in self._leaving if one.is_free]:
            self._leaving.remove(lease)
            lease.generation.close()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                self.refresh()
                self.update()
                self._free()
                self._poll_failure = None
            except Exception as error:
                logger.exception("looking for a new generation failed")
                self._poll_failure = f"Looking for a new generation failed: {error}"
            self._wake.wait(self._poll_s)
            self._wake.clear()
