"""Turns public question sets into training examples for the reader.

Knows their files, nothing of the training.
"""

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reread.errors import BadRequest
from trainer.reader.sets.calibration_set import SPARED, read_calibration, read_unread
from trainer.reader.sets.passage_pieces import WORD
from trainer.reader.sets.reader_examples import Example, build_examples
from trainer.reader.sets.squad_format import (
    Cutting,
    read_held_out,
    read_lines,
    read_split_squad,
    read_squad_format,
)
from trainer.reader.sets.squad_variants import read_papers, read_policies
from trainer.reader.sets.table_sets import read_reports, read_wiki_tables
from trainer.reader.sets.token_sets import read_explained, read_meanings
from trainer.reader.sets.yesno_sets import read_abstracts, read_conditional, read_contrasts

HELD_OUT = frozenset(
    [
        "apollo program",
        "chloroplast",
        "european union law",
        "nikola tesla",
        "normans",
        "private school",
    ]
)
SQUAD_TRAIN = "squad-train.json"  # 87,599 questions, 442 articles
SHIFTS = (
    ("wiki.json", Cutting("squadshifts-wiki")),
    ("reddit.json", Cutting("squadshifts-reddit", title="Reddit", ambiguous=True)),
    ("amazon.json", Cutting("squadshifts-amazon", title="Amazon review", ambiguous=True)),
)


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> int:
    """Writes JSONL and says how many lines."""
    count = 0
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    part.replace(path)
    return count


Runs = frozenset[tuple[str, ...]]


def runs(text: str, length: int = 10) -> Runs:
    """The runs of `length` words of a text, letter case aside."""
    words = WORD.findall(text.casefold())
    return frozenset(tuple(words[i : i + length]) for i in range(len(words) - length + 1))


def held_out_runs(squad: Path) -> Runs:
    """The runs of words of the held-out articles."""
    lines = read_lines(squad / "passages.jsonl")
    return frozenset[tuple[str, ...]]().union(
        *(runs(p["text"]) for p in lines if p["title"].lower() in HELD_OUT)
    )


def without_held_out(examples: Iterable[Example], held: Runs) -> list[Example]:
    """The examples none of whose passages shares a run of ten words with a held-out article."""
    shared: dict[str, bool] = {}
    kept = []
    for one in examples:
        texts = [p["text"] for p in one["passages"]]
        shared.update(
            (text, not held.isdisjoint(runs(text))) for text in texts if text not in shared
        )
        if not any(shared[text] for text in texts):
            kept.append(one)
    return kept


def write_squad_like(raw: Path, squad: Path, out: Path, seed: int) -> int:
    """The first file: SQuADShifts and SQuAD, refusals among them, in an order drawn at random.

    SQuAD's own training set is in it where it was collected, but for the articles that are spared.
    """
    pool, asked = read_split_squad(squad, HELD_OUT)
    examples = build_examples(pool, asked, seed)
    read = [(name, cutting, slice(None)) for name, cutting in SHIFTS]
    if (raw / SQUAD_TRAIN).exists():
        read.append((SQUAD_TRAIN, Cutting("squad-train"), slice(SPARED, None)))
    for at, (name, cutting, articles) in enumerate(read):
        pool, asked = read_squad_format(raw / name, cutting, HELD_OUT, articles)
        examples += build_examples(pool, asked, seed + 1 + at)
    examples = without_held_out(examples, held_out_runs(squad))
    random.Random(seed).shuffle(examples)
    return write_lines(out / "squadlike.jsonl", examples)


def write_others(raw: Path, squad: Path, out: Path, seed: int) -> int:
    """The second file: policies, papers, tables, natural questions, yes and no."""
    # Policies say the same thing in many places: what is left without one of them may still answer.
    policies = read_policies([raw / "policy-dev.json", raw / "policy-test.json"], 1200, seed)
    sets = [
        read_papers(raw / "covid.json"),
        read_explained(raw / "qed.jsonl", HELD_OUT),
        read_meanings(raw / "qamr-dev.tsv", raw / "qamr-sentences.tsv", 2000, seed),
        read_reports(raw / "tat-dev.json", seed),
        read_wiki_tables(raw / "wtq", HELD_OUT, seed),
        read_abstracts(raw / "pubmed.json", seed),
        read_conditional(raw / "cond.json", seed),
    ]
    examples = build_examples(*policies, seed, share=0.0)
    for at, (pool, asked) in enumerate(sets):
        examples += build_examples(pool, asked, seed + at)
    examples = without_held_out(examples, held_out_runs(squad))
    random.Random(seed).shuffle(examples)
    return write_lines(out / "others.jsonl", examples)


def write_contrasts(raw: Path, squad: Path, out: Path, seed: int) -> int:
    """The contrast set of BoolQ in a file of its own: its repository names no licence."""
    pool, asked = read_contrasts(raw / "boolq.json", seed)
    examples = without_held_out(build_examples(pool, asked, seed), held_out_runs(squad))
    return write_lines(out / "boolq_contrast.jsonl", examples)


def write_held_out(raw: Path, squad: Path, out: Path, seed: int) -> int:
    """The questions of the held-out articles; nothing here is trained on or drawn."""
    return write_lines(out / "heldout_squad.jsonl", read_held_out(squad, HELD_OUT))


def write_calibration(raw: Path, squad: Path, out: Path, seed: int) -> int:
    """200 questions that were not trained on, to calibrate a reader with."""
    return write_lines(out / "calibration.jsonl", read_calibration(squad, HELD_OUT, 200, seed))


def write_unread(raw: Path, squad: Path, out: Path, seed: int) -> int:
    """400 questions about articles that no reader has read, to choose by; BadRequest without
    SQuAD's training set."""
    if not (raw / SQUAD_TRAIN).exists():
        raise BadRequest(
            f"{raw} has no {SQUAD_TRAIN}; clone rajpurkar/SQuAD-explorer among the others and "
            "collect again."
        )
    return write_lines(out / "unread.jsonl", read_unread(raw / SQUAD_TRAIN, 400, seed))
