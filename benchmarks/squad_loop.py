"""The loop on questions with known answers: before, and after one and two unlabelled turns.

    python benchmarks/squad_loop.py --data FOLDER --work DIR [--train 1000] [--dev 300] [--turns 2]

FOLDER holds passages.jsonl and questions.jsonl (`split` train or dev). The train questions are
asked without their labels; the dev questions only measure. Prints one JSON line per system.
"""

from __future__ import annotations

import argparse
import json
import random
import time
import uuid
from pathlib import Path

import torch

from evaluation.measure import evaluate
from evaluation.questions import LabelledQuestion, read_questions
from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan, RetrieverKind
from index_builder.ingest.run import ingest
from reread.artefacts.generation import Generation
from reread.artefacts.passages import newest_corpus
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.log.jobs import JobBoard
from reread.reader.loading import small_starter
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from reread.records import AnswerRecord, LoggedPassage
from reread.retriever.files import RetrieverSettings
from reread.retriever.retriever import DenseRetriever, resolve_default_retriever

ASK_AT_ONCE = 4


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    reader = Reader.load(options.reader or str(small_starter()), dtype=options.dtype)
    questions = {
        split: sample(read_questions(options.data / "questions.jsonl", split), count)
        for split, count in (("train", options.train), ("dev", options.dev))
    }
    for start in options.starts:
        home = Home(options.work / start).create()
        if not home.passages_dir.exists() or not list(home.passages_dir.iterdir()):
            ingest(home, [options.data / "passages.jsonl"])
        number = first_generation(home, start, options.work)
        show(home, number, start, 0, reader, questions["dev"], options)
        for turn in range(1, options.turns + 1):
            log_answers(home, number, reader, questions["train"], options.top_k)
            number = one_turn(home, start, options)
            show(home, number, start, turn, reader, questions["dev"], options)


def first_generation(home: Home, start: str, work: Path) -> int:
    """bm25, minilm or late as it comes, or cls: the same weights pooled at [CLS], a weak start."""
    if start == "bm25":
        return build_generation(home, Plan("bm25"))
    kind: RetrieverKind = "late" if start == "late" else "dense"
    return build_generation(home, Plan(kind, start_encoder(start, work)))


def start_encoder(start: str, work: Path) -> str:
    if start != "cls":
        return str(resolve_default_retriever())
    folder = work / "minilm-cls"
    if not folder.exists():
        settings = RetrieverSettings(pooling="cls", normalize=True)
        DenseRetriever.load(resolve_default_retriever(), settings=settings).save(folder)
    return str(folder)


def log_answers(
    home: Home, number: int, reader: Reader, questions: list[LabelledQuestion], top_k: int
) -> None:
    """What the service does for each question, without HTTP."""
    generation = Generation.open(home, number)
    corpus = newest_corpus(home)
    log = SqliteAttentionLog(home.log_file)
    for begin in range(0, len(questions), ASK_AT_ONCE):
        batch = questions[begin : begin + ASK_AT_ONCE]
        found = generation.search([one.question for one in batch], top_k)
        lists = [generation.passages.get([hit.row for hit in hits]) for hits in found]
        readings = reader.read(
            [ReadRequest(q.question, tuple(p)) for q, p in zip(batch, lists, strict=True)]
        )
        log.append(
            [
                AnswerRecord(
                    id=uuid.uuid4().hex,
                    question=q.question,
                    answer=reading.answer,
                    confidence=reading.confidence,
                    passages=tuple(
                        LoggedPassage(hit.row, p.id, hit.score, g)
                        for hit, p, g in zip(hits, ps, reading.attention, strict=True)
                    ),
                    generation=number,
                    corpus=corpus,
                    reader=reader.name,
                    created_s=time.time(),
                )
                for q, reading, hits, ps in zip(batch, readings, found, lists, strict=True)
            ]
        )
    log.close()


def one_turn(home: Home, start: str, options: argparse.Namespace) -> int:
    """A retraining round in this process, through the trainer's own code."""
    import sys
    import threading

    from reread.artefacts.publication import current
    from trainer.loop.parts import RoundParts
    from trainer.loop.process import Timing, run
    from trainer.settings import TrainerSettings

    encoder = None if start == "bm25" else start_encoder(start, options.work)
    settings = TrainerSettings.from_mapping({"epochs": options.epochs, "start_encoder": encoder})
    parts = RoundParts(
        home=home,
        settings=settings,
        build_command=[sys.executable, "-m", "index_builder", "build", "--home", str(home.root)],
        open_log=lambda: SqliteAttentionLog(home.log_file),
        open_board=lambda: JobBoard(home.jobs_file),
    )
    board = JobBoard(home.jobs_file)
    job = board.request({"force": options.force}, time.time())
    stop = threading.Event()
    worker = threading.Thread(
        target=run, args=(parts,), kwargs={"stop": stop, "timing": Timing(lease_s=60)}
    )
    worker.start()
    while (job := board.get(job.id)).state in ("queued", "running"):
        time.sleep(1)
    stop.set()
    worker.join()
    print(json.dumps({"job": job.state, "error": job.error, "metrics": job.metrics}), flush=True)
    published = current(home)
    assert published is not None
    return published.number


def show(
    home: Home,
    number: int,
    start: str,
    turn: int,
    reader: Reader,
    questions: list[LabelledQuestion],
    options: argparse.Namespace,
) -> None:
    generation = Generation.open(home, number)
    outcome = evaluate(generation, None if options.no_em else reader, questions, options.top_k)
    print(json.dumps({"start": start, "turn": turn, **outcome.metrics}), flush=True)


def sample(questions: list[LabelledQuestion], count: int) -> list[LabelledQuestion]:
    return random.Random(0).sample(questions, min(count, len(questions)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--starts", nargs="+", default=["bm25", "minilm", "cls"])
    parser.add_argument("--reader")
    parser.add_argument("--dtype", default="float32", help="bfloat16 is faster on CPUs with AMX")
    parser.add_argument("--train", type=int, default=1000)
    parser.add_argument("--dev", type=int, default=300)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--top-k", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--force", action="store_true", help="publish without the gate")
    parser.add_argument("--no-em", action="store_true", help="measure retrieval only")
    return parser.parse_args()


if __name__ == "__main__":
    main()
