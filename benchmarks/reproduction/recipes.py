"""How each row trains: the settings of whole runs and of single rounds, by the row's name.

Knows names and sizes; knows no file, no model and no figure.
"""

from __future__ import annotations

from benchmarks.reproduction.sizes import (
    DPR,
    FIRST,
    KEPT_AGGREGATIONS,
    RAW,
    SPLITS,
    STORIES,
    Cell,
    Round,
    Sizes,
)
from trainer.iterative.settings import ReaderSettings, RunSettings
from trainer.settings import DistilSettings

AS_THEY_ARE = 1.0  # the paper's temperature of the reader's scores: not divided, not moved
ONE_HOT = 0.1  # marks of 0 and 1, so divided, are a softmax with e^10 to 1
RUN_STARTS = {FIRST: "bm25", STORIES: "bm25", DPR: "encoder"}


def run_settings(
    sizes: Sizes, start: str, iterations: int, seed: int, *, reader: str | None, encoder: str | None
) -> RunSettings:
    """Of a run from `start`; of DPR the encoder is the one that was taught on gold passages.

    Those of STORIES search, read and train within the document of each question.
    """
    stories = start == STORIES
    answered = sizes.section_answered if start == FIRST else sizes.answered
    return RunSettings(
        start=RUN_STARTS.get(start, start), encoder=encoder, iterations=iterations,
        depth=sizes.story_depth if stories else sizes.depth, within_document=stories,
        seed=seed, bf16=sizes.bf16,
        aggregations=KEPT_AGGREGATIONS if start == FIRST else ("mean",),
        read_validation=len(SPLITS) * answered,
        distil=distil_settings("kl", sizes.of_start(start)),
        reader=ReaderSettings(
            base=reader, steps=sizes.reader_steps, batch=sizes.reader_batch,
            passages=sizes.reader_passages, learning_rate=sizes.reader_learning_rate,
            warmup_steps=max(1, sizes.reader_steps // 5), freeze_embeddings=True,
        ),
    )  # fmt: skip


def distil_settings(row: str, training: Round) -> DistilSettings:
    """Of an objective as Table 5 names it: `margin-0.2` says its gamma, `-raw` whose scores.

    A given temperature leaves the scores' level alone too, which the squared error sees.
    """
    name, _, gamma = row.removesuffix(RAW).partition("-")
    return DistilSettings(
        objective=name, margin_gamma=float(gamma or 0.2), epochs=training.epochs,
        teacher_temperature=AS_THEY_ARE if row.endswith(RAW) else None,
        learning_rate=training.learning_rate, batch_questions=training.batch_questions,
        passages_per_question=training.passages_per_question,
        freeze_word_embeddings=training.freeze_word_embeddings,
    )  # fmt: skip


def supervised_settings(training: Round) -> DistilSettings:
    """Of marks: the gold passage against the question's own wrong ones, and against the batch's.

    The project's own losses, so two softmaxes are added where DPR has one over all of them.
    """
    return DistilSettings(
        objective="pair_kl", pair_weight=0.0, in_batch_weight=1.0, teacher_temperature=ONE_HOT,
        epochs=training.epochs, learning_rate=training.learning_rate,
        batch_questions=training.batch_questions,
        passages_per_question=training.passages_per_question,
        freeze_word_embeddings=training.freeze_word_embeddings,
    )  # fmt: skip


def learnt_from(cell: Cell) -> tuple[str, str]:
    """Objective and aggregation of a row of tables 5 and 6.

    >>> learnt_from(Cell("table5", "mse-raw", 0)), learnt_from(Cell("table6", "max_heads-raw", 0))
    (('mse-raw', 'mean'), ('kl-raw', 'max_heads'))
    """
    if cell.table == "table5":
        return cell.row, "mean"
    return "kl-raw" if cell.row.endswith(RAW) else "kl", cell.row.removesuffix(RAW)
