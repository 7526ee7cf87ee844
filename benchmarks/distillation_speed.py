"""One epoch of distillation: the trainer's loop against the loop one writes first.

    python benchmarks/distillation_speed.py --data FOLDER [--questions 6000] [--threads N]

FOLDER holds passages.jsonl and questions.jsonl. Each question has BM25's 20 passages; the teacher's
scores are made up (BM25 plus a bonus for the labelled passage and for passages with the answer), so
no reader is needed and nothing is learnt that is worth keeping. Both arms see the same questions in
the same batches with the same loss and the same dropout. With fewer --questions whole batches are
drawn from the full epoch's, so what a batch shares stays the same and time scales linearly.

The plain loop encodes every question's 20 passages padded to the maximum, in float32, and lets the
gradients of a batch's questions add up. It trains the word embeddings too, half of MiniLM's
weights, which the trainer keeps: part of its time is theirs. Prints one JSON line per run, and the
ratios at the end; `cpu_s` is the processor time, which a busy machine disturbs less than `wall_s`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from evaluation.questions import LabelledQuestion, read_questions
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever
from reread.search.words import BM25Retriever
from trainer.dropout import set_dropout
from trainer.examples import Example
from trainer.schedule import linear_rate
from trainer.settings import DistilSettings
from trainer.student.batches import Batch, arrange, draw_batches, tokenise
from trainer.student.distil import CLIP_NORM, train
from trainer.student.objectives import kl
from trainer.student.scores import UNIT_TEMPERATURE, score, student_temperature
from trainer.teacher.scaling import scale_teacher

ARMS = ["plain", "ours", "ours-fp32", "late"]
TOP_K = 20
TOKENS = 200  # FiD's passage_maxlength
HELD_OUT = CHECKED = 100  # questions
GOLD, ANSWER = 8.0, 2.0  # added to BM25's scores


@dataclass(frozen=True, slots=True)
class World:
    train: list[Example]
    held_out: list[Example]


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    world = make_world(options)
    settings = DistilSettings(
        epochs=1, batch_questions=options.batch, passages_per_question=0, dropout=options.dropout
    )
    show(describe(world, settings, options))
    seconds: dict[str, list[float]] = {}
    for repeat in range(options.repeats):
        arms = options.arms if repeat % 2 == 0 else options.arms[::-1]
        for arm in arms:
            line = run(arm, world, settings, options)
            seconds.setdefault(arm, []).append(line["cpu_s"] if options.cpu else line["wall_s"])
            show({"arm": arm, "repeat": repeat, **line})
    if "plain" in seconds:
        base = mean(seconds["plain"])
        ratios = {arm: round(mean(own) / base, 3) for arm, own in seconds.items()}
        show({"share_of_plain_time": ratios, "of": "cpu_s" if options.cpu else "wall_s"})


def run(
    arm: str, world: World, settings: DistilSettings, options: argparse.Namespace
) -> dict[str, Any]:
    """One epoch of one of ARMS: `ours` is in bfloat16 where that is fast, `late` token by token."""
    retriever = load_student()
    if arm == "late":
        retriever.compare_by("late")
    wall, cpu = time.perf_counter(), time.process_time()
    if arm == "plain":
        final = train_plainly(retriever, world.train, settings, options)
    else:
        bf16 = "off" if arm == "ours-fp32" else "auto"
        final = train(
            retriever, world.train, replace(settings, bf16=bf16), seed=options.seed
        ).final_loss
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    share = options.of / len(world.train)
    return {
        "questions": len(world.train),
        "wall_s": round(wall_s, 1),
        "cpu_s": round(cpu_s, 1),
        f"wall_s_of_{options.of}": round(wall_s * share),
        "final_train_loss": round(final, 4),  # with dropout: one batch of 16 varies by 0.06
        "trained_on_loss": round(quiet_loss(retriever, world.train[-CHECKED:]), 4),
        "held_out_loss": round(quiet_loss(retriever, world.held_out), 4),
    }


def train_plainly(
    retriever: DenseRetriever,
    examples: Sequence[Example],
    settings: DistilSettings,
    options: argparse.Namespace,
) -> float:
    """The loop one writes first; the mean loss of the last tenth of the steps."""
    data = tokenise(retriever, examples, scale_teacher(examples, None))
    torch.manual_seed(options.seed)
    set_dropout(retriever, settings.dropout)
    optimizer = torch.optim.AdamW(retriever.parameters(), lr=settings.learning_rate)
    size = settings.batch_questions
    batches = list(
        draw_batches(data, size=size, passages_per_question=0, random=random.Random(options.seed))
    )
    losses: list[float] = []
    retriever.train()
    with retriever.precision(bf16=False):
        for step, batch in enumerate(batches):
            for group in optimizer.param_groups:
                warmup = int(len(batches) * settings.warmup_share)
                group["lr"] = settings.learning_rate * linear_rate(step, len(batches), warmup)
            losses.append(plain_step(retriever, optimizer, batch, options.plain_tokens))
    retriever.eval()
    return mean(losses[-max(1, len(losses) // 10) :])


def plain_step(
    retriever: DenseRetriever, optimizer: torch.optim.Optimizer, batch: Batch, width: int
) -> float:
    optimizer.zero_grad()
    total = 0.0
    for b, question in enumerate(batch.questions):
        texts = [batch.passages[row] for row in batch.places[b].tolist()]
        queries = retriever.embed(*pad([question], len(question)))  # (1, D)
        passages = retriever.embed(*pad(texts, width or max(map(len, texts))))  # (K, D)
        scores = queries @ passages.T / UNIT_TEMPERATURE  # (1, K)
        loss = functional.kl_div(
            scores.log_softmax(-1), batch.teacher[b : b + 1].softmax(-1), reduction="batchmean"
        ) / len(batch.questions)
        loss.backward()
        total += float(loss.detach())
    torch.nn.utils.clip_grad_norm_(retriever.parameters(), CLIP_NORM)
    optimizer.step()
    return total


def pad(texts: Sequence[Sequence[int]], width: int) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.zeros(len(texts), width, dtype=torch.int64)
    mask = torch.zeros(len(texts), width, dtype=torch.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
        mask[row, : len(text)] = 1
    return ids, mask


def quiet_loss(retriever: DenseRetriever, examples: Sequence[Example]) -> float:
    """Mean KL in float32 without dropout."""
    data = tokenise(retriever, examples, scale_teacher(examples, None))
    drawn = draw_batches(data, size=20, passages_per_question=0, random=random.Random(0))
    temperature = student_temperature(retriever, DistilSettings())
    with torch.no_grad(), retriever.precision(bf16=False):
        return mean(
            float(kl(score(retriever, one, temperature)[0], one.teacher, one.mask)) for one in drawn
        )


def make_world(options: argparse.Namespace) -> World:
    """The questions trained on, and others to measure with."""
    passages = [
        Passage(str(line["id"]), line["title"], line["text"])
        for line in map(json.loads, (options.data / "passages.jsonl").open(encoding="utf-8"))
    ]
    index = BM25Retriever.build(passages)
    pool = list(read_questions(options.data / "questions.jsonl"))
    random.Random(options.seed).shuffle(pool)
    held_out = [to_example(one, passages, index) for one in pool[:HELD_OUT]]
    rest = pool[HELD_OUT:]
    repeated = [rest[i % len(rest)] for i in range(options.of)]
    if options.questions < options.of:
        found = [[hit.row for hit in index.search([one.question], TOP_K)[0]] for one in repeated]
        batches = arrange(found, options.batch, random.Random(options.seed))
        show({"full_epoch_sharing": round(sharing(found, batches), 2)})
        repeated = [repeated[i] for batch in sample(found, batches, options) for i in batch]
    return World([to_example(one, passages, index) for one in repeated], held_out)


def sample(
    found: list[list[int]], batches: list[list[int]], options: argparse.Namespace
) -> list[list[int]]:
    """Batches spread evenly from those that share most to those that share least."""
    ordered = sorted(batches, key=lambda batch: sharing(found, [batch]))
    count = max(1, options.questions // options.batch)
    return [ordered[int((i + 0.5) * len(ordered) / count)] for i in range(count)]


def sharing(found: list[list[int]], batches: list[list[int]]) -> float:
    """Passages read for each passage encoded."""
    read = sum(len(found[i]) for batch in batches for i in batch)
    return read / sum(len({row for i in batch for row in found[i]}) for batch in batches)


def to_example(
    question: LabelledQuestion, passages: Sequence[Passage], index: BM25Retriever
) -> Example:
    hits = index.search([question.question], TOP_K)[0]
    own = [passages[hit.row] for hit in hits]
    answers = [answer.lower() for answer in question.answers]
    scores = [
        hit.score
        + GOLD * (passage.id in question.passage_ids)
        + ANSWER * any(answer in passage.text.lower() for answer in answers)
        for hit, passage in zip(hits, own, strict=True)
    ]
    rows = tuple(hit.row for hit in hits)
    return Example(question.question, tuple(own), rows, tuple(scores), "made up", 0)


def load_student() -> DenseRetriever:
    """MiniLM with FiD's passage length."""
    loaded = DenseRetriever.load(None, device="cpu")
    loaded.settings = replace(loaded.settings, passage_tokens=TOKENS)
    return loaded


