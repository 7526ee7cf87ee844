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

from reread.artefacts.passages import PassageStore
from reread.errors import CorruptArtefact
from trainer.examples import Example
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.ranked import RankedLists
from trainer.settings import NEEDED_TEACHERS
from trainer.teacher.likelihoods import require_answers
from trainer.teacher.teacher import Teacher, is_flat, teach

Floats = npt.NDArray[np.float32]
Progress = Callable[[float], None]
LEAST_PASSAGES = 2  # one alone is no ranking, and `loop` would have nothing left to read
_FILE, _TOKENS = "signals.safetensors", "by_token"


@dataclass(frozen=True, slots=True)
class ListSignals:
    """One teacher's scores of Q lists; a list too short to be judged has NaN everywhere."""

    signal: str  # the teacher, or an aggregation of attention
    scores: Floats  # (Q, K), NaN where nothing was judged
    by_token: Floats | None = None  # (Q, K, T) log-probabilities of answer tokens, `ppmean` only

    def save(self, folder: Path) -> None:
        found = {self.signal: self.scores}
        if self.by_token is not None:
            found[_TOKENS] = self.by_token
        safetensors.numpy.save_file(found, folder / _FILE)

    @classmethod
    def load(cls, folder: Path) -> "ListSignals":
        path = folder / _FILE
        try:
            found = safetensors.numpy.load_file(path)
            (signal,) = (name for name in found if name != _TOKENS)
        except (OSError, ValueError, safetensors.SafetensorError) as error:
            raise CorruptArtefact.mismatch(path, "content", "signals", str(error)) from error
        return cls(NEEDED_TEACHERS.get(signal, signal), found[signal], found.get(_TOKENS))


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
    width = min(depth, lists.rows.shape[1])
    judged = [q for q in range(len(lists)) if len(lists.rows_of(q, depth)) >= LEAST_PASSAGES]
    untaught = [_to_example(asked[q], lists.rows_of(q, depth), store, q) for q in judged]
    taught = teach(teacher, untaught, progress=progress)
    scores = np.full((len(lists), width), np.nan, dtype=np.float32)
    for q, one in zip(judged, taught, strict=True):
        scores[q, : len(one.teacher)] = one.teacher
    tokens = [one.token_teacher for one in taught if one.token_teacher is not None]
    by_token = _stack(len(lists), width, judged, tokens) if tokens else None
    return ListSignals(teacher.signal, scores, by_token)


def taught_examples(
    asked: Sequence[AskedQuestion],
    lists: RankedLists,
    store: PassageStore,
    signals: ListSignals,
    *,
    reader: str,
) -> list[Example]:
    """What step 3 trains on; lists without two different finite scores teach nothing."""
    examples = []
    for q, one in enumerate(asked):
        own = signals.scores[q][~np.isnan(signals.scores[q])]
        if len(own) < LEAST_PASSAGES or not np.isfinite(own).all() or is_flat(own.tolist()):
            continue
        untaught = _to_example(one, lists.rows_of(q, len(own)), store, q)
        examples.append(
            replace(
                untaught, teacher=tuple(own.tolist()), reader=reader, signal=signals.signal,
                token_teacher=_tokens_of(signals, q, len(own)),
            )
        )  # fmt: skip
    return examples


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
