"""The reproduction on tiny models: cells once each, figures from files, a page that is honest."""

import json
from math import exp
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from benchmarks.made_cells import is_made
from benchmarks.reproduction.__main__ import RESULTS, main, work_out
from benchmarks.reproduction.cells import by_attention
from benchmarks.reproduction.figures import with_long_answers
from benchmarks.reproduction.opening import opening
from benchmarks.reproduction.page import closing, last_round, write_page
from benchmarks.reproduction.questions import UNSEEN, article_of, ask
from benchmarks.reproduction.results import Results
from benchmarks.reproduction.sizes import DPR, Cell, Sizes, all_cells, plain
from evaluation.questions import LabelledQuestion
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever
from tests.benchmarks.reproduction_cells import cell
from tests.worlds.iterating import make_world
from tests.worlds.tiny import ANIMALS, FILLERS, make_passages
from trainer.iterative.asked_questions import AskedQuestion
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
            animal, filler = ANIMALS[n % 10], FILLERS[n * 7 % 10]
            gold = f"{'Normans' if n % 10 < 5 else 'Oxygen'}#{n % 10 * 10}"
            entry = {
                "id": str(n), "question": f"where is the {filler} {animal} {n}",
                "answers": [animal], "passage_id": gold, "split": "dev" if n % 3 == 0 else "train",
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


def check_stories(folder: Path, data: Path) -> None:
    """Passages are of the question's own article, and figures are those of the answers given."""
    run = folder / "work" / "stories-seed0" / "iteration-1"
    ids = [json.loads(line)["id"] for line in (data / "passages.jsonl").open()]
    lists = RankedLists.load(run / "retrieved" / "validation.safetensors")
    for place in range(len(lists)):
        own = {ids[row].split("#")[0] for row in lists.rows_of(place)}
        assert own == {("Normans", "Oxygen")[place % 2]}, place
        assert len(lists.rows_of(place)) > 5  # all there are, though five are read
    readings = ListReadings.load(run / "validation")
    assert readings.of("mean").shape == (4, 5)  # two of each split
    body = json.loads((folder / "results/table4-stories-1-seed0.json").read_text())
    for place, split in enumerate(("articles", "questions")):
        figures = body["figures"][split]
        kept = figures["per_question"]["ROUGE-L"]
        assert len(kept) == 2 and figures["ROUGE-L"] == sum(kept) / 2
        assert set(figures) > {"METEOR", "BLEU-1", "BLEU-4"} and place < 2
    assert "stories" in body["sizes"] and "depth" not in body["sizes"]


def test_figures_of_long_answers_are_of_their_own_split():
    """Splits alternate: the first and third answers are right in part, the others in full."""
    labels = [LabelledQuestion(str(n), "?", ("a cold green pond",), (), "dev") for n in range(6)]
    asked = [AskedQuestion(one) for one in labels]
    said = ["green pond", "a cold green pond", "green pond", "a cold green pond"]
    found: dict[str, Any] = {name: {"per_question": {}} for name in ("articles", "questions")}
    with_long_answers(found, asked, said)
    assert found["articles"]["per_question"]["ROUGE-L"] == pytest.approx([2 / 3, 2 / 3])
    assert found["questions"]["ROUGE-L"] == pytest.approx(1) == found["questions"]["BLEU-4"]
    assert found["articles"]["BLEU-1"] == pytest.approx(exp(-1))  # two words for four
    assert found["questions"]["METEOR"] == pytest.approx(1 - 0.5 / 4**3)
    assert found["articles"]["METEOR"] < 0.6


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
    assert len(files) == 9 + 6 + 6  # with the rows of raw scores
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
    assert "23 of" in page
    rounds = ["--iterations", "1", "--only", "table1", "--rows", "together-0,together-1"]
    main([*arguments, *rounds])
    for n in (0, 1):
        body = json.loads((tmp_path / f"results/table1-together-{n}-seed0.json").read_text())
        assert body["figures"]["questions"]["measured"] == 8
        assert body["sizes"]["bm25"]["questions"] == 6
    assert body["figures"]["articles"]["R@5"] == both_recall(tmp_path / "work", data, 5)
    page = (tmp_path / "page.md").read_text()
    main([*arguments, "--iterations", "1", "--only", "table1", "--rows", f"{DPR}-0,{DPR}-1"])
    [encoder] = (tmp_path / "work" / "dpr-encoders").iterdir()
    body = json.loads((tmp_path / "results/table1-dpr-0-seed0.json").read_text())
    assert body["sizes"]["dpr"]["questions"] == 6 and "bm25" not in body["sizes"]
    for k in (1, 5):  # iteration 0 reads what that encoder retrieves
        assert body["figures"]["articles"][f"R@{k}"] == recall_of(encoder, data, k)
    after = json.loads((tmp_path / "results/table1-dpr-1-seed0.json").read_text())
    assert after["figures"]["articles"]["answered"] == 2
    main([*arguments, "--iterations", "1", "--only", "table4"])
    check_stories(tmp_path, data)
    page = (tmp_path / "page.md").read_text()
    assert "| DPR-style encoder (taught on gold passages) | 1 |" in page
    assert "| BM25 with the retriever, scores added | 1 |" in page
    assert "| MiniLM, no round | 0 |" in page
    assert "| `max_heads` |" in page
    with pytest.raises(SystemExit, match="was made with {'section_answered': 2}:"):
        main([*arguments, "--only", "section32", "--answered", "3"])
    assert (tmp_path / "page-iterations.png").exists()


def test_the_page_says_what_differs_and_what_is_missing(tmp_path: Path):
    results = tmp_path / "results"
    results.mkdir()
    for seed, shift in enumerate((-0.02, 0.0, 0.02)):
        cell(results, "table1", "bm25-0", seed, 0.60 + shift / 2, 0.3)
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
    assert (
        "| holds ? | holds ? | holds ? |"
        in shape["| From BM25, one round raises EM (41.2 to 46.8)"]
    )
    row = next(line for line in page if line.startswith("| BM25 | 1 |"))
    # Student's t of 48, 50, 52: 4.303 * 2 / sqrt(3) to either side
    assert row.split(" | ")[2:5] == ["50.0 [45.0, 55.0]"] * 3
    assert row.split(" | ")[6] == "40.0"  # all seeds agree, which says nothing
    assert row.endswith("| 76.4 | 84.3 | 46.8 |")
    for name in ("mse", "mse-raw"):
        line = next(line for line in page if line.startswith(f"| `{name}` |"))
        assert line.count("·") == 8 and line.endswith("| 46.5 | 61.2 | 73.9 | 40.6 |")
    start = next(line for line in page if line.startswith("| BM25 | 1 | 50.0 [45.0, 55.0] | 40.0"))
    assert start.endswith("| 47.9 | 48.9 | 80.0 |")
    assert sum(line.startswith("| Raw scores: ") for line in page) == 12


def test_the_last_round_of_a_start_is_one_that_all_its_seeds_have(tmp_path: Path):
    for row, seeds in (("bm25-0", (0, 1)), ("bm25-1", (0, 1)), ("bm25-2", (0,))):
        for seed in seeds:
            cell(tmp_path, "table1", row, seed, 0.5, 0.5)
    results = Results.read(tmp_path, all_cells({"bm25": 3, DPR: 2}, [0, 1]))
    assert last_round(results, "bm25") == 1
    assert last_round(results, DPR) is None


def test_raw_rows_that_must_be_the_same_are_not_trained(tmp_path: Path):
    """Found under its other name, a cell is copied: `work` is never asked for a model."""
    results = tmp_path / "results"
    results.mkdir()
    for row in ("margin-0.2", "kl-raw"):
        cell(results, "table5", row, 0, 0.5, 0.4)
    for one in (Cell("table5", "margin-0.2-raw", 0), Cell("table6", "mean-raw", 0)):
        nothing: Any = None
        work_out(one, nothing, Sizes(), results, "[1/1]")
        body = json.loads((results / one.file).read_text())
        assert (body["table"], body["row"], body["seconds"]) == (one.table, one.row, 0.0)
        assert body["figures"]["articles"]["R@5"] == 0.5


def test_cells_made_before_there_were_raw_rows_stay_valid():
    """The sizes they were made with, as their files have them."""
    for path in RESULTS.glob("*.json"):
        if path.name != "reasons.json":
            body = json.loads(path.read_text())
            one = Cell(body["table"], body["row"], body["seed"])
            assert is_made(path, plain(Sizes(), one)), path.name


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
    made = Results({cell: {"sizes": plain(sizes, cell), "seconds": 1.0, "figures": {}}}, (cell,))
    assert "on none of the articles here" in opening(made)
    assert "DIR --spared --answered 100 --results" in closing(made)


def test_by_attention_reorders_what_was_read():
    nan = float("nan")
    lists = RankedLists(np.array([[7, 8, 9], [4, 5, -1], [1, 2, 3]]), np.zeros((3, 3), np.float32))
    readings = ListReadings(("", ""), {"mean": np.array([[1, 3, 2], [5, 6, nan]], np.float32)})
    found = by_attention(lists, readings)
    assert found.rows.tolist() == [[8, 9, 7], [5, 4, -1]]
