"""Teachers and students on tiny models: cells once each, figures of trec_eval, honest verdicts."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.teachers.__main__ import main
from benchmarks.teachers.claims import Claim, all_claims, economies, leads, verdict
from benchmarks.teachers.page import write_page
from benchmarks.teachers.plan import HARD, LABELS, LIST, Cell, Sizes, all_cells, plain
from benchmarks.teachers.results import FIGURES, Results
from evaluation.ranking_metrics import measure_rankings
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever
from tests.worlds.iterating import make_world
from tests.worlds.tiny import make_passages

ARTICLES = ("Normans", "Oxygen", "Rhine")  # measured; teaches; makes the cross-encoder


def make_data(folder: Path) -> Path:
    """Passages of three articles by their number; a question repeats its passage's words."""
    folder.mkdir()
    passages = make_passages()
    with (folder / "passages.jsonl").open("w") as stream:
        for n, p in enumerate(passages):
            stream.write(json.dumps({"id": f"{ARTICLES[n % 3]}#{n}", "title": "", "text": p.text}))
            stream.write("\n")
    with (folder / "questions.jsonl").open("w") as stream:
        for n in range(90):
            words = passages[n].text.split()
            entry = {
                "id": str(n), "question": f"where is the {words[-1]} {words[0]} {n}",
                "answers": [words[-1]], "passage_id": f"{ARTICLES[n % 3]}#{n}",
                "split": "dev" if n % 3 == 1 else "train",
            }  # fmt: skip
            stream.write(json.dumps(entry) + "\n")
    return folder


def slow_ranks(encoder: Path, data: Path, count: int) -> list[int]:
    """Every measured question against every passage, one product at a time."""
    retriever = DenseRetriever.load(encoder, device="cpu", dtype="float32")
    texts = [json.loads(line) for line in (data / "passages.jsonl").open()]
    asked = [json.loads(line) for line in (data / "questions.jsonl").open()]
    unseen = [one for one in asked if one["passage_id"].startswith("Normans#")]
    vectors = retriever.encode_passages([Passage(t["id"], "", t["text"]) for t in texts])
    ranks = []
    for one in Random(0).sample(unseen, count):
        scores = vectors @ retriever.encode_questions([one["question"]])[0]
        order = [texts[n]["id"] for n in np.argsort(-scores, kind="stable")[:20]]
        ranks.append(order.index(one["passage_id"]) + 1 if one["passage_id"] in order else 0)
    return ranks


@pytest.mark.slow
def test_cells_are_worked_out_once_and_make_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    world, data = make_world(tmp_path / "world"), make_data(tmp_path / "data")
    results = tmp_path / "results"
    arguments = [
        "--data", str(data), "--work", str(tmp_path / "work"), "--results", str(results),
        "--page", str(tmp_path / "page.md"), "--reader", str(world / "reader"),
        "--encoder", str(world / "encoder"), "--seeds", "0", "--students", "cnn",
        "--questions", "12", "--measured", "9", "--depth", "5", "--pairs", "2", "--epochs", "1",
        "--net-epochs", "1", "--cross-steps", "2",
    ]  # fmt: skip
    main([*arguments, "--objectives", "none", "--teachers", "cross_encoder"])
    body = json.loads((results / "nobody-transformer-none-0-seed0.json").read_text())
    assert body["ranks"] == slow_ranks(world / "encoder", data, 9)
    assert body["sizes"] == {"measured": 9}
    names = {path.name for path in results.glob("*.json")}
    assert "cross_encoder-itself-none-0-seed0.json" in names and "cost-cross_encoder.json" in names
    assert json.loads((results / "cost-cnn.json").read_text())["bytes_per_passage"] == 4 * 128
    stamps = {path: path.stat().st_mtime_ns for path in results.glob("*.json")}
    main(arguments)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    kinds = ("cnn", "bm25", "itself")
    wanted = [o for o in all_cells([0]) if o.student in kinds or o.teacher == "nobody"]
    made = [(results / one.file).exists() for one in wanted]
    assert all(made) and len(made) == 5 + 2 + 2 + 2 + 2 * 3
    second = json.loads((results / "attention-cnn-list-2-seed0.json").read_text())
    first = json.loads((results / "attention-cnn-list-1-seed0.json").read_text())
    assert len(second["ranks"]) == 9 and 0 < first["taught"] <= 12
    capsys.readouterr()
    main(arguments)
    assert "0 cells and the costs of 0 models are missing." in capsys.readouterr().out
    page = (tmp_path / "page.md").read_text()
    assert (
        "## Not run" in page
        and "- cross-encoder, list KL, iteration 1: lstm, transformer, late; seeds 0" in page
    )
    with pytest.raises(SystemExit, match="was made with {'measured': 9}: give the same sizes"):
        main([*arguments[:-12], "--questions", "12", "--measured", "8"])


@pytest.mark.slow
def test_a_killed_scoring_goes_on_with_the_pieces_that_are_there(tmp_path: Path):
    from benchmarks.teachers import signals
    from tests.trainer.teacher.test_models import Counting
    from tests.worlds.tiny import make_examples

    examples, whole = make_examples(60), Counting()
    wanted = signals.judged(whole, examples, tmp_path / "whole", lambda share: None)
    killed = Counting(dies_after=200)
    with pytest.raises(KeyboardInterrupt):
        signals.judged(killed, examples, tmp_path / "killed", lambda share: None)
    resumed = Counting()
    again = signals.judged(resumed, examples, tmp_path / "killed", lambda share: None)
    assert [one.teacher for one in again] == [one.teacher for one in wanted]
    assert len(resumed.asked) == (60 - 25) * 6  # the first piece of 25 was kept
    other = signals.judged(Counting(), examples[5:], tmp_path / "killed", lambda share: None)
    assert [one.question for one in other] == [one.question for one in examples[5:]]


