"""People who ask, for the demonstration: questions made from the documents, asked over HTTP.

Knows passages only as text to make questions of; the questions carry no labels.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from command.asking import call
from command.settings import Settings
from command.terminal.console import StageReport
from reread.errors import RereadError

if TYPE_CHECKING:
    from reread.artefacts.passages import PassageStore

SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\n")
VERBS = frozenset((
    "return", "create", "convert", "read", "write", "open", "parse", "compute", "find", "get",
    "set", "send", "remove", "add", "check", "compare", "copy", "split", "join", "format", "wait",
    "close", "delete", "encode", "decode", "run", "start", "stop", "load", "serialize",
    "deserialize", "use", "make", "build", "test", "print", "returns", "creates", "converts",
    "reads", "writes", "opens", "parses", "computes", "finds", "gets", "sets", "sends", "removes",
    "adds", "checks", "compares", "copies", "splits", "joins", "formats", "waits", "closes",
    "deletes", "encodes", "decodes", "runs", "starts", "stops", "loads", "uses", "makes",
    "builds", "tests", "prints",
))  # fmt: skip
LEAST_WORDS, MOST_WORDS = 5, 16


def sample_questions(store: PassageStore, count: int, seed: int = 0) -> list[str]:
    """Up to `count` different questions from passages all over the corpus, the same each time."""
    rows = list(range(len(store)))
    random.Random(seed).shuffle(rows)
    questions: dict[str, None] = {}
    for row in rows:
        passage = store[row]
        question = make_question(passage.title, passage.text)
        if question is not None:
            questions[question] = None
        if len(questions) == count:
            break
    return list(questions)


def make_question(title: str, text: str) -> str | None:
    """A question that a passage's first plain sentence would answer; None where there is none.

    >>> make_question("textwrap.dedent", "Remove any common leading whitespace from every line.")
    'How do I remove any common leading whitespace from every line?'
    >>> make_question("Safety", "A pump is checked by its operator every morning.")
    'What is checked by its operator every morning?'
    """
    for sentence in SENTENCE.split(text):
        words = sentence.strip().rstrip(".:;").split()
        if not LEAST_WORDS <= len(words) <= MOST_WORDS or not sentence[:1].isupper():
            continue
        if any(not re.fullmatch(r"[\w',/.\-]+", word) for word in words):
            continue
        first = words[0].lower()
        if first in VERBS:
            verb = first.removesuffix("s") if first not in ("compress", "process") else first
            return " ".join(["How do I", verb, *words[1:]]) + "?"
        for place, word in enumerate(words[1:6], 1):
            if word in ("is", "are", "was", "were", "has", "have", "can", "will", "must"):
                return " ".join(["What", *words[place:]]) + "?"
    return None


class Audience:
    """Asks questions of the service of these settings and counts what comes back."""

    def __init__(self, settings: Settings, questions: Sequence[str]) -> None:
        self._settings = settings
        self._questions = list(questions)
        self._lock = threading.Lock()
        self.answered: Counter[int] = Counter()  # by generation
        self.failures: list[str] = []

    def ask_all(self, report: StageReport) -> None:
        """Every question once."""
        for done, question in enumerate(self._questions, 1):
            self._ask(question)
            report("questions", done / len(self._questions))

    @contextmanager
    def keep_asking(self, pause_s: float = 2.0) -> Iterator[None]:
        """Ask in the background until the block ends, two thirds of the time at rest.

        A question at a time without a rest would take the cores from the training it is to show.
        """
        stop = threading.Event()

        def loop() -> None:
            rounds = random.Random(1)
            while not stop.is_set():
                began = time.monotonic()
                self._ask(rounds.choice(self._questions))
                stop.wait(max(pause_s, 2 * (time.monotonic() - began)))

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield
            self._ask(self._questions[0])
        finally:
            stop.set()
            thread.join(60)

    def _ask(self, question: str) -> None:
        try:
            body = call(self._settings, None, "POST", "/answer", {"question": question})
        except RereadError as error:
            with self._lock:
                self.failures.append(str(error))
            return
        with self._lock:
            self.answered[int(body["generation"])] += 1

    def summary(self) -> str:
        """How many answers came from which generation, and how many questions failed."""
        with self._lock:
            parts = [f"{n} from generation {g}" for g, n in sorted(self.answered.items())]
            failed = f", first: {self.failures[0]}" if self.failures else ""
            return f"Answers: {', '.join(parts) or 'none'}; failed: {len(self.failures)}{failed}"
