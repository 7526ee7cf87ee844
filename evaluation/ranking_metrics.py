"""Recall, reciprocal rank and nDCG by gold passage id, counted by trec_eval through ir-measures.

Recall here is trec_eval's: the share of a question's gold passages found. With one gold passage it
equals `recall_at.passage`, which asks whether any was found (trec_eval's success). Knows ids only.
"""

from collections.abc import Sequence
from typing import Any

from evaluation.metrics import is_gold

Columns = dict[str, list[float | None]]


def measure_rankings(
    gold: Sequence[Sequence[str]], retrieved: Sequence[Sequence[str]], depths: Sequence[int]
) -> Columns:
    """`recall_at.k`, `ndcg_at.k` and `mrr`, one value per question; None where no gold is named.

    `retrieved` holds passage ids, best first; `mrr` looks as deep as they go. A question that
    found nothing scores 0.
    """
    import ir_measures

    names: dict[Any, str] = {ir_measures.R @ k: f"recall_at.{k}" for k in depths}
    names |= {ir_measures.nDCG @ k: f"ndcg_at.{k}" for k in depths}
    names[ir_measures.RR] = "mrr"
    columns: Columns = {name: [None] * len(gold) for name in names.values()}
    qrels, run = as_trec(gold, retrieved)
    if not qrels:
        return columns
    for found in ir_measures.pytrec_eval.iter_calc(list(names), qrels, run):
        columns[names[found.measure]][int(found.query_id)] = float(found.value)
    return columns


def as_trec(
    gold: Sequence[Sequence[str]], retrieved: Sequence[Sequence[str]]
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    """Qrels and run of the questions that name gold passages.

    A question is called by its position, as ids may repeat. The score is the negative rank:
    trec_eval sorts by score alone and would reorder ties.

    >>> as_trec([["sea"], []], [["land", "sea.2"], ["sky"]])
    ({'0': {'gold 0': 1}}, {'0': {'rank 1': -1.0, 'gold 0': -2.0}})
    """
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for number, (wanted, found) in enumerate(zip(gold, retrieved, strict=True)):
        unique = list(dict.fromkeys(wanted))
        if unique:
            qrels[str(number)] = {f"gold {place}": 1 for place in range(len(unique))}
            names = collapse_pieces(unique, found)
            run[str(number)] = {name: -float(rank) for rank, name in enumerate(names, start=1)}
    return qrels, run


def collapse_pieces(gold: Sequence[str], retrieved: Sequence[str]) -> list[str]:
    """A name per rank: `gold i` where gold passage i or a piece of it comes first, else `rank n`.

    Later pieces of a passage already found count as any other passage and keep their rank, so
    every rank is that of the list people see. An exact id goes before a piece.

    >>> collapse_pieces(["a", "a.1"], ["b", "a.1", "a.2", "a.3"])
    ['rank 1', 'gold 1', 'gold 0', 'rank 4']
    """
    names: list[str] = []
    left = dict(enumerate(gold))
    for rank, passage_id in enumerate(retrieved, start=1):
        matches = [place for place, one in left.items() if is_gold(passage_id, one)]
        matches.sort(key=lambda place: left[place] != passage_id)
        names.append(f"gold {matches[0]}" if matches else f"rank {rank}")
        left = {place: one for place, one in left.items() if place not in matches[:1]}
    return names
