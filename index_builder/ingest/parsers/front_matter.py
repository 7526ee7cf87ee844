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

from index_builder.ingest.encoding import Note, no_note

FENCED = re.compile(
    r"\A\s*(---|\+\+\+)[ \t]*\n(?:(.*?)\n)??(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
MOST_CHARACTERS = 50_000  # of a block: what is longer is text between two rules
FIELD = re.compile(r"^([A-Za-z_][\w .-]{0,60}?)\s*[:=](?:\s+(.*)|\s*)$")
BETWEEN_FIELDS = re.compile(r"^(?:\s|#|-(?:\s|$)|[\]}\[{%]|\.\.\.$|$)")
TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{")
SCALARS = (str, int, float, bool, date, datetime)


def split_front_matter(text: str, note: Note = no_note) -> tuple[dict[str, str], str]:
    """(metadata with lower-case names, the text below); only single values are kept.

    A block between the fences that names no field is text.
    """
    found = FENCED.match(text)
    if found is None:
        return {}, text
    body = found[2] or ""
    if len(body) > MOST_CHARACTERS:
        return {}, text
    metadata = _read(found[1], body)
    if metadata is None:
        metadata = _read_lines(body)
        if metadata is None:
            return {}, text
        note("its front matter is not valid; read line by line: put values with a colon in quotes")
    fields = {
        str(key).lower(): str(value).strip()
        for key, value in metadata.items()
        if isinstance(value, SCALARS) and not TEMPLATE.search(str(value))
    }
    return fields, text[found.end() :]


def _read(fence: str, body: str) -> dict[Any, Any] | None:
    try:
        loaded = yaml.safe_load(body) if fence == "---" else tomllib.loads(body)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError, RecursionError):
        return None
    if loaded is None and fence == "---":
        return {}
    return loaded if isinstance(loaded, dict) else None


def _read_lines(body: str) -> dict[str, str] | None:
    """Field by field; None where a line is neither a field nor goes on with one."""
    fields: dict[str, str] = {}
    for line in body.split("\n"):
        field = FIELD.match(line)
        if field:
            fields.setdefault(field[1], _unquoted((field[2] or "").strip()))
        elif not BETWEEN_FIELDS.match(line):
            return None
    return fields or None


def _unquoted(value: str) -> str:
    quoted = re.match(r"""^(["'])(.*)\1\s*(?:#.*)?$""", value)
    return quoted[2] if quoted else value
