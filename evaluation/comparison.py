"""Is one evaluation better than another: two results files of the same questions, figure by figure.

Questions are paired by id. The p-value is that of approximate randomisation (Noreen 1989): under
no difference each question's pair could as well stand the other way round, so signs are flipped at
random. The interval of the mean difference is a paired bootstrap. p-values are per figure; with
many figures some fall below 0.05 by chance. Knows files of results, no model and no corpus.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.intervals import (
    CONFIDENCE,
    DRAWS_AT_ONCE,
    RESAMPLES,
    Floats,
    bootstrap_means,
    columns_alike,
    middle,
)
from evaluation.results_file import Results
from reread.errors import BadRequest

ROUNDING = 1e-9  # sums that differ by less are equal: flipped sums must tie with the one seen


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure in both files; `difference` = second - first, its interval [low, high]."""

    questions: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    differences: dict[str, Difference]
    resamples: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        settings = {"confidence": CONFIDENCE, "resamples": self.resamples, "seed": self.seed}
        found = {name: asdict(one) for name, one in self.differences.items()}
        return {"differences": found, "bootstrap": settings}


def compare(
    first: Results,
    second: Results,
    names: Sequence[str] = (),
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """All figures, or those of `names`; BadRequest where the files do not hold the same."""
    _require_same_questions(first, second)
    chosen = _choose_names(first, second, names)
    rows = {one: row for row, one in enumerate(second.ids)}
    order = [rows[one] for one in first.ids]
    pairs = {
        name: (first.columns[name], tuple(second.columns[name][row] for row in order))
        for name in chosen
    }
    gains = {name: _gains(first, second, name, *pair) for name, pair in pairs.items()}
    found: dict[str, Difference] = {}
    for alike, values in columns_alike(gains):
        p_values = sign_flip_p_values(values, resamples=resamples, seed=seed)
        low, high = middle(bootstrap_means(values, resamples=resamples, seed=seed))
        for place, name in enumerate(alike):
            means = [float(np.mean([v for v in side if v is not None])) for side in pairs[name]]
            found[name] = Difference(
                questions=len(values),
                first=means[0],
                second=means[1],
                difference=float(values[:, place].mean()),
                low=float(low[place]),
                high=float(high[place]),
                p_value=float(p_values[place]),
            )
    return Comparison({name: found[name] for name in chosen}, resamples, seed)


def sign_flip_p_values(
    gains: Floats, *, resamples: int = RESAMPLES, seed: int = 0
) -> npt.NDArray[np.float64]:
    """(N, M) paired differences -> (M,) two-sided p-values of "there is none".

    Share of random sign patterns whose sum is at least as far from 0 as the one seen, which counts
    itself; so never below 1 / (resamples + 1).

    >>> sign_flip_p_values(np.zeros((5, 1))).tolist()
    [1.0]
    """
    generator = np.random.default_rng(seed)
    seen = np.abs(gains.sum(axis=0)) - ROUNDING  # (M,)
    height = max(1, DRAWS_AT_ONCE // len(gains))
    as_far = np.ones(gains.shape[1])
    for start in range(0, resamples, height):
        shape = (min(height, resamples - start), len(gains))
        signs = 2.0 * generator.integers(0, 2, size=shape, dtype=np.int8) - 1.0  # (R', N)
        as_far += (np.abs(signs @ gains) >= seen).sum(axis=0)
    return as_far / (resamples + 1)


def _require_same_questions(first: Results, second: Results) -> None:
    for here, there in ((first, second), (second, first)):
        known = set(there.ids)
        missing = [one for one in here.ids if one not in known]
        if missing:
            raise BadRequest(
                f"{here.path} has {len(missing)} questions that {there.path} has not, such as "
                f"{missing[0]!r}; evaluate both on the same questions file."
            )
    asked = dict(zip(second.ids, second.questions, strict=True))
    for one, question in zip(first.ids, first.questions, strict=True):
        if asked[one] != question:
            raise BadRequest(
                f"Question {one!r} is {question!r} in {first.path} and {asked[one]!r} in "
                f"{second.path}; evaluate both on the same questions file."
            )


def _choose_names(first: Results, second: Results, names: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(names)) or list(first.columns | second.columns)
    for here in (first, second):
        missing = [name for name in wanted if name not in here.columns]
        if missing:
            common = [name for name in first.columns if name in second.columns]
            raise BadRequest(
                f"{here.path} does not hold {', '.join(missing)}; evaluate both with the same "
                f"options, or choose with --metric among {', '.join(common) or 'none'}."
            )
    return wanted


def _gains(
    first: Results,
    second: Results,
    name: str,
    before: Sequence[float | None],
    after: Sequence[float | None],
) -> list[float | None]:
    gains: list[float | None] = []
    for one, a, b in zip(first.ids, before, after, strict=True):
        if (a is None) != (b is None):
            raise BadRequest(
                f"Question {one!r} has {name} in only one of {first.path} and {second.path}; "
                f"evaluate both on the same questions file."
            )
        gains.append(None if a is None or b is None else b - a)
    if all(gain is None for gain in gains):
        raise BadRequest(f"No question of {first.path} has a value of {name}; leave it out.")
    return gains
