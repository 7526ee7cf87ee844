"""The gate: a candidate is published only if it agrees with the reader better than what serves.

Accepted when all of these hold:

1. **agreement**: on the log's held-out slice, which rounds that are not forced never train on, the
   mean nDCG of its ranking (gain = the teacher's relevance) is above the incumbent's, and stays
   above in at least `gate_confidence` of 1,000 paired bootstrap resamples. nDCG, because it
   compares any two rankings: BM25's scores have no KL to the reader, and lists keep their order on
   any scale.
2. **coverage**: searching the whole corpus, its top 20 hold the reader's best passage for at
   least `gate_min_coverage` of those questions. The lists come from earlier generations, so
   theirs is 1 by construction and no comparison; a candidate that only reorders lists falls here.
3. **labels**, where a questions file is configured: recall at 5 and at 20, by answer and by gold
   passage, falls by no more than `gate_recall_tolerance`.
4. **people**, where they corrected answers or marked passages of questions the round did not train
   on: the share of these found among the first 5 does not fall by more than the tolerance in
   `gate_confidence` of resamples. Resampled, because some of what people say is wrong.

Figures that do not decide (top-1 agreement, KL, inversions, top-k overlaps) are in the metrics.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.measure import Searchable, label_ranks, recalls
from evaluation.questions import LabelledQuestion
from evaluation.teacher_agreement import Agreement, measure_agreement
from reread.artefacts.passages import PassageStore
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever
from trainer.examples import Example
from trainer.loop.rankings import (
    Check,
    Sample,
    candidate_scores,
    candidate_top,
    incumbent_scores,
    incumbent_top,
    sample_rows,
)
from trainer.settings import GateSettings
from trainer.teacher.scaling import scale_teacher

DEPTH = 20
RESAMPLES = 1000
SAID_DEPTH = 5
SHOWN_QUESTIONS = 32  # when forced
DECIDING_DEPTHS = ("5", "20")


@dataclass(frozen=True, slots=True)
class Contest:
    """Who is compared on what. `incumbent_temperature` None = its scores are no encoder's."""

    candidate: DenseRetriever
    candidate_temperature: float
    incumbent: Searchable
    incumbent_temperature: float | None
    held_out: Sequence[Example]
    store: PassageStore
    labelled: Sequence[LabelledQuestion] = ()
    said: Sequence[LabelledQuestion] = ()  # by people about answers of this log


@dataclass(frozen=True, slots=True)
class GateReport:
    accepted: bool
    reason: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        gate = {"accepted": self.accepted, "reason": self.reason}
        return {"gate": gate, "before": self.before, "after": self.after}


def run_gate(
    contest: Contest, settings: GateSettings, *, seed: int, check: Check = lambda share: None
) -> GateReport:
    """Measure both and decide; `check` gets the share done and may raise to stop."""
    held_out = [one for one in contest.held_out if None not in one.rows]
    if len(held_out) < settings.gate_min_questions:
        return GateReport(
            accepted=False,
            reason=f"{len(held_out)} held-out questions were answered from the corpus and the gate "
            f"needs {settings.gate_min_questions}: ask more questions, or retrain with force.",
        )
    before, after = _agreements(contest, held_out)
    figures = [
        {"questions": len(held_out), "trained_on": False, **one.to_json()}
        for one in (before, after)
    ]
    searched = _search_corpus(contest, held_out, settings, seed=seed, check=check)
    hits = [whole.pop("said_hits") for whole in searched]
    for figure, whole in zip(figures, searched, strict=True):
        figure.update(whole)
    share = better_share(before.question_ndcg, after.question_ndcg, seed=seed)
    figures[1]["bootstrap_share_better"] = share
    refusals = find_refusals(figures[0], figures[1], share, settings)
    refusals += people_refusals(hits[0], hits[1], settings, seed=seed)
    return GateReport(not refusals, " ".join(refusals) or "Better.", figures[0], figures[1])


def compare_only(contest: Contest) -> GateReport:
    """Accept without a gate, as `force` asks; the figures on a few questions are for people.

    A forced round trains on these questions too, and says so: they are not held out.
    """
    shown = [one for one in contest.held_out if None not in one.rows][:SHOWN_QUESTIONS]
    reason = "Forced: the gate was skipped, and the figures are of questions trained on."
    if not shown:
        return GateReport(accepted=True, reason="Forced: the gate was skipped.")
    before, after = _agreements(contest, shown)
    figures = [
        {"questions": len(shown), "trained_on": True, **one.to_json()} for one in (before, after)
    ]
    return GateReport(True, reason, figures[0], figures[1])


def _agreements(contest: Contest, held_out: list[Example]) -> tuple[Agreement, Agreement]:
    teacher = scale_teacher(held_out, None)
    return (
        measure_agreement(
            teacher,
            incumbent_scores(contest.incumbent, held_out),
            temperature=contest.incumbent_temperature,
        ),
        measure_agreement(
            teacher,
            candidate_scores(contest.candidate, held_out),
            temperature=contest.candidate_temperature,
        ),
    )


