"""The FastAPI application: routers, errors, limits. Makes nothing and starts nothing."""

from fastapi import FastAPI
from starlette.routing import Route

from service.http import problems
from service.http.described import PROBLEM_CONTENT
from service.http.envelope import RequestEnvelope
from service.http.openapi import describe
from service.http.parts import ServiceParts
from service.routes import admin, answers, documents, page, relevance, status
from service.routes.mcp import McpEndpoint
from service.routes.v1 import chat, embeddings, models, rerank, responses

MODULES = (
    answers, relevance, documents, admin, status, page, chat, responses, models, embeddings, rerank,
)  # fmt: skip


def create_app(parts: ServiceParts) -> FastAPI:
    """The service's routes over `parts`, whose threads the caller starts and stops."""
    app = routed()
    app.state.parts = parts
    app.add_middleware(RequestEnvelope, parts=parts)
    app.router.routes.append(Route("/mcp", McpEndpoint(parts), include_in_schema=False))
    return app


def routed() -> FastAPI:
    """The routes and their description, without what answers them."""
    app = FastAPI(
        title="Reread",
        description="Answers over your own documents that get better at finding the passages.",
        docs_url=None,  # both pages load scripts from the network; /openapi.json stays
        redoc_url=None,
        responses={"default": {"description": "A problem", "content": PROBLEM_CONTENT}},
    )
    problems.install(app)
    for module in MODULES:
        app.include_router(module.router)
    describe(app)
    return app
