"""Metadata written above a text: YAML between '---' lines, TOML between '+++' lines.

Knows nothing about the text below it.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml  # type: ignore[import-untyped]

FENCED = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """(metadata with lower-case names, the text below). Metadata that does not parse stays text."""
    found = FENCED.match(text)
    if found is None:
        return {}, text
    metadata = _read(found[1], found[2])
    if metadata is None:
        return {}, text
    fields = {str(key).lower(): str(value).strip() for key, value in metadata.items()}
    return fields, text[found.end() :]


def _read(fence: str, body: str) -> dict[Any, Any] | None:
    try:
        loaded = yaml.safe_load(body) if fence == "---" else tomllib.loads(body)
    except (yaml.YAMLError, tomllib.TOMLDecodeError, ValueError):
        return None
    return loaded if isinstance(loaded, dict) else None
