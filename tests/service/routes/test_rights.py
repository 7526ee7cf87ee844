"""A key without a document's label gets at it by no route, whatever the service went through.

The routes come from the service's own schema: one that is new must be put in a list here.
"""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client

from index_builder.build.generation import Plan, build_generation
from index_builder.ingest.documents import Document
from index_builder.ingest.run import ingest
from reread.home import Home
from reread.records import Passage
from service.http.examples import plain
from service.http.key_file import KeyFile
from tests.index_builder.verified import verify_here
from tests.worlds.serving import ADMIN, Running, assert_problem, running, until

CANARY, LATER_CANARY, MEMO_CANARY = "kanarienvogel", "wellensittich", "nachtigall"
TITLE = "Gehaltsliste"
CANARIES = (CANARY, LATER_CANARY, MEMO_CANARY, TITLE)
TWIN = "the zebra of the north wing sleeps in the quiet room behind the garden wall every night"
QUESTION = "where does the zebra sleep"
MEMO = f"the zebra keeper is the {MEMO_CANARY} of the north wing and sleeps there every night"


@dataclass
class World:
    """A service with two keys, and what was learned of it on the way."""

    service: Running
    keys: dict[str, str]  # "open" holds no label, "hr" holds the label
    answers: dict[str, str] = field(default_factory=dict)  # ids of answers by what they are

    def send(self, key: str, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.keys[key]}"} if key in self.keys else ADMIN
        return self.service.client.request(method, path, headers=headers, **more)

    def says(self, key: str, method: str, path: str, **more: Any) -> str:
        return self.send(key, method, path, **more).text


Probe = Callable[[World, str], str]


def probe(method: str, path: str, **more: Any) -> Probe:
    return lambda world, key: world.says(key, method, path, **more)


def asked(**body: Any) -> dict[str, Any]:
    return {"json": {"question": QUESTION, **body}}


def both(*probes: Probe) -> Probe:
    return lambda world, key: "\n".join(one(world, key) for one in probes)


def of_answers(path: str) -> Probe:
    return lambda world, key: "\n".join(
        world.says(key, "GET", path.format(id)) for id in world.answers.values()
    )


def judged(world: World, key: str) -> str:
    """What feedback on every answer says; the ids of its passages are given to be echoed."""
    return "\n".join(
        world.says(key, "POST", "/feedback", json={"answer_id": id, "verdict": "correct"})
        for id in world.answers.values()
    )


MESSAGES = [{"role": "user", "content": QUESTION}]
HISTORY = [{"question": "who keeps the zebra", "answer": "somebody"}]
# Routes that show what a key may see: the key with the label sees the canary on each.
SHOW: dict[str, Probe] = {
    "POST /answer": both(
        probe("POST", "/answer", **asked()),
        probe("POST", "/answer", **asked(stream=True)),
        probe("POST", "/answer", **asked(top_k=100, history=HISTORY)),
        probe("POST", "/answer", **asked(generation=1)),
    ),
    "POST /answer/batch": probe("POST", "/answer/batch", json={"questions": [QUESTION] * 3}),
    "GET /search": probe("GET", "/search", params={"q": QUESTION, "top_k": 100}),
    "GET /examples": probe("GET", "/examples"),
    "POST /relevance": both(
        probe("POST", "/relevance", **asked(tokens=True)),
        probe("POST", "/relevance", **asked(aggregation="max")),
    ),
    "GET /relevance/{answer_id}": of_answers("/relevance/{}"),
    "GET /documents": both(
        probe("GET", "/documents"), probe("GET", "/documents", params={"after": "salaries"})
    ),
    "GET /documents/{id}": both(
        probe("GET", "/documents/salaries"),
        probe("GET", "/documents/later"),
        probe("GET", "/documents/memo"),
    ),
    "POST /v1/chat/completions": both(
        probe("POST", "/v1/chat/completions", json={"messages": MESSAGES}),
        probe("POST", "/v1/chat/completions", json={"messages": MESSAGES, "stream": True}),
    ),
    "POST /v1/responses": both(
        probe("POST", "/v1/responses", json={"input": QUESTION}),
        probe("POST", "/v1/responses", json={"input": QUESTION, "stream": True}),
    ),
}
# Routes that show no document: neither key sees a canary.
SILENT: dict[str, Probe] = {
    "POST /feedback": judged,
    "POST /v1/embeddings": probe("POST", "/v1/embeddings", json={"input": [QUESTION]}),
    "POST /v1/rerank": probe(
        "POST", "/v1/rerank", json={"query": QUESTION, "documents": ["a zebra", "b"]}
    ),
    "GET /v1/models": probe("GET", "/v1/models"),
    "GET /v1/models/{name}": probe("GET", "/v1/models/retriever"),
    "GET /healthz": probe("GET", "/healthz"),
    "GET /readyz": probe("GET", "/readyz"),
    "GET /metrics": probe("GET", "/metrics"),
    "GET /info": probe("GET", "/info"),
}
# Routes of the admin key, which sees everything: a query key is sent away, whatever its labels.
ADMINS: dict[str, Probe] = {
    "POST /documents": probe("POST", "/documents", json={"documents": [{"text": "x"}]}),
    "POST /documents/file": probe(
        "POST", "/documents/file", params={"name": "a.txt"}, content=b"x"
    ),
    "PUT /documents/{id}": probe("PUT", "/documents/salaries", json={"text": "x"}),
    "DELETE /documents/{id}": probe("DELETE", "/documents/salaries"),
    "POST /admin/retrain": probe("POST", "/admin/retrain"),
    "GET /admin/jobs": probe("GET", "/admin/jobs"),
    "GET /admin/jobs/{job_id}": probe("GET", "/admin/jobs/1"),
    "GET /admin/jobs/{job_id}/events": probe("GET", "/admin/jobs/1/events"),
    "POST /admin/jobs/{job_id}/cancel": probe("POST", "/admin/jobs/1/cancel"),
    "GET /admin/log": probe("GET", "/admin/log"),
    "GET /admin/generations": probe("GET", "/admin/generations"),
    "POST /admin/generations/{number}/activate": probe("POST", "/admin/generations/1/activate"),
}
# Not in the schema, and asked all the same.
BESIDE: dict[str, Probe] = {
    "POST /v2/rerank": probe(
        "POST", "/v2/rerank", json={"query": QUESTION, "documents": ["a zebra", "b"]}
    ),
    "GET /": probe("GET", "/"),
    "GET /openapi.json": probe("GET", "/openapi.json"),
}


