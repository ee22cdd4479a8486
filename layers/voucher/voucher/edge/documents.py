"""Announcing a document: what the client says of the file it will upload, and where it is told to put it."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.models.base import Request, instant_text
from voucher.models.documents import Document
from voucher.store.engine import files

Filename = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f]+$")]
SizeBytes = Annotated[int, Field(ge=1, le=files.MAX_UPLOAD_BYTES)]


class Announcement(Request):
    """A file about to be uploaded: pdf, jpeg or png, at most 20 MB."""

    kind: Annotated[str, StringConstraints(max_length=40)]
    filename: Filename
    content_type: Literal["application/pdf", "image/jpeg", "image/png"]
    size_bytes: SizeBytes


def announced(app: Api, owner: str, body: Announcement) -> Document:
    """The document record; its object key is ours alone, the client's file name is only remembered."""
    document_id = app.new_id("d")
    return Document(
        document_id=document_id,
        owner=owner,
        object_key=f"documents/{owner}/{document_id}",
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
