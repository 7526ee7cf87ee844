"""trec_eval's figures against written-out formulas, and against our own recall."""

import math
from random import Random

import pytest

from evaluation.metrics import first_hit, is_gold, recall_at
from evaluation.ranking_metrics import collapse_pieces, measure_rankings

DEPTHS = (1, 3, 10)


def slow_ranks(gold: tuple[str, ...], retrieved: list[str]) -> list[int]:
    """The rank at which each gold passage is first seen; one passage can show only one."""
    left, ranks = list(dict.fromkeys(gold)), []
    for rank, one in enumerate(retrieved, start=1):
        exact = [wanted for wanted in left if wanted == one]
        for wanted in (exact or [wanted for wanted in left if is_gold(one, wanted)])[:1]:
            left.remove(wanted)
            ranks.append(rank)
    return ranks


def slow_figures(gold: tuple[str, ...], retrieved: list[str]) -> dict[str, float]:
    ranks, count = slow_ranks(gold, retrieved), len(set(gold))
    figures = {"mrr": 1 / ranks[0] if ranks else 0.0}
    for k in DEPTHS:
        within = [rank for rank in ranks if rank <= k]
        ideal = sum(1 / math.log2(place + 1) for place in range(1, min(count, k) + 1))
        figures[f"recall_at.{k}"] = len(within) / count
        figures[f"ndcg_at.{k}"] = sum(1 / math.log2(rank + 1) for rank in within) / ideal
    return figures


def random_question(random: Random, gold_count: int) -> tuple[tuple[str, ...], list[str]]:
    stems = [f"d{n}" for n in range(6)]
    stored = stems + [f"{stem}.{piece}" for stem in stems for piece in (1, 2)]
    gold = tuple(random.choice(stems + stored[:12]) for _ in range(gold_count))
    return gold, random.sample(stored, random.randint(0, len(stored)))


@pytest.mark.parametrize("seed", range(10))
def test_every_figure_equals_its_formula(seed: int) -> None:
    random = Random(seed)
    asked = [random_question(random, random.randint(1, 3)) for _ in range(20)]
    columns = measure_rankings([g for g, _ in asked], [r for _, r in asked], DEPTHS)
    for place, (gold, retrieved) in enumerate(asked):
        found = {name: column[place] for name, column in columns.items()}
        assert found == pytest.approx(slow_figures(gold, retrieved), abs=1e-6)


def test_recall_of_one_gold_passage_is_our_recall() -> None:
    random = Random(7)
    asked = [random_question(random, 1) for _ in range(60)]
    columns = measure_rankings([g for g, _ in asked], [r for _, r in asked], DEPTHS)
    ranks = [first_hit([is_gold(one, gold) for one in found]) for (gold,), found in asked]
    for k in DEPTHS:
        column = [value or 0.0 for value in columns[f"recall_at.{k}"]]
        assert sum(column) / len(column) == pytest.approx(recall_at(ranks, k))


def test_pieces_count_once_and_every_rank_is_the_one_people_see() -> None:
    columns = measure_rankings([["land", "sky"]], [["land.2", "land.1", "land", "sky"]], (1, 3, 4))
    assert {name: column[0] for name, column in columns.items()} == pytest.approx(
        {
            "mrr": 1.0,
            "recall_at.1": 0.5, "recall_at.3": 0.5, "recall_at.4": 1.0,
            "ndcg_at.1": 1.0, "ndcg_at.3": 1 / (1 + 1 / math.log2(3)),
            "ndcg_at.4": (1 + 1 / math.log2(5)) / (1 + 1 / math.log2(3)),
        }
    )  # fmt: skip


def test_names_cannot_collide_whatever_the_ids_are() -> None:
    ids = ["rank 2", "gold 1", "gold 0", "gold 0.1"]
    assert collapse_pieces(["gold 0", "rank 2"], ids) == ["gold 1", "rank 2", "gold 0", "rank 4"]


def test_long_lists_are_not_reordered() -> None:
    retrieved = [f"p{n}" for n in range(1000)]
    columns = measure_rankings([["p999"], ["p0"]], [retrieved, retrieved], (999, 1000))
    assert columns["recall_at.999"] == [0.0, 1.0]
    assert columns["recall_at.1000"] == [1.0, 1.0]
    assert columns["mrr"] == pytest.approx([1 / 1000, 1.0])


def test_nothing_found_scores_zero_and_no_gold_scores_nothing() -> None:
    columns = measure_rankings([["a"], [], ["a"]], [[], ["a"], ["b"]], (1,))
    assert columns == {name: [0.0, None, 0.0] for name in ("recall_at.1", "ndcg_at.1", "mrr")}
    assert measure_rankings([[]], [["a"]], (1,))["mrr"] == [None]
