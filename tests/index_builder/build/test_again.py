"""A build that nobody chose a search for makes again what serves, over the newest documents."""

import pytest

from index_builder.build.again import is_complete, plan_again
from reread.artefacts.checkpoints import prune_checkpoints, write_checkpoint
from reread.artefacts.generation import RETRIEVER_DIR
from reread.artefacts.manifest import read_manifest
from reread.commit import remove_dir
from reread.errors import CorruptArtefact
from reread.retriever.retriever import DenseRetriever
from tests.index_builder.verified import verify_here


@pytest.fixture
def taught(home, build, write_corpus, twelve_passages, tiny_encoder):
    """Generation 2 is of checkpoint 1; generation 1 was by words."""
    write_corpus(twelve_passages[:10])
    build(retriever="bm25")
    retriever = DenseRetriever.load(tiny_encoder, device="cpu", dtype="float32")
    return build(checkpoint=write_checkpoint(home, retriever, 42, {}, {}))


def files_of(home, number):
    manifest = read_manifest(home.generations_dir / str(number))
    inside = f"{RETRIEVER_DIR}/"
    return {n: one for n, one in manifest.files.items() if n.startswith(inside)}, manifest


def test_the_first_is_by_words_and_so_is_the_next(home, build, write_corpus, twelve_passages):
    write_corpus(twelve_passages)
    assert (plan_again(home).retriever, is_complete(home)) == ("bm25", False)
    build(retriever="bm25")
    assert (plan_again(home).retriever, is_complete(home)) == ("bm25", True)


def test_what_was_taught_stays_taught(home, taught, build, write_corpus, twelve_passages):
    """Defect: new documents and `reread build` put words in the place of the trained retriever."""
    assert is_complete(home)
    write_corpus(twelve_passages)
    assert not is_complete(home)
    plan = plan_again(home, index="Flat", device="cpu")
    assert (plan.retriever, plan.checkpoint, plan.index, plan.device) == ("dense", 1, "Flat", "cpu")
    number = build(retriever=plan.retriever, checkpoint=plan.checkpoint)
    before, after = files_of(home, taught), files_of(home, number)
    assert before[0] == after[0] and len(after[0]) > 1
    assert (after[1].checkpoint, after[1].cursor, after[1].count) == (1, 42, 12)
    assert is_complete(home)


@pytest.mark.parametrize("how", ["pruned", "damaged"])
def test_without_its_checkpoint_the_generation_s_own_weights_are_taken(home, taught, how):
    if how == "pruned":
        remove_dir(home.checkpoints_dir / "1")
        assert prune_checkpoints(home) == []
    else:
        (home.checkpoints_dir / "1" / "retriever" / "model.safetensors").write_bytes(b"x")
    plan = plan_again(home)
    own = home.generations_dir / str(taught) / RETRIEVER_DIR
    assert (plan.retriever, plan.checkpoint, plan.model) == ("dense", None, str(own))
    (own / "model.safetensors").write_bytes(b"x")
    assert not is_complete(home)
    with pytest.raises(CorruptArtefact, match=r"model\.safetensors"):
        plan_again(home)


def test_a_damaged_file_of_what_serves_is_a_reason_to_build(
    home, build, write_corpus, twelve_passages
):
    write_corpus(twelve_passages)
    number = build(retriever="bm25", verify=verify_here)
    folder = home.generations_dir / str(number)
    name = next(iter(read_manifest(folder).files))
    (folder / name).write_bytes(b"")
    assert not is_complete(home)
