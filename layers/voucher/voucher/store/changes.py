"""Reports of material changes, in the registry table under the organisation that made them (§3.2.3, §4.1.3)."""

from voucher.models.changes import Change
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import bounds, conditions, keys, organisations
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import Write, add_write, advance_write, commit, commit_if_unchanged


def _key(change: Change) -> keys.Key:
    return keys.organisation(change.kind, change.uscc, f"CHANGE#{change.change_id}")


def _index_entry(change: Change) -> dict[str, str]:
    return keys.index_entry("CHANGE", change.created_at, change.change_id, state=change.state)


def _place(change: Change) -> keys.Key:
    """Where the undecided reports of its organisation are counted."""
    return keys.open_things(keys.organisation(change.kind, change.uscc), "changes")


def commit_report(change: Change, most: int, *also: Write) -> None:
    """Record a report. Raises CHANGED_MEANWHILE when its id is taken, or when a condition of `also` is false, and
    TOO_MANY_CHANGES for an organisation with `most` that are undecided."""
    new = add_write("change", _key(change), change, index=_index_entry(change))
    opened = bounds.opened_write(_place(change), change.change_id, most)
    refusal = Refused(Refusal.TOO_MANY_CHANGES, most=most)
    commit([new, opened, *also], change=Refusal.CHANGED_MEANWHILE, bound=refusal)


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


def decided_writes(old: Change, new: Change, step: str, caller: str) -> list[Write]:
    """The writes of the decision on a report, by somebody else than who made it."""
    hands = conditions.by_other_hands(step, "change")
    decided = advance_write("change", _key(old), old, new, hands, index=_index_entry(new), caller=caller)
    return [decided, bounds.closed_write(_place(old), old.change_id)]


def commit_decision(old: Change, new: Change, step: str, caller: str) -> None:
    """A decision that leaves the organisation as it is. Raises CHANGED_MEANWHILE, also if the caller made the report or
    is a member."""
    stranger = organisations.stranger_check(old.kind, old.uscc, step, caller)
    commit([*decided_writes(old, new, step, caller), stranger])


def commit_erased(old: Change, new: Change) -> bool:
    """Erase the words of a report. False if somebody changed it meanwhile."""
    erased = advance_write("change", _key(old), old, new, index=_index_entry(new))
    return commit_if_unchanged([erased, bounds.closed_write(_place(old), old.change_id)])


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the reports that `keep` accepts, of all organisations."""
    return read_page("registry", "CHANGE", selection, keep)
