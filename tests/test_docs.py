"""Documents that name files must go on naming the right ones."""

import re
from pathlib import Path

import pytest

from command.settings import known_settings
from command.terminal.answers import BANDS
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


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(page: Path):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_architecture_names_only_what_exists():
    """`answering/asked.py` is service/answering/asked.py: a name may leave its package out."""
    known = [
        str(path.relative_to(ROOT)) for path in ROOT.glob("[a-z]*/**/*") if "/." not in str(path)
    ]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_0-9]+/[a-z_0-9/]*(?:\.py)?)`", page)
    assert len(named) > 20
    missing = [
        name
        for name in named
        if not name.startswith(("passages/", "generations/", "checkpoints/", "log/"))
        and not any(one.endswith(name.rstrip("/")) for one in known)
    ]
    assert missing == []


def test_settings_page_is_what_make_settings_writes():
    written = settings_page.PAGE.read_text(encoding="utf-8")
    assert written.splitlines() == settings_page.page().splitlines(), "run `make settings`"


def test_settings_page_has_every_setting_once():
    page = settings_page.page().split("## `reread distill`")[0]
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(known_settings())


def test_page_terminal_and_docs_say_the_same_of_a_confidence():
    """The words are in three places, none of which can import another."""
    script = (ROOT / "service" / "page" / "elements.js").read_text(encoding="utf-8")
    told = re.findall(r'\[([\d.]+), "([^"]+)", "([^"]*)"\]', script)
    assert [(float(least), word, advice) for least, word, advice in told] == list(BANDS)
    page = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| .*\d+ %.* \|", line)]
    assert [row.split("|")[2].strip() for row in rows] == [
        f"{word}: {advice}" if advice else word for _, word, advice in BANDS
    ]
    assert [int(re.findall(r"\d+", row)[0]) for row in rows[:-1]] == [
        round(100 * least) for least, *_ in BANDS[:-1]
    ]
