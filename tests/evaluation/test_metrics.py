"""EM, F1, has_answer, gold ids and recall on worked examples."""

import unicodedata

import pytest

from evaluation.metrics import exact_match, f1, first_hit, has_answer, is_gold, recall_at, tokenise


@pytest.mark.parametrize(
    ("answer", "gold", "em", "overlap"),
    [
        ("The Eiffel Tower!", ["eiffel tower"], 1.0, 1.0),
        ("Eiffel", ["the Eiffel tower", "Paris"], 0.0, 2 / 3),
        ("a cat and a cat", ["cat"], 0.0, 0.5),
        ("U.S.A.", ["USA"], 1.0, 1.0),
        ("", ["something"], 0.0, 0.0),
        ("the", [""], 1.0, 0.0),
        ("anything", [], 0.0, 0.0),
    ],
)
def test_em_and_f1(answer: str, gold: list[str], em: float, overlap: float) -> None:
    assert exact_match(answer, gold) == em
    assert f1(answer, gold) == pytest.approx(overlap)


@pytest.mark.parametrize(
    ("text", "answer", "found"),
    [
        ("It began in October 1973.", "october 1973", True),
        ("It began in October, 1973.", "october 1973", False),  # the comma is a token
        ("nineteen-seventy", "seventy", True),
        ("unseventy", "seventy", False),
        ("Beyoncé sang", unicodedata.normalize("NFD", "BEYONCÉ"), True),
        ("Beyonce sang", "Beyoncé", False),
        ("about $12 a barrel", "$12", True),
        ("short", "a much longer answer than the text", False),
        ("anything", "", False),
        ("", "anything", False),
    ],
)
def test_has_answer_is_a_run_of_tokens(text: str, answer: str, found: bool) -> None:
    assert has_answer(text, ["absent answer", answer]) is found


def test_tokens_keep_marks_and_drop_separators_and_controls() -> None:
    assert tokenise("naïve\u00a0X2 \u200b– ok") == ["nai\u0308ve", "x2", "–", "ok"]


def test_gold_ids_match_their_pieces_only() -> None:
    assert is_gold("doc", "doc") and is_gold("doc.1", "doc") and is_gold("a.b.10", "a.b")
    assert not any(is_gold(one, "doc") for one in ("doc.", "doc.x", "doc.1.2", "doc1", "do", "x.1"))


def test_a_question_that_found_nothing_counts_as_a_miss() -> None:
    ranks = [first_hit([True]), first_hit([False, False, True]), first_hit([False]), first_hit([])]
    assert ranks == [1, 3, None, None]
    assert [recall_at(ranks, k) for k in (1, 2, 3)] == [0.25, 0.25, 0.5]
    assert recall_at([], 5) == 0.0
