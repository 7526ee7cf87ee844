"""Preparing targets by the name of a data set."""

import pytest

from reread.errors import BadRequest
from reread.records import Passage
from trainer.reader.examples import ReaderExample
from trainer.reader.targets import prepare_targets

EXAMPLES = [
    ReaderExample("WHO?", ("ADA LOVELACE", "Ada"), (Passage("1", "T", "x"),), (0,)),
    ReaderExample("Why so?", ("a b c d e f",), (Passage("2", "T", "y"),), ()),
]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (None, [("WHO?", ("ADA LOVELACE", "Ada")), ("Why so?", ("a b c d e f",))]),
        ("triviaqa", [("WHO?", ("Ada Lovelace",)), ("Why so?", ("a b c d e f",))]),
        ("nq", [("WHO?", ("ADA LOVELACE", "Ada"))]),
        ("narrativeqa", [("who?", ("ada lovelace", "Ada")), ("Why so?", ("a b c d e f",))]),
    ],
)
def test_each_data_set(name, wanted):
    done = prepare_targets(iter(EXAMPLES), name)
    assert [(one.question, one.answers) for one in done] == wanted
    assert (done[0].passages, done[0].positives) == (EXAMPLES[0].passages, (0,))


def test_unknown_names_and_nothing_left_are_sentences():
    with pytest.raises(BadRequest, match="'squad' is not known: choose triviaqa, nq, narrativeqa"):
        prepare_targets(EXAMPLES, "squad")
    with pytest.raises(BadRequest, match="None of 1 questions is left after --targets nq"):
        prepare_targets(EXAMPLES[1:], "nq")
    assert prepare_targets([], "nq") == []
