"""BLEU-1 and BLEU-4 with sacrebleu: for the whole set, for each answer, and as bootstrap draws.

BLEU of a set is no mean: n-gram counts are added up over all answers first. sacrebleu gives the
counts of each answer, so any resample of questions is a weighted sum of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.intervals import CONFIDENCE, RESAMPLES, Interval, middle, resample_counts

ORDERS = (1, 4)


@dataclass(frozen=True, slots=True)
class Bleu:
    """BLEU up to n-grams of one order, between 0 and 1."""

    order: int
    counts: npt.NDArray[np.int64]  # (N, 2 + 2 * order): both lengths, hits, n-grams
    sentences: tuple[float, ...]  # each answer alone, over the n-grams it is long enough for

    @property
    def corpus(self) -> float:
        return corpus_bleu(self.counts.sum(axis=0), self.order)

    def interval(
        self, *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
    ) -> Interval | None:
        """Percentile bootstrap over the questions; None below two."""
        if len(self.counts) < 2:
            return None
        blocks = resample_counts(len(self.counts), resamples=resamples, seed=seed)
        draws = [corpus_bleu(sums, self.order) for b in blocks for sums in b @ self.counts]
        low, high = middle(np.array(draws)[:, None], confidence)[:, 0]
        return float(low), float(high)


def measure_bleu(answers: Sequence[str], references: Sequence[Sequence[str]], order: int) -> Bleu:
    """Several references for an answer are used together, as sacrebleu does."""
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(lowercase=True, max_ngram_order=order, effective_order=True)
    scores = [
        metric.sentence_score(answer, list(known))
        for answer, known in zip(answers, references, strict=True)
    ]
    counts = [[one.sys_len, one.ref_len, *one.counts, *one.totals] for one in scores]
    return Bleu(
        order=order,
        counts=np.array(counts, dtype=np.int64).reshape(len(scores), 2 + 2 * order),
        sentences=tuple(one.score / 100 for one in scores),
    )


def corpus_bleu(counts: npt.NDArray[np.int64], order: int) -> float:
    """BLEU of added-up counts (2 + 2 * order,), sacrebleu's default smoothing."""
    from sacrebleu.metrics.bleu import BLEU

    lengths, hits, totals = np.split(counts, [2, 2 + order])
    score: Any = BLEU.compute_bleu(
        hits.tolist(),
        totals.tolist(),
        int(lengths[0]),
        int(lengths[1]),
        smooth_method="exp",
        max_ngram_order=order,
    )
    return float(score.score) / 100


def bleu_variant() -> str:
    """What was counted, in sacrebleu's own words."""
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(lowercase=True)
    metric.corpus_score(["a"], [["a"]])  # the signature is only known after a score
    signature = metric.get_signature().format().replace("nrefs:1", "nrefs:var")
    return f"sacrebleu {signature}; bleu_n over the whole set, sentence_bleu_n per answer (eff:yes)"
