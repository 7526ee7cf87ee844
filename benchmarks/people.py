"""What feedback is worth, and what wrong feedback costs: simulated people about SQuAD's questions.

    python benchmarks/people.py --data FOLDER --work DIR [--train 600] [--dev 500] [--wrong 0.2]

FOLDER holds passages.jsonl and questions.jsonl (`split` train or dev). Every train question is
found by words and read by a simulated reader, whose favourite is the gold passage as often as
`--skill` says. A share `--told` of the answers is judged by people who know the gold passage; a
share `--wrong` of these people say the opposite of what is right. The same student is then taught
without people, by right people and by people of whom some are wrong. Prints a JSON line for each;
exit code 1 if wrong people cost more than a point of R@1 against no people.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from evaluation.measure import label_ranks, recalls
from evaluation.questions import LabelledQuestion, read_questions
from index_builder.build.generation import Plan, build_generation
from index_builder.ingest.run import ingest
from reread.artefacts.generation import Generation
from reread.artefacts.passages import PassageStore, open_corpus
from reread.home import Home
from reread.records import AnswerRecord, Feedback, LoggedPassage
from reread.retriever.retriever import DenseRetriever, resolve_default_retriever
from trainer.examples import select_examples, with_marks
from trainer.loop.rankings import candidate_top, sample_rows
from trainer.settings import DistilSettings
from trainer.student.distil import train

TOLERANCE = 0.01  # of R@1
SPREAD = 1.0  # of the simulated reader's scores
FAVOURED = 3.0  # how far its favourite lies above the others


def main() -> int:
    options = parse()
    torch.set_num_threads(options.threads)
    home = Home(options.work / "home").create()
    if not home.passages_dir.exists() or not list(home.passages_dir.iterdir()):
        ingest(home, [options.data / "passages.jsonl"])
    if not home.generations_dir.exists() or not list(home.generations_dir.iterdir()):
        build_generation(home, Plan("bm25"))
    train_on, dev = (
        sample(read_questions(options.data / "questions.jsonl", split), count)
        for split, count in (("train", options.train), ("dev", options.dev))
    )
    store = open_corpus(home)
    records = list(answers(Generation.open(home, 1), train_on, options))
    golds = {record.id: one for record, one in zip(records, train_on, strict=True)}
    show("untaught", fresh_student(), store, dev, 0.0)
    figures = {}
    for name, wrong in (("nobody", None), ("right people", 0.0), ("some wrong", options.wrong)):
        said = {} if wrong is None else people(records, golds, wrong, options)
        figures[name] = arm(name, records, said, store, dev, options)
    cost = figures["nobody"] - figures["some wrong"]
    print(json.dumps({"cost_of_wrong_people_r_at_1": round(cost, 4), "tolerated": TOLERANCE}))
    return int(cost > TOLERANCE)


def answers(
    generation: Generation, questions: Sequence[LabelledQuestion], options: argparse.Namespace
) -> Iterator[AnswerRecord]:
    """What the log would hold: BM25's passages with the simulated reader's scores."""
    chance = random.Random(options.seed)
    found = generation.search([one.question for one in questions], options.top_k)
    for number, (one, hits) in enumerate(zip(questions, found, strict=True)):
        passages = generation.passages.get([hit.row for hit in hits])
        scores = [chance.gauss(0.0, SPREAD) for _ in passages]
        golds = [k for k, p in enumerate(passages) if p.id in one.passage_ids]
        right = golds and chance.random() < options.skill
        scores[golds[0] if right else chance.randrange(len(scores))] += FAVOURED
        logged = tuple(
            LoggedPassage(hit.row, p.id, max(hit.score, 1e-6), score)
            for hit, p, score in zip(hits, passages, scores, strict=True)
        )
        yield AnswerRecord(str(number), one.question, "", 0.5, logged, 1, 1, "simulated", 0.0)


def people(
    records: Sequence[AnswerRecord],
    golds: dict[str, LabelledQuestion],
    wrong: float,
    options: argparse.Namespace,
) -> dict[str, Feedback]:
    """What people say of some answers whose gold passage was read; `wrong` of them the opposite."""
    chance = random.Random(options.seed + 1)
    said = {}
    for record in records:
        told, errs, other = chance.random(), chance.random(), chance.random()
        ids = [one.id for one in record.passages]
        right = [id for id in golds[record.id].passage_ids if id in ids]
        if told >= options.told or not right:
            continue
        favourite = max(record.passages, key=lambda one: one.attention).id
        is_right = favourite in right
        mark = right[0]
        if errs < wrong:
            rest = [id for id in ids if id not in right]
            mark = rest[int(other * len(rest))] if is_right else favourite
            is_right = not is_right
        verdict = "correct" if is_right else "wrong"
        said[record.id] = Feedback(record.id, verdict, None, (mark,), 0.0)
    return said


def arm(
    name: str,
    records: Sequence[AnswerRecord],
    said: dict[str, Feedback],
    store: PassageStore,
    dev: Sequence[LabelledQuestion],
    options: argparse.Namespace,
) -> float:
    """R@1 of a student taught with what these people said, through the trainer's own code."""
    selection = select_examples(records, store, corpus=1, said=said)
    examples = [with_marks(one) for one in selection.examples]
    student = fresh_student()
    started = time.monotonic()
    train(student, examples, DistilSettings(epochs=options.epochs), seed=options.seed)
    more = {"judged": len(said), "marked": sum(bool(one.marked) for one in examples)}
    return show(name, student, store, dev, time.monotonic() - started, **more)


def show(
    name: str,
    student: DenseRetriever,
    store: PassageStore,
    dev: Sequence[LabelledQuestion],
    seconds: float,
    **more: int,
) -> float:
    sample = sample_rows(store, len(store), always=set(), seed=0)
    asked = [one.question for one in dev]
    tops = candidate_top(student, store, sample, asked, 20, lambda share: None)
    ranks = [label_ranks(one, top)[0] for one, top in zip(dev, tops, strict=True)]
    found = {f"R@{k}": round(value, 4) for k, value in recalls(ranks, (1, 5, 20)).items()}
    print(json.dumps({"people": name, **found, **more, "seconds": round(seconds)}), flush=True)
    return recalls(ranks, (1,))["1"]


def fresh_student() -> DenseRetriever:
    return DenseRetriever.load(resolve_default_retriever())


def sample(questions: list[LabelledQuestion], count: int) -> list[LabelledQuestion]:
    return random.Random(0).sample(questions, min(count, len(questions)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--train", type=int, default=600)
    parser.add_argument("--dev", type=int, default=500)
    parser.add_argument("--top-k", type=int, default=10)
    parser.add_argument("--skill", type=float, default=0.7, help="how often the reader is right")
    parser.add_argument("--told", type=float, default=0.5, help="share of answers people judge")
    parser.add_argument("--wrong", type=float, default=0.2, help="share of judgements that err")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
