"""What the outgoing webhook posts: each message of an inbox, and the signatures by which its receiver knows it.

A person is named as in the members of an organisation, by an id that says nothing of who it is.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

from voucher.models.inbox import InboxMessage
from voucher.rules.members import id_within


def post_of(message: InboxMessage, kind: str) -> dict[str, Any]:
    """A message of an inbox as it is posted; `kind` says what its recipient is. Whoever gets two with the same `id` has
    got one of them twice."""
    member_id = None if kind == "staff" else id_within(kind, message.recipient, message.sub)
    return {
        "id": f"{message.message_id}.{member_id or message.recipient}",
        "kind": kind,
        "recipient": message.recipient,
        "member_id": member_id,
        "subject": message.subject,
        "about": message.about,
        "message_id": message.message_id,
        "at": message.at,
    }


def body_of(post: dict[str, Any]) -> bytes:
    """The bytes that are posted and signed."""
    return json.dumps(post, ensure_ascii=False).encode()


def headers_of(body: bytes, timestamp: int, keys: Iterable[str]) -> dict[str, str]:
    """What is said beside the body: when it is posted, in seconds since 1970, and a signature by each of the keys, so
    that a receiver may go over to another key when it likes."""
    signed = f"{timestamp}.".encode() + body
    signatures = (hmac.digest(key.encode(), signed, hashlib.sha256).hex() for key in keys)
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": ",".join(f"v1={each}" for each in signatures),
    }
