"""What can be found by its exact name, in every script, and what must not be mixed up."""

from __future__ import annotations

import unicodedata

import pytest

from reread.records import Passage
from reread.search.terms import tokenize
from reread.search.words import BM25Retriever

NAMES = {
    "cpp": "C++ sources are formatted with four spaces and braces on their own line.",
    "csharp": "C# sources are formatted with tabs and braces on the same line.",
    "c": "C sources are formatted with eight spaces, braces as the kernel has them.",
    "v2.3.1": "Version 2.3.1 fixes the login loop.",
    "v2.1.3": "Version v2.1.3 fixes the printer queue.",
    "v1.2.3": "Version 1.2.3 fixes the clock.",
    "part-a": "Gasket AB-1204-C fits the small pump.",
    "part-c": "Gasket C-1204-AB fits the old pump.",
    "err-1": "ERR_CONN_RESET: the peer closed the line; check the cable.",
    "err-2": "ERR_CONN_REFUSED: nothing listens there; start the daemon.",
    "no": "--no-verify leaves out the check of signatures.",
    "yes": "--verify runs the check of signatures twice.",
    "if": "IF opens a condition in this language.",
    "it": "IT sits on the fourth floor behind the canteen.",
    "net": "Use .NET for programs of the desktop.",
    "nets": "The net is mended on Mondays by the harbour.",
    "quiet": "-V prints the version of the program.",
    "loud": "-v prints all steps of the program.",
    "camel": "getUserById(id) returns the account or null.",
    "camel2": "deleteOrder(id) removes an order for good.",
}


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What does version 2.1.3 fix?", "v2.1.3"),
        ("What does 1.2.3 fix?", "v1.2.3"),
        ("How are C++ sources formatted?", "cpp"),
        ("How are C# sources formatted?", "csharp"),
        ("How are C sources formatted?", "c"),
        ("Which pump does C-1204-AB fit?", "part-c"),
        ("What does --no-verify do?", "no"),
        ("What does --verify do?", "yes"),
        ("What does IF do?", "if"),
        ("Where does IT sit?", "it"),
        ("What is .NET?", "net"),
        ("What does -V print?", "quiet"),
        ("What does -v print?", "loud"),
        ("ERR_CONN_REFUSED", "err-2"),
        ("conn refused", "err-2"),
        ("user by id", "camel"),
        ("getuserbyid", "camel"),
    ],
)
def test_names_whose_marks_order_or_case_are_their_meaning(question: str, first: str) -> None:
    """Kind of identifiers: 2.1.3 found 1.2.3, C++ was C#, "IF" scored 0 everywhere."""
    ids = list(NAMES)
    search = BM25Retriever.build(Passage(id, "", text) for id, text in NAMES.items())
    best, second = search.search([question], 2)[0]
    assert ids[best.row] == first and best.score > second.score


TEXTS = {
    "zh": "\u6e21\u8f6e\u65e9\u4e0a\u4e03\u70b9\u51fa\u53d1\u3002",
    "ja": "\u6771\u4eac\u30bf\u30ef\u30fc\u306f\u8d64\u3044\u3067\u3059\u3002",
    "ko": "\ubc15\ubb3c\uad00\uc740 \uc6d4\uc694\uc77c\uc5d0 \ub2eb\uc2b5\ub2c8\ub2e4.",
    "th": (
        "\u0e1e\u0e34\u0e1e\u0e34\u0e18\u0e20\u0e31\u0e13\u0e11\u0e4c"
        "\u0e1b\u0e34\u0e14\u0e27\u0e31\u0e19\u0e08\u0e31\u0e19\u0e17\u0e23\u0e4c"
    ),
    "hi": (
        "\u0928\u094c\u0915\u093e \u0938\u0941\u092c\u0939 \u0938\u093e\u0924 "
        "\u092c\u091c\u0947 \u091a\u0932\u0924\u0940 \u0939\u0948\u0964"
    ),
    "ar": "\u0627\u0644\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u0651\u064e\u0629",
    "de": "Das M\u00fcnchner Stra\u00dfenfest beginnt im Caf\u00e9.",
}


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("\u6e21\u8f6e\u51e0\u70b9\u51fa\u53d1\uff1f", "zh"),
        ("\u70b9", "zh"),
        ("\u30bf\u30ef\u30fc", "ja"),
        ("\ubc15\ubb3c\uad00", "ko"),
        ("\u0e27\u0e31\u0e19\u0e08\u0e31\u0e19\u0e17\u0e23\u0e4c", "th"),
        ("\u0928\u094c\u0915\u093e", "hi"),
        ("\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "ar"),  # typed without its marks
        ("munchner cafe", "de"),
        ("strassenfest", "de"),
        (unicodedata.normalize("NFD", "M\u00fcnchner"), "de"),
    ],
)
def test_scripts_without_spaces_marks_and_accents(question: str, first: str) -> None:
    ids = list(TEXTS)
    search = BM25Retriever.build(Passage(id, "", text) for id, text in TEXTS.items())
    best, second = search.search([question], 2)[0]
    assert ids[best.row] == first and best.score > second.score == 0.0


def test_forms_that_read_the_same_are_the_same_terms() -> None:
    for text in ("caf\u00e9 r\u00e9sum\u00e9s", "\u0915\u094d\u0937\u093f", "\uac00\ub098\ub2e4"):
        assert tokenize(unicodedata.normalize("NFD", text)) == tokenize(text)
    assert tokenize("\ufb01lter \uff21\uff22\uff23 soft\u00adhyphen") == tokenize(
        "filter ABC softhyphen"
    )
    assert "106" not in tokenize("10\u2076 litres") and "10" in tokenize("10\u2076 litres")
    assert tokenize("C\u20111204\u2011AB \u2212v") == tokenize("C-1204-AB -v")
    assert tokenize("Acme\u2122 pumps") == ["acme", "pump"]


def test_vowel_signs_divide_no_word() -> None:
    assert tokenize("\u0938\u0941\u092c\u0939") == ["\u0938\u0941\u092c\u0939"]


def test_small_words_stay_small_in_prose_and_in_capitals() -> None:
    assert tokenize("if it is") == []
    assert tokenize("IF IT IS") == []  # a text all in capitals shouts no single word
    assert tokenize("What is IT?") == ["what", "=it"]


def test_data_is_no_name() -> None:
    assert max(map(len, tokenize("a-" * 5000 + "b"))) < 80
