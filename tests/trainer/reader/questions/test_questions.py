"""Made questions: answers stand in every right passage, refusals have none, verdicts balance."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from random import Random

import pytest

from trainer.reader.drawing.examples import fault_of as fault_for_training
from trainer.reader.drawing.examples import make_reading_example
from trainer.reader.questions.definitions import described
from trainer.reader.questions.facts import FEWEST_WORDS, MOST_WORDS, Example, as_record
from trainer.reader.questions.generate import SHARES, examples, makers
from trainer.reader.questions.invented.documents import read_domains
from trainer.reader.questions.real.examples import table
from trainer.reader.questions.real.facts_of_packages import installed_packages
from trainer.reader.questions.real.records import Record, fact_of
from trainer.reader.questions.texts.described import DESCRIBED
from trainer.reader.questions.texts.work import WORK
from trainer.reader.questions.yes_no import by_fact

ROOT = Path(__file__).parents[4]
COUNT = 700


@pytest.fixture(scope="module")
def made() -> list[Example]:
    return list(examples(1, COUNT, makers(None, None)))


def test_all_kinds_are_made_in_their_shares(made: list[Example]):
    counts = Counter(one.kind for one in made)
    shares = {kind: share for kind, share in SHARES.items() if kind != "prose"}  # needs texts
    assert set(counts) == set(shares)
    for kind, share in shares.items():
        wanted = COUNT * share / sum(shares.values())
        assert abs(counts[kind] - wanted) < 4 * wanted**0.5, kind


def test_answers_stand_word_for_word_in_every_right_passage(made: list[Example]):
    for one in made:
        if one.kind in ("none", "yesno"):
            continue
        assert one.answers and one.positives
        for row in one.positives:
            assert all(answer in one.passages[row].text for answer in one.answers), one


def test_refusals_are_refusals(made: list[Example]):
    refused = [one for one in made if one.kind == "none"]
    assert len(refused) > 50
    assert all(one.answers == () and one.positives == () and one.passages for one in refused)
    asked = {(one.article, one.question) for one in made if one.answers}
    assert not any((one.article, one.question) in asked for one in refused)


def test_yes_is_no_likelier_than_no(made: list[Example]):
    counts = Counter(one.answers[0] for one in examples(2, 1500, makers(None, None))
                     if one.kind == "yesno")  # fmt: skip
    assert set(counts) == {"yes", "no"}
    total = sum(counts.values())
    assert abs(counts["yes"] - total / 2) < 3 * (total / 4) ** 0.5


def test_passages_have_a_readable_length_and_stand_once(made: list[Example]):
    for one in made:
        texts = [passage.text for passage in one.passages]
        assert len(set(texts)) == len(texts)
        assert all(FEWEST_WORDS <= len(text.split()) <= MOST_WORDS for text in texts)


def test_no_question_is_made_twice_of_the_same_passage(made: list[Example]):
    keys = [(one.question.lower(), one.answers, one.passages[:1]) for one in made]
    assert len(set(keys)) == len(keys)


def test_what_a_thing_is_is_the_value_that_says_so():
    """Not the section it is filed in: a reader answered `libs` where the description stood."""
    domains, random = read_domains(DESCRIBED), Random(0)
    for _ in range(200):
        one = described(random, domains, "x")
        page, [answer] = one.passages[0], one.answers
        assert one.kind == "definition" and page.text.count(answer) >= 1 and one.article in (
            page.title + page.text
        )  # fmt: skip
        first = {rules[0].names for _, rules in (domain.headings[0] for domain in domains)}
        flat = page.text.lower().replace("_", " ")
        assert any(name in flat[: flat.index(answer.lower())] for names in first for name in names)


def test_a_thing_needs_runs_on_or_speaks_what_its_list_names():
    domains = [one for one in read_domains(WORK) if one.noun == "program"]
    random, asked = Random(0), Counter[str]()
    for _ in range(3000):
        wanted = random.random() < 0.5
        one = by_fact(random, domains, "x", wanted)
        found = one and re.search(r"[Dd]oes (it|.*?) depend on ([^?]+)", one.question)
        if one and found and found[2] != one.article:
            stated = found[2].strip().lower() in one.passages[0].text.lower()
            assert stated == wanted, one
            asked["yes" if wanted else "no"] += 1
    assert min(asked["yes"], asked["no"]) > 5


def test_packages_installed_beside_this_one_say_what_they_are():
    found = {name: headings for name, headings in installed_packages()}
    [(_, facts)] = found["numpy"]
    own = {fact.label: fact.value for fact in facts}
    assert own["version"] == version("numpy") and "array" in own["summary"]
    assert all(len(facts) > 3 for headings in found.values() for _, facts in headings)


def test_a_table_of_records_with_gaps_has_rows():
    """Draws without three full rows were asked about all the same, and ended in an IndexError."""
    full = [fact_of("code", "c"), fact_of("town", "t"), fact_of("year", "1990")]
    records: list[Record] = [
        (f"Thing {n}", [("Data", full if n % 3 == 0 else full[:1])]) for n in range(12)
    ]
    random = Random(0)
    for _ in range(60):
        one = table(random, {"thing": records}, "x")
        assert (
            one.positives == (0,)
            and sum(f"Thing {n}" in one.passages[0].text for n in range(12)) > 2
        )


def test_lines_are_what_training_reads(made: list[Example]):
    for one in made[:100]:
        found = make_reading_example(json.loads(json.dumps(as_record(one))))
        assert fault_for_training(found) == ""
        assert found.question == one.question and found.kind == one.kind


def test_the_same_seed_writes_the_same_file_in_another_process(tmp_path: Path):
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl")]
    for file, seed, hashing in zip(files, (1, 1, 2), ("0", "1", "0"), strict=True):
        subprocess.run(
            [sys.executable, "-m", "trainer.reader.questions", "--output", file, "--count", "60",
             "--seed", str(seed)],
            check=True, capture_output=True, cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": hashing},
        )  # fmt: skip
    one, same, other = (file.read_text(encoding="utf-8") for file in files)
    assert one == same != other
