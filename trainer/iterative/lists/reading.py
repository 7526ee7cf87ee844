"""Reads ranked lists with a reader: answers, and one attention score per passage and aggregation.

Step 2 of the paper's iteration (section 3.5). One pass gives every aggregation of Table 6 that
was asked for. Knows a reader, lists and a file; knows no labels and no retriever.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from reread.artefacts.passages import PassageStore
from reread.errors import BadRequest, CorruptArtefact
from reread.reader.aggregations import aggregation_named
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from trainer.iterative.lists.ranked import RankedLists

Floats = npt.NDArray[np.float32]
Progress = Callable[[float], None]
NEED_ALL_STEPS = frozenset({"all_outputs", "value_norm"})  # the others: the first token alone
TOKENS_AT_ONCE = 16_384  # of 250 per passage: bounds the fused states of a batch
_SCORES_FILE, _ANSWERS_FILE = "scores.safetensors", "answers.json"


@dataclass(frozen=True, slots=True)
class ListReadings:
    """What a reader made of Q lists; an empty list has the empty answer."""

    answers: tuple[str, ...]
    scores: dict[str, Floats]  # aggregation -> (Q, K) G before softmax, NaN where nothing was read

    def save(self, folder: Path) -> None:
        safetensors.numpy.save_file(dict(sorted(self.scores.items())), folder / _SCORES_FILE)
        text = json.dumps(list(self.answers), ensure_ascii=False, indent=0)
        (folder / _ANSWERS_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "ListReadings":
        try:
            scores = safetensors.numpy.load_file(folder / _SCORES_FILE)
            answers = json.loads((folder / _ANSWERS_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError, safetensors.SafetensorError) as error:
            raise CorruptArtefact.mismatch(folder, "content", "readings", str(error)) from error
        return cls(tuple(answers), scores)

    def first(self, count: int) -> "ListReadings":
        """The readings of the first `count` questions."""
        return ListReadings(
            self.answers[:count], {name: own[:count] for name, own in self.scores.items()}
        )

    def of(self, aggregation: str) -> Floats:
        """(Q, K); BadRequest names what was kept."""
        if aggregation not in self.scores:
            known = ", ".join(self.scores)
            raise BadRequest(f"These lists were read for {known}, not for {aggregation!r}.")
        return self.scores[aggregation]


def read_lists(
    reader: Reader,
    questions: Sequence[str],
    lists: RankedLists,
    store: PassageStore,
    *,
    depth: int,
    aggregations: Sequence[str],
    progress: Progress = lambda share: None,
) -> ListReadings:
    """Read the first `depth` passages of each list; `questions` run parallel to `lists`."""
    for name in aggregations:
        aggregation_named(name)
    width = min(depth, lists.rows.shape[1])
    scores = {name: np.full((len(lists), width), np.nan, dtype=np.float32) for name in aggregations}
    answers = [""] * len(lists)
    asked = [q for q in range(len(lists)) if lists.rows_of(q)]
    at_once = max(1, TOKENS_AT_ONCE // (max(width, 1) * reader.max_segment_tokens))
    for start in range(0, len(asked), at_once):
        batch = asked[start : start + at_once]
        requests = [
            ReadRequest(questions[q], tuple(store.get(lists.rows_of(q, depth)))) for q in batch
        ]
        for q, reading in zip(batch, reader.read(requests), strict=True):
            answers[q] = reading.answer
            for name in aggregations:
                values = (reading.scores or {})[name]
                scores[name][q, : len(values)] = values
        progress((start + len(batch)) / len(asked))
    return ListReadings(tuple(answers), scores)
