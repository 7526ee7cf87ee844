"""Distils a teacher's passage scores into the retriever: a plain loop over batches of questions.

Only a question's own passages are compared (the paper's D_q; no in-batch negatives). Knows
retriever, examples and objective; does not know the log, jobs or where the result goes.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random

import torch
from torch import nn

from reread.errors import BadRequest
from reread.retriever.encoders.interface import NETS
from reread.retriever.retriever import DenseRetriever
from trainer.dropout import set_dropout
from trainer.examples import Example
from trainer.schedule import linear_rate
from trainer.settings import DistilSettings
from trainer.student.batches import Batch, TokenisedExamples, draw_batches, tokenise
from trainer.student.learnable import check_signals
from trainer.student.objectives import Objective, choose_objective
from trainer.student.scores import (
    count_agreements,
    count_scores,
    own_scores,
    score,
    score_all,
    student_temperature,
)
from trainer.student.speedups import fast_training
from trainer.student.tally import Tally, TrainingReport
from trainer.teacher.scaling import scale_teacher
from trainer.teaching import needs_of
from trainer.training_state import (
    hash_of,
    load_state,
    random_from_json,
    random_to_json,
    save_state,
    set_torch_random,
    sweep_states,
    torch_random_to_json,
)

CLIP_NORM = 1.0


class Stopped(Exception):  # noqa: N818 - a decision, not a failure
    """The caller's `should_stop` said so; the retriever is half-trained and to be dropped."""


@dataclass(frozen=True, slots=True)
class _Watch:
    """What the caller hears, may stop, and wants kept."""

    progress: Callable[[float], None]
    should_stop: Callable[[], bool]
    keep: Path | None
    every: int


def train(
    retriever: DenseRetriever,
    examples: Sequence[Example],
    settings: DistilSettings,
    *,
    seed: int,
    progress: Callable[[float], None] = lambda share: None,
    should_stop: Callable[[], bool] = lambda: False,
    resume: Path | None = None,
    save_every_steps: int = 100,
) -> TrainingReport:
    """Train in place; the same seed, data and thread count give the same weights bit for bit.

    With `resume`, the state is kept in that folder every so many steps, and a run that finds one
    there goes on from it, to the same weights. It stays after the end, for the caller to remove.
    Raises BadRequest where the folder holds another run's state, naming what differs.
    """
    if not examples:
        raise BadRequest("There is no example to train on; ask some questions first.")
    check_signals(examples, settings)
    objective = choose_objective(settings)
    if not needs_of(settings.loss).tokens:  # nothing else looks at single tokens of an answer
        examples = [replace(one, token_teacher=None) for one in examples]
    data = tokenise(retriever, examples, scale_teacher(examples, settings.teacher_temperature))
    watch = _Watch(progress, should_stop, resume, max(1, save_every_steps))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return _Loop(retriever, data, objective, settings, seed, watch).run()


