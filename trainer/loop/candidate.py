"""Makes a candidate from the attention log: read, read again if asked, train, gate, tune a reader.

Leaves nothing on disk: a killed run starts over with the same seed and the same log. Knows the
order of the stages and what a rejection says; each stage's work is in its own module.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.questions import LabelledQuestion, read_questions
from reread.artefacts.checkpoints import latest_checkpoint
from reread.artefacts.generation import Generation, LexicalSearch, open_current
from reread.artefacts.passages import PassageStore, open_corpus
from reread.artefacts.publication import current
from reread.home import Home
from reread.log.attention_log import AttentionLog
from reread.retriever.encoders.interface import NETS
from reread.retriever.files import find_folder, read_settings, student_of
from reread.retriever.interaction import interaction_named
from reread.retriever.retriever import DenseRetriever
from reread.search.vectors import check_index
from trainer.examples import Example, split_held_out, with_marks
from trainer.feedback import question_key
from trainer.loop.costs import measure_costs
from trainer.loop.gate import Contest, GateReport, compare_only, run_gate
from trainer.loop.judging import judge_examples
from trainer.loop.lease import Lease
from trainer.loop.parts import RoundParts
from trainer.loop.reader_candidate import adapt_reader, carry_reader, with_serving_reader
from trainer.loop.window import CONSUMER, LogWindow, find_shortage, is_place_in, read_window
from trainer.settings import TrainerSettings
from trainer.student.distil import Stopped, train
from trainer.student.nets import make_student
from trainer.student.scores import student_temperature
from trainer.student.starts import next_interaction

logger = logging.getLogger(__name__)

# Where each stage stands in the job's 0..1.
SPANS = {
    "reading log": (0.0, 0.05),
    "rereading": (0.05, 0.2),
    "training": (0.2, 0.7),
    "gating": (0.7, 0.75),
    "tuning reader": (0.75, 0.8),
    "building": (0.8, 1.0),
}


SaveReader = Callable[[Path, int], None]  # into a checkpoint's folder, under its number


def keep_reader(checkpoint: Path, number: int) -> None:
    """No tuned reader serves, and none is to."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Weights that passed, with what their checkpoint records."""

    retriever: DenseRetriever
    cursor: int  # the log's sequence they were trained up to
    log: str  # which log that is
    metrics: dict[str, Any]
    save_reader: SaveReader = keep_reader


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
    retriever = start_retriever(home, settings, generation, len(store))
    check_index(parts.index, retriever.dimension)
    serving = with_serving_reader(parts, generation)
    examples = judge_examples(
        serving,
        generation,
        window.selection.examples,
        lambda share: report_within(lease, "rereading", share),
    )
    examples = [with_marks(one) for one in examples]
    train_on, held_out = _divide(examples, settings, force=force)
    said = unseen_labels(window.selection.people.labels(), train_on)
    metrics["training"] = _train(retriever, train_on, settings, lease)
    lease.show_metrics(metrics)
    report = _gate(retriever, generation, held_out, said, store, settings, lease, force=force)
    metrics |= report.to_json()
    if not report.accepted:
        return Rejected(f"The candidate did not pass the gate: {report.reason}", metrics)
    save_reader: SaveReader = partial(carry_reader, home, generation)
    if settings.adapt_reader and generation is not None:
        lease.show_metrics(metrics)
        tell = partial(report_within, lease, "tuning reader")
        adapted = adapt_reader(parts, serving, generation, window.selection, tell)
        metrics["reader"] = adapted.metrics
        save_reader = adapted.save if adapted.tuned else save_reader
    return Candidate(retriever, window.cursor, window.log, metrics, save_reader)


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


def _divide(
    examples: Sequence[Example], settings: TrainerSettings, *, force: bool
) -> tuple[list[Example], list[Example]]:
    """(to train on, held out); a forced round trains on the held-out questions as well."""
    train_on, held_out = split_held_out(
        examples, settings.gate.held_out_share, at_least=settings.gate.gate_min_questions
    )
    return (list(examples) if force or not train_on else train_on), held_out


def unseen_labels(
    labels: Sequence[LabelledQuestion], train_on: Sequence[Example]
) -> list[LabelledQuestion]:
    """What people said of questions that this round does not train on: those measure it."""
    seen = {question_key(one.question) for one in train_on}
    return [one for one in labels if question_key(one.question) not in seen]


def start_retriever(
    home: Home, settings: TrainerSettings, generation: Generation | None, passages: int
) -> DenseRetriever:
    """The last checkpoint's weights of the wanted student; where there are none, or where the
    start encoder was changed, that encoder, or a new net with its words."""
    newest = latest_checkpoint(home, lambda one: _is_wanted(one.folder, settings.student))
    if newest is not None and newest.config.get("start_encoder") == settings.start_encoder:
        return _load(newest.folder, settings, generation, passages)
    if settings.student in NETS:
        source = DenseRetriever.load(settings.start_encoder, device=settings.device)
        made = make_student(
            settings.student, source, seed=settings.seed, words=settings.student_words,
            dimension=settings.student_dimension, device=str(source.device),
        )  # fmt: skip
        made.compare_by(_interaction(settings, generation, passages))
        return made
    return _load(settings.start_encoder, settings, generation, passages)


def _is_wanted(folder: Path, student: str | None) -> bool:
    return student is None or student_of(folder) == student


def _load(
    source: Path | str | None,
    settings: TrainerSettings,
    generation: Generation | None,
    passages: int,
) -> DenseRetriever:
    """With its tokens projected where that is asked for, late, and not yet so."""
    interaction = _interaction(settings, generation, passages)
    kept = read_settings(find_folder(source))
    width = settings.token_dimension
    if width is not None and interaction_named(interaction).by_token and kept.projection is None:
        kept = replace(kept, projection=width, projected="matched")
    retriever = DenseRetriever.load(
        source, device=settings.device, settings=kept, seed=settings.seed
    )
    retriever.compare_by(interaction)
    return retriever


def _interaction(settings: TrainerSettings, generation: Generation | None, passages: int) -> str:
    serving = None if generation is None else generation.manifest.retriever
    return settings.interaction or next_interaction(serving, passages)


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
    said: Sequence[LabelledQuestion],
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
        said=said,
    )
    if force:
        report = compare_only(contest)
    else:
        report = run_gate(
            contest,
            settings.gate,
            seed=settings.seed,
            check=lambda share: report_within(lease, "gating", share),
        )
    return with_costs(report, encoder, retriever, held_out)


def with_costs(
    report: GateReport,
    before: DenseRetriever | None,
    after: DenseRetriever,
    held_out: Sequence[Example],
) -> GateReport:
    """The report with what serving costs, before (where an encoder serves) and after."""
    questions = [one.question for one in held_out]
    passages = [passage for one in held_out for passage in one.passages]
    costs = [
        {} if one is None else {"costs": measure_costs(one, questions, passages)}
        for one in (before, after)
    ]
    return replace(report, before=report.before | costs[0], after=report.after | costs[1])


def _labelled(settings: TrainerSettings) -> list[LabelledQuestion]:
    path = settings.gate.labelled_questions
    return [] if path is None else read_questions(path)
