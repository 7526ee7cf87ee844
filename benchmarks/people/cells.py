"""One cell: a student taught with what one arm's people said, through the trainer's own code.

The turn is the loop's: BM25's lists, records, feedback, examples, marks, training, comparison by
token; the gate is left out, as it could only hide what feedback does. Knows sizes and folders.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.people.simulation import Found, answered, judged
from evaluation.measure import label_ranks
from evaluation.questions import LabelledQuestion, read_questions
from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from index_builder.ingest.run import ingest
from reread.artefacts.generation import Generation
from reread.artefacts.passages import open_corpus
from reread.home import Home, numbers
from reread.retriever.retriever import DenseRetriever, resolve_default_retriever
from trainer.examples import select_examples, with_marks
from trainer.loop.rankings import candidate_top, sample_rows
from trainer.settings import DistilSettings
from trainer.student.distil import train

ARMS = ("nobody", "right", "some_wrong")
DEPTH = 20


@dataclass(frozen=True, slots=True)
class Sizes:
    articles: int = 12  # of the corpus, by name; fewer passages, faster cells
    train: int = 200  # questions asked, drawn by the seed
    measured: int = 400  # questions nobody asked, the same for every seed
    top_k: int = 10
    skill: float = 0.7  # how often the reader's favourite is right where it can be
    told: float = 0.5  # share of the answers that people judge
    wrong: float = 0.2  # share of these people who err, in the last arm
    epochs: int = 2
    passages: int = 5  # encoded for a question and step
    interaction: str = "late"  # what the loop makes of a home that begins with BM25


class Laboratory:
    """The corpus, searched by words, and the questions about it; made once in `work`."""

    def __init__(self, data: Path, work: Path, sizes: Sizes, encoder: Path | None = None) -> None:
        self._sizes, self._encoder = sizes, encoder or resolve_default_retriever()
        names = some_articles(data, sizes.articles)
        self._home = home_of(data, work / f"articles-{len(names)}", names)
        self._store = open_corpus(self._home)
        asked = [
            one
            for one in read_questions(data / "questions.jsonl")
            if one.passage_ids[0].split("#")[0] in names
        ]
        self._train = [one for one in asked if one.split == "train"]
        dev = [one for one in asked if one.split == "dev"]
        self._measured = Random(0).sample(dev, min(sizes.measured, len(dev)))

    def work_out(self, arm: str, seed: int) -> dict[str, Any]:
        sizes, began = self._sizes, time.monotonic()
        asked = Random(seed).sample(self._train, min(sizes.train, len(self._train)))
        lists = self._lists(asked)
        records = answered(asked, lists, skill=sizes.skill, seed=seed)
        wrong = sizes.wrong if arm == "some_wrong" else 0.0
        said = (
            judged(records, asked, lists, told=sizes.told, wrong=wrong, seed=seed + 1)
            if arm != "nobody"
            else {}
        )
        selection = select_examples(records, self._store, corpus=1, said=said)
        examples = [with_marks(one) for one in selection.examples]
        student = DenseRetriever.load(self._encoder)
        student.compare_by(sizes.interaction)
        settings = DistilSettings(epochs=sizes.epochs, passages_per_question=sizes.passages)
        train(student, examples, settings, seed=seed)
        return {
            "ranks": self._ranks(student), "judged": len(said), "examples": len(examples),
            "marked": sum(bool(one.marked) for one in examples),
            "seconds": round(time.monotonic() - began, 1),
        }  # fmt: skip

    def _lists(self, asked: Sequence[LabelledQuestion]) -> list[Found]:
        generation = Generation.open(self._home, 1)
        found = generation.search([one.question for one in asked], self._sizes.top_k)
        return [
            [
                (hit.row, passage, hit.score)
                for hit, passage in zip(
                    hits, generation.passages.get([hit.row for hit in hits]), strict=True
                )
            ]
            for hits in found
        ]

    def _ranks(self, student: DenseRetriever) -> list[int | None]:
        sample = sample_rows(self._store, len(self._store), always=set(), seed=0)
        asked = [one.question for one in self._measured]
        tops = candidate_top(student, self._store, sample, asked, DEPTH, lambda share: None)
        return [label_ranks(one, top)[0] for one, top in zip(self._measured, tops, strict=True)]


def some_articles(data: Path, count: int) -> set[str]:
    """`count` of the corpus's articles, spread over their names in order."""
    with (data / "passages.jsonl").open(encoding="utf-8") as lines:
        names = sorted({json.loads(line)["id"].split("#")[0] for line in lines})
    count = min(count, len(names))
    return {names[place * len(names) // count] for place in range(count)}


def home_of(data: Path, folder: Path, names: set[str]) -> Home:
    """A home that holds these articles' passages and a BM25 generation of them."""
    home = Home(folder).create()
    if not numbers(home.passages_dir):
        chosen = folder / "passages.jsonl"
        with (data / "passages.jsonl").open(encoding="utf-8") as lines:
            kept = [line for line in lines if json.loads(line)["id"].split("#")[0] in names]
        chosen.write_text("".join(kept), encoding="utf-8")
        ingest(home, [chosen])
    if not numbers(home.generations_dir):
        build_generation(home, Plan("bm25"))
    return home
