"""A report's figures, against counts done by hand."""

import pytest

from command.report.survey import survey_log
from reread.artefacts.passages import PassageStore
from reread.records import AnswerRecord, Feedback, LoggedPassage, Passage
from tests.worlds.tiny import make_store

PASSAGES = [
    Passage("a", "A", "one", "/docs/guide.md"),
    Passage("a.1", "A", "two", "/docs/guide.md"),
    Passage("b", "Bees", "three"),
    Passage("c", "C", "four", "/docs/rare.pdf#page=3"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PassageStore:
    return make_store(tmp_path_factory.mktemp("store"), PASSAGES)


def answer(
    id: str, scores: dict[str, float], confidence: float = 0.5, **more: object
) -> AnswerRecord:
    read = tuple(LoggedPassage(0, name, 1.0, score) for name, score in scores.items())
    fields = {"question": f"{id}?", "answer": "x", "generation": 1, "corpus": 1, **more}
    return AnswerRecord(id=id, confidence=confidence, passages=read, reader="r", created_s=0.0,
                        **fields)  # type: ignore[arg-type]  # fmt: skip


def judged(**verdicts: str) -> dict[str, Feedback]:
    return {id: Feedback(id, verdict, None, (), 0.0) for id, verdict in verdicts.items()}


def test_what_was_served_by_which_generation(store: PassageStore) -> None:
    records = [
        answer("1", {"a": 1.0}, 0.4), answer("2", {"a": 1.0}, 0.8),
        answer("3", {"a": 1.0}, 0.0, generation=2, found=False),
        answer("4", {"a": 1.0}, 0.9, generation=2), answer("own", {"a": 1.0}, generation=None),
    ]  # fmt: skip
    found = survey_log(records, judged(**{"1": "correct", "2": "partial", "4": "wrong"}), store)
    first, second = found.by_generation[1], found.by_generation[2]
    assert (first.answers, first.found, first.judged, first.right) == (2, 1.0, 2, 0.5)
    assert first.confidence == pytest.approx(0.6)
    assert (second.answers, second.found, second.confidence, second.right) == (2, 0.5, 0.9, 0.0)
    assert (found.answers, found.judged) == (5, 3)


def test_documents_by_the_readers_weight(store: PassageStore) -> None:
    records = [
        answer("1", {"a": 0.0, "b": 0.0}),
        answer("2", {"a.1": 50.0, "b": 0.0}),
        answer("3", {"gone": 50.0, "b": 0.0}),
    ]
    found = survey_log(records, {}, store)
    weights = {one.name: (one.questions, one.weight) for one in found.reached}
    assert weights == {
        "guide.md": (2, pytest.approx(1.5)), "Bees": (0, pytest.approx(0.5)),
    }  # fmt: skip
    assert (found.passages, found.unread, found.unread_names) == (4, 1, ["rare.pdf"])


def test_the_hardest_are_those_marked_wrong_then_not_found_then_unsure(store: PassageStore) -> None:
    records = [
        answer("sure", {"a": 1.0}, 0.9), answer("unsure", {"a": 1.0}, 0.2),
        answer("none", {"a": 1.0}, 0.0, found=False, answer=""),
        answer("wrong", {"a": 1.0}, 0.99), answer("right", {"a": 1.0}, 0.01),
    ]  # fmt: skip
    found = survey_log(records, judged(wrong="wrong", right="correct"), store)
    assert [(one.question, one.why) for one in found.hard] == [
        ("wrong?", "marked wrong"), ("none?", "nothing found"), ("unsure?", "20% sure"),
        ("sure?", "90% sure"),
    ]  # fmt: skip


def test_reliability_needs_some_judged_answers(store: PassageStore) -> None:
    records = [answer(str(n), {"a": 1.0}, 0.1 if n < 5 else 0.9) for n in range(10)]
    some = judged(**{str(n): "correct" if n in (0, 5, 6, 7, 8) else "wrong" for n in range(10)})
    found = survey_log(records, some, store)
    bins = [(one.count, one.confidence, one.right) for one in found.bins]
    assert bins == [(5, 0.1, 0.2), (5, 0.9, 0.8)]
    assert found.error == pytest.approx(0.1)
    few = survey_log(records[:4], {str(n): some[str(n)] for n in range(4)}, store)
    assert (few.bins, few.error) == ([], None)


def test_stages_are_the_logs_own(store: PassageStore) -> None:
    records = [
        answer(str(n), {"a": 1.0}, timings_ms={"search": 2.0, "read": float(n)}) for n in range(101)
    ]
    slow, quick = survey_log([answer("old", {"a": 1.0}), *records], {}, store).stages
    assert (slow.name, slow.half_ms, slow.most_ms) == ("read and answer", 50.0, 95.0)
    assert (quick.name, quick.half_ms) == ("search", 2.0)
