"""Files of text -> pieces, in several processes; a file that breaks its parser breaks nothing else.

Knows which parser reads which suffix; knows nothing of corpora and ids.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import wait
from pathlib import Path

from index_builder.ingest.blocks import ParsedDocument, UnreadableError
from index_builder.ingest.files import FoundFile
from index_builder.ingest.splitting import Piece, split_document

PARSERS = {
    ".md": "markdown.parse_markdown",
    ".markdown": "markdown.parse_markdown",
    ".rst": "rst.parse_rst",
    ".rest": "rst.parse_rst",
    ".txt": "plain_text.parse_plain_text",
    ".text": "plain_text.parse_plain_text",
    ".html": "html.parse_html",
    ".htm": "html.parse_html",
    ".xhtml": "html.parse_html",
    ".pdf": "pdf.parse_pdf",
    ".docx": "docx.parse_docx",
}
MOST_WORKERS = 8
POOL_BYTES = 400_000  # below this starting processes costs more than it saves
AHEAD = 8  # files per worker handed out before their turn


Parsed = tuple[FoundFile, list[Piece] | str]  # the pieces, or the reason there are none


def parse_file(file: FoundFile) -> list[Piece] | str:
    """The file's pieces, or the reason there are none; never raises for what a file holds."""
    try:
        with _quiet():
            pieces = split_document(_parser(file.suffix)(file.path.read_bytes(), file.path))
    except UnreadableError as error:
        return str(error)
    except OSError as error:
        return f"cannot be opened ({error.strerror})"
    except (Exception, RecursionError) as error:  # parsers fail in as many ways as files do
        words = " ".join(str(error).split())[:200]
        return f"broken {file.suffix} file ({type(error).__name__}: {words})"
    return pieces or "no readable text in it"


def parse_files(files: Sequence[FoundFile], workers: int | None = None) -> Iterator[Parsed]:
    """In the order given. `workers` None: one per usable core; 1: in this process."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = min(workers or cores or 1, MOST_WORKERS, max(1, len(files)))
    small = sum(file.size for file in files) < POOL_BYTES
    if count == 1 or (workers is None and small) or not _can_start_processes():
        for file in files:
            yield file, parse_file(file)
        return
    waiting = deque(files)
    while waiting:
        yield from _parse_until_broken(waiting, count)


def _parse_until_broken(waiting: deque[FoundFile], count: int) -> Iterator[Parsed]:
    """One pool's life. If a file kills its process, those under way are tried one by one."""
    running: deque[tuple[FoundFile, Future[list[Piece] | str]]] = deque()
    with _pool(count) as pool:
        try:
            while waiting or running:
                while waiting and len(running) < count * AHEAD:
                    running.append((waiting[0], pool.submit(parse_file, waiting[0])))
                    waiting.popleft()
                file, future = running[0]
                result = future.result()
                running.popleft()
                yield file, result
            return
        except BrokenProcessPool:
            suspects = [file for file, _ in running]
    for file in suspects:
        yield file, _parse_alone(file)


def _parse_alone(file: FoundFile) -> list[Piece] | str:
    with _pool(1) as pool:
        try:
            return pool.submit(parse_file, file).result()
        except BrokenProcessPool:
            return f"its {file.suffix} parser crashed or ran out of memory"


@contextmanager
def _pool(count: int) -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(
        count, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _can_start_processes() -> bool:
    """False where the main program cannot be imported again (an interpreter's prompt, stdin)."""
    with _pool(1) as pool:
        try:
            return pool.submit(int).result() == 0
        except BrokenProcessPool:
            return False


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent and end with it, even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _parser(suffix: str) -> Callable[[bytes, Path], ParsedDocument]:
    module, _, name = PARSERS[suffix].partition(".")
    parse: Callable[[bytes, Path], ParsedDocument] = getattr(
        import_module(f"index_builder.ingest.parsers.{module}"), name
    )
    return parse


@contextmanager
def _quiet() -> Iterator[None]:
    """What a parser thinks of a file is no news to whoever ingests ten thousand."""
    log = logging.getLogger("pypdf")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
