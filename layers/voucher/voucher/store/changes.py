"""Reports of material changes, under the organisation that made them (§3.2.3, §4.1.3)."""

from voucher.models import Change
from voucher.refusals import Refusal, Refused
from voucher.store import keys
from voucher.store.reading import Page, load, page, query
from voucher.store.table import Unmet, Write, add, advance, commit


def _key(change: Change) -> keys.Key:
    return keys.organisation(change.kind, change.uscc, f"CHANGE#{change.change_id}")


def _listing(change: Change) -> dict[str, str]:
    return keys.listed("CHANGE", change.state, change.created_at, change.change_id)


def add_change(change: Change, *also: Write) -> None:
    """Record a report. Raises `Unmet`: with "change" among its names the id is taken."""
    commit([add("change", _key(change), change, _listing(change)), *also])


def find(kind: str, uscc: str, change_id: str) -> Change | None:
    """One report, None when there is none."""
    item = load(keys.organisation(kind, uscc, f"CHANGE#{change_id}"))
    return Change.model_validate(item) if item else None


def changes_of(kind: str, uscc: str) -> list[Change]:
    """Every report of an organisation, the newest first."""
    found = [Change.model_validate(item) for item in query(keys.organisation(kind, uscc), "CHANGE#")]
    return sorted(found, key=lambda change: change.created_at, reverse=True)


def step(old: Change, new: Change) -> Write:
    """The write that moves a report on, if nobody else decided it first."""
    return advance("change", _key(old), old, new, _listing(new))


def commit_step(old: Change, new: Change) -> None:
    """Move a report on. Raises CHANGED_MEANWHILE when somebody else did first."""
    try:
        commit([step(old, new)])
    except Unmet:
        raise Refused(Refusal.CHANGED_MEANWHILE) from None


def list_changes(state: str | None, limit: int, cursor: str | None) -> Page:
    """A page of reports of all organisations, the newest first within their state."""
    return page("registry", "listing", "CHANGE", limit, cursor, prefix=f"{state}#" if state else "")
