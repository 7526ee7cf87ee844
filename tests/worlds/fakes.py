"""Real implementations with predictable numbers: a reader and a generation that count words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from reread.reading import AGGREGATIONS, Reading, ReadRequest, Span
from reread.records import Hit, Passage
from reread.rights import EVERYBODY, Rights


def words(text: str) -> set[str]:
    return set(text.lower().replace("?", " ").replace(".", " ").split())


class EchoReader:
    """Answers with the first words of the passage that shares most words with the question.

    attention[k] = number of words shared with it or with earlier questions; "nothing stands here"
    finds nothing. `gate`, when given, is waited for before each batch;
    `fail` may raise for a request, and what it raises comes out of the whole batch.
    """

    name = "echo"
    folder: Path | None = None

    def __init__(
        self,
        *,
        gate: threading.Event | None = None,
        fail: Callable[[ReadRequest], None] = lambda request: None,
        delay_s: float = 0.0,
    ) -> None:
        self.gate, self.fail, self.delay_s = gate, fail, delay_s
        self.batches: list[list[str]] = []
        self.pieces_sent = 0

    def read(
        self, requests: Sequence[ReadRequest], aggregation: str = "mean", tokens: bool = False
    ) -> list[Reading]:
        assert aggregation in AGGREGATIONS
        self.batches.append([request.question for request in requests])
        if self.gate is not None:
            self.gate.wait(30)
        time.sleep(self.delay_s)
        for request in requests:
            self.fail(request)
        return [self.reading(request, tokens) for request in requests]

    def stream(self, request: ReadRequest) -> Iterator[str | Reading]:
        [reading] = self.read([request])
        for place, word in enumerate(reading.answer.split()):
            self.pieces_sent += 1
            yield f" {word}" if place else word
            time.sleep(self.delay_s)
        yield reading

    def reading(self, request: ReadRequest, tokens: bool) -> Reading:
        if words(request.question) <= {"nothing", "stands", "here"}:
            none = (0.0,) * len(request.passages)
            return Reading("", 0.01, none, found=False, warnings=("Nothing fits the question.",))
        earlier = " ".join(turn.question for turn in request.history)
        asked = words(f"{earlier} {request.question}")
        scores = tuple(float(len(asked & words(p.text))) for p in request.passages)
        best = request.passages[scores.index(max(scores))]
        answer = " ".join(best.text.split()[:5])
        return Reading(
            answer=answer,
            confidence=1 / (1 + len(request.passages)),
            attention=scores,
            tokens=tuple(
                tuple((word, float(word.lower() in asked)) for word in p.text.split())
                for p in request.passages
            )
            if tokens
            else None,
            spans=(Span(best.id, 0, len(answer)),) if best.text.startswith(answer) else (),
        )

    def info(self) -> dict[str, Any]:
        return {"name": self.name, "fast_path": "none"}


class WordRows:
    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages

    def __len__(self) -> int:
        return len(self._passages)

    def get(self, rows: Sequence[int]) -> list[Passage]:
        return [self._passages[row] for row in rows]

    def seen_by(self, rights: Rights, rows: Sequence[int]) -> list[Passage]:
        return self.get(rows)


class WordGeneration:
    """Passages whose texts name their generation; score = shared words, ties by row.

    It refuses to be used after `close`, so that a search of a freed generation is seen.
    """

    def __init__(self, number: int, count: int = 12, warm_error: Exception | None = None) -> None:
        self.number = number
        self.manifest = SimpleNamespace(corpus=number)
        self.passages = WordRows(
            [
                Passage(
                    f"p{i}", f"Town {i}", f"Town {i} of edition {number} has {i} wells.", "atlas"
                )
                for i in range(count)
            ]
        )
        self.count, self.warm_error = count, warm_error
        self.as_of = 0
        self.warmed = self.closed = False

    def near_from(self, question: str) -> float | None:
        return None

    def embed(self, questions: Sequence[str]) -> list[set[str]]:
        assert not self.closed
        return [words(question) for question in questions]

    def find(
        self, asked: Sequence[set[str]], top_k: int, rights: Rights = EVERYBODY
    ) -> list[list[Hit]]:
        return [self._best(one)[:top_k] for one in asked]

    def embed_passages(self, passages: Sequence[Passage]) -> np.ndarray:
        """(number of characters, number of words)"""
        return np.array([[len(p.text), len(p.text.split())] for p in passages], np.float32)

    def score(self, question: str, passages: Sequence[Passage]) -> list[float]:
        assert not self.closed
        return [float(len(words(question) & words(p.text))) for p in passages]

    def is_added(self, row: int) -> bool:
        return False

    def update(self) -> bool:
        return False

    def warm(self) -> None:
        if self.warm_error is not None:
            raise self.warm_error
        self.warmed = True

    def close(self) -> None:
        assert not self.closed
        self.closed = True

    def _best(self, asked: set[str]) -> list[Hit]:
        texts = self.passages.get(range(self.count))
        hits = [Hit(row, float(len(asked & words(p.text)))) for row, p in enumerate(texts)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.row))


class Shelf:
    """Published generations in memory: what CURRENT and generations/ are on a disk."""

    def __init__(self) -> None:
        self.generations: dict[int, WordGeneration | Exception] = {}
        self.current: tuple[int, int] | None = None
        self.opened: list[int] = []

    def publish(self, number: int, generation: WordGeneration | Exception, fence: int = 0) -> None:
        self.generations[number] = generation
        self.current = (number, fence)

    def open(self, number: int) -> WordGeneration:
        self.opened.append(number)
        found = self.generations[number]
        if isinstance(found, Exception):
            raise found
        return found
