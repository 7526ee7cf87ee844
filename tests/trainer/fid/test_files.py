"""FiD's question files: what is read, what is left out and named, and that writing keeps it all."""

import json
import math
from pathlib import Path

import pytest

from reread.errors import BadRequest
from reread.records import Passage
from trainer.fid.files import ScoredQuestion, read_scored_questions, write_scored_questions
from trainer.reader.files import read_reader_examples


def entry(id="q", **changes):
    contexts = [
        {"id": "7", "title": "Seine", "text": "Paris lies on it.", "score": 2.5},
        {"id": "9", "title": None, "text": 'tab\t"quote"\nline', "score": "-1e1"},
    ]
    return {"id": id, "question": "Where?", "answers": ["Paris"], "ctxs": contexts, **changes}


def write(folder: Path, *entries, lines=True) -> Path:
    path = folder / "data.json"
    text = "\n".join(json.dumps(one) for one in entries) if lines else json.dumps(entries)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("lines", [True, False])
def test_reads_an_array_and_lines_alike(tmp_path, lines):
    path = write(tmp_path, entry("a"), entry("b", target="paris", answers=[]), lines=lines)
    report = read_scored_questions(path)
    passages = (
        Passage("7", "Seine", "Paris lies on it."),
        Passage("9", "", 'tab\t"quote"\nline'),
    )
    assert report.entries == [
        ScoredQuestion("a", "Where?", ("Paris",), None, passages, (2.5, -10.0)),
        ScoredQuestion("b", "Where?", ("paris",), "paris", passages, (2.5, -10.0)),
    ]
    assert (report.places, report.unit) == ({}, "line" if lines else "entry")


def scored(*scores):
    return [
        {"id": str(place), "text": "t", **({} if score is None else {"score": score})}
        for place, score in enumerate(scores)
    ]


