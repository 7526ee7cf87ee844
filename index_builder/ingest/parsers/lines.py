"""Lines of a file of records, streamed: wrong bytes are replaced, lines without an end passed over.

Knows bytes, encodings and lines; does not know what a line means.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator
from typing import IO, Any, AnyStr, Protocol

from index_builder.ingest.blocks import UnreadableError
from index_builder.ingest.encoding import SEQUENCE, Note, decode_text

MOST_LINE = 16 << 20  # characters; a question with a hundred passages has 70,000
MOST_LINES = 30_000_000  # of one file; ids are kept in memory. Wikipedia has 21,015,324 passages
MOST_WHOLE = 256 << 20  # bytes of a file that cannot be streamed
NAMED_BAD = 5  # lines with wrong bytes named by number


class Opens(Protocol):
    """A path, or what opens a file of that name alone."""

    def open(self, mode: str = "r", **how: Any) -> IO[Any]: ...
    def read_bytes(self) -> bytes: ...
    def stat(self) -> os.stat_result: ...


def read_lines(
    path: Opens, note: Note, line_end: str | None = None
) -> Iterator[tuple[int, str | None]]:
    """(line number from 1, line with its end), ended by `line_end`, by default any end.

    None stands for a line of more than MOST_LINE characters. UTF-8 is streamed, with bytes that
    are not replaced and named by line; a file in another encoding is read whole.
    """
    bad = _bad_lines(path)
    if bad is None:
        require_whole(path, "of another encoding than UTF-8", "save it as UTF-8")
        lines = decode_text(path.read_bytes(), note).split("\n")
        yield from enumerate((f"{line}\n" for line in lines), start=1)
        return
    if bad:
        named = ", ".join(map(str, bad[:NAMED_BAD])) + (" and more" if bad[NAMED_BAD:] else "")
        note(f"bytes in it not UTF-8, shown as \ufffd (line {named})")
    with path.open(encoding="utf-8-sig", errors="replace", newline=line_end) as file:
        for number, line in enumerate(_bounded(file.readline, "\n"), start=1):
            if number > MOST_LINES:
                raise UnreadableError(f"more than {MOST_LINES:,} lines; split it")
            yield number, None if line is None else line.replace("\0", "")


def require_whole(path: Opens, what: str, remedy: str) -> None:
    """Raises UnreadableError where a file is too large to be read at once."""
    size = path.stat().st_size
    if size > MOST_WHOLE:
        raise UnreadableError(
            f"{size:,} bytes {what}, and {MOST_WHOLE:,} are read at once; {remedy}"
        )


def _bounded(readline: Callable[[int], AnyStr], end: AnyStr) -> Iterator[AnyStr | None]:
    """Lines with their ends; None for one that is too long, whose rest is passed over."""
    while line := readline(MOST_LINE):
        if len(line) < MOST_LINE or line.endswith(end):
            yield line
            continue
        while (rest := readline(MOST_LINE)) and not rest.endswith(end):
            pass
        yield None


def _bad_lines(path: Opens) -> list[int] | None:
    """The lines of a UTF-8 file with other bytes in them; None for a file in another encoding."""
    whole, good, bad = 0, 0, []
    with path.open("rb") as file:
        first = file.read(4)
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first:
            return None
        file.seek(0)
        for number, line in enumerate(_bounded(file.readline, b"\n"), start=1):
            if line is None:
                continue
            if b"\0" in line and not line.lstrip(b"\xef\xbb\xbf \t").startswith((b"{", b'"')):
                return None
            try:
                whole += not line.decode("utf-8").isascii()
            except UnicodeDecodeError:
                bad.append(number)
                good += bool(SEQUENCE.search(line))
    # a line of another encoding is seldom sound in UTF-8 from end to end
    is_utf8 = 10 * whole >= len(bad) > 0 or whole + good >= 10 * len(bad)
    return bad if is_utf8 or (good and len(bad) == 1) else None
