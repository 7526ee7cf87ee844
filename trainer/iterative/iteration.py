"""Iterative distillation: retrieve, train the reader, score, train the retriever, and again.

The four steps of section 3.5 of arXiv 2012.04584. Every step is a function of the settings, the
seed and earlier steps' files alone, so a run that was killed anywhere ends with the same result.
Iteration 0 reads the initial passages, as in Table 1; the last one trains no retriever.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from reread.artefacts.passages import PassageStore
from reread.commit import Reach, never
from reread.errors import BadRequest
from reread.reader.reader import Reader
from reread.retriever.retriever import DenseRetriever
from trainer.examples import Example
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.metrics import (
    AnswerFinder,
    agreement_metrics,
    answer_metrics,
    retrieval_metrics,
)
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.reading import NEED_ALL_STEPS, ListReadings, read_lists
from trainer.iterative.lists.scored import rescore
from trainer.iterative.lists.signals import (
    ListSignals,
    list_examples,
    taught_examples,
    to_signals,
)
from trainer.iterative.reader import (
    load_reader,
    train_iteration_reader,
    validation_questions,
)
from trainer.iterative.retrieval import ListRetrieval, texts_of
from trainer.iterative.run_directory import Record, RunDirectory
from trainer.iterative.run_source import Source
from trainer.iterative.settings import RunSettings
from trainer.reader.examples import ValidationQuestion
from trainer.student import distil
from trainer.student.starts import load_start_encoder
from trainer.teacher.choice import judge
from trainer.teaching import ATTENTION

StageReport = Callable[[str, float], None]  # (what is done, share of it)
LISTS = ("train", "validation")
STEPS = ("retrieved", "reader", "validation", "scores", "retriever")
LAST_STEPS = 3  # the last iteration ends with its reader measured


def quiet(stage: str, share: float) -> None:
    """The report of runs nobody watches."""


class Iterations:
    """One run's steps; every method reads its inputs from the run's files."""

    def __init__(
        self,
        run: RunDirectory,
        source: Source,
        settings: RunSettings,
        *,
        report: StageReport = quiet,
        reach: Reach = never,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run, self.source, self.settings = run, source, settings
        self._report, self._reach, self._clock = report, reach, clock
        self._finders: dict[Path, AnswerFinder] = {}

    def go(self) -> list[Record]:
        """Do what is left of all iterations; returns the metrics of each."""
        for number in range(self.settings.iterations + 1):
            self._iterate(number, last=number == self.settings.iterations)
            if number > 0:
                self.run.prune(number - 1, self.settings.keep)
        return self.run.metrics()

    def _iterate(self, number: int, *, last: bool) -> None:
        for name in STEPS[: LAST_STEPS if last else len(STEPS)]:
            self.do(number, name)
        self.run.write_metrics(number, self.run.summarise(number, STEPS))

    def do(self, number: int, name: str) -> Record:
        """One of STEPS, unless it is done; the steps before it must be."""
        work: dict[str, Callable[[int, Path], Record]] = {
            "retrieved": self._retrieve,
            "reader": self._train_reader,
            "validation": self._validate,
            "scores": self._score,
            "retriever": self._train_retriever,
        }
        self._reach(f"{number}/{name}")
        return self.run.perform(number, name, partial(self._timed, partial(work[name], number)))

    def _timed(self, work: Callable[[Path], Record], scratch: Path) -> Record:
        began = self._clock()
        return {**work(scratch), "seconds": round(self._clock() - began, 3)}

    def _show(self, number: int, what: str) -> Callable[[float], None]:
        return lambda share: self._report(f"iteration {number}: {what}", share)

    # Retrieval

    def _retrieve(self, number: int, scratch: Path) -> Record:
        """Initial passages, or step 4: retrieve again with the new retriever."""
        settings, store = self.settings, self.store_of(number)
        retrieval = ListRetrieval(self.source, settings, self._show(number, "retrieving"))
        if number == 0 and settings.start == "given":
            lists = dict(self.source.first or {})
        elif number == 0 and settings.start == "bm25":
            lists = retrieval.by_words()
        else:
            lists = retrieval.by_retriever(self.retriever_before(number), scratch)
        for name in LISTS:
            lists[name].save(scratch / f"{name}.safetensors")
        labels = [one.label for one in self.source.validation]
        found = lists["validation"]
        complete = found.width >= len(store) or settings.within_document
        return retrieval_metrics(labels, found, store, self._finder(store), complete=complete)

    # Readers

    def _train_reader(self, number: int, scratch: Path) -> Record:
        settings = self.settings
        continued = number > 0 and not settings.reader.restart
        base = self.run.step(number - 1, "reader") if continued else settings.reader.base
        made = train_iteration_reader(
            base, self.source.train, self.lists(number, "train"), self.store_of(number),
            settings.reader, depth=settings.depth, bf16=settings.bf16,
            seed=self._seed(number, 1), folder=scratch, device=settings.device,
            validation=self._chosen_on(number),
            progress=self._show(number, "training the reader"),
        )  # fmt: skip
        return {**made, "base": "the last iteration's" if continued else made["base"]}

    def _chosen_on(self, number: int) -> list[ValidationQuestion]:
        settings = self.settings
        if not settings.reader.eval_every:
            return []
        asked = self.source.validation[: settings.read_validation]
        lists, store = self.lists(number, "validation"), self.store_of(number)
        return validation_questions(asked, lists, store, settings.depth)

    def _validate(self, number: int, scratch: Path) -> Record:
        count = self.settings.read_validation
        asked = self.source.validation[:count]
        lists = self.lists(number, "validation")
        part = lists.first(len(asked))
        readings = self._read(number, asked, part, (self.settings.aggregation,), "validating")
        readings.save(scratch)
        answers = answer_metrics([one.label for one in asked], readings.answers)
        agreement = agreement_metrics(part, readings, self.settings.aggregation)
        return {**answers, "agreement": agreement}

    def _score(self, number: int, scratch: Path) -> Record:
        """Step 2: every training list read, every aggregation kept; answers only where they cost
        nothing, since most scores are those of the first output token. Another teacher
        than attention has its scores beside them."""
        lists, names = self.lists(number, "train"), self.settings.read_for
        whole = bool(NEED_ALL_STEPS & set(names))
        readings = self._read(
            number, self.source.train, lists, names, "scoring", answer_tokens=None if whole else 1
        )
        readings.save(scratch)
        if self._is_judged():
            self._judge(number, lists, readings).save(scratch)
        return {"agreement": agreement_metrics(lists, readings, self.settings.aggregation)}

    def _is_judged(self) -> bool:
        """Whether the reader's attention is not all that is learnt from."""
        distil = self.settings.distil
        return distil.taught_by != ATTENTION or distil.pair_teacher is not None

    def _judge(self, number: int, lists: RankedLists, readings: ListReadings) -> ListSignals:
        """Models' scores are kept in the run's `teacher.db` and used by every iteration."""
        settings, store = self.settings, self.store_of(number)
        attention = ListSignals(settings.aggregation, readings.of(settings.aggregation))
        untaught = list_examples(
            self.source.train, lists, store, depth=settings.depth,
            attention=attention if settings.distil.taught_by == ATTENTION else None,
            reader=self.run.step(number, "reader").name,
        )  # fmt: skip
        taught = judge(
            settings.distil, untaught, lambda: self.reader(number), self.run.root / "teacher.db",
            device=settings.device, seed=settings.seed, progress=self._show(number, "judging"),
        )  # fmt: skip
        return to_signals(taught, len(lists), min(settings.depth, lists.rows.shape[1]))

    def _read(
        self,
        number: int,
        asked: Sequence[AskedQuestion],
        lists: RankedLists,
        aggregations: Sequence[str],
        what: str,
        answer_tokens: int | None = None,
    ) -> ListReadings:
        settings = self.settings
        reader = self.reader(number, answer_tokens)
        return read_lists(
            reader, texts_of(asked), lists, self.store_of(number), depth=settings.depth,
            aggregations=aggregations, progress=self._show(number, what),
        )  # fmt: skip

    def reader(self, number: int, answer_tokens: int | None = None) -> Reader:
        """That iteration's; with answers no longer than `answer_tokens`, where that is given."""
        settings = self.settings
        limit = answer_tokens or settings.reader.answer_tokens
        return load_reader(
            self.run.step(number, "reader"), replace(settings.reader, answer_tokens=limit),
            bf16=settings.bf16, device=settings.device,
        )  # fmt: skip

    # Retrievers

    def _train_retriever(self, number: int, scratch: Path) -> Record:
        """Step 3, from the weights that retrieved: the retriever continues (the paper)."""
        examples = self._examples(number)
        if not examples:
            raise BadRequest(
                f"None of the {len(self.source.train)} training lists of iteration {number} has "
                f"two different finite scores to learn from: train the reader further, or give "
                f"lists with more than one passage."
            )
        retriever = self.retriever_before(number)
        made = distil.train(
            retriever, examples, self.settings.distil, seed=self._seed(number, 3),
            progress=self._show(number, "training the retriever"),
        )  # fmt: skip
        retriever.save(scratch)
        skipped = len(self.source.train) - len(examples)  # no two different finite scores
        student = self._student_agreement(number, retriever)
        return {**made.to_json(), "skipped": skipped, "student": student}

    def _examples(self, number: int) -> list[Example]:
        asked, store = self.source.train, self.store_of(number)
        lists, name = self.lists(number, "train"), f"iteration-{number}"
        scores, aggregation = self.run.step(number, "scores"), self.settings.aggregation
        if self._is_judged():
            signals = ListSignals.load(scores)
        else:
            signals = ListSignals(aggregation, ListReadings.load(scores).of(aggregation))
        labelled = self.settings.distil.hard_label_share > 0.0
        return taught_examples(asked, lists, store, signals, reader=name, labelled=labelled)

    def _student_agreement(self, number: int, retriever: DenseRetriever) -> dict[str, Any]:
        """The new retriever against the reader, on validation lists it was not trained on."""
        readings = ListReadings.load(self.run.step(number, "validation"))
        asked = self.source.validation[: len(readings.answers)]
        lists = self.lists(number, "validation")
        depth = self.settings.depth
        rows = lists.rows[: len(asked), :depth]
        again = rescore(retriever, texts_of(asked), rows, self.store_of(number))
        return agreement_metrics(again, readings, self.settings.aggregation)

    def retriever_before(self, number: int) -> DenseRetriever:
        """What retrieves iteration `number`'s passages, and what its training starts from."""
        settings = self.settings
        if number == 0:
            return load_start_encoder(
                settings.start_encoder, seed=settings.seed,
                device=settings.device, bf16=settings.bf16, interaction=settings.interaction,
                student=settings.student, pooling=settings.pooling,
                projection=settings.projection, unit_vectors=settings.unit_vectors,
            )  # fmt: skip
        return DenseRetriever.load(
            self.run.step(number - 1, "retriever"), device=settings.device,
            dtype="bfloat16" if settings.bf16 else "float32",
        )  # fmt: skip

    # What steps leave

    def lists(self, number: int, name: str) -> RankedLists:
        return RankedLists.load(self.run.step(number, "retrieved") / f"{name}.safetensors")

    def store_of(self, number: int) -> PassageStore:
        """The corpus that iteration's rows belong to."""
        if number == 0 and self.settings.start == "given" and self.source.given is not None:
            return self.source.given
        return self.source.corpus

    def _finder(self, store: PassageStore) -> AnswerFinder:
        return self._finders.setdefault(store.folder, AnswerFinder(store))

    def _seed(self, number: int, step: int) -> int:
        return self.settings.seed + 1000 * (10 * number + step)
