"""Documents: the client announces a file, learns where to upload it, and gets links to read it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, create_model

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.base import Request, instant_text
from voucher.models.documents import AnnouncedUpload, Document, DocumentLink
from voucher.store import documents, keys
from voucher.store.engine import files

Filename = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f]+$")]
SizeBytes = Annotated[int, Field(ge=1, le=files.MOST_UPLOAD_BYTES)]


class Announcement(Request):
    """A file about to be uploaded: pdf, jpeg or png, at most 20 MB."""

    kind: str
    filename: Filename
    content_type: Literal["application/pdf", "image/jpeg", "image/png"]
    size_bytes: SizeBytes


def announcement(kinds: Iterable[str]) -> type[Announcement]:
    """The body that announces a document of one of some kinds."""
    kind: Any = Literal[tuple(kinds)]
    return create_model("Announcement", __base__=Announcement, kind=(kind, ...))


def announce(app: Api, owner: keys.Key, folder: str, body: Announcement) -> Answer[AnnouncedUpload]:
    """Remember the document under its owner's key and answer where to upload its file.

    We alone choose the file's object key, `documents/<folder>/<id>`; the client's file name is only remembered.
    Raises IDEMPOTENCY_KEY_REUSED for another file under the same Idempotency-Key.
    """
    document_id = app.new_id("d")
    document = Document(
        document_id=document_id,
        owner=folder,
        object_key=f"documents/{folder}/{document_id}",
        uploaded_by=app.caller.sub,
        created_at=clock.now(),
        **body.model_dump(),
    )
    upload = documents.commit_announced(owner, document)
    expires_at = document.created_at + timedelta(seconds=files.UPLOAD_SECONDS)
    answer = {"document_id": document_id, "kind": document.kind, "upload": upload}
    return reply(answer | {"expires_at": instant_text(expires_at)}, 201)


def reply_with_links(owner: keys.Key) -> Answer[PageOf[DocumentLink]]:
    """§3.4.3: the examined documents of an owner, each with a link that lasts five minutes."""
    return reply({"items": documents.list_links(owner), "next_cursor": None})
