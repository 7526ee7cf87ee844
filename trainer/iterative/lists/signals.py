"""What a reader's answer likelihoods say of ranked lists: the teachers `ppmean`, `loop`, `emdr2`.

A question's first training answer is the one whose likelihood is read. Knows lists, questions, a
reader and one file; knows no retriever, no loss and no run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from reread.artefacts.passages import PassageStore
from reread.errors import BadRequest, CorruptArtefact
from reread.reader.reader import Reader
from trainer.examples import Example
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.ranked import RankedLists
from trainer.teacher.likelihoods import read_signals

Floats = npt.NDArray[np.float32]
Progress = Callable[[float], None]
LEAST_PASSAGES = 2  # one alone is no ranking, and `loop` would have nothing left to read
_FILE, _TOKENS = "signals.safetensors", "by_token"


@dataclass(frozen=True, slots=True)
class ListSignals:
    """One objective's teacher of Q lists; a list too short to be read has NaN everywhere."""

    objective: str
    scores: Floats  # (Q, K), NaN where nothing was read
    by_token: Floats | None = None  # (Q, K, T) log-probabilities, `emdr2` only

    def save(self, folder: Path) -> None:
        found = {self.objective: self.scores}
        if self.by_token is not None:
            found[_TOKENS] = self.by_token
        safetensors.numpy.save_file(found, folder / _FILE)

    @classmethod
    def load(cls, folder: Path) -> "ListSignals":
        path = folder / _FILE
        try:
            found = safetensors.numpy.load_file(path)
            (objective,) = (name for name in found if name != _TOKENS)
        except (OSError, ValueError, safetensors.SafetensorError) as error:
            raise CorruptArtefact.mismatch(path, "content", "signals", str(error)) from error
        return cls(objective, found[objective], found.get(_TOKENS))


def read_list_signals(
    reader: Reader,
    asked: Sequence[AskedQuestion],
    lists: RankedLists,
    store: PassageStore,
    objective: str,
    *,
    depth: int,
    progress: Progress = lambda share: None,
) -> ListSignals:
    """The objective's signal of the first `depth` passages of each list; `asked` runs parallel."""
    require_answers(asked, objective)
    width = min(depth, lists.rows.shape[1])
    readable = [q for q in range(len(lists)) if len(lists.rows_of(q, depth)) >= LEAST_PASSAGES]
    untaught = [_to_example(asked[q], lists.rows_of(q, depth), store, q) for q in readable]
    taught = read_signals(reader, untaught, objective, progress=progress)
    scores = np.full((len(lists), width), np.nan, dtype=np.float32)
    for q, one in zip(readable, taught, strict=True):
        scores[q, : len(one.teacher)] = one.teacher
    tokens = None if objective != "emdr2" else _stack(len(lists), width, readable, taught)
    return ListSignals(objective, scores, tokens)


def signalled_examples(
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
        if len(own) < LEAST_PASSAGES or not np.isfinite(own).all() or len(set(own.tolist())) < 2:
            continue
        untaught = _to_example(one, lists.rows_of(q, len(own)), store, q)
        examples.append(
            replace(
                untaught, teacher=tuple(own.tolist()), reader=reader, signal=signals.objective,
                token_teacher=_tokens_of(signals, q, len(own)),
            )
        )  # fmt: skip
    return examples


def require_answers(asked: Sequence[AskedQuestion], objective: str) -> None:
    """BadRequest where a question has no answer whose likelihood could be read."""
    missing = [one for one in asked if not any(text.strip() for text in one.training_answers)]
    if missing:
        raise BadRequest(
            f"Objective {objective} learns from given answers and {len(missing)} of {len(asked)} "
            f"training questions have none (first: {missing[0].label.question[:60]!r}): give "
            f"their answers, or choose kl, mse or margin."
        )


def _to_example(
    one: AskedQuestion, rows: Sequence[int], store: PassageStore, place: int
) -> Example:
    answer = next(text for text in one.training_answers if text.strip())
    return Example(
        one.label.question, tuple(store.get(rows)), tuple(rows), (), "", place + 1, answer=answer
    )


def _stack(count: int, width: int, places: Sequence[int], taught: Sequence[Example]) -> Floats:
    """(Q, K, T), NaN beside what was read."""
    known = [np.asarray(one.token_teacher, dtype=np.float32) for one in taught]  # (K_i, T_i)
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
