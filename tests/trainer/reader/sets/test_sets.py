"""Public sets on handmade samples: answers verbatim, refusals true, held-out articles kept out."""

import json
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from reread.errors import BadRequest
from trainer.reader.drawing.examples import fault_of, make_reading_example
from trainer.reader.sets.building import (
    held_out_runs,
    without_held_out,
    write_squad_like,
    write_unread,
)
from trainer.reader.sets.calibration_set import READ, SPARED, read_calibration
from trainer.reader.sets.candidate_pool import Asked, Pool
from trainer.reader.sets.origins import ORIGINS, Origin, collect
from trainer.reader.sets.passage_pieces import Passage, holds, pieces
from trainer.reader.sets.question_edits import edit_away, gather_names
from trainer.reader.sets.reader_examples import build_examples
from trainer.reader.sets.squad_format import Cutting, read_squad_format
from trainer.reader.sets.yesno_sets import balanced

RIVERS = {
    "Danube": "Vienna", "Seine": "Paris", "Spree": "Berlin", "Tiber": "Rome", "Thames": "London",
    "Vltava": "Prague",
}  # fmt: skip


def context(river: str, city: str) -> str:
    return (
        f"The {river} is a river. It flows slowly through the old city of {city} in the year 1850. "
        f"Many bridges cross the {river} near the market."
    )


def write_squad(path: Path) -> Path:
    data = []
    for river, city in RIVERS.items():
        text = context(river, city)
        question = {
            "question": f"Which old city does the {river} flow through?",
            "answers": [{"text": city, "answer_start": text.index(city)}],
        }
        data.append({"title": river, "paragraphs": [{"context": text, "qas": [question]}]})
    path.write_text(json.dumps({"data": data}), encoding="utf-8")
    return path


def test_squads_format_gives_answers_where_they_stand_and_leaves_barred_articles_out(
    tmp_path: Path,
):
    file = write_squad(tmp_path / "set.json")
    pool, asked = read_squad_format(file, Cutting("toy"), frozenset({"tiber"}))
    assert {one.article for one in pool.passages} == set(RIVERS) - {"Tiber"}
    for one in asked:
        assert [pool.passages[row].text for row in one.rows] == [
            context(one.article, RIVERS[one.article])
        ]
        assert one.answers == (RIVERS[one.article],)


def test_examples_are_sound_and_refusals_hold_no_answer(tmp_path: Path):
    pool, asked = read_squad_format(write_squad(tmp_path / "set.json"), Cutting("toy"))
    answers = {one.question: one.answers for one in asked}
    examples = build_examples(pool, asked, seed=3, share=0.5)
    kinds = [one["kind"] for one in examples]
    assert kinds.count("span") == 6 and 1 <= kinds.count("none") <= 3
    for one in examples:
        assert fault_of(make_reading_example(one)) == ""
        texts = [p["text"] for p in one["passages"]]
        for answer in one["answers"]:
            assert answer in texts[one["positives"][0]]
        if one["kind"] == "none":
            assert one["positives"] == [] and one["how"] in ("near", "edited")
            for answer in answers.get(one["question"], ()):
                assert not any(answer in text for text in texts)
    assert examples == build_examples(pool, asked, seed=3, share=0.5)


def test_a_question_is_edited_to_what_stands_nowhere():
    names = gather_names(["Who built the Eiffel Tower?", "Who built the Bell Tower?"])
    texts = ["Gustave built the Eiffel Tower in 1889."]
    edited = edit_away("Who built the Eiffel Tower in 1889?", texts, names, names, Random(1))
    assert edited is not None and edited != "Who built the Eiffel Tower in 1889?"
    assert not ("1889" in edited and "Eiffel" in edited)


def test_yes_and_no_are_as_many():
    asked = [Asked("a", f"Is it {n}?", ("yes",), (0,), "yesno") for n in range(9)]
    asked += [Asked("a", f"Is it not {n}?", ("no",), (0,), "yesno") for n in range(4)]
    found = [one.answers[0] for one in balanced(asked, 5)]
    assert found.count("yes") == found.count("no") == 4


