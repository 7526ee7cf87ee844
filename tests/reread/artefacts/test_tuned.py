"""What a checkpoint says of its tuned reader is believed only as it was written."""

from pathlib import Path

import pytest

from reread.artefacts.seals import seal
from reread.artefacts.tuned import TUNED_FILE, Tuned, read_tuned, tuning_of, write_tuned
from reread.errors import CorruptArtefact


def test_a_number_that_was_changed_or_left_out_is_damage(tmp_path: Path) -> None:
    write_tuned(tmp_path, Tuned("starter", "ab12", 7))
    assert read_tuned(tmp_path) == Tuned("starter", "ab12", 7)
    file = tmp_path / TUNED_FILE
    file.write_text(file.read_text().replace("7,", "8,"))
    with pytest.raises(CorruptArtefact, match="sha256"):
        read_tuned(tmp_path)
    file.write_text(seal({"base": "starter", "base_weights": "ab12"}))
    with pytest.raises(CorruptArtefact, match="a tuning"):
        read_tuned(tmp_path)


@pytest.mark.parametrize("name", ["starter", "c++", "a+b", "+", "", "a+1b"])
def test_a_name_that_tells_no_number_is_of_no_tuning(name: str) -> None:
    assert tuning_of(name) is None
