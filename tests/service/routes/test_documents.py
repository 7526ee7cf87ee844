"""Documents added, replaced and removed over HTTP while a real generation of words serves."""

import time
from pathlib import Path
from typing import Any

import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest
from reread.artefacts.publication import current
from reread.home import Home
from reread.log.changes import ChangeList, Edit
from reread.log.stores import Stores
from reread.records import Passage
from tests.index_builder.verified import verify_here
from tests.worlds.redis_server import RedisServer
from tests.worlds.serving import ADMIN, Running, assert_problem, running, until

CANARY = "kanarienvogel7731"


def build(home: Home) -> int:
    return build_generation(home, Plan(retriever="bm25", verify=verify_here))


@pytest.fixture
def service(tmp_path: Path):
    home = Home(tmp_path)
    towns = (Passage(f"t{n}", f"Town {n}", f"Town {n} has {n} wells.", "atlas") for n in range(9))
    ingest(home, documents=[Document(one.id, (one,)) for one in towns])
    build(home)
    with running(tmp_path, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        yield service


def send(service: Running, *documents: dict[str, Any]) -> Any:
    return service.client.post("/documents", json={"documents": list(documents)}, headers=ADMIN)


def found(service: Running, question: str) -> list[str]:
    body = service.client.get("/search", params={"q": question}).json()
    return [one["id"] for one in body["passages"] if one["retrieval_score"] > 0]


def test_added_replaced_and_removed_and_each_in_the_next_search(service: Running) -> None:
    began, now_s = time.monotonic(), time.time()
    body = send(service, {"id": "zoo", "title": "Zoo", "text": "The zebra sleeps."}).json()
    assert body == {"documents": [{"id": "zoo", "passages": ["zoo"], "status": "added"}]}
    assert found(service, "zebra") == ["zoo"]
    listed = service.client.get("/documents").json()["documents"]
    times = [one["ingested_s"] for one in (listed[0], listed[-1])]
    assert (
        times[0] <= now_s <= times[1] == service.client.get("/documents/zoo").json()["ingested_s"]
    )
    answer = service.ask(question="where is the zebra?").json()
    assert (answer["found"], answer["passages"][0]["id"]) == (True, "zoo")
    new = {"title": "Zoo", "text": "The okapi sleeps."}
    put = service.client.put("/documents/zoo", json=new, headers=ADMIN).json()
    assert put["status"] == "replaced"
    again = service.client.put("/documents/zoo", json=new, headers=ADMIN).json()
    assert again["status"] == "unchanged"
    assert found(service, "zebra") == [] and found(service, "okapi") == ["zoo"]
    gone = service.client.delete("/documents/zoo", headers=ADMIN).json()
    assert gone == {"id": "zoo", "passages": ["zoo"], "status": "removed"}
    assert found(service, "okapi") == []
    assert service.ask(question="okapi?").json()["found"] is False
    assert time.monotonic() - began < 30
    assert_problem(service.client.get("/documents/zoo"), 404, "zoo")
    assert_problem(service.client.delete("/documents/zoo", headers=ADMIN), 404, "zoo")


def test_a_long_text_is_one_document_of_several_passages(service: Running) -> None:
    text = " ".join(f"Sentence {n} of the long tale is about badgers." for n in range(80))
    [one] = send(service, {"id": "tale", "title": "Tale", "text": text}).json()["documents"]
    assert one["passages"][:2] == ["tale", "tale.1"] and len(one["passages"]) > 2
    shown = service.client.get("/documents/tale").json()
    assert [part["id"] for part in shown["passages"]] == one["passages"]
    assert_problem(service.client.get("/documents/tale.1"), 404, "a passage of document 'tale'")
    clash = send(service, {"id": "tale.1", "text": "another"})
    assert_problem(clash, 409, "'tale'")
    service.client.delete("/documents/tale", headers=ADMIN)
    assert found(service, "badgers") == []


def test_pages_hold_every_document_once_in_order(service: Running) -> None:
    send(service, {"id": "a/b c", "text": "one"}, {"id": "ü", "text": "two"})
    service.client.delete("/documents/t4", headers=ADMIN)
    ids, after = [], None
    while True:
        page = service.client.get(
            "/documents", params={"limit": 3} | ({"after": after} if after else {})
        ).json()
        ids += [one["id"] for one in page["documents"]]
        after = page["next"]
        if after is None:
            break
    assert ids == [f"t{n}" for n in range(9) if n != 4] + ["a/b c", "ü"]
    assert service.client.get("/documents/a%2Fb%20c").json()["passages"][0]["text"] == "one"


def test_only_the_admin_key_changes_anything_and_bad_documents_change_nothing(
    service: Running,
) -> None:
    body = {"documents": [{"id": "x", "text": "x"}]}
    assert_problem(service.client.post("/documents", json=body), 401)
    assert_problem(service.client.delete("/documents/t1"), 401)
    bad = [{"id": "ok", "text": "fine"}, {"id": "bad", "text": " "}]
    assert_problem(send(service, *bad), 422)
    assert_problem(send(service, {"id": "ok", "text": "a"}, {"id": "ok", "text": "b"}), 422, "ok")
    assert_problem(send(service, {"id": " ", "text": "a"}), 422)
    assert_problem(service.client.get("/documents/ok"), 404)


def test_another_process_removes_a_document_and_no_later_answer_has_it(service: Running) -> None:
    other = ChangeList(service.home.changes_file)
    other.append([Edit("t3", (), ("t3",))], 0.0)
    other.close()
    assert "t3" not in found(service, "Town 3 wells")


def test_no_byte_of_a_removed_document_is_left_after_the_next_build(service: Running) -> None:
    text = f"The password of the {CANARY} is swordfish."
    send(service, {"id": "secret", "title": CANARY, "text": text}, {"id": "keep", "text": "moss"})
    answered = service.ask(question=f"password of the {CANARY[:5]}").json()
    build(service.home)  # it goes into a corpus, an index and a generation
    until(lambda: service.parts.pipeline.live.number == 2)
    assert found(service, "password swordfish") == ["secret"]
    assert holding(service.home)
    service.client.delete("/documents/secret", headers=ADMIN)
    assert found(service, "password swordfish") == []
    logged = service.client.get(f"/relevance/{answered['id']}").json()
    assert CANARY not in str(logged["passages"])
    number = build(service.home)
    until(lambda: service.parts.pipeline.live.number == number)
    assert holding(service.home) == []
    assert current(service.home).number == number  # type: ignore[union-attr]
    assert found(service, "moss") == ["keep"]
    assert service.client.get(f"/relevance/{answered['id']}").json()["answer"] == ""


def test_with_redis_no_byte_is_left_in_the_home_nor_in_any_key(tmp_path: Path) -> None:
    # A shared log could not lose anything: what was answered stayed in its streams for ever.
    server = RedisServer(tmp_path / "server", "--rdbcompression", "no")
    home = Home(tmp_path / "home").create()
    stores = Stores(home, redis_url=server.url, redis_namespace="one")
    client = server.connection("one").client

    def keys_with_it() -> list[bytes]:
        return [key for key in client.scan_iter() if CANARY.encode() in client.dump(key)]

    try:
        secret = Passage("secret", CANARY, f"The password of the {CANARY} is swordfish.")
        moss = Passage("moss", "Moss", "Moss grows on stones.")
        ingest(home, documents=[Document(one.id, (one,)) for one in (secret, moss)])
        build(home)
        with running(home.root, None, stores=stores) as service:
            until(lambda: service.parts.pipeline.live.number == 1)
            answered = service.ask(question=f"password of the {CANARY[:5]}").json()
            assert CANARY in answered["answer"]
            said = {"answer_id": answered["id"], "verdict": "wrong", "answer": CANARY}
            assert service.client.post("/feedback", json=said).status_code == 200
            assert len(keys_with_it()) == 3
            service.client.delete("/documents/secret", headers=ADMIN)
            plan = Plan(retriever="bm25", verify=verify_here)
            number = build_generation(home, plan, stores=stores)
            until(lambda: service.parts.pipeline.live.number == number)
            until(lambda: keys_with_it() == [], 30)
            assert service.client.get(f"/relevance/{answered['id']}").json()["answer"] == ""
        assert holding(home) == []
    finally:
        server.kill()


def holding(home: Home) -> list[Path]:
    files = (one for one in home.root.rglob("*") if one.is_file())
    return [one for one in files if CANARY.encode() in one.read_bytes()]


def test_nuls_in_what_is_sent_are_left_out_and_are_no_text(service: Running) -> None:
    """As in files: a word with one was in the corpus, and nobody could find it."""
    assert send(service, {"id": "n", "text": "The zeb\0ra sleeps."}).status_code == 200
    assert found(service, "zebra") == ["n"]
    assert_problem(send(service, {"id": "m", "text": "\0 \0"}), 422, "needs some text")
