"""What serving with an encoder costs: parameters, a question's time, a passage's bytes.

Beside the gate's figures, so that students of different kinds can be weighed. Knows a retriever and
texts; decides nothing.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from reread.records import Passage
from reread.retriever.retriever import DenseRetriever

FLOAT_BYTES, SCALE_BYTES = 4, 4
QUESTIONS = 16  # encoded one by one, after one that is not counted
PASSAGES = 32  # whose tokens are counted


def measure_costs(
    retriever: DenseRetriever,
    questions: Sequence[str],
    passages: Sequence[Passage],
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """`question_ms` is the median of questions encoded alone; bytes are of vectors and tokens in
    an exact index, without the passages' texts."""
    seconds: list[float] = []
    for question in [*questions[:1], *questions[:QUESTIONS]]:
        began = clock()
        retriever.question_vectors([question])
        seconds.append(clock() - began)
    return {
        "student": retriever.student,
        "interaction": retriever.interaction.name,
        "parameters": sum(one.numel() for one in retriever.parameters()),
        "question_ms": round(1000 * statistics.median(seconds[1:]), 3) if seconds[1:] else None,
        "bytes_per_passage": bytes_per_passage(retriever, passages[:PASSAGES]),
    }


def bytes_per_passage(retriever: DenseRetriever, passages: Sequence[Passage]) -> int:
    """Of one float32 vector and, by token, of a byte per value and a scale; their mean."""
    pooled = FLOAT_BYTES * retriever.dimension
    if not retriever.interaction.by_token or not passages:
        return pooled
    tokens = int(retriever.tokenize_passages(passages)[1].sum()) / len(passages)
    return round(pooled + tokens * (retriever.token_dimension + SCALE_BYTES))
