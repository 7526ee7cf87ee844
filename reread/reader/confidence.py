"""How likely an answer is right, and whether there is one: learnt from held-back questions.

Both are logistic in a few numbers of one reading. A calibration belongs to one reader, says so, and
lies in that reader's folder as `reader.json` beside what else must be known of it. Without one, the
mean probability of the answer's tokens stands in and nothing is refused. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reread.errors import BadRequest, UnknownModel
from reread.reading import softmax

READER_FILE = "reader.json"
REFUSED = 0.05  # the most that a refused answer may claim
HEAD_KEYS = ("means", "masses")
SIGNALS = ("nothing", "first", "mean", "least", "top", "spread", "length", "rival", "agreed")


@dataclass(frozen=True, slots=True)
class Logistic:
    """sigmoid(bias + sum of weight x signal), signals by their names."""

    bias: float
    weights: Mapping[str, float]

    def probability(self, signals: Mapping[str, float]) -> float:
        """Between 0 and 1.

        >>> Logistic(0.0, {"mean": 2.0}).probability({"mean": 0.0})
        0.5
        """
        total = self.bias + sum(w * signals[name] for name, w in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))


@dataclass(frozen=True, slots=True)
class Calibration:
    """`right`: the answer is right; `found`: the passages hold an answer; below `refuse_below` of
    `found` nothing is answered. `reader` names the weights it was fitted for."""

    reader: str
    right: Logistic
    found: Logistic
    refuse_below: float


@dataclass(frozen=True, slots=True)
class HeadWeights:
    """What each head counts towards G, learnt with the reader; both (layers, heads).

    `means` weighs the mean of a passage's scores, `masses` the logarithm of their summed
    exponentials: the attention that the passage gets before it is shared out.
    """

    means: tuple[tuple[float, ...], ...]
    masses: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class ReaderNotes:
    """What a reader's folder says beyond the model's own files."""

    tuned: bool = False  # by this project's training: it knows the plain prompt and refusing
    copied: bool = False  # answers go on only with what stands in a passage
    weights: str = ""  # fingerprint of the weights these notes belong to
    calibration: Calibration | None = None
    heads: HeadWeights | None = None  # how its heads say which passage answers; None: all alike


def signals_of(
    nothing: float,
    chances: Sequence[float],
    attention: Sequence[float],
    *,
    rival: float | None = None,
    place: int | None = None,
) -> dict[str, float]:
    """The numbers a calibration weighs, from one reading.

    `nothing`: log odds that there is no answer; `first`, `mean`, `least`: log probabilities of the
    answer's tokens; `top`: the largest relevance; `spread`: entropy of the relevance over its
    maximum; `length`: logarithm of the number of tokens; `rival`: logarithm of how likely the next
    best answer is over this one; `agreed`: of the relevance of its passage, `place`, over the
    largest. Both are 0 of a reader that does not tell.
    """
    logs = [math.log(max(chance, 1e-6)) for chance in chances] or [math.log(1e-6)]
    shares = softmax(attention)
    entropy = -sum(share * math.log(share) for share in shares if share > 0)
    bounded = min(max(nothing, 1e-5), 1 - 1e-5)
    return {
        "nothing": math.log(bounded / (1 - bounded)),
        "first": logs[0],
        "mean": sum(logs) / len(logs),
        "least": min(logs),
        "top": max(shares, default=1.0),
        "spread": entropy / math.log(len(shares)) if len(shares) > 1 else 0.0,
        "length": math.log(len(logs)),
        "rival": 0.0 if rival is None else math.log(min(max(rival, 1e-4), 1.0)),
        "agreed": 0.0 if place is None else math.log(max(shares[place], 1e-4) / max(shares)),
    }


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether to answer, and how likely the answer is right; a refusal is sure of little."""

    found: bool
    confidence: float


