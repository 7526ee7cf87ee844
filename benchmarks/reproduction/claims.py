"""What the paper says of its tables and in section 3.2, each as an order of our figures.

Also the claims that are not the paper's and say so. Knows names of cells; knows no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.reproduction.paper_figures import TABLE_5
from benchmarks.reproduction.shapes import Shape, best_of, compare, rises, worst_of
from benchmarks.reproduction.sizes import KEPT_AGGREGATIONS, RAW

PAPER_OBJECTIVES = tuple(TABLE_5)
ROUNDS = (
    Shape("bm25-recall", "From BM25, one round raises R@20 (59.3 to 76.4)",
          compare(("table1", "bm25-1", "R@20"), ("table1", "bm25-0", "R@20"))),
    Shape("bm25-em", "From BM25, one round raises EM (41.2 to 46.8)",
          compare(("table1", "bm25-1", "EM"), ("table1", "bm25-0", "EM"))),
    Shape("bm25-100", "From BM25, one round raises R@100 (74.0 to 84.3)",
          compare(("table1", "bm25-1", "R@100"), ("table1", "bm25-0", "R@100"))),
    Shape("second-em", "A second round from BM25 raises EM (46.8 to 47.9)",
          compare(("table1", "bm25-2", "EM"), ("table1", "bm25-1", "EM"))),
    Shape("third", "A third round from BM25 does not raise R@20 (80.4 to 80.0)",
          compare(("table1", "bm25-2", "R@20"), ("table1", "bm25-3", "R@20"))),
    Shape("third-em", "And lowers EM (47.9 to 46.2)",
          compare(("table1", "bm25-2", "EM"), ("table1", "bm25-3", "EM"))),
    Shape("bm25-1", "From BM25, one round beats BM25 in R@1 (the paper has R@20 only)",
          compare(("table1", "bm25-1", "R@1"), ("table1", "bm25-0", "R@1"))),
    Shape("bm25-5", "The same in R@5",
          compare(("table1", "bm25-1", "R@5"), ("table1", "bm25-0", "R@5"))),
    Shape("taught-1", "The round raises the R@1 of the encoder it trains (not in the paper)",
          compare(("table1", "bm25-1", "R@1"), ("table1", "encoder-0", "R@1"))),
    Shape("taught-5", "And its R@5",
          compare(("table1", "bm25-1", "R@5"), ("table1", "encoder-0", "R@5"))),
    Shape("second", "A second round from BM25 raises R@20 further (76.4 to 80.4)",
          compare(("table1", "bm25-2", "R@20"), ("table1", "bm25-1", "R@20"))),
    Shape("second-1", "And R@1 (not in the paper)",
          compare(("table1", "bm25-2", "R@1"), ("table1", "bm25-1", "R@1"))),
    Shape("late-1", "Token by token, one round beats BM25 in R@1 (not in the paper)",
          compare(("table1", "late-1", "R@1"), ("table1", "bm25-0", "R@1"))),
    Shape("late-5", "And in R@5",
          compare(("table1", "late-1", "R@5"), ("table1", "bm25-0", "R@5"))),
    Shape("late-taught", "And the round raises the R@1 that MiniLM has so before it",
          compare(("table1", "late-1", "R@1"), ("table1", "late-0", "R@1"))),
    Shape("late-taught-5", "And its R@5",
          compare(("table1", "late-1", "R@5"), ("table1", "late-0", "R@5"))),
    Shape("together-1", "The first round added to BM25 beats BM25 in R@1 (not in the paper)",
          compare(("table1", "together-1", "R@1"), ("table1", "bm25-0", "R@1"))),
    Shape("together-5", "And in R@5",
          compare(("table1", "together-1", "R@5"), ("table1", "bm25-0", "R@5"))),
    Shape("together-taught", "And there too the round raises the R@1 that BM25 has with MiniLM",
          compare(("table1", "together-1", "R@1"), ("table1", "together-0", "R@1"))),
    Shape("untrained-1", "From an untrained encoder, one round raises R@20 (4.8 to 32.2)",
          compare(("table1", "untrained-1", "R@20"), ("table1", "untrained-0", "R@20"))),
    Shape("untrained-2", "From an untrained encoder, a second round raises it further (to 51.1)",
          compare(("table1", "untrained-2", "R@20"), ("table1", "untrained-1", "R@20"))),
    Shape("untrained-3", "And a third (to 67.8)",
          compare(("table1", "untrained-3", "R@20"), ("table1", "untrained-2", "R@20"))),
    Shape("untrained-twice", "Three rounds more than double R@5 (R@20: 4.8 to 67.8)",
          compare(("table1", "untrained-3", "R@5"), ("table1", "untrained-0", "R@5"), 2.0)),
    Shape("untrained-each", "Each of the three rounds raises EM (to 16.9, 28.6, 39.3)",
          rises("untrained", 3, "EM")),
    Shape("untrained-em", "Three rounds from an untrained encoder raise EM (9.8 to 39.3)",
          compare(("table1", "untrained-3", "EM"), ("table1", "untrained-0", "EM"))),
    Shape("untrained-100", "And R@100 (12.0 to 76.8)",
          compare(("table1", "untrained-3", "R@100"), ("table1", "untrained-0", "R@100"))),
    Shape("bm25-above", "BM25 is the better start (R@20 after two rounds 80.4 against 51.1)",
          compare(("table1", "bm25-2", "R@20"), ("table1", "untrained-2", "R@20"))),
    Shape("dpr-recall", "From DPR, one round raises R@20 (77.1 to 80.3)",
          compare(("table1", "dpr-1", "R@20"), ("table1", "dpr-0", "R@20"))),
    Shape("dpr-em", "And EM (46.4 to 47.8)",
          compare(("table1", "dpr-1", "EM"), ("table1", "dpr-0", "EM"))),
    Shape("dpr-second", "A second round from DPR raises R@20 (80.3 to 82.4)",
          compare(("table1", "dpr-2", "R@20"), ("table1", "dpr-1", "R@20"))),
    Shape("dpr-second-em", "And EM (47.8 to 48.2)",
          compare(("table1", "dpr-2", "EM"), ("table1", "dpr-1", "EM"))),
    Shape("dpr-above", "DPR is the best start (R@20 after two rounds 82.4, from BM25 80.4)",
          compare(("table1", "dpr-2", "R@20"), ("table1", "bm25-2", "R@20"))),
    Shape("dpr-above-em", "And in EM (49.2 against 47.9)",
          compare(("table1", "dpr-2", "EM"), ("table1", "bm25-2", "EM"))),
    Shape("bm25-above-em", "BM25 is a better start than an untrained encoder in EM (47.9, 28.6)",
          compare(("table1", "bm25-2", "EM"), ("table1", "untrained-2", "EM"))),
    Shape("stories-rouge", "Within one document, one round raises ROUGE-L (29.9 to 31.6)",
          compare(("table4", "stories-1", "ROUGE-L"), ("table4", "stories-0", "ROUGE-L"))),
    Shape("stories-meteor", "And METEOR (10.5 to 11.0)",
          compare(("table4", "stories-1", "METEOR"), ("table4", "stories-0", "METEOR"))),
    Shape("stories-bleu-1", "And BLEU-1 (34.6 to 34.9)",
          compare(("table4", "stories-1", "BLEU-1"), ("table4", "stories-0", "BLEU-1"))),
    Shape("stories-bleu-4", "And BLEU-4 (7.1 to 7.6)",
          compare(("table4", "stories-1", "BLEU-4"), ("table4", "stories-0", "BLEU-4"))),
    Shape("attention-10", "Ten passages by attention lose less EM than ten by the retriever",
          compare(("section32", "attention-10", "EM"), ("section32", "retriever-10", "EM"))),
    Shape("retriever-10", "Ten by the retriever are below all of them (48.2 to 42.9)",
          compare(("section32", "all", "EM"), ("section32", "retriever-10", "EM"))),
    Shape("attention-all", "Ten by attention lose no more than 1.4 points (48.2 to 46.8)",
          compare(("section32", "attention-10", "EM"), ("section32", "all", "EM"), less=1.4)),
    Shape("attention-2", "The same with two",
          compare(("section32", "attention-2", "EM"), ("section32", "retriever-2", "EM"))),
)  # fmt: skip


def objectives(suffix: str = "") -> tuple[Shape, ...]:
    """Table 5's claims, over ours or over the rows of raw scores."""
    rows = [f"{row}{suffix}" for row in PAPER_OBJECTIVES]
    best, worst, margin = f"kl{suffix}", f"mse{suffix}", f"margin-0.2{suffix}"
    return (
        Shape(f"kl-best{suffix}",
              "KL has the highest R@20 of the paper's objectives (76.4)",
              best_of("table5", best, "R@20", rows)),
        Shape(f"kl-best-5{suffix}", "And the highest R@5 (64.7)",
              best_of("table5", best, "R@5", rows)),
        Shape(f"kl-best-100{suffix}", "And the highest R@100 (84.3)",
              best_of("table5", best, "R@100", rows)),
        Shape(f"kl-best-em{suffix}", "And the highest EM (46.8)",
              best_of("table5", best, "EM", rows)),
        Shape(f"mse-worst-em{suffix}", "The squared error has the lowest EM (40.6)",
              worst_of("table5", worst, "EM", rows)),
        Shape(f"mse-worst-5{suffix}", "And the lowest R@5 (46.5)",
              worst_of("table5", worst, "R@5", rows)),
        Shape(f"mse-last{suffix}",
              "Max-margin is above the squared error (73.5 against 61.2)",
              compare(("table5", margin, "R@20"), ("table5", worst, "R@20"))),
    )  # fmt: skip


