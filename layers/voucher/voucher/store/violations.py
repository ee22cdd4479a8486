"""Violations (§2.1.3), in the supervision table."""

from voucher.models.orders import Order
from voucher.models.violations import Violation
from voucher.refusals import not_found
from voucher.store import conditions, keys, orders
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Write, add_write, advance_write, commit, commit_if_unchanged


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


def lift_write(old: Violation, new: Violation, caller: str) -> Write:
    """The write that lifts a violation, by somebody else than who recorded it, if nobody changed it since."""
    key, hands = keys.violation(new.violation_id), conditions.by_other_hands("lift_violation", "violation")
    return advance_write("violation", key, old, new, hands, index=_index_entry(new), caller=caller)


def commit_release(old: Violation, new: Violation, order: Order, released: Order, caller: str, *also: Write) -> None:
    """§5.2b: a violation lets one of its orders go on, by somebody else than who recorded it. Raises CHANGED_MEANWHILE,
    also for a caller who acted for a party of the order, or is a member of one."""
    key, hands = keys.violation(new.violation_id), conditions.by_other_hands("release_order", "violation")
    write = advance_write("violation", key, old, new, hands, index=_index_entry(new), caller=caller)
    commit([write, *orders.decided_writes(order, released, "release_order", caller), *also])


def commit_erased(old: Violation, new: Violation) -> bool:
    """Erase the words of a violation. False if somebody changed it meanwhile."""
    key = keys.violation(new.violation_id)
    return commit_if_unchanged([advance_write("violation", key, old, new, index=_index_entry(new))])


def _index_entry(violation: Violation) -> dict[str, str]:
    return keys.index_entry("VIOLATION", violation.created_at, violation.violation_id, state=violation.state)


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the violations that `keep` accepts."""
    return read_page("supervision", "VIOLATION", selection, keep)
