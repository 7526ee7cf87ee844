"""Generations of small nets beside those of transformers, and manifests from before there were."""

import json

import pytest

from reread.artefacts.generation import Generation, open_current
from reread.artefacts.manifest import read_manifest
from reread.artefacts.publication import activate
from reread.artefacts.seals import seal
from reread.retriever.retriever import DenseRetriever
from trainer.student.nets import make_student


@pytest.mark.parametrize("student", ["lstm", "cnn"])
def test_a_net_is_built_and_served_like_a_transformer(
    home, build, write_corpus, twelve_passages, tiny_encoder, tmp_path, student
):
    write_corpus(twelve_passages)
    source = DenseRetriever.load(tiny_encoder, device="cpu")
    make_student(student, source, seed=1, dimension=16).save(tmp_path / "net")
    assert build(model=str(tmp_path / "net")) == 1
    assert build() == 2
    assert build(model=str(tmp_path / "net"), retriever="late") == 3
    manifests = [read_manifest(home.generations_dir / str(n)) for n in (1, 2, 3)]
    assert [one.student for one in manifests] == [student, "transformer", student]
    assert [one.dimension for one in manifests] == [16, 32, 16]
    first, third = Generation.open(home, 1), Generation.open(home, 3)
    for one in twelve_passages[:3]:
        for generation in (first, third):
            [hits] = generation.search([f"{one.title} {one.text}"], 12)
            assert len(hits) == 12
    activate(home, 1)
    assert open_current(home).manifest.student == student


def test_a_manifest_of_before_students_still_opens(home, build, write_corpus, twelve_passages):
    """Homes of earlier versions name no student."""
    write_corpus(twelve_passages)
    build()
    folder = home.generations_dir / "1"
    body = json.loads((folder / "manifest.json").read_text())
    del body["student"]
    del body["seal"]
    (folder / "manifest.json").write_text(seal(body))
    assert read_manifest(folder).student is None
    assert len(Generation.open(home, 1).search(["x"], 3)[0]) == 3
