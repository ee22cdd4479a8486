"""Inboxes: one of each person, and one that the holders of a staff role share."""

from typing import Any

from voucher.models.inbox import InboxMessage
from voucher.refusals import Refusal
from voucher.store import conditions, keys
from voucher.store.engine.reading import Page, find_item, read_page
from voucher.store.engine.table import add_write, commit, commit_new, update_write


def commit_message(message: InboxMessage) -> bool:
    """Put a message into its inbox. False if it is there already, because queues deliver at least once."""
    key = keys.inbox(message.sub, message.message_id)
    index = keys.index_entry(f"INBOX#{message.sub}", message.at, message.message_id)
    return commit_new("message", [add_write("message", key, message, index=index)])


def inbox_of_role(role: str) -> str:
    """The name of the inbox that the holders of a staff role share. It cannot be a person's: no token's
    subject begins with `role:`."""
    return f"role:{role}"


def list_page(sub: str, limit: int, cursor: str | None) -> Page:
    """A page of an inbox, newest first."""
    return read_page("supervision", "by_newest", f"INBOX#{sub}", limit, cursor)


def commit_read(sub: str, message_id: str) -> dict[str, Any]:
    """Mark a message read, and show it. Raises NOT_FOUND if the inbox has no such message."""
    key = keys.inbox(sub, message_id)
    commit([update_write("message", key, "SET #read = :true", conditions.EXISTS)], message=Refusal.NOT_FOUND)
    return InboxMessage.model_validate(find_item(key)).public()
