"""No process is forked: threads of torch and faiss do not survive it, and a lock they held hangs.

Programs are started anew (`subprocess`, multiprocessing's spawn), whatever is loaded.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.worlds.samples import write_word_xml

ROOT = Path(__file__).parents[1]
ROOMS = ("reread", "evaluation", "service", "trainer", "index_builder", "command", "benchmarks")
FORKING = {
    "os.fork", "os.forkpty", "pty.fork", "multiprocessing.Process", "multiprocessing.Pool",
    "multiprocessing.Manager", "concurrent.futures.ProcessPoolExecutor", "ProcessPoolExecutor",
    "preexec_fn", "num_workers",
}  # fmt: skip
INGEST = """
import multiprocessing.process, os, sys
from pathlib import Path
import faiss, torch
from index_builder.ingest.run import ingest
from reread.home import Home

if __name__ == "__main__":
    forks = []
    os.register_at_fork(before=lambda: forks.append(1))
    torch.ones(64, 64) @ torch.ones(64, 64)
    ingest(Home(Path(sys.argv[1])).create(), [Path(sys.argv[2])])
    print(len(forks), next(multiprocessing.process._process_counter) - 1)
"""


def used(tree: ast.AST) -> Iterator[str]:
    """Dotted names, and names of arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            yield ast.unparse(node)
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("get_context"):
            yield from () if ast.unparse(node.args[0]) == "'spawn'" else ("os.fork",)


def test_no_line_asks_for_a_fork() -> None:
    found = {
        (str(file.relative_to(ROOT)), name)
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for name in used(ast.parse(file.read_text(encoding="utf-8")))
        if name in FORKING
    }
    assert found == set()


def test_files_are_parsed_beside_loaded_models_without_a_fork(tmp_path: Path) -> None:
    page, program = tmp_path / "a.docx", tmp_path / "program.py"
    write_word_xml(page, "<w:p><w:r><w:t>Oslo has three wells, old and deep.</w:t></w:r></w:p>")
    program.write_text(INGEST)
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "home"), str(page)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["0", "1"], done.stderr  # no fork, and a child all the same