def test_pieces_are_the_texts_own_characters_and_lose_none():
    text = " ".join(f"Sentence number {n} says little." for n in range(80))
    cuts = list(pieces(text, 40, 60))
    assert len(cuts) > 5
    assert all(text[cut.start : cut.end].strip() == cut.text for cut in cuts)
    assert " ".join(cut.text for cut in cuts) == text
    assert all(len(cut.text.split()) <= 60 for cut in cuts)


def test_holding_an_answer_is_by_whole_words():
    assert holds("It cost 1,250 litres.", "1,250") and not holds("It cost 11,2501.", "1,250")


def test_no_example_shares_ten_words_with_a_held_out_article(tmp_path: Path):
    secret = "one two three four five six seven eight nine ten eleven"
    lines = [{"id": "1", "title": "Normans", "text": secret},
             {"id": "2", "title": "Rivers", "text": "the " * 12}]  # fmt: skip
    (tmp_path / "passages.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    held = held_out_runs(tmp_path)
    near = {"passages": [{"title": "", "text": f"As said: {secret.title()}!"}]}
    far = {"passages": [{"title": "", "text": " ".join(secret.split()[:9])}]}
    assert without_held_out([near, far], held) == [far]


def commit(folder: Path) -> None:
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *command], check=True)


def test_files_are_taken_from_clones_as_committed(tmp_path: Path):
    clone = tmp_path / "clones/owner/set"
    (clone / "csv").mkdir(parents=True)
    (clone / "csv/a.tsv").write_text("1")
    (clone / "dev.json").write_text("{}")
    commit(clone)
    (clone / "dev.json").write_text("changed since")
    origins = [Origin("owner/set", "dev.json", "raw.json", "MIT"),
               Origin("owner/set", r"csv/.*\.tsv", "tables/", "MIT")]  # fmt: skip
    counts = collect(tmp_path / "clones", tmp_path / "raw", origins)
    assert counts == {"raw.json": 1, "tables/": 1}
    assert (tmp_path / "raw/raw.json").read_text() == "{}"
    assert (tmp_path / "raw/tables/csv/a.tsv").read_text() == "1"
    with pytest.raises(BadRequest, match=r"holds no other\.json"):
        collect(tmp_path / "clones", tmp_path, [Origin("owner/set", "other.json", "x", "MIT")])
    with pytest.raises(BadRequest, match="deepset-ai/COVID-QA, .*uwnlp/qamr"):
        collect(tmp_path / "clones", tmp_path / "raw")
    large = Origin("owner/large", "train.json", "train.json", "MIT", needed=False)
    assert collect(tmp_path / "clones", tmp_path / "raw", [*origins, large]) == counts
    with pytest.raises(BadRequest, match=r"set holds no train\.json"):  # there, but without it
        collect(tmp_path / "clones", tmp_path, [replace(large, repository="owner/set")])


def squad_train(file: Path) -> None:
    """Articles by number about a river each, and a held-out one last."""
    data = []
    for number in range(SPARED + 2):
        text = f"River {number} flows through Town{number}, where many bridges cross it."
        town = {"text": f"Town{number}", "answer_start": text.index("Town")}
        question = {"question": f"Where do bridges cross river {number}?", "answers": [town]}
        data.append(
            {"title": f"River_{number}", "paragraphs": [{"context": text, "qas": [question]}]}
        )
    data[-1]["title"] = "Normans"
    file.write_text(json.dumps({"data": data}))


