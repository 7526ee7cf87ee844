"""What a screen shows of the log, and what goes to the file instead."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from command.terminal.logs import set_up_logging


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


def say_all() -> None:
    logging.getLogger("service.answering.live").info("now answering from generation 1")
    logging.getLogger("faiss.loader").info("Could not load library with AVX2 support")
    logging.getLogger("py.warnings").warning("DeprecationWarning: something of a library")
    logging.getLogger("service.server").warning("the disk is nearly full")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("a request failed")


def test_a_screen_keeps_what_a_person_should_act_on(tmp_path: Path) -> None:
    """Library notes such as faiss's "Could not load" looked like failures."""
    screen, file = Screen(), tmp_path / "service.log"
    set_up_logging(file, screen)
    say_all()
    assert screen.getvalue() == "warning: the disk is nearly full\nerror: a request failed\n"
    lines = file.read_text()
    assert "now answering from generation 1" in lines and "ValueError: broken" in lines
    assert "DeprecationWarning" in lines and "AVX2" not in lines


def test_without_a_screen_all_lines_go_where_they_went(tmp_path: Path) -> None:
    stream, file = io.StringIO(), tmp_path / "service.log"
    set_up_logging(file, stream)
    say_all()
    assert 'level=info logger=service.answering.live event="now answering' in stream.getvalue()
    assert not file.exists()
