"""Ingestion does not leave the folder it is given, whoever writes there and whatever they link."""

import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from command.corpus.watching import is_shown, watch_paths
from index_builder.ingest.files import LEADS_OUT, find_files
from index_builder.ingest.parsing import parse_file
from index_builder.ingest.run import IngestReport, ingest
from index_builder.ingest.uploads import read_upload
from reread.errors import BadRequest
from reread.home import Home
from reread.log.stores import Stores
from service.answering.files import SentFiles, check_file_name
from tests.worlds.ingested import passages
from tests.worlds.samples import write_word_xml

CANARY = "kanarienvogel of the outside"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with one file, beside a file and a folder that are nobody's business."""
    folder, outside = tmp_path / "docs", tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    folder.mkdir()
    (folder / "a.md").write_text("Text of the inside.")
    for name in ("secret.md", "deep/secret.txt"):
        (outside / name).write_text(f"{CANARY} {name}")
    (outside / "secret.jsonl").write_text('{"id": "s", "text": "' + CANARY + '"}\n')
    return folder


def texts(home: Home) -> str:
    return "\n".join(one.text for one in passages(home))


def refused(report: IngestReport) -> list[str]:
    return sorted(Path(path).name for path, reason in report.skipped if reason == LEADS_OUT)


LINKS: dict[str, Callable[[Path], None]] = {
    "to a file": lambda docs: (docs / "l.md").symlink_to(docs.parent / "outside" / "secret.md"),
    "to a folder": lambda docs: (docs / "l").symlink_to(docs.parent / "outside"),
    "to records": lambda docs: (docs / "l.jsonl").symlink_to("../outside/secret.jsonl"),
    "by dots": lambda docs: (docs / "l.md").symlink_to("../docs/../outside/secret.md"),
    "to the root": lambda docs: (docs / "l").symlink_to("/"),
    "to its parent": lambda docs: (docs / "l").symlink_to(".."),
    "of a link": lambda docs: (
        (docs / ".hop").symlink_to("../outside"),  # type: ignore[func-returns-value]
        (docs / "l").symlink_to(".hop/deep"),
    )[-1],
    "of the process": lambda docs: (docs / "l").symlink_to("/proc/self/cwd"),
}


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("sync", [False, True])
def test_a_link_out_of_the_folder_is_told_and_not_followed(
    home: Home, docs: Path, link: str, sync: bool
) -> None:
    """A link to any file of the machine was read and quoted to whoever asked."""
    LINKS[link](docs)
    for _ in range(2):  # and again, when the rest is known
        report = ingest(home, [docs], sync=sync)
        assert texts(home) == "Text of the inside."
        assert [name[0] for name in refused(report)] == ["l"]


def test_links_within_the_folder_are_followed_and_cycles_end(home: Home, docs: Path) -> None:
    (docs / "sub").mkdir()
    (docs / "sub" / "b.md").write_text("Text of the sub.")
    (docs / "m.md").symlink_to("sub/b.md")
    (docs / "sub" / "up").symlink_to("..")
    (docs / "self").symlink_to("self")
    report = ingest(home, [docs])
    assert report.documents == 2 and refused(report) == []
    assert sorted(one.text for one in passages(home)) == ["Text of the inside.", "Text of the sub."]


def test_what_a_person_names_is_read_though_it_is_a_link(home: Home, docs: Path) -> None:
    """Who types a name means what it leads to; a folder behind a link is a folder."""
    (docs.parent / "door").symlink_to(docs)
    (docs.parent / "l.md").symlink_to("outside/secret.md")
    report = ingest(home, [docs.parent / "door", docs.parent / "l.md"])
    assert report.documents == 2 and refused(report) == []


@pytest.mark.parametrize("swap", ["the file", "its folder", "for a pipe"])
def test_a_file_swapped_between_listing_and_reading_is_not_read(docs: Path, swap: str) -> None:
    """The look was at one file and the open at another."""
    (docs / "sub").mkdir()
    (docs / "sub" / "secret.md").write_text("Harmless.")
    [_, found] = find_files([docs]).files
    outside = docs.parent / "outside"
    if swap == "its folder":
        (docs / "sub").rename(docs.parent / "was")
        (docs / "sub").symlink_to(outside)
    else:
        (docs / "sub" / "secret.md").unlink()
        if swap == "the file":
            (docs / "sub" / "secret.md").symlink_to(outside / "secret.md")
        else:
            os.mkfifo(docs / "sub" / "secret.md")
    parsed = parse_file(found)
    assert parsed.pieces == () and parsed.reason.startswith("cannot be opened (")