def test_squads_training_set_is_read_where_it_was_collected(tmp_path: Path) -> None:
    """But for its first articles, which are there to choose by, and held-out ones."""
    for name in ("wiki.json", "reddit.json", "amazon.json"):
        write_squad(tmp_path / name)
    line = {"id": "Lakes#0", "title": "Lakes", "text": "The lake is blue."}
    (tmp_path / "passages.jsonl").write_text(json.dumps(line) + "\n")
    asked = {"passage_id": "Lakes#0", "split": "train", "question": "Which lake is blue?"}
    (tmp_path / "questions.jsonl").write_text(json.dumps({**asked, "answers": ["blue"]}) + "\n")

    def titles() -> Counter[str]:
        write_squad_like(tmp_path, tmp_path, tmp_path, seed=1)
        lines = [json.loads(one) for one in (tmp_path / "squadlike.jsonl").open()]
        return Counter(one["passages"][0]["title"] for one in lines if one["answers"])

    without = titles()
    squad_train(tmp_path / "squad-train.json")
    assert titles() == without + Counter({f"River {SPARED}": 1})


def test_choices_are_made_by_articles_that_nothing_trains_on(tmp_path: Path) -> None:
    """Their questions are read with passages of these articles alone."""
    with pytest.raises(BadRequest, match="clone rajpurkar/SQuAD-explorer among the others and"):
        write_unread(tmp_path, tmp_path, tmp_path, seed=1)
    clone = tmp_path / "clones/rajpurkar/SQuAD-explorer"  # the remedy, followed
    (clone / "dataset").mkdir(parents=True)
    squad_train(clone / "dataset/train-v1.1.json")
    commit(clone)
    collect(tmp_path / "clones", tmp_path, [one for one in ORIGINS if not one.needed])
    assert write_unread(tmp_path, tmp_path, tmp_path, seed=1) == SPARED
    lines = [json.loads(one) for one in (tmp_path / "unread.jsonl").open()]
    numbers = [int(one["answers"][0].removeprefix("Town")) for one in lines]
    assert sorted(numbers) == list(range(SPARED))
    for number, one in zip(numbers, lines, strict=True):
        titles = [p["title"] for p in one["passages"]]
        assert len(titles) == READ and {*titles} <= {f"River {n}" for n in range(SPARED)}
        assert [titles[at] for at in one["positives"]] == [f"River {number}"]
        assert one["question"].endswith(f"river {number}?") and one["kind"] == "span"


def test_every_origin_has_a_licence_and_a_name_of_its_own():
    assert len({origin.name for origin in ORIGINS}) == len(ORIGINS)
    assert all(origin.licence and "/" in origin.repository for origin in ORIGINS)


def test_passages_of_a_pool_are_found_by_article():
    pool = Pool("x", [Passage("a", "A", "one"), Passage("b", "B", "two")])
    assert pool.by_article == {"a": [0], "b": [1]}


def test_calibration_questions_are_dev_questions_as_retrieved(tmp_path: Path) -> None:
    """Not those of barred articles, nor any that training reads; unanswerable where retrieval
    brought no answer."""
    texts = {"A": "The fox is red.", "B": "The hen is grey.", "Barred": "The owl is white."}
    asked = [
        ("A#0", "dev", "Which fox is red?", ["red"]),
        ("B#0", "dev", "Which hen is green?", ["nowhere"]),
        ("A#0", "train", "Which fox?", ["red"]),
        ("Barred#0", "dev", "Which owl is white?", ["white"]),
    ]
    (tmp_path / "passages.jsonl").write_text("".join(
        json.dumps({"id": f"{title}#0", "title": title, "text": text}) + "\n"
        for title, text in texts.items()
    ))  # fmt: skip
    (tmp_path / "questions.jsonl").write_text("".join(
        json.dumps({"id": str(n), "passage_id": p, "split": s, "question": q, "answers": a}) + "\n"
        for n, (p, s, q, a) in enumerate(asked)
    ))  # fmt: skip
    found = {
        one["question"]: one for one in read_calibration(tmp_path, frozenset(["barred"]), 9, 0)
    }
    assert set(found) == {"Which fox is red?", "Which hen is green?"}
    fox, hen = found["Which fox is red?"], found["Which hen is green?"]
    assert [fox["passages"][at]["text"] for at in fox["positives"]] == ["The fox is red."]
    assert (hen["kind"], hen["answers"], hen["positives"]) == ("none", [], [])
