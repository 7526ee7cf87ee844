"""Where a long-running command writes what happens: lines for machines, or a clean screen.

On a terminal the lines go to a file of the home, and the screen keeps what a person should act
on: warnings of the project's own, errors of anybody. Knows logging; knows no process.
"""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

OWN = ("command", "service", "trainer", "index_builder", "reread", "evaluation")
NOISY = ("httpx", "httpx2", "urllib3", "bm25s", "faiss.loader")
FILE_BYTES = 5 << 20  # of a log file, of which there are two


def set_up_logging(file: Path, stream: TextIO | None = None) -> None:
    """Structured lines, one per event: on `stream` (standard error), or in `file` for people."""
    stream = stream or sys.stderr
    handlers: list[logging.Handler] = [logging.StreamHandler(stream)]
    if stream.isatty():
        screen = logging.StreamHandler(stream)
        screen.setFormatter(Brief())
        screen.addFilter(concerns_people)
        handlers = [RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=1, delay=True)]
        handlers.append(screen)
    handlers[0].setFormatter(structured_lines())
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.captureWarnings(True)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


def concerns_people(record: logging.LogRecord) -> bool:
    """Whether it is shown on a screen."""
    is_own = record.name.partition(".")[0] in OWN
    return record.levelno >= (logging.WARNING if is_own else logging.ERROR)


class Brief(logging.Formatter):
    """One line, without the traceback, which the file has."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {record.getMessage()}"


def structured_lines() -> logging.Formatter:
    import structlog

    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "logger", "event"]
            ),
        ],
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,  # of a request: its id, its generation
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso"),
        ],
    )
