"""Metadata written above a text: YAML between '---' lines, TOML between '+++' lines.

Knows nothing about the text below it. A block that is nearly valid, as people write it and other
programs take it, is read line by line, and that is noted.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from typing import Any

import yaml  # type: ignore[import-untyped]

from index_builder.ingest.blocks import UnreadableError
from index_builder.ingest.encoding import Note, no_note
from reread.rights import ACCESS_LABELS, read_labels

FENCED = re.compile(
    r"\A\s*(---|\+\+\+)[ \t]*(?:(yaml|toml|json)[ \t]*)?\n"
    r"(?:(.*?)\n)??(?:\1|\.\.\.)[ \t]*(?:\n|\Z)",
    re.DOTALL,
)
NAMES_LABELS = re.compile(rf"^\s*[\"']?{ACCESS_LABELS}\b", re.I | re.M)
MOST_CHARACTERS = 50_000  # of a block: what is longer is text between two rules
FIELD = re.compile(r"^([A-Za-z_][\w .-]{0,60}?)\s*[:=](?:\s+(.*)|\s*)$")
BETWEEN_FIELDS = re.compile(r"^(?:\s|#|-(?:\s|$)|[\]}\[{%]|\.\.\.$|$)")
TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{")
FENCES = {"---": "yaml", "+++": "toml"}
FOLDED = re.compile(r"[>|][+-]?\d?$")  # the value stands on the indented lines below
SCALARS = (str, int, float, bool, date, datetime)


def split_front_matter(text: str, note: Note = no_note) -> tuple[dict[str, str], str]:
    """(metadata with lower-case names, the text below); single values are kept, and access labels.

    A block between the fences that names no field is text.
    """
    found = FENCED.match(text)
    if found is None:
        return {}, text
    body = found[3] or ""
    names_labels = NAMES_LABELS.search(body) is not None
    if len(body) > MOST_CHARACTERS and not names_labels:
        return {}, text
    metadata = _read(found[2] or FENCES[found[1]], body)
    by_lines = metadata is None
    if metadata is None:
        metadata = _read_lines(body)
        if metadata is None and not names_labels:
            return {}, text
        metadata = metadata or {}
        note("its front matter is not valid; read line by line: put values with a colon in quotes")
    fields = {
        str(key).lower(): str(value).strip()
        for key, value in metadata.items()
        if isinstance(value, SCALARS) and not TEMPLATE.search(str(value))
    }
    guarded = [value for key, value in metadata.items() if str(key).lower() == ACCESS_LABELS]
    if by_lines:  # a list below the name was passed over
        guarded = [one for one in guarded if one]
    if guarded or names_labels:
        fields[ACCESS_LABELS] = _labels(guarded)
    return fields, text[found.end() :]


def labels_in(fields: dict[str, str]) -> tuple[str, ...] | None:
    """The access labels that a file gives itself; None: it says nothing of any."""
    return read_labels(fields[ACCESS_LABELS]) if ACCESS_LABELS in fields else None


def _labels(guarded: list[Any]) -> str:
    """A file whose labels are not understood is not read: it would be open to everybody."""
    try:
        if len(guarded) != 1:
            raise ValueError(f"{ACCESS_LABELS} is not a field of its own, given once")
        return ",".join(read_labels("" if guarded[0] is None else guarded[0]))
    except ValueError as error:
        raise UnreadableError(
            f"the {ACCESS_LABELS} of its front matter are not understood: {error}"
        ) from error


def _read(language: str, body: str) -> dict[Any, Any] | None:
    """YAML holds JSON."""
    try:
        loaded = tomllib.loads(body) if language == "toml" else yaml.safe_load(body)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError, RecursionError):
        return None
    if loaded is None and language != "toml":
        return {}
    return loaded if isinstance(loaded, dict) else None


def _read_lines(body: str) -> dict[str, str] | None:
    """Field by field; None where a line is neither a field nor goes on with one."""
    fields: dict[str, str] = {}
    folded = ""  # the field whose value goes on
    for line in body.split("\n"):
        field = FIELD.match(line)
        if field:
            value = (field[2] or "").strip()
            folded = field[1] if FOLDED.match(value) and field[1] not in fields else ""
            fields.setdefault(field[1], "" if FOLDED.match(value) else _unquoted(value))
        elif not BETWEEN_FIELDS.match(line):
            return None
        elif folded and line[:1].isspace():
            fields[folded] = f"{fields[folded]} {line.strip()}".strip()
    return fields or None


def _unquoted(value: str) -> str:
    """Without its quotes, and without one that was never closed."""
    quoted = re.match(r"""^(["'])(.*)\1\s*(?:#.*)?$""", value)
    if quoted:
        return quoted[2]
    return value[1:] if value[:1] in ("'", '"') and value.count(value[0]) == 1 else value