def describe(world: World, settings: DistilSettings, options: argparse.Namespace) -> dict[str, Any]:
    data = tokenise(load_student(), world.train, scale_teacher(world.train, None))
    lengths = np.array([len(ids) for ids in data.passages])
    size = settings.batch_questions
    drawn = list(
        draw_batches(data, size=size, passages_per_question=0, random=random.Random(options.seed))
    )
    encoded = sum(len(one.passages) for one in drawn)
    return {
        "questions": len(data.questions),
        "batch": size,
        "passages_read": sum(map(len, data.lists)),
        "passages_encoded": encoded,
        "sharing": round(sum(map(len, data.lists)) / encoded, 2),
        "mean_tokens": round(float(np.mean([lengths[n] for one in data.lists for n in one])), 1),
        "threads": options.threads,
        "capabilities": [
            name for name in ("avx512_bf16", "amx_bf16") if torch.cpu.get_capabilities().get(name)
        ],
        "tunables": os.environ.get("GLIBC_TUNABLES", ""),
        "preload": os.environ.get("LD_PRELOAD", ""),
    }


def show(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=6000, help="questions to time")
    parser.add_argument("--of", type=int, default=6000, help="questions of the full epoch")
    parser.add_argument("--batch", type=int, default=DistilSettings().batch_questions)
    parser.add_argument("--dropout", type=float, default=DistilSettings().dropout)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS[:3])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--plain-tokens", type=int, default=TOKENS, help="0 = pad to the longest")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--cpu", action="store_true", help="ratios of processor time")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