def passage(id: str, text: str, *labels: str, title: str = "Zoo") -> Document:
    return Document(id, (Passage(id, title, text, "zoo.md", labels),))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The guarded document comes first and fits best; its twin says the same in the open."""
    home = Home(tmp_path).create()
    longer = "Zoo and garden of our town"
    documents = [passage("salaries", f"{TWIN} {CANARY}", "hr", title=TITLE)]
    documents += [passage("twin", TWIN, title=longer)]
    documents += [passage("memo", MEMO, title="Memo")]
    documents += [passage(f"z{n}", f"a zebra was seen in town number{n}") for n in range(6)]
    ingest(home, documents=documents)
    build(home)
    return home


def build(home: Home) -> int:
    return build_generation(home, Plan(retriever="bm25", verify=verify_here))


@pytest.fixture
def keys(home: Home) -> dict[str, str]:
    file = KeyFile(home.keys_file)
    return {"open": file.add("open", "query", 0.0), "hr": file.add("hr", "query", 0.0, ["hr"])}


def serving(home: Home, keys: dict[str, str]) -> Any:
    return running(home.root, None)


def ids_found(world: World, key: str, top_k: int) -> list[str]:
    found = world.send(key, "GET", "/search", params={"q": QUESTION, "top_k": top_k}).json()
    return [one["id"] for one in found["passages"]]


def look_everywhere(world: World) -> None:
    """Every route with both keys, together and one after the other."""
    for name in ("open", "hr"):
        answer = world.send(name, "POST", "/answer", **asked()).json()
        world.answers[name] = answer["id"]
    for name, ask in {**SHOW, **SILENT, **ADMINS, **BESIDE}.items():
        said = ask(world, "open").lower()
        assert not [one for one in CANARIES if one.lower() in said], (name, said)
    for name, ask in SHOW.items():
        if name != "GET /examples":
            assert shows_guarded(ask(world, "hr")), name
    for name, ask in ADMINS.items():
        assert '"status":403' in ask(world, "hr").replace(" ", ""), name
    asks = [("hr" if n % 2 else "open") for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        for key, said in zip(
            asks,
            pool.map(lambda key: world.says(key, "POST", "/answer", **asked()), asks),
            strict=True,
        ):
            assert shows_guarded(said) == (key == "hr")


def shows_guarded(said: str) -> bool:
    """One of the two that say the same: the other is folded into it."""
    return CANARY in said or LATER_CANARY in said


def test_every_route_is_in_a_list(home: Home, keys: dict[str, str]) -> None:
    """A route that is added shows documents, shows none, or is the admin's: say which."""
    with serving(home, keys) as service:
        schema = service.client.get("/openapi.json").json()
    known = {
        f"{method.upper()} {plain(path)}"
        for path, methods in schema["paths"].items()
        for method in methods
    }
    assert known == SHOW.keys() | SILENT.keys() | ADMINS.keys()


