"""The in-app inbox of persons and of staff roles, in the supervision table."""

from typing import Any

from voucher.models.inbox import InboxMessage
from voucher.refusals import Refusal
from voucher.store import conditions, keys
from voucher.store.engine.reading import Page, find_item, read_page
from voucher.store.engine.table import add_write, commit, commit_new, update_write


def commit_message(message: InboxMessage) -> bool:
    """Put a message into a person's inbox; False when it is there already (queues deliver at least once)."""
    key = keys.inbox(message.sub, message.message_id)
    index = keys.index_entry(f"INBOX#{message.sub}", message.at, message.message_id)
    return commit_new("message", [add_write("message", key, message, index=index)])


def inbox_of_role(role: str) -> str:
    """Whose inbox the holders of a staff role share; no token's subject looks like that."""
    return f"role:{role}"


def list_page(sub: str, limit: int, cursor: str | None) -> Page:
    """A page of a person's messages, newest first."""
    return read_page("supervision", "by_newest", f"INBOX#{sub}", limit, cursor)


def commit_read(sub: str, message_id: str) -> dict[str, Any]:
    """Mark a message read; NOT_FOUND when the person has no such message."""
    key = keys.inbox(sub, message_id)
    commit([update_write("message", key, "SET #read = :true", conditions.EXISTS)], message=Refusal.NOT_FOUND)
    return InboxMessage.model_validate(find_item(key)).public()
