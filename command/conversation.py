"""`reread ask` without a question: a conversation in a terminal, or a question a line from a pipe.

Knows what a service answers and what is typed; does not know how the service is reached.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from command.terminal.answers import show_answer
from reread.errors import RereadError

Post = Callable[[str, dict[str, Any]], dict[str, Any]]  # path, body -> response
TURNS = 10  # earlier questions that go along, as many as the service takes
KEPT_LINES = 1000
PROMPT = "? "
HELP = (
    "A question is read with those before it. /new begins anew, /right and /wrong [the right "
    "answer] judge the last answer, /quit or Ctrl-D ends."
)


class Conversation:
    """What was said so far, and the judgement of what was said last."""

    def __init__(self, post: Post, console: Console, top_k: int | None = None) -> None:
        self._post, self._console = post, console
        self._options = {} if top_k is None else {"top_k": top_k}
        self._turns: list[dict[str, str]] = []
        self._last: str | None = None  # id of the last answer

    def take(self, line: str) -> bool:
        """One line that was typed; False: it was the last. A refusal is shown and nothing lost."""
        word, _, rest = line.strip().partition(" ")
        try:
            if word in ("/quit", "/exit"):
                return False
            if not word:
                return True
            if not word.startswith("/"):
                self._ask(line.strip())
            elif word == "/new":
                self._turns = []
                self._console.print("A new conversation.")
            elif word in ("/right", "/wrong"):
                self._judge("correct" if word == "/right" else "wrong", rest.strip())
            else:
                self._console.print(HELP, markup=False)
        except RereadError as error:
            self._console.print(str(error), style="red", markup=False)
        return True

    def _ask(self, question: str) -> None:
        body = {"question": question, "history": self._turns[-TURNS:], **self._options}
        with self._console.status("Reading …"):
            answer = self._post("/answer", body)
        show_answer(self._console, answer)
        self._turns.append({"question": question, "answer": answer["answer"]})
        self._last = answer["id"]

    def _judge(self, verdict: str, answer: str) -> None:
        if self._last is None:
            self._console.print("There is no answer yet to judge.")
            return
        said = {"answer_id": self._last, "verdict": verdict}
        self._post("/feedback", said | ({"answer": answer} if answer else {}))
        self._console.print(f"Kept: {escape(verdict)}. The next retraining learns from it.")


def converse(conversation: Conversation, console: Console, history: Path) -> None:
    """Read lines until the end; what was typed is kept for the arrow keys of the next time."""
    console.print(HELP, style="dim", markup=False)  # it has square brackets
    with line_history(history):
        while True:
            try:
                line = input(PROMPT)
            except EOFError:
                console.print()
                return
            if not conversation.take(line):
                return


@contextlib.contextmanager
def line_history(file: Path) -> Iterator[None]:
    """Arrow keys go through earlier lines, in the file for its owner alone; where readline is."""
    try:
        import readline
    except ImportError:
        yield
        return
    with contextlib.suppress(OSError):
        readline.read_history_file(file)
    readline.set_history_length(KEPT_LINES)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.touch(mode=0o600)
            readline.write_history_file(file)


def ask_each(
    lines: Iterable[str],
    ask: Callable[[str], dict[str, Any]],
    show: Callable[[dict[str, Any]], None],
    refuse: Callable[[str], None],
) -> int:
    """Answer every line that is not empty, each for itself; how many were refused."""
    refused = 0
    for line in filter(None, map(str.strip, lines)):
        try:
            show(ask(line))
        except RereadError as error:
            refused += 1
            refuse(f"{line[:80]}: {error}")
    return refused
