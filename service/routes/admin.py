"""Routes that change what the service does: retraining, jobs, generations. Admin key only."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from reread.errors import BadRequest
from reread.records import Job
from service.http.bodies import job_body, log_body, one_job_body
from service.http.described import PROBLEMS, or_events
from service.http.parts import Parts, ServiceParts
from service.http.schemas import (
    JobsBody,
    LogBody,
    OneJobBody,
    RetrainParams,
)
from service.http.security import admin_access

# A file name has an end, so a number has one too: 260 digits were an internal error.
GenerationNumber = Annotated[int, Path(ge=1, le=10**12)]
LOOK_S = 0.5  # between two looks at a job
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
router = APIRouter(
    prefix="/admin", dependencies=[Depends(admin_access)], responses=PROBLEMS, tags=["admin"]
)


@router.post("/retrain", status_code=202)
async def retrain(parts: Parts, params: RetrainParams | None = None) -> OneJobBody:
    """Ask for a retraining; while one is queued or running, this joins it."""
    wanted = dict(params or {})
    force = wanted.get("force", False)
    if not isinstance(force, bool):
        raise BadRequest(f"force is {str(force)[:40]!r}; it must be true or false.")
    parts.check_retrain({name: value for name, value in wanted.items() if name != "force"})
    return one_job_body(await asyncio.to_thread(parts.jobs.request, wanted, parts.clock()))


@router.get("/jobs")
async def jobs(parts: Parts) -> JobsBody:
    """Every known job, newest first."""
    return JobsBody(jobs=[job_body(one) for one in await asyncio.to_thread(parts.jobs.list)])


@router.get("/jobs/{job_id}")
async def job(job_id: str, parts: Parts) -> OneJobBody:
    return one_job_body(await asyncio.to_thread(parts.jobs.get, job_id))


@router.get("/jobs/{job_id}/events", response_class=StreamingResponse, responses=or_events())
async def job_events(job_id: str, parts: Parts) -> StreamingResponse:
    """A job as server-sent events: `job` whenever it changed, the last one when it has ended."""
    first = await asyncio.to_thread(parts.jobs.get, job_id)
    return StreamingResponse(
        _events(parts, first), media_type="text/event-stream", headers=STREAM_HEADERS
    )


async def _events(parts: ServiceParts, job: Job) -> AsyncIterator[bytes]:
    shown: Job | None = None
    while not parts.presence.draining.is_set():
        if job != shown:
            shown = job
            yield format_sse_event(event="job", data_str=job_body(job).model_dump_json())
        if job.state not in ("queued", "running"):
            return
        await asyncio.sleep(LOOK_S)
        job = await asyncio.to_thread(parts.jobs.get, job.id)


@router.get("/log")
async def log(parts: Parts) -> LogBody:
    """How much is logged, what people said of it, and the questions the reader doubted most."""
    return log_body(await asyncio.to_thread(parts.history.overview))


@router.post("/jobs/{job_id}/cancel")
async def cancel(job_id: str, parts: Parts) -> OneJobBody:
    """Cancel a queued or running job; one that has ended stays as it is."""
    return one_job_body(await asyncio.to_thread(parts.jobs.cancel, job_id, parts.clock()))


@router.get("/generations")
async def generations(parts: Parts) -> dict[str, Any]:
    """Every committed generation, oldest first, and which one answers now."""
    known = await asyncio.to_thread(parts.generations.describe)
    return {"generations": known, "serving": parts.pipeline.live.number}


@router.post("/generations/{number}/activate")
async def activate(number: GenerationNumber, parts: Parts) -> dict[str, Any]:
    """Publish an existing generation again, and answer from it before this returns."""
    await asyncio.to_thread(parts.generations.activate, number)
    await asyncio.to_thread(parts.pipeline.live.refresh)
    live = parts.pipeline.live
    return {"generation": number, "serving": live.number, "warnings": live.warnings}
