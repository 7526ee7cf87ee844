"""The shape of a real record: an entity with headings of facts.

Knows no source.
"""

from __future__ import annotations

from typing import Any

from trainer.reader.questions.facts import Fact

Record = tuple[str, list[tuple[str, list[Fact]]]]  # entity, its headings with facts


def fact_of(label: str, value: Any, asks: str = "", others: str = "", kind: str = "text") -> Fact:
    """A fact; questions are split at '//', other names at ';'."""
    split = tuple(one.strip() for one in asks.split("//") if one.strip())
    return Fact(label, str(value), kind, tuple(one for one in others.split(";") if one), split)
