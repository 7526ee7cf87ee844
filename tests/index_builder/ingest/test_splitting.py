"""Passages end where a reader would pause; the cuts are the cheapest there are."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from index_builder.ingest.blocks import Block, ParsedDocument
from index_builder.ingest.cutting.sentences import count_words, split_sentences
from index_builder.ingest.cutting.splitting import (
    MOST_WORDS,
    Unit,
    best_cuts,
    passage_cost,
    split_document,
    split_text,
)


def words(count: int, name: str = "word") -> str:
    return " ".join([name] * (count - 1) + [f"{name}."]) if count else ""


def paragraph(count: int, *path: str) -> Block:
    return Block("paragraph", words(count), path)


def split(*blocks: Block) -> list[tuple[str, int]]:
    pieces = split_document(ParsedDocument("Doc", blocks))
    return [(piece.title, count_words(piece.text)) for piece in pieces]


def cheapest_by_trying_all(units: list[Unit]) -> float:
    """The slow reference: every way to cut."""
    inner = range(1, len(units))
    ways = (cut for n in range(len(units)) for cut in combinations(inner, n))
    return min(cost_of(units, [0, *cut, len(units)]) for cut in ways)


def cost_of(units: list[Unit], bounds: list[int]) -> float:
    total = 0.0
    for start, end in zip(bounds, bounds[1:], strict=False):
        size = sum(unit.size for unit in units[start:end])
        if size > MOST_WORDS and end - start > 1:
            return float("inf")
        total += passage_cost(size) + (units[start].cut_cost if start else 0)
    return total


@pytest.mark.parametrize("seed", range(20))
def test_cuts_are_as_cheap_as_the_best_of_all_ways(seed: int) -> None:
    chance = random.Random(seed)
    units = [
        Unit("x", chance.choice([5, 20, 40, 90, 130, 210]), " ", chance.choice([0, 2, 18, 20]))
        for _ in range(chance.randint(1, 11))
    ]
    cuts = best_cuts(units)
    assert [start for start, _ in cuts] == [0, *[end for _, end in cuts[:-1]]]
    assert cuts[-1][1] == len(units)
    found = cost_of(units, [start for start, _ in cuts] + [len(units)])
    assert found == pytest.approx(cheapest_by_trying_all(units))


def test_sections_stay_apart_and_titles_carry_the_path() -> None:
    assert split(paragraph(60), paragraph(70, "A"), paragraph(80, "A", "B")) == [
        ("Doc", 60),
        ("Doc > A", 70),
        ("Doc > A > B", 80),
    ]


def test_no_leftover_of_a_few_words() -> None:
    assert split(paragraph(100, "A"), paragraph(3, "A")) == [("Doc > A", 103)]
    sizes = [size for _, size in split(*[paragraph(95, "A")] * 4, paragraph(4, "A"))]
    assert sizes == [95, 95, 95, 99]


def test_small_sections_under_one_heading_join_and_name_their_headings() -> None:
    pieces = split_document(
        ParsedDocument(
            "Doc", (Block("paragraph", "Yes.", ("Q", "A")), Block("paragraph", "No.", ("Q", "B")))
        )
    )
    assert [(p.title, p.text) for p in pieces] == [("Doc > Q", "A\nYes.\n\nB\nNo.")]


def test_a_tiny_section_joins_a_neighbour_that_keeps_its_own_title() -> None:
    pieces = split_document(
        ParsedDocument("Doc", (paragraph(90, "Text"), Block("paragraph", "CC0.", ("Copyright",))))
    )
    assert [p.title for p in pieces] == ["Doc > Text"]
    assert pieces[0].text.endswith("word.\n\nCopyright\nCC0.")


def test_small_but_telling_sections_of_different_headings_stay_apart() -> None:
    assert split(paragraph(30, "A"), paragraph(30, "B")) == [("Doc > A", 30), ("Doc > B", 30)]


def test_a_long_paragraph_is_cut_at_sentence_ends() -> None:
    text = " ".join(f"Sentence number {i} says something of ten words in all." for i in range(40))
    pieces = split_document(ParsedDocument("Doc", (Block("paragraph", text),)))
    assert len(pieces) == 4
    assert all(piece.text.endswith("in all.") for piece in pieces)
    assert " ".join(piece.text for piece in pieces) == text


def test_code_is_cut_between_lines_and_keeps_every_line() -> None:
    code = "\n".join(f"def f{i}(a, b):\n    return a + b + {i}\n" for i in range(60)).strip()
    pieces = split_document(ParsedDocument("Doc", (Block("code", code),)))
    assert len(pieces) > 2
    assert "\n\n".join(piece.text for piece in pieces) == code
    assert all(piece.text.startswith("def f") for piece in pieces)


def test_a_sentence_without_end_is_cut_all_the_same() -> None:
    endless = " ".join(f"w{i}" for i in range(1000))
    texts = [p.text for p in split_document(ParsedDocument("D", (Block("paragraph", endless),)))]
    assert " ".join(texts) == endless
    assert max(map(count_words, texts)) <= MOST_WORDS
    blob = split_document(ParsedDocument("D", (Block("code", "x" * 10_000),)))
    assert "".join(p.text for p in blob) == "x" * 10_000 and len(blob) > 5


@pytest.mark.parametrize(("count", "passages"), [(1, 1), (250, 1), (251, 2), (400, 4)])
def test_records_stay_whole_up_to_250_words(count: int, passages: int) -> None:
    text = " ".join(f"{words(9)} Tenth." for _ in range(count // 10)) + " x" * (count % 10)
    assert count_words(text) == count
    assert len(split_text(text)) == passages
    assert " ".join(split_text(text)).split() == text.split()


def test_whole_records_keep_their_text_to_the_letter() -> None:
    text = "Line one\n\n\n  line  two"
    assert split_text(text) == [text]


def test_sentences() -> None:
    text = (
        'Dr. Smith, e.g. J. Doe et al. (1999), left. "Why?" Nobody knows... It cost 3.5 euros! Ok.'
    )
    assert split_sentences(text) == [
        "Dr. Smith, e.g. J. Doe et al. (1999), left.",
        '"Why?"',
        "Nobody knows...",
        "It cost 3.5 euros!",
        "Ok.",
    ]
    assert split_sentences("今日は。明日は！") == ["今日は。", "明日は！"]


def test_words_of_scripts_without_spaces_are_counted() -> None:
    assert count_words("日本語の文章 two words") == 3 + 3
    assert len(split_text("日本語の文章です。" * 200)) > 5
