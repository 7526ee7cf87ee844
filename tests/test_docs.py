"""Documents that name files must go on naming the right ones."""

import pytest

from command.settings import known_settings
from tests import settings_page, tree
from tests.tree import PACKAGES, ROOT


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_and_room_says_what_it_is(package: str):
    silent = [path for path in sorted((ROOT / package).rglob("*.py")) if not tree.first_line(path)]
    assert silent == []


def test_tree_page_is_what_make_tree_writes():
    written = tree.PAGE.read_text(encoding="utf-8")
    assert written.splitlines() == tree.page().splitlines(), "run `make tree`"


def test_tree_page_names_every_file_once():
    names = [line.split(None, 1)[0] for line in tree.page().splitlines() if ".py " in line]
    files = [
        path.name
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    ]
    assert sorted(names) == sorted(files)


def test_readme_names_only_files_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in readme.splitlines():
        for part in line.split("](")[1:]:
            target = part.split(")")[0]
            if not target.startswith("http"):
                assert (ROOT / target).exists(), target


def test_settings_page_is_what_make_settings_writes():
    written = settings_page.PAGE.read_text(encoding="utf-8")
    assert written.splitlines() == settings_page.page().splitlines(), "run `make settings`"


def test_settings_page_has_every_setting_once():
    page = settings_page.page().split("## `reread distill`")[0]
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(known_settings())