def _search_corpus(
    contest: Contest, held_out: list[Example], settings: GateSettings, *, seed: int, check: Check
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(incumbent's, candidate's) coverage and labelled recall over the whole corpus."""
    sample = _sample(contest, held_out, settings, seed)
    asked = [one.question for one in held_out]
    asked += [one.question for one in (*contest.labelled, *contest.said)]
    tops = (
        incumbent_top(contest.incumbent, contest.store, sample, asked, DEPTH),
        candidate_top(contest.candidate, contest.store, sample, asked, DEPTH, check),
    )
    first, second = (
        _corpus_figures(top, held_out, contest.labelled) | _said_figures(top, contest.said)
        for top in tops
    )
    return first, second


def _sample(contest: Contest, held_out: list[Example], settings: GateSettings, seed: int) -> Sample:
    wanted = {row for one in held_out for row in one.rows if row is not None}
    limit = settings.gate_corpus_passages
    return sample_rows(contest.store, limit, always=wanted, seed=seed)


def _corpus_figures(
    tops: list[list[Passage]], held_out: list[Example], labelled: Sequence[LabelledQuestion]
) -> dict[str, Any]:
    figures: dict[str, Any] = {"coverage_at_20": _coverage(held_out, tops[: len(held_out)])}
    if labelled:
        ranks = [
            label_ranks(one, top) for one, top in zip(labelled, tops[len(held_out) :], strict=False)
        ]
        gold = [rank for one, (rank, _) in zip(labelled, ranks, strict=True) if one.passage_ids]
        figures["recall_at"] = {
            "passage": recalls(gold) if gold else None,
            "answer": recalls([rank for _, rank in ranks]),
        }
    return figures


def _said_figures(tops: list[list[Passage]], said: Sequence[LabelledQuestion]) -> dict[str, Any]:
    """Recall of what people said; `said_hits` is 1 for each question found among the first 5."""
    if not said:
        return {"said_hits": []}
    ranks = [
        gold if one.passage_ids else answer
        for one, top in zip(said, tops[-len(said) :], strict=True)
        for gold, answer in [label_ranks(one, top)]
    ]
    hits = [float(rank is not None and rank <= SAID_DEPTH) for rank in ranks]
    return {"said": {"questions": len(said), "recall_at": recalls(ranks)}, "said_hits": hits}


def _coverage(held_out: list[Example], tops: list[list[Passage]]) -> float:
    """Share of the questions whose best passage, by the reader, is among those found."""
    best = [one.passages[int(np.argmax(one.teacher))].id for one in held_out]
    found = [wanted in {one.id for one in top} for wanted, top in zip(best, tops, strict=True)]
    return float(np.mean(found))


def better_share(before: npt.ArrayLike, after: npt.ArrayLike, *, seed: int) -> float:
    """Share of paired bootstrap resamples in which the mean of `after` is above `before`'s."""
    gain = np.asarray(after) - np.asarray(before)  # (N,)
    drawn = np.random.default_rng(seed).integers(0, len(gain), size=(RESAMPLES, len(gain)))
    return float((gain[drawn].mean(axis=1) > 0).mean())


def people_refusals(
    before: Sequence[float], after: Sequence[float], settings: GateSettings, *, seed: int
) -> list[str]:
    """A fall that most resamples of the questions show; few questions say nothing."""
    if len(before) < settings.gate_min_questions:
        return []
    fall = np.asarray(before) - np.asarray(after)  # (N,)
    drawn = np.random.default_rng(seed).integers(0, len(fall), size=(RESAMPLES, len(fall)))
    sure = float((fall[drawn].mean(axis=1) > settings.gate_recall_tolerance).mean())
    if sure < settings.gate_confidence:
        return []
    return [
        f"What people corrected or marked ({len(fall)} questions) is among the first "
        f"{SAID_DEPTH} for {np.mean(after):.0%}, where the serving generation has "
        f"{np.mean(before):.0%}, in {sure:.0%} of resamples."
    ]


def find_refusals(
    before: dict[str, Any], after: dict[str, Any], share: float, settings: GateSettings
) -> list[str]:
    """A sentence for each condition the candidate fails; none = accepted."""
    refusals = []
    if after["ndcg"] <= before["ndcg"]:
        refusals.append(
            f"Held-out nDCG against the reader is {after['ndcg']:.4f}, "
            f"no better than the serving generation's {before['ndcg']:.4f}."
        )
    elif share < settings.gate_confidence:
        refusals.append(
            f"The gain in held-out nDCG ({before['ndcg']:.4f} to {after['ndcg']:.4f}) holds in "
            f"{share:.0%} of resamples; {settings.gate_confidence:.0%} are needed."
        )
    if after["coverage_at_20"] < settings.gate_min_coverage:
        refusals.append(
            f"Its top {DEPTH} of the corpus hold the reader's best passage for "
            f"{after['coverage_at_20']:.0%} of held-out questions; "
            f"{settings.gate_min_coverage:.0%} are needed."
        )
    return refusals + _recall_refusals(before, after, settings.gate_recall_tolerance)


def _recall_refusals(before: dict[str, Any], after: dict[str, Any], tolerance: float) -> list[str]:
    refusals = []
    for kind, served in (before.get("recall_at") or {}).items():
        for depth in DECIDING_DEPTHS if served else ():
            new = after["recall_at"][kind][depth]
            if new < served[depth] - tolerance - 1e-12:
                refusals.append(
                    f"Labelled recall at {depth} by {kind} falls from {served[depth]:.3f} "
                    f"to {new:.3f}; {tolerance} is tolerated."
                )
    return refusals
