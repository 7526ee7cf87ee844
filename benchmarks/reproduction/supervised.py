"""The encoder of a DPR-style start: taught on gold passages before any reader says a word.

As Karpukhin et al. 2020: beside a question's gold passage BM25's first ones that hold no answer,
and the other questions' passages of the batch. Knows questions, a corpus and one training; knows
no run and no table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.reproduction.recipes import supervised_settings
from benchmarks.reproduction.sizes import Round
from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir
from trainer.examples import Example
from trainer.iterative.asked_questions import AskedQuestion, fingerprint
from trainer.student import distil
from trainer.student.starts import load_start_encoder
from trainer.teacher.negatives import mine

Progress = Callable[[float], None]


def taught_encoder(
    folder: Path,
    asked: Sequence[AskedQuestion],
    corpus: PassageStore,
    training: Round,
    *,
    start: str | None,
    depth: int,
    seed: int,
    progress: Progress = lambda share: None,
) -> Path:
    """The encoder's folder in `folder`, made if it is not there; another training is another."""
    told = [asdict(training), fingerprint(asked), corpus.fingerprint, start, depth, seed]
    made = folder / hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
    if not made.exists():
        retriever = load_start_encoder(start, seed=seed, device="cpu", bf16=False)
        examples, settings = gold_examples(asked, corpus, depth), supervised_settings(training)
        distil.train(retriever, examples, settings, seed=seed, progress=progress)
        with committed_dir(made) as scratch:
            retriever.save(scratch)
    return made.resolve()


def gold_examples(
    asked: Sequence[AskedQuestion], corpus: PassageStore, depth: int
) -> list[Example]:
    """Gold passages marked 1, BM25's wrong ones among its first `depth` marked 0."""
    mined = mine([one.label for one in asked], corpus, depth)
    return [
        Example(
            question=one.question, passages=(one.right, *one.wrong),
            rows=(None,) * (1 + len(one.wrong)), teacher=(1.0, *(0.0 for _ in one.wrong)),
            reader="gold passages", sequence=place + 1,
        )
        for place, one in enumerate(mined)
    ]  # fmt: skip
