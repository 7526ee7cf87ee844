"""Whether BM25's scores help a late generation order its candidates, taught or not.

    python -m benchmarks.words_beside_late --home HOME [--generation N] --questions FILE \
        --work DIR [--split dev] [--seed 0]

HOME holds a late generation of the corpus that the questions' `passage_id` names. Every passage is
scored once, by one vector, token by token and by words, and kept in DIR; then each weight of the
words is measured with two sets of candidates: the nearest 256 by one vector, and those with BM25's
256 best. A weight is chosen on half the questions and measured on the other half. Prints one JSON
line per combination: R@1, R@5, R@20, and the paired bootstrap's interval of each against weight 0.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.intervals import bootstrap_means, middle
from evaluation.questions import LabelledQuestion, read_questions
from reread.artefacts.documents import rows_of_document
from reread.artefacts.generation import Generation
from reread.artefacts.passages import PassageStore
from reread.artefacts.publication import current
from reread.home import Home
from reread.retriever.interaction import best_matches
from reread.search.dense import CANDIDATES, DenseSearch
from reread.search.words import BM25Retriever

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5)
CUTS = (1, 5, 20)


def main() -> None:
    options = parse()
    home = Home(options.home)
    published = current(home)
    number = options.generation or (published.number if published else 1)
    generation = Generation.open(home, number)
    questions = read_questions(options.questions, options.split or None)
    questions = random.Random(options.seed).sample(questions, min(options.count, len(questions)))
    gold = [gold_rows(generation.passages, one) for one in questions]
    kept = options.work / f"{home.root.name}-{number}-{options.split}-{len(questions)}.npz"
    if not kept.exists():
        np.savez(kept, **score_everything(generation, questions))
    with np.load(kept) as scores:
        for line in figures(dict(scores), gold):
            print(json.dumps({"generation": str(kept.stem), **line}), flush=True)


def gold_rows(store: PassageStore, question: LabelledQuestion) -> Rows:
    """Where the right passages are; a long one is found in any of its parts."""
    found = {row for id in question.passage_ids for row in rows_of_document(store, id)}
    return np.array(sorted(found))


def score_everything(
    generation: Generation, questions: list[LabelledQuestion]
) -> dict[str, Floats]:
    """(Q, N) each: `near` by one vector, `late` token by token, `words` by BM25."""
    parts = generation.parts
    assert isinstance(parts, DenseSearch) and parts.tokens is not None
    store, index = list(generation.passages), parts.tokens
    words = BM25Retriever.build(store)
    texts = [one.question for one in questions]
    asked = parts.embed(texts)
    tokens = [index.tokens_of(row) for row in range(len(index))]
    starts = np.cumsum([0, *(len(one) for one in tokens)])
    joined = np.concatenate(tokens)
    near = np.zeros((len(texts), len(store)), np.float32)
    for place, one in enumerate(parts.nearest(asked, len(store))):
        near[place, [hit.row for hit in one]] = [hit.score for hit in one]
    late = [best_matches(asked.tokens_of(q), joined, starts[:-1]) for q in range(len(texts))]
    return {
        "near": near,
        "late": np.stack(late),
        "words": np.stack([words.score_all(one) for one in texts]),
    }


def figures(scores: dict[str, Floats], gold: Sequence[Rows]) -> list[dict[str, Any]]:
    """One line per kind of candidates and weight; ranks are compared with those of weight 0."""
    half = np.arange(len(gold)) % 2 == 0
    lines = []
    plain = ranks(scores, gold, 0.0, with_words=False)
    for with_words in (False, True):
        found = {w: ranks(scores, gold, w, with_words=with_words) for w in WEIGHTS}
        chosen = max(WEIGHTS, key=lambda w: float(np.mean(found[w][half] <= 1)))
        for weight, own in found.items():
            lines.append({"words_candidates": with_words, "weight": weight, **paired(own, plain)})
        kept = paired(found[chosen][~half], plain[~half])
        lines.append({"words_candidates": with_words, "chosen_on_half": chosen, **kept})
    return lines


def ranks(
    scores: dict[str, Floats], gold: Sequence[Rows], weight: float, *, with_words: bool
) -> Rows:
    """(Q,) the first right passage's place, from 1; far beyond every cut where none is found."""
    places = np.full(len(gold), 10**6)
    for q, right in enumerate(gold):
        near, late, words = (scores[name][q] for name in ("near", "late", "words"))
        rows = np.argsort(-near, kind="stable")[:CANDIDATES]
        if with_words:
            rows = np.union1d(rows, np.argsort(-words, kind="stable")[:CANDIDATES])
        joined = standard(late[rows]) + weight * standard(words[rows])
        found = np.flatnonzero(np.isin(rows[np.lexsort((rows, -joined))], right))
        places[q] = 1 + found[0] if len(found) else places[q]
    return places


def standard(values: Floats) -> Floats:
    """Mean 0 and deviation 1 over the candidates; all alike: 0."""
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


def paired(own: Rows, plain: Rows) -> dict[str, Any]:
    """R@k in points, and the middle 95% of its difference to the other ranks."""
    line: dict[str, Any] = {"questions": len(own)}
    for cut in CUTS:
        gains = 100 * ((own <= cut).astype(np.float64) - (plain <= cut))
        low, high = middle(bootstrap_means(gains[:, None]))[:, 0]
        line[f"R@{cut}"] = round(100 * float(np.mean(own <= cut)), 2)
        line[f"gain@{cut}"] = [round(float(one), 2) for one in (gains.mean(), low, high)]
    return line


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--generation", type=int)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
