"""Answer likelihoods of lists: what the reader says of each question alone, kept with its gaps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reread.errors import BadRequest, CorruptArtefact
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from tests.worlds.iterating import make_asked, make_reader
from tests.worlds.tiny import make_store
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.signals import ListSignals, judge_lists, taught_examples
from trainer.teacher.likelihoods import LikelihoodTeacher, answer_log_probs, left_out_losses

LISTS = RankedLists(
    np.array([[5, 17, 60], [8, -1, -1], [-1, -1, -1], [3, 44, -1]]), np.zeros((4, 3), np.float32)
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    folder = make_reader(tmp_path_factory.mktemp("reader"))
    return Reader.load(str(folder), device="cpu", max_answer_tokens=3, max_segment_tokens=60)


@pytest.mark.parametrize("teacher", ["ppmean", "loop"])
def test_signals_are_the_readers_of_each_question_alone(
    reader: Reader, tmp_path: Path, teacher: str
):
    store, asked = make_store(tmp_path / "store"), make_asked(4)
    found = judge_lists(LikelihoodTeacher(reader, teacher), asked, LISTS, store, depth=2)
    assert found.scores.shape == (4, 2) and (found.by_token is not None) == (teacher == "ppmean")
    assert np.isnan(found.scores[[1, 2]]).all()  # fewer than two passages are no ranking
    for q, rows in ((0, [5, 17]), (3, [3, 44])):
        request = ReadRequest(asked[q].label.question, tuple(store.get(rows)))
        answer = asked[q].label.answers[0]
        by_token = answer_log_probs(reader, [request], [answer])[0]
        slow = left_out_losses(reader, [request], [answer])[0]
        expected = slow if teacher == "loop" else by_token.mean(dim=1)
        assert found.scores[q].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
        if found.by_token is not None:
            own = found.by_token[q, :, : by_token.shape[1]]
            assert np.allclose(own, by_token.numpy(), atol=1e-5)
            assert np.isnan(found.by_token[q, :, by_token.shape[1] :]).all()


@pytest.mark.parametrize("teacher", ["loop", "ppmean"])
def test_files_and_examples_keep_what_was_read(reader: Reader, tmp_path: Path, teacher: str):
    store, asked = make_store(tmp_path / "store"), make_asked(4)
    judge_lists(LikelihoodTeacher(reader, teacher), asked, LISTS, store, depth=3).save(tmp_path)
    signals = ListSignals.load(tmp_path)
    examples = taught_examples(asked, LISTS, store, signals, reader="it")
    assert [one.rows for one in examples] == [(5, 17, 60), (3, 44)]
    for one, q in zip(examples, (0, 3), strict=True):
        assert one.signal == teacher and one.reader == "it" and one.sequence == q + 1
        assert list(one.teacher) == signals.scores[q, : len(one.rows)].tolist()
        if teacher == "ppmean":
            assert one.token_teacher is not None and len(one.token_teacher) == len(one.rows)
            means = [sum(row) / len(row) for row in one.token_teacher]
            assert means == pytest.approx(list(one.teacher), abs=1e-5)
        else:
            assert one.token_teacher is None


def test_bad_signals_teach_nothing(tmp_path: Path):
    store, asked = make_store(tmp_path / "store"), make_asked(4)
    scores = np.array([[1, 2, np.inf], [1, np.nan, np.nan], [3, 3, 3], [1, 2, np.nan]], np.float32)
    lists = replace(LISTS, rows=np.array([[5, 17, 60]] * 4))
    found = taught_examples(asked, lists, store, ListSignals("loop", scores), reader="it")
    assert [one.sequence for one in found] == [4]


def test_a_question_without_an_answer_is_refused_by_name(reader: Reader, tmp_path: Path):
    store, asked = make_store(tmp_path / "store"), make_asked(4)
    asked[3] = replace(asked[3], label=replace(asked[3].label, answers=(" ",)))
    with pytest.raises(BadRequest, match=r"1 of 2 have none \(first: 'where"):
        judge_lists(LikelihoodTeacher(reader, "ppmean"), asked, LISTS, store, depth=2)
    with pytest.raises(CorruptArtefact):
        ListSignals.load(tmp_path)
