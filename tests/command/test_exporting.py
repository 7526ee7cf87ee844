"""`reread export` on a real home: what is written is what the home holds and finds."""

import csv
import json
import shutil
from contextlib import closing

import pytest

from command.__main__ import run
from reread.artefacts.generation import Generation
from reread.artefacts.passages import open_corpus
from reread.home import Home
from reread.log.attention_log import SqliteAttentionLog
from reread.log.changes import ChangeList, Edit
from reread.reader.loading import DEFAULT_READER, load_reader
from reread.reading import ReadRequest
from reread.records import AnswerRecord, Feedback, LoggedPassage, Passage
from trainer.fid.files import read_scored_questions

TEXTS = [
    ("Paris", 'Paris, "the city of light",\tlies on the Seine.'),
    ("Berlin", "Berlin lies on the Spree.\n\nIt has many bridges."),
    ("Rome", '"Rome" was not built in a day'),
    ("", "The Tiber runs through Rome."),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    lines = [
        json.dumps({"id": f"d{n}", "title": title, "text": text})
        for n, (title, text) in enumerate(TEXTS)
    ]
    (folder / "d.jsonl").write_text("\n".join(lines))
    (folder / "q.jsonl").write_text(
        '{"id": "a", "question": "Where is Paris?", "answers": ["Seine"], "target": "the Seine"}\n'
        '{"question": "What runs through Rome?", "answer": "Tiber", "passage_id": "d3"}\n'
    )
    home = ["--home", str(folder / "home")]
    assert run(["ingest", str(folder / "d.jsonl"), *home]) == 0
    assert run(["build", *home]) == 0
    return folder


def test_what_is_guarded_stays_in_the_home(place, tmp_path, capsys):
    """Whoever is given an export holds no label; what was left out is counted."""
    secret = tmp_path / "s.jsonl"
    secret.write_text('{"id": "s", "text": "kanarienvogel", "access_labels": ["hr"]}\n')
    shutil.copytree(place / "home", tmp_path / "home")
    home = ["--home", str(tmp_path / "home")]
    assert run(["ingest", str(secret), *home]) == 0
    assert run(["export", "passages", *home, "--output", str(tmp_path / "p.tsv")]) == 0
    assert run(["export", "beir", *home, "--output", str(tmp_path / "beir")]) == 0
    for file in (tmp_path / "p.tsv", tmp_path / "beir" / "corpus.jsonl"):
        text = file.read_text()
        assert "kanarienvogel" not in text and "Paris" in text
    assert capsys.readouterr().out.count("1 under access labels are left out") == 2


def test_a_label_given_since_the_last_build_is_heeded_by_all_that_leaves_the_home(place, tmp_path):
    """Defect: PUT /documents gave it, and exports and reports had the document until a build."""
    home = Home(tmp_path / "home")
    shutil.copytree(place / "home", home.root)
    was = LoggedPassage(1, "d1", 1.0, 0.5)
    with closing(SqliteAttentionLog(home.log_file)) as log:
        log.append([AnswerRecord("a", "Spree?", "Berlin", 0.9, (was,), 1, 1, "reader", 1.0)])
        log.append_feedback(Feedback("a", "correct", None, ("d1",), 2.0))
    with closing(ChangeList(home.changes_file)) as changes:
        guarded = Passage("d1", *TEXTS[1], "", ("hr",))
        changes.append([Edit("d1", (guarded,), ("d1",))], 3.0)
    asked = tmp_path / "q.jsonl"
    asked.write_text('{"question": "Which river is in Berlin?", "answers": ["Spree"]}')
    about = ["--home", str(home.root), "--output"]
    questions = ["--questions", str(asked)]
    assert run(["export", "passages", *about, str(tmp_path / "p.tsv")]) == 0
    assert run(["export", "beir", *about, str(tmp_path / "beir")]) == 0
    assert run(["export", "trec", *questions, *about, str(tmp_path / "trec")]) == 0
    assert run(["export", "questions", *questions, *about, str(tmp_path / "fid.json")]) == 0
    assert run(["report", *about, str(tmp_path / "report.html")]) == 0
    for form in ("fid", "squad", "questions", "beir"):
        assert run(["export", "feedback", "--format", form, *about, str(tmp_path / form)]) != 0
    written = ["p.tsv", "beir/corpus.jsonl", "trec/run.txt", "fid.json", "report.html"]
    for name in written:
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert not [word for word in ("Spree.", "Berlin lies", "Spree?", " d1 ") if word in text]
    assert "Tiber" in (tmp_path / "p.tsv").read_text()


def test_passages_come_back_through_ingest(place, tmp_path):
    output = tmp_path / "psgs.tsv"
    assert run(["export", "passages", "--home", str(place / "home"), "--output", str(output)]) == 0
    store = open_corpus(Home(place / "home"))
    held = [store[row] for row in range(len(store))]
    with output.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter="\t"))
    assert rows == [["id", "text", "title"], *([p.id, p.text, p.title] for p in held)]
    assert run(["ingest", str(output), "--home", str(tmp_path / "second")]) == 0
    second = open_corpus(Home(tmp_path / "second"))
    again = [second[row] for row in range(len(second))]
    assert [(p.id, p.title, p.text) for p in again] == [(p.id, p.title, p.text) for p in held]


