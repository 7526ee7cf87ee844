"""Routes that say how the service is: alive, ready, metrics, versions."""

import asyncio
import os
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from reread.artefacts.tuned import tuning_of
from reread.errors import RereadError
from service.http.described import PROBLEMS
from service.http.parts import Parts, ServiceParts
from service.http.schemas import (
    ReadyBody,
)
from service.http.security import query_access

METRICS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}}
}
router = APIRouter(tags=["status"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is alive; nothing more."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"model": ReadyBody}})
async def readyz(parts: Parts) -> JSONResponse:
    """Whether a question would be answered; 503 and what is missing where not."""
    body = readiness(parts, await asyncio.to_thread(log_trouble, parts))
    return JSONResponse(body.model_dump(), 200 if body.ready else 503)


@router.get("/metrics", response_class=Response, responses=METRICS)
async def metrics(parts: Parts) -> Response:
    text = await asyncio.to_thread(parts.metrics.render)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get("/info", dependencies=[Depends(query_access)], responses=PROBLEMS)
async def info(parts: Parts) -> dict[str, Any]:
    """Versions, models, the generation in service and the process ids."""
    pipeline = parts.pipeline
    reader = pipeline.reader
    about_reader = reader.info()
    known = await asyncio.to_thread(parts.generations.describe)
    serving = pipeline.live.number
    retrievers = [_retriever(one) for one in known if one["generation"] == serving]
    return {
        "versions": dict(parts.versions),
        "reader": {
            **about_reader,
            "name": reader.name,
            "folder": _text(reader.folder),
            "generation": tuning_of(reader.name),
        },  # fmt: skip
        "retriever": retrievers[0] if retrievers else None,
        "generation": serving,
        "warnings": [*pipeline.live.warnings, *filter(None, [parts.unfit()])],
        "fast_path": about_reader.get("fast_path"),
        "max_file_bytes": parts.settings.max_file_bytes,
        "pids": {"service": os.getpid(), "trainer": parts.trainer_pid()},
    }


def log_trouble(parts: ServiceParts) -> str | None:
    """Why nothing could be recorded now, found by writing; an answer would fail on it too."""
    try:
        parts.log.probe()
    except RereadError as error:
        return str(error)
    return None


def readiness(parts: ServiceParts, unlogged: str | None = None) -> ReadyBody:
    patience_s = parts.settings.wait_s
    pipeline = parts.pipeline
    checks = (
        (not parts.presence.draining.is_set(), "The service is stopping."),
        (pipeline.readings.alive, "The reader's thread has died; restart the service."),
        (pipeline.searches.alive, "The search thread has died; restart the service."),
        (parts.writer.alive, "The log's writer has died; restart the service."),
        (pipeline.readings.busy_s <= patience_s, _hung("reader", pipeline.readings.busy_s)),
        (pipeline.searches.busy_s <= patience_s, _hung("search", pipeline.searches.busy_s)),
        (unlogged is None, f"Answers cannot be logged: {unlogged}"),
    )
    missing = [sentence for passed, sentence in checks if not passed]
    missing += [pipeline.live.missing] if pipeline.live.missing else []
    warnings = list(pipeline.live.warnings)
    if not pipeline.live.alive:
        warnings.append("New generations are no longer noticed; restart the service.")
    if not pipeline.encodings.alive:
        warnings.append("Texts are no longer embedded (/v1/embeddings); restart the service.")
    if pipeline.encodings.busy_s > patience_s:
        warnings.append(_hung("encoder", pipeline.encodings.busy_s))
    warnings += [
        one
        for one in (
            parts.log.warning,
            parts.unkept,
            parts.trainer_trouble(),
            parts.keys.trouble,
            parts.unfit(),
            *dict.fromkeys(rate.warning for rate in parts.rates),
        )  # fmt: skip
        if one
    ]
    return ReadyBody(
        ready=not missing, generation=pipeline.live.number, missing=missing, warnings=warnings
    )


def _hung(what: str, busy_s: float) -> str:
    return f"The {what} has been at one batch for {busy_s:.0f} s; restart the service."


def _retriever(described: dict[str, Any]) -> dict[str, Any]:
    """How a generation searches, from its description."""
    names = {"kind": "retriever", "student": "student", "model": "model", "index": "index"}
    names |= {"dimension": "dimension"}
    return {name: described.get(key) for name, key in names.items()}


def _text(folder: Path | None) -> str | None:
    return None if folder is None else str(folder)
