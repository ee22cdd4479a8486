"""Documents: the client announces a file, learns where to upload it, and gets links to read it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import Field, StringConstraints

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.replies import reply
from voucher.models.base import Request, instant_text
from voucher.models.documents import Document
from voucher.refusals import FieldError, Refusal, Refused
from voucher.store import documents, keys
from voucher.store.engine import files

Filename = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f]+$")]
SizeBytes = Annotated[int, Field(ge=1, le=files.MAX_UPLOAD_BYTES)]


class Announcement(Request):
    """A file about to be uploaded: pdf, jpeg or png, at most 20 MB."""

    kind: Annotated[str, StringConstraints(max_length=40)]
    filename: Filename
    content_type: Literal["application/pdf", "image/jpeg", "image/png"]
    size_bytes: SizeBytes


def read_announcement(app: Api, kinds: Collection[str]) -> Announcement:
    """The request's body. Raises MALFORMED for a document of a kind that is not among `kinds`."""
    body = app.body(Announcement)
    if body.kind not in kinds:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("kind", "不在可选范围内。")])
    return body


def announce(app: Api, owner: keys.Key, folder: str, body: Announcement) -> Response[str]:
    """Remember the document under its owner's key and answer where to upload its file, in `documents/<folder>/`.

    Raises IDEMPOTENCY_KEY_REUSED for another file under the same Idempotency-Key.
    """
    document = announced(app, folder, body)
    upload = documents.commit_announced(owner, document)
    return reply(upload_answer(document, upload), 201)


def announced(app: Api, folder: str, body: Announcement) -> Document:
    """The document record. We alone choose its object key; the client's file name is only remembered."""
    document_id = app.new_id("d")
    return Document(
        document_id=document_id,
        owner=folder,
        object_key=f"documents/{folder}/{document_id}",
        uploaded_by=app.caller.sub,
        created_at=clock.now(),
        **body.model_dump(),
    )


def upload_answer(document: Document, upload: dict[str, Any]) -> dict[str, Any]:
    """The 201 answer: the document's id and the presigned POST for it."""
    return {
        "document_id": document.document_id,
        "kind": document.kind,
        "upload": upload,
        "expires_at": instant_text(document.created_at + timedelta(seconds=files.UPLOAD_SECONDS)),
    }


def reply_with_links(owner: keys.Key) -> Response[str]:
    """§3.4.3: the examined documents of an owner, each with a link that lasts five minutes."""
    return reply({"items": documents.list_links(owner), "next_cursor": None})
