"""The figures of arXiv 2012.04584 that the reproduction is shown beside, in percent.

Natural Questions, T5-base reader, 100 passages: Tables 1, 2, 5, 6 and 8 and section 3.2, on the
validation set unless a name says test. Table 4: NarrativeQA, 20 passages, validation.
Knows nothing of this project's own figures.
"""

Figures = dict[str, float]

TABLE_1: dict[str, tuple[Figures, ...]] = {  # a row per iteration, from 0
    "bm25": (
        {"R@20": 59.3, "R@100": 74.0, "EM": 41.2},
        {"R@20": 76.4, "R@100": 84.3, "EM": 46.8},
        {"R@20": 80.4, "R@100": 86.7, "EM": 47.9},
        {"R@20": 80.0, "R@100": 86.3, "EM": 46.2},
    ),
    "untrained": (  # BERT without retrieval training
        {"R@20": 4.8, "R@100": 12.0, "EM": 9.8},
        {"R@20": 32.2, "R@100": 45.8, "EM": 16.9},
        {"R@20": 51.1, "R@100": 62.6, "EM": 28.6},
        {"R@20": 67.8, "R@100": 76.8, "EM": 39.3},
    ),
    "dpr": (  # Table 8: one reader over all rounds
        {"R@20": 77.1, "R@100": 84.3, "EM": 46.4},
        {"R@20": 80.3, "R@100": 86.7, "EM": 47.8},
        {"R@20": 82.4, "R@100": 87.9, "EM": 48.2},
    ),
}
TABLE_2: dict[str, Figures] = {  # "Ours", T5 base; R@20 is Table 3's
    "untrained": {"EM": 39.3, "EM, test": 40.0, "R@20, test": 68.8},
    "bm25": {"EM": 47.9, "EM, test": 48.9, "R@20, test": 80.0},
    "dpr": {"EM": 49.2, "EM, test": 50.1, "R@20, test": 84.3},
}
TABLE_4: tuple[Figures, ...] = (  # a row per iteration, from 0
    {"ROUGE-L": 29.9, "BLEU-1": 34.6, "BLEU-4": 7.1, "METEOR": 10.5},
    {"ROUGE-L": 31.6, "BLEU-1": 34.9, "BLEU-4": 7.6, "METEOR": 11.0},
)
TABLE_5: dict[str, Figures] = {
    "kl": {"R@5": 64.7, "R@20": 76.4, "R@100": 84.3, "EM": 46.8},
    "mse": {"R@5": 46.5, "R@20": 61.2, "R@100": 73.9, "EM": 40.6},
    "margin-1": {"R@5": 60.3, "R@20": 73.6, "R@100": 82.7, "EM": 45.4},
    "margin-0.2": {"R@5": 60.3, "R@20": 73.5, "R@100": 82.6, "EM": 45.8},
    "margin-0.1": {"R@5": 60.2, "R@20": 73.5, "R@100": 82.6, "EM": 45.1},
}
TABLE_6: dict[str, Figures] = {
    "mean": {"R@5": 64.7, "R@20": 76.4, "R@100": 84.3, "EM": 46.8},
    "max_tokens": {"R@5": 61.2, "R@20": 72.5, "R@100": 81.0, "EM": 46.0},
    "all_outputs": {"R@5": 63.5, "R@20": 75.3, "R@100": 83.1, "EM": 45.8},
    "last_layers": {"R@5": 64.1, "R@20": 75.7, "R@100": 83.8, "EM": 46.4},
    "max_layers": {"R@5": 63.9, "R@20": 75.5, "R@100": 83.7, "EM": 46.5},
    "max_heads": {"R@5": 64.2, "R@20": 76.1, "R@100": 83.9, "EM": 46.8},
}
SECTION_32: dict[str, Figures] = {  # of 100 passages, DPR's order against attention's
    "all": {"EM": 48.2},
    "retriever-10": {"EM": 42.9},
    "attention-10": {"EM": 46.8},
}
