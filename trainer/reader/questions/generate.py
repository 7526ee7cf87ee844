"""Writes the generator's training examples as lines of JSON.

Knows the shares of kinds and the order of draws; what an example holds is the other modules'. Run
as `python -m trainer.reader.questions --output FILE --count 9000 --seed 1 [--sources FOLDER]`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from trainer.reader.questions import (
    api_pages,
    definitions,
    label_value,
    lists,
    procedures,
    refusals,
    table_questions,
    yes_no,
)
from trainer.reader.questions.facts import Example, as_record, fault_of
from trainer.reader.questions.invented.documents import Domain, read_domains
from trainer.reader.questions.real import examples as real_examples
from trainer.reader.questions.real import facts_of_packages as real_facts
from trainer.reader.questions.real import manual_tables, manuals, prose, python_docs
from trainer.reader.questions.texts.described import DESCRIBED
from trainer.reader.questions.texts.long_values import LONG
from trainer.reader.questions.texts.places import PLACES
from trainer.reader.questions.texts.things import THINGS
from trainer.reader.questions.texts.work import WORK

SHARES = {
    "label_value": 26,
    "table": 11,
    "list": 8,
    "procedure": 7,
    "api": 9,
    "definition": 12,
    "yesno": 15,
    "none": 14,
    "prose": 4,
}
Maker = Callable[[Random], Example]


def synthetic(domains: Sequence[Domain], name: str) -> dict[str, Maker]:
    """A maker of invented examples for each kind that has one."""
    return {
        "label_value": lambda random: label_value.label_value(random, domains, name),
        "table": lambda random: table_questions.table(random, domains, name),
        "list": lambda random: lists.whole_list(random, domains, name),
        "procedure": lambda random: procedures.procedure(random, name),
        "api": lambda random: api_pages.api(random, name),
        "definition": lambda random: definitions.definition(random, name),
        "yesno": lambda random: yes_no.yes_no(random, domains, name),
        "none": lambda random: refusals.refusal(random, domains, name),
    }


def examples(
    seed: int, count: int, made: dict[str, list[tuple[float, Maker]]]
) -> Iterator[Example]:
    """Sound examples in a random order of kinds; a faulty draw is thrown away and drawn again."""
    random, seen = Random(seed), set()
    shares = {kind: share for kind, share in SHARES.items() if kind in made}
    kinds = random.choices(list(shares), list(shares.values()), k=count)
    for kind in kinds:
        while True:
            weights = [weight for weight, _ in made[kind]]
            maker = random.choices([one for _, one in made[kind]], weights)[0]
            example = maker(random)
            key = (example.question.lower(), example.answers, example.passages[:1])
            if not fault_of(example) and key not in seen:
                break
        seen.add(key)
        yield example


def write(path: Path, found: Iterator[Example]) -> Counter[str]:
    """The lines; counts by kind."""
    counts: Counter[str] = Counter()
    with path.open("w", encoding="utf-8") as file:
        for example in found:
            file.write(json.dumps(as_record(example), ensure_ascii=False) + "\n")
            counts[example.kind] += 1
    return counts


def training_domains() -> list[Domain]:
    """The domains that training may see."""
    texts = (THINGS, PLACES, WORK, DESCRIBED, LONG, LONG)
    return [domain for text in texts for domain in read_domains(text)]


def real(sources: Path, peps: Path) -> dict[str, list[tuple[float, Maker]]]:
    """Makers of examples from real facts and manuals, weighted beside the invented ones."""
    families = real_facts.families()
    python = sources / "python3.11-doc/usr/share/doc/python3.11-doc/html"
    functions, glossary = python_docs.functions(python), python_docs.glossary(python)
    postgresql = sources / "postgresql-doc-15/usr/share/doc/postgresql-doc-15/html"
    settings, methods = (
        manuals.postgresql(postgresql),
        manuals.node(sources / "nodejs-doc/usr/share/doc/nodejs/api"),
    )
    with gzip.open(
        sources / "jargon-text/usr/share/doc/jargon-text/jargon.txt.gz", "rt", errors="replace"
    ) as file:
        jargon = python_docs.jargon(file.read())
    cells = manual_tables.tables(
        sorted((python / "library").glob("*.html")), "Python library reference"
    )
    cells += manual_tables.tables(sorted(postgresql.glob("*.html")), "Database manual")
    texts = prose.read([path for path in sorted(peps.glob("*.rst")) if not is_kept(path)])
    books = [("python", 3.0, functions), ("postgresql", 1.5, settings), ("node", 1.5, methods)]
    words = [*books, ("glossary", 1.0, glossary), ("jargon", 2.5, jargon)]
    return {
        "label_value": [(0.35, lambda random: real_examples.label(random, families, "real"))],
        "yesno": [(0.25, lambda random: real_examples.claim(random, families, "real"))],
        "none": [
            (0.2, lambda random: real_examples.missing(random, families, "real")),
            (0.25, lambda random: real_examples.absent(random, random.choice(words)[2], "manuals")),
            (0.12, lambda random: prose.absent(random, texts, "peps")),
        ],
        "table": [
            (0.25, lambda random: real_examples.table(random, families, "real")),
            (0.35, lambda random: python_docs.example_of(random, cells, "table", "manuals")),
        ],
        "api": [(1.2, lambda random: real_examples.entry(random, books, "api"))],
        "definition": [
            (1.5, lambda random: real_examples.entry(random, words, "definition")),
            (0.7, lambda random: real_examples.described(random, families, "real")),
        ],
        "prose": [(1.0, lambda random: prose.cloze(random, texts, "peps"))],
    }


def is_kept(path: Path) -> bool:
    """Whether a PEP is kept for evaluation: those whose number ten divides."""
    return int(path.stem.rsplit("-", 1)[-1]) % 10 == 0


def makers(sources: Path | None, peps: Path | None) -> dict[str, list[tuple[float, Maker]]]:
    """All makers by kind; without the folders only the invented ones."""
    made = {
        kind: [(1.0, maker)] for kind, maker in synthetic(training_domains(), "synthetic").items()
    }
    things = read_domains(DESCRIBED)
    made["definition"].append(
        (2.0, lambda random: definitions.described(random, things, "synthetic"))
    )
    for kind, found in (real(sources, peps) if sources and peps else {}).items():
        made[kind] = made.get(kind, []) + found
    return made


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=9000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--sources", type=Path, help="folder with the unpacked documentation packages"
    )
    parser.add_argument("--peps", type=Path, help="folder with pep-*.rst")
    given = parser.parse_args()
    found = examples(given.seed, given.count, makers(given.sources, given.peps))
    sys.stdout.write(f"{dict(write(given.output, found))}\n")
