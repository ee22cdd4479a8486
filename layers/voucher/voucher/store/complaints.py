"""Complaints, in the supervision table, with their papers (§5.3)."""

from collections.abc import Iterable

from voucher.models.complaints import Complaint, ComplaintCounts
from voucher.refusals import not_found
from voucher.store import conditions, keys, organisations
from voucher.store.engine.pages import Keep, Page, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Write, add_write, advance_write, commit, commit_if_unchanged, update_write


def _index_entry(complaint: Complaint) -> dict[str, str]:
    return keys.index_entry("COMPLAINT", complaint.created_at, complaint.complaint_id, state=complaint.state)


def commit_new(complaint: Complaint, also: Iterable[Write]) -> None:
    """Record a complaint, with what counts it or its key. Raises CHANGED_MEANWHILE, also when a number was reached."""
    key = keys.complaint(complaint.complaint_id)
    commit([add_write("complaint", key, complaint, index=_index_entry(complaint)), *also])


def find(complaint_id: str) -> Complaint | None:
    """A complaint by its id, or None."""
    item = find_item(keys.complaint(complaint_id))
    return Complaint.model_validate(item) if item else None


def get(complaint_id: str) -> Complaint:
    """A complaint by its id. Raises NOT_FOUND."""
    if (complaint := find(complaint_id)) is None:
        raise not_found("complaint")
    return complaint


def find_answered(complaint: Complaint) -> Complaint:
    """The complaint whose answer counts: the one that it was linked to, which may be linked itself, or it itself."""
    while complaint.linked_to and (to := find(complaint.linked_to)):
        complaint = to
    return complaint


def commit_step(old: Complaint, new: Complaint, *also: Write) -> None:
    """Commit the next version of a complaint. Raises CHANGED_MEANWHILE."""
    commit([_step_write(old, new), *also])


def joined_write(old: Complaint, new: Complaint) -> Write:
    """The write by which a complaint knows that another one was linked to it: so it is not withdrawn, and of two that
    are linked to each other at once the second one learns of the first. A chain therefore has an end."""
    return advance_write("joined", keys.complaint(old.complaint_id), old, new, index=_index_entry(new))


def _step_write(old: Complaint, new: Complaint, *more: str, **values: str) -> Write:
    key = keys.complaint(new.complaint_id)
    return advance_write("complaint", key, old, new, *more, index=_index_entry(new), **values)


def usccs_of(old: Complaint, new: Complaint) -> list[str]:
    """The credit codes that a complaint was about before a step, and is about after it."""
    return sorted({each.about_uscc for each in (old, new) if each.about_uscc})


def commit_decision(old: Complaint, new: Complaint, step: str, caller: str, *also: Write) -> None:
    """Commit what staff did with a complaint: no member of an organisation complained of, and nobody who may not take
    the step (`hands.py`). An answer counts on the agency. Raises CHANGED_MEANWHILE."""
    hands = conditions.by_other_hands(step, "complaint")
    # a condition has its values only where it names them
    decided = _step_write(old, new, hands, caller=caller) if hands else _step_write(old, new)
    strangers = [
        organisations.stranger_check(kind, uscc, step, caller)
        for uscc in usccs_of(old, new)
        for kind in ("enterprise", "agency")
    ]
    commit([decided, *strangers, *_counting(old, new), *also])


def _counting(old: Complaint, new: Complaint) -> list[Write]:
    """An answer counts on the agency complained of, where whoever decides on its renewal reads it."""
    if old.outcome is not None or new.outcome is None or new.about_uscc is None or "agency" not in new.respondents:
        return []
    return [update_write("counts", keys.agency_complaints(new.about_uscc), f"ADD #{new.outcome} :one", None)]


def find_counts(agency_uscc: str) -> ComplaintCounts:
    """How many answered complaints an agency has, by outcome."""
    return ComplaintCounts.model_validate(find_item(keys.agency_complaints(agency_uscc)) or {})


def commit_erased(old: Complaint, new: Complaint) -> bool:
    """Erase the words of a complaint. False if somebody changed it meanwhile."""
    return commit_if_unchanged([_step_write(old, new)])


def list_between(since: str, until: str) -> list[Complaint]:
    """Every complaint that came from the one instant on and before the other one, the newest first."""
    found = read_whole("supervision", "COMPLAINT", since=since, until=until)
    return [Complaint.model_validate(item) for item in found]


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the complaints that `keep` accepts."""
    return read_page("supervision", "COMPLAINT", selection, keep)