BAD = [
    (entry(ctxs=[]), "`ctxs` is missing or empty"),
    ({"question": "Who?", "answers": ["a"]}, "`ctxs` is missing or empty"),
    (entry(ctxs=scored(1.0, None)), "some passages have a `score` and others have none"),
    (entry(ctxs=scored(1.0, math.nan)), "a `score` is NaN or infinite"),
    (entry(ctxs=scored(-math.inf)), "a `score` is NaN or infinite"),
    (entry(ctxs=scored("nan")), "a `score` is NaN or infinite"),
    (entry(ctxs=scored(10**400)), "a `score` is NaN or infinite"),
    (entry(ctxs=scored("high")), "a `score` is not a number"),
    (entry(ctxs=scored(True)), "a `score` is not a number"),
    (entry(ctxs=scored([1.0])), "a `score` is not a number"),
    (entry(ctxs=[{"id": 7, "text": "x"}, {"id": "7", "text": "y"}]), "a passage id is twice"),
    (entry(ctxs=[{"id": 7}]), "a passage in `ctxs` has no `text`"),
    (entry(ctxs=["x"]), "a passage in `ctxs` has no `text`"),
    (entry("good"), "an earlier entry has the same id"),
    (entry(question=" "), "`question` must be a text"),
    (entry(answers=[1]), "`answers` must hold texts"),
    (entry(target=["a"]), "`target` must be a text"),
    (["x"], "the entry is not a JSON object"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
@pytest.mark.parametrize("lines", [True, False])
def test_a_bad_entry_is_left_out_counted_and_named(tmp_path, bad, reason, lines):
    path = write(tmp_path, entry("good"), bad, entry("also good"), bad, lines=lines)
    report = read_scored_questions(path)
    assert [one.id for one in report.entries] == ["good", "also good"]
    ((found, numbers),) = report.places.items()
    assert reason in found and numbers == [2, 4]
    assert report.skipped == {found: 2} and report.first == {found: 2}
    unit = "line" if lines else "entry"
    assert report.sentences() == [f"skipped 2: {found} (first: {unit} 2)"]


def test_numbers_are_those_of_the_lines_of_the_file(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text("\n\n" + json.dumps(entry("a")) + "\n\n" + json.dumps(entry("a")) + "\n")
    assert list(read_scored_questions(path).places.values()) == [[5]]


def test_no_score_at_all_is_no_fault_and_no_score(tmp_path):
    path = write(tmp_path, entry(ctxs=scored(None, None)), entry("n", ctxs=[{"text": "only"}]))
    first, second = read_scored_questions(path).entries
    assert first.scores is None and second.scores is None
    assert [p.id for p in second.passages] == ["0"]


def test_entries_without_id_or_answers_are_kept(tmp_path):
    one = {"question": "Who?", "ctxs": scored(1.0)}
    found = read_scored_questions(write(tmp_path, one, {**one, "id": "2", "answers": []}))
    assert [(e.id, e.answers) for e in found.entries] == [("#1", ()), ("2", ())]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"question": "q"', "line 1 is not JSON"),
        ('[{"question": "q"', "is not JSON"),
        ("[" + "1" * 5000 + "]", "is not JSON"),
        ("[]", "it is empty"),
        ("", "it is empty"),
        ('{"question": "q"}', "skipped 1: `ctxs` is missing or empty .first: line 1"),
    ],
)
def test_a_file_that_gives_nothing_is_refused(tmp_path, text, complaint):
    path = tmp_path / "data.json"
    path.write_text(text)
    with pytest.raises(BadRequest, match=complaint):
        read_scored_questions(path)


def test_bytes_that_are_not_utf8_are_refused(tmp_path):
    (tmp_path / "d.json").write_bytes(b'{"question": "\xff"}')
    with pytest.raises(BadRequest, match="Cannot read"):
        read_scored_questions(tmp_path / "d.json")


@pytest.mark.parametrize("name", ["out.json", "out.jsonl"])
def test_what_is_written_is_read_again(tmp_path, name):
    hostile = Passage("p\t1", 'a "title"', "tab\t newline\n return\r separator\u2028 \ud800 end ")
    questions = [
        ScoredQuestion("a", "Wo? \u00fc", ("x", "y"), "x", (hostile,), (0.1 + 0.2,), ("p\t1",)),
        ScoredQuestion("b", "Q", (), None, (hostile, Passage("2", "", "t")), None),
        ScoredQuestion("c", "R", ("z",), None, (hostile,), (-3.0,), (), {"reader": "tiny"}),
    ]
    assert write_scored_questions(tmp_path / name, iter(questions)) == 3
    assert read_scored_questions(tmp_path / name).entries == questions
    text = (tmp_path / name).read_text()
    assert (text.count("\n") == 3) and text.startswith("[" if name == "out.json" else "{")


def test_nothing_but_whole_files_is_written(tmp_path):
    path = tmp_path / "out.json"
    assert write_scored_questions(path, []) == 0 and json.loads(path.read_text()) == []
    bad = ScoredQuestion("b", "Q", (), None, (Passage("2", "", "t"),), (math.nan,))
    with pytest.raises(BadRequest, match="question 'b' is nan"):
        write_scored_questions(path, [bad])
    assert path.read_text() == "[]\n" and list(tmp_path.iterdir()) == [path]


def test_reader_examples_ignore_scores_and_learn_the_target(tmp_path):
    other = {"id": "3", "text": "Paris again"}
    named = entry("a", target="Lutetia", passage_id="7")
    named["ctxs"] = [*named["ctxs"], other]
    path = write(tmp_path, named, entry("b", ctxs=scored(math.nan, 1.0)), entry("c", answers=[]))
    report = read_reader_examples(path)
    first, second = report.examples
    assert first.answers == ("Lutetia",)
    assert [p.id for p in first.passages] == ["7", "9"] and first.positives == (0,)
    assert second.answers == ("Paris",) and second.positives == ()
    (reason,) = report.skipped
    assert "`answers` must be" in reason and report.first[reason] == 3
