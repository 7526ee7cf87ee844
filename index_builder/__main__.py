"""`python -m index_builder build|verify|prune`: one JSON object a line, exit code 0, 1 or 2.

The composition root of this process: reads arguments and the environment, nothing else does.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from index_builder.build.retirement import retire
from index_builder.build.verify import verify_generation
from reread.artefacts.pruning import KEEP
from reread.commit import crash_at
from reread.errors import RereadError
from reread.home import Home
from reread.log.stores import Stores

NAMESPACE = "REREAD_REDIS_NAMESPACE"


def main(arguments: list[str]) -> int:
    """0 done, 1 failed, 2 wrong usage; a failure is one sentence on standard error."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # our output is read by another
    try:
        _COMMANDS[options.command](options)
    except RereadError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except BrokenPipeError:  # whoever asked for this is gone, so nobody holds its lease
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _build(options: argparse.Namespace) -> None:
    plan = Plan(
        retriever=options.retriever,
        model=options.model,
        checkpoint=options.checkpoint,
        index=options.index,
        fence=options.fence,
        choice=options.choice,
        parent=options.parent,
        metrics=json.loads(options.metrics),
        device=options.device,
        keep=options.keep,
    )
    number = build_generation(
        Home(options.home).create(),
        plan,
        progress=lambda stage, fraction: _say({"stage": stage, "progress": round(fraction, 4)}),
        reach=crash_at(os.environ),
        stores=_stores(options.home),
    )
    _say({"generation": number})


def _verify(options: argparse.Namespace) -> None:
    folder: Path = options.folder.resolve()
    _say(verify_generation(Home(folder.parents[1]), int(folder.name)))


def _prune(options: argparse.Namespace) -> None:
    _say({"removed": retire(Home(options.home), options.keep, stores=_stores(options.home))})


def _stores(home: Path) -> Stores:
    """Where the log is: its address is no argument, which every process of a machine sees."""
    url, namespace = (os.environ.get(name) for name in ("REREAD_REDIS_URL", NAMESPACE))
    return Stores(Home(home), redis_url=url, redis_namespace=namespace or "reread")


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="index_builder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="newest corpus -> published generation")
    build.add_argument("--home", type=Path, required=True)
    build.add_argument("--retriever", choices=["bm25", "dense", "late"], default="dense")
    build.add_argument("--model", help="folder or hub name; default all-MiniLM-L6-v2")
    build.add_argument("--checkpoint", type=int, help="trained weights; wins over --model")
    build.add_argument("--index", default="auto", help="auto or a FAISS factory string")
    build.add_argument("--fence", type=int, help="fencing number of the job's lease")
    build.add_argument("--choice", type=int, help="people's choices when the job began")
    build.add_argument("--parent", type=int)
    build.add_argument("--metrics", default="{}", help="JSON object kept in the manifest")
    build.add_argument("--device", default="auto")
    build.add_argument("--keep", type=int, default=KEEP)
    verify = commands.add_parser("verify", help="check generations/<n>, print what was measured")
    verify.add_argument("folder", type=Path)
    removal = commands.add_parser("prune", help="remove old generations and corpora")
    removal.add_argument("--home", type=Path, required=True)
    removal.add_argument("--keep", type=int, default=KEEP)
    return parser


_COMMANDS = {"build": _build, "verify": _verify, "prune": _prune}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
