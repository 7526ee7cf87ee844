"""Nearness that is evidence: paraphrases are, letters that spell nothing are not."""

import shutil
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from command.demo.python_docs import python_documents
from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from index_builder.ingest.run import ingest
from reread.artefacts.generation import Generation
from reread.home import Home
from reread.live.living import LivingGeneration
from reread.log.changes import ChangeList
from reread.records import Hit, Passage
from reread.retriever.retriever import DenseRetriever
from reread.search.dense import DenseSearch
from reread.search.evidence import select_evidence
from reread.search.nearness import ELSEWHERE, FLOOR, Nearness, knows_any
from reread.search.vectors import VectorIndex
from tests.index_builder.verified import verify_here

NONSENSE = [
    "zxqv blorft", "What is a zxqv blorft?", "di", "totv", "crlfq", "xyzzy", "asdfgh", "8086699",
    "deq", "qthj", "lphtz", "diqripi", "veve wiqn", "zi je toqn", "\u2603",
]  # fmt: skip
PARAPHRASES = {
    "Is smoking allowed?": ("Rules", "Cigarettes and pipes are forbidden everywhere."),
    "Can children swim here?": ("Pool", "Kids under twelve may bathe only with an adult."),
    "How do I turn the machine off?": ("Shutdown", "Press the red button to power down."),
    "photovoltaic": ("Solar panels", "Sunlight is turned into electricity by silicon cells."),
    "wage increase": ("Salary", "Pay is raised by three percent every January."),
}


@pytest.fixture(scope="module")
def minilm() -> DenseRetriever:
    return DenseRetriever.load(device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def python_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two modules of this Python's library, whose documents are some of the demo's."""
    folder, whole = tmp_path_factory.mktemp("library"), Path(sysconfig.get_path("stdlib"))
    for name in ("colorsys.py", "textwrap.py"):
        shutil.copy(whole / name, folder)
    return folder


class _Shifted:
    """An encoder whose vectors all share a direction, as taught ones may."""

    def __init__(self, encoder: DenseRetriever) -> None:
        self._encoder = encoder
        self.settings, self.interaction = encoder.settings, encoder.interaction

    def encode_questions(self, questions):
        made = self._encoder.encode_questions(questions)
        made = np.hstack([made, np.full((len(made), 1), 1.5, np.float32)])
        return made / np.linalg.norm(made, axis=1, keepdims=True)


def holds(living: LivingGeneration, question: str) -> bool:
    (hits,) = living.search([question], 20)
    passages = living.get([hit.row for hit in hits])
    near = living.near_from(question)
    return select_evidence(question, passages, hits, 10, near=near).holds


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dense", "late"])
def test_nonsense_asked_of_the_demos_documents_is_not_found(tmp_path, python_library, kind):
    # "zxqv blorft" was answered "RGB": token by token a few letters come near to colorsys.
    home = Home(tmp_path)
    known = ("python:colorsys", "python:textwrap", "python:str.")
    documents = [d for d in python_documents(python_library) if d.id.startswith(known)]
    ingest(home, documents=documents)
    plan = Plan(retriever=kind, device="cpu", dtype="float32", verify=verify_here)
    build_generation(home, plan)
    changes = ChangeList(home.changes_file)
    living = LivingGeneration(Generation.open(home, 1, device="cpu", dtype="float32"), changes)
    assert [one for one in NONSENSE if holds(living, one)] == []
    assert holds(living, "How do I make everything lowercase?")
    assert holds(living, "What does textwrap.dedent remove?")
    changes.close()


def test_a_passage_that_says_it_in_other_words_is_evidence(minilm):
    passages = [Passage(str(n), *text) for n, text in enumerate(PARAPHRASES.values())]
    index = VectorIndex.build(minilm.encode_passages(passages))
    near = Nearness.of(DenseSearch(minilm, index))
    assert near.level == FLOOR
    scores, rows = index.search(minilm.encode_questions(list(PARAPHRASES)), 1)
    assert rows[:, 0].tolist() == list(range(len(PARAPHRASES)))
    for question, score in zip(PARAPHRASES, scores[:, 0].tolist(), strict=True):
        level = near.from_score(question)
        assert level is not None and score >= level, question


def test_the_level_follows_the_scale_of_the_vectors(minilm):
    passages = [Passage(str(n), *text) for n, text in enumerate(PARAPHRASES.values())]
    vectors, asked = minilm.encode_passages(passages), minilm.encode_questions(ELSEWHERE)
    shifted = np.hstack([vectors, np.full((len(vectors), 1), 1.5, np.float32)])
    shifted /= np.linalg.norm(shifted, axis=1, keepdims=True)
    alike = (vectors @ asked.T).max(0)  # (24,)
    usual = np.median((alike + 1.5**2) / (1 + 1.5**2))
    expected = usual + 0.15 * (1 - usual)

    taught = _Shifted(minilm)
    level = Nearness.of(DenseSearch(taught, VectorIndex.build(shifted))).level
    assert level == pytest.approx(expected, abs=1e-3) and level > 0.7


def test_words_of_fragments_numbers_and_signs_are_known_by_their_letters_alone(minilm):
    for word in (
        "zxqv",
        "blorft",
        "kubectl",
        "8086699",
        "c++",
        "\u2603",
        "\u0448\u0432\u0430\u0440\u0446",
    ):
        assert not knows_any(minilm, [word]), word
    for word in ("photovoltaic", "refund", "tv", "naive", "\u6771\u4eac"):
        assert knows_any(minilm, [word]), word
    assert not knows_any(minilm, [])


def test_the_one_vectors_say_how_near_it_is_where_tokens_order():
    held = [Passage("a", "", "feline rests"), Passage("b", "", "stone")]
    hits = [Hit(0, 0.3, nearness=0.5), Hit(1, 0.9, nearness=0.2)]
    assert select_evidence("cat sleeping", held, hits, 10, near=0.4).places == (0,)
