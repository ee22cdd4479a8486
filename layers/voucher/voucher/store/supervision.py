"""Violations (§2.1.3) and the in-app inbox, in the supervision table."""

from collections.abc import Iterable
from typing import Any

from voucher.models import Record, Stateful
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys
from voucher.store.reading import Page, load, page
from voucher.store.table import Unmet, Write, add, advance, commit, update


class Violation(Stateful):
    """A breach of the voucher rules found by the bureau; it counts for ever until lifted. States: standing, lifted."""

    violation_id: str
    uscc: str
    facts: str
    order_ids: tuple[str, ...] = ()
    lift_reason: str | None = None


class InboxMessage(Record):
    """One message to one person."""

    message_id: str
    sub: str
    uscc: str
    subject: str
    about: str
    at: str
    read: bool = False


def find_violation(violation_id: str) -> Violation | None:
    """A violation by its id, None when there is none."""
    item = load(keys.violation(violation_id))
    return Violation.model_validate(item) if item else None


def add_violation(violation: Violation) -> Write:
    """The write that records a violation."""
    return add("violation", keys.violation(violation.violation_id), violation, _listing(violation))


def step_violation(old: Violation, new: Violation) -> Write:
    """The write that moves a violation on."""
    return advance("violation", keys.violation(new.violation_id), old, new, _listing(new))


def _listing(violation: Violation) -> dict[str, str]:
    return keys.listed("VIOLATION", violation.created_at, violation.violation_id)


def deliver(message: InboxMessage) -> bool:
    """Put a message into a person's inbox; False when it is there already (queues deliver at least once)."""
    try:
        commit(
            [
                add(
                    "message",
                    keys.inbox(message.sub, message.message_id),
                    message,
                    keys.listed(f"INBOX#{message.sub}", message.at, message.message_id),
                )
            ]
        )
    except Unmet:
        return False
    return True


def role_inbox(role: str) -> str:
    """Whose inbox the holders of a staff role share; no token's subject looks like that."""
    return f"role:{role}"


def inbox(sub: str, limit: int, cursor: str | None) -> Page:
    """A page of a person's messages, newest first."""
    return page("supervision", "listing", f"INBOX#{sub}", limit, cursor)


def mark_read(sub: str, message_id: str) -> dict[str, Any]:
    """Mark a message read; NOT_FOUND when the person has no such message."""
    key = keys.inbox(sub, message_id)
    try:
        commit([update("message", key, "SET #read = :true", conditions.EXISTS)])
    except Unmet:
        raise Refused(Refusal.NOT_FOUND) from None
    return InboxMessage.model_validate(load(key)).public()


def violations(limit: int, cursor: str | None) -> Page:
    """A page of violations, newest first."""
    return page("supervision", "listing", "VIOLATION", limit, cursor)


def all_or_changed(writes: Iterable[Write]) -> bool:
    """Commit; False when a fact changed since it was read, so that the caller reads again."""
    try:
        commit(writes)
    except Unmet:
        return False
    return True