def export_questions(place, output, *flags):
    return run(
        ["export", "questions", "--questions", str(place / "q.jsonl"), "--top-k", "3",
         "--home", str(place / "home"), "--output", str(output), *flags]
    )  # fmt: skip


def test_questions_carry_what_the_generation_finds(place, tmp_path):
    assert export_questions(place, tmp_path / "d.json") == 0
    first, second = json.loads((tmp_path / "d.json").read_text())
    assert (first["id"], first["target"], first["answers"]) == ("a", "the Seine", ["Seine"])
    assert (second["id"], second["passage_id"], second["answers"]) == ("2", ["d3"], ["Tiber"])
    generation = Generation.open(Home(place / "home"), 1)
    for entry in (first, second):
        (hits,) = generation.search([entry["question"]], 3)
        found = generation.passages.get([hit.row for hit in hits])
        assert [c["id"] for c in entry["ctxs"]] == [p.id for p in found]
        assert [c["text"] for c in entry["ctxs"]] == [p.text for p in found]
        assert [c["score"] for c in entry["ctxs"]] == [hit.score for hit in hits]


def test_attention_is_that_of_the_reader(place, tmp_path, monkeypatch):
    monkeypatch.setenv("REREAD_READER_DTYPE", "float32")
    assert export_questions(place, tmp_path / "d.jsonl", "--attention", "--limit", "1") == 0
    (entry,) = read_scored_questions(tmp_path / "d.jsonl").entries
    reader = load_reader(DEFAULT_READER, device="cpu", dtype="float32")
    reading = reader.read([ReadRequest(entry.question, entry.passages)])[0]
    assert entry.scores == pytest.approx(reading.attention, abs=1e-4)
    assert entry.read_with["passages"] == [p.id for p in entry.passages]
    assert entry.read_with["reader"] == "starter_pointing" and entry.read_with["generation"] == 1


def test_given_passages_are_read_anew_and_only_those_read_are_kept(
    place, tmp_path, capsys, monkeypatch
):
    """What the published test_reader does to a file that has more passages than it reads."""
    monkeypatch.setenv("REREAD_READER_DTYPE", "float32")
    assert export_questions(place, tmp_path / "d.json") == 0
    entries = json.loads((tmp_path / "d.json").read_text())
    (tmp_path / "given.json").write_text(json.dumps([*entries, {"question": "no passages"}]))
    arguments = ["--questions", str(tmp_path / "given.json"), "--given", "--attention"]
    assert run(
        ["export", "questions", *arguments, "--top-k", "2", "--output", str(tmp_path / "s.json")]
    ) == 0  # fmt: skip
    assert "skipped 1: `ctxs` is missing or empty (first: entry 3)" in capsys.readouterr().out
    reader = load_reader(DEFAULT_READER, device="cpu", dtype="float32")
    for before, after in zip(
        entries, read_scored_questions(tmp_path / "s.json").entries, strict=True
    ):
        assert [p.id for p in after.passages] == [c["id"] for c in before["ctxs"][:2]]
        reading = reader.read([ReadRequest(after.question, after.passages)])[0]
        assert after.scores == pytest.approx(reading.attention, abs=1e-4)
        assert after.read_with["generation"] is None
        assert after.read_with["retrieval_scores"] == [c["score"] for c in before["ctxs"][:2]]


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--top-k", "0"], "--top-k is 0"),
        (["--given", "--split", "dev"], "exclude each other"),
        (["--output", "/nowhere/d.json"], "The folder /nowhere is not there"),
        (["--output", "/"], "/ is not a file"),
    ],
)
def test_mistakes_are_sentences(place, tmp_path, capsys, flags, complaint):
    assert export_questions(place, tmp_path / "d.json", *flags) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "d.json").exists()


def test_an_empty_home_has_nothing_to_export(place, tmp_path, capsys):
    empty = ["--home", str(tmp_path / "empty"), "--output", str(tmp_path / "o")]
    assert run(["export", "passages", *empty]) == 1
    assert run(["export", "questions", "--questions", str(place / "q.jsonl"), *empty]) == 1
    assert "reread build" in capsys.readouterr().err