def test_figures_are_those_of_trec_eval():
    """The second way: trec_eval's own counting of lists with the right passage at that rank."""
    ranks = [0, 1, 2, 3, 5, 6, 10, 11, 20]
    lists = [[f"p{n}" if n != rank else "gold" for n in range(1, 21)] for rank in ranks]
    found = measure_rankings([["gold"]] * len(ranks), lists, [1, 5, 10, 20])
    names = {"nDCG@10": "ndcg_at.10", "R@1": "recall_at.1", "R@5": "recall_at.5"}
    for own, theirs in {**names, "R@20": "recall_at.20"}.items():
        assert [FIGURES[own](rank) for rank in ranks] == pytest.approx(found[theirs])
    cut = [one if rank <= 10 else 0.0 for one, rank in zip(found["mrr"], ranks, strict=True)]
    assert [FIGURES["MRR@10"](rank) for rank in ranks] == pytest.approx(cut)


def put(folder: Path, row: tuple[str, str, str, int], seed: int, ranks: list[int]) -> None:
    cell = Cell(*row, seed)
    named = {name: getattr(cell, name) for name in ("teacher", "student", "objective")}
    body = {
        "cell": {**named, "round": cell.round, "seed": seed}, "sizes": plain(Sizes(), cell),
        "seconds": 60.0, "ranks": ranks, "taught": 5,
    }  # fmt: skip
    (folder / cell.file).write_text(json.dumps(body))


def test_a_difference_is_paired_by_question_and_seed(tmp_path: Path):
    """400 questions that differ widely, of which one in ten is won: unpaired it would be noise."""
    before = [1, 0] * 200
    after = [1 if n % 20 == 1 else rank for n, rank in enumerate(before)]
    soft, hard = ("attention", "lstm", LIST, 1), (LABELS, "lstm", HARD, 1)
    for seed in (0, 1):
        put(tmp_path, soft, seed, after)
        put(tmp_path, hard, seed, before)
    put(tmp_path, soft, 2, [0] * 400)  # no partner: it must not count
    results = Results.read(tmp_path, [])
    lead = results.lead(soft, hard, "R@1")
    assert lead is not None and lead.middle == pytest.approx(5.0)
    assert 2.5 < lead.low < 4.0 and 6.0 < lead.high < 7.5  # 1.96 * sqrt(.05 * .95 / 400) = 2.1
    assert verdict(lead) == "holds" and verdict(results.lead(hard, soft, "R@1")).startswith("**")
    own = results.figure(soft, "R@1")
    assert own is not None and own.middle == pytest.approx((55 + 55 + 0) / 3)
    assert results.lead(soft, ("attention", "lstm", LIST, 2), "R@1") is None
    claim = Claim("", soft, hard)
    assert {verdict(one) for one in leads(results, claim).values()} == {"holds"}


def test_the_page_says_what_does_not_hold_and_what_was_not_run(tmp_path: Path):
    results = tmp_path / "results"
    results.mkdir()
    for seed in (0, 1, 2):
        put(results, (LABELS, "cnn", HARD, 1), seed, [1, 2] * 150)
        put(results, ("attention", "cnn", LIST, 1), seed, [0, 3] * 150)
        put(results, ("attention", "cnn", LIST, 2), seed, [0, 3] * 150)
    cost = {"threads": 1, "bytes_per_passage": 512, "question_us": 100.0}
    for name, parameters, speed in (("cnn", 1_000_000, 900.0), ("attention", 19_000_000, 30.0)):
        body = {"cost": name, "parameters": parameters, "passages_per_s": speed, **cost}
        (results / f"cost-{name}.json").write_text(json.dumps(body))
    read = Results.read(results, all_cells([0, 1, 2]))
    (economy,) = economies(read)
    assert (economy.passages, economy.parameters) == (30.0, 19.0)
    assert economy.verdict == "**does not hold**"  # fast enough, not small enough
    notes = tmp_path / "notes.md"
    notes.write_text("Some were made elsewhere.\n")
    write_page(read, tmp_path / "page.md", notes)
    text = (tmp_path / "page.md").read_text()
    assert text.index("Some were made elsewhere.") < text.index("## Does it hold?")
    lines = text.splitlines()
    claims = {line.split(" | ")[0][2:]: line for line in lines if line.startswith("| ")}
    lost = claims["cnn taught by attention beats cnn on hard labels"]
    assert lost.count("**does not hold**") == 6 and "| 3 |" in lost
    level = claims["cnn, attention: a second iteration is no worse"]
    assert level.count(": holds") == 5 and level.endswith("| holds |")
    assert "cnn, attention: pairs and list beat the list alone" not in claims
    (unknown,) = (line for line in lines if line.startswith("No cells yet for "))
    assert "cnn, attention: pairs and list beat the list alone" in unknown
    assert any("9 of " in line for line in lines)
    rest = "lstm, transformer, late"
    assert f"- reader's attention, list KL, iteration 2: {rest}; seeds 0, 1, 2" in lines
    assert {one.second for one in all_claims()} <= {one.row for one in all_cells([0])}
