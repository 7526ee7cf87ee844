"""The documentation as a site: it builds without a warning and loads nothing from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
LOADED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*?\bsrc=[\"']?([^\"' >]+)", re.IGNORECASE)
STYLES = re.compile(r"<link\b[^>]*>", re.IGNORECASE)


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """As `make docs` does, into another folder."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(site)],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", site)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return site


def test_every_page_is_built(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert len(pages) > 20
    assert [
        str(one) for one in sorted(pages) if not (site / one.with_suffix(".html")).exists()
    ] == []


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """A reader without a network sees the same page; mermaid would be fetched by its theme."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        sheets = [one for one in STYLES.findall(text) if "canonical" not in one]
        assert not [one for one in LOADED.findall(text) if "//" in one], page.name
        assert not [one for one in sheets if re.search(r"href=[\"']?(?:https?:)?//", one)], (
            page.name
        )
        assert 'class="mermaid"' not in text, page.name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8"))


def test_a_link_to_nothing_fails_the_build(tmp_path: Path) -> None:
    """Otherwise the first test would pass whatever stands in the pages."""
    pages = tmp_path / "docs"
    pages.mkdir()
    (pages / "index.md").write_text("# A page\n\n[gone](nowhere.md) and [none](#no-such-heading)\n")
    config = tmp_path / "mkdocs.yml"
    config.write_text(f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: {pages}\nnav: [index.md]\n")
    done = build(config, tmp_path / "site")
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr and "no-such-heading" in done.stderr


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_a_picture_says_in_words_what_it_shows(picture: Path) -> None:
    root = ElementTree.parse(picture).getroot()
    space = "{http://www.w3.org/2000/svg}"
    title, about = root.find(f"{space}title"), root.find(f"{space}desc")
    assert title is not None and title.text
    assert about is not None and len((about.text or "").split()) > 10
    assert "http" not in picture.read_text(encoding="utf-8").replace(
        "http://www.w3.org/2000/svg", ""
    )
