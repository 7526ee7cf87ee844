"""Writes docs/tree.md: every room and file of the packages, each with its own first line.

`python -m tests.tree` (`make tree`) writes the page; tests/test_docs.py holds it to the tree.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "tree.md"
PACKAGES = (
    "reread", "evaluation", "service", "trainer", "index_builder", "command", "benchmarks",
)  # fmt: skip
INDENT = "  "
WIDTH = 28
OPENING = """# One line per room and file

Rooms are layers: what each may import is in pyproject.toml. `make tree` writes this page.
"""


def page() -> str:
    return "\n".join([OPENING, *map(_section, PACKAGES)])


def first_line(path: Path) -> str:
    """The first line of a module's docstring; "" where it has none."""
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return words.strip().splitlines()[0] if words else ""


def _section(package: str) -> str:
    folder = ROOT / package
    lines = "\n".join(_lines(folder, depth=0))
    return f"## {package}/\n\n{first_line(folder / '__init__.py')}\n\n```\n{lines}\n```\n"


def _lines(folder: Path, depth: int) -> Iterator[str]:
    """A folder's own files, then its rooms, each with what is in it."""
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            yield _line(path.name, first_line(path), depth)
    for room in sorted(path.parent for path in folder.glob("*/__init__.py")):
        yield _line(f"{room.name}/", first_line(room / "__init__.py"), depth)
        yield from _lines(room, depth + 1)


def _line(name: str, words: str, depth: int) -> str:
    return f"{INDENT * depth}{name}".ljust(WIDTH) + " " + words


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
