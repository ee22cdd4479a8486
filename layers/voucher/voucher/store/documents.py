"""Uploaded documents, under the organisation or the settlement they belong to; their files are in S3.

A client uploads under UPLOADS, where nothing stays: the bucket's lifecycle ends each file there within days. What a
submission examined is copied to KEPT, where no client can write and no lifecycle ends anything.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from datetime import date, datetime
from itertools import batched
from math import inf
from typing import Any, NamedTuple

from voucher.models.base import Mark, instant_text
from voucher.models.contents import ANNOUNCED
from voucher.models.documents import Document, Unreadable
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import bounds, conditions, keys
from voucher.store.engine import files
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import (
    MOST_ITEMS,
    Item,
    Write,
    add_write,
    commit,
    commit_if_unchanged,
    commit_new,
    delete_write,
    update_write,
)

# so many are written down together; each may be of another kind, and no transaction holds more
MOST_AT_ONCE = MOST_ITEMS // 2
# so many bytes of a submission are read by one call, which has 20 seconds to read and to copy them
MOST_BYTES_AT_ONCE = 400 * 1024 * 1024
UPLOADS, KEPT = "uploads/", "documents/"


def upload_place(document_id: str, folder: str) -> str:
    """Where the file of a new document is uploaded, in the folder of its owner."""
    return f"{UPLOADS}{folder}/{document_id}"


def kept_place(document: Document) -> str:
    """Where the file of a document stays once a submission examined it."""
    return f"{KEPT}{document.owner}/{document.document_id}"


def _key(owner: keys.Key, document_id: str) -> keys.Key:
    return owner._replace(sk=f"DOCUMENT#{document_id}")


def _place(owner: keys.Key, document: Document) -> keys.Key:
    """Where the owner's documents of one kind that no submission examined are counted."""
    return keys.open_things(owner, f"documents.{document.kind}")


class Bounds(NamedTuple):
    """How many documents there may be: of one kind, announced and not examined; and announced by one person today."""

    per_kind: int
    per_day: int


def commit_announced(owner: keys.Key, document: Document, most: Bounds, today: date, *also: Write) -> dict[str, Any]:
    """Remember an announced document under its owner's key; answers the presigned POST for it. Raises
    TOO_MANY_DOCUMENTS or TOO_MANY_DOCUMENTS_TODAY."""
    key = _key(owner, document.document_id)
    writes = [
        add_write("document", key, document),
        bounds.opened_write(_place(owner, document), document.document_id, most.per_kind),
        bounds.today_write(keys.user(owner.table, document.uploaded_by), "DOCUMENTS", today, most.per_day),
        *also,
    ]
    of_kind = Refused(Refusal.TOO_MANY_DOCUMENTS, most=most.per_kind)
    of_today = Refused(Refusal.TOO_MANY_DOCUMENTS_TODAY, most=most.per_day)
    if not commit_new("document", writes, bound=of_kind, today=of_today):
        _refuse_another_file(document, find_item(key))
    return files.presign_upload(document.object_key, document.content_type)


def _refuse_another_file(document: Document, existing: Item | None) -> None:
    """A repeated announcement is answered again. Raises IDEMPOTENCY_KEY_REUSED for another file under its key, and
    WRONG_STATE once the document was taken back."""
    before = Document.model_validate(existing)
    described = ("kind", "filename", "content_type", "size_bytes", "uploaded_by")
    if any(getattr(before, name) != getattr(document, name) for name in described):
        raise Refused(Refusal.IDEMPOTENCY_KEY_REUSED)
    if before.taken_back:
        raise Refused(Refusal.WRONG_STATE, of=before)


def get(owner: keys.Key, document_id: str) -> Document:
    """A document of an owner, also one that was taken back. Raises NOT_FOUND."""
    if (item := find_item(_key(owner, document_id))) is None:
        raise not_found("document")
    return Document.model_validate(item)


def list_of(owner: keys.Key, begun: datetime | None) -> list[Document]:
    """Every document announced under an owner's key, the newest first, without those taken back.

    `begun`: when its organisation registered; None for a settlement. A credit code may be registered anew, by somebody
    else, once its record was erased. A paper that was announced before is that of other people, which a broken run of
    the retention left, or which was on its way.
    """
    known = [each for each in list_all_of(owner) if not each.taken_back]
    own = [each for each in known if begun is None or each.created_at >= begun]
    return sorted(own, key=lambda each: each.created_at, reverse=True)


def list_all_of(owner: keys.Key) -> list[Document]:
    """Every document under an owner's key, also those taken back and those of an earlier registration."""
    return [Document.model_validate(item) for item in read_partition(owner, "DOCUMENT#")]


