"""The reproduction on tiny models: cells once each, figures from files, a page that is honest."""

import json
from pathlib import Path
from random import Random
from statistics import stdev

import numpy as np
import pytest

from benchmarks.reproduction.__main__ import main
from benchmarks.reproduction.cells import by_attention
from benchmarks.reproduction.page import opening, write_page
from benchmarks.reproduction.questions import UNSEEN, article_of, ask
from benchmarks.reproduction.results import BOTH, Results
from benchmarks.reproduction.shapes import best_of, compare, rises, verdict, worst_of
from benchmarks.reproduction.sizes import SPLITS, Cell, Sizes, all_cells, plain
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever
from tests.worlds.iterating import make_world
from tests.worlds.tiny import ANIMALS, make_passages
from trainer.iterative.lists.fused import fuse
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.reading import ListReadings


def make_data(folder: Path) -> Path:
    """Two articles, one of them unseen: animals by halves."""
    folder.mkdir()
    with (folder / "passages.jsonl").open("w") as stream:
        for n, p in enumerate(make_passages()):
            article = "Normans" if n < 50 else "Oxygen"
            stream.write(json.dumps({"id": f"{article}#{n}", "title": "", "text": p.text}) + "\n")
    with (folder / "questions.jsonl").open("w") as stream:
        for n in range(60):
            animal = ANIMALS[n % 10]
            gold = f"{'Normans' if n % 10 < 5 else 'Oxygen'}#{n % 10 * 10}"
            entry = {
                "id": str(n), "question": f"where is the {animal} {n}", "answers": [animal],
                "passage_id": gold, "split": "dev" if n % 3 == 0 else "train",
            }  # fmt: skip
            stream.write(json.dumps(entry) + "\n")
    return folder


def recall_of(encoder: Path, data: Path, k: int) -> float:
    """Share of the 8 measured questions on unseen articles with an answer in the first k."""
    retriever = DenseRetriever.load(encoder, dtype="float32")
    passages = make_passages()
    lines = (data / "questions.jsonl").read_text().splitlines()
    asked = [one for one in map(json.loads, lines) if one["passage_id"].startswith("Normans")]
    chosen = Random(0).sample(asked, 8)
    vectors = retriever.encode_passages(
        [Passage(id=str(n), title="", text=p.text) for n, p in enumerate(passages)]
    )
    hits = 0
    for one in chosen:
        scores = vectors @ retriever.encode_questions([one["question"]])[0]
        best = np.argsort(-scores, kind="stable")[:k]
        hits += any(one["answers"][0] in passages[n].text.split() for n in best)
    return hits / len(chosen)


def both_recall(work: Path, data: Path, k: int) -> float:
    """R@k of the unseen article's questions in the two lists of a finished run, added."""
    lists = [
        RankedLists.load(work / f"bm25-seed0/iteration-{n}/retrieved/validation.safetensors")
        for n in (1, 0)
    ]
    texts = [json.loads(line) for line in (data / "passages.jsonl").open()]
    asked = [json.loads(line) for line in (data / "questions.jsonl").open()]
    unseen = [one for one in asked if one["passage_id"].startswith("Normans#")]
    chosen = Random(0).sample(unseen, min(8, len(unseen)))
    hits = 0
    for place, one in enumerate(chosen):
        found = fuse(*lists, 1.0, depth=k).rows_of(2 * place)
        hits += any(one["answers"][0] in texts[row]["text"].split() for row in found)
    return hits / len(chosen)


