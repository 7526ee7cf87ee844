"""Makes a candidate retriever from the attention log: read, read again if asked, train, gate.

Leaves nothing on disk: a killed run starts over with the same seed and the same log. Knows the
order of the stages and what a rejection says; each stage's work is in its own module.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluation.measure import AnswerReader
from evaluation.questions import LabelledQuestion, read_questions
from reread.artefacts.checkpoints import latest_checkpoint
from reread.artefacts.generation import Generation, LexicalSearch, open_current
from reread.artefacts.passages import PassageStore, open_corpus
from reread.artefacts.publication import current
from reread.errors import BadRequest
from reread.home import Home
from reread.log.attention_log import AttentionLog
from reread.reader.reader import Reader
from reread.records import LOGGED_AGGREGATION
from reread.retriever.retriever import DenseRetriever
from trainer.examples import Example, split_held_out
from trainer.loop.gate import Contest, GateReport, compare_only, run_gate
from trainer.loop.lease import Lease
from trainer.loop.parts import RoundParts
from trainer.loop.window import CONSUMER, LogWindow, find_shortage, is_place_in, read_window
from trainer.settings import ATTENTION, TrainerSettings
from trainer.student.distil import Stopped, train
from trainer.student.scores import student_temperature
from trainer.student.starts import next_interaction
from trainer.teacher.attention import AttentionTeacher
from trainer.teacher.likelihoods import LikelihoodTeacher
from trainer.teacher.rereading import retrieve_again
from trainer.teacher.teacher import teach

logger = logging.getLogger(__name__)

# Where each stage stands in the job's 0..1.
SPANS = {
    "reading log": (0.0, 0.05),
    "rereading": (0.05, 0.2),
    "training": (0.2, 0.7),
    "gating": (0.7, 0.8),
    "building": (0.8, 1.0),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Weights that passed, with what their checkpoint records."""

    retriever: DenseRetriever
    cursor: int  # the log's sequence they were trained up to
    log: str  # which log that is
    metrics: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rejected:
    reason: str
    metrics: dict[str, Any] = field(default_factory=dict)


def report_within(lease: Lease, stage: str, share: float) -> None:
    low, high = SPANS[stage]
    lease.report(stage, low + (high - low) * share)


def make_candidate(parts: RoundParts, lease: Lease, *, force: bool) -> Candidate | Rejected:
    """A candidate that passed its gate (or was forced), else why there is none."""
    home, settings = parts.home, parts.settings
    report_within(lease, "reading log", 0.0)
    store = open_corpus(home)
    window = read_log(parts, lease)
    metrics: dict[str, Any] = {"log": window.to_json()}
    metrics["records"] = len(window.selection.examples)  # trained on or held out, each once
    lease.show_metrics(metrics)
    if refusal := find_shortage(window, settings, force=force):
        return Rejected(refusal, metrics)
    generation = open_serving(home, settings.device)
    examples = _teach(parts, generation, window.selection.examples, lease)
    train_on, held_out = _divide(examples, settings, force=force)
    retriever = start_retriever(home, settings, generation, len(store))
    metrics["training"] = _train(retriever, train_on, settings, lease)
    lease.show_metrics(metrics)
    report = _gate(retriever, generation, held_out, store, settings, lease, force=force)
    metrics |= report.to_json()
    if not report.accepted:
        return Rejected(f"The candidate did not pass the gate: {report.reason}", metrics)
    return Candidate(retriever, window.cursor, window.log, metrics)


def open_serving(home: Home, device: str) -> Generation | None:
    """What the service answers from; None before the first generation."""
    if current(home) is None:
        return None
    return open_current(home, device=device)


def read_log(parts: RoundParts, lease: Lease) -> LogWindow:
    log = parts.open_log()
    try:
        log.settle(CONSUMER)
        return read_window(
            parts.home,
            log,
            limit=parts.settings.max_questions,
            seen=trained_up_to(parts.home, log),
            check=lease.check,
            aggregation=parts.settings.aggregation,
        )
    finally:
        log.close()


def trained_up_to(home: Home, log: AttentionLog) -> int:
    """The sequence of this log up to which the last checkpoint was trained; 0 where none was."""
    newest = latest_checkpoint(home)
    if newest is None or not is_place_in(log, newest.config.get("log"), newest.cursor):
        return 0
    return newest.cursor


