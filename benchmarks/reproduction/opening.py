"""The page's beginning: what departs from the paper, how to read a figure, what was worked out.

Knows the cells' sizes and seeds; knows no figure.
"""

from __future__ import annotations

import math
from typing import Any

from benchmarks.reproduction.results import Results
from benchmarks.reproduction.shapes import BY_QUESTION, MISSING, UNSURE

LEAK = (
    "**The reader.** The starter reader was trained with gold passages, on questions of the very "
    "articles that the runs below draw their training questions from: its attention on training "
    "questions is better than that of a reader which never saw them, and so is the teacher. Only "
    "the figures of *articles* are of questions whose articles neither reader nor retriever saw. "
    "The same command with `--spared` (and `--results`, `--work` and `--page` of its own) trains "
    "on three of the articles that the reader never saw and measures on the other three: "
    "[reproduction-spared.md](reproduction-spared.md)."
)
SPARED = (
    "**The reader.** The starter reader was trained with gold passages, but on none of the "
    "articles here: three that it never saw are trained on, and *articles* are three others. The "
    "three have 722 questions to train on: where more are named below, all of these. "
    "[reproduction.md](reproduction.md) has more questions and seeds, and that leak."
)
DEVIATIONS = (
    "**Its training.** A small BART that goes on from its own weights for a few steps in each "
    "round; the paper trains a T5-base for 10,000 steps.",
    "**Scores.** They are standardised per reader, and the squared error meets the level of the "
    "student's scores; the paper takes raw ones. Rows that end in `-raw` take them as they are: "
    "not divided, not moved. They are a BART's, which divides its attention by the root of a "
    "head's width; a T5 does not.",
    "**The retriever.** MiniLM, which was trained to retrieve, with vectors of unit length over "
    "0.05; the paper's is a BERT that was not, with plain inner products. *Untrained* is MiniLM "
    "with its layers drawn anew; the paper's BERT keeps what it knows of language.",
    "**Rounds.** A round is one or two epochs, with 20 passages a question; the paper's end where "
    "they bring nothing more, with 100.",
    "**Tables 5 and 6.** The paper trains a new reader for every row; here iteration 0's reader "
    "reads what each row retrieves.",
    "**The start `dpr`** stands for DPR's passages, and alone uses gold passages: MiniLM is first "
    "taught on those of the training questions, against BM25's first passages without an answer "
    "and against the other questions' passages of the batch. Two softmaxes are added where DPR has "
    "one. Its rounds use no gold passage. The paper's run (Table 8) kept one reader over its "
    "rounds; here each begins anew.",
)
OLD_MAXIMA = (
    "**Rows 1, 4 and 5 of Table 6** were worked out as the maximum of means; the paper takes the "
    "mean of maxima, which `max_tokens`, `max_layers` and `max_heads` are since 2026-11-26. Here "
    "these rows have not been run again; those of the page without the leak are the paper's."
)
HOW_SURE = (
    "**Intervals are 95%.** With {paired}: a bootstrap of the questions, each its mean over the "
    "seeds; it says how far other questions might move the figure. Without: Student's t over the "
    "seeds, for F1 and for cells made before 2026-11-26, which keep no values per question; it "
    "says how far other seeds might move the figure on the same questions, **and nothing of other "
    "questions**. Where there is one seed, or all seeds agree, none is shown. Bars in the plots "
    "are the same intervals."
)
HOW_JUDGED = (
    "Every claim of Tables 1, 2, 4, 5, 6 and 8 and of section 3.2 that figures of ours can answer, "
    "those that differ too. *Both*: the two splits together. *Level*: the 95% interval of the "
    f"difference holds 0. With {BY_QUESTION} it is paired by question and bootstrapped; without "
    "it is Student's t over the differences of each seed, **which says nothing of other "
    f"questions**: a verdict on EM without {BY_QUESTION} may turn with other questions. "
    f"{UNSURE}: one seed, or the same difference in all, so no interval: the sign alone."
)
ROUNDS = {
    "bm25": "Table 1's rounds from BM25",
    "untrained": "Table 1's rounds from the untrained encoder",
    "dpr": "The rounds from `dpr` and what it is taught before them",
    "stories": "Table 4's rounds",
    "table": "The rounds of tables 5 and 6, on the first of those that were read,",
}
EMS = (
    ("answered", "tables 1 and 4"),
    ("section_answered", "section 3.2 and MiniLM's first row"),
    ("table_answered", "tables 5 and 6"),
)


