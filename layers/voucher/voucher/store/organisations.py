"""Enterprises and agencies with their members, in the registry table."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Protocol

from voucher.models.agencies import Agency
from voucher.models.base import instant_text
from voucher.models.enterprises import Enterprise
from voucher.policy import RETENTION
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import bounds, conditions, keys
from voucher.store.engine.pages import Keep, Page, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item, read_each, read_many, read_partition
from voucher.store.engine.table import (
    Item,
    Write,
    add_write,
    advance_write,
    commit,
    commit_if_unchanged,
    delete_write,
    item_check,
    put_write,
    update_write,
)

Organisation = Enterprise | Agency
FOLDERS = {"enterprise": "enterprises", "agency": "agencies"}


class Deal(Protocol):
    """An order, or a line of one: both name its two parties."""

    @property
    def enterprise_uscc(self) -> str: ...
    @property
    def agency_uscc(self) -> str: ...


def papers(organisation: Organisation) -> keys.Key:
    """Under which key the papers of an organisation are: that of the draft as which it began."""
    kind, uscc, draft_id = organisation.thing, organisation.uscc, organisation.draft_id
    return keys.draft(kind, uscc, draft_id) if draft_id else keys.organisation(kind, uscc)


def folder(organisation: Organisation) -> str:
    """In which folder their files are. Not within that of the code: an erased organisation's is deleted as a whole."""
    uscc, draft_id = organisation.uscc, organisation.draft_id
    return f"{FOLDERS[organisation.thing]}/{uscc}.{draft_id}" if draft_id else f"{FOLDERS[organisation.thing]}/{uscc}"


def _key(organisation: Organisation) -> keys.Key:
    """§4.1.1: where its record is. As long as it takes its code from nobody, beside those of others."""
    has_code = organisation.has_code
    return keys.organisation(organisation.thing, organisation.uscc) if has_code else papers(organisation)


def _index_entry(organisation: Organisation) -> dict[str, str]:
    return keys.index_entry(
        organisation.thing.upper(), organisation.created_at, organisation.uscc, state=organisation.state
    )


def _drafts(organisation: Organisation) -> tuple[keys.Key, str]:
    """Where the drafts of its first member are counted, and its name there."""
    person, name = keys.user("registry", organisation.created_by), f"{organisation.thing}.{organisation.uscc}"
    return keys.open_things(person, "drafts"), f"{name}.{organisation.draft_id}" if organisation.draft_id else name


def commit_registration(organisation: Organisation, most_drafts: int) -> None:
    """Add a new draft and its first member, beside the drafts of others. Raises ALREADY_DRAFTED for somebody who acts
    for a registration of this code, TOO_MANY_DRAFTS for a person with `most_drafts` that wait to be submitted."""
    new = add_write("organisation", _key(organisation), organisation, index=_index_entry(organisation))
    member = _member_write(organisation, organisation.created_by)
    draft = bounds.opened_write(*_drafts(organisation), most_drafts)
    too_many = Refused(Refusal.TOO_MANY_DRAFTS, most=most_drafts)
    drafted = Refusal.ALREADY_DRAFTED
    commit([new, member, draft], organisation=drafted, member=drafted, bound=too_many)


def _member_key(organisation: Organisation, sub: str) -> keys.Key:
    return keys.organisation(organisation.thing, organisation.uscc, f"MEMBER#{sub}")


def _member_write(organisation: Organisation, sub: str) -> Write:
    """Put an organisation on a person's list; it is written with the organisation, which decides. Nobody is in two
    drafts of one code, so that the code tells which one a person means; whoever joins what has the code means that."""
    listed = "SET #sub = :sub, #kind = :kind, #uscc = :uscc, #index_key = :index_key, #index_sort = :index_sort"
    change = f"{listed}, #draft_id = :draft_id REMOVE #ended_at"
    values = {
        "sub": sub,
        "kind": organisation.thing,
        "uscc": organisation.uscc,
        "draft_id": organisation.draft_id or "",
    }
    values |= keys.index_entry(f"USER#{sub}", organisation.thing, organisation.uscc)
    condition = None if organisation.has_code else conditions.NO_OTHER_DRAFT
    return update_write("member", _member_key(organisation, sub), change, condition, **values)


