"""A tuned reader answers only where it was made of the reader that the settings name."""

from dataclasses import replace
from pathlib import Path

import pytest

from command.models import readers_of, tuned_loader
from command.options import settings_from
from reread.artefacts.tuned import Tuned, write_tuned
from reread.errors import CorruptArtefact
from reread.reader.confidence import weights_of
from tests.reread.reader.tiny_pointing import save_tiny_pointing


def test_it_is_named_after_its_tuning_and_another_readers_is_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    base = Path(save_tiny_pointing(tmp_path / "base"))
    other = Path(save_tiny_pointing(tmp_path / "other", seed=1))
    folder = Path(save_tiny_pointing(tmp_path / "generation" / "reader", seed=2))
    write_tuned(folder, Tuned("base", weights_of(base), 7))
    settings = settings_from(home=tmp_path / "home", reader=str(base))
    readers = readers_of(settings)
    found = readers.load_tuned(folder)
    assert readers.own.name == "base" and found is not None
    assert (found.name, found.folder) == ("base+7", folder)
    elsewhere = replace(settings, machine=replace(settings.machine, reader=str(other)))
    assert tuned_loader(elsewhere)(folder) is None
    assert "tuned from another base than the reader of the settings" in caplog.text
    (folder / "tuned.json").write_text("{}")
    with pytest.raises(CorruptArtefact):
        readers.load_tuned(folder)
