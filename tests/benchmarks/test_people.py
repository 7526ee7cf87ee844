"""Simulated people: what they say, the cells that learn from it, and an honest verdict."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.people.__main__ import main
from benchmarks.people.cells import ARMS, some_articles
from benchmarks.people.simulation import Found, answered, favourite_of, judged
from benchmarks.people.verdict import judge, lines_of
from evaluation.questions import LabelledQuestion
from reread.records import Passage
from tests.worlds.tiny import make_encoder, make_passages

ARTICLES = ("Normans", "Oxygen", "Rhine")
SMALL = ["--articles", "2", "--train", "12", "--measured", "8", "--epochs", "1", "--top-k", "5"]


def make_data(folder: Path) -> Path:
    """Passages of three articles by their number; a question repeats its passage's words."""
    folder.mkdir()
    lines, asked = [], []
    for n, one in enumerate(make_passages()):
        id, words = f"{ARTICLES[n % 3]}#{n}", one.text.split()
        lines.append(json.dumps({"id": id, "title": "", "text": one.text}))
        question = f"where is the {words[-1]} {words[0]} {n}"
        asked.append(
            json.dumps({"id": str(n), "question": question, "answers": [words[-1]],
                        "passage_id": id, "split": "dev" if n % 2 else "train"})
        )  # fmt: skip
    (folder / "passages.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "questions.jsonl").write_text("\n".join(asked) + "\n")
    return folder


def asked_and_found(count: int) -> tuple[list[LabelledQuestion], list[Found]]:
    """Every question's right passage is the third of its list."""
    asked = [LabelledQuestion(str(n), f"who is {n}", ("Ada",), (f"p{n}.2",)) for n in range(count)]
    lists: list[Found] = [
        [
            (k, Passage(f"p{n}.{k}", "", "one two three four" + " Ada" * (k == 2)), 1.0)
            for k in range(5)
        ]
        for n in range(count)
    ]
    return asked, lists


@pytest.mark.slow
def test_cells_are_worked_out_once_and_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, results = make_data(tmp_path / "data"), tmp_path / "results"
    encoder = make_encoder(tmp_path / "encoder")
    command = ["--data", str(data), "--work", str(tmp_path / "work"), "--results", str(results),
               "--encoder", str(encoder), *SMALL]  # fmt: skip
    main([*command, "--minutes", "0"])
    assert "3 cells left" in capsys.readouterr().out and list(results.iterdir()) == []
    assert main(command) in (0, 1)
    assert sorted(path.name for path in results.iterdir()) == [f"{arm}-0.json" for arm in ARMS]
    bodies = {path.stem: json.loads(path.read_text()) for path in results.iterdir()}
    assert all(len(body["ranks"]) == 8 for body in bodies.values())
    assert bodies["nobody-0"]["judged"] == 0 < bodies["right-0"]["judged"]
    assert bodies["right-0"]["judged"] == bodies["some_wrong-0"]["judged"]
    before = {path: path.stat().st_mtime_ns for path in results.iterdir()}
    capsys.readouterr()
    main(command)
    assert {path: path.stat().st_mtime_ns for path in results.iterdir()} == before
    assert "8 questions nobody asked, seeds 0." in capsys.readouterr().out
    with pytest.raises(SystemExit, match="train"):
        main([*command, "--train", "11"])


def test_the_articles_are_spread_over_the_names(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data")
    assert some_articles(data, 2) == {"Normans", "Oxygen"}
    assert some_articles(data, 9) == set(ARTICLES)


def test_the_reader_is_right_as_often_as_its_skill_says() -> None:
    asked, lists = asked_and_found(2000)
    records = answered(asked, lists, skill=0.7, seed=0)
    right = [favourite_of(one) == f"p{n}.2" for n, one in enumerate(records)]
    assert np.mean(right) == pytest.approx(0.7 + 0.3 / 5, abs=0.06)  # or by chance; noise is 1 to 3
    assert [one.answer == "Ada" for one in records] == right
    assert records == answered(asked, lists, skill=0.7, seed=0)


def test_right_people_mark_and_say_only_what_is_right() -> None:
    asked, lists = asked_and_found(500)
    records = answered(asked, lists, skill=0.5, seed=1)
    said = judged(records, asked, lists, told=0.5, wrong=0.0, seed=2)
    assert 200 < len(said) < 300
    for id, word in said.items():
        gold = f"p{id}.2"
        assert (word.verdict == "correct") == (favourite_of(records[int(id)]) == gold)
        assert set(word.passage_ids) <= {gold}
        assert word.answer in (None, "Ada")


def test_those_who_err_say_the_opposite_and_are_as_many_as_wanted() -> None:
    asked, lists = asked_and_found(2000)
    records = answered(asked, lists, skill=0.5, seed=1)
    right = judged(records, asked, lists, told=0.5, wrong=0.0, seed=2)
    some = judged(records, asked, lists, told=0.5, wrong=0.2, seed=2)
    assert right.keys() == some.keys()
    differ = [id for id in right if right[id].verdict != some[id].verdict]
    assert len(differ) / len(right) == pytest.approx(0.2, abs=0.04)
    for id in differ:
        assert f"p{id}.2" not in some[id].passage_ids
        assert some[id].answer != "Ada"
    assert all(right[id] == some[id] for id in right.keys() - set(differ))


def made(nobody: list[int], right: list[int], wrong: list[int]) -> dict[tuple[str, int], list[int]]:
    return {("nobody", 0): nobody, ("right", 0): right, ("some_wrong", 0): wrong}


def test_the_verdict_is_a_paired_bootstrap_over_questions() -> None:
    """Slowly: every resample draws the same questions for both arms."""
    chance = Random(0)
    nobody = [chance.choice([1, 2]) for _ in range(120)]
    wrong = [2 if chance.random() < 0.1 else rank for rank in nobody]
    verdict = judge(made(nobody, nobody, wrong))
    assert verdict.harmed is not None and verdict.gained is not None
    difference = [(b == 1) - (a == 1) for a, b in zip(nobody, wrong, strict=True)]
    assert verdict.harmed.value == pytest.approx(np.mean(difference))
    draws = sorted(np.mean([chance.choice(difference) for _ in range(120)]) for _ in range(4000))
    assert verdict.harmed.low == pytest.approx(draws[100], abs=0.01)
    assert verdict.harmed.high == pytest.approx(draws[-100], abs=0.01)
    assert (verdict.gained.low, verdict.gained.high) == (0.0, 0.0)


def test_a_bound_holds_breaks_or_cannot_be_told() -> None:
    same = judge(made([1] * 300, [1] * 300, [1] * 300))
    assert not same.is_broken and "no more than 1 point: holds." in list(lines_of(same))[-1]
    worse = judge(made([1] * 300, [1] * 300, [2] * 60 + [1] * 240))
    assert worse.is_broken and "does not hold." in list(lines_of(worse))[-1]
    few = judge(made([1] * 30, [1] * 30, [2] + [1] * 29))
    assert not few.is_broken and "cannot be told" in list(lines_of(few))[-1]
    assert list(lines_of(judge({("nobody", 0): [1]}))) == ["No seed has every arm yet."]
