"""TREC's and BEIR's files: written, read back, and measured as a slow hand does."""

import json
import math
from pathlib import Path

import pytest

from evaluation.formats.beir import read_beir, read_labelled, write_corpus, write_queries
from evaluation.formats.trec import measure_run, read_qrels, read_run, write_qrels, write_run
from evaluation.questions import LabelledQuestion
from reread.errors import BadRequest
from reread.records import Passage

QRELS = {"1": {"a": 1, "b": 1}, "2": {"c": 2}, "3": {"x": 1}}
RUN = {"1": {"z": 3.0, "a": 2.0, "b": 1.0}, "2": {"c": 1.0}, "9": {"a": 1.0}}


def test_files_come_back_as_they_were_written(tmp_path: Path):
    ranked = [("q 1", [("guide.md 3", 2.5), ("b", -1.0)]), ("2", [])]
    assert write_run(tmp_path / "run", ranked) == 2
    assert (tmp_path / "run").read_text() == (
        "q%201 Q0 guide.md%203 1 2.500000 reread\nq%201 Q0 b 2 -1.000000 reread\n"
    )
    assert read_run(tmp_path / "run") == {"q%201": {"guide.md%203": 2.5, "b": -1.0}}
    assert write_qrels(tmp_path / "qrels", [("1", ["a", "b", "a"]), ("2", [])]) == 2
    assert read_qrels(tmp_path / "qrels") == {"1": {"a": 1, "b": 1}}


def test_figures_are_trec_evals():
    """By hand; the judged query without a line counts 0, the one nobody judged not at all."""
    figures, queries = measure_run(QRELS, RUN, (1, 2))
    assert queries == 3
    gain = 1 / math.log2(3)
    ideal = 1 + gain
    assert figures == pytest.approx({
        "recall_at.1": (0 + 1 + 0) / 3, "recall_at.2": (0.5 + 1 + 0) / 3,
        "ndcg_at.1": (0 + 1 + 0) / 3, "ndcg_at.2": (gain / ideal + 1 + 0) / 3,
        "mrr": (0.5 + 1 + 0) / 3, "map": ((1 / 2 + 2 / 3) / 2 + 1 + 0) / 3,
    })  # fmt: skip
    with pytest.raises(BadRequest, match="judge no query"):
        measure_run({}, RUN)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("1 Q0 a 1 2.0\n", "line 1 has 5 fields where 6"), ("\n1 Q0 a 1 x t\n", "line 2: 'x' is no")],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, sentence: str):
    (tmp_path / "run").write_text(text)
    with pytest.raises(BadRequest, match=sentence):
        read_run(tmp_path / "run")
    with pytest.raises(BadRequest, match="cannot be read"):
        read_qrels(tmp_path / "nothing")


def test_a_beir_folder_there_and_back(tmp_path: Path):
    questions = [
        LabelledQuestion("a", "Which river?", (), ("rome", "tiber")),
        LabelledQuestion("b", "No gold?", ()),
    ]
    write_queries(tmp_path, questions)
    assert read_beir(tmp_path) == questions[:1]
    assert read_labelled(tmp_path) == questions[:1]
    assert (tmp_path / "qrels" / "test.tsv").read_text().startswith("query-id\tcorpus-id\tscore\n")
    assert write_corpus(tmp_path / "corpus.jsonl", [Passage("p", "T", "text", "s.md")]) == 1
    assert json.loads((tmp_path / "corpus.jsonl").read_text()) == {
        "_id": "p", "title": "T", "text": "text", "metadata": {"source": "s.md"},
    }  # fmt: skip
    with pytest.raises(BadRequest, match="dev.tsv cannot be read"):
        read_beir(tmp_path, "dev")
