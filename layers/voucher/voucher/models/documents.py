"""Documents: uploaded files and what is known of their content."""

from typing import TypedDict

from voucher.models.base import Instant, Record


class Document(Record):
    """An uploaded file. `checked` once the object exists and its first bytes fit its type; from then on the document
    is that version of the object, and no other."""

    document_id: str
    owner: str
    kind: str
    filename: str
    content_type: str
    size_bytes: int
    object_key: str
    uploaded_by: str
    created_at: Instant
    checked: bool = False
    sha256: str | None = None
    object_version: str | None = None


class PresignedPost(TypedDict):
    """Where to upload a file: a form of `fields`, and the file as its last field, sent to `url`."""

    url: str
    fields: dict[str, str]


class AnnouncedUpload(TypedDict):
    """An announced document, and where to upload it until `expires_at`."""

    document_id: str
    kind: str
    upload: PresignedPost
    expires_at: Instant


class DocumentLink(TypedDict):
    """An examined document, with a link to read it that lasts five minutes."""

    document_id: str
    kind: str
    filename: str
    content_type: str
    announced_at: Instant
    url: str


class AnnouncedDocument(TypedDict):
    """A document that an applicant announced; `checked` once it is uploaded and its first bytes fit its type."""

    document_id: str
    kind: str
    filename: str
    checked: bool
