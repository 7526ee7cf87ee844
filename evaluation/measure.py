"""Measures a generation, and a reader where one is given, on labelled questions.

Every figure is a share between 0 and 1. A question that found nothing counts as a miss and never
drops out of a mean. Knows nothing of training, takes the generation and the reader as given, and
leaves intervals and the figures of other libraries to evaluation/figures.py.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from evaluation import metrics
from evaluation.questions import LabelledQuestion
from reread.errors import BadRequest
from reread.reading import Reading, ReadRequest
from reread.records import Hit, Passage

RECALL_DEPTHS = (1, 5, 20)  # reported for every corpus, however small
DEFAULT_DEPTHS = (*RECALL_DEPTHS, 100)
QUESTIONS_AT_ONCE = 8  # enough to batch, few enough for progress to move on a CPU


class PassageLookup(Protocol):
    def __len__(self) -> int: ...

    def get(self, rows: list[int]) -> list[Passage]: ...


class Searchable(Protocol):
    """What evaluation needs of a generation."""

    @property
    def passages(self) -> PassageLookup: ...

    def search(self, questions: list[str], top_k: int) -> list[list[Hit]]: ...


class AnswerReader(Protocol):
    """What evaluation and rereading need of a reader."""

    @property
    def name(self) -> str: ...

    def read(self, requests: Sequence[ReadRequest], aggregation: str = "mean") -> list[Reading]: ...


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """One question's outcome; ranks start at 1, None = not found within the depth searched."""

    id: str
    question: str
    answer: str | None  # None = no reader was given
    em: float | None
    f1: float | None
    gold_rank: int | None
    answer_rank: int | None
    retrieved: tuple[str, ...] = ()  # passage ids, best first, as deep as was searched


@dataclass(frozen=True, slots=True)
class Evaluation:
    metrics: dict[str, Any]
    results: tuple[QuestionResult, ...]
    depths: tuple[int, ...] = RECALL_DEPTHS
    searched: int = max(RECALL_DEPTHS)  # passages looked for per question
    corpus_passages: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"metrics": self.metrics, "results": [asdict(result) for result in self.results]}


def evaluate(
    generation: Searchable,
    reader: AnswerReader | None,
    questions: Sequence[LabelledQuestion],
    top_k: int,
    progress: Callable[[float], None] = lambda share: None,
    *,
    depths: Sequence[int] = DEFAULT_DEPTHS,
) -> Evaluation:
    """Search to the deepest recall depth, read the first `top_k`, compare with the labels.

    `depths` beyond the corpus are left out, see `usable_depths`.
    """
    passages = len(generation.passages)
    usable = usable_depths(depths, passages)
    searched = max(top_k, *usable)
    results: list[QuestionResult] = []
    for batch in _batches(questions):
        results += _evaluate_batch(generation, reader, batch, top_k, searched)
        progress(len(results) / len(questions))
    figures = summarise(questions, results, top_k, usable)
    return Evaluation(figures, tuple(results), usable, searched, passages)


def usable_depths(depths: Sequence[int], passages: int) -> tuple[int, ...]:
    """Ascending, without those beyond the corpus: recall at 100 among 60 passages says nothing.

    1, 5 and 20 stay where they are asked for, because others look for them by name; beyond the
    corpus they say whether the passage was found at all. BadRequest where none is left.

    >>> usable_depths((1, 5, 20, 100), 12), usable_depths((1, 10, 50), 12)
    ((1, 5, 20), (1, 10))
    """
    if not depths or min(depths) < 1:
        raise BadRequest(f"Recall depths are {list(depths)}; each must be at least 1.")
    usable = tuple(sorted({k for k in depths if k <= passages or k in RECALL_DEPTHS}))
    if not usable:
        raise BadRequest(
            f"The corpus has {passages} passages, fewer than the smallest recall depth "
            f"{min(depths)}; choose smaller depths."
        )
    return usable


def _batches(questions: Sequence[LabelledQuestion]) -> Iterator[list[LabelledQuestion]]:
    for start in range(0, len(questions), QUESTIONS_AT_ONCE):
        yield list(questions[start : start + QUESTIONS_AT_ONCE])


def _evaluate_batch(
    generation: Searchable,
    reader: AnswerReader | None,
    batch: list[LabelledQuestion],
    top_k: int,
    searched: int,
) -> list[QuestionResult]:
    found = generation.search([one.question for one in batch], searched)
    lists = [generation.passages.get([hit.row for hit in hits]) for hits in found]
    answers = _read_answers(reader, batch, [passages[:top_k] for passages in lists])
    return [_judge(*row) for row in zip(batch, lists, answers, strict=True)]


def _read_answers(
    reader: AnswerReader | None, batch: list[LabelledQuestion], lists: list[list[Passage]]
) -> list[str | None]:
    """One answer per question; an empty one where nothing was retrieved."""
    if reader is None:
        return [None] * len(batch)
    asked = [i for i, passages in enumerate(lists) if passages]
    requests = [ReadRequest(batch[i].question, tuple(lists[i])) for i in asked]
    answers: list[str | None] = [""] * len(batch)
    for i, reading in zip(asked, reader.read(requests) if requests else [], strict=True):
        answers[i] = reading.answer
    return answers


def _judge(one: LabelledQuestion, passages: list[Passage], answer: str | None) -> QuestionResult:
    gold, answered = label_ranks(one, passages)
    return QuestionResult(
        id=one.id,
        question=one.question,
        answer=answer,
        em=None if answer is None else metrics.exact_match(answer, one.answers),
        f1=None if answer is None else metrics.f1(answer, one.answers),
        gold_rank=gold,
        answer_rank=answered,
        retrieved=tuple(passage.id for passage in passages),
    )


def label_ranks(
    one: LabelledQuestion, passages: Sequence[Passage]
) -> tuple[int | None, int | None]:
    """Rank of the first gold passage, and of the first whose text holds an answer."""
    is_gold = (any(metrics.is_gold(p.id, gold) for gold in one.passage_ids) for p in passages)
    holds = (metrics.has_answer(p.text, one.answers) for p in passages)
    return metrics.first_hit(is_gold), metrics.first_hit(holds)


def summarise(
    questions: Sequence[LabelledQuestion],
    results: Sequence[QuestionResult],
    top_k: int,
    depths: Sequence[int] = RECALL_DEPTHS,
) -> dict[str, Any]:
    """Means over all questions; recall by gold passage over those that name one, else None."""
    labelled = [r for q, r in zip(questions, results, strict=True) if q.passage_ids]
    return {
        "questions": len(results),
        "top_k": top_k,
        "em": _mean([r.em for r in results]),
        "f1": _mean([r.f1 for r in results]),
        "recall_at": {
            "passage": recalls([r.gold_rank for r in labelled], depths) if labelled else None,
            "answer": recalls([r.answer_rank for r in results], depths),
        },
    }


def recalls(ranks: Sequence[int | None], depths: Sequence[int] = RECALL_DEPTHS) -> dict[str, float]:
    """R@k by k."""
    return {str(k): metrics.recall_at(ranks, k) for k in depths}


def known_recalls(ranks: Sequence[int | None], deepest: int) -> dict[str, float | None]:
    """R@k; None for a k beyond what was retrieved, which would be a lower bound.

    >>> known_recalls([1, None], 5)
    {'1': 0.5, '5': 0.5, '20': None, '100': None}
    """
    known = recalls(ranks, [k for k in DEFAULT_DEPTHS if k <= deepest])
    return {str(k): known.get(str(k)) for k in DEFAULT_DEPTHS}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
