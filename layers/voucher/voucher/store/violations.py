"""Violations (§2.1.3), in the supervision table."""

from voucher.models.violations import Violation
from voucher.refusals import not_found
from voucher.store import keys
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Write, add_write, advance_write, commit_if_unchanged


def find(violation_id: str) -> Violation | None:
    """A violation by its id, or None."""
    item = find_item(keys.violation(violation_id))
    return Violation.model_validate(item) if item else None


def get(violation_id: str) -> Violation:
    """A violation by its id. Raises NOT_FOUND."""
    if (violation := find(violation_id)) is None:
        raise not_found("violation")
    return violation


def new_write(violation: Violation) -> Write:
    """The write that records a violation."""
    return add_write("violation", keys.violation(violation.violation_id), violation, index=_index_entry(violation))


def step_write(old: Violation, new: Violation) -> Write:
    """The write of a violation's next version, if nobody changed it since `old` was read."""
    return advance_write("violation", keys.violation(new.violation_id), old, new, index=_index_entry(new))


def commit_erased(old: Violation, new: Violation) -> bool:
    """Erase the words of a violation. False if somebody changed it meanwhile."""
    return commit_if_unchanged([step_write(old, new)])


def _index_entry(violation: Violation) -> dict[str, str]:
    return keys.index_entry("VIOLATION", violation.created_at, violation.violation_id, state=violation.state)


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the violations that `keep` accepts."""
    return read_page("supervision", "VIOLATION", selection, keep)
