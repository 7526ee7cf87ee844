"""What `reread serve` shows in a real terminal: one clean screen, the rest in a file."""

import signal
from pathlib import Path

from transformers import ByT5Tokenizer

from reread.home import Home
from tests.command.terminal.screen import terminal
from tests.reread.reader.test_reader import tiny_bart
from tests.worlds.serving import until


def test_serve_shows_where_it_answers_and_nothing_of_the_libraries(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    reader = tmp_path / "reader"
    tiny_bart().save_pretrained(reader)
    ByT5Tokenizer().save_pretrained(reader)
    settings = {
        "REREAD_HOME": str(home.root),
        "REREAD_READER": str(reader),
        "REREAD_PORT": "0",
        "REREAD_THREADS": "1",
    }
    with terminal("serve", "--no-trainer", **settings) as shown:
        shown.wait_for("Ctrl-C ends it.")
        screen = [line for line in shown.screen.splitlines() if line.strip()]
        flowed = " ".join(shown.screen.split())  # long paths break lines anywhere
        starts = [line.split("/")[0] for line in screen if not line.startswith(" ")]
        assert starts[0].startswith("Reread ") and "loading the reader" in flowed
        assert "Reread answers at http://127.0.0.1:" in flowed
        assert "Nothing is published yet: `reread ingest PATH`" in flowed
        log = home.log_dir / "service.log"
        until(lambda: log.exists() and "Started server" in log.read_text(), 60)
        shown.process.send_signal(signal.SIGINT)
        assert shown.end() == 0
        for noise in ("level=", "faiss", "uvicorn", "Traceback", "Warning"):
            assert noise not in shown.screen
    assert "Shutting down" in log.read_text()
