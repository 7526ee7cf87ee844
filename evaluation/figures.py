"""Every figure of an evaluation: one value per question under a flat name, means and intervals.

Flat names (`recall_at.answer.5`, `ranking.mrr`) are those of the results file, of the intervals
and of comparisons; in the metrics they nest at the dots. BLEU of a whole set is the one figure
that is no mean over questions. Costs more than `evaluate`; the gate does without.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.intervals import CONFIDENCE, RESAMPLES, Interval, mean_intervals
from evaluation.long_answers import LongAnswerScores, score_long_answers
from evaluation.measure import Evaluation, QuestionResult
from evaluation.questions import LabelledQuestion
from evaluation.ranking_metrics import measure_rankings

Columns = dict[str, list[float | None]]


@dataclass(frozen=True, slots=True)
class Figures:
    """`metrics` for people and --json; `lines`, one JSON object per question, for the file."""

    metrics: dict[str, Any]
    lines: tuple[dict[str, Any], ...]


def measure_figures(
    questions: Sequence[LabelledQuestion],
    evaluation: Evaluation,
    *,
    long_answers: bool = False,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Figures:
    """What `evaluate` found and all that follows from it; `evaluation` is of these questions.

    Long answers need a reader's answers: ValueError without.
    """
    columns = tabulate(questions, evaluation)
    long = _score_answers(questions, evaluation) if long_answers else None
    if long is not None:
        columns |= {f"long_answers.{name}": values for name, values in long.columns.items()}
    intervals = mean_intervals(columns, resamples=resamples, seed=seed)
    if long is not None:
        intervals |= _bleu_intervals(long, resamples, seed)
    added = nest({name: _mean(column) for name, column in columns.items()})
    metrics = {
        **evaluation.metrics,
        "depths": list(evaluation.depths),
        "searched": evaluation.searched,
        "corpus_passages": evaluation.corpus_passages,
        "labelled_questions": sum(bool(one.passage_ids) for one in questions),
        "ranking": added.get("ranking"),
        "long_answers": None if long is None else _long_metrics(added["long_answers"], long),
        "intervals": intervals,
        "bootstrap": {"confidence": CONFIDENCE, "resamples": resamples, "seed": seed},
    }
    return Figures(metrics, tuple(_lines(evaluation, columns)))


def tabulate(questions: Sequence[LabelledQuestion], evaluation: Evaluation) -> Columns:
    """One value per question and figure; None where a question names no gold passage.

    Figures that no question has (no reader, no labels) are left out.
    """
    results = evaluation.results
    labelled = [bool(one.passage_ids) for one in questions]
    columns: Columns = {"em": [r.em for r in results], "f1": [r.f1 for r in results]}
    for k in evaluation.depths:
        gold = [_gold_within(r, has, k) for r, has in zip(results, labelled, strict=True)]
        columns[f"recall_at.passage.{k}"] = gold
    for k in evaluation.depths:
        columns[f"recall_at.answer.{k}"] = [_within(r.answer_rank, k) for r in results]
    if any(labelled):
        ranking = measure_rankings(
            [one.passage_ids for one in questions],
            [one.retrieved for one in results],
            evaluation.depths,
        )
        columns |= {f"ranking.{name}": values for name, values in ranking.items()}
    return {name: column for name, column in columns.items() if _mean(column) is not None}


def nest(flat: dict[str, Any]) -> dict[str, Any]:
    """Names with dots -> objects in objects.

    >>> nest({"em": 1.0, "ranking.mrr": 0.5, "ranking.ndcg_at.5": 0.7})
    {'em': 1.0, 'ranking': {'mrr': 0.5, 'ndcg_at': {'5': 0.7}}}
    """
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *groups, last = name.split(".")
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return nested


def _score_answers(
    questions: Sequence[LabelledQuestion], evaluation: Evaluation
) -> LongAnswerScores:
    answers = [one.answer for one in evaluation.results]
    if None in answers:
        raise ValueError("Long answers can only be measured where a reader has answered.")
    return score_long_answers([one or "" for one in answers], [one.answers for one in questions])


def _bleu_intervals(
    long: LongAnswerScores, resamples: int, seed: int
) -> dict[str, Interval | None]:
    return {
        f"long_answers.{name}": one.interval(resamples=resamples, seed=seed)
        for name, one in long.bleu.items()
    }


def _long_metrics(means: dict[str, Any], long: LongAnswerScores) -> dict[str, Any]:
    bleu = {name: one.corpus for name, one in long.bleu.items()}
    return {**means, **bleu, "variants": long.variants}


def _lines(evaluation: Evaluation, columns: Columns) -> list[dict[str, Any]]:
    return [
        {
            **asdict(result),
            "retrieved": list(result.retrieved),
            "metrics": {name: column[place] for name, column in columns.items()},
        }
        for place, result in enumerate(evaluation.results)
    ]


def _gold_within(result: QuestionResult, labelled: bool, k: int) -> float | None:
    return _within(result.gold_rank, k) if labelled else None


def _within(rank: int | None, k: int) -> float:
    return float(rank is not None and rank <= k)


def _mean(column: Sequence[float | None]) -> float | None:
    known = [value for value in column if value is not None]
    return sum(known) / len(known) if known else None