@pytest.mark.slow
def test_cells_are_worked_out_once_and_make_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    world, data = make_world(tmp_path / "world"), make_data(tmp_path / "data")
    arguments = [
        "--data", str(data), "--work", str(tmp_path / "work"), "--seeds", "0", "--iterations", "0",
        "--results", str(tmp_path / "results"), "--page", str(tmp_path / "page.md"),
        "--reader", str(world / "reader"), "--encoder", str(world / "encoder"), "--no-bf16",
        "--questions", "6", "--table-questions", "4", "--measured", "8", "--answered", "2",
        "--reader-steps", "1", "--threads", "1",
    ]  # fmt: skip
    main([*arguments, "--only", "section32,table6"])
    assert "together about" in capsys.readouterr().out
    files = sorted((tmp_path / "results").glob("*.json"))
    assert len(files) == 9 + 6
    body = json.loads((tmp_path / "results/table6-max_heads-seed0.json").read_text())
    assert body["figures"]["articles"]["measured"] == 8
    assert body["figures"]["questions"]["answered"] == 2
    for one in body["figures"].values():
        kept = one["per_question"]
        assert len(kept["R@5"]) == 8 and len(kept["EM"]) == 2
        for name in ("R@1", "R@5", "R@20", "EM"):
            assert sum(kept[name]) / len(kept[name]) == one[name]
    stamps = [path.stat().st_mtime_ns for path in files]
    main([*arguments, "--only", "section32,table6"])
    assert stamps == [path.stat().st_mtime_ns for path in files]
    main([*arguments, "--only", "table5", "--rows", "emdr2"])  # learns from answers
    body = json.loads((tmp_path / "results/table5-emdr2-seed0.json").read_text())
    assert body["figures"]["questions"]["answered"] == 2
    main([*arguments, "--only", "table1", "--rows", "encoder-0"])  # the encoder as it is
    body = json.loads((tmp_path / "results/table1-encoder-0-seed0.json").read_text())
    assert body["sizes"]["first_questions"] == 6 and "table" not in body["sizes"]
    for k in (1, 5):
        assert body["figures"]["articles"][f"R@{k}"] == recall_of(world / "encoder", data, k)
    page = (tmp_path / "page.md").read_text()
    assert "17 of" in page
    rounds = ["--iterations", "1", "--only", "table1", "--rows", "together-0,together-1"]
    main([*arguments, *rounds])
    for n in (0, 1):
        body = json.loads((tmp_path / f"results/table1-together-{n}-seed0.json").read_text())
        assert body["figures"]["questions"]["measured"] == 8
        assert body["sizes"]["bm25"]["questions"] == 6
    assert body["figures"]["articles"]["R@5"] == both_recall(tmp_path / "work", data, 5)
    page = (tmp_path / "page.md").read_text()
    assert "| BM25 with the retriever, scores added | 1 |" in page
    assert "| MiniLM, no round | 0 |" in page
    assert "| `max_heads` |" in page
    with pytest.raises(SystemExit, match="was made with {'section_answered': 2}:"):
        main([*arguments, "--only", "section32", "--answered", "3"])
    assert (tmp_path / "page-iterations.png").exists()


def cell(folder: Path, table: str, row: str, seed: int, recall: float, em: float) -> None:
    one = {"R@1": recall, "R@5": recall, "R@20": recall, "R@100": None, "EM": em, "F1": em}
    figures = {split: {**one, "measured": 10, "answered": 5} for split in ("articles", "questions")}
    body = {
        "table": table, "row": row, "seed": seed, "sizes": plain(Sizes(), Cell(table, row, seed)),
        "seconds": 60.0, "figures": figures,
    }  # fmt: skip
    (folder / Cell(table, row, seed).file).write_text(json.dumps(body))


def test_the_page_says_what_differs_and_what_is_missing(tmp_path: Path):
    results = tmp_path / "results"
    results.mkdir()
    for seed, shift in enumerate((-0.02, 0.0, 0.02)):
        cell(results, "table1", "bm25-0", seed, 0.60 + shift, 0.3)
        cell(results, "table1", "bm25-1", seed, 0.50 + shift, 0.4)
    cells = all_cells({"bm25": 1, "untrained": 1}, [0, 1, 2])
    (results / "reasons.json").write_text(json.dumps({"bm25-recall": "Because of *this*."}))
    write_page(Results.read(results, cells), tmp_path / "page.md", results / "reasons.json")
    page = (tmp_path / "page.md").read_text().splitlines()
    shape = {line.split(" | ")[0]: line for line in page if line.startswith("| From BM25")}
    assert (
        "**differs** | **differs** | **differs** | Because of *this*."
        in shape["| From BM25, one round raises R@20 (59.3 to 76.4)"]
    )
    assert "| holds | holds | holds |" in shape["| From BM25, one round raises EM (41.2 to 46.8)"]
    row = next(line for line in page if line.startswith("| BM25 | 1 |"))
    assert row.split(" | ")[2:5] == ["50.0 ± 2.0", "50.0 ± 2.0", "50.0 ± 2.0"]
    assert row.endswith("| 76.4 | 84.3 | 46.8 |")
    assert next(line for line in page if line.startswith("| `mse` |")).count("·") == 8