def commit_members(old: Organisation, new: Organisation, *also: Write) -> None:
    """Commit who joined an organisation or is in it no more. Raises CHANGED_MEANWHILE, or ALREADY_DRAFTED for somebody
    who is in another draft of the same code."""
    writes = [step_write(old, new), *_member_writes(old, new), *also]
    commit(writes, organisation=Refusal.CHANGED_MEANWHILE, member=Refusal.ALREADY_DRAFTED)


def claimed_writes(old: Organisation, new: Organisation, step: str, caller: str) -> list[Write]:
    """The writes by which a claimant takes the place of all members, decided by none of them."""
    decided = step_write(old, new, conditions.by_other_hands(step, old.thing), caller=caller)
    return [decided, *_member_writes(old, new)]


def _member_writes(old: Organisation, new: Organisation) -> list[Write]:
    joined = [_member_write(new, sub) for sub in sorted(new.members - old.members)]
    gone = [_gone_write(old, new, sub) for sub in sorted(old.members - new.members) if _is_listed_for(old, sub)]
    return [*joined, *gone]


def _is_listed_for(organisation: Organisation, sub: str) -> bool:
    """False for somebody who left a draft behind for what has its code: their place on the list is that of the latter,
    and whoever still has the draft takes nothing of it."""
    item = find_item(_member_key(organisation, sub))
    return item is None or item.get("draft_id", "") in ("", organisation.draft_id or "")


def _gone_write(old: Organisation, new: Organisation, sub: str) -> Write:
    ended, at = "SET #ended_at = :at REMOVE #index_key, #index_sort", instant_text(new.updated_at or new.created_at)
    return update_write(
        "left", _member_key(old, sub), ended, conditions.STILL_OF_DRAFT, at=at, draft_id=old.draft_id or ""
    )


def find_enterprise(uscc: str, person: str | None = None) -> Enterprise | None:
    """The enterprise that has a credit code, or None; for a `person` who does not act for it their draft, if there is
    one."""
    item = _find("enterprise", uscc, person)
    return Enterprise.model_validate(item) if item else None


def find_agency(uscc: str, person: str | None = None) -> Agency | None:
    """The agency that has a credit code, or None; for a `person` who does not act for it their draft, if there is
    one."""
    item = _find("agency", uscc, person)
    return Agency.model_validate(item) if item else None


def _find(kind: str, uscc: str, person: str | None) -> Item | None:
    place = keys.organisation(kind, uscc)
    item = find_item(place)
    if person is None or (item and person in item["members"]):
        return item
    member = find_item(place._replace(sk=f"MEMBER#{person}"))
    if not member or not member.get("draft_id"):
        return item
    draft = find_item(keys.draft(kind, uscc, member["draft_id"]))
    if draft is None:  # perhaps it was submitted since
        return find_item(place)
    return draft if item is None or person in draft["members"] else item


def find(kind: str, uscc: str, person: str | None = None) -> Organisation | None:
    """The enterprise or the agency of a credit code, or None, as these tell it."""
    return find_agency(uscc, person) if kind == "agency" else find_enterprise(uscc, person)


def find_registration(kind: str, uscc: str, draft_id: str | None) -> Organisation | None:
    """The one of all registrations of a credit code that began as this draft, submitted or not; None if it is gone."""
    if draft_id is not None and (item := find_item(keys.draft(kind, uscc, draft_id))):
        return _organisation_of(kind, item)
    known = find(kind, uscc)
    return known if known and known.draft_id == draft_id else None


