"""`reread`: reads flags, calls one function per subcommand, turns errors into one sentence.

Exit codes: 0 done, 1 failed, 2 wrong usage. Models are imported only by the subcommands that use
them, so that help and mistakes answer at once.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import typer
from rich.console import Console

from command import (
    asking,
    converting,
    distilling,
    evaluating,
    generations,
    jobs,
    mcp,
    serving,
    teaching,
)
from command.corpus import building, documents, ingesting
from command.demo import demonstration
from command.export import exporting
from command.report import reporting
from command.train_reader import calibrating, training
from command.upkeep import checking, copies, keys
from reread.errors import RereadError

QUIET = {  # before torch and tokenizers are loaded; see docs/decisions/speed.md
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}

app = typer.Typer(
    help="Question answering over your own documents, with a retriever that teaches itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for module in (
    demonstration, ingesting, building, documents, serving, asking, jobs, generations, evaluating,
    calibrating, training, teaching, distilling, exporting, converting, reporting, mcp, keys,
    copies, checking,
):  # fmt: skip
    module.add_commands(app)


def main() -> None:
    """The console script."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    complain = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        result: Any = app(args=arguments, standalone_mode=False, prog_name="reread")
    except RereadError as error:
        complain.print(str(error), style="red", markup=False)
        return error.exit_code
    except OSError as error:
        if error.errno == errno.EROFS:
            matter = "cannot be written", "make it writable"
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            matter = "is full", "free some space"
        else:
            raise
        complain.print(f"The disk {matter[0]} ({error}); {matter[1]} and run the command again.")
        return 1
    except KeyboardInterrupt:
        complain.print("Interrupted.")
        return 130
    except typer.Exit as leave:
        return int(leave.exit_code)
    except Exception as error:
        show = getattr(error, "show", None)  # click's own usage errors
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", 2))
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