def judge(
    calibration: Calibration | None,
    refuse_below: float | None,
    signals: Mapping[str, float],
    chances: Sequence[float],
) -> Judgement:
    """By the calibration; without one everything is answered, as sure as its tokens are likely.

    `refuse_below` None takes the calibration's own bound.
    """
    if calibration is None:
        return Judgement(True, mean_probability(chances))
    bound = calibration.refuse_below if refuse_below is None else refuse_below
    right = calibration.right.probability(signals)
    if calibration.found.probability(signals) >= bound:
        return Judgement(True, right)
    return Judgement(False, min(right, REFUSED))


def mean_probability(chances: Sequence[float]) -> float:
    """The confidence of a reader that was never calibrated."""
    return sum(chances) / len(chances) if chances else 0.0


def read_notes(folder: Path | None) -> ReaderNotes:
    """What `reader.json` says; UnknownModel where it belongs to other weights or is broken."""
    path = folder / READER_FILE if folder is not None else None
    if path is None or not path.is_file():
        return ReaderNotes()
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        notes = _notes(body)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnknownModel(
            f"{path} is not a reader's notes ({error!r}); remove the file to read without "
            "calibration, then calibrate the reader again with `reread calibrate`."
        ) from error
    weights = weights_of(folder)
    if notes.weights and weights and notes.weights != weights:
        raise UnknownModel(
            f"{path} was made for a reader with weights {notes.weights[:12]} and this one has "
            f"{weights[:12]}; remove the file, then calibrate this reader with `reread calibrate`."
        )
    return notes


def weights_of(folder: Path | None) -> str:
    """Fingerprint of a folder's weights; empty where there are none to read."""
    digest = hashlib.sha256()
    files = sorted(folder.glob("*.safetensors")) if folder is not None else []
    for path in files:
        with path.open("rb") as file:
            while chunk := file.read(1 << 22):
                digest.update(chunk)
    return digest.hexdigest() if files else ""


def notes_body(notes: ReaderNotes) -> dict[str, object]:
    """`reader.json`'s content."""
    body: dict[str, object] = {
        "tuned": notes.tuned, "copied": notes.copied, "weights": notes.weights,
    }  # fmt: skip
    if notes.heads is not None:
        body["heads"] = {"means": notes.heads.means, "masses": notes.heads.masses}
    if notes.calibration is not None:
        one = notes.calibration
        body["calibration"] = {
            "reader": one.reader,
            "refuse_below": one.refuse_below,
            "right": {"bias": one.right.bias, "weights": dict(one.right.weights)},
            "found": {"bias": one.found.bias, "weights": dict(one.found.weights)},
        }
    return body


def check_refuse_below(value: float | None) -> None:
    """BadRequest outside 0..1; None is the calibration's own."""
    if value is not None and not 0.0 <= value <= 1.0:
        raise BadRequest(f"refuse_below is a probability between 0 and 1, not {value}.")


def _notes(body: Mapping[str, object]) -> ReaderNotes:
    unknown = set(body) - {"tuned", "copied", "weights", "calibration", "heads"}
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    given = body.get("calibration")
    calibration = None
    if isinstance(given, dict):
        calibration = Calibration(
            str(given["reader"]),
            _logistic(given["right"]),
            _logistic(given["found"]),
            float(given["refuse_below"]),
        )
    return ReaderNotes(
        bool(body.get("tuned")),
        bool(body.get("copied")),
        str(body.get("weights", "")),
        calibration,
        _heads(body.get("heads")),
    )


def _heads(body: object) -> HeadWeights | None:
    if not isinstance(body, dict):
        return None
    return HeadWeights(*(tuple(tuple(map(float, row)) for row in body[k]) for k in HEAD_KEYS))


def _logistic(body: Mapping[str, object]) -> Logistic:
    weights = body["weights"]
    if not isinstance(weights, dict) or set(weights) - set(SIGNALS):
        raise ValueError(f"signals are {', '.join(SIGNALS)}, not {weights!r}")
    return Logistic(float(str(body["bias"])), {str(k): float(v) for k, v in weights.items()})
