"""How likely an answer would be to a question alone: what a reader says anyway is no evidence.

A reader that was never taught to refuse is asked for its own answer once more, without passages;
where that is as likely as with them, the passages told it nothing. Knows models and token ids;
knows no calibration.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from reread.compute.padding import pad
from reread.reader.decoding import sequence_probabilities, start_token
from reread.reader.fusion import encode_segments
from reread.reader.segments import cut_segments
from reread.records import Passage

NO_PASSAGE = Passage("", "", "")
LEAST = 1e-9


def unaided_chances(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: Sequence[str],
    answers: Sequence[Sequence[int]],
    max_tokens: int,
) -> list[list[float]]:
    """The probability of each of an answer's tokens after an empty passage, all answers at once."""
    segments = [cut_segments(one, [NO_PASSAGE], tokenizer, max_tokens)[0] for one in questions]
    pad_id, place = model.config.pad_token_id or 0, model.device
    ids, mask = pad([one.ids for one in segments], pad_id)
    states = encode_segments(model, ids.to(place), mask.to(place))
    given, _ = pad([[start_token(model), *answer] for answer in answers], pad_id)
    chances = sequence_probabilities(model, given.to(place), states, mask.to(place))
    return [row[: len(answer)] for row, answer in zip(chances, answers, strict=True)]


def nothing_of(aided: Sequence[float], unaided: Sequence[float]) -> float:
    """The odds that passages told nothing, as a probability: of the answer's mean token likelihood
    without them against that with them.

    >>> round(nothing_of([0.9, 0.4], [0.9, 0.1]), 4), nothing_of([0.5], [0.5]), nothing_of([], [])
    (0.3333, 0.5, 0.5)
    """
    gain = _mean_log(aided) - _mean_log(unaided)
    return 1.0 / (1.0 + math.exp(max(-60.0, min(60.0, gain))))


def _mean_log(chances: Sequence[float]) -> float:
    return sum(math.log(max(one, LEAST)) for one in chances) / max(1, len(chances))
