"""Reports of material changes, in the registry table under the organisation that made them (§3.2.3, §4.1.3)."""

from voucher.models.changes import Change
from voucher.refusals import not_found
from voucher.store import conditions, keys, organisations
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import Write, add_write, advance_write, commit


def _key(change: Change) -> keys.Key:
    return keys.organisation(change.kind, change.uscc, f"CHANGE#{change.change_id}")


def _index_entry(change: Change) -> dict[str, str]:
    return keys.index_entry("CHANGE", change.created_at, change.change_id, state=change.state)


def commit_report(change: Change, *also: Write) -> None:
    """Record a report. Raises CHANGED_MEANWHILE when its id is taken, or when a condition of `also` is false."""
    commit([add_write("change", _key(change), change, index=_index_entry(change)), *also])


def find(kind: str, uscc: str, change_id: str) -> Change | None:
    """One report, or None."""
    item = find_item(keys.organisation(kind, uscc, f"CHANGE#{change_id}"))
    return Change.model_validate(item) if item else None


def get(kind: str, uscc: str, change_id: str) -> Change:
    """One report. Raises NOT_FOUND."""
    if (change := find(kind, uscc, change_id)) is None:
        raise not_found("change")
    return change


def list_of(kind: str, uscc: str) -> list[Change]:
    """Every report of an organisation, the newest first."""
    found = [Change.model_validate(item) for item in read_partition(keys.organisation(kind, uscc), "CHANGE#")]
    return sorted(found, key=lambda change: change.created_at, reverse=True)


def decided_write(old: Change, new: Change, step: str, caller: str) -> Write:
    """The write of the decision on a report, by somebody else than who made it."""
    hands = conditions.by_other_hands(step, "change")
    return advance_write("change", _key(old), old, new, hands, index=_index_entry(new), caller=caller)


def commit_decision(old: Change, new: Change, step: str, caller: str) -> None:
    """A decision that leaves the organisation as it is. Raises CHANGED_MEANWHILE, also if the caller made the report or
    is a member."""
    stranger = organisations.stranger_check(old.kind, old.uscc, step, caller)
    commit([decided_write(old, new, step, caller), stranger])


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the reports that `keep` accepts, of all organisations."""
    return read_page("registry", "CHANGE", selection, keep)