def test_an_outside_file_is_not_read_though_its_inode_was_seen(docs: Path) -> None:
    """A look at the outside file, won by swapping twice, does not help: its place is asked."""
    outside = docs.parent / "outside" / "secret.md"
    [found] = find_files([docs]).files
    (docs / "a.md").unlink()
    (docs / "a.md").symlink_to(outside)
    status = outside.stat()
    fooled = type(found)(found.path, ".md", 1, (status.st_dev, status.st_ino), found.roots)
    assert parse_file(fooled).reason == f"cannot be opened ({LEADS_OUT})"


def test_watching_takes_nothing_that_a_look_would_not(home: Home, docs: Path) -> None:
    """A link put into a watched folder was taken for a file that a person named."""
    ingest(home, [docs])
    told: list[IngestReport] = []
    stop = threading.Event()

    def tell(report: IngestReport) -> None:  # changes may come in several batches
        told.append(report)
        if "New text" in texts(home) and any("l.md" in refused(one) for one in told):
            stop.set()

    watching = threading.Thread(
        target=watch_paths, args=(Stores(home), [docs], None, None, tell), daemon=True
    )
    watching.start()
    for round in range(60):
        (docs / "l.md").unlink(missing_ok=True)
        (docs / "l.md").symlink_to("../outside/secret.md")
        (docs / ".hidden").mkdir(exist_ok=True)
        (docs / ".hidden" / "h.md").write_text(f"hidden {CANARY} {round}")
        (docs / "new.md").write_text(f"New text {round}.")
        if stop.wait(1.0):
            break
    assert stop.is_set(), "60 rounds, and not both: the new text taken and the link refused"
    assert CANARY not in texts(home)


def test_a_name_with_a_dot_in_front_is_not_shown(docs: Path) -> None:
    assert is_shown(docs / "a.md", [docs]) and is_shown(docs / "sub" / "a.md", [docs])
    assert not is_shown(docs / ".git" / "a.md", [docs]) and not is_shown(docs / ".a.md", [docs])
    assert is_shown(Path("/x/.y/a.md"), [Path("/x/.y")])  # a person named it


@pytest.mark.parametrize(
    "name", ["../a.md", "/etc/passwd.md", "a/b.md", "..", "a\\b.md", "a\0.md", " a.md", "x\n.md"]
)
def test_a_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="no plain file name"):
        check_file_name(name)
    with pytest.raises(BadRequest, match="no plain file name"):
        SentFiles(None, read_upload).put(name, b"x")  # type: ignore[arg-type]  # never reached


def test_a_word_file_is_read_in_memory_and_names_no_other(docs: Path) -> None:
    """Members with dots, targets outside and entities: nothing is unpacked, nothing is opened."""
    plain = docs / "plain.docx"
    write_word_xml(plain, "<w:p><w:r><w:t>Harmless.</w:t></w:r></w:p>")
    secret = docs.parent / "outside" / "secret.md"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(docs / "w.docx", "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "word/document.xml":
                entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]>'.encode()
                data = entity + data.replace(b"Harmless.", b"Harmless.&x;")
            target.writestr(name, data)
        target.writestr("../../escaped.md", CANARY)
        target.writestr("/tmp/escaped.md", CANARY)
        target.writestr(
            "word/_rels/document.xml.rels",
            f'<Relationships><Relationship Id="r1" TargetMode="External" '
            f'Type="http://x/footnotes" Target="file://{secret}"/></Relationships>',
        )
    before = sorted(docs.parent.rglob("*"))
    for found in find_files([docs / "w.docx"]).files:
        parsed = parse_file(found)
        assert CANARY not in "".join(one.text for one in parsed.pieces) + parsed.reason
    assert sorted(docs.parent.rglob("*")) == before and not Path("/tmp/escaped.md").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("i.rst", ".. include:: {secret}\n\n.. literalinclude:: {secret}\n\nText.\n"),
        (
            "r.rst",
            ".. raw:: html\n   :file: {secret}\n\n.. csv-table::\n   :file: {secret}\n\nText.\n",
        ),
        ("m.md", "![x]({secret})\n\n[y](file://{secret})\n\nText.\n"),
        ("h.html", '<p>Text.<iframe src="file://{secret}"></iframe><object data="{secret}">'),
        ("x.html", '<!DOCTYPE x [<!ENTITY y SYSTEM "file://{secret}">]><p>Text &y;</p>'),
    ],
)
def test_a_text_that_names_another_file_does_not_have_it_read(
    docs: Path, name: str, text: str
) -> None:
    secret = docs.parent / "outside" / "secret.md"
    (docs / name).write_text(text.format(secret=secret))
    [found] = find_files([docs / name]).files
    parsed = parse_file(found)
    assert "Text" in "".join(one.text for one in parsed.pieces)
    assert CANARY not in "".join(one.text for one in parsed.pieces)
