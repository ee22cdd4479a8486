"""Knows how the place where a page ended is written, for the client to send back, and read again."""

import base64
import json
from typing import NoReturn

from voucher.refusals import FieldError, Refusal, Refused


def write_cursor(scope: str, *texts: str) -> str:
    """Where a page ended. `scope` names the list, its filters and its order: the cursor belongs to them."""
    return base64.urlsafe_b64encode(json.dumps([scope, *texts]).encode()).decode().rstrip("=")


def read_cursor(cursor: str, scope: str, count: int) -> list[str]:
    """The `count` texts of a cursor. Raises MALFORMED for one of another scope, and for what is none."""
    try:
        texts: list[str] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        # printable, because half of a surrogate pair is no text for DynamoDB; no longer than any of our keys
        if not all(isinstance(text, str) and text.isprintable() and 0 < len(text.encode()) < 300 for text in texts):
            raise ValueError
        [own_scope, *place] = texts
        if own_scope != scope or len(place) != count:
            raise ValueError
    except (ValueError, TypeError):
        refuse_cursor()
    return place


def refuse_cursor() -> NoReturn:
    """Raise MALFORMED for the parameter `cursor`."""
    raise Refused(Refusal.MALFORMED, errors=[FieldError("cursor", "分页标记无效。", "format")])
