"""Pages that are pictures -> their text, by a command that somebody names; off where nobody does.

The command is given the path of a PNG and prints text. Knows processes; knows no PDF, and nothing
of how characters are recognised.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass

from reread import processes
from reread.errors import BadRequest

IMAGE = "{image}"  # stands for the picture's path in the command; at its end where it is missing
PAGE_SECONDS = 60.0
MOST_TEXT = 1 << 20  # bytes of one page
WORDS_OF_AN_ERROR = 120
SLACK_S = 5.0  # the leash ends the command by itself so long after its time


class NotRecognised(Exception):
    """Why the command made no text of a page."""


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Runs the command once a page."""

    command: tuple[str, ...]
    seconds: float = PAGE_SECONDS  # for one page

    def text_of(self, png: bytes) -> str:
        """What the command prints; raises NotRecognised where it fails, stalls or finds nothing."""
        with tempfile.NamedTemporaryFile(prefix="reread-page-", suffix=".png") as file:
            file.write(png)
            file.flush()
            named = [part.replace(IMAGE, file.name) for part in self.command]
            printed = self._run(named if IMAGE in " ".join(self.command) else [*named, file.name])
        text = printed[:MOST_TEXT].decode("utf-8", errors="replace").replace("\f", "\n").strip()
        if not text:
            raise NotRecognised("printed nothing")
        return text

    def _run(self, command: list[str]) -> bytes:
        """On a leash: this process may be killed for the time its file takes."""
        leash = [sys.executable, "-I", processes.__file__, str(self.seconds + SLACK_S), *command]
        held, hold = os.pipe()
        try:
            child = subprocess.Popen(
                leash, stdin=held, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        finally:
            os.close(held)
        try:
            printed, complained = child.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            os.close(hold)  # ends the command, and what it started
            hold = -1
            with suppress(subprocess.TimeoutExpired):
                child.communicate(timeout=SLACK_S)
            child.kill()  # where something of it went its own way and holds the pipe
            child.wait()
            raise NotRecognised(f"took longer than {self.seconds:.0f} s") from None
        finally:
            if hold >= 0:
                os.close(hold)
        if child.returncode != 0:
            words = " ".join(complained.decode("utf-8", errors="replace").split())
            raise NotRecognised(f"ended with {child.returncode}: {words[:WORDS_OF_AN_ERROR]}")
        return printed


def recogniser_of(command: str | None, seconds: float = PAGE_SECONDS) -> Recogniser | None:
    """From the words of a setting; None where nothing is set. Raises BadRequest with a sentence.

    >>> recogniser_of("cat {image}").command
    ('cat', '{image}')
    """
    if command is None:
        return None
    try:
        parts = tuple(shlex.split(command))
    except ValueError as error:
        raise BadRequest(
            f"REREAD_OCR is {command!r} ({error}): close its quotation marks."
        ) from error
    if not parts or shutil.which(parts[0]) is None:
        raise BadRequest(
            f"REREAD_OCR is {command!r}, and there is no program {parts[0] if parts else ''!r} "
            f"here: install it, name its path, or leave the setting out."
        )
    return Recogniser(parts, seconds)