def commit_taken_back(owner: keys.Key, document: Document, mark: Mark) -> None:
    """Take a document back that no submission has examined. Raises CHANGED_MEANWHILE."""
    change = "SET #taken_back = :true, #taken_back_by = :by, #taken_back_at = :at"
    name, taken = f"document {document.document_id}", {"by": mark.by, "at": instant_text(mark.at)}
    step = update_write(name, _key(owner, document.document_id), change, conditions.DOCUMENT_OPEN, **taken)
    commit([step, bounds.closed_write(_place(owner, document), document.document_id)])


def commit_deleted(owner: keys.Key, document: Document, *also: Write) -> bool:
    """Delete a document with its file, if `also` holds. It counts as taken back first, so that no submission takes it
    up: False if one was quicker. The record goes last, because it alone tells where the file lies."""
    key = _key(owner, document.document_id)
    if not document.taken_back:
        still_there = conditions.EXISTS if document.checked else conditions.DOCUMENT_OPEN
        taken_back = update_write("document", key, "SET #taken_back = :true", still_there)
        counted = bounds.closed_write(_place(owner, document), document.document_id)
        if not commit_if_unchanged([taken_back, counted, *also]):
            return False
    for place in (upload_place(document.document_id, document.owner), kept_place(document)):
        files.commit_deleted(place)
    commit([delete_write("document", key)])
    return True


class Inspection(NamedTuple):
    """What some documents are found to be: `fit`, those that are uploaded and begin as their type must; `new`, those
    of them that no earlier inspection has written down; `unreadable`, those whose content is of another type. It
    `is_whole` unless some were left out because there was too much to read."""

    fit: list[Document]
    new: list[Document]
    unreadable: list[Unreadable]
    is_whole: bool = True


def inspect(documents: list[Document], most_bytes: float = inf) -> Inspection:
    """Read the files of some documents that were not examined yet, until so many bytes are read. Writes nothing."""
    fit, new, unreadable = [each for each in documents if each.checked], list[Document](), list[Unreadable]()
    read = 0
    for document in (each for each in documents if not each.checked):
        if read >= most_bytes:
            return Inspection([*fit, *new], new, unreadable, is_whole=False)
        content = files.examine(document.object_key)
        if content is None:
            continue
        read += content.size
        if content.looks == ANNOUNCED[document.content_type]:
            seen = {"checked": True, "object_version": content.version, "sha256": content.sha256}
            new.append(document.model_copy(update=seen))
        else:
            unreadable.append(Unreadable(document, content.looks))
    return Inspection([*fit, *new], new, unreadable)


def commit_inspection(
    owner: keys.Key, begun: datetime, kinds: Container[str], since: datetime | None = None
) -> Inspection:
    """The same for every document of some `kinds` of an organisation, which registered when it had `begun`; only those
    announced after `since`, if given. Papers of a change report are of another kind: no submission takes them up.

    Of more than one call can read, what it has read is written down, and BUSY asks for the same call once more."""
    asked = [each for each in list_of(owner, begun) if each.kind in kinds]
    found = inspect([each for each in asked if since is None or each.created_at > since], MOST_BYTES_AT_ONCE)
    if not found.is_whole and found.new:
        commit_examined(owner, found)
        raise Refused(Refusal.BUSY)
    return found


def commit_examined(owner: keys.Key, inspection: Inspection) -> None:
    """Write down what the documents of a submission were found to be.

    First the version that was examined is copied to where files stay; the document then is this copy. Another file
    under the upload's key changes nothing after it, and nobody takes the document back, so a reviewer sees what was
    submitted. A copy whose document was not written is nobody's, and does no harm. Raises CHANGED_MEANWHILE.
    """
    for part in batched(map(commit_kept, inspection.new), MOST_AT_ONCE, strict=False):
        commit(examined_writes(owner, part))


def commit_kept(document: Document) -> Document:
    """Copy the examined version of a document's file to where files stay; the document that is this copy."""
    place = kept_place(document)
    version = files.commit_copy(document.object_key, document.object_version, place)
    return document.model_copy(update={"object_key": place, "object_version": version})


def examined_writes(owner: keys.Key, kept: Iterable[Document]) -> list[Write]:
    """The writes that make documents whose files were kept part of what their owner handed in, if nobody took one back
    and nothing else was handed in with it; at most MOST_AT_ONCE documents."""
    ids_of, examined = defaultdict[keys.Key, list[str]](list), list[Write]()
    for document in kept:
        ids_of[_place(owner, document)].append(document.document_id)
        examined.append(_examined_write(owner, document))
    return [*examined, *(bounds.closed_write(place, *ids) for place, ids in ids_of.items())]


def _examined_write(owner: keys.Key, document: Document) -> Write:
    change = "SET #checked = :true, #sha256 = :sha256, #object_key = :place, #object_version = :version"
    seen = {"sha256": document.sha256, "place": document.object_key, "version": document.object_version}
    name = f"document {document.document_id}"
    return update_write(name, _key(owner, document.document_id), change, conditions.DOCUMENT_OPEN, **seen)
