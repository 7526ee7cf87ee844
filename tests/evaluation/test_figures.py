"""All figures of one evaluation together: names, means, intervals, and a line per question."""

import json
from pathlib import Path

import pytest

from evaluation.comparison import compare
from evaluation.figures import measure_figures
from evaluation.long_answers import score_long_answers
from evaluation.measure import Evaluation, evaluate
from evaluation.results_file import read_results, write_results
from reread.artefacts.passages import PassageStore
from tests.evaluation.test_measure import PASSAGES, QUESTIONS
from tests.worlds.fakes import EchoReader
from tests.worlds.tiny import WordSearch, make_store

MEANS = ["em", "f1"]
RECALLS = [f"recall_at.{kind}.{k}" for kind in ("passage", "answer") for k in (1, 5, 20)]
RANKING = [f"ranking.{name}.{k}" for name in ("recall_at", "ndcg_at") for k in (1, 5, 20)]
LONG = ["rouge_l", "sentence_bleu_1", "sentence_bleu_4", "meteor"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PassageStore:
    return make_store(tmp_path_factory.mktemp("store"), PASSAGES)


@pytest.fixture(scope="module")
def read(store: PassageStore) -> Evaluation:
    return evaluate(WordSearch(store), EchoReader(), QUESTIONS, 1)


def look_up(nested: dict, name: str) -> object:
    for part in name.split("."):
        nested = nested[part]
    return nested


def test_what_evaluate_found_stays_and_the_rest_is_added(read: Evaluation) -> None:
    metrics = measure_figures(QUESTIONS, read, resamples=200).metrics
    assert {name: metrics[name] for name in read.metrics} == read.metrics
    assert list(metrics)[len(read.metrics) :] == [
        "depths", "searched", "corpus_passages", "labelled_questions",
        "ranking", "long_answers", "intervals", "bootstrap",
    ]  # fmt: skip
    assert (metrics["depths"], metrics["labelled_questions"]) == ([1, 5, 20], 3)
    assert metrics["ranking"]["mrr"] == pytest.approx(2 / 3)
    assert metrics["ranking"]["recall_at"] == pytest.approx(metrics["recall_at"]["passage"])
    assert metrics["long_answers"] is None
    assert metrics["bootstrap"] == {"confidence": 0.95, "resamples": 200, "seed": 0}
    assert sorted(metrics["intervals"]) == sorted([*MEANS, *RECALLS, *RANKING, "ranking.mrr"])
    json.dumps(metrics, allow_nan=False)


def test_every_mean_is_that_of_the_lines_and_lies_in_its_interval(read: Evaluation) -> None:
    found = measure_figures(QUESTIONS, read, long_answers=True)
    assert list(found.lines[0]["metrics"]) == [
        *MEANS, *RECALLS, "ranking.recall_at.1", "ranking.recall_at.5", "ranking.recall_at.20",
        "ranking.ndcg_at.1", "ranking.ndcg_at.5", "ranking.ndcg_at.20", "ranking.mrr",
        *(f"long_answers.{name}" for name in LONG),
    ]  # fmt: skip
    for name in found.lines[0]["metrics"]:
        values = [line["metrics"][name] for line in found.lines]
        known = [value for value in values if value is not None]
        assert len(known) == (3 if "passage" in name or "ranking" in name else 4)
        low, high = found.metrics["intervals"][name]
        assert look_up(found.metrics, name) == pytest.approx(sum(known) / len(known))
        assert low <= sum(known) / len(known) + 1e-9 and sum(known) / len(known) <= high + 1e-9


def test_bleu_of_the_set_has_an_interval_and_no_value_per_question(read: Evaluation) -> None:
    found = measure_figures(QUESTIONS, read, long_answers=True, resamples=300, seed=9)
    answers = [one.answer or "" for one in read.results]
    bleu = score_long_answers(answers, [one.answers for one in QUESTIONS]).bleu["bleu_1"]
    assert found.metrics["long_answers"]["bleu_1"] == bleu.corpus
    interval = found.metrics["intervals"]["long_answers.bleu_1"]
    assert interval == bleu.interval(resamples=300, seed=9)
    assert "long_answers.bleu_1" not in found.lines[0]["metrics"]
    assert sorted(found.metrics["long_answers"]["variants"]) == ["bleu", "meteor", "rouge_l"]


def test_lines_keep_what_they_held_and_gain_ids_and_figures(read: Evaluation) -> None:
    line = measure_figures(QUESTIONS, read).lines[1]
    assert list(line) == [
        "id", "question", "answer", "em", "f1", "gold_rank", "answer_rank", "retrieved", "metrics",
    ]  # fmt: skip
    assert line["retrieved"] == ["land.1", "sea", "land.2", "sky"]
    assert line["metrics"]["f1"] == line["f1"] == pytest.approx(2 / 5)
    assert line["metrics"]["recall_at.passage.1"] == line["metrics"]["ranking.mrr"] == 1.0


def test_retrieval_alone_has_no_answer_figures(store: PassageStore) -> None:
    found = evaluate(WordSearch(store), None, QUESTIONS, 1)
    figures = measure_figures(QUESTIONS, found)
    assert "em" not in figures.lines[0]["metrics"] and figures.metrics["em"] is None
    with pytest.raises(ValueError, match="where a reader has answered"):
        measure_figures(QUESTIONS, found, long_answers=True)


def test_without_gold_labels_there_is_no_ranking(store: PassageStore) -> None:
    found = evaluate(WordSearch(store), None, QUESTIONS[3:], 1)
    figures = measure_figures(QUESTIONS[3:], found)
    assert figures.metrics["ranking"] is None
    assert list(figures.lines[0]["metrics"]) == [f"recall_at.answer.{k}" for k in (1, 5, 20)]
    assert set(figures.metrics["intervals"].values()) == {None}  # one question


def test_lines_written_and_read_compare(read: Evaluation, tmp_path: Path) -> None:
    figures = measure_figures(QUESTIONS, read, long_answers=True)
    write_results(tmp_path / "a", figures.lines)
    write_results(tmp_path / "b", figures.lines[::-1])
    found = compare(read_results(tmp_path / "a"), read_results(tmp_path / "b"))
    assert list(found.differences) == list(figures.lines[0]["metrics"])
    assert {one.p_value for one in found.differences.values()} == {1.0}
