"""A builder without an index: publishes what a checkpoint names, through the real publication.

`python -m tests.worlds.small_builder --home H [--hold S] [--fail MESSAGE] [--die-once FILE
[--publish-first]] --checkpoint N --fence F`. Loads no model, so a test
of the trainer pays nothing for it.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

from reread.artefacts.checkpoints import read_checkpoint
from reread.artefacts.manifest import Manifest, mark_verified, write_manifest
from reread.artefacts.passages import newest_corpus, open_corpus
from reread.artefacts.publication import publish
from reread.artefacts.seals import seal_files
from reread.commit import committed_dir
from reread.home import Home, next_number


def build(home: Home, checkpoint: int, fence: int, choice: int | None = None) -> int:
    store, number = open_corpus(home), next_number(home.generations_dir)
    trained = read_checkpoint(home, checkpoint)
    folder = home.generations_dir / str(number)
    with committed_dir(folder) as scratch:
        (scratch / "weights").write_text(str(checkpoint))
        manifest = Manifest(
            number=number,
            retriever="dense",
            model=str(checkpoint),
            index="none",
            dimension=1,
            count=len(store),
            corpus=newest_corpus(home),
            corpus_fingerprint=store.fingerprint,
            corpus_files={},
            files=seal_files(scratch),
            parent=None,
            checkpoint=checkpoint,
            cursor=trained.cursor,
            fence=fence,
            metrics=trained.metrics,
            created_s=0.0,
        )
        write_manifest(scratch, manifest)
    mark_verified(folder, {})
    publish(home, number, fence, choice=choice)
    return number


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path)
    parser.add_argument("--hold", type=float, default=0.0)
    parser.add_argument("--fail")
    parser.add_argument("--die-once", type=Path)
    parser.add_argument("--publish-first", action="store_true")
    parser.add_argument("--checkpoint", type=int)
    parser.add_argument("--fence", type=int)
    parser.add_argument("--choice", type=int)
    options = parser.parse_args()
    say({"stage": "embeddings", "progress": 0.5})
    (options.home / "builder.pid").write_text(str(os.getpid()))
    time.sleep(options.hold)
    if options.fail:
        sys.exit(options.fail)
    dies = options.die_once is not None and not options.die_once.exists()
    if dies:
        options.die_once.touch()
    if dies and not options.publish_first:
        os.kill(os.getpid(), signal.SIGKILL)
    number = build(Home(options.home), options.checkpoint, options.fence, options.choice)
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    say({"generation": number})


def say(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