def find_newest_draft(kind: str, uscc: str) -> Organisation | None:
    """The draft of a credit code that was begun last, or None; staff looks at it, and nothing rests on it."""
    people = read_partition(keys.organisation(kind, uscc), "MEMBER#")
    ids = sorted({item["draft_id"] for item in people if item.get("draft_id")})
    drafts = [item for item in read_many(keys.draft(kind, uscc, each) for each in ids) if item]
    return _organisation_of(kind, max(drafts, key=lambda item: str(item["created_at"]), default=None))


def _organisation_of(kind: str, item: Item | None) -> Organisation | None:
    if item is None:
        return None
    return Agency.model_validate(item) if kind == "agency" else Enterprise.model_validate(item)


def get_enterprise(uscc: str) -> Enterprise:
    """The enterprise of a credit code. Raises NOT_FOUND."""
    if (enterprise := find_enterprise(uscc)) is None:
        raise not_found("enterprise")
    return enterprise


def get_agency(uscc: str) -> Agency:
    """The agency of a credit code. Raises NOT_FOUND."""
    if (agency := find_agency(uscc)) is None:
        raise not_found("agency")
    return agency


def step_write(old: Organisation, new: Organisation, *more: str, **values: Any) -> Write:
    """The write of an organisation's next version, if nobody changed it since `old` was read and `more` holds."""
    return advance_write("organisation", _key(old), old, new, *more, index=_index_entry(new), **values)


def unchanged_check(organisation: Organisation) -> Write:
    """Check in the transaction that an organisation is still as it was read."""
    return item_check("organisation", _key(organisation), conditions.UNCHANGED, seen_version=organisation.version)


def disqualified_check(uscc: str) -> Write:
    """§4.1.3: check in the transaction that an enterprise is disqualified, and was not restored."""
    return item_check("enterprise", keys.enterprise(uscc), conditions.DISQUALIFIED, disqualified="disqualified")


def list_parties(deals: Iterable[Deal]) -> list[Organisation]:
    """The enterprises and agencies of some orders or lines, as far as they are registered."""
    known = list(deals)
    enterprises = read_many(keys.enterprise(uscc) for uscc in sorted({each.enterprise_uscc for each in known}))
    agencies = read_many(keys.agency(uscc) for uscc in sorted({each.agency_uscc for each in known}))
    return [
        *(Enterprise.model_validate(item) for item in enterprises if item),
        *(Agency.model_validate(item) for item in agencies if item),
    ]


def parties_checks(enterprise_uscc: str, agency_uscc: str, step: str, caller: str) -> list[Write]:
    """Check in the transaction that the caller of a step is a member of neither party of an order."""
    codes = {"enterprise": enterprise_uscc, "agency": agency_uscc}
    return [stranger_check(kind, uscc, step, caller) for kind, uscc in codes.items()]


def strangers_checks(deals: Iterable[Deal], step: str, caller: str) -> list[Write]:
    """The same for the parties of several orders or lines, each party once, the agencies first."""
    known = list(deals)
    usccs = {"agency": {each.agency_uscc for each in known}, "enterprise": {each.enterprise_uscc for each in known}}
    return [stranger_check(kind, uscc, step, caller) for kind, of_kind in usccs.items() for uscc in sorted(of_kind)]


def stranger_check(kind: str, uscc: str, step: str, caller: str) -> Write:
    """Check in the transaction that the caller of a step is no member of an organisation, registered or not."""
    return item_check(kind, keys.organisation(kind, uscc), conditions.by_other_hands(step, kind), caller=caller)


def unchanged_stranger_check(organisation: Organisation, step: str, caller: str) -> Write:
    """Check in the transaction that an organisation is still as it was read, and the caller of a step no member."""
    condition = conditions.all_of(conditions.UNCHANGED, conditions.by_other_hands(step, organisation.thing))
    seen = organisation.version
    return item_check("organisation", _key(organisation), condition, seen_version=seen, caller=caller)


def commit_decision(old: Organisation, new: Organisation, step: str, caller: str, *also: Write) -> None:
    """Commit what staff decided on an organisation: nobody who may not take the step (`hands.py`). Raises
    CHANGED_MEANWHILE."""
    decided = step_write(old, new, conditions.by_other_hands(step, old.thing), caller=caller)
    commit([decided, *_draft_writes(old, new), *also])


