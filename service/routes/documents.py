"""Routes of what the corpus holds: looking needs a query key, changing it the admin key.

A change is durable and in every search that begins after the response; the next build takes it in.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request

from reread.artefacts.sources import shown_source
from reread.records import Passage
from reread.rights import read_labels
from service.answering.documents import NewDocument, Put, labels_of, source_of
from service.http.described import PROBLEMS
from service.http.document_schemas import (
    ChangedBody,
    DocumentBody,
    DocumentContent,
    DocumentEntryBody,
    DocumentId,
    DocumentPage,
    DocumentPassage,
    DocumentsBody,
    DocumentsRequest,
    FileBody,
    FileName,
    LabelQuery,
    RemovedBody,
)
from service.http.parts import Parts, ServiceParts
from service.http.security import AskedBy, admin_access, query_access

router = APIRouter(responses=PROBLEMS, tags=["documents"])
FILE_BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
ADMIN, QUERY = [Depends(admin_access)], [Depends(query_access)]


@router.post("/documents", dependencies=ADMIN)
async def add(wanted: DocumentsRequest, parts: Parts) -> ChangedBody:
    """Add documents, or replace those of the same ids; all of them or none."""
    new = [new_document(one, one.id) for one in wanted.documents]
    done = await asyncio.to_thread(parts.documents.put, new)
    return ChangedBody(documents=[_changed(one) for one in done])


@router.post("/documents/file", dependencies=ADMIN, openapi_extra=FILE_BYTES)
async def add_file(
    name: FileName, request: Request, parts: Parts, access_labels: LabelQuery = None
) -> FileBody:
    """Add what a file holds, in any format ingest reads; the body is its bytes as they are."""
    data = await request.body()
    labels = None if access_labels is None else read_labels(access_labels)
    done = await asyncio.to_thread(parts.files.put, name, data, labels)
    return FileBody(
        file=name, documents=[_changed(one) for one in done.documents], notes=list(done.notes)
    )


@router.put("/documents/{id:path}", dependencies=ADMIN)
async def put(id: DocumentId, content: DocumentContent, parts: Parts) -> DocumentEntryBody:
    """Replace a document, or add it under this id."""
    new = new_document(content, id)
    return _changed((await asyncio.to_thread(parts.documents.put, [new]))[0])


@router.delete("/documents/{id:path}", dependencies=ADMIN)
async def remove(id: DocumentId, parts: Parts, later: BackgroundTasks) -> RemovedBody:
    """Take a document out, of every search and answer from now on, and then of the log."""
    ids = await asyncio.to_thread(parts.documents.remove, id)
    later.add_task(parts.documents.forget)
    return RemovedBody(id=id, passages=ids, status="removed")


@router.get("/documents", dependencies=QUERY)
async def documents(
    page: Annotated[DocumentPage, Query()], parts: Parts, rights: AskedBy
) -> DocumentsBody:
    """What the corpus holds, in the order it came; `next` is the `after` of the next page."""
    found = await asyncio.to_thread(parts.documents.page, page.after, page.limit + 1, rights)
    shown = await asyncio.to_thread(_bodies, parts, found[: page.limit])
    more = len(found) > page.limit
    return DocumentsBody(documents=shown, next=shown[-1].id if more else None)


@router.get("/documents/{id:path}", dependencies=QUERY)
async def document(id: DocumentId, parts: Parts, rights: AskedBy) -> DocumentBody:
    """One document with the texts of its passages."""
    found = await asyncio.to_thread(parts.documents.get, id, rights)
    return (await asyncio.to_thread(_bodies, parts, [found]))[0]


def new_document(content: DocumentContent, id: str | None) -> NewDocument:
    labels = None if content.access_labels is None else tuple(content.access_labels)
    return NewDocument(content.title, content.text, id, content.source, labels)


def _bodies(parts: ServiceParts, found: list[list[Passage]]) -> list[DocumentBody]:
    times = parts.documents.ingested_s([one[0].id for one in found])
    return [_body(parts, one, when_s) for one, when_s in zip(found, times, strict=True)]


def _body(parts: ServiceParts, passages: list[Passage], when_s: float | None) -> DocumentBody:
    return DocumentBody(
        id=passages[0].id,
        title=passages[0].title,
        source=shown_source(source_of(passages), parts.roots()),
        ingested_s=when_s,
        access_labels=sorted(labels_of(passages)),
        passages=[DocumentPassage(id=p.id, title=p.title, text=p.text) for p in passages],
    )


def _changed(done: Put) -> DocumentEntryBody:
    return DocumentEntryBody(id=done.id, passages=list(done.passages), status=done.status)
