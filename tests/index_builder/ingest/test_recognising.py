"""A command that somebody names makes text of pages that are pictures, and ends no run."""

import os
import re
import stat
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import psutil
import pytest

from index_builder.ingest.parsers.page.picture import grey_png
from index_builder.ingest.recognising import NotRecognised, Recogniser, recogniser_of
from index_builder.ingest.run import IngestReport, ingest
from reread.errors import BadRequest
from reread.home import Home
from tests.worlds.ingested import passages
from tests.worlds.samples import write_pdf

# Prints the picture's size and how many of its pixels are dark.
SCRIPT = """#!{python}
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
width, height = struct.unpack(">II", data[16:24])
start = data.index(b"IDAT")
(size,) = struct.unpack(">I", data[start - 4 : start])
rows = zlib.decompress(data[start + 4 : start + 4 + size])
dark = sum(byte < 128 for byte in rows) - height
print("The key hangs in the boiler\\nroom beside the door.\\n\\nThe picture measures")
print(f"{{width}} by {{height}} dots, {{'some' if dark > 1000 else 'none'}} of them dark.")
"""
SQUARE = "0 g 100 100 200 200 re f"  # a picture of a square, and no letter


@pytest.fixture
def command(tmp_path: Path):
    def write(text: str) -> str:
        path = tmp_path / "recognise"
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return write


def take_in(home: Home, docs: Path, recogniser: Recogniser | None) -> IngestReport:
    write_pdf(docs / "mixed.pdf", [["The first page is text."], SQUARE, ["The last one too."]])
    return ingest(home, [docs], workers=1, recogniser=recogniser)


def test_a_page_that_is_a_picture_becomes_text_with_its_page_number(home, docs, command):
    told = take_in(home, docs, recogniser_of(command(SCRIPT.format(python=sys.executable))))
    text = "\n".join(one.text for one in passages(home))
    assert "The key hangs in the boiler room beside the door." in text
    assert re.search(r"The picture measures 24(79|80) by 350[89] dots, some of them dark\.", text)
    assert text.index("first page") < text.index("The key") < text.index("last one")
    assert [note for _, note in told.notes] == [
        "page 2 recognised from pictures: OCR misreads some words"
    ]


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        ("#!/bin/sh\necho no such language >&2; exit 3\n", "ended with 3: no such language"),
        ("#!/bin/sh\nexit 0\n", "printed nothing"),
        ("#!/bin/sh\nsleep 60 | sleep 60\n", "took longer than 1 s"),
    ],
)
def test_a_command_that_fails_costs_its_page_alone(home, docs, command, script, trouble):
    began = time.monotonic()
    told = take_in(home, docs, recogniser_of(command(script), seconds=1.0))
    assert time.monotonic() - began < 50
    assert "The last one too." in " ".join(one.text for one in passages(home))
    assert {note for _, note in told.notes} == {
        "page 2 without text: scanned pages need OCR first",
        f"page 2: the OCR command {trouble}",
    }


def test_a_command_that_hangs_ends_with_the_process_that_waits_for_it(command, tmp_path):
    """Defect: where a file's parser was killed for its time, the command went on for ever."""
    named = tmp_path / "pids"
    hangs = command(
        f"#!/bin/sh\nsleep 600 &\necho $$ $! > {named}.new\nmv {named}.new {named}\nwait\n"
    )
    code = "import sys; from index_builder.ingest.recognising import Recogniser as R; "
    parser = subprocess.Popen(
        [sys.executable, "-c", code + "R((sys.argv[1],), 500.0).text_of(b'')", hangs],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    try:
        while not named.exists():
            assert parser.poll() is None
            time.sleep(0.02)
    finally:
        parser.kill()
        parser.wait()
    deadline = time.monotonic() + 60
    while any(is_running(pid) for pid in named.read_text().split()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid: str) -> bool:
    try:
        return psutil.Process(int(pid)).status() != "zombie"
    except psutil.NoSuchProcess:  # it may end between two looks
        return False


def test_without_a_command_pages_are_reported_by_number(home, docs):
    told = take_in(home, docs, None)
    assert [note for _, note in told.notes] == ["page 2 without text: scanned pages need OCR first"]


def test_a_command_that_is_not_there_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(BadRequest, match="there is no program 'no-such-program' here: install it"):
        recogniser_of("no-such-program {image}")
    with pytest.raises(BadRequest, match="quotation"):
        recogniser_of("cat 'x")
    assert recogniser_of(None) is None
    gone = Recogniser((str(tmp_path / "gone"),))
    with pytest.raises(NotRecognised, match="cannot be started"):
        gone.text_of(b"")


def test_the_picture_is_a_png_of_what_was_drawn():
    data = grey_png(3, [b"\x00\x80\xff", b"\x01\x02\x03"])
    assert data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82")
    assert struct.unpack(">II", data[16:24]) == (3, 2)
    start = data.index(b"IDAT") + 4
    assert zlib.decompress(data[start : data.index(b"IEND") - 8]) == b"\0\x00\x80\xff\0\x01\x02\x03"