def _teach(
    parts: RoundParts, generation: Generation | None, examples: Sequence[Example], lease: Lease
) -> Sequence[Example]:
    """Examples with the scores the settings ask for; what the log does not hold is judged again."""
    settings, teacher = parts.settings, parts.settings.distil.taught_by
    again = [one for one in examples if _is_read_again(one, settings)]
    if not again and teacher == ATTENTION:
        return examples
    if parts.load_reader is None or (again and generation is None):
        raise BadRequest(
            f"Reading {len(again) or len(examples)} questions again (teacher {teacher}, "
            f"aggregation {settings.aggregation}, reread_top_k {settings.reread_top_k}) needs a "
            f"reader and a published generation: start the trainer with both, or use the teacher "
            f"{ATTENTION}, {LOGGED_AGGREGATION} and 0."
        )
    report_within(lease, "rereading", 0.0)
    reader = parts.load_reader()
    ready = [one for one in examples if not _is_read_again(one, settings)]
    if again:
        assert generation is not None
        ready += _attend(reader, generation, again, settings, lease)
        ready.sort(key=lambda one: one.sequence)
    return ready if teacher == ATTENTION else _likelihoods(reader, ready, teacher, lease)


def _is_read_again(example: Example, settings: TrainerSettings) -> bool:
    """Likelihoods need no attention, so the passages of the log will do."""
    if settings.distil.taught_by != ATTENTION:
        return settings.reread_top_k > 0
    return settings.reread_top_k > 0 or example.signal != settings.aggregation


def _attend(
    reader: AnswerReader,
    generation: Generation,
    examples: Sequence[Example],
    settings: TrainerSettings,
    lease: Lease,
) -> list[Example]:
    """Retrieved again and read: fresh passages, attention and answers."""
    top_k = settings.reread_top_k or max(len(one.passages) for one in examples)
    fresh = retrieve_again(
        generation, examples, top_k, progress=lambda share: report_within(lease, "rereading", 0.0)
    )
    return teach(
        AttentionTeacher(reader, settings.aggregation),
        fresh,
        progress=lambda share: report_within(lease, "rereading", share),
    )


def _likelihoods(
    reader: AnswerReader, examples: Sequence[Example], teacher: str, lease: Lease
) -> list[Example]:
    """How likely the reader finds its own answers; questions without one are left out."""
    if not isinstance(reader, Reader):
        raise BadRequest(
            f"The teacher {teacher} needs a reader whose model runs in the trainer, and "
            f"{reader.name} does not: set REREAD_READER to a T5 or BART checkpoint, or use the "
            f"teacher {ATTENTION}."
        )
    answered = [one for one in examples if one.answer.strip()]
    return teach(
        LikelihoodTeacher(reader, teacher),
        answered or examples,
        progress=lambda share: report_within(lease, "rereading", share),
    )


def _divide(
    examples: Sequence[Example], settings: TrainerSettings, *, force: bool
) -> tuple[list[Example], list[Example]]:
    """(to train on, held out); a forced round trains on the held-out questions as well."""
    train_on, held_out = split_held_out(
        examples, settings.gate.held_out_share, at_least=settings.gate.gate_min_questions
    )
    return (list(examples) if force or not train_on else train_on), held_out


def start_retriever(
    home: Home, settings: TrainerSettings, generation: Generation | None, passages: int
) -> DenseRetriever:
    """The last checkpoint's weights; the start encoder where there is none or it was changed."""
    newest = latest_checkpoint(home)
    if newest is None or newest.config.get("start_encoder") != settings.start_encoder:
        retriever = DenseRetriever.load(settings.start_encoder, device=settings.device)
    else:
        retriever = DenseRetriever.load(newest.folder, device=settings.device)
    serving = None if generation is None else generation.manifest.retriever
    retriever.compare_by(settings.interaction or next_interaction(serving, passages))
    return retriever


def _train(
    retriever: DenseRetriever, examples: Sequence[Example], settings: TrainerSettings, lease: Lease
) -> dict[str, Any]:
    report_within(lease, "training", 0.0)
    try:
        report = train(
            retriever,
            examples,
            settings.distil,
            seed=settings.seed,
            progress=lambda share: report_within(lease, "training", share),
            should_stop=lease.must_stop,
        )
    except Stopped:
        lease.check()  # says whether the lease ended or this process is to
        raise
    return report.to_json()


def _gate(
    retriever: DenseRetriever,
    generation: Generation | None,
    held_out: Sequence[Example],
    store: PassageStore,
    settings: TrainerSettings,
    lease: Lease,
    *,
    force: bool,
) -> GateReport:
    report_within(lease, "gating", 0.0)
    if generation is None:
        return GateReport(accepted=True, reason="Nothing is published that it could be worse than.")
    parts, distil = generation.parts, settings.distil
    encoder = None if isinstance(parts, LexicalSearch) else parts.retriever
    contest = Contest(
        candidate=retriever,
        candidate_temperature=student_temperature(retriever, distil),
        incumbent=generation,
        incumbent_temperature=None if encoder is None else student_temperature(encoder, distil),
        held_out=held_out,
        store=store,
        labelled=_labelled(settings),
    )
    if force:
        return compare_only(contest)
    return run_gate(
        contest,
        settings.gate,
        seed=settings.seed,
        check=lambda share: report_within(lease, "gating", share),
    )


def _labelled(settings: TrainerSettings) -> list[LabelledQuestion]:
    path = settings.gate.labelled_questions
    return [] if path is None else read_questions(path)