def test_a_spared_reader_has_seen_no_article_that_trains_or_measures(tmp_path: Path):
    with (tmp_path / "questions.jsonl").open("w") as stream:
        for n, article in enumerate([*UNSEEN, "Oxygen", "Rhine"] * 20):
            entry = {"id": str(n), "question": f"{n}?", "answers": ["x"], "split": "train"}
            entry |= {"passage_id": f"{article}#{n}", "split": ("train", "dev")[n // 8 % 2]}
            stream.write(json.dumps(entry) + "\n")
    sizes = Sizes(measured=10, spared=True)
    train, measured = ask(tmp_path, sizes, "bm25", 0)
    taught = {article_of(one) for one in train}
    apart = {article_of(one) for one in measured[::2]}
    assert taught | apart == set(UNSEEN) and not taught & apart
    assert {article_of(one) for one in measured[1::2]} == taught
    assert not {one.label.question for one in train} & {one.label.question for one in measured}
    assert "Oxygen" in {article_of(one) for one in ask(tmp_path, Sizes(), "bm25", 0)[0]}
    cell = Cell("table1", "bm25-0", 0)
    assert plain(sizes, cell) == plain(Sizes(measured=10), cell) | {"spared": True}
    made = Results({cell: {"sizes": plain(sizes, cell), "figures": {}}}, (cell,))
    assert "on none of the articles here" in opening(made)


def test_both_splits_together_are_their_mean_for_each_seed(tmp_path: Path):
    for row, recalls in (("bm25-0", (0.5, 0.7)), ("bm25-1", (0.4, 0.9))):
        for seed, shift in enumerate((-0.02, 0.02)):
            cell(tmp_path, "table1", row, seed, 0.5, 0.5)
            path = tmp_path / Cell("table1", row, seed).file
            body = json.loads(path.read_text())
            for split, recall in zip(SPLITS, recalls, strict=True):
                body["figures"][split]["R@1"] = recall + shift
            path.write_text(json.dumps(body))
    results = Results.read(tmp_path, [])
    after = results.spread("table1", "bm25-1", BOTH, "R@1")
    assert after == pytest.approx((65.0, stdev((63.0, 67.0)), 2))
    assert results.spread("table1", "bm25-1", BOTH, "R@100") is None
    lead = compare(("table1", "bm25-1", "R@1"), ("table1", "bm25-0", "R@1"))
    assert [lead(results, one)[0] for one in (*SPLITS, BOTH)] == pytest.approx([-10, 20, 5])


def test_a_rise_over_rounds_is_as_good_as_its_weakest_round(tmp_path: Path):
    for n, em in enumerate((0.1, 0.2, 0.25, 0.24)):
        cell(tmp_path, "table1", f"untrained-{n}", 0, 0.5, em)
    results = Results.read(tmp_path, [])
    assert rises("untrained", 3, "EM")(results, "articles")[0] == pytest.approx(-1)
    assert rises("untrained", 2, "EM")(results, "articles")[0] == pytest.approx(5)
    assert rises("untrained", 4, "EM")(results, "articles") is None


def test_by_attention_reorders_what_was_read():
    nan = float("nan")
    lists = RankedLists(np.array([[7, 8, 9], [4, 5, -1], [1, 2, 3]]), np.zeros((3, 3), np.float32))
    readings = ListReadings(("", ""), {"mean": np.array([[1, 3, 2], [5, 6, nan]], np.float32)})
    found = by_attention(lists, readings)
    assert found.rows.tolist() == [[8, 9, 7], [5, 4, -1]]


def test_verdicts_are_paired_by_question_where_cells_keep_them(tmp_path: Path):
    """300 questions of which every tenth is won: the seeds agree, so their spread says nothing."""
    before = [1.0, 0.0] * 150
    after = [1.0 if n % 20 == 1 else value for n, value in enumerate(before)]
    wins_two = [1.0 if n in (1, 3) else value for n, value in enumerate(before)]
    for row, values in (("bm25-0", before), ("bm25-1", after), ("bm25-2", wins_two)):
        for seed in (0, 1):
            cell(tmp_path, "table1", row, seed, 0.5, sum(values) / 300)
            path = tmp_path / Cell("table1", row, seed).file
            body = json.loads(path.read_text())
            body["figures"]["articles"]["per_question"] = {"EM": values}
            path.write_text(json.dumps(body))
    results = Results.read(tmp_path, [])
    first, second, none = (("table1", f"bm25-{n}", "EM") for n in (1, 2, 0))
    found = compare(first, none)(results, "articles")
    assert found is not None and found.paired and found.difference == pytest.approx(5.0)
    assert 1.5 < found.spread < 3.0 and verdict(found) == "holds †"
    assert verdict(compare(none, first)(results, "articles")) == "**differs** †"
    assert verdict(compare(second, none)(results, "articles")) == "level †"  # 0.7 points
    by_seeds = compare(second, none)(results, "questions")  # keeps no values per question
    assert by_seeds is not None and not by_seeds.paired and verdict(by_seeds) == "holds"
    assert compare(second, none)(results, BOTH).paired is False
    within = compare(none, first, less=6.0)(results, "articles")
    assert within is not None and within.difference == pytest.approx(1.0)


def test_the_best_and_the_worst_are_held_against_the_nearest(tmp_path: Path):
    for row, recall in (("kl", 0.9), ("mse", 0.5), ("margin-1", 0.7)):
        cell(tmp_path, "table5", row, 0, recall, recall)
    results = Results.read(tmp_path, [])
    rows = ("kl", "mse", "margin-1")
    best = best_of("table5", "kl", "R@20", rows)(results, "articles")
    worst = worst_of("table5", "mse", "R@20", rows)(results, "articles")
    assert best is not None and best.difference == pytest.approx(20.0)
    assert worst is not None and worst.difference == pytest.approx(20.0)
    lost = worst_of("table5", "kl", "R@20", rows)(results, "articles")
    assert lost is not None and lost.difference == pytest.approx(-40.0)
    assert best_of("table5", "kl", "R@20", (*rows, "margin-0.2"))(results, "articles") is None
