"""Documents: uploaded files and what is known of their content."""

from typing import ClassVar, Literal, NamedTuple, NewType, TypedDict

from voucher.models.base import Instant, Record
from voucher.models.contents import Looks

DocumentState = Literal["announced", "arrived", "unreadable", "accepted", "taken_back"]
# a name that we made (`rules/documents.file_name`): only such a one is given to whoever opens a file
FileName = NewType("FileName", str)


class Document(Record):
    """An uploaded file. `checked` once the object exists and its first bytes fit its type; from then on the document
    is that version of the object, and no other. Until then its applicant may take it back."""

    thing: ClassVar[str] = "document"

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
    taken_back: bool = False
    taken_back_by: str | None = None
    taken_back_at: Instant | None = None

    @property
    def state(self) -> DocumentState:
        """What the record alone tells; whether a file has arrived, only the bucket knows."""
        if self.taken_back:
            return "taken_back"
        return "accepted" if self.checked else "announced"


class Unreadable(NamedTuple):
    """A document whose file is there and is not of the announced type, and what it looks like instead."""

    document: Document
    looks: Looks


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


class PublicDocument(TypedDict):
    """A document as its applicant and staff see it.

    `state`: announced (no file yet), arrived, unreadable (the content does not fit the type; `reason` says so),
    accepted (examined, handed in; it stays), taken_back. `url` is a link to read it that lasts five minutes; null
    for whoever may not read it yet. The file is saved as `download_name`, which we made; `filename`, which the
    applicant wrote, is a label and no more. `size_bytes` is what was announced.
    """

    document_id: str
    kind: str
    filename: str
    download_name: str
    content_type: str
    size_bytes: int
    created_at: Instant
    state: DocumentState
    reason: str | None
    url: str | None
