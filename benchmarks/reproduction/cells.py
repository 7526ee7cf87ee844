"""The cells of the reproduction: one table's row for one seed, each worked out on its own.

Table 1's rows are the iterations of one run; tables 5 and 6 and section 3.2 share iteration 0 of
a smaller one from BM25: its passages, its reader and that reader's scores. Knows the project's
training and its figures; knows no page and not how a row is set.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.reproduction.figures import figures_by_split, with_long_answers
from benchmarks.reproduction.questions import ask
from benchmarks.reproduction.recipes import distil_settings, learnt_from, run_settings
from benchmarks.reproduction.sizes import (
    DPR,
    ENCODER,
    FIRST,
    LATE,
    SPLITS,
    STORIES,
    TOGETHER,
    Cell,
    Sizes,
)
from benchmarks.reproduction.supervised import taught_encoder
from index_builder.ingest.run import ingest
from reread.artefacts.passages import PassageStore, open_corpus
from reread.home import Home, numbers
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.iteration import Iterations
from trainer.iterative.lists.fused import fuse
from trainer.iterative.lists.metrics import AnswerFinder
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.reading import ListReadings, read_lists
from trainer.iterative.lists.searches import encode_lists
from trainer.iterative.lists.signals import ListSignals, judge_lists, taught_examples
from trainer.iterative.run_directory import open_run
from trainer.iterative.run_source import describe, make_source
from trainer.settings import DistilSettings
from trainer.student import distil
from trainer.teacher.likelihoods import LikelihoodTeacher
from trainer.teaching import ANSWER_TEACHERS

DEEPEST = 100


class Laboratory:
    """Questions, corpus and the runs of one work folder; every cell begins from files."""

    def __init__(
        self,
        data: Path,
        work: Path,
        sizes: Sizes,
        *,
        reader: str | None = None,
        encoder: str | None = None,
    ) -> None:
        self._data, self._work, self._sizes = data, work, sizes
        self._reader, self._encoder = reader, encoder
        self._corpus = self._open_corpus()
        self._finder = AnswerFinder(self._corpus)

    def work_out(self, cell: Cell, report: Callable[[str, float], None]) -> dict[str, Any]:
        """The cell's figures by split, R@k and EM as shares with their numbers of questions."""
        if cell.table == "table1":
            start, _, number = cell.row.rpartition("-")
            if cell.row == ENCODER:
                return self._before_training(cell.seed, report)
            if start == TOGETHER:
                return self._together(int(number), cell.seed, report)
            if start == LATE:
                return self._late(int(number), cell.seed, report)
            return self._iteration(start, int(number), cell.seed, report)
        if cell.table == "table4":
            return self._story(int(cell.row.rpartition("-")[2]), cell.seed, report)
        if cell.table == "section32":
            return self._fewer_passages(cell.row, cell.seed, report)
        return self._retriever(*learnt_from(cell), cell.seed, report)

    # Table 1

    def _iteration(self, start: str, number: int, seed: int, report: Any) -> dict[str, Any]:
        with self._open(start, number, seed, report) as (its, source):
            its.go()
        lists = its.lists(number, "validation")
        answers = ListReadings.load(its.run.step(number, "validation")).answers
        return self._figures(source.validation, lists, answers)

    def _story(self, number: int, seed: int, report: Any) -> dict[str, Any]:
        """Table 4: a run whose questions name their article, and the figures of long answers."""
        with self._open(STORIES, number, seed, report) as (its, source):
            its.go()
        asked, lists = source.validation, its.lists(number, "validation")
        answers = ListReadings.load(its.run.step(number, "validation")).answers
        return with_long_answers(self._figures(asked, lists, answers), asked, answers)

    @contextmanager
    def _open(
        self, start: str, iterations: int, seed: int, report: Any
    ) -> Iterator[tuple[Iterations, Any]]:
        """A run of the work folder, and what it reads from; ours until the block ends."""
        train, validation = ask(self._data, self._sizes, start, seed)
        settings = run_settings(
            self._sizes, start, iterations, seed, reader=self._reader,
            encoder=self._encoder_of(start, train, seed, report),
        )  # fmt: skip
        folder = self._work / f"{start}-seed{seed}"
        source = make_source(train, validation, self._corpus, settings, folder / "given")
        with open_run(folder, describe(source, settings)) as run:
            yield Iterations(run, source, settings, report=report), source

    def _encoder_of(self, start: str, asked: Any, seed: int, report: Any) -> str | None:
        """What the run's retriever starts as; None is MiniLM."""
        if start != DPR:
            return self._encoder
        made = taught_encoder(
            self._work / f"{DPR}-encoders", asked, self._corpus, self._sizes.dpr,
            start=self._encoder, depth=self._sizes.depth, seed=seed,
            progress=lambda share: report("training on gold passages", share),
        )  # fmt: skip
        return str(made)

    def _before_training(self, seed: int, report: Any) -> dict[str, Any]:
        """What BM25's round starts its retriever from, read by iteration 0's reader."""
        its, source = self._first_iteration(seed, report)
        found = self._search(its.retriever_before(0), source.validation, report)
        answered = self._sizes.section_answered
        return self._read_and_figure(its, source.validation, found, report, answered=answered)

    def _together(self, number: int, seed: int, report: Any) -> dict[str, Any]:
        """BM25's lists with those of the retriever before or after its first round, fused.

        Read by iteration 0's reader, so EM shows the passages alone.
        """
        its, source = self._first_round(seed, report)
        if number == 0:
            vectors = self._search(its.retriever_before(0), source.validation, report)
        else:
            vectors = its.lists(1, "validation")
        found = fuse(vectors, its.lists(0, "validation"), 1.0, depth=DEEPEST)
        answered = self._sizes.answered
        return self._read_and_figure(its, source.validation, found, report, answered=answered)

    def _late(self, number: int, seed: int, report: Any) -> dict[str, Any]:
        """The encoder compared token by token, before or after a round on BM25's scored lists.

        As the run from BM25 would train it with `interaction` late; read by iteration 0's reader.
        """
        its, source = self._first_round(seed, report)
        retriever = its.retriever_before(0)
        retriever.compare_by("late")
        if number == 1:
            readings = ListReadings.load(its.run.step(0, "scores"))
            examples = taught_examples(
                source.train, its.lists(0, "train"), self._corpus,
                ListSignals("mean", readings.of("mean")), reader="iteration-0",
            )  # fmt: skip
            self._train(retriever, examples, distil_settings("kl", self._sizes.bm25), seed, report)
        found = self._search(retriever, source.validation, report)
        answered = self._sizes.answered
        return self._read_and_figure(its, source.validation, found, report, answered=answered)

    def _first_round(self, seed: int, report: Any) -> tuple[Iterations, Any]:
        """The run from BM25 with its first round done."""
        with self._open("bm25", 1, seed, report) as (its, source):
            its.go()
        return its, source

    def _train(
        self, retriever: Any, examples: Any, settings: DistilSettings, seed: int, report: Any
    ) -> None:
        show = lambda share: report("training the retriever", share)  # noqa: E731
        distil.train(retriever, examples, settings, seed=seed, progress=show)

    # What tables 5 and 6 and section 3.2 share

    def _first_iteration(self, seed: int, report: Any) -> tuple[Iterations, Any]:
        """Iteration 0 from BM25 up to its scores, made if it is not there."""
        with self._open(FIRST, 0, seed, report) as (its, source):
            for name in ("retrieved", "reader", "validation", "scores"):
                its.do(0, name)
        return its, source

    def _retriever(
        self, objective: str, aggregation: str, seed: int, report: Any
    ) -> dict[str, Any]:
        """One round from BM25: a retriever trained otherwise, read by iteration 0's reader."""
        its, source = self._first_iteration(seed, report)
        count, settings = self._sizes.table.questions, distil_settings(objective, self._sizes.table)
        asked, lists = source.train[:count], its.lists(0, "train").first(count)
        if settings.taught_by in ANSWER_TEACHERS:
            signals = judge_lists(
                LikelihoodTeacher(its.reader(0), settings.taught_by), asked, lists, self._corpus,
                depth=self._sizes.depth, progress=lambda share: report("reading answers", share),
            )  # fmt: skip
        else:
            readings = ListReadings.load(its.run.step(0, "scores")).first(count)
            signals = ListSignals(aggregation, readings.of(aggregation))
        examples = taught_examples(asked, lists, self._corpus, signals, reader="iteration-0")
        retriever = its.retriever_before(0)
        self._train(retriever, examples, settings, seed, report)
        found = self._search(retriever, source.validation, report)
        answered = self._sizes.table_answered
        return self._read_and_figure(its, source.validation, found, report, answered=answered)

    def _search(self, retriever: Any, asked: Sequence[AskedQuestion], report: Any) -> RankedLists:
        with tempfile.TemporaryDirectory(dir=self._work) as folder:
            show = lambda share: report("encoding the corpus", share)  # noqa: E731
            search = encode_lists(retriever, self._corpus, Path(folder), show)
            questions = [one.label.question for one in asked]
            return search.find(questions, DEEPEST, [None] * len(asked))

    def _fewer_passages(self, row: str, seed: int, report: Any) -> dict[str, Any]:
        """Section 3.2: the first k of the 20 by the retriever's order, or by attention."""
        its, source = self._first_iteration(seed, report)
        lists, asked = its.lists(0, "validation"), source.validation
        whole = ListReadings.load(its.run.step(0, "validation"))
        order, _, count = row.partition("-")
        if order == "all":
            return self._figures(asked, lists, whole.answers)
        if order == "attention":
            lists = by_attention(lists, whole)
        depth = int(count)
        answered = self._sizes.section_answered
        return self._read_and_figure(
            its, asked[: len(lists)], lists, report, depth=depth, answered=answered
        )

    def _read_and_figure(
        self,
        its: Iterations,
        asked: Sequence[AskedQuestion],
        lists: RankedLists,
        report: Any,
        *,
        answered: int,
        depth: int | None = None,
    ) -> dict[str, Any]:
        read = asked[: len(SPLITS) * answered]
        readings = read_lists(
            its.reader(0), [one.label.question for one in read], lists.first(len(read)),
            self._corpus,
            depth=depth or self._sizes.depth, aggregations=("mean",),
            progress=lambda share: report("reading", share),
        )  # fmt: skip
        return self._figures(asked, lists, readings.answers)

    # Figures

    def _figures(
        self, asked: Sequence[AskedQuestion], lists: RankedLists, answers: Sequence[str]
    ) -> dict[str, Any]:
        return figures_by_split(asked, lists, answers, self._corpus, self._finder)

    def _open_corpus(self) -> PassageStore:
        home = Home(self._work / "corpus").create()
        if not numbers(home.passages_dir):
            ingest(home, [self._data / "passages.jsonl"])
        return open_corpus(home)


def by_attention(lists: RankedLists, readings: ListReadings) -> RankedLists:
    """What was read, in the order of the reader's own scores; the rest of a list is dropped."""
    attention = readings.of("mean")  # (Q, K)
    count = len(attention)
    order = np.argsort(-np.nan_to_num(attention, nan=-np.inf), axis=1, kind="stable")
    rows = np.take_along_axis(lists.rows[:count, : attention.shape[1]], order, axis=1)
    scores = np.take_along_axis(attention, order, axis=1)
    return RankedLists(rows, np.nan_to_num(scores, nan=0.0))
