"""Figures of reading: what a case is, what is kept of it, and how it is counted."""

import json
from pathlib import Path

import pytest

from benchmarks.reading.cases import Case, article_cases, example_cases, without
from benchmarks.reading.diagram import draw
from benchmarks.reading.figures import as_table, by_set, of_confidence
from benchmarks.reading.readings import rank_of_right, read_all, read_lines, removed, stands
from benchmarks.reading.speed import PlainReader, report
from reread.reader.loading import load_reader
from reread.reader.reader import Reader
from reread.reading import Reading, ReadRequest
from reread.records import Passage
from tests.reread.reader.tiny_pointing import save_tiny_pointing

TEXTS = ("The fox is red.", "Rain fell on day 12.", "The hen is grey.", "The owl is red too.")


class Oracle:
    """Answers with the last word of the passage that shares most words with the question."""

    name = "oracle"

    def __init__(self) -> None:
        self.reads = 0

    def read(self, requests: list[ReadRequest]) -> list[Reading]:
        self.reads += len(requests)
        return [self._one(request) for request in requests]

    def _one(self, request: ReadRequest) -> Reading:
        asked = set(request.question.lower().strip("?").split())
        scores = tuple(
            float(len(asked & set(one.text.lower().split()))) for one in request.passages
        )
        best = request.passages[scores.index(max(scores))]
        draft = best.text.rstrip(".").split()[-1]
        found = max(scores) > 2
        return Reading(draft if found else "", max(scores) / 10, scores, found=found, draft=draft,
                       signals={"top": max(scores)})  # fmt: skip


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    rows = [
        {"question": "Which colour the fox is?", "answers": ["red"], "kind": "span",
         "passages": [{"title": "", "text": text} for text in TEXTS], "positives": [0]},
        {"question": "Where does the elk live?", "answers": [], "kind": "none",
         "passages": [{"title": "", "text": text} for text in TEXTS[1:]], "positives": []},
    ]  # fmt: skip
    path = tmp_path / "made.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def test_cases_of_examples_know_their_right_passages(examples: Path) -> None:
    cases = list(example_cases(examples, 9, seed=3))
    assert [one.set for one in cases] == ["made", "made-removed", "made"]
    first, rest, none = cases
    assert [first.passages[at].text for at in first.right] == [TEXTS[0]]
    assert {one.text for one in rest.passages} == set(TEXTS[1:])
    assert rest.answers == () and rest.kind == "unanswerable" and none.answers == ()
    assert list(example_cases(examples, 9, seed=3)) == cases


def test_article_cases_are_retrieved_and_emptied(tmp_path: Path) -> None:
    passages, questions = tmp_path / "passages.jsonl", tmp_path / "questions.jsonl"
    passages.write_text("".join(
        json.dumps({"id": f"p{n}", "title": "", "text": text}) + "\n"
        for n, text in enumerate(TEXTS)
    ))  # fmt: skip
    questions.write_text(json.dumps(
        {"id": "q", "question": "Which fox is red?", "answers": ["red"], "passage_id": "p0"}
    ))  # fmt: skip
    given, top, emptied = article_cases(questions, passages, 5, seed=0)
    assert [one.id for one in given.passages] == ["p0"] and given.right == (0,)
    assert top.passages[0].id == "p0" and top.right == (0,)
    assert not any("red" in one.text for one in emptied.passages) and emptied.answers == ()


def test_a_run_that_was_cut_goes_on(examples: Path, tmp_path: Path) -> None:
    cases, path, reader = list(example_cases(examples, 9, seed=3)), tmp_path / "l", Oracle()
    lines = read_all(reader, cases, path)
    assert reader.reads == 3 and len(read_lines(path)) == 3
    path.write_text(path.read_text()[:-20])  # the last line was being written
    assert [one["id"] for one in read_all(reader, cases, path)] == [one["id"] for one in lines]
    assert reader.reads == 4


def test_figures_count_what_they_say(examples: Path, tmp_path: Path) -> None:
    cases = list(example_cases(examples, 9, seed=3))
    lines = read_all(Oracle(), cases, tmp_path / "l")
    assert [(one["em"], one["found"], one["rank"]) for one in lines] == [
        (1.0, True, 1), (0.0, False, None), (0.0, False, None)
    ]  # fmt: skip
    made, emptied = by_set(lines)
    assert made["em"][0] == 100.0 and made["em"][3] == 1, "unanswerable ones have no exact match"
    assert made["refused"][0] == 50.0 and emptied["refused"][0] == 100.0
    assert made["right_first"][0] == 100.0 and "em" not in emptied
    assert "| made | 2 | 100.0 (100.0-100.0)" in as_table([made, emptied])
    assert of_confidence(lines)["auroc_right_all"] == 1.0


def test_evidence_is_taken_away() -> None:
    passages = tuple(Passage(str(n), "", text) for n, text in enumerate(TEXTS))
    case = Case("q", "top20", "span", "Which colour the fox is?", ("red",), passages, (0,))
    reading = Oracle().read([ReadRequest(case.question, passages)])[0]
    assert rank_of_right(reading, case) == 1 and stands(reading, case)
    found = removed(Oracle(), case, reading)
    assert found == {
        "attention_without_first": True, "attention_first_alone": False,
        "retrieval_without_first": True, "retrieval_first_alone": False,
    }  # fmt: skip
    assert without(case, [0, 2], "x").passages == (passages[1], passages[3])


def test_the_plain_reader_gives_what_the_reader_decodes(tmp_path: Path) -> None:
    """Both are one model in float32: the pair of speeds compares the same work."""
    folder = save_tiny_pointing(tmp_path / "reader", head=False)
    reader = load_reader(folder, dtype="float32")
    assert isinstance(reader, Reader)
    plain = PlainReader(folder)
    passages = (Passage("1", "", "The fox is blue."), Passage("2", "Rain", "It fell on day 12."))
    cases = [
        Case(str(n), "top20", "span", question, ("blue",), passages, (0,))
        for n, question in enumerate(("Which colour has the fox?", "When did rain fall?"))
    ]
    for case in cases:
        (reading,) = reader.read([ReadRequest(case.question, case.passages)])
        assert plain.answer(case) == reading.draft
    *_, row = report(reader, reader, plain, cases).splitlines()
    name, numbers, *measured, same, ranks = (one.strip() for one in row.strip("|").split("|"))
    assert (name, numbers, same, float(ranks)) == ("reader", "float32", "2 of 2", 1.0)
    assert len(measured) == 6 and all(float(one) > 0 for one in measured)


def test_a_reliability_diagram_shows_ten_points(tmp_path: Path) -> None:
    lines = [
        {"confidence": n / 40, "answerable": n % 3 != 0, "draft_em": float(n > 20)}
        for n in range(40)
    ]
    draw(lines, tmp_path / "one.svg")
    assert "<svg" in (tmp_path / "one.svg").read_text()
    draw(lines, tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
