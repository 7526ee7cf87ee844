"""Whether examples hold what an objective learns from; said before any training starts.

Knows examples and settings; knows no loss and no retriever.
"""

from collections.abc import Sequence

from reread.errors import BadRequest
from trainer.examples import Example
from trainer.settings import DistilSettings
from trainer.teaching import ATTENTION, needs_of


def check_signals(examples: Sequence[Example], settings: DistilSettings) -> None:
    """Scores of a teacher that was chosen must be its own; attention's may be any aggregation's."""
    teacher = settings.taught_by
    other = [one.signal for one in examples if one.signal != teacher]
    if teacher != ATTENTION and other:
        raise BadRequest(
            f"The teacher is {teacher} and {len(other)} of {len(examples)} examples hold the "
            f"scores of {other[0]}: let {teacher} judge them first, or "
            f"choose the teacher attention."
        )
    needs = needs_of(settings.loss)
    if needs.tokens and any(one.token_teacher is None for one in examples):
        raise BadRequest(
            f"Objective {settings.loss} needs each answer token's likelihood beside the scores."
        )
    compares = needs.pairs and settings.pair_weight > 0
    if compares and not any(one.pairs for one in examples):
        raise BadRequest(
            f"Objective {settings.loss} learns from comparisons of two passages and none of the "
            f"{len(examples)} examples has any: choose a pair_teacher, or the objective kl."
        )
    hard = settings.hard_label_share if needs.labels else 0.0
    if hard > 0.0 and not any(one.labels for one in examples):
        raise BadRequest(
            f"hard_label_share is {hard} and no example has labels: give questions that name their "
            f"passages, or use 0."
        )
