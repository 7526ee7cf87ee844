"""`reread evaluate` as a person runs it: a tiny home, the starter reader, one real process."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from command.__main__ import run
from reread.artefacts.passages import PassageStore
from reread.home import Home
from reread.records import Passage

ROOT = Path(__file__).parent.parent.parent
PASSAGES = [
    Passage("paris", "Paris", "Paris is the capital of France and lies on the Seine."),
    Passage("berlin", "Berlin", "Berlin is the capital of Germany and lies on the Spree."),
    Passage("rome.1", "Rome", "Rome is the capital of Italy; the Tiber runs through it."),
    Passage("bees", "Bees", "Bees make honey from nectar and dance to show where it is."),
]
QUESTIONS = [
    {"id": "a", "question": "What is the capital of France?", "answers": ["Paris"],
     "passage_id": "paris"},
    {"id": "b", "question": "Which river runs through Rome?", "answers": ["the Tiber", "Tiber"],
     "passage_id": "rome"},
    {"id": "c", "question": "What do bees make?", "answer": "honey"},
]  # fmt: skip


def evaluate(home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The same command line without a process of its own: what it prints is what it prints."""
    told, complained = StringIO(), StringIO()
    command = ["evaluate", *map(str, arguments)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(told), redirect_stderr(complained):
        patch.setenv("REREAD_HOME", str(home))
        patch.setenv("REREAD_THREADS", "1")
        code = run(command)
    return subprocess.CompletedProcess(command, code, told.getvalue(), complained.getvalue())


def evaluate_in_process(home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("REREAD_")}
    return subprocess.run(
        [sys.executable, "-m", "command", "evaluate", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=240,
        env=environment | {"REREAD_HOME": str(home), "REREAD_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published BM25 generation over four passages."""
    from index_builder.build.generation import build_generation
    from index_builder.build.plan import Plan
    from reread.commit import committed_dir

    home = Home(tmp_path_factory.mktemp("home")).create()
    with committed_dir(home.passages_dir / "1") as scratch:
        PassageStore.create(scratch, PASSAGES)
    build_generation(home, Plan("bm25", verify=lambda _: {}))
    return home.root


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in QUESTIONS), encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_json_alone_is_on_stdout_and_keeps_its_names(home: Path, questions: Path) -> None:
    done = evaluate_in_process(home, "--questions", questions, "--no-reader", "--json")
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stdout)
    assert list(body)[:6] == ["generation", "questions", "top_k", "em", "f1", "recall_at"]
    assert (body["generation"], body["questions"], body["em"], body["f1"]) == (1, 3, None, None)
    assert body["recall_at"] == {
        "passage": {"1": 1.0, "5": 1.0, "20": 1.0}, "answer": {"1": 1.0, "5": 1.0, "20": 1.0}
    }  # fmt: skip
    assert (body["depths"], body["corpus_passages"]) == ([1, 5, 20], 4)
    assert body["ranking"]["recall_at"] == body["recall_at"]["passage"]
    assert (body["long_answers"], body["intervals"]["ranking.mrr"]) == (None, [1.0, 1.0])
    assert "100%" in done.stderr


def test_the_starter_reader_is_measured_and_compared(
    home: Path, questions: Path, tmp_path: Path
) -> None:
    shared = ("--questions", questions, "--long-answers", "--depths", "2,1")
    first = evaluate(home, *shared, "--top-k", 1, "--results", tmp_path / "one.jsonl")
    assert first.returncode == 0, first.stderr
    second = evaluate(
        home, *shared, "--top-k", 4, "--results", tmp_path / "four.jsonl", "--json", "--seed", 3
    )
    assert second.returncode == 0, second.stderr
    body, lines = json.loads(second.stdout), read_lines(tmp_path / "four.jsonl")
    assert body["em"] == pytest.approx(sum(line["em"] for line in lines) / 3)
    assert body["bootstrap"]["seed"] == 3
    assert [line["retrieved"][0] for line in lines] == ["paris", "rome.1", "bees"]
    assert [line["metrics"]["ranking.mrr"] for line in lines] == [1.0, 1.0, None]
    assert_table_is_aligned(first.stdout)

    done = evaluate(
        home, "--compare", tmp_path / "one.jsonl", tmp_path / "four.jsonl", "--json",
        "--metric", "f1", "--metric", "long_answers.meteor",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found["differences"]) == ["f1", "long_answers.meteor"]
    alone = [line["f1"] for line in read_lines(tmp_path / "one.jsonl")]
    gain = body["f1"] - sum(alone) / 3
    assert found["differences"]["f1"]["difference"] == pytest.approx(gain)
    assert set(found["differences"]["f1"]) == {
        "questions", "first", "second", "difference", "low", "high", "p_value"
    }  # fmt: skip


def assert_table_is_aligned(text: str) -> None:
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("figure"))
    table = [line for line in lines[start:] if "[" in line]
    assert len({len(line) for line in [lines[start], *table]}) == 1
    assert {"em", "f1", "recall_at.passage.2", "ranking.mrr", "long_answers.bleu_4"} <= {
        line.split()[0] for line in table
    }
    assert lines[start - 1].startswith("generation 1   questions 3 (2 with gold passages)")
    assert "METEOR: nltk" in text and "no synonyms" in text


def write_file(path: Path, figures: Sequence[float]) -> Path:
    lines = [
        {"id": str(n), "question": "q", "metrics": {"em": one}} for n, one in enumerate(figures)
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_a_comparison_is_a_table_with_a_line_per_figure(tmp_path: Path) -> None:
    first = write_file(tmp_path / "a", [0.0] * 30)
    second = write_file(tmp_path / "b", [0.0] * 10 + [1.0] * 20)
    done = evaluate(tmp_path, "--compare", first, second)
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("em "))
    assert row.split()[:5] == ["em", "30", "0.0000", "0.6667", "+0.6667"]
    assert row.split()[-1] == "0.0001"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--questions FILE"),
        (["--compare", "a"], "--compare"),
        (["--compare", "/no/such", "/no/file"], "/no/such"),
        (["--compare", "a", "b", "--questions", "q"], "leave out --questions"),
        (["--questions", "q", "--metric", "em"], "--compare"),
        (["--questions", "q", "--depths", "1,x"], "1,x"),
        (["--questions", "q", "--depths", "0"], "1 to 1000"),
        (["--questions", "q", "--limit", "0"], "--limit"),
        (["--questions", "q", "--top-k", "0"], "--top-k is 0"),
        (["--questions", "q", "--long-answers", "--no-reader"], "--no-reader"),
        (["--questions", "q", "--results", "/no/such/folder/r"], "/no/such/folder/r"),
    ],
)
def test_mistakes_get_one_sentence_and_code_2(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = evaluate(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr


def test_depths_beyond_the_corpus_are_one_sentence(home: Path, questions: Path) -> None:
    done = evaluate(home, "--questions", questions, "--no-reader", "--depths", 100)
    assert done.returncode == 2
    assert "4 passages" in done.stderr and "Traceback" not in done.stderr


def test_trec_files_measure_as_the_evaluation_itself(home: Path, tmp_path: Path) -> None:
    """Export as BEIR, read that back, export a run: three ways, one recall and one nDCG."""
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(one) + "\n" for one in QUESTIONS))
    beir, trec = tmp_path / "beir", tmp_path / "trec"
    told = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(told):
        patch.setenv("REREAD_HOME", str(home))
        questions = ["--questions", str(tmp_path / "q.jsonl")]
        assert run(["export", "beir", "--output", str(beir), *questions]) == 0
        assert run(["export", "trec", "--output", str(trec), "--questions", str(beir)]) == 0
    assert len((beir / "corpus.jsonl").read_text().splitlines()) == len(PASSAGES)
    files = ["--run", trec / "run.txt", "--qrels", trec / "qrels.txt"]
    by_file = json.loads(evaluate(home, *files, "--json", "--depths", "1,2").stdout)
    assert by_file["queries"] == 2  # the third names no gold passage
    direct = evaluate(home, "--questions", beir, "--no-reader", "--json", "--depths", "1,2")
    figures = json.loads(direct.stdout)["recall_at"]["passage"]
    assert by_file["recall_at.1"] == figures["1"] == 1.0
    said = evaluate(home, "--questions", beir).stderr
    assert "holds no answers; add --no-reader" in said
    assert "go together" in evaluate(home, "--run", trec / "run.txt").stderr
