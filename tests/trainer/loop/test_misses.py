"""Questions that match nothing are asked like others, and teach and judge nothing."""

import json

import pytest

from index_builder.build.generation import Plan, build_generation
from index_builder.ingest.run import ingest
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from tests.worlds.fakes import EchoReader
from tests.worlds.field import field_case
from tests.worlds.serving import running, until
from trainer import examples as reasons
from trainer.loop.window import find_shortage, read_window
from trainer.settings import TrainerSettings


def questions_of(name: str) -> list[str]:
    lines = field_case("train-on-misses", name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[bool], int]:
    """The case's home after its misses were asked; what came back, and how often was read."""
    root = tmp_path_factory.mktemp("misses")
    home, reader = Home(root / "home"), EchoReader()
    ingest(home, [field_case("train-on-misses", "docs.jsonl")], workers=1)
    build_generation(home, Plan("bm25", verify=lambda *_: {}))
    with running(home.root, None, reader) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        answers = [service.ask(question=one).json() for one in questions_of("misses.jsonl")]
        assert {(one["answer"], one["confidence"] < 0.05) for one in answers} == {("", True)}
        assert all(one["passages"] for one in answers)  # for the reader of the page
    return home, [one["found"] for one in answers], len(reader.batches)


def test_misses_are_refused_unread_and_teach_nothing(
    asked: tuple[Home, list[bool], int],
) -> None:
    """Case train-on-misses: 60 misses were new questions, and the gate found them "Better."."""
    home, found, times_read = asked
    assert found == [False] * 60 and times_read == 0
    log = SqliteAttentionLog(home.log_file)
    window = read_window(home, log, limit=1000, seen=0, check=lambda: None)
    log.close()
    assert window.selection.examples == () and window.new == 0
    assert window.selection.dropped == {reasons.NO_EVIDENCE: 60}
    said = find_shortage(window, TrainerSettings(), force=True)
    assert said is not None and f"(60 were left out because {reasons.NO_EVIDENCE})" in said


def test_what_is_judged_on_is_what_holds_evidence(asked: tuple[Home, list[bool], int]) -> None:
    """Spellings of one question are one, beside misses that are none."""
    home, _, _ = asked
    real = questions_of("questions.jsonl")
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        for one in real:
            for spelled in (one, one.upper(), f"  {one}?"):
                assert service.ask(question=spelled).json()["found"] is True
    log = SqliteAttentionLog(home.log_file)
    window = read_window(home, log, limit=1000, seen=0, check=lambda: None)
    log.close()
    kept = [example.question for example in window.selection.examples]
    usable = {reasons.question_key(one) for one in real}
    assert {reasons.question_key(one) for one in kept} <= usable and len(kept) > 40
    assert len(kept) == len({reasons.question_key(one) for one in kept})
    assert window.selection.dropped[reasons.NO_EVIDENCE] == 60
    assert window.selection.dropped[reasons.REPEATED] == 2 * len(kept)
