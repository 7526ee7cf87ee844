"""The HTTP contract of documents: what may be sent and what comes back.

Unknown keys are errors. Knows no step of a change.
"""

import re
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reread.rights import LABEL, MOST_LABELS, read_labels
from service.answering.asked import whole_text, with_content
from service.http.schemas import CONTENT, Strict, Text

MAX_DOCUMENTS = 100  # in one request
MAX_TEXT_CHARS = 2_000_000
MAX_ID_CHARS = 512
MAX_PAGE = 1_000
# Control characters, those that show nothing or turn the text round, spaces other than " ".
UNSEEN = r"\x00-\x1f\x7f-\xa0\xad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
ID = re.compile(rf"[^ {UNSEEN}]([^{UNSEEN}]*[^ {UNSEEN}])?")
NAME = LABEL.pattern
LABEL_LIST = rf"^\s*({NAME}\s*)?(,\s*({NAME}\s*)?)*$"  # what `read_labels` makes of a text


def usable_id(id: str) -> str:
    """An id stands in addresses, files and messages: what it looks like is what it is."""
    if not ID.fullmatch(whole_text(id)):
        raise ValueError(
            "an id has no control characters or others that are not seen, no spaces but plain "
            "ones, and none of these around it"
        )
    return id


TOLD_ID: dict[str, Any] = {"pattern": f"^{ID.pattern}$"}
Id = Annotated[
    str,
    Field(min_length=1, max_length=MAX_ID_CHARS, json_schema_extra=TOLD_ID),
    AfterValidator(usable_id),
]
DocumentId = Annotated[
    str,
    Path(min_length=1, max_length=MAX_ID_CHARS, json_schema_extra=TOLD_ID),
    AfterValidator(usable_id),
]
FileName = Annotated[
    str,
    Query(min_length=1, max_length=200, json_schema_extra=TOLD_ID),
    AfterValidator(usable_id),
]


def without_nuls(text: str) -> str:
    """As they are left out of files: nobody sees one, and a word with one is not found."""
    return text.replace("\0", "")


TOLD_TEXT: dict[str, Any] = {**CONTENT, "pattern": r"[^\s\x00]"}
Title = Annotated[Text, Field(max_length=1_000), AfterValidator(without_nuls)]
Source = Annotated[Text, Field(max_length=2_000)]


def usable_labels(given: object) -> list[str]:
    """A list, or in an address a text with commas; each once, in order of their names."""
    return list(read_labels(given))


Labels = Annotated[
    list[Annotated[str, Field(max_length=64, json_schema_extra={"pattern": f"^{NAME}$"})]],
    Field(max_length=MOST_LABELS),
    AfterValidator(usable_labels),
]


def readable_labels(given: str | None) -> str | None:
    """As it was sent; ValueError where it names no labels."""
    if given is not None:
        read_labels(given)
    return given


LabelQuery = Annotated[
    str | None,
    Query(
        max_length=MOST_LABELS * 65,
        json_schema_extra={"pattern": LABEL_LIST},
        description="Access labels with commas between them; absent: as the document was.",
    ),
    AfterValidator(readable_labels),
]


class DocumentContent(Strict):
    title: Title = ""
    text: Annotated[
        str,
        Field(max_length=MAX_TEXT_CHARS, json_schema_extra=TOLD_TEXT),
        AfterValidator(without_nuls),
        AfterValidator(with_content),
    ]
    source: Source = ""
    access_labels: Labels | None = None  # null: those the document has, or none


class SentDocument(DocumentContent):
    id: Id | None = None  # made from the content where it is not given


class DocumentsRequest(Strict):
    documents: Annotated[list[SentDocument], Field(min_length=1, max_length=MAX_DOCUMENTS)]


class DocumentPage(BaseModel):
    model_config = ConfigDict(extra="forbid")  # not strict: a query string is all text
    after: Id | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100


class DocumentEntryBody(BaseModel):
    id: str
    passages: list[str]  # their ids
    status: Literal["added", "replaced", "unchanged"]


class ChangedBody(BaseModel):
    documents: list[DocumentEntryBody]


class FileBody(BaseModel):
    file: str
    documents: list[DocumentEntryBody]
    notes: list[str]  # what of it could not be read, though the rest was


class RemovedBody(BaseModel):
    id: str
    passages: list[str]
    status: Literal["removed"]


class DocumentPassage(BaseModel):
    id: str
    title: str
    text: str


class DocumentBody(BaseModel):
    id: str
    title: str
    source: str
    ingested_s: float | None  # seconds since 1970; None: it came in before that was written down
    access_labels: list[str]
    passages: list[DocumentPassage]


class DocumentsBody(BaseModel):
    documents: list[DocumentBody]
    next: str | None  # None: there are no more
