"""Inboxes: one of each person, and one that the holders of a staff role share."""

from datetime import datetime
from typing import Any

from voucher.models.base import instant_text
from voucher.models.inbox import InboxMessage
from voucher.refusals import Refusal
from voucher.store import conditions, keys
from voucher.store.engine.pages import Page, Party, Selection, read_oldest, read_page
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import MOST_ITEMS, add_write, commit, commit_new, delete_write, update_write


def commit_message(message: InboxMessage) -> bool:
    """Put a message into its inbox. False if it is there already, because queues deliver at least once."""
    key = keys.inbox(message.sub, message.message_id)
    index = keys.index_entry(f"INBOX#{message.sub}", message.at, message.message_id, state="unread")
    index["waiting_key"] = keys.message_shelf(keys.bucket_of(message.sub))
    return commit_new("message", [add_write("message", key, message, index=index)])


def inbox_of_role(role: str) -> str:
    """The name of the inbox that the holders of a staff role share. It cannot be a person's: no token's
    subject begins with `role:`."""
    return f"role:{role}"


def list_page(sub: str, selection: Selection) -> Page:
    """A page of an inbox; its messages are `unread` or `read`."""
    return read_page("supervision", f"INBOX#{sub}", selection)


def commit_oldest_deleted(shelf: int, until: datetime) -> bool:
    """Delete the oldest messages on a shelf that came by this instant, as many as a transaction holds. True if there
    may be more."""
    place = Party("by_waiting", keys.message_shelf(shelf))
    found = read_oldest("supervision", place, instant_text(until), MOST_ITEMS)
    writes = [delete_write("message", keys.Key("supervision", item["pk"], item["sk"])) for item in found]
    if writes:
        commit(writes)
    return len(found) == MOST_ITEMS


def commit_read(sub: str, message_id: str) -> dict[str, Any]:
    """Mark a message read, and show it. Raises NOT_FOUND if the inbox has no such message."""
    key = keys.inbox(sub, message_id)
    change, read_entry = "SET #read = :true, #state_key = :state_key", keys.index_entry(f"INBOX#{sub}", state="read")
    write = update_write("message", key, change, conditions.EXISTS, state_key=read_entry["state_key"])
    commit([write], message=Refusal.NOT_FOUND)
    return InboxMessage.model_validate(find_item(key)).public()