class _Loop:
    """The state of one training run: parameters, optimizer, and how far it has come."""

    def __init__(
        self,
        retriever: DenseRetriever,
        data: TokenisedExamples,
        objective: Objective,
        settings: DistilSettings,
        seed: int,
        watch: _Watch,
    ) -> None:
        self.retriever, self.data = retriever, data
        self.objective, self.settings, self.watch = objective, settings, watch
        self.needs = needs_of(settings.loss)
        self.temperature = student_temperature(retriever, settings)
        self.peak = peak_rate(retriever, settings)
        self.parameters = _trainable(retriever, freeze_words=settings.freeze_word_embeddings)
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=self.peak, weight_decay=settings.weight_decay, fused=True
        )
        self.per_epoch = -(-len(data.questions) // settings.batch_questions)
        self.steps = self.per_epoch * settings.epochs
        self.done, self.seconds = 0, 0.0
        self.tally = Tally(self.steps)
        self.random = Random(seed)
        self.epoch_random = random_to_json(self.random)  # as the present epoch began
        self.held = {} if watch.keep is None else {
            **asdict(settings), "seed": seed, "retriever": repr(retriever.settings),
            "data and start weights": hash_of(retriever, data),
        }  # fmt: skip
        self.shifts = self._teacher_shifts()

    def run(self) -> TrainingReport:
        set_dropout(self.retriever, self.settings.dropout)
        self.retriever.train()
        bf16 = {"auto": None, "on": True, "off": False}[self.settings.bf16]
        self._restore()
        try:
            with self.retriever.precision(bf16=bf16), fast_training(self.retriever):
                while self.done < self.steps and not self._is_saturated():
                    self._epoch()
        finally:
            self.retriever.eval()
        return self._report()

    def _epoch(self) -> None:
        """The present epoch, from where it stands to its end."""
        inside = self.done % self.per_epoch
        if self._is_between_epochs():
            self.tally.begin_epoch()
            self.epoch_random = random_to_json(self.random)
        for batch in islice(self._batches(self.random), inside, None):
            if self.watch.should_stop():
                self._save()
                raise Stopped
            started = time.perf_counter()
            self._step(batch)
            self.seconds += time.perf_counter() - started
            if self.done % self.watch.every == 0 or self.done == self.steps:
                self._save()
            self.watch.progress(self.done / self.steps)

    def _is_saturated(self) -> bool:
        """At an epoch's end: agreement has not risen in the last `flat_epochs`."""
        return self._is_between_epochs() and self.tally.is_flat(self.settings.flat_epochs)

    def _is_between_epochs(self) -> bool:
        return len(self.tally.epochs) * self.per_epoch == self.done

    def _batches(self, random: Random) -> Iterator[Batch]:
        return draw_batches(
            self.data,
            size=self.settings.batch_questions,
            passages_per_question=self.settings.passages_per_question,
            random=random,
        )

    def _step(self, batch: Batch) -> None:
        warmup = int(self.steps * self.settings.warmup_share)
        final = 1.0 if self.settings.schedule == "constant" else 0.0
        rate = linear_rate(self.done, self.steps, warmup, final)
        for group in self.optimizer.param_groups:
            group["lr"] = self.peak * rate
        everything = score_all(self.retriever, batch, self.temperature)  # (B, P) each
        students = [own_scores(one, batch) for one in everything]  # (B, K) each
        student = students[0]  # its own scores; late interaction's pooled ones learn beside them
        foreign = batch.foreign().to(student.device) if self.needs.pairs else None
        losses = [
            self.objective(
                own,
                replace(
                    batch.to_signal(student.device, shift=shift), others=every, foreign=foreign
                ),
            )
            for own, every, shift in zip(students, everything, self.shifts, strict=True)
        ]
        loss = torch.stack(losses).mean()
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.parameters, CLIP_NORM)
        self.optimizer.step()
        self.done += 1
        teacher, mask = (one.to(student.device) for one in (batch.teacher, batch.mask))
        agreed = count_agreements(student.detach(), teacher, mask)
        lost = float(losses[0].detach())
        self.tally.count(len(batch.questions), len(batch.passages), lost, agreed)

    def _save(self) -> None:
        if self.watch.keep is None or (self.watch.keep / str(self.done)).exists():
            return
        progress = {
            **self.tally.to_json(),
            "epoch_random": self.epoch_random,
            "shifts": self.shifts,
            "seconds": self.seconds,
            **torch_random_to_json(self._device),
        }
        save_state(self.watch.keep, self.done, self.retriever, self.optimizer, self.held, progress)

    def _restore(self) -> None:
        if self.watch.keep is None:
            return
        sweep_states(self.watch.keep)
        found = load_state(self.watch.keep, self.retriever, self.optimizer, self.held)
        if found is None:
            return
        saved = found.progress
        set_torch_random(saved, self._device)
        self.done, self.shifts, self.seconds = found.step, saved["shifts"], saved["seconds"]
        self.tally.restore(saved)
        self.epoch_random = saved["epoch_random"]
        self.random = random_from_json(self.epoch_random)
        if self._is_between_epochs():  # that epoch is over: pass by its draws
            next(self._batches(self.random), None)

    @property
    def _device(self) -> torch.device:
        return next(self.retriever.parameters()).device

    def _teacher_shifts(self) -> list[float]:
        """Where standardised scores, which lie around 0, meet the level of each student's scores.

        Only MSE sees it: without it the encoder would first be bent to give cosines around 0.
        """
        if not self.needs.level or self.settings.teacher_temperature is not None:
            return [0.0] * count_scores(self.retriever)
        batch = next(iter(self._batches(Random(0))))
        with torch.no_grad():
            students = score(self.retriever, batch, self.temperature)
        return [float(one.cpu()[batch.mask].mean()) for one in students]

    def _report(self) -> TrainingReport:
        asked = len(self.data.questions)
        return self.tally.report(asked, self.done, self.seconds, self.temperature)


def peak_rate(retriever: DenseRetriever, settings: DistilSettings) -> float:
    """A net that begins with nothing learns faster than what has been trained before."""
    return settings.net_learning_rate if retriever.student in NETS else settings.learning_rate


def _trainable(retriever: nn.Module, *, freeze_words: bool) -> list[nn.Parameter]:
    for name, parameter in retriever.named_parameters():
        parameter.requires_grad_(not (freeze_words and "word_embeddings" in name))
    return [parameter for parameter in retriever.parameters() if parameter.requires_grad]
