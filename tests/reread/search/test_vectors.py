"""Every index kind against a plain inner product: rows, scores, ties, and never a -1."""

import faiss
import numpy as np
import pytest
import torch

from reread.errors import BadRequest, CorruptArtefact
from reread.search.index_kind import choose_factory
from reread.search.vectors import VectorIndex

EXACT = ["Flat", "IVF1,Flat"]
APPROXIMATE = ["IVF32,Flat", "HNSW16", "SQfp16", "IVF8,PQ4x4fs,RFlat"]
KINDS = EXACT + APPROXIMATE


@pytest.fixture(scope="module")
def vectors():
    """(300, 16) small whole numbers: inner products are exact and often tie."""
    return np.random.default_rng(0).integers(-2, 3, (300, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def questions():
    return np.random.default_rng(1).integers(-2, 3, (9, 16)).astype(np.float32)


def slow_search(vectors, questions, k):
    rows = []
    for question in questions:
        scores = [float(np.dot(question, one)) for one in vectors]
        rows.append(sorted(range(len(vectors)), key=lambda row: (-scores[row], row))[:k])
    return np.array(rows)


@pytest.mark.parametrize("factory", EXACT)
@pytest.mark.parametrize("k", [1, 7, 299, 300, 1000])
def test_exact_kinds_equal_the_slow_search_with_ties(factory, k, vectors, questions):
    scores, rows = VectorIndex.build(vectors, factory).search(questions, k)
    expected = slow_search(vectors, questions, k)
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(
        scores, np.take_along_axis(questions @ vectors.T, expected, axis=1)
    )


def test_all_vectors_equal_come_in_row_order(questions):
    same = np.ones((200, 16), dtype=np.float32)
    _, rows = VectorIndex.build(same).search(questions, 5)
    assert rows.tolist() == [[0, 1, 2, 3, 4]] * len(questions)


@pytest.mark.parametrize("factory", KINDS)
def test_contract_of_every_kind(factory, vectors, questions, tmp_path):
    index = VectorIndex.build(vectors, factory)
    for k in (1, 10, 250, 300, 5000):
        scores, rows = index.search(questions, k)
        assert rows.shape == scores.shape == (len(questions), min(k, 300))
        assert rows.min() >= 0
        assert all(len(set(one)) == len(one) for one in rows.tolist())
        assert (np.diff(scores, axis=1) <= 0).all()
    alone = [index.search(questions[[n]], 10)[1][0].tolist() for n in range(len(questions))]
    assert index.search(questions, 10)[1].tolist() == alone
    index.save(tmp_path / "index")
    loaded = VectorIndex.load(tmp_path / "index")
    for before, after in zip(
        index.search(questions, 20), loaded.search(questions, 20), strict=True
    ):
        np.testing.assert_array_equal(before, after)
    assert (len(loaded), loaded.dimension) == (300, 16)


@pytest.mark.parametrize("factory", APPROXIMATE)
def test_approximate_kinds_find_most(factory, vectors, questions):
    scores, _ = VectorIndex.build(vectors, factory).search(questions, 10)
    exact = -np.sort(-(questions @ vectors.T), axis=1)[:, :10]
    assert (scores >= exact[:, -1:] - 0.01).mean() > 0.8


def test_real_valued_vectors_match_numpy():
    source = np.random.default_rng(2)
    vectors = source.standard_normal((500, 64)).astype(np.float32)
    questions = source.standard_normal((5, 64)).astype(np.float32)
    scores, rows = VectorIndex.build(vectors).search(questions, 10)
    np.testing.assert_array_equal(rows, slow_search(vectors, questions, 10))
    np.testing.assert_allclose(
        scores, -np.sort(-(questions @ vectors.T), axis=1)[:, :10], rtol=1e-5
    )


def test_the_slow_path_of_faiss_is_off(vectors):
    faiss.cvar.distance_compute_blas_threshold = 20
    VectorIndex.build(vectors)
    assert faiss.cvar.distance_compute_blas_threshold == 1


def test_wrong_use_is_a_sentence(vectors, questions):
    index = VectorIndex.build(vectors)
    with pytest.raises(BadRequest, match="8 dimensions and the index 16"):
        index.search(questions[:, :8], 3)
    with pytest.raises(BadRequest, match="top_k is 0"):
        index.search(questions, 0)
    with pytest.raises(BadRequest, match="ingest"):
        VectorIndex.build(np.empty((0, 16), dtype=np.float32))
    with pytest.raises(BadRequest, match="Nonsense"):
        VectorIndex.build(vectors, "Nonsense")
    with pytest.raises(BadRequest, match="fewer lists"):
        VectorIndex.build(vectors, "IVF1024,Flat")
    assert index.search(np.empty((0, 16), dtype=np.float32), 3)[1].shape == (0, 3)


def test_a_file_that_is_no_index_is_refused(tmp_path):
    (tmp_path / "index").write_bytes(b"not an index at all")
    with pytest.raises(CorruptArtefact, match="FAISS index"):
        VectorIndex.load(tmp_path / "index")


def test_a_full_disk_is_noticed_when_saving(vectors, tmp_path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            VectorIndex.build(vectors).save(tmp_path / "index")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_choice_by_size():
    assert choose_factory(999_999, 384) == "Flat"
    assert choose_factory(1_000_000, 384) == "IVF4096,PQ96x4fs,RFlat"
    assert choose_factory(1_000_000, 30) == "IVF4096,SQ8"


def test_searching_leaves_the_threads_of_other_models_alone(vectors, questions):
    """FAISS and PyTorch may share one OpenMP runtime: a search left later models on one core."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        index = VectorIndex.build(vectors, "IVF4,Flat")
        index.search(questions, 3)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
