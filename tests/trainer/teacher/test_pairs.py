"""Which pairs are asked for, and what becomes of both orders."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

import pytest

from reread.errors import BadRequest
from reread.reading import ReadRequest
from reread.records import Passage
from tests.reread.reader.test_reader import reader_over, tiny_bart
from tests.worlds.tiny import make_examples
from trainer.examples import Example
from trainer.settings import DistilSettings
from trainer.teacher.pairs import ReaderPairs, choose_pairs, prefer, teach_pairs


def listed(count: int) -> Example:
    passages = tuple(Passage(f"p{k}", "", f"text {k}") for k in range(count))
    scores = tuple(float((7 * k) % count) for k in range(count))
    return Example("who?", passages, (None,) * count, scores, "r", 1)


@dataclass
class Biased:
    """Prefers longer ids by 1, and whatever stands first by 2."""

    name: str = "biased"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def compare(self, question: str, pairs: Sequence[tuple[Passage, Passage]]) -> list[float]:
        self.asked += [(one.id, other.id) for one, other in pairs]
        return [2.0 + len(one.id) - len(other.id) for one, other in pairs]


def test_pairs_are_neighbours_among_the_first_and_the_same_every_time() -> None:
    example, settings = listed(30), DistilSettings()
    order = sorted(range(30), key=lambda k: -example.teacher[k])
    pairs = choose_pairs(example, settings, seed=3)
    assert len(pairs) == len(set(pairs)) == 16
    for better, worse in pairs:
        gap = order.index(worse) - order.index(better)
        assert 1 <= gap <= 5 and order.index(worse) < 20
    assert pairs == choose_pairs(example, settings, seed=3)
    assert pairs != choose_pairs(example, settings, seed=4)
    everything = choose_pairs(example, replace(settings, pairs_per_question=1000), seed=0)
    assert len(everything) == 85  # w k - w (w + 1) / 2


@pytest.mark.parametrize(("count", "pairs"), [(1, 0), (2, 1), (5, 10), (6, 15)])
def test_short_lists_give_what_there_is(count: int, pairs: int) -> None:
    found = teach_pairs(Biased(), [listed(count)], DistilSettings(), seed=0)
    assert len(found[0].pairs) == pairs


def test_both_orders_cancel_what_stands_first() -> None:
    example, teacher = listed(12), Biased()
    places = [(11, 3), (3, 11), (1, 2)]
    logs = prefer(teacher, example, places, both_orders=True)
    assert len(teacher.asked) == 6 and teacher.asked[3:] == [b[::-1] for b in teacher.asked[:3]]

    def chance(odds: float) -> float:
        return 1 / (1 + math.exp(-odds))

    for value, gap in zip(logs, (1, -1, 0), strict=True):
        assert math.exp(value) == pytest.approx((chance(2 + gap) + 1 - chance(2 - gap)) / 2)
    assert math.exp(logs[0]) + math.exp(logs[1]) == pytest.approx(1.0)
    assert math.exp(logs[2]) == pytest.approx(0.5)
    once = prefer(teacher, example, places, both_orders=False)
    assert [math.exp(one) for one in once] == pytest.approx([chance(3), chance(1), chance(2)])


def test_a_comparison_that_is_no_number_is_refused_by_name() -> None:
    class Broken(Biased):
        def compare(self, question: str, pairs: Sequence[tuple[Passage, Passage]]) -> list[float]:
            return [math.nan] * len(pairs)

    with pytest.raises(BadRequest, match="biased compares 2 of 2 pairs of 'who"):
        teach_pairs(Broken(), [listed(2)], DistilSettings(), seed=0)


def test_the_readers_pairs_are_its_attention_on_two() -> None:
    reader, example = reader_over(tiny_bart()), make_examples(1)[0]
    teacher = ReaderPairs(reader, spread=0.5)
    two = example.passages[:2]
    [reading] = reader.read([ReadRequest(example.question, two)])
    wanted = (reading.attention[0] - reading.attention[1]) / 0.5
    found = teacher.compare(example.question, [two, two[::-1]])
    assert found == pytest.approx([wanted, -wanted], abs=1e-4)


def test_a_passage_that_many_pairs_share_is_encoded_once() -> None:
    """Twelve pairs read 24 passages, and there are four."""
    reader, example = reader_over(tiny_bart()), make_examples(1)[0]
    pairs = list(permutations(example.passages[:4], 2))
    rows: list[int] = []
    encoder = reader.model.get_encoder()
    hook = encoder.register_forward_hook(lambda module, given, out: rows.append(len(out[0])))
    found = ReaderPairs(reader, spread=1.0).compare(example.question, pairs)
    hook.remove()
    assert (len(pairs), sum(rows)) == (12, 4 + 12)  # and each question without its passages
    alone = [ReaderPairs(reader, spread=1.0).compare(example.question, [two])[0] for two in pairs]
    assert found == pytest.approx(alone, abs=1e-4)
