"""Choosing the best model of a run: exact match on a validation set, and the best weights kept.

Answers greedily with the project's own reader over the passages as they were retrieved. Knows no
optimizer and no training data. "best/<step>/" below a run's folder is complete or absent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evaluation.metrics import exact_match
from reread.commit import committed_dir, remove_dir, sweep_scratch
from reread.compute.precision import autocast
from reread.home import numbers
from reread.reader.reader import Reader
from reread.reader.segments import MAX_SEGMENT_TOKENS
from reread.reading import ReadRequest
from trainer.reader.distributed import ALONE, Ranks
from trainer.reader.examples import ValidationQuestion

BEST = "best"
TOGETHER = 4  # questions answered in one call


@dataclass(frozen=True, slots=True)
class BestReader:
    """The best weights so far: where they are, the step they belong to, their exact match."""

    folder: Path
    step: int
    em: float  # 0..1


@dataclass(frozen=True, slots=True)
class Selection:
    """Measures the model during training and keeps the best one; `consider` is a Validate."""

    questions: Sequence[ValidationQuestion]
    tokenizer: PreTrainedTokenizerBase
    folder: Path
    bf16: bool = False
    max_segment_tokens: int = MAX_SEGMENT_TOKENS
    ranks: Ranks = ALONE

    def consider(self, model: PreTrainedModel, step: int) -> dict[str, float]:
        """Exact match now and the best so far; the earlier step wins a tie."""
        em = self.measure(model)
        best = best_reader(self.folder)
        if self.ranks.writes and (best is None or em > best.em):
            self._keep(model, step, em)
        self.ranks.wait()
        best = best_reader(self.folder)
        assert best is not None
        return {"em": em, "best_em": best.em, "best_step": best.step}

    @torch.inference_mode()
    def measure(self, model: PreTrainedModel) -> float:
        """Mean exact match, 0..1; every rank answers its share of the questions."""
        reader = Reader(
            model, self.tokenizer, name="validation", num_beams=1,
            max_segment_tokens=self.max_segment_tokens,
        )  # fmt: skip
        own = self.questions[self.ranks.rank :: self.ranks.count]
        right = 0.0
        for start in range(0, len(own), TOGETHER):
            asked = own[start : start + TOGETHER]
            with autocast(model.device, self.bf16):
                readings = reader.read([ReadRequest(one.question, one.passages) for one in asked])
            right += sum(
                exact_match(reading.answer, one.answers)
                for reading, one in zip(readings, asked, strict=True)
            )
        total = self.ranks.sum(torch.tensor([right], dtype=torch.float64, device=model.device))
        return float(total) / len(self.questions)

    def _keep(self, model: PreTrainedModel, step: int, em: float) -> None:
        kept = self.folder / BEST
        sweep_scratch(kept)
        if step in numbers(kept):  # from a run that was interrupted right after it
            remove_dir(kept / str(step))
        with committed_dir(kept / str(step)) as scratch:
            model.save_pretrained(scratch, max_shard_size="1TB")
            self.tokenizer.save_pretrained(scratch)
            facts = {"step": step, "em": em, "questions": len(self.questions)}
            (scratch / "validation.json").write_text(json.dumps(facts), encoding="utf-8")
        for other in numbers(kept):
            if other != step:
                remove_dir(kept / str(other))


def best_reader(folder: Path) -> BestReader | None:
    """The best model a run has kept; None before its first validation.

    Two may be there for a moment, or after a kill: the better one counts, the earlier if equal.
    """
    found = []
    for step in numbers(folder / BEST):
        place = folder / BEST / str(step)
        facts = json.loads((place / "validation.json").read_text(encoding="utf-8"))
        found.append(BestReader(place, step, float(facts["em"])))
    return max(found, key=lambda one: (one.em, -one.step), default=None)