def test_no_route_shows_a_guarded_document(home: Home, keys: dict[str, str]) -> None:
    """Served, added while serving, relabelled, swapped in, rolled back to, and after a restart."""
    with serving(home, keys) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys)
        memo = world.send("open", "POST", "/answer", **asked(question="who is the zebra keeper"))
        assert MEMO_CANARY in memo.text and MEMO_CANARY in world.says(
            "open", "GET", f"/relevance/{memo.json()['id']}"
        )
        relabel = {"title": "Memo", "text": MEMO, "access_labels": ["hr"]}
        put = world.send("admin", "PUT", "/documents/memo", json=relabel).json()
        assert put["status"] == "replaced"
        world.answers["memo"] = memo.json()["id"]  # read when everybody might; no more
        look_everywhere(world)
        later = {"id": "later", "title": TITLE, "text": f"{TWIN} {LATER_CANARY}"}
        twin = {"id": "later twin", "title": "Zoo", "text": f"{TWIN} as they say"}
        sent = {"documents": [{**later, "access_labels": ["hr"]}, twin]}
        assert world.send("admin", "POST", "/documents", json=sent).status_code == 200
        look_everywhere(world)
        build(home)
        until(lambda: service.parts.pipeline.live.number == 2)
        look_everywhere(world)
        assert world.send("admin", "POST", "/admin/generations/1/activate").json()["serving"] == 1
        look_everywhere(world)
    with serving(home, keys) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys, world.answers)
        look_everywhere(world)


def test_a_near_copy_in_the_open_is_found_and_costs_no_place(
    home: Home, keys: dict[str, str]
) -> None:
    """Of two that say the same, each sees the best that he may see, and as many as he asked for."""
    with serving(home, keys) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys)
        assert "twin" in ids_found(world, "open", 3) and len(ids_found(world, "open", 8)) == 8
        for key, count in (("open", 0), ("hr", 1)):
            params = {"q": QUESTION, "top_k": 8}
            found = world.send(key, "GET", "/search", params=params).json()["passages"]
            [first] = [one for one in found if one["id"] in ("twin", "salaries")]
            assert (first["id"], first["copies"]) == ("salaries" if count else "twin", count)


def test_what_is_not_to_be_seen_is_as_if_it_were_not_there(
    home: Home, keys: dict[str, str]
) -> None:
    with serving(home, keys) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys)
        answer = world.send("hr", "POST", "/answer", **asked()).json()["id"]
        unknown = "0" * 32
        for path in ("/relevance/{}", "/documents/{}"):
            ids = (answer, unknown) if "relevance" in path else ("salaries", "nothing0")
            there, absent = (world.send("open", "GET", path.format(id)) for id in ids)
            assert there.status_code == absent.status_code == 404
            assert there.json()["detail"].replace(ids[0], ids[1]) == absent.json()["detail"]
        said = {"answer_id": answer, "verdict": "wrong"}
        assert_problem(world.send("open", "POST", "/feedback", json=said), 404, "no answer")
        assert world.send("hr", "POST", "/feedback", json=said).status_code == 200
        after = world.send("open", "GET", "/documents", params={"after": "salaries"})
        assert_problem(after, 404, "There is no document")


def test_without_a_key_only_what_is_open_is_seen(home: Home) -> None:
    """A service without query keys answers whoever connects, and shows him no guarded document."""
    with running(home.root, None) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        for said in (
            service.client.post("/answer", **asked()).text,
            service.client.get("/search", params={"q": QUESTION, "top_k": 100}).text,
            service.client.get("/documents").text,
        ):
            assert "twin" in said and CANARY not in said and TITLE not in said
        assert CANARY in service.client.post("/answer", headers=ADMIN, **asked()).text


def test_a_running_service_follows_what_a_key_may_see(home: Home, keys: dict[str, str]) -> None:
    with serving(home, keys) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        world = World(service, keys)
        KeyFile(home.keys_file).relabel("open", ["hr"])
        assert "salaries" in ids_found(world, "open", 100)
        KeyFile(home.keys_file).relabel("open", [])
        assert "salaries" not in ids_found(world, "open", 100)


def test_the_tools_of_mcp_see_what_their_key_may(home: Home, keys: dict[str, str]) -> None:
    calls = [
        ("ask", {"question": QUESTION}),
        ("search", {"question": QUESTION, "top_k": 100}),
        ("relevance", {"question": QUESTION}),
    ]

    async def said(url: str, key: str) -> list[str]:
        from mcp.client.streamable_http import streamable_http_client

        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(f"{url}/mcp", http_client=http)
            async with Client(transport) as client:
                found = [await client.call_tool(name, sent) for name, sent in calls]
        return [json.dumps(one.structured_content) for one in found]

    with serving(home, keys) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        for name, key in keys.items():
            for answer in asyncio.run(said(service.url, key)):
                assert (CANARY in answer) == (name == "hr")
