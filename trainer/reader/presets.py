"""The paper's reader trainings as presets, and how single values are changed.

Knows numbers only: Table 7, sections 3.1 and 4.2 of arXiv 2012.04584. `tune` is this project's own
default for fine-tuning on few questions, not the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from trainer.reader.settings import ReaderTraining, ReadingPlan, TaskMix, require_known


@dataclass(frozen=True, slots=True)
class ReaderRecipe:
    """A whole training run: the checkpoint it begins from, its loop and what it reads."""

    base: str | None  # name of the checkpoint; None: the caller must name one
    training: ReaderTraining
    plan: ReadingPlan


PAPER_PLAN = ReadingPlan(
    batch_size=64, mix=TaskMix(passages=100, as_retrieved=True), dropout=0.1,
    max_segment_tokens=250, max_answer_tokens=50,
)  # fmt: skip
TUNE = ReaderRecipe(
    None,
    ReaderTraining(
        steps=1000, learning_rate=1e-4, encoder_learning_rate=1e-4, pointer_weight=0.0,
        passage_weight=0.0, freeze_embeddings=False, beta2=0.999,
    ),
    ReadingPlan(batch_size=8, mix=TaskMix(passages=8), dropout=0.1),
)  # fmt: skip
BASE = ReaderRecipe(
    "google-t5/t5-base",
    replace(
        TUNE.training, steps=10_000, optimizer="adam", schedule="constant", warmup_steps=0,
        learning_rate=1e-4, encoder_learning_rate=1e-4, weight_decay=0.0, clip=1.0,
    ),
    PAPER_PLAN,
)  # fmt: skip
LARGE = ReaderRecipe(
    "google-t5/t5-large",
    replace(
        TUNE.training, steps=15_000, optimizer="adamw", schedule="linear", warmup_steps=600,
        learning_rate=5e-5, encoder_learning_rate=5e-5, weight_decay=0.01, clip=1.0,
    ),
    PAPER_PLAN,
)  # fmt: skip
PRESETS = {"base": BASE, "large": LARGE}


def preset_named(name: str | None) -> ReaderRecipe:
    """A preset of the paper, or this project's default without a name."""
    if name is None:
        return TUNE
    require_known("preset", name, tuple(PRESETS))
    return PRESETS[name]


def override(recipe: ReaderRecipe, **values: Any) -> ReaderRecipe:
    """The recipe with every value that is not None; one name is one value wherever it stands.

    The encoder follows `learning_rate` unless it is given a rate of its own, and a schedule of
    other length keeps its warm-up.
    """
    given = {name: value for name, value in values.items() if value is not None}
    if "learning_rate" in given:
        given.setdefault("encoder_learning_rate", given["learning_rate"])
    base = given.pop("base", recipe.base)
    mix = replace(recipe.plan.mix, **_take(given, TaskMix))
    plan = replace(recipe.plan, mix=mix, **_take(given, ReadingPlan))
    training = replace(recipe.training, **_take(given, ReaderTraining))
    assert not given, f"no recipe has a value named {next(iter(given))}"
    return ReaderRecipe(base, training, plan)


def _take(given: dict[str, Any], kind: type) -> dict[str, Any]:
    names = {one.name for one in fields(kind)} & given.keys()
    return {name: given.pop(name) for name in names}
