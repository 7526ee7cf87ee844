"""What each route is asked with a key: those that show documents, that show none, the admin's.

The routes' names are the schema's: one that is new must be put in a list here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.worlds.serving import ADMIN, Running

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


def gone_on(world: World, key: str) -> str:
    """What every answer is said to be followed by."""
    return "\n".join(
        world.says(
            key, "POST", "/v1/responses",
            json={"input": QUESTION, "previous_response_id": f"resp_{id}"},
        )
        for id in world.answers.values()
    )  # fmt: skip


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
        gone_on,
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


def ids_found(world: World, key: str, top_k: int) -> list[str]:
    found = world.send(key, "GET", "/search", params={"q": QUESTION, "top_k": top_k}).json()
    return [one["id"] for one in found["passages"]]
