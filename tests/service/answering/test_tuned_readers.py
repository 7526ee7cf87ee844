"""A tuned reader comes and goes with its generation; what was found is read by that one."""

from pathlib import Path

import pytest

from reread.artefacts.tuned import READER_DIR, Tuned, write_tuned
from reread.errors import CorruptArtefact
from reread.home import Home
from service.answering.generations import TunedReaders
from service.answering.live import LiveGeneration
from tests.worlds.fakes import EchoReader, Shelf, WordGeneration
from tests.worlds.serving import running, until


def named(name: str) -> EchoReader:
    reader = EchoReader()
    reader.name = name  # type: ignore[misc]
    return reader


def add_tuned(home: Home, generation: int, number: int) -> Path:
    folder = home.generations_dir / str(generation) / READER_DIR
    folder.mkdir(parents=True)
    write_tuned(folder, Tuned("echo", "", number))
    return folder


def test_each_tuning_is_loaded_once_for_all_generations_that_hold_it(tmp_path: Path) -> None:
    home, loaded = Home(tmp_path).create(), []
    for generation, number in ((2, 7), (3, 7), (4, 9)):
        add_tuned(home, generation, number)

    def load(folder: Path) -> EchoReader | None:
        loaded.append(folder.parent.name)
        return None if folder.parent.name == "4" else named("echo+7")

    readers = TunedReaders(home, load)
    assert readers.of(1) is None
    first = readers.of(2)
    assert first is not None and readers.of(3) is first and readers.of(4) is None
    assert loaded == ["2", "4"]
    (home.generations_dir / "4" / READER_DIR / "tuned.json").write_text("{}")
    with pytest.raises(CorruptArtefact):
        readers.of(4)


def test_a_tuned_reader_that_does_not_load_leaves_the_present_generation(tmp_path: Path) -> None:
    def reader_of(number: int) -> EchoReader | None:
        if number == 2:
            raise CorruptArtefact("its reader is damaged")
        return None

    shelf = Shelf()
    live = LiveGeneration(
        lambda: shelf.current, lambda: sorted(shelf.generations), shelf.open, reader_of=reader_of
    )
    shelf.publish(1, WordGeneration(1))
    live.refresh()
    shelf.publish(2, WordGeneration(2))
    live.refresh()
    assert (live.number, live.reader) == (1, None)
    assert "its reader is damaged" in live.warnings[0]


def test_answers_info_and_log_name_the_reader_that_read(tmp_path: Path) -> None:
    shelf, tuned = Shelf(), {2: named("echo+7"), 3: named("echo+8")}
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf) as service:
        service.parts.pipeline.live.reader_of = tuned.get
        first = service.ask().json()
        assert (first["reader"], first["reader_generation"]) == ("echo", None)
        shelf.publish(2, WordGeneration(2))
        until(lambda: service.parts.pipeline.live.number == 2)
        second = service.ask().json()
        assert (second["generation"], second["reader"]) == (2, "echo+7")
        assert second["reader_generation"] == 7
        assert tuned[2].batches and not tuned[3].batches
        own = service.ask(passages=[{"text": "Rome has wells"}]).json()
        assert own["reader"] == "echo+7"
        weighed = service.client.post("/relevance", json={"question": "wells of town 3"}).json()
        assert (weighed["reader"], weighed["reader_generation"]) == ("echo+7", 7)
        shelf.generations[1] = WordGeneration(1)  # the first was closed
        earlier = service.ask(generation=1).json()
        assert (earlier["generation"], earlier["reader"]) == (1, "echo")
        info = service.client.get("/info").json()
        assert (info["reader"]["name"], info["reader"]["generation"]) == ("echo+7", 7)
        logged = service.client.get(f"/relevance/{second['id']}").json()
        assert (logged["reader"], logged["reader_generation"]) == ("echo+7", 7)
        stream = service.client.post(
            "/answer", json={"question": "wells of town 3", "stream": True}
        )
        assert '"reader":"echo+7"' in stream.text.replace(" ", "")
        shelf.publish(1, WordGeneration(1), fence=3)  # rolled back
        until(lambda: service.parts.pipeline.live.number == 1)
        assert service.ask().json()["reader"] == "echo"


def test_a_question_found_before_a_swap_is_read_by_the_reader_of_its_generation() -> None:
    shelf, tuned = Shelf(), {1: named("echo+1"), 2: named("echo+2")}
    live = LiveGeneration(
        lambda: shelf.current, lambda: sorted(shelf.generations), shelf.open, reader_of=tuned.get
    )
    shelf.publish(1, WordGeneration(1))
    live.refresh()
    pin = live.pin()
    shelf.publish(2, WordGeneration(2))
    live.refresh()
    assert pin.lease.reader is tuned[1] and live.reader is tuned[2]
