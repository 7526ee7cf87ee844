"""Files of text -> pieces, in child processes; a file that breaks its parser breaks nothing else.

Knows which parser reads which suffix; knows nothing of corpora and ids.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import chain
from pathlib import Path

from index_builder.ingest.blocks import ParsedDocument, UnreadableError
from index_builder.ingest.cutting.splitting import Piece, split_document
from index_builder.ingest.files import FoundFile
from index_builder.ingest.recognising import Recogniser
from index_builder.ingest.workers import CannotStart, Failure, Limits, work_through

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
HARMLESS_BYTES = 16_000  # a text this small cannot take long, whatever it holds
HARMLESS_TOTAL = 100_000  # below this starting processes costs more than it saves
UNPACKING = frozenset([".pdf", ".docx"])  # hold more than their size says
WORDS_OF_AN_ERROR = 200  # characters


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file's pieces, or the reason there are none; notes tell what of it could not be read."""

    pieces: tuple[Piece, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None  # access labels the file gives itself


Parsed = tuple[FoundFile, ParsedFile]


def parse_file(file: FoundFile, recogniser: Recogniser | None = None) -> ParsedFile:
    """Never raises for what a file holds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parse = _parser(file.suffix, recogniser)
            document = parse(file.read_bytes(), file.path)
            pieces = tuple(split_document(document))
    except UnreadableError as error:
        return ParsedFile(reason=str(error))
    except OSError as error:
        return ParsedFile(reason=f"cannot be opened ({error.strerror})")
    except MemoryError:
        return ParsedFile(reason="takes more memory to read than a file may; split it")
    except RecursionError:
        return ParsedFile(reason="nested too deeply to be read; write it flatter")
    except Exception as error:  # parsers fail in as many ways as files do
        words = " ".join(str(error).split())[:WORDS_OF_AN_ERROR]
        broken = f"broken {file.suffix} file ({type(error).__name__}: {words})"
        return ParsedFile(reason=f"{broken}; open it in its program and save it again")
    if not pieces:
        return ParsedFile(reason="no readable text in it", notes=document.notes)
    return ParsedFile(pieces, notes=document.notes, labels=document.labels)


def parse_files(
    files: Sequence[FoundFile],
    workers: int | None = None,
    limits: Limits | None = None,
    recogniser: Recogniser | None = None,
) -> Iterator[Parsed]:
    """In the order given. `workers` None: one per usable core. A few small texts are read here.

    `recogniser`: what makes text of a PDF's pages that have none.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = min(workers or cores or 1, MOST_WORKERS, max(1, len(files)))
    if all(map(_is_harmless, files)) and sum(file.size for file in files) < HARMLESS_TOTAL:
        yield from ((file, parse_file(file)) for file in files)
        return
    limit = limits or Limits()
    results = work_through(
        files,
        partial(parse_file, recogniser=recogniser),
        children=count,
        seconds=partial(_seconds_for, limit, recogniser),
        memory_bytes=limit.memory_bytes,
    )
    try:
        first = next(results)
    except CannotStart:  # an interpreter's prompt, stdin: no child can import the main program
        yield from ((file, parse_file(file, recogniser)) for file in files)
        return
    for file, result in zip(files, chain([first], results), strict=True):
        yield file, ParsedFile(reason=str(result)) if isinstance(result, Failure) else result


def _seconds_for(limits: Limits, recogniser: Recogniser | None, file: FoundFile) -> float:
    """Nobody knows how many pages of a PDF are pictures before it is read."""
    if recogniser is not None and file.suffix == ".pdf":
        return limits.most_seconds
    return limits.seconds_for(file.size)


def _is_harmless(file: FoundFile) -> bool:
    return file.suffix not in UNPACKING and file.size <= HARMLESS_BYTES


def _parser(suffix: str, recogniser: Recogniser | None) -> Callable[[bytes, Path], ParsedDocument]:
    module, _, name = PARSERS[suffix].partition(".")
    parse: Callable[..., ParsedDocument] = getattr(
        import_module(f"index_builder.ingest.parsers.{module}"), name
    )
    return partial(parse, recogniser=recogniser) if suffix == ".pdf" else parse
