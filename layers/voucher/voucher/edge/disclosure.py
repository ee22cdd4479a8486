"""Readings of personal data: each leaves a trace in the audit trail before it is answered (§3.4.3).

The trace is handed to the queue first. If the queue does not take it, the call ends in a fault, before anybody has
read anything.
"""

from uuid import uuid4

from voucher.edge import clock, queues
from voucher.edge.api import Api
from voucher.models.audit import Trace
from voucher.models.base import instant_text


def disclose(
    app: Api,
    about: str,
    *,
    enterprise_uscc: str | None = None,
    agency_uscc: str | None = None,
    draft_id: str | None = None,
) -> None:
    """Put into the trail that the caller now reads personal data `about` a thing, as `order:o_1`; the two codes name
    the organisations whose people they are, `draft_id` the one of several registrations of a code."""
    event, caller = app.event, app.caller
    trace = Trace(
        # by chance, and not from the request's id: a client may choose that (X-Amzn-RequestId), and a second reading
        # under the id of the first would pass for the first, delivered again
        trace_id=uuid4().hex,
        at=instant_text(clock.now()),
        by=caller.sub,
        role=caller.role or caller.staff_role or "enterprise",
        action="read",
        about=about,
        call=f"{event['httpMethod']} {event['resource']}",
        request_id=str(event["requestContext"].get("requestId")),
        enterprise_uscc=enterprise_uscc,
        agency_uscc=agency_uscc,
        draft_id=draft_id,
    )
    queues.send("keep_audit", [trace.model_dump(mode="json", exclude_none=True)])
