"""Scores come back exactly, and an old or damaged record is one without them."""

import json
from dataclasses import replace

import torch

from reread.reader.aggregations import aggregate, toy_evidence
from reread.reading import AGGREGATIONS
from reread.records import AnswerRecord, LoggedPassage
from reread.score_sheet import pack_scores, unpack_scores
from tests.reread.log.test_attention_log import record


def test_float32_scores_come_back_bit_for_bit() -> None:
    values = torch.randn(3, 20, generator=torch.Generator().manual_seed(0)).tolist()
    scores = {name: tuple(row) for name, row in zip("abc", values, strict=True)}
    assert unpack_scores(pack_scores(scores), 20) == scores


def test_what_does_not_fit_is_nothing() -> None:
    sheet = pack_scores({"a": (1.0, 2.0), "b": (3.0, 4.0)})
    assert unpack_scores(sheet, 2) == {"a": (1.0, 2.0), "b": (3.0, 4.0)}
    assert unpack_scores(sheet, 3) == {}
    assert unpack_scores({**sheet, "float32": "no base64!"}, 2) == {}
    assert unpack_scores({}, 2) == {}


def test_a_record_keeps_every_aggregation() -> None:
    scores = aggregate(toy_evidence())
    kept = replace(record("a"), scores=pack_scores(scores))
    read = AnswerRecord.from_json(kept.to_json())
    assert read == kept
    for name in AGGREGATIONS:
        if name != "mean":
            assert read.scores_by(name) == scores[name]
    assert read.scores_by("mean") == (-1.25, 2.0)  # the passages' own
    assert read.scores_by("median") is None


def test_an_old_record_reads_as_before() -> None:
    old = record("a").to_json()
    assert "scores" not in json.loads(old)
    read = AnswerRecord.from_json(old)
    assert read.scores is None and read.scores_by("max_tokens") is None


def test_twenty_passages_cost_less_than_900_bytes() -> None:
    passages = tuple(LoggedPassage(n, f"p{n}", 1.0, 0.5) for n in range(20))
    plain = AnswerRecord("a", "q", "a", 1.0, passages, 1, 1, "r", 0.0)
    others = {name: (0.123,) * 20 for name in AGGREGATIONS if name != "mean"}
    full = replace(plain, scores=pack_scores(others))
    assert len(full.to_json()) - len(plain.to_json()) < 900


def test_every_named_aggregation_is_computed_and_no_other():
    assert tuple(aggregate(toy_evidence())) == AGGREGATIONS


def test_a_record_says_when_nothing_was_found() -> None:
    """And only then: the records of before have no such word."""
    assert "found" not in json.loads(record("a").to_json())
    lost = replace(record("a"), answer="", found=False)
    assert AnswerRecord.from_json(lost.to_json()) == lost


def test_maxima_that_were_logged_with_their_former_meaning_are_not_read() -> None:
    """`max_tokens` was the maximum of means; the paper's is the mean of maxima."""
    names = ("last_layers", "max_tokens", "max_layers", "max_heads")
    sheet = pack_scores({name: (1.0, 2.0) for name in names})
    assert set(unpack_scores(sheet, 2)) == set(names)
    assert set(unpack_scores({**sheet, "names": " ".join(names)}, 2)) == {"last_layers"}
