"""The paper's trainings of reader and retriever as values for a run's settings, by name.

Table 7, sections 3.3, 3.4 and 4.2 of arXiv 2012.04584. Knows names and numbers; knows no run.
"""

from typing import Any

from trainer.reader.presets import preset_named

RETRIEVER_EPOCHS = 100  # a bound: the paper trains until performance saturates
RETRIEVER_PRESETS = ("paper",)


def reader_values(name: str) -> dict[str, Any]:
    """Of ReaderSettings: base (Adam, constant) or large (AdamW, linear), the best on validation."""
    recipe = preset_named(name)
    training, plan = recipe.training, recipe.plan
    return {
        "base": recipe.base, "steps": training.steps, "batch": plan.batch_size,
        "passages": plan.mix.passages, "learning_rate": training.learning_rate,
        "warmup_steps": training.warmup_steps, "dropout": plan.dropout,
        "freeze_embeddings": training.freeze_embeddings,
        "segment_tokens": plan.max_segment_tokens, "answer_tokens": plan.max_answer_tokens,
        "optimizer": training.optimizer, "schedule": training.schedule,
        "weight_decay": training.weight_decay, "beta2": training.beta2,
        "eval_every": training.eval_every,
    }  # fmt: skip


def retriever_values() -> dict[str, Any]:
    """Of DistilSettings: KL on raw scores of whole lists, Adam, constant rate, to saturation."""
    return {
        "objective": "kl", "teacher_temperature": 1.0, "student_temperature": 1.0,
        "learning_rate": 5e-5, "batch_questions": 64, "passages_per_question": 0,
        "warmup_share": 0.0, "schedule": "constant", "weight_decay": 0.0, "dropout": 0.1,
        "epochs": RETRIEVER_EPOCHS, "flat_epochs": 2, "freeze_word_embeddings": False,
    }  # fmt: skip


def start_values() -> dict[str, Any]:
    """Of RunSettings: the [CLS] state as it is, one vector per text, 100 passages a list."""
    return {"pooling": "cls", "unit_vectors": False, "interaction": "pooled", "depth": 100}
