"""A real terminal around a real process: what it shows, and what is typed at it."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|[\r\x07]")


class Terminal:
    """`python -m command ...` on a pseudo-terminal."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        self._mine, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "command", *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment},
        )  # fmt: skip
        os.close(theirs)
        self._seen = b""

    @property
    def screen(self) -> str:
        """Everything shown so far, without colours and cursor movements."""
        return CONTROLS.sub("", self._seen.decode("utf-8", "replace"))

    def wait_for(self, text: str, limit_s: float = 240.0) -> None:
        """Until the words of `text` are shown; long paths break lines anywhere between them."""
        deadline, words = time.monotonic() + limit_s, " ".join(text.split())
        while words not in " ".join(self.screen.split()):
            assert time.monotonic() < deadline, f"{text!r} was not shown: {self.screen}"
            self._read(0.2)

    def type(self, line: str) -> None:
        os.write(self._mine, f"{line}\n".encode())

    def end(self, limit_s: float = 60.0) -> int:
        """The exit code, once the process has ended by itself."""
        deadline = time.monotonic() + limit_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.screen
            self._read(0.1)
        self._read(0.2)
        return self.process.returncode

    def _read(self, wait_s: float) -> None:
        ready, _, _ = select.select([self._mine], [], [], wait_s)
        if ready:
            try:
                self._seen += os.read(self._mine, 65_536)
            except OSError:  # the other side is closed
                time.sleep(wait_s)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._mine)


@contextmanager
def terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    opened = Terminal(list(arguments), environment)
    try:
        yield opened
    finally:
        opened.close()
