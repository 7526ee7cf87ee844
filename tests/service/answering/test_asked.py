"""The bounds of what may be asked, for route families that bring no schema of their own."""

import pytest

from reread.errors import BadRequest
from reread.reading import Reading, ReadRequest, Span, Turn
from reread.records import Passage
from service.answering.asked import Asked
from service.answering.reading import ReaderFailed, check


def test_what_is_asked_is_trimmed_and_numbered():
    asked = Asked.checked(" why? ", top_k=3, own=[("T", "text")], history=[(" who? ", "she")])
    assert asked == Asked("why?", 3, (Passage("own.0", "T", "text"),), (Turn("who?", "she"),))
    assert Asked.checked("why?") == Asked("why?")


@pytest.mark.parametrize(
    ("question", "rest", "sentence"),
    [
        (" ", {}, "A question has 1 to 2000 characters after trimming, this one has 0."),
        ("x", {"top_k": 0}, "Top_k is 1 to 100, not 0."),
        ("x", {"own": []}, "Give 1 to 100 passages, not 0, or leave passages out"),
        ("x", {"own": [("t", " ")]}, "A passage needs some text."),
        ("x", {"history": [("q", "a")] * 11}, "A history has at most 10 turns, this one has 11;"),
        ("x", {"history": [("q", "a" * 10_001)]}, "An answer has at most 10000 characters"),
        ("\ud800", {}, "The text has half a character"),
    ],
)
def test_a_broken_bound_is_one_sentence(question, rest, sentence):
    with pytest.raises(BadRequest) as caught:
        Asked.checked(question, **rest)
    assert str(caught.value).startswith(sentence)


REQUEST = ReadRequest("who?", (Passage("a", "", "12345"), Passage("b", "", "")))


@pytest.mark.parametrize(
    ("reading", "part"),
    [
        (Reading("x", 0.5, (1.0,)), "1 scores for 2 passages"),
        (Reading("x", float("nan"), (1.0, 2.0)), "not finite"),
        (Reading("x", 0.5, (1.0, 2.0), found=False), "found nothing and yet answered 'x'"),
        (Reading("x", 0.5, (1.0, 2.0), spans=(Span("a", 2, 6),)), "characters 2 to 6"),
        (Reading("x", 0.5, (1.0, 2.0), spans=(Span("a", 2, 2),)), "characters 2 to 2"),
        (Reading("x", 0.5, (1.0, 2.0), spans=(Span("c", 0, 1),)), "passage 'c', which has 0"),
    ],
)
def test_a_reading_that_does_not_fit_is_the_readers_failure(reading, part):
    with pytest.raises(ReaderFailed, match=part):
        check(REQUEST, reading)


def test_a_fitting_reading_passes():
    check(REQUEST, Reading("345", 0.5, (1.0, 2.0), spans=(Span("a", 2, 5),)))
    check(REQUEST, Reading("", 0.0, (1.0, 2.0), found=False))
