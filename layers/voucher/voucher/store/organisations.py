"""Enterprises and agencies with their members and documents, in the registry table."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from voucher.models import Agency, Document, Enterprise, instant_text
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, files, keys
from voucher.store.reading import Page, load, page, query
from voucher.store.table import Item, Unmet, Write, add, advance, check, commit, update

Organisation = Enterprise | Agency


def kind_of(organisation: Organisation) -> str:
    """The word of an organisation: enterprise or agency."""
    return "agency" if isinstance(organisation, Agency) else "enterprise"


def _key(organisation: Organisation) -> keys.Key:
    return keys.organisation(kind_of(organisation), organisation.uscc)


def _listing(organisation: Organisation) -> dict[str, str]:
    return keys.listed(kind_of(organisation).upper(), organisation.state, organisation.created_at, organisation.uscc)


def register(organisation: Organisation) -> None:
    """Add a new organisation and its first member. Two at once: one wins, the other gets ALREADY_REGISTERED."""
    sub, kind = organisation.created_by, kind_of(organisation)
    member = update(
        "member",
        keys.organisation(kind, organisation.uscc, f"MEMBER#{sub}"),
        "SET #sub = :sub, #kind = :kind, #uscc = :uscc, #list_key = :list_key, #list_sort = :list_sort",
        None,  # new as long as the organisation is
        sub=sub,
        kind=kind,
        uscc=organisation.uscc,
        **keys.listed(f"USER#{sub}", kind, organisation.uscc),
    )
    try:
        commit([add("organisation is new", _key(organisation), organisation, _listing(organisation)), member])
    except Unmet:
        raise Refused(Refusal.ALREADY_REGISTERED) from None


def find_enterprise(uscc: str) -> Enterprise | None:
    """The enterprise of a credit code, None when nobody registered it."""
    item = load(keys.enterprise(uscc))
    return Enterprise.model_validate(item) if item else None


def find_agency(uscc: str) -> Agency | None:
    """The agency of a credit code, None when nobody registered it."""
    item = load(keys.agency(uscc))
    return Agency.model_validate(item) if item else None


def step(old: Organisation, new: Organisation, *more: str, **values: str) -> Write:
    """The write that moves an organisation on, if nobody else moved it first and `more` holds."""
    return advance("organisation unchanged", _key(old), old, new, _listing(new), *more, **values)


def unchanged(organisation: Organisation) -> Write:
    """Insist that an organisation is still as it was read."""
    return check("organisation unchanged", _key(organisation), conditions.UNCHANGED, seen_version=organisation.version)


def commit_step(old: Organisation, new: Organisation, *also: Write) -> None:
    """Move an organisation on. Raises CHANGED_MEANWHILE when somebody else did first."""
    try:
        commit([step(old, new), *also])
    except Unmet:
        raise Refused(Refusal.CHANGED_MEANWHILE) from None


def list_organisations(kind: str, state: str | None, limit: int, cursor: str | None) -> Page:
    """A page of enterprises or agencies, newest first within their state."""
    return page("registry", "listing", kind.upper(), limit, cursor, prefix=f"{state}#" if state else "")


def agencies_in(state: str) -> Iterable[Agency]:
    """Every agency in a state, page by page, the newest first."""
    cursor: str | None = None
    while True:
        found = list_organisations("agency", state, 100, cursor)
        yield from (Agency.model_validate(item) for item in found.items)
        if (cursor := found.next_cursor) is None:
            return


def memberships(sub: str) -> list[dict[str, str]]:
    """The organisations a person acts for: [{kind, uscc}]."""
    items = page("registry", "listing", f"USER#{sub}", 100, None).items
    return [{"kind": item["kind"], "uscc": item["uscc"]} for item in items]


def members_of(kind: str, uscc: str) -> list[str]:
    """The subjects of all who act for an organisation."""
    return [item["sub"] for item in query(keys.organisation(kind, uscc), "MEMBER#")]


def add_document(owner: keys.Key, document: Document) -> dict[str, Any]:
    """Remember an announced document under its owner's key; answers the presigned POST for it."""
    key = owner._replace(sk=f"DOCUMENT#{document.document_id}")
    try:
        commit([add("document is new", key, document)])
    except Unmet as unmet:
        _check_same(document, unmet.items["document is new"])
    return files.presign_upload(document.object_key, document.content_type)


def _check_same(document: Document, existing: Item | None) -> None:
    """A repeated announcement is answered again; another file under its key is refused."""
    before = Document.model_validate(existing)
    described = ("kind", "filename", "content_type", "size_bytes", "uploaded_by")
    if any(getattr(before, name) != getattr(document, name) for name in described):
        raise Refused(Refusal.IDEMPOTENCY_KEY_REUSED)


def documents_of(owner: keys.Key) -> list[Document]:
    """Every document announced under an owner's key."""
    return [Document.model_validate(item) for item in query(owner, "DOCUMENT#")]


def links_to(owner: keys.Key) -> list[dict[str, str]]:
    """Every document of an owner as its readers see it (§3.4.3): the one version that was examined, by a link that
    lasts five minutes. What nobody examined is not shown."""
    return [
        {
            "document_id": each.document_id,
            "kind": each.kind,
            "filename": each.filename,
            "content_type": each.content_type,
            "announced_at": instant_text(each.created_at),
            "url": files.presign_download(each.object_key, each.object_version, each.content_type, each.filename),
        }
        for each in documents_of(owner)
        if each.checked
    ]


def checked_documents(owner: keys.Key, since: datetime | None = None) -> list[Document]:
    """The documents, announced after `since` if given, that really exist and begin as their type must."""
    return examined(owner, [each for each in documents_of(owner) if since is None or each.created_at > since])


def examined(owner: keys.Key, documents: list[Document]) -> list[Document]:
    """Those of some documents that are uploaded and what they claim to be. From its first examination on a document
    is the version that was read: another file under its key changes nothing, whoever reviews it sees what was handed
    in. Raises CHANGED_MEANWHILE."""
    new = [each for each in map(_examined, (each for each in documents if not each.checked)) if each]
    try:
        for start in range(0, len(new), 50):
            commit([_remember(owner, each) for each in new[start : start + 50]])
    except Unmet:
        raise Refused(Refusal.CHANGED_MEANWHILE) from None
    return [each for each in documents if each.checked] + new


def _examined(document: Document) -> Document | None:
    content = files.examine(document.object_key, document.content_type)
    if content is None or not content.fits:
        return None
    seen = {"checked": True, "object_version": content.version, "sha256": content.sha256}
    return document.model_copy(update=seen)


def _remember(owner: keys.Key, document: Document) -> Write:
    key = owner._replace(sk=f"DOCUMENT#{document.document_id}")
    change = "SET #checked = :true, #sha256 = :sha256, #object_version = :version"
    seen = {"sha256": document.sha256, "version": document.object_version}
    return update(f"document {document.document_id}", key, change, conditions.NOT_CHECKED, **seen)
