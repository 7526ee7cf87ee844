"""What a teacher says of ranked lists, its file, and the training examples these make.

A question's first training answer is the one a teacher of answers is asked about. Knows lists,
questions, a teacher and one file; knows no retriever, no loss and no run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from evaluation.metrics import is_gold
from reread.artefacts.passages import PassageStore
from reread.errors import CorruptArtefact
from reread.records import Passage
from trainer.examples import Example, Preference
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.ranked import RankedLists
from trainer.teacher.likelihoods import require_answers
from trainer.teacher.teacher import Teacher, is_flat, teach
from trainer.teaching import needs_of

Floats = npt.NDArray[np.float32]
Progress = Callable[[float], None]
LEAST_PASSAGES = 2  # one alone is no ranking, and `loop` would have nothing left to read
_FILE, _TOKENS, _PAIRS = "signals.safetensors", "by_token", "pairs"


@dataclass(frozen=True, slots=True)
class ListSignals:
    """One teacher's scores of Q lists; a list too short to be judged has NaN everywhere."""

    signal: str  # the teacher, or an aggregation of attention
    scores: Floats  # (Q, K), NaN where nothing was judged
    by_token: Floats | None = None  # (Q, K, T) log-probabilities of answer tokens, `ppmean` only
    pairs: Floats | None = None  # (P, 4): question, first, second, log p(first is better)

    def save(self, folder: Path) -> None:
        found = {self.signal: self.scores, _TOKENS: self.by_token, _PAIRS: self.pairs}
        kept = {name: one for name, one in found.items() if one is not None}
        safetensors.numpy.save_file(kept, folder / _FILE)

    @classmethod
    def load(cls, folder: Path) -> "ListSignals":
        path = folder / _FILE
        try:
            found = safetensors.numpy.load_file(path)
            (signal,) = (name for name in found if name not in (_TOKENS, _PAIRS))
        except (OSError, ValueError, safetensors.SafetensorError) as error:
            raise CorruptArtefact.mismatch(path, "content", "signals", str(error)) from error
        known = needs_of(signal).teacher or signal  # an earlier version's file names the objective
        return cls(known, found[signal], found.get(_TOKENS), found.get(_PAIRS))


def judge_lists(
    teacher: Teacher,
    asked: Sequence[AskedQuestion],
    lists: RankedLists,
    store: PassageStore,
    *,
    depth: int,
    progress: Progress = lambda share: None,
) -> ListSignals:
    """The teacher's scores of the first `depth` passages of each list; `asked` runs parallel."""
    untaught = list_examples(asked, lists, store, depth=depth)
    taught = teach(teacher, untaught, progress=progress)
    return to_signals(taught, len(lists), min(depth, lists.rows.shape[1]), teacher.signal)


def list_examples(
    asked: Sequence[AskedQuestion],
    lists: RankedLists,
    store: PassageStore,
    *,
    depth: int,
    attention: ListSignals | None = None,
    reader: str = "",
) -> list[Example]:
    """Lists of at least two passages, for a teacher to judge; with attention's scores, if given,
    only those that these say something of."""
    if attention is not None:
        return taught_examples(asked, lists, store, attention, reader=reader)
    judged = [q for q in range(len(lists)) if len(lists.rows_of(q, depth)) >= LEAST_PASSAGES]
    return [_to_example(asked[q], lists.rows_of(q, depth), store, q) for q in judged]


def to_signals(
    taught: Sequence[Example], count: int, width: int, signal: str | None = None
) -> ListSignals:
    """The scores of taught lists as arrays; an example's `sequence` is its question's, from 1."""
    scores = np.full((count, width), np.nan, dtype=np.float32)
    places = [one.sequence - 1 for one in taught]
    for q, one in zip(places, taught, strict=True):
        scores[q, : len(one.teacher)] = one.teacher
    tokens = [one.token_teacher for one in taught if one.token_teacher is not None]
    pairs = [
        (q, pair.first, pair.second, pair.log_first)
        for q, one in zip(places, taught, strict=True)
        for pair in one.pairs
    ]
    return ListSignals(
        signal or (taught[0].signal if taught else "none"),
        scores,
        _stack(count, width, places, tokens) if tokens else None,
        np.array(pairs, dtype=np.float64) if pairs else None,
    )


def taught_examples(
    asked: Sequence[AskedQuestion],
    lists: RankedLists,
    store: PassageStore,
    signals: ListSignals,
    *,
    reader: str,
    labelled: bool = False,
) -> list[Example]:
    """What step 3 trains on; lists without two different finite scores teach nothing.

    `labelled` marks the passages that the questions name, which nothing else in a run looks at.
    """
    pairs = _pairs_of(signals)
    examples = []
    for q, one in enumerate(asked):
        own = signals.scores[q][~np.isnan(signals.scores[q])]
        if len(own) < LEAST_PASSAGES or not np.isfinite(own).all() or is_flat(own.tolist()):
            continue
        untaught = _to_example(one, lists.rows_of(q, len(own)), store, q)
        examples.append(
            replace(
                untaught, teacher=tuple(own.tolist()), reader=reader, signal=signals.signal,
                token_teacher=_tokens_of(signals, q, len(own)), pairs=pairs.get(q, ()),
                labels=_labels(one, untaught.passages) if labelled else None,
            )
        )  # fmt: skip
    return examples


def _pairs_of(signals: ListSignals) -> dict[int, tuple[Preference, ...]]:
    found: dict[int, tuple[Preference, ...]] = {}
    for q, first, second, log_first in [] if signals.pairs is None else signals.pairs.tolist():
        preference = Preference(int(first), int(second), float(log_first))
        found[int(q)] = (*found.get(int(q), ()), preference)
    return found


def _labels(one: AskedQuestion, passages: Sequence[Passage]) -> tuple[float, ...]:
    wanted = one.label.passage_ids
    return tuple(float(any(is_gold(p.id, gold) for gold in wanted)) for p in passages)


def require_all_answers(asked: Sequence[AskedQuestion], teacher: str) -> None:
    """BadRequest where a question has no answer whose likelihood could be read."""
    require_answers([(one.label.question, _first_answer(one)) for one in asked], teacher)


def _to_example(
    one: AskedQuestion, rows: Sequence[int], store: PassageStore, place: int
) -> Example:
    answer, passages = _first_answer(one), tuple(store.get(rows))
    return Example(one.label.question, passages, tuple(rows), (), "", place + 1, answer=answer)


def _first_answer(one: AskedQuestion) -> str:
    return next((text for text in one.training_answers if text.strip()), "")


def _stack(count: int, width: int, places: Sequence[int], tokens: Sequence[object]) -> Floats:
    """(Q, K, T), NaN beside what was read."""
    known = [np.asarray(one, dtype=np.float32) for one in tokens]  # (K_i, T_i)
    longest = max((one.shape[1] for one in known), default=0)
    stacked = np.full((count, width, longest), np.nan, dtype=np.float32)
    for q, one in zip(places, known, strict=True):
        stacked[q, : one.shape[0], : one.shape[1]] = one
    return stacked


def _tokens_of(signals: ListSignals, q: int, passages: int) -> tuple[tuple[float, ...], ...] | None:
    if signals.by_token is None:
        return None
    own = signals.by_token[q, :passages]  # (K, T)
    return tuple(tuple(row[~np.isnan(row)].tolist()) for row in own)
