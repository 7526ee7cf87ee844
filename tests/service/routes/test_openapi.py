"""Every route of /openapi.json has an example, and its own route takes it."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.http.examples import ANSWER_ID, EXAMPLES, JOB_ID, plain
from tests.worlds.browsing import town_service
from tests.worlds.serving import ADMIN, Running

NEEDS_VECTORS = "POST /v1/embeddings"  # the towns are found by words


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with town_service(tmp_path_factory.mktemp("towns")) as service:
        yield service


@pytest.fixture(scope="module")
def schema(service: Running) -> dict[str, Any]:
    return service.client.get("/openapi.json").json()  # type: ignore[no-any-return]


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {plain(path)}", operation


def objections(value: Any, part: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    whole = {**part, "components": schema["components"]}
    return [one.message for one in Draft202012Validator(whole).iter_errors(value)]


def test_every_route_has_an_example_and_every_example_a_route(schema: dict[str, Any]) -> None:
    assert sorted(EXAMPLES) == sorted(name for name, _ in operations(schema))
    for name, operation in operations(schema):
        needed = {one["name"] for one in operation.get("parameters", ()) if one["required"]}
        shown = {one["name"] for one in operation.get("parameters", ()) if "example" in one}
        assert needed <= shown, name
        sent = operation.get("requestBody", {}).get("content", {}).get("application/json")
        assert sent is None or "example" in sent, name


def test_the_examples_fit_the_schemas(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        sent = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if sent is not None:
            assert objections(sent["example"], sent["schema"], schema) == [], name
        for one in operation.get("parameters", ()):
            if "example" in one:
                assert objections(one["example"], one["schema"], schema) == [], (name, one["name"])
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json", {})
            if status.startswith("2") and "example" in content:
                assert objections(content["example"], content["schema"], schema) == [], name


def test_each_route_takes_its_own_example(service: Running) -> None:
    """With ids that there are; a retraining is queued, and cancelled again."""
    ids = {ANSWER_ID: service.ask(question="wells of Oslo").json()["id"], "keys.md": "guide.md.1"}
    refused = {}
    for name, example in EXAMPLES.items():
        if name == NEEDS_VECTORS:
            continue
        method, path = name.split(" ")
        response = send(service, method, path, example, ids)
        if name == "POST /admin/retrain":
            ids[JOB_ID] = response.json()["job"]["id"]
        if name == "POST /documents":
            del ids["keys.md"]  # from now on there is such a document
        if response.status_code >= 300:
            refused[name] = response.text
    assert refused == {}


def send(
    service: Running, method: str, path: str, example: dict[str, Any], ids: dict[str, str]
) -> Any:
    given = {key: ids.get(str(v), v) for key, v in example.get("parameters", {}).items()}
    query = {key: value for key, value in given.items() if f"{{{key}}}" not in path}
    for key, value in given.items():
        path = path.replace(f"{{{key}}}", str(value))
    if path.endswith("/events"):  # a stream that lasts as long as its job
        with service.client.stream(method, path, headers=ADMIN) as response:
            next(response.iter_lines())
            return response
    more: dict[str, Any] = {"content": b"# A note"} if path == "/documents/file" else {}
    if path == "/documents/file":
        query = {"name": "note.md"}
    if "body" in example:
        more["json"] = replaced(example["body"], ids)
    return service.client.request(method, path, params=query, headers=ADMIN, **more)


def replaced(body: Any, ids: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {key: replaced(value, ids) for key, value in body.items() if key != "id"} | (
            {"id": body["id"]} if "id" in body else {}
        )
    if isinstance(body, list):
        return [replaced(one, ids) for one in body]
    return ids.get(body, body) if isinstance(body, str) else body
