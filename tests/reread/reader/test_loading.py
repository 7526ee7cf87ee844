"""A reader that cannot be had says so at once."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[3]
LOAD = """
import sys
from reread.errors import UnknownModel
from reread.reader.loading import load_reader
try:
    load_reader(sys.argv[1])
except UnknownModel as error:
    print(error)
"""


@contextmanager
def hub_that_is_down(asked: list[str]) -> Iterator[str]:
    """A hub whose every answer is 503, for which its own client asks again and again."""

    class Down(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the library's name
            asked.append(self.path)
            self.send_error(503)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Down)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_hub_that_is_down_is_asked_once(tmp_path: Path) -> None:
    """`REREAD_READER=model/reader` for `models/reader` took 23 s to be refused."""
    asked: list[str] = []
    with hub_that_is_down(asked) as address:
        done = subprocess.run(
            [sys.executable, "-c", LOAD, "no-such-owner/no-such-model"],
            cwd=ROOT, capture_output=True, text=True,
            env={**os.environ, "HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0",
                 "HF_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert "'no-such-owner/no-such-model' could not be loaded" in done.stdout, done.stderr
    assert "set REREAD_READER to a local folder" in done.stdout
    assert sum("no-such-model" in one for one in asked) == 1
