"""Checkpoints commit weights and cursor together and refuse damage."""

import pytest

from reread.artefacts.checkpoints import (
    latest_checkpoint,
    prune_checkpoints,
    read_checkpoint,
    write_checkpoint,
)
from reread.errors import CorruptArtefact, NotFound
from reread.home import numbers
from reread.retriever.retriever import DenseRetriever


class Note:
    """The smallest thing that can be saved."""

    def __init__(self, text: str) -> None:
        self.text = text

    def save(self, folder):
        folder.mkdir()
        (folder / "weights").write_text(self.text)


def test_written_and_read(home, tiny_encoder):
    retriever = DenseRetriever.load(tiny_encoder, device="cpu")
    number = write_checkpoint(home, retriever, 17, {"loss": 0.5}, {"epochs": 2})
    found = read_checkpoint(home, number)
    assert (found.number, found.cursor, found.metrics, found.config) == (
        1,
        17,
        {"loss": 0.5},
        {"epochs": 2},
    )
    again = DenseRetriever.load(found.folder, device="cpu")
    assert (again.encode_questions(["x"]) == retriever.encode_questions(["x"])).all()
    assert latest_checkpoint(home) == found


def test_a_failed_save_leaves_nothing(home):
    class Failing:
        def save(self, folder):
            folder.mkdir()
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        write_checkpoint(home, Failing(), 1, {}, {})
    assert (list(home.checkpoints_dir.iterdir()), latest_checkpoint(home)) == ([], None)


def test_a_damaged_one_is_refused_and_the_latest_sound_one_found(home):
    for cursor in (5, 9):
        write_checkpoint(home, Note(f"cursor {cursor}"), cursor, {}, {})
    file = home.checkpoints_dir / "2" / "retriever" / "weights"
    file.write_text("cursor 8")
    with pytest.raises(CorruptArtefact, match="weights has sha256"):
        read_checkpoint(home, 2)
    assert latest_checkpoint(home).cursor == 5


def test_a_flipped_cursor_is_seen(home):
    write_checkpoint(home, Note("x"), 5, {}, {})
    file = home.checkpoints_dir / "1" / "checkpoint.json"
    file.write_text(file.read_text().replace('"cursor": 5', '"cursor": 4'))
    with pytest.raises(CorruptArtefact):
        read_checkpoint(home, 1)


def test_pruning_keeps_the_newest_and_numbers_go_on(home):
    for cursor in range(5):
        write_checkpoint(home, Note("x"), cursor, {}, {})
    assert prune_checkpoints(home, keep=2) == [1, 2, 3]
    assert write_checkpoint(home, Note("x"), 9, {}, {}) == 6
    assert numbers(home.checkpoints_dir) == [4, 5, 6]
    with pytest.raises(NotFound, match=r"\[4, 5, 6\]"):
        read_checkpoint(home, 1)
