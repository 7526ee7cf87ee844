"""What /openapi.json says beyond what FastAPI sees: which keys may stay away, which problems come.

Knows the routes' descriptions as they stand in the document; changes no behaviour.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from reread.errors import RereadError
from service.http.examples import add_examples
from service.http.problems import ABOUT_STATUS, INTERNAL, METHODS, kind_of
from service.http.security import QUERY_KEY


def describe(app: FastAPI) -> None:
    """Let the app's document say what its routes do; made once, when it is first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            complete(found)
            add_examples(found)
            app.openapi_schema = found
        return app.openapi_schema

    setattr(app, "openapi", document)  # noqa: B010 - FastAPI's own way, which its types do not know


def complete(document: dict[str, Any]) -> None:
    """Query keys are asked for where the service has some; problems have one of known types."""
    for operation in operations(document):
        required = operation.get("security", [])
        if required and all(QUERY_KEY in one for one in required):
            operation["security"] = [{}, *required]
    problem = document["components"]["schemas"]["ProblemBody"]["properties"]
    problem["type"] |= {"enum": problem_types()}
    problem["status"] |= {"minimum": 400, "maximum": 599}


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def problem_types() -> list[str]:
    """Every type of problem that the service can send, in order."""
    kinds = {kind_of(one) for one in _kinds_of_error(RereadError)}
    return sorted({ABOUT_STATUS, INTERNAL, *kinds})


def _kinds_of_error(kind: type[RereadError]) -> Iterator[type[RereadError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _kinds_of_error(one)
