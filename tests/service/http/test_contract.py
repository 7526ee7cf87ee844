"""Whatever is sent, with and without keys: no 5xx, and every response is as /openapi.json says.

Requests are made from the document itself: some as it describes them, some broken anywhere.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir
from reread.home import Home
from reread.records import Passage
from service.app import routed
from service.http.openapi import METHODS, problem_types
from tests.worlds.serving import Running, running, until

KEYS: dict[str, dict[str, str]] = {
    "none": {},
    "wrong": {"Authorization": "Bearer nobody's"},
    "no bearer": {"Authorization": "Basic YTpi"},
    "query": {"Authorization": "Bearer alpha"},
    "admin": {"Authorization": "Bearer admin-secret"},
}
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
ODD_TEXTS = st.sampled_from(["", " ", "0", "-1", "9" * 260, "\x00", "..", "a/b", "é", "%00", "p3"])


DOCUMENT: dict[str, Any] = routed().openapi()
OPERATIONS = [
    (method, path)
    for path, ways in DOCUMENT["paths"].items()
    for method in METHODS
    if method in ways and not path.startswith("/page")
]


@pytest.fixture(scope="module", params=[(), ("alpha",)], ids=["keyless", "keyed"])
def fuzzed(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = Home(tmp_path_factory.mktemp("fuzzed")).create()
    with committed_dir(home.passages_dir / "1") as scratch:
        towns = [Passage(f"p{i}", f"Town {i}", f"Town {i} has {i} wells.") for i in range(6)]
        PassageStore.create(scratch, towns)
    build_generation(home, Plan("bm25", verify=lambda *_: {}))
    with running(home.root, None, query_keys=request.param) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        yield service


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda one: one)
@settings(
    max_examples=12, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(drawn=st.data())
def test_no_request_is_a_5xx_or_answered_otherwise_than_described(
    fuzzed: Running, method: str, path: str, drawn: st.DataObject
) -> None:
    operation = DOCUMENT["paths"][path][method]
    headers = KEYS[drawn.draw(st.sampled_from(list(KEYS)))]
    asked = request_of(operation, drawn)
    asked["headers"] = {**headers, **asked.get("headers", {})}
    response = fuzzed.client.request(method.upper(), filled(path, operation, drawn), **asked)
    assert response.status_code < 500, response.text
    ways = operation["responses"]
    described = ways.get(str(response.status_code)) or ways["default"]
    kind = response.headers["content-type"].partition(";")[0]
    if response.status_code == 404 and response.json()["type"] == "about:blank":
        return  # a path that is none, such as one with ".." in it
    content = described.get("content", {})
    assert kind in content, (response.status_code, kind, response.text[:300])
    if kind.endswith("json"):
        schema = {**content[kind]["schema"], "components": DOCUMENT["components"]}
        Draft202012Validator(schema).validate(response.json())


def request_of(operation: dict[str, Any], drawn: st.DataObject) -> dict[str, Any]:
    """Query and body; one in three bodies is anything at all."""
    asked: dict[str, Any] = {}
    query = [one for one in operation.get("parameters", []) if one["in"] == "query"]
    if query:
        texts = {one["name"]: drawn.draw(ODD_TEXTS | made(one["schema"])) for one in query}
        asked["params"] = {name: str(value) for name, value in texts.items() if value is not None}
    body = operation.get("requestBody", {}).get("content", {})
    if "application/json" in body:
        schema = body["application/json"]["schema"]
        whole = drawn.draw(st.integers(0, 2)) > 0
        asked["json"] = drawn.draw(made(schema) if whole else ANYTHING)
    elif body:
        asked["content"] = drawn.draw(st.binary(max_size=50))
        asked["headers"] = {"Content-Type": "application/octet-stream"}
    return asked


def filled(path: str, operation: dict[str, Any], drawn: st.DataObject) -> str:
    for one in operation.get("parameters", []):
        if one["in"] == "path":
            value = drawn.draw(ODD_TEXTS | made(one["schema"]))
            text = str(value) if str(value).strip(".") else "x"  # clients take dots away
            path = path.replace("{" + one["name"] + "}", quote(text, safe=""))
    return path


def made(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values as a schema of the document describes them, kept short."""
    if "$ref" in schema:
        return made(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return st.one_of([made(one) for one in schema[several]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    return BY_KIND.get(schema.get("type", ""), anything)(schema)


def anything(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    return ANYTHING


def texts(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    least = schema.get("minLength", 0)
    return st.text(min_size=least, max_size=max(least, 30))


def lists(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    least = schema.get("minItems", 0)
    return st.lists(made(schema.get("items", {})), min_size=least, max_size=least + 2)


def objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    fields = {name: made(one) for name, one in schema.get("properties", {}).items()}
    if not fields:
        return ANYTHING
    needed = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: one for name, one in fields.items() if name in needed},
        optional={name: one for name, one in fields.items() if name not in needed},
    )


BY_KIND: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "string": texts,
    "array": lists,
    "object": objects,
    "boolean": lambda _: st.booleans(),
    "null": lambda _: st.none(),
    "integer": lambda one: st.integers(one.get("minimum"), one.get("maximum")),
    "number": lambda _: FLOATS,
}


def test_the_document_tells_limits_streams_keys_and_problems() -> None:
    """Defect: it lacked the limits and the stream's type and called Authorization required."""
    schemas = DOCUMENT["components"]["schemas"]
    answer = schemas["AnswerRequest"]["properties"]
    assert (answer["question"]["minLength"], answer["question"]["maxLength"]) == (1, 2000)
    [top_k] = [one for one in answer["top_k"]["anyOf"] if one["type"] == "integer"]
    assert (top_k["minimum"], top_k["maximum"]) == (1, 100)
    [passages] = [one for one in answer["passages"]["anyOf"] if one["type"] == "array"]
    assert (passages["minItems"], passages["maxItems"]) == (1, 100)
    assert answer["history"]["maxItems"] == 10
    for path, method in (
        ("/answer", "post"),
        ("/admin/jobs/{job_id}/events", "get"),
        ("/v1/chat/completions", "post"),
        ("/v1/responses", "post"),
    ):
        assert "text/event-stream" in DOCUMENT["paths"][path][method]["responses"]["200"]["content"]
    assert DOCUMENT["paths"]["/answer"]["post"]["security"] == [{}, {"query key": []}]
    assert DOCUMENT["paths"]["/admin/jobs"]["get"]["security"] == [{"admin key": []}]
    assert "security" not in DOCUMENT["paths"]["/healthz"]["get"]
    types = schemas["ProblemBody"]["properties"]["type"]["enum"]
    assert set(types) <= set(problem_types())  # other tests may have loaded more since
    assert {
        "urn:reread:problem:bad-request", "urn:reread:problem:unknown-host",
        "urn:reread:problem:foreign-page", "urn:reread:problem:waited-too-long",
        "urn:reread:problem:too-often", "urn:reread:problem:missing-generation",
        "urn:reread:problem:internal-error", "about:blank",
    } <= set(types)  # fmt: skip