def opening(results: Results) -> str:
    return "\n\n".join(
        [
            "# The paper's tables, on a small corpus",
            "FiD-KD (arXiv 2012.04584) trained on Natural Questions over the whole of Wikipedia "
            "with a T5-base reader and 100 passages. This page repeats its experiments on SQuAD's "
            "1,537 paragraphs of 36 articles, with few questions, the starter reader and 20 "
            "passages. **Absolute figures cannot be compared; the order of rows can.** No round "
            "uses a gold passage; the reader that it starts from did, and so does the encoder that "
            "the start `dpr` begins with.",
            f"**Where this departs from the paper.**\n\n{deviations(results)}",
            "*Articles*: questions on articles that neither this training nor the starter reader "
            "has seen. *Questions*: SQuAD's other questions (`split` dev) on the articles trained "
            "on. Ours are means over seeds in percent, R@k by answer string; paper: Natural "
            f"Questions, validation. {MISSING} has not been worked out.",
            HOW_SURE.format(paired=BY_QUESTION),
            state(results),
        ]
    )


def deviations(results: Results) -> str:
    listed = [SPARED, *DEVIATIONS] if is_spared(results) else [LEAK, *DEVIATIONS, OLD_MAXIMA]
    return "\n".join(f"{number}. {words}" for number, words in enumerate(listed, 1))


def state(results: Results) -> str:
    if not results.found:
        return "**Nothing has been worked out yet.**"
    sizes: dict[str, Any] = {}
    for body in results.found.values():
        sizes |= body["sizes"]  # each cell holds those it depends on
    seeds = sorted({cell.seed for cell in results.found})
    rounds = [f"{name} {trained(sizes[key])}" for key, name in ROUNDS.items() if key in sizes]
    sentences = [
        f"{len(results.found)} of {len(results.wanted)} cells, seeds {', '.join(map(str, seeds))}.",
        *(f"{one}." for one in rounds),
        f"The reader takes {sizes['reader_steps']} steps of {sizes['reader_batch']} questions with "
        f"{sizes['reader_passages']} passages.",
        f"Per split, R@k is over {measured_of(results)} questions (section 3.2: those answered), "
        f"the same for all seeds, so an EM without {BY_QUESTION} is uncertain beyond its "
        "interval: "
        + ", ".join(f"{name} over {uncertain(sizes[key])}" for key, name in EMS if key in sizes)
        + ".",
    ]
    return " ".join(sentences)


def is_spared(results: Results) -> bool:
    """Whether the reader never saw the articles that were trained on."""
    return any(body["sizes"].get("spared") for body in results.found.values())


def measured_of(results: Results) -> int:
    """The most questions of a split; a spared reader leaves fewer than were asked for."""
    figures = [own for body in results.found.values() for own in body["figures"].values()]
    return max((own["measured"] for own in figures), default=0)


def uncertain(questions: int) -> str:
    """The 95% interval of a share of 40% of so many independent questions.

    >>> uncertain(100)
    '100 (95%: 10 points either way)'
    """
    return f"{questions} (95%: {196 * math.sqrt(0.24 / questions):.0f} points either way)"


def trained(sizes: dict[str, Any]) -> str:
    return (
        f"train on {sizes['questions']} questions (epochs: {sizes['epochs']}, batches of "
        f"{sizes['batch_questions']}, rate {sizes['learning_rate']:g}, "
        f"{sizes['passages_per_question']} of a question's passages drawn each time, word "
        f"embeddings {'kept' if sizes['freeze_word_embeddings'] else 'trained too'})"
    )
