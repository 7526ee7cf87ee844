"""What verification refuses, and that damage is seen before anything parses it."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from index_builder.build.verification import verify_in_child
from index_builder.build.verify import verify_generation
from reread.artefacts.generation import Generation, open_current
from reread.artefacts.manifest import Manifest, read_manifest, write_manifest
from reread.artefacts.publication import current
from reread.artefacts.seals import seal_files
from reread.errors import CorruptArtefact
from reread.search.tokens import TokenWriter, encode
from reread.search.vectors import VectorIndex
from tests.index_builder.verified import verify_here


@pytest.fixture
def built(home, write_corpus, twelve_passages, tiny_encoder):
    """A home with two dense generations, the second one current."""
    write_corpus(twelve_passages)
    for _ in range(2):
        plan = Plan(model=str(tiny_encoder), device="cpu", dtype="float32", verify=verify_here)
        build_generation(home, plan)
    return home


def reseal(folder: Path, **changes) -> None:
    """Our own bug: wrong content under right hashes."""
    manifest = read_manifest(folder)
    (folder / "manifest.json").unlink()
    (folder / "VERIFIED").unlink(missing_ok=True)
    body = {**manifest.to_dict(), "files": seal_files(folder), **changes}
    write_manifest(folder, Manifest(**body))


def test_a_sound_generation_reports_its_recall(built):
    report = verify_generation(built, 2)
    assert (report["passages"], report["canaries"], report["recall"]) == (12, 12, 1.0)
    assert 0.0 <= report["self_retrieval"] <= 1.0


def test_flipped_bytes_in_any_file_are_refused_and_the_older_one_serves(built):
    source = random.Random(5)
    folder = built.generations_dir / "2"
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    for file in files:
        sound = file.read_bytes()
        for offset in source.sample(range(len(sound)), 5):
            broken = bytearray(sound)
            broken[offset] ^= 1 << source.randrange(8)
            file.write_bytes(bytes(broken))
            refused: list[tuple[int, str]] = []
            generation = open_current(built, lambda n, e, to=refused: to.append((n, str(e))))
            assert generation.number == 1, file
            if file.name not in ("manifest.json", "VERIFIED"):
                assert [number for number, _ in refused] == [2]
                assert file.name in refused[0][1]
        file.write_bytes(sound)
    assert open_current(built).number == 2


def test_a_manifest_cut_anywhere_is_refused(built):
    file = built.generations_dir / "2" / "manifest.json"
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        assert current(built).number == 1
        with pytest.raises(CorruptArtefact, match=r"manifest\.json"):
            Generation.open(built, 2)


def test_an_index_of_another_generation_is_refused(built):
    folder = built.generations_dir / "2"
    other = np.ones((12, 32), dtype=np.float32)
    VectorIndex.build(other).save(folder / "index.faiss")
    with pytest.raises(CorruptArtefact, match=r"index\.faiss has sha256"):
        Generation.open(built, 2)
    reseal(folder)
    with pytest.raises(CorruptArtefact, match="recall"):
        verify_generation(built, 2)


def test_vectors_of_other_weights_are_refused(built):
    folder = built.generations_dir / "2"
    vectors = np.random.default_rng(0).standard_normal((12, 32)).astype(np.float32)
    np.save(folder / "embeddings.npy", vectors)
    VectorIndex.build(vectors).save(folder / "index.faiss")
    reseal(folder)
    with pytest.raises(CorruptArtefact, match="not its retriever's"):
        verify_generation(built, 2)


@pytest.mark.parametrize("shape", [(11, 32), (12, 16)])
def test_counts_and_dimensions_are_named(built, shape):
    folder = built.generations_dir / "2"
    VectorIndex.build(np.ones(shape, dtype=np.float32)).save(folder / "index.faiss")
    reseal(folder)
    found, expected = (11, 12) if shape[0] == 11 else (16, 32)
    with pytest.raises(CorruptArtefact, match=f"{found} where {expected} was expected"):
        Generation.open(built, 2)


def test_a_corpus_that_changed_is_refused(built, twelve_passages):
    meta = built.passages_dir / "1" / "meta.json"
    meta.write_text(meta.read_text().replace("12", "13"))
    with pytest.raises(CorruptArtefact, match=r"meta\.json"):
        Generation.open(built, 2)


def test_a_manifest_of_a_later_version_says_so(built):
    from reread.artefacts.seals import seal, unseal

    file = built.generations_dir / "2" / "manifest.json"
    file.write_text(seal({**unseal(file), "format": 99}))
    with pytest.raises(CorruptArtefact, match="another version"):
        Generation.open(built, 2)


def test_a_copied_generation_under_another_number_is_refused(built):
    shutil.copytree(built.generations_dir / "2", built.generations_dir / "3")
    with pytest.raises(CorruptArtefact, match="number 2 where 3"):
        Generation.open(built, 3)


def test_a_crafted_index_ends_the_child_and_not_this_process(built):
    folder = built.generations_dir / "2"
    header = (folder / "index.faiss").read_bytes()
    crafted = header[:8] + b"\xff" * 16 + header[24:]  # absurd counts under the right hash
    (folder / "index.faiss").write_bytes(crafted)
    reseal(folder)
    with pytest.raises(CorruptArtefact):
        verify_in_child(folder)


@pytest.fixture
def built_late(home, write_corpus, twelve_passages, tiny_encoder):
    """A home with a dense generation and a late one, which is current."""
    write_corpus(twelve_passages)
    for kind in ("dense", "late"):
        plan = Plan(kind, str(tiny_encoder), device="cpu", dtype="float32", verify=verify_here)
        build_generation(home, plan)
    return home


def write_tokens(folder: Path, texts: list[np.ndarray]) -> None:
    with TokenWriter(folder / "tokens", texts[0].shape[1]) as writer:
        for text in texts:
            writer.add(*encode(text))


def test_a_flipped_byte_among_the_tokens_is_refused(built_late):
    folder = built_late.generations_dir / "2" / "tokens"
    for name in ("codes.i8", "layout.safetensors"):
        sound = (folder / name).read_bytes()
        (folder / name).write_bytes(bytes([sound[0] ^ 1]) + sound[1:])
        with pytest.raises(CorruptArtefact, match=name):
            Generation.open(built_late, 2)
        (folder / name).write_bytes(sound)
    assert open_current(built_late).number == 2


def test_tokens_of_other_weights_are_refused(built_late):
    folder = built_late.generations_dir / "2"
    kept = Generation.open(built_late, 2, device="cpu").parts.tokens
    turned = [-kept.tokens_of(row) for row in range(12)]
    write_tokens(folder, turned)
    reseal(folder)
    with pytest.raises(CorruptArtefact, match="token vectors that are not its retriever's"):
        verify_generation(built_late, 2)
    write_tokens(folder, [kept.tokens_of(row)[:-1] for row in range(12)])
    reseal(folder)
    with pytest.raises(CorruptArtefact, match="tokens of row 0, not"):
        verify_generation(built_late, 2)


@pytest.mark.parametrize(("rows", "width"), [(11, 32), (12, 16)])
def test_tokens_that_do_not_fit_are_named(built_late, rows, width):
    folder = built_late.generations_dir / "2"
    write_tokens(folder, [np.ones((3, width), np.float32)] * rows)
    reseal(folder)
    found, expected = (11, 12) if rows == 11 else (16, 32)
    with pytest.raises(CorruptArtefact, match=f"tokens has .* {found} where {expected}"):
        Generation.open(built_late, 2)
