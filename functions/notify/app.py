"""Worker: puts a message into the inbox of each member of an organisation, or into the shared inbox of a staff role,
and sends it on to the webhook's queue if the stack has one."""

import hashlib
import os
from typing import Any

from voucher.edge import clock, queues, workers
from voucher.models.base import instant_text
from voucher.models.inbox import InboxMessage
from voucher.rules.webhook import post_of
from voucher.store import inbox, organisations


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the notify queue (rules/messages.py)."""
    return workers.handle_each(event, context, work)


def work(body: dict[str, Any]) -> None:
    """One message to one recipient. Delivered twice, it is still one message in each inbox.

    It goes on to the webhook each time, because an earlier delivery may have ended before it was sent on; a receiver
    knows a second one by its id.
    """
    posts = list[dict[str, Any]]()
    message_id = hashlib.sha256(f"{body['message_id']}/{body['kind']}".encode()).hexdigest()[:24]
    # whoever is told though they act for the organisation no more, or not yet
    people = [body["person"]] if "person" in body else inboxes_of(body["kind"], body["recipient"], body["about"])
    for sub in people:
        message = InboxMessage(
            message_id=message_id,
            sub=sub,
            recipient=body["recipient"],
            subject=body["subject"],
            about=body["about"],
            at=instant_text(clock.now()),
        )
        inbox.commit_message(message)
        posts.append(post_of(message, body["kind"]))
    if os.environ.get("WEBHOOK_QUEUE_URL"):
        queues.send("webhook", posts)


def inboxes_of(kind: str, recipient: str, about: str) -> list[str]:
    """Whose inboxes a message goes to. A staff role is addressed by its word and has one inbox, which its holders
    share; an organisation is addressed by its credit code, and each of its members has an inbox. Before its first
    approval they hear of their registration alone: what else happens under the code is of earlier members."""
    if kind == "staff":
        return [inbox.inbox_of_role(recipient)]
    organisation = organisations.find(kind, recipient)
    if organisation is None or (about != f"{kind}:{recipient}" and organisation.approved_at is None):
        return []
    return sorted(organisation.members)
