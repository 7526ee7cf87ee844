"""What somebody may not see is left out where passages are compared, in every kind of search."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from index_builder.build.generation import Plan, build_generation
from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest
from reread.artefacts.generation import Generation
from reread.artefacts.guards import Guards
from reread.artefacts.passages import PassageStore, open_corpus
from reread.commit import committed_dir
from reread.home import Home
from reread.live.guards import StandingGuards
from reread.live.living import LivingGeneration
from reread.log.changes import ChangeList, Edit
from reread.records import AnswerRecord, Passage
from reread.rights import EVERYBODY, OWNER, Rights
from reread.search.vectors import VectorIndex
from reread.search.words import BM25Retriever
from tests.index_builder.verified import verify_here

HR = Rights(frozenset(["hr"]))
BOTH = Rights(frozenset(["hr", "board"]))


def held(id: str, text: str, *labels: str, source: str = "") -> Document:
    return Document(id, (Passage(id, "t", text, source, labels),))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Home, ChangeList]]:
    """Twenty open documents of oak, and of ash: eight for hr, four for hr and board."""
    home = Home(tmp_path)
    documents = [held(f"o{n}", f"oak number{n}") for n in range(20)]
    documents += [held(f"h{n}", f"oak ash number{n}", "hr") for n in range(8)]
    documents += [held(f"b{n}", f"oak ash fir number{n}", "board", "hr") for n in range(4)]
    ingest(home, documents=documents)
    build_generation(home, Plan(retriever="bm25", verify=verify_here))
    changes = ChangeList(home.changes_file)
    yield home, changes
    changes.close()


def living_of(home: Home, changes: ChangeList, number: int = 1) -> LivingGeneration:
    generation = Generation.open(home, number, check=False)
    return LivingGeneration(generation, changes, guards=StandingGuards(home, generation.passages))


def found(living: LivingGeneration, question: str, top_k: int, rights: Rights) -> list[str]:
    [hits] = living.find(living.embed([question]), top_k, rights)
    return [one.id for one in living.get([hit.row for hit in hits])]


def test_a_label_is_kept_with_the_passage_and_in_the_fingerprint(world) -> None:
    home, _ = world
    store = open_corpus(home)
    assert store[store.row_of("b1")].labels == ("board", "hr")  # type: ignore[index]
    assert store[0].labels == () and len(store.guards.labels_of) == 12
    ingest(home, documents=[held("b1", "oak ash fir number1", "board")])
    again = open_corpus(home)
    assert again.fingerprint != store.fingerprint and len(again) == len(store)


def test_a_store_from_before_labels_opens(tmp_path: Path) -> None:
    """Its file has no such column, and is read as it always was."""
    passages = [Passage(f"p{n}", "t", f"text {n}", "s") for n in range(3)]
    with committed_dir(tmp_path / "1") as scratch:
        written = PassageStore.create(scratch, passages)
        file = scratch / "passages.arrow"
        table = pa.ipc.open_file(pa.py_buffer(file.read_bytes())).read_all().drop_columns("labels")
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        old = PassageStore(scratch)
        assert [old[row] for row in range(3)] == passages
        assert old.fingerprint == written.fingerprint and not old.guards.labels_of


@pytest.mark.parametrize("factory", ["Flat", "IVF4,Flat", "IVF4,PQ4x4fs,RFlat", "HNSW8", "SQ8"])
def test_vectors_find_the_best_of_what_is_allowed(factory: str) -> None:
    """Each has all it asks for, in the order of a plain comparison, and nothing else."""
    draw = np.random.default_rng(3)
    vectors = draw.normal(size=(900, 16)).astype(np.float32)
    questions = draw.normal(size=(6, 16)).astype(np.float32)
    allowed = np.zeros(900, dtype=np.bool_)
    allowed[draw.choice(900, 30, replace=False)] = True
    index = VectorIndex.build(vectors, factory)
    for k, count in ((1, 1), (10, 10), (30, 30), (100, 30)):
        scores, rows = index.search(questions, k, allowed)
        assert rows.shape == (6, count) and allowed[rows].all()
        assert all(len(set(own)) == count for own in rows.tolist())
        assert (np.diff(scores, axis=1) <= 0).all()
    slow = np.where(allowed, questions @ vectors.T, -np.inf)
    if factory == "Flat":
        assert (index.search(questions, 30, allowed)[1] == np.argsort(-slow, axis=1)[:, :30]).all()
    nothing = np.zeros(900, dtype=np.bool_)
    assert index.search(questions, 5, nothing)[1].shape == (6, 0)


def test_words_find_the_best_of_what_is_allowed() -> None:
    texts = [Passage(str(n), "", "oak " * (n % 7 + 1) + "ash " * (n % 3)) for n in range(40)]
    words = BM25Retriever.build(texts)
    allowed = np.array([n % 4 == 1 for n in range(40)])
    for k in (1, 5, 10, 40):
        [hits] = words.search(["oak ash"], k, allowed)
        scores = words.score_all("oak ash")
        slow = sorted(np.flatnonzero(allowed).tolist(), key=lambda row: (-scores[row], row))[:k]
        assert [hit.row for hit in hits] == slow
    assert words.search(["oak"], 3, np.zeros(40, dtype=np.bool_)) == [[]]


def test_everybody_gets_as_many_as_he_may_see(world) -> None:
    """Filtered before the best are taken: the guarded ones are nearest, and cost no place."""
    living = living_of(*world)
    assert found(living, "ash oak", 12, OWNER)[:12] == [f"h{n}" for n in range(8)] + [
        f"b{n}" for n in range(4)
    ]
    for rights, count in ((EVERYBODY, 20), (HR, 28), (BOTH, 32), (OWNER, 32)):
        for top_k in (1, 10, 100):
            ids = found(living, "ash oak fir", top_k, rights)
            assert len(ids) == min(top_k, count)
            assert all(one[0] in {20: "o", 28: "oh", 32: "ohb"}[count] for one in ids)


def test_what_is_added_and_removed_while_serving_is_guarded_too(world) -> None:
    home, changes = world
    living = living_of(home, changes)
    new = held("n0", "zebra ash", "hr").passages
    changes.append([Edit("n0", new), Edit("n1", held("n1", "zebra").passages)], 1.0)
    changes.append([Edit("o3", held("o3", "oak number3", "hr").passages, ("o3",))], 2.0)
    assert "o3" not in found(living, "oak number3", 100, HR)  # its old text is gone at once
    living.update()
    assert found(living, "zebra", 1, EVERYBODY) == ["n1"]
    assert sorted(found(living, "zebra", 2, HR)) == ["n0", "n1"]
    assert "o3" not in found(living, "oak number3", 100, EVERYBODY)
    assert "o3" in found(living, "oak number3", 100, HR)
    changes.append([Edit(f"o{n}", (), (f"o{n}",)) for n in range(4, 19)], 3.0)
    assert found(living, "ash oak", 10, EVERYBODY) == ["o0", "o1", "o2", "o19", "n1"]


def test_going_back_to_a_corpus_from_before_a_label_opens_nothing(world) -> None:
    """By its id, and where the whole file is guarded since, by its file: its text was edited."""
    home, changes = world
    file = home.root / "docs" / "yew.md"
    file.parent.mkdir()
    file.write_text("yew as it was")
    ingest(home, [file])
    build_generation(home, Plan(retriever="bm25", verify=verify_here))
    before = living_of(home, changes, 2)
    [was] = found(before, "yew", 1, EVERYBODY)
    file.write_text("yew as it is")
    ingest(home, [file], documents=[held("o7", "oak number7", "hr")], labels=("hr",))
    for living in (living_of(home, changes, 2), before):  # a corpus nobody has built from yet
        assert was not in found(living, "yew", 100, EVERYBODY)
        assert "o7" not in found(living, "oak number7", 100, EVERYBODY)
        assert found(living, "yew", 1, HR) == [was]
        assert [one.id for one in living.seen_by(EVERYBODY, [6, 7])] == ["o6"]


def test_a_generations_own_search_is_for_everybody(world) -> None:
    """What trains, judges and reports asks it without rights of anybody."""
    home, _ = world
    generation = Generation.open(home, 1, check=False)
    [hits] = generation.search(["ash oak fir"], 100)
    assert [hit.row for hit in hits] == list(range(20))


def test_a_home_in_which_everything_is_guarded_is_built_and_shows_nothing(tmp_path: Path) -> None:
    """Its canaries are looked for whatever their labels."""
    home = Home(tmp_path)
    ingest(home, documents=[held(f"h{n}", f"oak number{n}", "hr") for n in range(5)])
    build_generation(home, Plan(retriever="bm25", verify=verify_here))
    changes = ChangeList(home.changes_file)
    living = living_of(home, changes)
    living.warm()
    assert found(living, "oak", 10, EVERYBODY) == [] and len(found(living, "oak", 10, HR)) == 5
    changes.close()


def test_masks_of_rights_are_what_a_plain_look_says() -> None:
    guards = Guards.of(5, [(1, ["hr"]), (3, ["hr", "board"]), (4, [])])
    assert guards.allowed(OWNER) is None and Guards.of(5, []).allowed(EVERYBODY) is None
    for rights in (EVERYBODY, HR, Rights(frozenset(["board"])), BOTH):
        mask = guards.allowed(rights)
        plain = [rights.allow(guards.of_row(row)) for row in range(5)]
        assert (mask is None and all(plain)) or mask.tolist() == plain  # type: ignore[union-attr]


@pytest.mark.parametrize("labels", [(), ("board", "hr")])
def test_a_record_keeps_its_labels(labels: tuple[str, ...]) -> None:
    record = AnswerRecord("a", "q", "x", 0.5, (), 1, 1, "r", 0.0, 3, labels=labels)
    assert AnswerRecord.from_json(record.to_json(), 3) == record
    assert ("labels" in record.to_json()) == bool(labels)


@pytest.mark.parametrize("kind", ["dense", "late"])
def test_vectors_and_tokens_are_compared_among_what_may_be_seen(
    tmp_path: Path, tiny_encoder: Path, kind: str
) -> None:
    """The nearest is guarded, was relabelled meanwhile, or was added with a label."""
    home = Home(tmp_path)
    documents = [held(f"o{n}", f"oak number {n}") for n in range(6)]
    ingest(home, documents=[*documents, held("h", "ash and fir", "hr"), held("p", "ash and elm")])
    build_generation(home, Plan(retriever=kind, model=str(tiny_encoder), verify=verify_here))
    changes = ChangeList(home.changes_file)
    living = living_of(home, changes)
    assert found(living, "ash and fir", 1, HR) == ["h"]
    assert "h" not in found(living, "ash and fir", 8, EVERYBODY)
    assert len(found(living, "ash and fir", 7, EVERYBODY)) == 7
    texts = {"p": "ash and elm", "n": "ash and fir"}
    now = [Passage(id, "t", text, "", ("hr",)) for id, text in texts.items()]
    changes.append([Edit(one.id, (one,), (one.id,)) for one in now], 1.0)
    living.update()
    assert set(found(living, "ash and fir", 9, HR)) == {"h", "p", "n", *(f"o{n}" for n in range(6))}
    assert sorted(found(living, "ash and fir", 9, EVERYBODY)) == [f"o{n}" for n in range(6)]
    changes.close()
