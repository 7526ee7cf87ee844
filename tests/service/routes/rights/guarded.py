"""A home whose best passage is guarded by a label, and an open twin of it."""

from pathlib import Path

from index_builder.build.generation import Plan, build_generation
from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest
from reread.home import Home
from reread.records import Passage
from tests.index_builder.verified import verify_here
from tests.service.routes.rights.probes import CANARY, MEMO, TITLE, TWIN


def guarded_home(folder: Path) -> Home:
    """The guarded document comes first and fits best; its twin says the same in the open."""
    home = Home(folder).create()
    longer = "Zoo and garden of our town"
    documents = [passage("salaries", f"{TWIN} {CANARY}", "hr", title=TITLE)]
    documents += [passage("twin", TWIN, title=longer)]
    documents += [passage("memo", MEMO, title="Memo")]
    documents += [passage(f"z{n}", f"a zebra was seen in town number{n}") for n in range(6)]
    ingest(home, documents=documents)
    build(home)
    return home


def passage(id: str, text: str, *labels: str, title: str = "Zoo") -> Document:
    return Document(id, (Passage(id, title, text, "zoo.md", labels),))


def build(home: Home) -> int:
    return build_generation(home, Plan(retriever="bm25", verify=verify_here))
