"""Reports of material changes, in the registry table under the organisation that made them (§3.2.3, §4.1.3)."""

from voucher.models.changes import Change
from voucher.refusals import not_found
from voucher.store import keys
from voucher.store.engine.pages import Keep, Page, Selection, read_page
from voucher.store.engine.reading import find_item, read_partition
from voucher.store.engine.table import Write, add_write, advance_write, commit, commit_if_unchanged


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


def step_write(old: Change, new: Change) -> Write:
    """The write of a report's next version, if nobody changed it since `old` was read."""
    return advance_write("change", _key(old), old, new, index=_index_entry(new))


def commit_step(old: Change, new: Change) -> None:
    """Commit a report's next version. Raises CHANGED_MEANWHILE if somebody else changed it first."""
    commit([step_write(old, new)])


def commit_erased(old: Change, new: Change) -> bool:
    """Erase the words of a report. False if somebody changed it meanwhile."""
    return commit_if_unchanged([step_write(old, new)])


def list_page(selection: Selection, keep: Keep | None) -> Page:
    """A page of the reports that `keep` accepts, of all organisations."""
    return read_page("registry", "CHANGE", selection, keep)
