"""Checks: what was found at each member of a sample, beside its inspection in the supervision table (§5.1)."""

from voucher.models.inspections import TOLD_CHECKS, Check
from voucher.refusals import not_found
from voucher.store import conditions, keys, organisations
from voucher.store.engine.pages import Keep, Page, Party, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import Write, add_write, advance_write, commit, commit_if_unchanged


def _index_entry(check: Check) -> dict[str, str]:
    return keys.index_entry("CHECK", check.created_at, check.check_id, state=check.state)


def new_write(check: Check) -> Write:
    """The write that adds a check to its inspection."""
    return add_write("check", keys.check(check.check_id), check, index=_index_entry(check))


def list_of(inspection_id: str) -> list[Check]:
    """The checks of an inspection, in the order of its sample."""
    return [Check.model_validate(item) for item in read_partition(keys.inspection(inspection_id), "CHECK#")]


def get(check_id: str) -> Check:
    """A check by its id. Raises NOT_FOUND."""
    if (item := find_item(keys.check(check_id))) is None:
        raise not_found("check")
    return Check.model_validate(item)


def _step_write(old: Check, new: Check, *more: str, **values: str) -> Write:
    return advance_write("check", keys.check(old.check_id), old, new, *more, index=_index_entry(new), **values)


def commit_step(old: Check, new: Check) -> None:
    """Commit the next version of a check. Raises CHANGED_MEANWHILE."""
    commit([_step_write(old, new)])


def commit_inspected(old: Check, new: Check, step: str, caller: str, *also: Write) -> None:
    """Commit what an inspector, or the bureau, does on a check: no member of whoever is inspected, and by other hands
    than the earlier ones. Raises CHANGED_MEANWHILE."""
    hands = conditions.by_other_hands(step, "check")
    strangers = [organisations.stranger_check("agency", old.agency_uscc, step, caller)]
    if old.party == "enterprise" and old.member_uscc:
        strangers.append(organisations.stranger_check("enterprise", old.member_uscc, step, caller))
    commit([_step_write(old, new, *filter(None, [hands]), caller=caller), *strangers, *also])


def commit_erased(old: Check, new: Check) -> bool:
    """Erase the words of a check. False if somebody changed it meanwhile."""
    return commit_if_unchanged([_step_write(old, new)])


def list_of_year(year: int) -> list[Check]:
    """Every check of a year, the newest first."""
    found = read_whole("supervision", "CHECK", keep=lambda item: item["year"] == year)
    return [Check.model_validate(item) for item in found]


def list_page(selection: Selection, keep: Keep | None, agency_uscc: str | None = None) -> Page:
    """A page of the checks that `keep` accepts, of all agencies or about one."""
    party = Party("by_agency", agency_uscc) if agency_uscc else None
    return read_page("supervision", "CHECK", selection, keep, party)


def list_told(agency_uscc: str, most: int) -> list[Check]:
    """The latest checks about an agency that it knows of, `most` of them."""
    page = list_page(Selection(limit=most), lambda item: item["state"] in TOLD_CHECKS, agency_uscc)
    return [Check.model_validate(item) for item in page.items]
