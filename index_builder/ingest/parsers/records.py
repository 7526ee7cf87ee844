"""JSONL, JSON and TSV files of passages -> records one by one; a bad line is named and passed over.

Knows `id,title,text` objects, FiD's and DPR's objects with a `ctxs` list, and DPR's TSV, which it
writes too. Keeps the ids it finds; does not judge whether they repeat.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from index_builder.ingest.blocks import UnreadableError
from index_builder.ingest.encoding import SEQUENCE, Note, decode_text, no_note
from index_builder.ingest.parsers.tsv import read_rows, write_rows
from reread.records import Passage

DPR_COLUMNS = ("id", "text", "title")
NAMED_BAD = 5  # lines with wrong bytes named by number
ID_LIKE = re.compile(
    r"^\W*(\w*[_-])?(id|uid|uuid|guid|key|pk|docno|number)s?$|^\w+I[dD]$|^doc(id|no)$", re.I
)


@dataclass(frozen=True, slots=True)
class Record:
    """One passage as the file gives it."""

    line: int
    id: str
    title: str
    text: str
    unread_id: str = ""  # a key that looks like an id, of a record without one
    from_context: bool = False  # one of a question's `ctxs`: many questions share a passage


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line, or an object of it, that is no passage, and why."""

    line: int
    reason: str


def read_jsonl(path: Path, note: Note = no_note) -> Iterator[Record | BadLine]:
    """Stream the file: it may be larger than memory."""
    for number, line in _lines(path, note):
        if not line.strip():
            continue
        try:
            loaded = json.loads(line, strict=False)
        except (ValueError, RecursionError) as error:
            yield BadLine(number, f"not JSON ({_why(error)})")
            continue
        yield from _from_object(number, loaded)


def read_json(path: Path, note: Note = no_note) -> Iterator[Record | BadLine]:
    """A .json file that lists the same objects, as FiD's data sets do; 'line' counts them."""
    try:
        loaded = json.loads(decode_text(path.read_bytes(), note), strict=False)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not JSON ({_why(error)})") from error
    if not isinstance(loaded, list) or not all(isinstance(entry, dict) for entry in loaded):
        raise UnreadableError("JSON, but not a list of objects with id, title and text (or ctxs)")
    for number, entry in enumerate(loaded, start=1):
        yield from _from_object(number, entry)


def read_tsv(path: Path, note: Note = no_note) -> Iterator[Record | BadLine]:
    """DPR's format: tab-separated, a header row naming the columns id, text and title."""
    columns: tuple[str, ...] | None = None
    for number, cells in read_rows(_lines(path, note, line_end="\n")):
        if columns is None:
            names = tuple(cell.strip().lower() for cell in cells)
            named = "text" in names and not {"id", "_id"}.isdisjoint(names)
            columns = names if named else DPR_COLUMNS
            if columns is names:
                continue
        yield _from_cells(number, cells, columns)


def write_tsv(stream: TextIO, passages: Iterable[Passage]) -> int:
    """DPR's format, header and all, as `read_tsv` reads it; returns the number of passages.

    `stream` must not translate line ends. Sources are not kept: the format has no column for them.
    """
    rows = ((one.id, one.text, one.title) for one in passages)
    return write_rows(stream, chain([DPR_COLUMNS], rows)) - 1


def _lines(path: Path, note: Note, line_end: str | None = None) -> Iterator[tuple[int, str]]:
    """(line number from 1, line with its end), ended by `line_end`, by default any end.

    UTF-8 is streamed, with bytes that are not replaced and named by line; a file in another
    encoding is read whole.
    """
    bad = _bad_lines(path)
    if bad is None:
        lines = decode_text(path.read_bytes(), note).split("\n")
        yield from enumerate((f"{line}\n" for line in lines), start=1)
        return
    if bad:
        named = ", ".join(map(str, bad[:NAMED_BAD])) + (" and more" if bad[NAMED_BAD:] else "")
        note(f"bytes in it not UTF-8, shown as \ufffd (line {named})")
    with path.open(encoding="utf-8-sig", errors="replace", newline=line_end) as file:
        for number, line in enumerate(file, start=1):
            yield number, line.replace("\0", "")


def _bad_lines(path: Path) -> list[int] | None:
    """The lines of a UTF-8 file with other bytes in them; None for a file in another encoding."""
    good, bad = 0, []
    with path.open("rb") as file:
        first = file.read(4)
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first:
            return None
        file.seek(0)
        for number, line in enumerate(file, start=1):
            if b"\0" in line and not line.lstrip(b"\xef\xbb\xbf \t").startswith((b"{", b'"')):
                return None
            try:
                good += not line.decode("utf-8").isascii()
            except UnicodeDecodeError:
                bad.append(number)
                good += bool(SEQUENCE.search(line))
    return bad if good >= 10 * len(bad) or (good and len(bad) == 1) else None


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(getattr(error, "msg", "")) or "a number of more digits than are read"


def _from_cells(number: int, cells: list[str], columns: tuple[str, ...]) -> Record | BadLine:
    if len(cells) not in (len(columns), 2):
        return BadLine(number, f"{len(cells)} columns instead of {len(columns)}")
    fields = dict(zip(columns, cells, strict=False))
    return _record(number, fields)


def _from_object(number: int, loaded: Any) -> Iterator[Record | BadLine]:
    if not isinstance(loaded, dict):
        yield BadLine(number, f"a JSON {type(loaded).__name__} instead of an object")
        return
    contexts = loaded.get("ctxs")
    if contexts is None:
        yield _record(number, loaded)
    elif not isinstance(contexts, list):
        yield BadLine(number, "'ctxs' is not a list")
    else:
        for context in contexts:
            if isinstance(context, dict):
                yield _record(number, context, from_context=True)
            else:
                yield BadLine(number, "an entry of 'ctxs' is not an object")


def _record(number: int, fields: dict[str, Any], *, from_context: bool = False) -> Record | BadLine:
    text, title = fields.get("text"), fields.get("title")
    id = fields.get("id", fields.get("_id"))
    if not isinstance(text, str):
        return BadLine(number, "no 'text', or it is not a string")
    if title is not None and not isinstance(title, str):
        return BadLine(number, "'title' is not a string")
    if isinstance(id, bool) or not isinstance(id, (str, int, type(None))):
        return BadLine(number, "'id' is neither a string nor a whole number")
    if not text.strip():
        return BadLine(number, "its text is empty")
    title, text = _storable(title or ""), _storable(text)
    own = _storable("" if id is None else str(id))
    unread = "" if own else next((key for key in fields if ID_LIKE.match(key)), "")
    return Record(number, own or _own_id(title, text), title, text, unread, from_context)


def _storable(text: str) -> str:
    """Without lone surrogates, which JSON can escape and UTF-8 cannot hold."""
    return text.encode("utf-8", errors="replace").decode("utf-8").strip()


def _own_id(title: str, text: str) -> str:
    return hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()[:16]
