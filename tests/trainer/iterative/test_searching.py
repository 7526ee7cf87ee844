"""What a run retrieves: from which start, in which documents, by vectors, tokens and words."""

from dataclasses import replace
from pathlib import Path

import pytest

from reread.errors import BadRequest
from reread.retriever.retriever import DenseRetriever
from tests.worlds.iterating import (
    READER,
    make_asked,
    make_settings,
    run,
    source_of,
)
from trainer.iterative.iteration import Iterations
from trainer.iterative.lists.fused import fuse
from trainer.iterative.lists.ranked import RankedLists
from trainer.iterative.lists.searches import encode_lists, search_words
from trainer.iterative.run_directory import open_run
from trainer.iterative.run_source import describe


@pytest.mark.parametrize("start", ["untrained", "encoder"])
def test_dense_starts_retrieve_with_the_encoder_they_train(world: Path, tmp_path: Path, start: str):
    changes = {"encoder": None, "reader": replace(READER, steps=0)} if start == "untrained" else {}
    run(world, tmp_path / start, iterations=0, start=start, **changes)
    lists = RankedLists.load(tmp_path / start / "iteration-0/retrieved/validation.safetensors")
    assert lists.rows.shape == (4, 100)
    assert sorted(lists.rows[0].tolist()) == list(range(100))


def test_given_passages_are_read_first_and_searched_afterwards(world: Path, tmp_path: Path):
    settings = make_settings(world, start="given", encoder=str(world / "encoder"))
    bare = source_of(world, make_settings(world), tmp_path)
    passages = bare.corpus.get(range(0, 60, 10))

    def with_given(asked):
        return tuple(replace(one, given=tuple(passages[:4])) for one in asked)

    from trainer.iterative.run_source import make_source

    source = make_source(
        with_given(bare.train), with_given(bare.validation), None, settings, tmp_path / "given"
    )
    with open_run(tmp_path / "run", describe(source, settings)) as opened:
        metrics = Iterations(opened, source, settings).go()
    first = RankedLists.load(tmp_path / "run/iteration-0/retrieved/train.safetensors")
    assert first.rows.tolist() == [[0, 1, 2, 3]] * 8
    assert metrics[1]["iteration"] == 1 and len(source.corpus) == 4
    with pytest.raises(BadRequest, match="brings no passages"):
        make_source(bare.train, bare.validation, None, settings, tmp_path / "other")


def test_within_document_reads_only_that_document(world: Path, tmp_path: Path):
    run(world, tmp_path / "run", within_document=True)
    store = source_of(world, make_settings(world), tmp_path).corpus
    for number in (0, 1):
        path = tmp_path / f"run/iteration-{number}/retrieved/train.safetensors"
        lists = RankedLists.load(path)
        for q, one in enumerate(make_asked(8)):
            names = {store[row].id.split("-")[0] for row in lists.rows_of(q)}
            assert names == {one.document}


def test_a_late_run_retrieves_with_what_it_taught_token_by_token(
    world: Path, tmp_path: Path
) -> None:
    run(world, tmp_path / "run", interaction="late")
    settings = make_settings(world, interaction="late")
    store = source_of(world, settings, tmp_path).corpus
    retriever = DenseRetriever.load(tmp_path / "run/iteration-0/retriever", device="cpu")
    assert retriever.settings.interaction == "late"
    search = encode_lists(retriever, store, tmp_path / "encoded", lambda share: None)
    asked = [one.label.question for one in make_asked(8)]
    wanted = search.find(asked, 4, [None] * len(asked))
    found = RankedLists.load(tmp_path / "run/iteration-1/retrieved/train.safetensors")
    assert found.rows[:, :4].tolist() == wanted.rows.tolist()
    assert not (tmp_path / "run/iteration-1/retrieved/encoded").exists()


def test_words_count_beside_vectors_where_the_run_says_so(world: Path, tmp_path: Path):
    run(world, tmp_path / "run", words_weight=2.0)
    store = source_of(world, make_settings(world), tmp_path).corpus
    retriever = DenseRetriever.load(tmp_path / "run/iteration-0/retriever", device="cpu")
    search = encode_lists(retriever, store, tmp_path / "encoded", lambda share: None)
    asked = [one.label.question for one in make_asked(8)]
    anywhere = [None] * len(asked)
    dense = search.find(asked, 100, anywhere)
    words = search_words(store, asked, 100, anywhere, lambda share: None)
    first, found = (
        RankedLists.load(tmp_path / f"run/iteration-{n}/retrieved/train.safetensors")
        for n in (0, 1)
    )
    depth = found.rows.shape[1]
    assert first.rows.tolist() == words.rows[:, :depth].tolist()  # the start is the start
    assert found.rows.tolist() == fuse(dense, words, 2.0, depth=depth).rows.tolist()
    assert found.rows.tolist() != dense.rows[:, :depth].tolist()
    with pytest.raises(BadRequest, match="words_weight is 0"):
        make_settings(world, words_weight=0.0)
