"""Uploaded documents, under the organisation or the settlement they belong to; their files are in S3."""

from datetime import datetime
from itertools import batched
from typing import Any, NamedTuple

from voucher.models.base import Mark, instant_text
from voucher.models.documents import Document
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import conditions, keys
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


def _key(owner: keys.Key, document_id: str) -> keys.Key:
    return owner._replace(sk=f"DOCUMENT#{document_id}")


def commit_announced(owner: keys.Key, document: Document) -> dict[str, Any]:
    """Remember an announced document under its owner's key; answers the presigned POST for it."""
    key = _key(owner, document.document_id)
    if not commit_new("document", [add_write("document", key, document)]):
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


def list_of(owner: keys.Key) -> list[Document]:
    """Every document announced under an owner's key, the newest first, without those taken back."""
    known = [each for each in list_all_of(owner) if not each.taken_back]
    return sorted(known, key=lambda each: each.created_at, reverse=True)


def list_all_of(owner: keys.Key) -> list[Document]:
    """Every document announced under an owner's key, also those taken back."""
    return [Document.model_validate(item) for item in read_partition(owner, "DOCUMENT#")]


def commit_taken_back(owner: keys.Key, document: Document, mark: Mark) -> None:
    """Take a document back that no submission has examined. Raises CHANGED_MEANWHILE."""
    change = "SET #taken_back = :true, #taken_back_by = :by, #taken_back_at = :at"
    name, taken = f"document {document.document_id}", {"by": mark.by, "at": instant_text(mark.at)}
    commit([update_write(name, _key(owner, document.document_id), change, conditions.DOCUMENT_OPEN, **taken)])


def commit_deleted(owner: keys.Key, document: Document, *also: Write) -> bool:
    """Delete a document with its file, if `also` holds. It counts as taken back first, so that no submission takes it
    up: False if one was quicker. The record goes last, because it alone tells where the file lies."""
    key = _key(owner, document.document_id)
    if not document.taken_back:
        still_open = None if document.checked else conditions.DOCUMENT_OPEN
        if not commit_if_unchanged([update_write("document", key, "SET #taken_back = :true", still_open), *also]):
            return False
    files.commit_deleted(document.object_key)
    commit([delete_write("document", key)])
    return True


class Inspection(NamedTuple):
    """What some documents are found to be: `fit`, those that are uploaded and begin as their type must; `new`, those
    of them that no earlier inspection has written down; `unreadable`, those whose content is of another type."""

    fit: list[Document]
    new: list[Document]
    unreadable: list[Document]


def inspect(documents: list[Document]) -> Inspection:
    """Read the files of some documents that were not examined yet. Writes nothing."""
    fit, new, unreadable = [each for each in documents if each.checked], [], []
    for document in (each for each in documents if not each.checked):
        content = files.examine(document.object_key, document.content_type)
        if content is not None and content.fits:
            seen = {"checked": True, "object_version": content.version, "sha256": content.sha256}
            new.append(document.model_copy(update=seen))
        elif content is not None:
            unreadable.append(document)
    return Inspection([*fit, *new], new, unreadable)


def inspect_all(owner: keys.Key, since: datetime | None = None) -> Inspection:
    """The same for every document of an owner; only those announced after `since`, if given."""
    return inspect([each for each in list_of(owner) if since is None or each.created_at > since])


def commit_examined(owner: keys.Key, inspection: Inspection) -> None:
    """Write down what the documents of a submission were found to be.

    It fixes the version of each file. Another file under the same key changes nothing after it, and nobody takes the
    document back, so a reviewer sees what was submitted. Raises CHANGED_MEANWHILE.
    """
    for part in batched(inspection.new, MOST_ITEMS, strict=False):
        commit([_examined_write(owner, each) for each in part])


def _examined_write(owner: keys.Key, document: Document) -> Write:
    change = "SET #checked = :true, #sha256 = :sha256, #object_version = :version"
    seen = {"sha256": document.sha256, "version": document.object_version}
    name = f"document {document.document_id}"
    return update_write(name, _key(owner, document.document_id), change, conditions.DOCUMENT_OPEN, **seen)
