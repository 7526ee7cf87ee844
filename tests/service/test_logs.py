"""What the log says of requests: a line for each and for its answer, with its id in all."""

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from command.terminal.logs import structured_lines
from reread.reading import ReadRequest
from tests.worlds.fakes import EchoReader, Shelf, WordGeneration
from tests.worlds.serving import running


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the service's own loggers write, as `reread serve` formats it."""
    written, own = io.StringIO(), logging.getLogger("service")
    handler, level = logging.StreamHandler(written), own.level
    handler.setFormatter(structured_lines())
    own.addHandler(handler)
    own.setLevel(logging.INFO)
    yield written
    own.removeHandler(handler)
    own.setLevel(level)


def fields_of(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|\S+)', line)}


def test_every_line_of_a_request_names_it(tmp_path: Path, lines: io.StringIO) -> None:
    def fail(request: ReadRequest) -> None:
        if "poison" in request.question:
            raise RuntimeError("the model's own trouble")

    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf, EchoReader(fail=fail)) as service:
        ask = {"question": "wells of town 3"}
        headers = {"X-Request-ID": "first"}
        good = service.client.post("/answer", json=ask, headers=headers).json()
        bad = {"question": "poison town 6"}
        service.client.post("/answer", json=bad, headers={"X-Request-ID": "second"})
        service.client.get("/healthz", headers={"X-Request-ID": "machine"})
    found = [fields_of(line) for line in lines.getvalue().splitlines() if "request_id=" in line]
    of = {name: [one for one in found if one["request_id"] == name] for name in ("first", "second")}
    logged, answered = of["first"]
    assert (logged["event"], logged["generation"]) == (f"answer {good['id']} is logged", "1")
    assert re.fullmatch(r"POST /answer 200 in \d+ ms", answered["event"])
    assert {one["level"] for one in of["first"]} == {"info"}
    assert len(of["second"]) >= 2
    assert re.fullmatch(r"POST /answer 500 in \d+ ms", of["second"][-1]["event"])
    assert not [one for one in found if one["request_id"] == "machine"]
    assert "wells of town" not in lines.getvalue()  # nobody's question is in the log
