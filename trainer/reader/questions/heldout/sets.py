"""Writes the two evaluation sets: held-out label-value questions, and eight kinds of questions.

Run as `python -m trainer.reader.questions.heldout --output FOLDER --status FILE --peps FOLDER
--manual FOLDER --pages FILE --seed 1`; knows sources and counts only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

from trainer.reader.questions import generate, label_value
from trainer.reader.questions.facts import Example, fault_of
from trainer.reader.questions.heldout import kinds as heldout_kinds
from trainer.reader.questions.heldout import sources as heldout
from trainer.reader.questions.invented.documents import read_domains
from trainer.reader.questions.texts.held_out import HELD_OUT


def labels(random: Random, given: argparse.Namespace) -> Iterator[Example]:
    """Real documentation first, then invented pages of held-out domains, five sections each."""
    sources = {
        "debian": heldout.debian(given.status),
        "peps": heldout.peps(
            [path for path in sorted(given.peps.glob("*.rst")) if generate.is_kept(path)]
        ),
        "elements": heldout.elements(),
        "directives": heldout.directives(given.manual),
    }
    for (name, items), count in zip(sources.items(), (150, 120, 80, 130), strict=True):
        yield from heldout.questions(random, items, name, count)
    made, domains = 0, read_domains(HELD_OUT)
    while made < 80:
        example = label_value.of_groups(
            random, label_value.family(random, random.choice(domains), 7), "heldout-synthetic"
        )
        if not fault_of(example) and len(example.passages) >= 5:
            made += 1
            place = random.randrange(5)
            others = example.passages[1:5]
            passages = (*others[:place], example.passages[0], *others[place:])
            yield Example(
                "label_value",
                example.set,
                example.article,
                example.question,
                example.answers,
                passages,
                (place,),
            )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in ("output", "status", "peps", "manual", "pages"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    random = Random(given.seed)
    counts = generate.write(given.output / "heldout_labels.jsonl", labels(random, given))
    sys.stdout.write(f"{dict(counts)}\n")
    packages, directives = heldout.debian(given.status), heldout.directives(given.manual)
    found = heldout_kinds.examples(
        random, packages, directives, heldout_kinds.by_hand(given.pages), 40
    )
    counts = generate.write(given.output / "heldout_kinds.jsonl", found)
    sys.stdout.write(f"{dict(counts)}\n")