def aggregations(suffix: str = "") -> tuple[Shape, ...]:
    """Table 6's claims, over ours or over the rows of raw scores."""
    rows = [f"{row}{suffix}" for row in KEPT_AGGREGATIONS]
    best, worst = f"mean{suffix}", f"max_tokens{suffix}"
    return (
        Shape(f"mean-best{suffix}",
              "The mean has the highest R@20 of the aggregations (76.4)",
              best_of("table6", best, "R@20", rows)),
        Shape(f"mean-best-5{suffix}", "And the highest R@5 (64.7)",
              best_of("table6", best, "R@5", rows)),
        Shape(f"mean-best-100{suffix}", "And the highest R@100 (84.3)",
              best_of("table6", best, "R@100", rows)),
        Shape(f"mean-best-em{suffix}",
              "And the highest EM, as high as the maximum over heads (46.8)",
              best_of("table6", best, "EM", rows)),
        Shape(f"max-tokens-worst{suffix}",
              "The maximum over tokens has the lowest R@20 (72.5)",
              worst_of("table6", worst, "R@20", rows)),
    )  # fmt: skip


def of_raw_scores(shapes: Sequence[Shape]) -> list[Shape]:
    """The same claims, said of raw scores."""
    return [
        replace(one, claim=f"Raw scores: {one.claim[0].lower()}{one.claim[1:]}")
        if one.claim[1].islower()
        else replace(one, claim=f"Raw scores: {one.claim}")
        for one in shapes
    ]


SHAPES = (
    *ROUNDS, *objectives(), *of_raw_scores(objectives(RAW)),
    *aggregations(), *of_raw_scores(aggregations(RAW)),
)  # fmt: skip
