"""Copied answers: characters of a passage, whole words and numbers, whatever the tokens are."""

import pytest

from reread.reader.causal.copying import Copying, fold


def follow(texts, pieces):
    copying = Copying([fold(text) for text in texts])
    for piece in pieces:
        places = copying.fitting(piece)
        if not places:
            return None
        copying.take(places)
    return copying


def shown(texts, pieces):
    copying = follow(texts, pieces)
    return None if copying is None else [texts[s.passage][s.start : s.end] for s in copying.spans()]


def test_an_answer_goes_on_only_with_what_stands_behind_it():
    texts = ["The tank holds 1,250 litres.", "It held 1,300 litres."]
    assert shown(texts, [b" 1", b",", b"2", b"50"]) == ["1,250"]
    assert shown(texts, [b" 1", b",", b"2", b"00"]) is None
    assert shown(texts, [b" litres"]) == ["litres", "litres"]


def test_an_answer_begins_at_a_word_and_a_number_at_its_first_digit():
    assert shown(["Relocation of LOG_DIR"], [b" location"]) is None
    assert shown(["up to 1,250 litres"], [b" 250"]) is None
    assert shown(["set LOG_DIR first"], [b" DIR"]) is None
    assert shown(["(42)"], [b" 42"]) == ["42"]


@pytest.mark.parametrize(
    ("pieces", "ends"),
    [([b" 1"], False), ([b" 1", b",250"], True), ([b" lit"], False), ([b" litres"], True)],
)
def test_an_answer_ends_with_a_whole_word_or_number(pieces, ends):
    assert follow(["holds 1,250 litres."], pieces).may_end() is ends


def test_white_space_of_any_kind_counts_as_one_space():
    text = "Steps:\n  1. Open\n\n  2. Close"
    assert shown([text], [b" 1", b".", b" Open", b"\n", b" 2", b".", b" Close"]) == [
        "1. Open\n\n  2. Close"
    ]
    assert shown([text], [b" Open", b"\n\n", b"  ", b"2"]) == ["Open\n\n  2"]


def test_characters_of_several_bytes_are_never_split():
    text = "Größe: naïve — 3 µm"
    copying = follow([text], [b" Gr", b"\xc3"])
    assert not copying.may_end()
    copying.take(copying.fitting(b"\xb6"))
    copying.take(copying.fitting("ße".encode()))
    assert [text[s.start : s.end] for s in copying.spans()] == ["Größe"]


def test_all_places_are_followed_until_the_words_part_them():
    texts = ["red fox, red hen", "a red hat"]
    assert len(follow(texts, [b" red"]).spans()) == 3
    assert [s.passage for s in follow(texts, [b" red", b" ha"]).spans()] == [1]
