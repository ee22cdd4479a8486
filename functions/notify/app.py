"""Worker: puts a message into the inbox of everybody who acts for the organisation concerned, or of a staff role."""

import hashlib
from typing import Any

from voucher.edge import clock, queues
from voucher.models.base import instant_text
from voucher.models.inbox import InboxMessage
from voucher.store import inbox, organisations


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the notify queue."""
    return queues.handle_each(event, context, work)


def work(body: dict[str, Any]) -> None:
    """One notice to one organisation. Delivered twice, it is still one message in each inbox."""
    message_id = hashlib.sha256(f"{body['message_id']}/{body['kind']}".encode()).hexdigest()[:24]
    staff = body["kind"] == "staff"  # then `uscc` is the word of a role, whose holders share an inbox
    for sub in [inbox.inbox_of_role(body["uscc"])] if staff else organisations.list_members(body["kind"], body["uscc"]):
        message = InboxMessage(
            message_id=message_id,
            sub=sub,
            uscc=body["uscc"],
            subject=body["subject"],
            about=body["about"],
            at=instant_text(clock.now()),
        )
        inbox.commit_message(message)
