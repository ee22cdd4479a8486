"""Inboxes: one of each person, and one that the holders of a staff role share."""

from typing import Any

from voucher.models.inbox import InboxMessage
from voucher.refusals import Refusal
from voucher.store import conditions, keys
from voucher.store.engine.pages import Page, Selection, read_page
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import add_write, commit, commit_new, update_write


def commit_message(message: InboxMessage) -> bool:
    """Put a message into its inbox. False if it is there already, because queues deliver at least once."""
    key = keys.inbox(message.sub, message.message_id)
    index = keys.index_entry(f"INBOX#{message.sub}", message.at, message.message_id, state="unread")
    return commit_new("message", [add_write("message", key, message, index=index)])


def inbox_of_role(role: str) -> str:
    """The name of the inbox that the holders of a staff role share. It cannot be a person's: no token's
    subject begins with `role:`."""
    return f"role:{role}"


def list_page(sub: str, selection: Selection) -> Page:
    """A page of an inbox; its messages are `unread` or `read`."""
    return read_page("supervision", f"INBOX#{sub}", selection)


def commit_read(sub: str, message_id: str) -> dict[str, Any]:
    """Mark a message read, and show it. Raises NOT_FOUND if the inbox has no such message."""
    key = keys.inbox(sub, message_id)
    change, read_entry = "SET #read = :true, #state_key = :state_key", keys.index_entry(f"INBOX#{sub}", state="read")
    write = update_write("message", key, change, conditions.EXISTS, state_key=read_entry["state_key"])
    commit([write], message=Refusal.NOT_FOUND)
    return InboxMessage.model_validate(find_item(key)).public()
