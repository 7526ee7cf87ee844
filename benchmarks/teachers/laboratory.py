"""Works out one cell: teaches one student one way, searches the corpus, and says the ranks.

Every cell begins from files of the work folder, so any may be worked out first or again. Knows
teachers, students and questions; knows no page and no claim.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.teachers.plan import (
    BATCH,
    HARD,
    ITSELF,
    LABELS,
    LIST,
    NETS,
    NOBODY,
    PAIRS,
    Cell,
    Sizes,
)
from benchmarks.teachers.questions import share_out
from benchmarks.teachers.signals import compared, judged, labelled
from evaluation.metrics import first_hit, is_gold
from index_builder.ingest.run import ingest
from reread.artefacts.passages import PassageStore, open_corpus
from reread.commit import committed_dir, remove_dir
from reread.compute.precision import pick_bf16
from reread.home import Home, numbers
from reread.reader.loading import STARTER, load_reader
from reread.reader.reader import Reader
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever, resolve_default_retriever
from trainer.examples import Example
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.lists.metrics import gold_ranks
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.searches import encode_lists, search_words
from trainer.iterative.lists.signals import list_examples
from trainer.settings import DistilSettings
from trainer.student import distil
from trainer.student.starts import load_start_encoder
from trainer.teacher.attention import AttentionTeacher
from trainer.teacher.cross_encoder import CrossEncoder
from trainer.teacher.cross_training import load_base, train_cross_encoder
from trainer.teacher.negatives import mine
from trainer.teacher.score_cache import CachedTeacher, ScoreCache
from trainer.teacher.teacher import Teacher
from trainer.teacher.training_settings import CrossTraining

DEEPEST = 20  # ranks are looked for so far
ONE_HOT = 0.1  # labels of 0 and 1, so divided, are a softmax with e^10 to 1
FOR_SCALE = 25  # questions read in full to know the scale of the reader's attention
Report = Callable[[str, float], None]


class Laboratory:
    """Questions, corpus and models of one work folder; models are loaded when they are needed."""

    def __init__(
        self,
        data: Path,
        work: Path,
        sizes: Sizes,
        *,
        reader: str | None = None,
        encoder: str | None = None,
        cross_encoder: Path | None = None,
    ) -> None:
        self._data, self._work, self._sizes, self._encoder = data, work, sizes, encoder
        self._reader_name, self._cross_encoder = reader, cross_encoder
        self._corpus = self._open_corpus()
        self._questions = share_out(data, sizes)
        self._reader: Reader | None = None
        self._scores = ScoreCache(work / "scores.db")
        self._fast = pick_bf16(None, torch.device("cpu"))  # the cross-encoder in bfloat16

    def work_out(self, cell: Cell, report: Report) -> dict[str, Any]:
        """`ranks` of the named passage, one per measured question, 0 = not among the first 20."""
        asked = self._questions.measured
        if cell.student == ITSELF:
            return {"ranks": self._rerank(cell.teacher, report), "taught": 0}
        if cell.student == "bm25":
            return {"ranks": self._ranks(self._words(asked, report)), "taught": 0}
        if cell.teacher == NOBODY:
            student, taught = self._start(cell), 0
        else:
            student, taught = self._taught(cell, report)
        return {"ranks": self._ranks(self._search(student, asked, report)), "taught": taught}

    # Models

    def reader(self) -> Reader:
        if self._reader is None:
            found = load_reader(self._reader_name or STARTER, device="cpu")
            assert isinstance(found, Reader)
            self._reader = found
        return self._reader

    def teacher(self, name: str, report: Report = lambda stage, share: None) -> Teacher:
        """The cross-encoder is trained if there is none."""
        if name == "attention":
            return AttentionTeacher(self.reader())
        folder = self._cross_encoder or self._work / "cross-encoder"
        if not (folder / "config.json").exists():
            self._train_cross_encoder(folder, report)
        found = CrossEncoder.load(str(folder), device="cpu")
        return found if not self._fast else replace(found, model=found.model.to(torch.bfloat16))

    def scorer(self, name: str, report: Report) -> Teacher:
        """The teacher; a score of a passage alone is kept for other lists that it stands in."""
        found = self.teacher(name, report)
        return CachedTeacher(found, self._scores) if isinstance(found, CrossEncoder) else found

    def student(self, kind: str, seed: int) -> DenseRetriever:
        """Untaught; late is the encoder token by token."""
        return load_start_encoder(
            self._encoder, seed=seed, device="cpu", bf16=False,
            interaction="late" if kind == "late" else "pooled",
            student=kind if kind in NETS else None,
        )  # fmt: skip

    def passages(self, count: int) -> list[Passage]:
        return self._corpus.get(range(min(count, len(self._corpus))))

    def asked(self, count: int) -> list[str]:
        return [one.label.question for one in self._questions.measured[:count]]

    def _train_cross_encoder(self, folder: Path, report: Report) -> None:
        sizes = self._sizes
        settings = CrossTraining(
            steps=sizes.cross_steps, negatives=sizes.cross_wrong, save_every=20
        )
        base = self._encoder or str(resolve_default_retriever())
        model, tokenizer = load_base(base, seed=settings.seed)
        labels = [one.label for one in self._questions.cross]
        mined = mine(labels, self._corpus, settings.depth)
        train_cross_encoder(
            model, tokenizer, mined, settings, folder, bf16=self._fast,
            report=lambda line: report("training the cross-encoder", line["step"] / settings.steps),
        )  # fmt: skip

    # Teaching

    def _taught(self, cell: Cell, report: Report) -> tuple[DenseRetriever, int]:
        """The student after the cell's round, from its file if it was taught before."""
        folder = self._work / "students" / cell.file.removesuffix(".json")
        examples = self._examples(cell, report)
        if not folder.exists():
            student = self._start(cell)
            settings = self._settings(cell)
            state = folder.with_name(f"{folder.name}.state")
            distil.train(
                student, examples, settings, seed=cell.seed, resume=state,
                progress=lambda share: report("teaching", share),
            )  # fmt: skip
            with committed_dir(folder) as scratch:
                student.save(scratch)
            remove_dir(state)
        return DenseRetriever.load(folder, device="cpu", dtype="float32"), len(examples)

    def _start(self, cell: Cell) -> DenseRetriever:
        if cell.round < 2:
            return self.student(cell.student, cell.seed)
        return self._taught(replace(cell, round=cell.round - 1), lambda stage, share: None)[0]

    def _settings(self, cell: Cell) -> DistilSettings:
        """Lists by KL; pairs are in the loss, or, for comparison, have no weight in it."""
        sizes, net = self._sizes, cell.student in NETS
        objective = {LIST: "kl", HARD: "soft_labels"}.get(cell.objective, "pair_kl")
        labels = cell.teacher == LABELS
        in_pairs = cell.objective in (BATCH, PAIRS) and not labels
        return DistilSettings(
            objective=objective, teacher=None if labels else cell.teacher,
            teacher_model="given" if cell.teacher == "cross_encoder" else None,
            pair_teacher="reader" if in_pairs else None,
            pair_weight=0.0 if cell.objective == BATCH else 3.0,
            teacher_temperature=ONE_HOT if labels and objective == "pair_kl" else None,
            hard_label_share=1.0 if cell.objective == HARD else 0.0,
            epochs=sizes.net_epochs if net else sizes.epochs, bf16="off" if net else "auto",
            passages_per_question=sizes.passages_per_question, pairs_per_question=sizes.pairs,
        )  # fmt: skip

    def _examples(self, cell: Cell, report: Report) -> list[Example]:
        asked, key, lists = self._questions.taught, "bm25", None
        if cell.round > 1:
            before = replace(cell, round=cell.round - 1)
            key = before.file.removesuffix(".json")
            lists = self._kept_lists(key, lambda: self._search(self._start(cell), asked, report))
        else:
            lists = self._kept_lists(key, lambda: self._words(asked, report))
        plain = list_examples(asked, lists, self._corpus, depth=self._sizes.depth)
        if cell.teacher == LABELS:
            return labelled(plain, asked)
        return self._judged(cell, plain, key, report)

    def _judged(
        self, cell: Cell, plain: Sequence[Example], key: str, report: Report
    ) -> list[Example]:
        show = lambda share: report(f"asking {cell.teacher}", share)  # noqa: E731
        kept = self._work / "signals"
        folder = kept / f"{cell.teacher}-{key}"
        found = judged(self.scorer(cell.teacher, report), plain, folder, show)
        if cell.objective not in (BATCH, PAIRS):
            return found
        read = found
        if cell.teacher != "attention":
            few = plain[:FOR_SCALE]
            read = judged(self.teacher("attention"), few, kept / f"attention-{key}-few", show)
        show = lambda share: report("comparing pairs", share)  # noqa: E731
        folder = kept / f"{cell.teacher}-pairs-{key}"
        return compared(self.reader(), read, found, self._settings(cell), folder, show)

    # Searching

    def _words(self, asked: Sequence[AskedQuestion], report: Report) -> RankedLists:
        questions = [one.label.question for one in asked]
        return search_words(
            self._corpus, questions, DEEPEST, [None] * len(asked),
            lambda share: report("searching words", share),
        )  # fmt: skip

    def _search(
        self, retriever: DenseRetriever, asked: Sequence[AskedQuestion], report: Report
    ) -> RankedLists:
        with tempfile.TemporaryDirectory(dir=self._work) as folder:
            show = lambda share: report("encoding the corpus", share)  # noqa: E731
            search = encode_lists(retriever, self._corpus, Path(folder), show)
            questions = [one.label.question for one in asked]
            return search.find(questions, DEEPEST, [None] * len(asked))

    def _kept_lists(self, key: str, make: Callable[[], RankedLists]) -> RankedLists:
        folder = self._work / "lists" / key
        if not folder.exists():
            with committed_dir(folder) as scratch:
                make().save(scratch / "lists.safetensors")
        return RankedLists.load(folder / "lists.safetensors")

    def _ranks(self, lists: RankedLists) -> list[int]:
        labels = [one.label for one in self._questions.measured]
        return [rank or 0 for rank in gold_ranks(labels, lists, self._corpus)]

    def _rerank(self, teacher: str, report: Report) -> list[int]:
        """The teacher's own order of BM25's first 20."""
        asked = self._questions.measured[: self._sizes.reranked]
        lists = self._words(asked, report)
        plain = list_examples(asked, lists, self._corpus, depth=DEEPEST)
        folder = self._work / "signals" / f"{teacher}-measured"
        show = lambda share: report(f"asking {teacher}", share)  # noqa: E731
        found = {
            one.question: one for one in judged(self.scorer(teacher, report), plain, folder, show)
        }
        ranks = [rank or 0 for rank in gold_ranks([o.label for o in asked], lists, self._corpus)]
        for place, one in enumerate(asked):
            if (own := found.get(one.label.question)) is not None:
                order = np.argsort(-np.array(own.teacher), kind="stable")
                ids = [own.passages[k].id for k in order]
                gold = one.label.passage_ids
                ranks[place] = first_hit(any(is_gold(i, g) for g in gold) for i in ids) or 0
        return ranks

    def _open_corpus(self) -> PassageStore:
        home = Home(self._work / "corpus").create()
        if not numbers(home.passages_dir):
            ingest(home, [self._data / "passages.jsonl"])
        return open_corpus(home)
