"""Documents: the client announces a file, learns where to upload it, sees how far it is, reads it, takes it back."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from unicodedata import normalize

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, create_model

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.creation import key_write
from voucher.edge.fields import Identifier
from voucher.edge.policies import policy_today
from voucher.edge.queries import Limit, Paging
from voucher.edge.replies import Answer, PageOf, reply
from voucher.edge.texts import check_name
from voucher.models.base import Request, instant_text
from voucher.models.contents import ANNOUNCED
from voucher.models.documents import AnnouncedUpload, Document, PublicDocument
from voucher.refusals import Refusal, Refused
from voucher.rules.documents import document_name, unreadable_words
from voucher.store import documents, keys
from voucher.store.engine import files
from voucher.store.engine.pages import Selection, cut_page

# How many files one answer looks at in the bucket; older documents that no submission examined stay "announced" in it.
MOST_LOOKED_AT = 50


def _one_spelling(name: Any) -> Any:
    # some systems write é as two characters
    return normalize("NFC", name) if isinstance(name, str) else name


# only a label beside a document: a file leaves under a name that we made (rules/documents.py)
Filename = Annotated[
    str,
    BeforeValidator(_one_spelling),
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f]+$"),
    AfterValidator(check_name),
    Field(
        description="1 to 200 characters that can be seen, without slashes; control and format characters are refused",
        examples=["营业执照.pdf"],
    ),
]
SizeBytes = Annotated[
    int, Field(ge=1, le=files.MOST_UPLOAD_BYTES, description="of the file, in bytes: at most 20 MB (20,971,520)")
]
ContentType = Annotated[
    Literal["application/pdf", "image/jpeg", "image/png"],
    Field(description="PDF, JPEG or PNG; the file must begin as such a file does"),
]


class Announcement(Request):
    """A file about to be uploaded: pdf, jpeg or png, at most 20 MB."""

    kind: Identifier
    filename: Filename
    content_type: ContentType
    size_bytes: SizeBytes


def announcement(name: str, kinds: Iterable[str]) -> type[Announcement]:
    """The body that announces a document of one of some kinds; the API's document calls it by its name."""
    kind: Any = Literal[tuple(kinds)]
    return create_model(name, __base__=Announcement, kind=(kind, ...))


def bounds_today() -> documents.Bounds:
    """How many papers of a kind, and how many a day, this year's policy lets one owner announce."""
    policy = policy_today()
    return documents.Bounds(policy.documents_per_kind, policy.documents_per_day)


def announce(
    app: Api, owner: keys.Key, folder: str, body: Announcement, most: documents.Bounds, by: str | None = None
) -> Answer[AnnouncedUpload]:
    """Remember the document under its owner's key and answer where to upload its file.

    We alone choose the file's object key, `uploads/<folder>/<id>`; the client's file name is only remembered. `by`
    stands for somebody who is not signed in.
    Raises IDEMPOTENCY_KEY_REUSED for another file under the same Idempotency-Key, and where there are too many
    documents TOO_MANY_DOCUMENTS or TOO_MANY_DOCUMENTS_TODAY.
    """
    document_id = app.new_id("d", by)
    document = Document(
        document_id=document_id,
        owner=folder,
        object_key=documents.upload_place(document_id, folder),
        uploaded_by=by or app.caller.sub,
        created_at=clock.now(),
        **body.model_dump(include={*Announcement.model_fields}),
    )
    upload = documents.commit_announced(owner, document, most, clock.today(), key_write(app, by))
    expires_at = document.created_at + timedelta(seconds=files.UPLOAD_SECONDS)
    answer = {"document_id": document_id, "kind": document.kind, "upload": upload}
    return reply(answer | {"expires_at": instant_text(expires_at)}, 201)


def take_back(
    app: Api, owner: keys.Key, document_id: str, check_may_add: Callable[[str], None]
) -> Answer[PublicDocument]:
    """The applicant takes a document back, as long as one of its kind may be added and nothing was handed in with this
    one: what was submitted stays. Raises NOT_FOUND or WRONG_STATE."""
    app.body(Nothing)
    document = documents.get(owner, document_id)
    if document.taken_back:
        return reply(_shown(document, document.state), replay=True)
    check_may_add(document.kind)
    if document.checked:
        raise Refused(Refusal.WRONG_STATE, of=document)
    documents.commit_taken_back(owner, document, app.mark)
    return reply(_shown(document, "taken_back"))


class OfOwner(Paging):
    """A page of an owner's documents, the newest first."""

    limit: Limit = 100


def reply_with_documents(
    owner: keys.Key, begun: datetime | None, query: OfOwner, for_applicant: bool
) -> Answer[PageOf[PublicDocument]]:
    """§3.4.3: a page of an owner's documents, the newest first. Staff may read what was submitted; the applicant, who
    uploaded it, also what has only arrived."""
    placed = [(f"{instant_text(each.created_at)}#{each.document_id}", each) for each in documents.list_of(owner, begun)]
    shown, next_cursor = cut_page(f"{owner.pk}#DOCUMENT", placed, Selection(query.limit, query.cursor))
    return reply({"items": _public(shown, for_applicant), "next_cursor": next_cursor})


def public_documents(owner: keys.Key, begun: datetime, for_applicant: bool) -> list[dict[str, Any]]:
    """Every document of an owner, the newest first, each with its state and, where it may be read, with a link."""
    return _public(documents.list_of(owner, begun), for_applicant)


def _public(known: list[Document], for_applicant: bool) -> list[dict[str, Any]]:
    waiting = {each.document_id for each in [each for each in known if not each.checked][:MOST_LOOKED_AT]}
    return [_looked_at(each, each.document_id in waiting, for_applicant) for each in known]


def _looked_at(document: Document, waits: bool, for_applicant: bool) -> dict[str, Any]:
    found = files.look(document.object_key) if waits else None
    if found is None:
        return _shown(document, document.state, link=document.checked, version=document.object_version)
    if found.looks != ANNOUNCED[document.content_type]:
        return _shown(document, "unreadable", reason=unreadable_words(document, found.looks))
    return _shown(document, "arrived", link=for_applicant, version=found.version)


def _shown(
    document: Document, state: str, *, reason: str | None = None, link: bool = False, version: str | None = None
) -> dict[str, Any]:
    names = ("document_id", "kind", "filename", "content_type", "size_bytes", "created_at")
    public, url, name = document.public(), None, document_name(document)
    if link:
        url = files.presign_download(document.object_key, version, document.content_type, name)
    known = {each: public[each] for each in names}
    return {**known, "download_name": name, "state": state, "reason": reason, "url": url}
