"""Enterprises and agencies with their members, in the registry table."""

from collections.abc import Iterable
from typing import Any, Protocol

from voucher.models.agencies import Agency
from voucher.models.base import instant_text
from voucher.models.enterprises import Enterprise
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import bounds, conditions, keys
from voucher.store.engine.pages import Keep, Page, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item, read_each, read_many, read_partition
from voucher.store.engine.table import (
    Item,
    Write,
    advance_write,
    commit,
    commit_if_unchanged,
    delete_write,
    item_check,
    put_write,
    update_write,
)

Organisation = Enterprise | Agency


class Deal(Protocol):
    """An order, or a line of one: both name its two parties."""

    @property
    def enterprise_uscc(self) -> str: ...
    @property
    def agency_uscc(self) -> str: ...


def _key(organisation: Organisation) -> keys.Key:
    return keys.organisation(organisation.thing, organisation.uscc)


def _index_entry(organisation: Organisation) -> dict[str, str]:
    return keys.index_entry(
        organisation.thing.upper(), organisation.created_at, organisation.uscc, state=organisation.state
    )


def _drafts(organisation: Organisation) -> tuple[keys.Key, str]:
    """Where the drafts of its first member are counted, and its name there."""
    person = keys.user("registry", organisation.created_by)
    return keys.open_things(person, "drafts"), f"{organisation.thing}.{organisation.uscc}"


def commit_registration(organisation: Organisation, most_drafts: int) -> None:
    """Add a new organisation and its first member. Two at once: one wins, the other gets ALREADY_REGISTERED. One that
    was erased may begin anew. Raises TOO_MANY_DRAFTS for a person with `most_drafts` that wait to be submitted."""
    member = _member_write(organisation, organisation.created_by)
    free = f"{conditions.IS_NEW} OR {conditions.GIVEN_UP}"
    index = _index_entry(organisation)
    new = put_write("organisation", _key(organisation), organisation, free, index=index, nothing="")
    draft = bounds.opened_write(*_drafts(organisation), most_drafts)
    too_many = Refused(Refusal.TOO_MANY_DRAFTS, most=most_drafts)
    commit([new, member, draft], organisation=Refusal.ALREADY_REGISTERED, bound=too_many)


def _member_key(organisation: Organisation, sub: str) -> keys.Key:
    return keys.organisation(organisation.thing, organisation.uscc, f"MEMBER#{sub}")


def _member_write(organisation: Organisation, sub: str) -> Write:
    """Put an organisation on a person's list; it is written with the organisation, which decides."""
    kind, uscc = organisation.thing, organisation.uscc
    listed = "SET #sub = :sub, #kind = :kind, #uscc = :uscc, #index_key = :index_key, #index_sort = :index_sort"
    change = f"{listed} REMOVE #ended_at"
    entry = keys.index_entry(f"USER#{sub}", kind, uscc)
    return update_write("member", _member_key(organisation, sub), change, None, sub=sub, kind=kind, uscc=uscc, **entry)


def commit_members(old: Organisation, new: Organisation, *also: Write) -> None:
    """Commit who joined an organisation or is in it no more. Raises CHANGED_MEANWHILE."""
    commit([step_write(old, new), *_member_writes(old, new), *also])


def claimed_writes(old: Organisation, new: Organisation, step: str, caller: str) -> list[Write]:
    """The writes by which a claimant takes the place of all members, decided by none of them."""
    decided = step_write(old, new, conditions.by_other_hands(step, old.thing), caller=caller)
    return [decided, *_member_writes(old, new)]


def _member_writes(old: Organisation, new: Organisation) -> list[Write]:
    joined = [_member_write(new, sub) for sub in sorted(new.members - old.members)]
    ended, at = "SET #ended_at = :at REMOVE #index_key, #index_sort", instant_text(new.updated_at or new.created_at)
    gone = [
        update_write("member", _member_key(old, sub), ended, None, at=at) for sub in sorted(old.members - new.members)
    ]
    return [*joined, *gone]


def find_enterprise(uscc: str) -> Enterprise | None:
    """The enterprise of a credit code, or None."""
    item = find_item(keys.enterprise(uscc))
    return Enterprise.model_validate(item) if item else None


def find_agency(uscc: str) -> Agency | None:
    """The agency of a credit code, or None."""
    item = find_item(keys.agency(uscc))
    return Agency.model_validate(item) if item else None


def find(kind: str, uscc: str) -> Organisation | None:
    """The enterprise or the agency of a credit code, or None."""
    return find_agency(uscc) if kind == "agency" else find_enterprise(uscc)


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
    """Commit an organisation's next version. Raises CHANGED_MEANWHILE if somebody else changed it first."""
    commit([step_write(old, new), *_draft_writes(old, new), *also])


def _draft_writes(old: Organisation, new: Organisation) -> list[Write]:
    """Count a draft no more once it is submitted, and again if its submission is withdrawn."""
    if (old.state == "draft") == (new.state == "draft"):
        return []
    return [bounds.reopened_write(*_drafts(new)) if new.state == "draft" else bounds.closed_write(*_drafts(new))]


def commit_erased(old: Organisation, new: Organisation, *also: Write) -> bool:
    """Erase an organisation together with who acts for it. False if somebody changed it, or joined it, meanwhile."""
    members = [_member_key(old, item["sub"]) for item in _read_members(old.thing, old.uscc)]
    known = [keys.account(old.uscc)] if old.thing == "agency" else []
    gone = [delete_write(f"{key.sk}", key) for key in (*members, *known)]
    drafts = [bounds.closed_write(*_drafts(old))] if old.state == "draft" else []
    return commit_if_unchanged([step_write(old, new), *drafts, *gone, *also])


def commit_deleted(organisation: Organisation) -> bool:
    """Delete an erased organisation. False if somebody registered it anew meanwhile."""
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


def list_agencies_in(state: str) -> Iterable[Agency]:
    """Every agency in a state, page by page, the newest first."""
    return (Agency.model_validate(item) for item in read_whole("registry", "AGENCY", state))


def list_memberships(sub: str) -> list[dict[str, str]]:
    """The organisations a person acts for: [{kind, uscc}]."""
    return [{"kind": item["kind"], "uscc": item["uscc"]} for item in read_whole("registry", f"USER#{sub}")]


def list_members(kind: str, uscc: str) -> list[str]:
    """The subjects of all who act for an organisation."""
    return [item["sub"] for item in _read_members(kind, uscc) if "ended_at" not in item]


def _read_members(kind: str, uscc: str) -> list[Item]:
    """All who act for an organisation, or did."""
    return list(read_partition(keys.organisation(kind, uscc), "MEMBER#"))
