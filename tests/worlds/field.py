"""Awkward files kept beside the checkout; where they are absent their tests skip and say so."""

from __future__ import annotations

from pathlib import Path

import pytest

FIELD = Path(__file__).parents[3] / "shared" / "data" / "field"


def field_case(*names: str) -> Path:
    """The path of a case's file; skips the test that asks where there is none."""
    path = FIELD.joinpath(*names)
    if not path.exists():
        pytest.skip(f"../shared/data/field/{'/'.join(names)} is not beside this checkout")
    return path
