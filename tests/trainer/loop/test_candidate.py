"""Which examples a round trains on: what the log holds, and what a reader has to read again."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reread.artefacts.passages import open_corpus
from reread.errors import BadRequest
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.reader.reader import Reader
from reread.records import AnswerRecord
from reread.score_sheet import pack_scores
from tests.reread.reader.test_reader import reader_over, tiny_bart
from tests.worlds.tiny import (
    EncoderSearch,
    load,
    make_encoder,
    make_examples,
    make_records,
    make_store,
)
from tests.worlds.training import make_home, make_parts, request, trainer_thread, wait_for_end
from trainer.examples import Example, select_examples
from trainer.loop.judging import judge_examples
from trainer.loop.parts import RoundParts


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder"))


class NoLease:
    def report(self, stage: str, share: float) -> None: ...


def with_scores(record: AnswerRecord) -> AnswerRecord:
    """As if `max_tokens` had found the reverse of the mean."""
    reverse = [-one.attention for one in record.passages]
    return replace(record, scores=pack_scores({"max_tokens": reverse}))


def fill(home: Home, records: Sequence[AnswerRecord]) -> None:
    log = SqliteAttentionLog(home.log_file)
    log.append(records)
    log.close()


def read_again(
    tmp_path: Path, encoder: Path, examples: list[Example], reader: Reader | None,
    tuning: int | None = None, **settings: Any,
) -> list[Example]:  # fmt: skip
    home = make_home(tmp_path, records=1)
    parts: RoundParts = make_parts(home, encoder, **settings)
    search = EncoderSearch(load(encoder), make_store(tmp_path / "store"))
    load_reader = None if reader is None else lambda: reader
    parts = replace(parts, load_reader=load_reader, tuning=tuning)
    return list(judge_examples(parts, search, examples, lambda share: None))  # type: ignore[arg-type]


def test_a_logged_aggregation_needs_no_reader(tmp_path: Path, encoder: Path) -> None:
    home = make_home(tmp_path, records=0)
    records = [with_scores(one) for one in make_records(30)]
    fill(home, records)
    by_max = select_examples(records, open_corpus(home), corpus=1, aggregation="max_tokens")
    for example, record in zip(by_max.examples, records, strict=True):
        assert example.signal == "max_tokens"
        assert example.teacher == pytest.approx([-one.attention for one in record.passages])
    with trainer_thread(make_parts(home, encoder, aggregation="max_tokens")):
        job = wait_for_end(home, request(home, force=True))
    assert (job.state, job.error) == ("done", None)


def test_only_records_without_the_aggregation_are_read_again(tmp_path: Path, encoder: Path) -> None:
    examples = make_examples(6)
    examples[::2] = [replace(one, signal="max_tokens") for one in examples[::2]]
    reader = reader_over(tiny_bart())
    found = read_again(tmp_path, encoder, examples, reader, aggregation="max_tokens")
    assert [one.question for one in found] == [one.question for one in examples]
    assert [one.signal for one in found] == ["max_tokens"] * 6
    assert [one.reader for one in found] == ["planted", "tiny"] * 3
    assert found[::2] == examples[::2]


def test_only_scores_of_the_tuning_that_serves_are_kept(tmp_path: Path, encoder: Path) -> None:
    examples = make_examples(6)
    examples[::2] = [replace(one, reader="tiny+3") for one in examples[::2]]
    found = read_again(tmp_path, encoder, examples, reader_over(tiny_bart()), tuning=3)
    assert [one.reader for one in found] == ["tiny+3", "tiny"] * 3
    assert found[::2] == examples[::2]


@pytest.mark.parametrize("objective", ["ppmean", "loop", "emdr2"])
def test_likelihoods_use_the_logged_answers_and_passages(
    tmp_path: Path, encoder: Path, objective: str
) -> None:
    examples = [replace(one, answer=f"cat {n}") for n, one in enumerate(make_examples(4))]
    examples.append(make_examples(5)[4])  # no answer: left out
    reader = reader_over(tiny_bart())
    found = read_again(tmp_path, encoder, examples, reader, objective=objective)
    teacher = "ppmean" if objective == "emdr2" else objective
    assert [one.signal for one in found] == [teacher] * 4
    assert [one.passages for one in found] == [one.passages for one in examples[:4]]
    with pytest.raises(BadRequest, match="needs an answer to every question and 1 of 1"):
        read_again(tmp_path / "b", encoder, examples[4:], reader, objective=objective)
    with pytest.raises(BadRequest, match=f"teacher {teacher}.*needs a reader"):
        read_again(tmp_path / "c", encoder, examples, None, objective=objective)


def test_fresh_passages_bring_fresh_answers(tmp_path: Path, encoder: Path) -> None:
    examples = [replace(one, answer="old") for one in make_examples(3)]
    reader = reader_over(tiny_bart())
    found = read_again(tmp_path, encoder, examples, reader, objective="loop", reread_top_k=3)
    assert all(len(one.passages) == 3 and one.answer != "old" for one in found)
