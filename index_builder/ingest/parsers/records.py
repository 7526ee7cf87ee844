"""JSONL, JSON and TSV files of passages -> records one by one; a bad line is named and passed over.

Knows `id,title,text` objects, FiD's and DPR's objects with a `ctxs` list, and DPR's TSV, which it
writes too. Keeps the ids it finds; does not judge whether they repeat.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TextIO

from index_builder.ingest.blocks import UnreadableError
from index_builder.ingest.encoding import Note, decode_text, no_note
from index_builder.ingest.parsers.lines import MOST_LINE, Opens, read_lines, require_whole
from index_builder.ingest.parsers.tsv import read_rows, write_rows
from index_builder.ingest.workers import CannotStart, Limits, work_through
from reread.records import Passage
from reread.rights import ACCESS_LABELS, read_labels

DPR_COLUMNS = ("id", "text", "title")
HARMLESS_BYTES = 1 << 20  # JSON this small takes little, whatever it holds
SPLIT_JSON = "write one object a line and name it .jsonl"
MOST_ID = 512  # characters, as over HTTP
TOO_LONG = f"more than {MOST_LINE:,} characters in a line; split its text into several records"
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
    labels: tuple[str, ...] | None = None  # access labels it gives itself; None: it says nothing


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line, or an object of it, that is no passage, and why."""

    line: int
    reason: str


_Json = tuple[list[Record | BadLine], list[str]] | str  # records and notes, or why there are none


def read_jsonl(path: Opens, note: Note = no_note) -> Iterator[Record | BadLine]:
    """Stream the file: it may be larger than memory."""
    for number, line in read_lines(path, note):
        if line is None:
            yield BadLine(number, TOO_LONG)
        if not line or not line.strip():
            continue
        try:
            loaded = json.loads(line, strict=False)
        except (ValueError, RecursionError) as error:
            yield BadLine(number, f"not JSON ({_why(error)})")
            continue
        yield from _from_object(number, loaded)


def read_json(
    path: Opens, note: Note = no_note, limits: Limits = Limits()
) -> Iterator[Record | BadLine]:
    """A .json file that lists the same objects, as FiD's data sets do; 'line' counts them."""
    require_whole(path, "of JSON", SPLIT_JSON)
    size = path.stat().st_size
    read = _json_of(path) if size <= HARMLESS_BYTES else _json_in_child(path, size, limits)
    if isinstance(read, str):  # a Failure is one too
        raise UnreadableError(read)
    found, notes = read
    for one in notes:
        note(one)
    yield from found


def _json_in_child(path: Opens, size: int, limits: Limits) -> _Json:
    """A few bytes of JSON can take a hundred times their size, and nobody sees it coming."""
    try:
        [read] = work_through(
            [path], _json_of, children=1, seconds=lambda _: limits.seconds_for(size),
            memory_bytes=limits.memory_bytes,
        )  # fmt: skip
    except CannotStart:  # an interpreter's prompt, stdin: no child can import the main program
        return _json_of(path)
    return read


def _json_of(path: Opens) -> _Json:
    """Runs in a child where the file is large."""
    notes: list[str] = []
    try:
        loaded = json.loads(decode_text(path.read_bytes(), notes.append), strict=False)
        if not isinstance(loaded, list) or not all(isinstance(entry, dict) for entry in loaded):
            return "JSON, but not a list of objects with id, title and text (or ctxs)"
        numbered = enumerate(loaded, start=1)
        return [one for number, entry in numbered for one in _from_object(number, entry)], notes
    except UnreadableError as error:
        return str(error)
    except (ValueError, RecursionError) as error:
        return f"not JSON ({_why(error)})"
    except MemoryError:
        return f"takes more memory to read than a file may; {SPLIT_JSON}"


def read_tsv(path: Opens, note: Note = no_note) -> Iterator[Record | BadLine]:
    """DPR's format: tab-separated, a header row naming the columns id, text and title."""
    columns: tuple[str, ...] | None = None
    too_long: list[int] = []

    def lines() -> Iterator[tuple[int, str]]:
        for number, line in read_lines(path, note, line_end="\n"):
            if line is None:
                too_long.append(number)
            else:
                yield number, line

    for number, cells in read_rows(lines()):
        yield from _told(too_long)
        if columns is None:
            names = tuple(cell.strip().lower() for cell in cells)
            named = "text" in names and not {"id", "_id"}.isdisjoint(names)
            columns = names if named else DPR_COLUMNS
            if columns is names:
                continue
        yield _from_cells(number, cells, columns)
    yield from _told(too_long)


def _told(too_long: list[int]) -> Iterator[BadLine]:
    while too_long:
        yield BadLine(too_long.pop(0), TOO_LONG)


def write_tsv(stream: TextIO, passages: Iterable[Passage]) -> int:
    """DPR's format, header and all, as `read_tsv` reads it; returns the number of passages.

    `stream` must not translate line ends. Sources are not kept: the format has no column for them.
    """
    rows = ((one.id, one.text, one.title) for one in passages)
    return write_rows(stream, chain([DPR_COLUMNS], rows)) - 1


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    said = str(getattr(error, "msg", ""))
    return said or "a number of more digits than are read; write it as a string"


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
    common = {name: loaded[name] for name in (ACCESS_LABELS,) if name in loaded}
    if contexts is None:
        yield _record(number, loaded)
    elif not isinstance(contexts, list):
        yield BadLine(number, "'ctxs' is not a list")
    else:
        for context in contexts:
            if isinstance(context, dict):
                yield _record(number, {**common, **context}, from_context=True)
            else:
                yield BadLine(number, "an entry of 'ctxs' is not an object")


def _record(number: int, fields: dict[str, Any], *, from_context: bool = False) -> Record | BadLine:
    text, title = fields.get("text"), fields.get("title")
    id = next((one for one in map(fields.get, ("id", "_id")) if one not in (None, "")), None)
    if not isinstance(text, str):
        return BadLine(number, "no 'text', or it is not a string")
    if title is not None and not isinstance(title, str):
        return BadLine(number, "'title' is not a string")
    if isinstance(id, bool) or not isinstance(id, (str, int, type(None))):
        return BadLine(number, "'id' is neither a string nor a whole number")
    if not text.strip():
        return BadLine(number, "its text is empty")
    try:
        labels = _labels_in(fields)
    except ValueError as error:
        return BadLine(number, str(error))
    title, text = _storable(title or ""), _storable(text)
    own = _storable("" if id is None else str(id))
    if len(own) > MOST_ID:
        return BadLine(
            number, f"an id of {len(own):,} characters, and {MOST_ID} are allowed; shorten it"
        )
    unread = (
        ""
        if own
        else next((key for key in fields if ID_LIKE.match(key) and key not in ("id", "_id")), "")
    )
    id = own or _own_id(title, text)
    return Record(number, id, title, text, unread, from_context, labels)


def _labels_in(fields: dict[str, Any]) -> tuple[str, ...] | None:
    if ACCESS_LABELS not in fields:
        return None
    given = fields[ACCESS_LABELS]
    return () if given is None else read_labels(given)


def _storable(text: str) -> str:
    """Without what JSON can escape: lone surrogates, which UTF-8 cannot hold, and NULs."""
    return text.replace("\0", "").encode("utf-8", errors="replace").decode("utf-8").strip()


def _own_id(title: str, text: str) -> str:
    return hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()[:16]
