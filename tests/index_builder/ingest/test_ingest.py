"""The ingest run on real folders: what comes in, what stays, what is left out and why."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from index_builder.ingest.documents import document_from_text
from index_builder.ingest.run import IngestReport, ingest, remove_documents
from reread.artefacts.documents import documents_of
from reread.artefacts.passages import PassageStore, open_corpus
from reread.commit import exclusive
from reread.errors import BadRequest, NotFound
from reread.home import Home, numbers
from tests.worlds.ingested import LONG, counts, passages, write_jsonl
from tests.worlds.samples import write_docx, write_pdf


def test_every_format_at_once_in_order_of_names(home: Home, docs: Path) -> None:
    (docs / "a.md").write_text("# Markdown\n\nApples are red.")
    (docs / "b.rst").write_text("Rest\n====\n\nBananas are yellow.")
    (docs / "c.txt").write_text("Cherries are dark.")
    (docs / "d.html").write_text("<h1>Hypertext</h1><p>Dates are sweet.")
    write_pdf(docs / "e.pdf", [["Elderberries are black."]], title="Portable")
    write_docx(docs / "f.docx")
    write_jsonl(docs / "g.jsonl", {"id": "fig#1", "title": "Fig", "text": "Figs are green."})
    (docs / "h.tsv").write_text("id\ttext\ttitle\ngrape\tGrapes are blue.\tGrape\n")
    report = ingest(home, [docs])
    found = passages(home)
    assert [p.title for p in found] == [
        "Markdown",
        "Rest",
        "c",
        "Hypertext",
        "Portable",
        "Garden Handbook",
        "Fig",
        "Grape",
    ]
    assert [p.source for p in found] == [
        str(docs / name) + ("#page=1" if name == "e.pdf" else "")
        for name in ["a.md", "b.rst", "c.txt", "d.html", "e.pdf", "f.docx", "g.jsonl", "h.tsv"]
    ]
    assert [p.id for p in found[-2:]] == ["fig#1", "grape"]
    assert (report.documents, report.passages, report.corpus, report.skipped) == (8, 8, 1, ())
    assert counts(report) == (8, 0, 0, 0)


def test_ids_are_stable_and_parts_begin_with_the_documents_id(tmp_path: Path, docs: Path) -> None:
    (docs / "Über uns.md").write_text(LONG)
    seen = []
    for name in ("one", "two"):
        home = Home(tmp_path / name)
        ingest(home, [docs])
        seen.append([passage.id for passage in passages(home)])
    assert seen[0] == seen[1]
    first = seen[0][0]
    assert first.startswith("uber-uns-") and len(first) == len("uber-uns-") + 12
    assert seen[0] == [first, *[f"{first}.{number}" for number in range(1, len(seen[0]))]]


def test_only_what_changed_is_written(home: Home, docs: Path) -> None:
    (docs / "a.txt").write_text("Alpha text.")
    (docs / "b.txt").write_text("Beta text.")
    first = ingest(home, [docs])
    again = ingest(home, [docs])
    assert counts(again) == (0, 0, 2, 0)
    assert (again.corpus, again.changed, again.passages) == (first.corpus, False, 2)
    assert numbers(home.passages_dir) == [1]

    (docs / "a.txt").write_text("Alpha text, revised.")
    (docs / "c.txt").write_text("Gamma text.")
    third = ingest(home, [docs])
    assert counts(third) == (1, 1, 1, 0)
    assert (third.corpus, third.changed, third.corpus_passages) == (2, True, 3)
    assert [p.text for p in passages(home)] == ["Beta text.", "Alpha text, revised.", "Gamma text."]
    old = PassageStore.open(home.passages_dir / "1")
    assert [p.text for p in old.get([0, 1])] == ["Alpha text.", "Beta text."]


def test_what_a_killed_ingest_was_writing_goes_with_the_next(home: Home, docs: Path) -> None:
    """Defect: it stayed until a build, however many more were killed."""
    (docs / "a.md").write_text("Apples are red.")
    ingest(home, [docs])
    code = (
        "import os, sys; from pathlib import Path; from reread.commit import committed_dir\n"
        "with committed_dir(Path(sys.argv[1])) as scratch: os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(home.passages_dir / "2")], check=False)
    assert any(one.name.startswith(".2.") for one in home.passages_dir.iterdir())
    (docs / "b.md").write_text("Bananas are yellow.")
    ingest(home, [docs])
    assert sorted(one.name for one in home.passages_dir.iterdir()) == ["1", "2"]


def test_what_a_run_does_not_name_stays(home: Home, docs: Path) -> None:
    (docs / "a.txt").write_text("Alpha text.")
    (docs / "b.txt").write_text("Beta text.")
    ingest(home, [docs])
    (docs / "b.txt").unlink()
    (docs / "c.txt").write_text("Gamma text.")
    ingest(home, [docs / "c.txt"])
    assert [p.text for p in passages(home)] == ["Alpha text.", "Beta text.", "Gamma text."]


def test_a_file_that_breaks_later_keeps_its_earlier_passages(home: Home, docs: Path) -> None:
    write_pdf(docs / "a.pdf", [["Good text."]])
    (docs / "b.txt").write_text("Beta.")
    ingest(home, [docs])
    (docs / "a.pdf").write_bytes(b"%PDF-1.7 broken")
    report = ingest(home, [docs])
    assert [p.text for p in passages(home)] == ["Good text.", "Beta."]
    assert (report.changed, len(report.skipped)) == (False, 1)


def test_everything_left_out_is_told(home: Home, docs: Path) -> None:
    (docs / "a.txt").write_text("Good text.")
    (docs / "b.txt").write_text("Good text.")
    (docs / "empty.md").write_text(" \n")
    (docs / "binary.txt").write_bytes(b"\0\1\2")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4\nnonsense")
    (docs / "broken.docx").write_bytes(b"PK\3\4nonsense")
    write_pdf(docs / "scan.pdf", [[]])
    (docs / "only.html").write_text("<script>x()</script>")
    for name in ("1.png", "2.PNG", "Makefile"):
        (docs / name).write_bytes(b"x")
    (docs / ".git").mkdir()
    (docs / ".git" / "config.txt").write_text("hidden")
    (docs / "gone.txt").symlink_to(docs / "nowhere")
    os.mkfifo(docs / "pipe.txt")
    report = ingest(home, [docs])
    reasons = {Path(path).name: reason for path, reason in report.skipped if path != str(docs)}
    assert reasons.pop("broken.pdf").startswith("broken .pdf file (PdfiumError: ")
    assert reasons == {
        "broken.docx": "not a Word file, or cut off: it is no zip archive",
        "b.txt": f"same content as {docs / 'a.txt'}",
        "empty.md": "empty file",
        "binary.txt": "not text: 3 of its first 3 bytes are control characters; "
        "give the text it was made from",
        "scan.pdf": "scanned PDF: its 1 page holds no text layer; "
        "run it through OCR first, or set REREAD_OCR",
        "only.html": "no readable text in it",
        "gone.txt": "neither a file nor a folder, or a link to nothing",
        "pipe.txt": "neither a file nor a folder, or a link to nothing",
    }
    assert [reason for path, reason in report.skipped if path == str(docs)] == [
        "unsupported type (no suffix) (1 file)",
        "unsupported type .png (2 files)",
        "hidden (1 entry)",
    ]
    assert report.documents == 1


def test_links_that_loop_end_and_name_each_file_once(home: Home, docs: Path) -> None:
    (docs / "sub").mkdir()
    (docs / "sub" / "a.txt").write_text("Text.")
    (docs / "sub" / "up").symlink_to(docs)
    (docs / "z").symlink_to(docs / "sub")
    report = ingest(home, [docs, docs / "sub" / "a.txt", docs / "z"])
    assert [p.source for p in passages(home)] == [str(docs / "sub" / "a.txt")]
    assert report.documents == 1


def test_no_parser_says_anything_on_the_terminal(
    home: Home, docs: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (docs / "a.rst").write_text("Title\n==\n\n:bad:`role` |x| `open\n\n.. nope::\n\n*a\n")
    (docs / "b.html").write_text("<?xml version='1.0'?><html><p>http://x.y</p><p>text</html>")
    (docs / "c.pdf").write_bytes(
        b"%PDF-1.4\n1 0 obj\n<<\n>>\nendobj\ntrailer <</Root 9 0 R>>\n%%EOF"
    )
    ingest(home, [docs], workers=1)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_copy_of_a_known_file_is_skipped_and_a_moved_file_moves(home: Home, docs: Path) -> None:
    (docs / "a.txt").write_text("Alpha.")
    ingest(home, [docs])
    other = docs.parent / "other"
    other.mkdir()
    (other / "a.txt").write_text("Alpha.")
    (other / "b.txt").write_text("Beta.")
    report = ingest(home, [other])
    assert report.skipped == (
        (str(other / "a.txt"), f"same content as {docs / 'a.txt'}, which is in the corpus"),
    )
    (docs / "a.txt").unlink()
    assert counts(ingest(home, [other])) == (0, 1, 1, 0)
    assert [p.source for p in passages(home)] == [str(other / "b.txt"), str(other / "a.txt")]


def test_documents_given_ready_and_removed_again(home: Home) -> None:
    def given(*ids: str) -> IngestReport:
        return ingest(home, documents=[document_from_text(f"T {id}", LONG, id=id) for id in ids])

    assert counts(given("x", "y")) == (2, 0, 0, 0)
    assert given("x", "y").changed is False
    short = document_from_text("Short", "Brief.", id="x")
    assert counts(ingest(home, documents=[short, short])) == (0, 1, 0, 0)
    entries = list(documents_of(open_corpus(home)))
    assert [(entry.id, entry.title, len(entry.passages)) for entry in entries] == [
        ("y", "T y", 4),
        ("x", "Short", 1),
    ]
    assert remove_documents(home, ["y"]).removed == 1
    assert [p.id for p in passages(home)] == ["x"]
    with pytest.raises(NotFound, match="'y'"):
        remove_documents(home, ["x", "y"])
    assert [p.id for p in passages(home)] == ["x"]


def test_a_text_without_id_gets_one_from_its_content() -> None:
    first, second = (document_from_text("T", "Text.").id for _ in range(2))
    assert first == second != document_from_text("T", "Other.").id


def test_wrong_paths_are_named_before_anything_is_read(home: Home, docs: Path) -> None:
    (docs / "a.txt").write_text("Alpha.")
    with pytest.raises(BadRequest, match=r"missing\.md does not exist") as caught:
        ingest(home, [docs, docs / "missing.md"])
    assert caught.value.exit_code == 2
    assert numbers(home.passages_dir) == []


def test_nothing_readable_is_an_error_that_says_what_was_there(home: Home, docs: Path) -> None:
    with pytest.raises(BadRequest, match="the folders are empty"):
        ingest(home, [docs])
    (docs / "a.png").write_bytes(b"x")
    with pytest.raises(BadRequest, match=r"unsupported type \.png \(1 file\)"):
        ingest(home, [docs])
    with pytest.raises(BadRequest, match=r"unsupported type \.png\)"):
        ingest(home, [docs / "a.png"])


def test_several_processes_give_the_same_corpus_as_one(tmp_path: Path, docs: Path) -> None:
    for number in range(30):
        (docs / f"{number:02}.rst").write_text(
            f"Title {number}\n========\n\nBody {number}.\n\n{LONG}"
        )
    (docs / "15.rst").write_bytes(b"\0")
    shares: list[tuple[str, float]] = []
    reports = [
        ingest(Home(tmp_path / "one"), [docs], workers=1),
        ingest(
            Home(tmp_path / "two"),
            [docs],
            workers=2,
            progress=lambda stage, share: shares.append((stage, share)),
        ),
    ]
    assert passages(Home(tmp_path / "one")) == passages(Home(tmp_path / "two"))
    assert reports[0].skipped == reports[1].skipped
    reading = [share for stage, share in shares if stage == "reading"]
    assert reading == sorted(reading) and (reading[0], reading[-1]) == (0.0, 1.0)
    assert shares[-1] == ("writing", 1.0)


def test_a_program_without_a_file_can_ingest(tmp_path: Path, docs: Path) -> None:
    (docs / "a.txt").write_text("x " * 300_000)
    program = (
        "from pathlib import Path; from reread.home import Home; "
        "from index_builder.ingest.run import ingest; import sys; "
        "print(ingest(Home(Path(sys.argv[1])), [sys.argv[2]], workers=2).documents)"
    )
    done = subprocess.run(
        [sys.executable, "-", str(tmp_path / "home"), str(docs)],
        input=program,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert (done.returncode, done.stdout) == (0, "1\n")


def test_a_second_ingest_waits_for_the_first(home: Home, docs: Path) -> None:
    (docs / "a.txt").write_text("Alpha.")
    home.create()
    done = threading.Event()

    def run(then: Callable[[], None]) -> None:
        ingest(home, [docs])
        then()

    with exclusive(home.root / ".ingest.lock"):
        thread = threading.Thread(target=run, args=(done.set,))
        thread.start()
        assert not done.wait(0.3)
    thread.join(timeout=30)
    assert done.is_set() and len(open_corpus(home)) == 1
