"""A late generation: token vectors built beside the others, reused, and searched."""

import numpy as np
import pytest

from index_builder.build.vectors import find_reusable
from reread.artefacts.checkpoints import write_checkpoint
from reread.artefacts.encoding import encode_corpus
from reread.artefacts.generation import Generation
from reread.artefacts.manifest import read_manifest, verified_report
from reread.artefacts.passages import open_corpus
from reread.artefacts.seals import seal_files
from reread.records import Passage
from reread.retriever.retriever import DenseRetriever
from reread.search.dense import CANDIDATES
from reread.search.tokens import TokenIndex


def test_a_late_generation_orders_its_candidates_token_by_token(
    home, build, write_corpus, twelve_passages, tiny_encoder
):
    write_corpus(twelve_passages)
    assert build(retriever="late") == 1
    generation = Generation.open(home, 1, device="cpu", dtype="float32")
    manifest = generation.manifest
    assert (manifest.retriever, manifest.index) == ("late", "Flat")
    assert generation.parts.tokens is not None
    encoder = DenseRetriever.load(tiny_encoder, device="cpu", dtype="float32")
    passages = encoder.encode_passage_tokens(twelve_passages)
    question = "Paris Paris is the capital"
    asked = encoder.encode_question_tokens([question]).tokens
    exact = [
        np.mean([max(float(q @ p) for p in passages.tokens_of(n)) for q in asked])
        for n in range(12)
    ]
    (hits,) = generation.search([question], 5)
    assert [hit.score for hit in hits] == pytest.approx(sorted(exact)[::-1][:5], abs=4e-3)
    assert [exact[hit.row] for hit in hits] == pytest.approx(sorted(exact)[::-1][:5], abs=4e-3)
    assert [len(one) for one in generation.search(["bees", question], 50)] == [12, 12]
    assert generation.search(["bees", question], 5)[1] == hits  # whatever is asked beside it
    report = verified_report(home.generations_dir / "1")
    assert report["recall"] == 1.0 and report["token_cosine"] > 0.999


def test_candidates_are_many_and_only_they_are_compared(home, build, write_corpus):
    passages = [Passage(f"p{n}", "", f"text number {n}") for n in range(CANDIDATES + 40)]
    write_corpus(passages)
    build(retriever="late")
    generation = Generation.open(home, 1, device="cpu", dtype="float32")
    parts = generation.parts
    asked = generation.embed(["text number 7"])
    _, nearest = parts.index.search(asked.pooled, CANDIDATES)
    found = {hit.row for hit in generation.find(asked, CANDIDATES // 2)[0]}
    assert len(found) == CANDIDATES // 2 and found <= set(nearest[0].tolist())
    assert len(generation.find(asked, CANDIDATES)[0]) == CANDIDATES  # 2 k candidates, all there are


def test_weights_trained_for_it_are_built_as_late(
    home, build, write_corpus, twelve_passages, tiny_encoder
):
    write_corpus(twelve_passages)
    retriever = DenseRetriever.load(tiny_encoder, device="cpu", dtype="float32")
    retriever.compare_by("late")
    checkpoint = write_checkpoint(home, retriever, 42, {}, {})
    build(checkpoint=checkpoint)  # what the trainer asks for
    assert read_manifest(home.generations_dir / "1").retriever == "late"
    name = "retriever/model.safetensors"
    copied, trained = home.generations_dir / "1" / name, home.checkpoints_dir / "1" / name
    assert copied.read_bytes() == trained.read_bytes()
    retriever.save(home.root / "weights")
    build(model=str(home.root / "weights"))
    assert read_manifest(home.generations_dir / "2").retriever == "late"


def test_unchanged_texts_keep_their_tokens(home, build, write_corpus, twelve_passages):
    write_corpus(twelve_passages[:10])
    build(retriever="late")
    mixed = [*twelve_passages[5:], Passage("new", "New", "Nothing like the others.")]
    write_corpus(mixed)
    folder = home.generations_dir / "1" / "retriever"
    reusable = find_reusable(home, seal_files(folder))
    retriever = DenseRetriever.load(folder, device="cpu", dtype="float32")
    assert reusable is not None and reusable.tokens is not None
    target, tokens = home.root / "vectors.npy", home.root / "tokens"
    encoded = encode_corpus(open_corpus(home), retriever, target, reusable, tokens=tokens)
    assert encoded == 3
    made, kept = retriever.encode_passage_tokens(mixed), TokenIndex.load(tokens)
    assert len(kept) == len(mixed)
    for row in range(len(mixed)):
        np.testing.assert_allclose(kept.tokens_of(row), made.tokens_of(row), atol=6e-3)
    for row in range(5):  # bytes that an earlier build wrote
        assert np.array_equal(kept.coded(row)[0], reusable.tokens.coded(row + 5)[0])
    assert build(retriever="late") == 2


def test_pooled_vectors_are_not_taken_for_a_late_generation(
    home, build, write_corpus, twelve_passages
):
    write_corpus(twelve_passages)
    assert (build(), build(retriever="late"), build()) == (1, 2, 3)
    kinds = [read_manifest(home.generations_dir / str(n)).retriever for n in (1, 2, 3)]
    assert kinds == ["dense", "late", "dense"]
