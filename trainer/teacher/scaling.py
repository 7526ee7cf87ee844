"""Brings the readers' attention scores to a scale the student can be trained on.

The paper uses raw scores (temperature 1), which fits T5's unscaled attention. Other readers'
scores can be a hundred times flatter, and a flat target teaches nothing; so by default each
reader's scores are standardised. Knows examples and numbers, no model.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from trainer.examples import Example

# The mean standard deviation within a question's list after standardising. MiniLM's cosines over
# a retrieved list spread by about 0.1, hence by 2 at the student's temperature of 0.05.
STANDARD_SPREAD = 2.0


def scale_teacher(
    examples: Sequence[Example], temperature: float | None
) -> list[np.ndarray]:  # each float32 (K,)
    """Scores divided by the temperature; None = standardised, one temperature per reader."""
    raw = [np.asarray(example.teacher, dtype=np.float64) for example in examples]
    if temperature is not None:
        return [(scores / temperature).astype(np.float32) for scores in raw]
    scales = reader_temperatures(examples)
    return [
        ((scores - scores.mean()) / scales[example.reader]).astype(np.float32)
        for scores, example in zip(raw, examples, strict=True)
    ]


def reader_temperatures(examples: Sequence[Example]) -> dict[str, float]:
    """The automatic temperature of each reader: its mean spread over STANDARD_SPREAD.

    One value for all questions of a reader, so a list it is sure about stays sharper than one
    it is not.
    """
    spreads: defaultdict[str, list[float]] = defaultdict(list)
    for example in examples:
        spreads[example.reader].append(float(np.std(example.teacher)))
    tiny = np.finfo(np.float32).tiny
    return {
        reader: max(float(np.mean(values)) / STANDARD_SPREAD, float(tiny))
        for reader, values in spreads.items()
    }
