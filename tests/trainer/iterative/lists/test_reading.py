"""Reading lists: each score is what the reader gives that question alone, for every aggregation."""

from pathlib import Path

import numpy as np
import pytest

from reread.errors import BadRequest
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from tests.worlds.iterating import make_reader
from tests.worlds.tiny import make_store
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.reading import ListReadings, read_lists

NAMES = ("mean", "max_tokens", "all_outputs", "last_layers", "max_heads")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    folder = make_reader(tmp_path_factory.mktemp("reader"))
    return Reader.load(str(folder), device="cpu", max_answer_tokens=3, max_segment_tokens=60)


def test_one_pass_gives_every_aggregation_the_reader_knows(reader: Reader, tmp_path: Path):
    store = make_store(tmp_path / "store")
    lists = RankedLists(
        np.array([[5, 17, 60], [8, -1, -1], [-1, -1, -1]]), np.zeros((3, 3), np.float32)
    )
    questions = ["where is the cat", "where is the dog", "where"]
    found = read_lists(reader, questions, lists, store, depth=2, aggregations=NAMES)
    assert found.answers[2] == "" and all(np.isnan(found.of(name)[2]).all() for name in NAMES)
    for q, rows in ((0, [5, 17]), (1, [8])):
        for name in NAMES:
            alone = reader.read([ReadRequest(questions[q], tuple(store.get(rows)))], name)[0]
            got = found.of(name)[q]
            assert got[: len(rows)].tolist() == pytest.approx(list(alone.attention), abs=1e-5)
            assert np.isnan(got[len(rows) :]).all() and got.shape == (2,)
            assert found.answers[q] == alone.answer
    (tmp_path / "saved").mkdir()
    found.save(tmp_path / "saved")
    again = ListReadings.load(tmp_path / "saved")
    assert again.answers == found.answers
    assert all(np.array_equal(again.of(n), found.of(n), equal_nan=True) for n in NAMES)
    with pytest.raises(BadRequest, match="not for 'value_norm'"):
        again.of("value_norm")