def commit_step(old: Organisation, new: Organisation, *also: Write) -> None:
    """Commit an organisation's next version. Raises CHANGED_MEANWHILE if somebody else changed it first, and
    ALREADY_REGISTERED for a submission if another one was quicker."""
    writes = [*_record_writes(old, new), *_draft_writes(old, new), *also]
    commit(writes, organisation=Refusal.CHANGED_MEANWHILE, code=Refusal.ALREADY_REGISTERED)


def _record_writes(old: Organisation, new: Organisation) -> list[Write]:
    """§4.1.1: the write of the next version, or the two by which the record takes its code, or gives it back. Who acts
    for it and its papers stay where they are."""
    if _key(old) == _key(new):
        return [step_write(old, new)]
    left = delete_write("organisation", _key(old), conditions.UNCHANGED, seen_version=old.version)
    cleaned = (new.updated_at or new.created_at) - timedelta(days=RETENTION.cleaning_days)
    index, free = _index_entry(new), conditions.CODE_IS_FREE
    return [left, put_write("code", _key(new), new, free, index=index, cleaned=instant_text(cleaned))]


def _draft_writes(old: Organisation, new: Organisation) -> list[Write]:
    """Count a draft no more once it is submitted, and again if its submission is withdrawn."""
    if (old.state == "draft") == (new.state == "draft"):
        return []
    return [bounds.reopened_write(*_drafts(new)) if new.state == "draft" else bounds.closed_write(*_drafts(new))]


def commit_erased(old: Organisation, new: Organisation, *also: Write) -> bool:
    """Erase an organisation together with who acts for it. False if somebody changed it, or joined it, meanwhile."""
    known, own = read_partition(keys.organisation(old.thing, old.uscc), "MEMBER#"), old.draft_id or ""
    people = [item["sub"] for item in known if item.get("draft_id", "") == own]
    gone = [delete_write("member", _member_key(old, sub), conditions.STILL_OF_DRAFT, draft_id=own) for sub in people]
    if old.thing == "agency" and old.has_code:
        gone.append(delete_write("account", keys.account(old.uscc)))
    drafts = [bounds.closed_write(*_drafts(old))] if old.state == "draft" else []
    return commit_if_unchanged([*_record_writes(old, new), *drafts, *gone, *also])


def commit_deleted(organisation: Organisation) -> bool:
    """Delete an erased organisation. False if somebody else has its code meanwhile."""
    seen = organisation.version
    write = delete_write("organisation", _key(organisation), conditions.UNCHANGED, seen_version=seen)
    return commit_if_unchanged([write])


def list_page(kind: str, selection: Selection, keep: Keep | None) -> Page:
    """A page of the enterprises or of the agencies that `keep` accepts."""
    return read_page("registry", kind.upper(), selection, keep)


def read_enterprise_names(usccs: Iterable[str]) -> dict[str, str]:
    """The names of some enterprises that were approved; at most as many as a page has. One that was erased may have
    been registered anew, by a stranger and under any name: that name is not among them."""
    places = {keys.enterprise(uscc) for uscc in usccs}
    found = read_each("registry", *places) if places else []
    return {item["uscc"]: item["name"] for item in found if item.get("approved_at") is not None}


def list_disqualified() -> Iterable[Item]:
    """§4.1.3: every disqualified enterprise, as its item stands."""
    return read_whole("registry", "ENTERPRISE", "disqualified")


def list_agencies_in(state: str) -> Iterable[Agency]:
    """Every agency in a state, page by page, the newest first."""
    return (Agency.model_validate(item) for item in read_whole("registry", "AGENCY", state))


def list_memberships(sub: str) -> list[dict[str, str]]:
    """The organisations a person acts for: [{kind, uscc}]."""
    return [{"kind": item["kind"], "uscc": item["uscc"]} for item in read_whole("registry", f"USER#{sub}")]
