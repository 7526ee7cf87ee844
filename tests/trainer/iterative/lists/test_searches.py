"""Retrieval for a run against slow references: whole corpus and one document, words and vectors."""

from pathlib import Path

import numpy as np
import pytest

from reread.artefacts.passages import PassageStore
from reread.errors import BadRequest
from reread.records import Passage
from reread.search.words import BM25Retriever
from tests.worlds.tiny import ANIMALS, load, make_encoder, make_passages, make_store
from trainer.iterative.lists.document_rows import DocumentRows
from trainer.iterative.lists.ranked import RankedLists, pack
from trainer.iterative.lists.searches import encode_lists, search_words

QUESTIONS = ["where is the old cat", "where is the blue dog", "the fast yak is near", "fox"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> PassageStore:
    return make_store(tmp_path_factory.mktemp("store"))


def within(store: PassageStore, names: list[str | None]) -> list:
    rows = DocumentRows.of(store)
    return [None if name is None else rows.find(name) for name in names]


@pytest.mark.parametrize("kind", ["words", "vectors"])
def test_a_restricted_list_is_the_full_ranking_with_the_rest_left_out(
    store: PassageStore, tmp_path: Path, kind: str
):
    limits = within(store, ["cat", None, "yak", "owl"])
    if kind == "words":
        whole = BM25Retriever.build(store.get(range(len(store)))).search(QUESTIONS, len(store))
        found = search_words(store, QUESTIONS, 4, limits, lambda share: None)
    else:
        retriever = load(make_encoder(tmp_path / "encoder"))
        search = encode_lists(retriever, store, tmp_path / "encoded", lambda share: None)
        found = search.find(QUESTIONS, 4, limits)
        vectors = search.vectors
        assert np.array_equal(vectors, retriever.encode_passages(store.get(range(len(store)))))
        scores = retriever.encode_questions(QUESTIONS) @ vectors.T
        from tests.worlds.tiny import best_hits

        whole = [best_hits(row, len(store)) for row in scores]
    for q, hits in enumerate(whole):
        allowed = set(range(len(store))) if limits[q] is None else set(limits[q].tolist())
        wanted = [hit for hit in hits if hit.row in allowed][:4]
        assert found.rows_of(q) == [hit.row for hit in wanted]
        assert np.allclose(found.scores_of(q), [hit.score for hit in wanted], atol=1e-5)


def test_a_document_smaller_than_the_depth_gives_a_shorter_list(tmp_path: Path):
    passages = [Passage(f"a#{n}", "A", f"owl {n}") for n in range(2)]
    store = make_store(tmp_path / "s", [*passages, *make_passages()])
    found = search_words(store, ["owl", "owl"], 5, within(store, ["a", None]), lambda share: None)
    assert found.rows_of(0) == [0, 1] and found.rows[0].tolist()[2:] == [-1, -1, -1]
    assert len(found.rows_of(1)) == 5


def test_rows_of_a_document_by_id_or_title_and_never_by_half_a_name():
    names = [("pep-8#0", ""), ("pep-80#0", ""), ("x", "pep-8: style"), ("pep-8", ""), ("y", "pep")]
    rows = DocumentRows(names)
    slow = [
        n
        for n, pair in enumerate(names)
        if any(p.startswith("pep-8") and not p[5:6].isalnum() for p in pair)
    ]
    assert rows.find("pep-8").tolist() == slow == [0, 2, 3]
    with pytest.raises(BadRequest, match="No passage belongs to the document 'pep-9'"):
        rows.find("pep-9")
    with pytest.raises(BadRequest):
        rows.find("")


def test_every_animal_is_a_document(store: PassageStore):
    rows = DocumentRows.of(store)
    found = [rows.find(animal).tolist() for animal in ANIMALS]
    assert found == [list(range(10 * n, 10 * n + 10)) for n in range(10)]


def test_lists_come_back_as_they_were_saved(tmp_path: Path):
    lists = RankedLists(np.array([[4, 2], [7, -1]]), np.array([[0.5, 0.25], [1, 0]], np.float32))
    lists.save(tmp_path / "lists.safetensors")
    again = RankedLists.load(tmp_path / "lists.safetensors")
    assert again.rows.tolist() == [[4, 2], [7, -1]] and again.rows_of(1) == [7]
    assert again.scores.tolist() == lists.scores.tolist() and again.width == 2
    assert pack([]).rows.shape == (0, 0)
