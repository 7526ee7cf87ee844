"""Question files of a run: JSONL and FiD's form, splits, draws, and what each error names."""

import json
from pathlib import Path

import pytest

from reread.errors import BadRequest
from trainer.iterative.asked_questions import fingerprint, given_passages, parse_asked, read_asked

LINES = [
    {"question": "a?", "answers": ["x"], "split": "train", "passage_id": "p", "document": "d"},
    {"question": "b?", "answer": "y", "split": "dev"},
    {"id": 7, "question": "c?", "target": "z", "answers": ["z", "zz"], "split": "train",
     "ctxs": [{"id": 1, "title": "t", "text": "one"}, {"text": "two"}]},
]  # fmt: skip


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_jsonl_and_an_array_give_the_same(tmp_path: Path):
    lines = write(tmp_path / "q.jsonl", "\n".join(map(json.dumps, LINES)) + "\n")
    array = write(tmp_path / "q.json", json.dumps(LINES, indent=2))
    found = read_asked(lines)
    assert found == read_asked(array) and fingerprint(found) == fingerprint(read_asked(array))
    assert [one.label.id for one in found] == ["1", "2", "7"]
    assert found[0].document == "d" and found[0].label.passage_ids == ("p",)
    assert [one.training_answers for one in found] == [("x",), ("y",), ("z",)]
    assert found[2].label.answers == ("z", "zz")
    assert [p.id for p in found[2].given] == ["1", "1"], "the place stands for a missing id"
    assert [one.label.id for one in read_asked(lines, split="train")] == ["1", "7"]


def test_a_draw_keeps_the_order_and_follows_the_seed(tmp_path: Path):
    body = [{"id": n, "question": f"{n}?", "answers": ["x"]} for n in range(50)]
    path = write(tmp_path / "q.json", json.dumps(body))
    drawn = [int(one.label.id) for one in read_asked(path, limit=10, seed=1)]
    assert drawn == sorted(drawn) and len(set(drawn)) == 10
    assert drawn == [int(one.label.id) for one in read_asked(path, limit=10, seed=1)]
    assert drawn != [int(one.label.id) for one in read_asked(path, limit=10, seed=2)]
    assert len(read_asked(path, limit=99)) == 50


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"question": "a?", "answers": ["x"]}\n{"question": ', "line 2 is not JSON"),
        ('[{"question": "a?", "answers": ["x"], "ctxs": [{"title": "t"}]}]', "entry 1: a passage"),
        ('{"question": "", "answers": ["x"]}', "`question` must be"),
        ("[]", "holds no question"),
        ("[1]", "entry 1: it is int"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str):
    with pytest.raises(BadRequest, match=words):
        read_asked(write(tmp_path / "q", text))


def test_one_id_for_several_texts_becomes_several_ids():
    entry = {"question": "a?", "answers": ["x"]}
    first = parse_asked({**entry, "ctxs": [{"text": "one"}, {"text": "two"}]}, default_id="1")
    second = parse_asked({**entry, "ctxs": [{"text": "two"}, {"text": "six"}]}, default_id="2")
    passages, rows = given_passages([first, second])
    assert [p.text for p in passages] == ["one", "two", "six"] and rows == [[0, 1], [1, 2]]
    assert passages[0].id == "0" and passages[1].id == "1" and passages[2].id.startswith("1~")
    assert len({p.id for p in passages}) == 3
