"""A thousand files of every format, sound, broken and repeated: the report accounts for each."""

import json
import resource
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index_builder.ingest.run import ingest
from reread.artefacts.documents import documents_of
from reread.artefacts.passages import open_corpus
from reread.home import Home
from tests.worlds.samples import WORD, write_pdf

MOST_CPU_S = 30
SENTENCE = "The boiler number {n:04d} is inspected every third year by the town."


def paragraph(n: int) -> str:
    return SENTENCE.format(n=n)


def word_file(n: int) -> Iterator[tuple[str, str]]:
    body = f"<w:p><w:r><w:t>{paragraph(n)}</w:t></w:r></w:p>"
    yield "word/document.xml", f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'


def records(n: int, bad: str) -> str:
    good = [json.dumps({"id": f"r{n}-{k}", "text": f"{paragraph(n)} {k}"}) for k in range(2)]
    return "\n".join([good[0], bad, good[1]]) + "\n"


def rows(n: int) -> str:
    lines = [f"t{n}-{k}\t{paragraph(n)} {k}\tBoiler" for k in range(2)]
    return "\n".join(["id\ttext\ttitle", *lines, "one cell"]) + "\n"


def listed(n: int) -> str:
    return json.dumps([{"id": f"j{n}-{k}", "text": f"{paragraph(n)} {k}"} for k in range(3)])


TEXTS: dict[str, Callable[[int], str]] = {
    "md": lambda n: f"# Boiler\n\n{paragraph(n)}\n",
    "markdown": lambda n: f"---\ntitle: Boiler\n---\n\n- {paragraph(n)}\n",
    "rst": lambda n: f"Boiler\n======\n\n{paragraph(n)}\n",
    "txt": paragraph,
    "html": lambda n: f"<html><body><nav>Home</nav><p>{paragraph(n)}</p></body></html>",
    "htm": lambda n: f"<table><tr><td>{paragraph(n)}</td></tr></table>",
    "xhtml": lambda n: f"<p>{paragraph(n)}</p>",
    "jsonl": lambda n: records(n, "{no JSON"),
    "ndjson": lambda n: records(n, '{"id": "x"}'),
    "tsv": rows,
    "json": listed,
}
SOUND = {  # files of each kind: (how many, documents in each)
    "md": (140, 1), "markdown": (60, 1), "rst": (80, 1), "txt": (120, 1), "html": (120, 1),
    "htm": (40, 1), "xhtml": (20, 1), "jsonl": (40, 2), "ndjson": (20, 2), "tsv": (40, 2),
    "json": (40, 3), "docx": (60, 1), "pdf": (60, 1),
}  # fmt: skip
RECORDS = {"jsonl", "ndjson", "tsv", "json"}
BROKEN: dict[str, tuple[str, bytes, str]] = {  # suffix, content, the matter or a part of it
    "empty": ("md", b" \n", "empty file"),
    "program": ("txt", bytes(range(32)) * 8, "not text"),
    "no zip": ("docx", b"no zip at all", "it is no zip archive"),
    "cut": ("pdf", b"%PDF-1.4\nnothing more", "broken .pdf file"),
    "wordless": ("html", b"<html><nav>Home</nav></html>", "no readable text in it"),
    "no json": ("json", b"{no JSON", "not JSON"),
    "an object": ("json", b'{"a": 1}', "not a list of objects"),
    "no lines": ("jsonl", b"{no JSON\n{no JSON\n", "none of its 2 lines is a passage"),
}
EACH = 10
REPEATED, PICTURES, HIDDEN, LINKS = 20, 30, 10, 20


@pytest.fixture
def thousand(docs: Path) -> Path:
    """In ten folders, so that kinds are mixed."""
    for kind, (count, _) in SOUND.items():
        write = writer_of(kind, docs)
        for n in range(count):
            number = 1000 * list(SOUND).index(kind) + n  # no two files say the same
            write(place(docs, n, f"{kind}-{n}.{kind}"), number)
    for name, (suffix, content, _) in BROKEN.items():
        for n in range(EACH):
            unlike = b"" if name == "empty" else b" " * n  # else it is a repeated file
            place(docs, n, f"{name}-{n}.{suffix}").write_bytes(content + unlike)
    add_others(docs)
    return docs


def add_others(docs: Path) -> None:
    for n in range(REPEATED):
        place(docs, n, f"zz-again-{n}.md").write_text(TEXTS["md"](n))
    for n in range(LINKS):
        place(docs, n, f"zz-link-{n}.md").symlink_to(place(docs, n, f"md-{n}.md"))
    for n in range(PICTURES):
        place(docs, n, f"picture-{n}.png").write_bytes(b"\x89PNG")
    for n in range(HIDDEN):
        place(docs, n, f".hidden-{n}.md").write_text("# Hidden\n\nNobody reads it.\n")


def writer_of(kind: str, docs: Path) -> Callable[[Path, int], object]:
    """Writes one sound file of a kind with this number in it."""
    if kind == "docx":
        return write_word
    if kind == "pdf":
        template = write_pdf(docs / "template.pdf", [[paragraph(0)]])
        pdf = template.read_bytes()
        template.unlink()
        return lambda path, n: path.write_bytes(
            pdf.replace(b"number 0000", b"number %04d" % (n % 10000))
        )
    return lambda path, n: path.write_text(TEXTS[kind](n))


def write_word(path: Path, n: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in word_file(n):
            archive.writestr(name, body)


def place(docs: Path, n: int, name: str) -> Path:
    folder = docs / f"part{n % 10}"
    folder.mkdir(exist_ok=True)
    return folder / name


def cpu_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def kind_of(path: str) -> str:
    return Path(path).name.partition("-")[0]


@pytest.mark.slow
def test_every_one_of_a_thousand_files_is_accounted_for(home: Home, thousand: Path) -> None:
    files = sorted(str(one) for one in thousand.rglob("*") if not one.is_dir())
    assert len(files) == 1000
    began = cpu_s()
    report = ingest(home, [thousand], workers=2)
    assert cpu_s() - began < MOST_CPU_S

    by_path = {one.path: one for one in report.files}
    assert len(by_path) == len(report.files)
    unseen = set(files) - set(by_path)
    assert {Path(one).name[:8] for one in unseen} == {".hidden-"} and len(unseen) == HIDDEN
    assert [one.matter for one in report.files if one.path == str(thousand)] != []

    outcomes = Counter((kind_of(path), by_path[path].outcome) for path in files if path in by_path)
    wanted = {(kind, "read" if kind in RECORDS else "added"): n for kind, (n, _) in SOUND.items()}
    wanted |= {(name, "skipped"): EACH for name in BROKEN}
    wanted |= {("zz", "skipped"): REPEATED + LINKS, ("picture", "unsupported"): PICTURES}
    assert outcomes == wanted
    for name, (_, _, matter) in BROKEN.items():
        said = {by_path[one].matter for one in files if kind_of(one) == name}
        assert all(matter in one or one.startswith("same content as") for one in said), (name, said)
    assert sum(bool(one.notes) for one in report.files) == sum(
        SOUND[kind][0] for kind in ("jsonl", "ndjson", "tsv")
    )

    documents = sum(n * each for n, each in SOUND.values())
    assert (report.documents, report.added) == (documents, documents)
    store = open_corpus(home)
    assert sum(1 for _ in documents_of(store)) == documents == len(store)
    again = ingest(home, [thousand], workers=2)
    assert (again.documents, again.kept, again.changed) == (documents, documents, False)
