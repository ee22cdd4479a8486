"""Worker: posts each message of an inbox to the city's gateway for SMS or 浙政钉, signed, at least once.

Its log has ids and the receiver's status, and nothing of a message.
"""

import os
from typing import Any

from voucher.edge import clock, webhook, workers
from voucher.edge.observe import log_work
from voucher.rules.webhook import body_of, headers_of


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the webhook queue (rules/webhook.py)."""
    return workers.handle_each(event, context, work)


def work(post: dict[str, Any]) -> None:
    """One message. Whatever is no 2xx fails it: it comes again, and after the last try lies in the dead letters."""
    body = body_of(post)
    # the time of this try: one that comes late is as good as the first
    headers = headers_of(body, int(clock.now().timestamp()), webhook.keys())
    status = webhook.post(os.environ["WEBHOOK_URL"], headers, body)
    log_work("posted", id=post["id"], status=status)
    if not 200 <= status < 300:
        raise webhook.NotTaken
