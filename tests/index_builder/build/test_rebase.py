"""A candidate of an older corpus never takes the place of a newer one's generation."""

import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest
from reread.artefacts.generation import open_current
from reread.artefacts.publication import OlderCorpus, current, publish
from reread.home import Home, numbers
from reread.records import Passage
from tests.index_builder.verified import verify_here


def add(home: Home, id: str) -> None:
    ingest(home, documents=[Document(id, (Passage(id, "", f"about {id}"),))])


def test_documents_built_while_a_build_runs_are_in_what_it_publishes(home):
    """The lost update: the slow build published the corpus it had begun with."""
    add(home, "early")
    meanwhile = []

    def verify(folder):
        if not meanwhile:
            add(home, "late")
            meanwhile.append(build_generation(home, Plan(retriever="bm25", verify=verify_here)))
        return verify_here(folder)

    number = build_generation(home, Plan(retriever="bm25", verify=verify))
    assert current(home).number == number > meanwhile[0]
    generation = open_current(home)
    assert {one.id for batch in generation.passages.iterate() for one in batch} == {"early", "late"}
    assert number in numbers(home.generations_dir)


def test_an_older_corpus_is_refused(home):
    add(home, "early")
    first = build_generation(home, Plan(retriever="bm25", verify=verify_here))
    add(home, "late")
    second = build_generation(home, Plan(retriever="bm25", verify=verify_here))
    with pytest.raises(OlderCorpus, match="corpus 1 .* corpus 2"):
        publish(home, first)
    assert current(home).number == second
