"""Documents that name files must go on naming the right ones."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("reread", "service", "trainer", "index_builder", "command")


@pytest.mark.parametrize("package", PACKAGES)
def test_tree_page_has_every_files_own_first_line(package: str):
    page = (ROOT / "docs" / "tree.md").read_text(encoding="utf-8")
    section = page.split(f"## {package}/")[1].split("## ")[0]
    listed = [line.split(None, 1) for line in section.strip().strip("`").strip().splitlines()]
    wanted = []
    for path in sorted((ROOT / package).rglob("*.py")):
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert words, f"{path} does not say what it does"
        if path.name != "__init__.py":
            name = str(path.relative_to(ROOT / package))
            wanted.append([name, words.strip().splitlines()[0]])
    assert listed == wanted


def test_readme_names_only_files_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in readme.splitlines():
        for part in line.split("](")[1:]:
            target = part.split(")")[0]
            if not target.startswith("http"):
                assert (ROOT / target).exists(), target
