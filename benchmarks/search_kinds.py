"""What each kind of generation finds, takes on disk and costs per question.

    python -m benchmarks.search_kinds --data FOLDER --work DIR [--questions 1000]

FOLDER holds passages.jsonl and questions.jsonl; the questions of `--split` with their passage_id
measure. Nothing is trained. Prints one JSON line per kind; milliseconds are medians over single
questions, after a warm-up.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from evaluation.measure import evaluate
from evaluation.questions import read_questions
from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from index_builder.ingest.run import ingest
from reread.artefacts.generation import Generation
from reread.home import Home

TOP_K = 100
TIMED = 100  # questions asked one at a time


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    questions = read_questions(options.data / "questions.jsonl", options.split)[: options.questions]
    home = Home(options.work).create()
    if not list(home.passages_dir.iterdir()):
        ingest(home, [options.data / "passages.jsonl"])
    for kind in options.kinds:
        began = time.perf_counter()
        number = build_generation(home, Plan(kind, keep=len(options.kinds)))
        seconds = time.perf_counter() - began
        generation = Generation.open(home, number)
        found = evaluate(generation, None, questions, TOP_K).metrics
        line = {
            "kind": kind,
            "passages": len(generation.passages),
            "questions": len(questions),
            "recall_at": found["recall_at"]["passage"],
            "build_s": round(seconds, 1),
            "bytes_per_passage": size_of(home, number) // len(generation.passages),
            **milliseconds(generation, [one.question for one in questions[:TIMED]], options.top_k),
        }
        print(json.dumps(line), flush=True)


def milliseconds(generation: Generation, questions: list[str], top_k: int) -> dict[str, Any]:
    """Median time to embed and to search a single question."""
    generation.warm()
    embed, search = [], []
    for question in questions:
        began = time.perf_counter()
        asked = generation.embed([question])
        embedded = time.perf_counter()
        generation.find(asked, top_k)
        embed.append(embedded - began)
        search.append(time.perf_counter() - embedded)
    return {
        "embed_ms": round(1000 * median(embed), 2),
        "search_ms": round(1000 * median(search), 2),
    }


def size_of(home: Home, number: int) -> int:
    """Bytes of the index and of what it was made of, without the encoder."""
    folder = home.generations_dir / str(number)
    files = [one for one in folder.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files if "retriever" not in one.parts)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=["bm25", "dense", "late"])
    parser.add_argument("--split", default="dev")
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--top-k", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
