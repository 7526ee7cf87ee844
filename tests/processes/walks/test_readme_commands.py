"""README's first block, typed line by line in a folder that has what it names."""

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.walks.installation import ROOT, Installation
from tests.test_readme import lines_of
from tests.worlds.samples import write_pdf
from tests.worlds.tiny import make_reader

REREAD = ".venv/bin/reread"
# A round of one question has nothing to be measured on, and without a second generation there is
# none to go back to: each says so and ends with 1.
MAY_REFUSE = ("retrain", "rollback")


@pytest.fixture
def installation(tmp_path: Path, tiny_encoder: Path) -> Installation:
    return Installation(tmp_path, make_reader(tmp_path / "reader"), tiny_encoder)


def make_folder(folder: Path) -> Path:
    """What the block names: docs/, manual.pdf, faq.jsonl, q.jsonl."""
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "keys.md").write_text("# Keys\n\nRotate the keys every ninety days.\n")
    (folder / "docs" / "vault.md").write_text("# Vault\n\nThe keys are kept in the vault.\n")
    write_pdf(folder / "manual.pdf", [["The manual of the vault."]], title="Manual")
    lines = {
        "faq.jsonl": {"id": "f1", "title": "Pager", "text": "The pager rings the engineer."},
        "q.jsonl": {"question": "Where are the keys kept?", "answers": ["in the vault"]},
    }
    for name, body in lines.items():
        (folder / name).write_text(json.dumps(body) + "\n")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_first_block_of_the_readme_runs(installation: Installation, tmp_path: Path) -> None:
    folder, service = make_folder(tmp_path / "folder"), None
    lines = [one for one in lines_of(ROOT / "README.md") if one.startswith(REREAD)]
    first = lines[: next(n for n, one in enumerate(lines) if " evaluate " in one) + 1]
    assert len(first) > 8
    try:
        for line in first:
            words = shlex.split(line, comments=True)[1:]
            if words == ["serve"]:
                service = installation.serve()
                continue
            done = subprocess.run(
                [sys.executable, "-m", "command", *words], cwd=folder,
                env=installation.environment, capture_output=True, text=True, timeout=240,
            )  # fmt: skip
            said = done.stdout + done.stderr
            assert "Traceback" not in said, (line, said)
            assert done.returncode in ((0, 1) if words[0] in MAY_REFUSE else (0,)), (line, said)
            assert said.strip(), line
    finally:
        if service is not None:
            service.send_signal(signal.SIGTERM)
            assert service.wait(120) == 0
