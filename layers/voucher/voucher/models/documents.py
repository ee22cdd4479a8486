"""Documents: uploaded files and what is known of their content."""

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
