"""A generation with changes over it, against a plain list of what there is."""

import math
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest, take_in_changes
from reread.artefacts.generation import Generation
from reread.artefacts.passages import open_corpus
from reread.home import Home
from reread.live.living import LivingGeneration
from reread.log.changes import ChangeList, Edit
from reread.records import Passage
from reread.search.terms import tokenize
from reread.search.words import K1, B
from tests.index_builder.verified import verify_here

WORDS = ["oak", "elm", "ash", "fir", "yew", "bay", "fig", "plum", "pear", "lime", "rowan", "cedar"]


def text(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randrange(4, 20)))


def document(id: str, *texts: str) -> Document:
    ids = [id, *(f"{id}.{n}" for n in range(1, len(texts)))]
    return Document(id, tuple(Passage(i, "t", t, "s") for i, t in zip(ids, texts, strict=True)))


@pytest.fixture
def world(tmp_path: Path):
    home, draw = Home(tmp_path), random.Random(5)
    held = [
        document(f"d{n}", *(text(draw) for _ in range(draw.randrange(1, 4)))) for n in range(40)
    ]
    ingest(home, documents=held)
    build_generation(home, Plan(retriever="bm25", verify=verify_here))
    changes = ChangeList(home.changes_file)
    yield home, changes, {one.id: one.passages for one in held}
    changes.close()


def opened(home: Home, changes: ChangeList) -> LivingGeneration:
    return LivingGeneration(Generation.open(home, 1, check=False), changes)


def slow_scores(home: Home, question: str, passages: list[Passage]) -> dict[str, float]:
    """BM25 by its formula, with the counts of the corpus that was indexed."""
    indexed = [tokenize(f"{p.title} {p.text}") for b in open_corpus(home).iterate() for p in b]
    average = sum(map(len, indexed)) / len(indexed)
    scores = {}
    for one in passages:
        words = Counter(tokenize(f"{one.title} {one.text}"))
        scores[one.id] = 0.0
        for word in tokenize(question):
            holding = sum(word in other for other in indexed)
            worth = math.log(1 + (len(indexed) - holding + 0.5) / (holding + 0.5))
            length = K1 * (1 - B + B * words.total() / average)
            scores[one.id] += worth * words[word] / (words[word] + length) if words[word] else 0.0
    return scores


def test_searches_find_what_a_plain_list_has_after_any_changes(world):
    home, changes, plain = world
    living, draw = opened(home, changes), random.Random(9)
    for step in range(60):
        id = f"d{draw.randrange(50)}"
        texts = [text(draw) for _ in range(draw.randrange(3))]
        new = document(id, *texts).passages if texts else ()
        old = plain.pop(id, ())
        changes.append([Edit(id, new, tuple(one.id for one in old))], float(step))
        if new:
            plain[id] = new
        if step % 7 == 0:
            living.update()
        question = " ".join(draw.choices(WORDS, k=3))
        [hits] = living.search([question], 1000)
        found = living.passages.get([hit.row for hit in hits])
        now = {one for passages in plain.values() for one in passages}
        assert set(found) <= now  # nothing that was taken out, in the very next search
        living.update()
        [hits] = living.search([question], 1000)
        found = living.passages.get([hit.row for hit in hits])
        assert set(found) == now and len(found) == len(now)
        expected = slow_scores(home, question, found)
        assert [hit.score for hit in hits] == sorted((h.score for h in hits), reverse=True)
        for passage, hit in zip(found, hits, strict=True):
            assert hit.score == pytest.approx(expected[passage.id], rel=1e-3, abs=1e-4)
        few = living.search([question], 5)[0]
        assert few == hits[:5]


def test_a_row_names_one_text_whatever_comes_later(world):
    home, changes, _ = world
    living = opened(home, changes)
    changes.append([Edit("new", document("new", "zebra one").passages)], 0.0)
    living.update()
    [hit] = [one for one in living.search(["zebra"], 50)[0] if one.score > 0]
    assert living.is_added(hit.row) and living.get([hit.row])[0].text == "zebra one"
    assert len(living) <= hit.row  # rows of the corpus alone: who draws examples draws from those
    changes.append([Edit("new", document("new", "zebra two").passages)], 1.0)
    living.update()
    [later] = [one for one in living.search(["zebra"], 50)[0] if one.score > 0]
    assert later.row != hit.row and living.get([later.row])[0].text == "zebra two"


def test_a_removal_by_another_process_holds_in_the_next_search_without_an_update(world):
    home, changes, plain = world
    living = opened(home, changes)
    other = ChangeList(home.changes_file)
    other.append([Edit("d3", (), tuple(one.id for one in plain["d3"]))], 0.0)
    other.close()
    rows = [hit.row for hit in living.search(["oak elm ash"], 1000)[0]]
    assert {one.id for one in living.get(rows)}.isdisjoint(one.id for one in plain["d3"])


def test_a_build_takes_the_changes_in_and_a_later_one_is_replayed_over_it(world):
    home, changes, plain = world
    changes.append([Edit("new", document("new", "zebra crossing").passages)], 0.0)
    changes.append([Edit("d1", (), tuple(one.id for one in plain["d1"]))], 0.0)
    build_generation(home, Plan(retriever="bm25", verify=verify_here))
    ids = {one.id for batch in open_corpus(home).iterate() for one in batch}
    assert "new" in ids and "d1" not in ids
    assert changes.since(open_corpus(home).changes) == []
    changes.append([Edit("new")], 1.0)
    living = LivingGeneration(Generation.open(home, 2, check=False), changes)
    hits = living.search(["zebra"], 1000)[0]
    assert "new" not in {one.id for one in living.get([hit.row for hit in hits])}


def test_taking_in_twice_writes_one_corpus(world):
    home, changes, _ = world
    changes.append([Edit("new", document("new", "zebra").passages)], 0.0)
    take_in_changes(home)
    take_in_changes(home)
    assert open_corpus(home).folder.name == "2" and open_corpus(home).row_of("new") is not None


@pytest.mark.parametrize("kind", ["dense", "late"])
def test_vectors_and_tokens_of_added_passages_score_as_a_build_would(tmp_path, tiny_encoder, kind):
    home, draw = Home(tmp_path), random.Random(1)
    held = [document(f"d{n}", text(draw)) for n in range(12)]
    ingest(home, documents=held[:8])
    options = {"retriever": kind, "model": str(tiny_encoder), "verify": verify_here}
    build_generation(home, Plan(**options, dtype="float32", device="cpu"))
    changes = ChangeList(home.changes_file)
    living = LivingGeneration(Generation.open(home, 1, device="cpu", dtype="float32"), changes)
    changes.append([Edit(one.id, one.passages) for one in held[8:]], 0.0)
    living.update()
    question = ["oak elm cedar"]
    found = [(living.get([hit.row])[0].id, hit.score) for hit in living.search(question, 12)[0]]
    build_generation(home, Plan(**options, dtype="float32", device="cpu"))
    whole = Generation.open(home, 2, device="cpu", dtype="float32")
    expected = {whole.passages[h.row].id: h.score for h in whole.search(question, 12)[0]}
    assert set(expected) == {id for id, _ in found} and len(found) == 12
    np.testing.assert_allclose([s for _, s in found], [expected[id] for id, _ in found], atol=2e-3)
    changes.close()
