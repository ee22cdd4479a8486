"""Uploaded documents, under the organisation or the settlement they belong to; their files are in S3."""

from datetime import datetime
from itertools import batched
from typing import Any

from voucher.models.base import instant_text
from voucher.models.documents import Document
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys
from voucher.store.engine import files
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import MOST_ITEMS, Item, Write, add_write, commit, commit_new, update_write


def commit_announced(owner: keys.Key, document: Document) -> dict[str, Any]:
    """Remember an announced document under its owner's key; answers the presigned POST for it."""
    key = owner._replace(sk=f"DOCUMENT#{document.document_id}")
    if not commit_new("document", [add_write("document", key, document)]):
        _refuse_another_file(document, find_item(key))
    return files.presign_upload(document.object_key, document.content_type)


def _refuse_another_file(document: Document, existing: Item | None) -> None:
    """A repeated announcement is answered again. Raises IDEMPOTENCY_KEY_REUSED for another file under its key."""
    before = Document.model_validate(existing)
    described = ("kind", "filename", "content_type", "size_bytes", "uploaded_by")
    if any(getattr(before, name) != getattr(document, name) for name in described):
        raise Refused(Refusal.IDEMPOTENCY_KEY_REUSED)


def list_of(owner: keys.Key) -> list[Document]:
    """Every document announced under an owner's key."""
    return [Document.model_validate(item) for item in read_partition(owner, "DOCUMENT#")]


def list_links(owner: keys.Key) -> list[dict[str, str]]:
    """§3.4.3: every examined document of an owner, with a link to the examined version that lasts five minutes."""
    return [
        {
            "document_id": each.document_id,
            "kind": each.kind,
            "filename": each.filename,
            "content_type": each.content_type,
            "announced_at": instant_text(each.created_at),
            "url": files.presign_download(each.object_key, each.object_version, each.content_type, each.filename),
        }
        for each in list_of(owner)
        if each.checked
    ]


def examine_all(owner: keys.Key, since: datetime | None = None) -> list[Document]:
    """The documents of an owner that are uploaded and begin as their type must; only those announced after `since`, if
    given."""
    return examine(owner, [each for each in list_of(owner) if since is None or each.created_at > since])


def examine(owner: keys.Key, documents: list[Document]) -> list[Document]:
    """Those of some documents that are uploaded and begin as their type must.

    The first examination fixes the version of the file. Another file under the same key changes nothing after it, so a
    reviewer sees what was submitted. Raises CHANGED_MEANWHILE.
    """
    new = [each for each in map(_examine_one, (each for each in documents if not each.checked)) if each]
    for part in batched(new, MOST_ITEMS, strict=False):
        commit([_remember_write(owner, each) for each in part])
    return [each for each in documents if each.checked] + new


def _examine_one(document: Document) -> Document | None:
    content = files.examine(document.object_key, document.content_type)
    if content is None or not content.fits:
        return None
    seen = {"checked": True, "object_version": content.version, "sha256": content.sha256}
    return document.model_copy(update=seen)


def _remember_write(owner: keys.Key, document: Document) -> Write:
    key = owner._replace(sk=f"DOCUMENT#{document.document_id}")
    change = "SET #checked = :true, #sha256 = :sha256, #object_version = :version"
    seen = {"sha256": document.sha256, "version": document.object_version}
    return update_write(f"document {document.document_id}", key, change, conditions.NOT_CHECKED, **seen)
