"""A person's inbox, what they act for, and whether the service is up."""

from aws_lambda_powertools.event_handler import Response

from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.inbox import InboxMessage
from voucher.store import inbox, organisations

app = Api()


def chosen_inbox() -> str:
    """The caller's own inbox, or with `?role=` the one that the holders of that staff role share. Raises
    ROLE_REQUIRED."""
    role = app.query("role")
    if role is None:
        return app.caller.sub
    require(app.caller, role)
    return inbox.inbox_of_role(role)


@app.get("/inbox")
def show_inbox() -> Response[str]:
    """The messages of an inbox, newest first."""
    page = inbox.list_page(chosen_inbox(), app.limit, app.query("cursor"))
    items = [InboxMessage.model_validate(item).public() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


@app.post("/inbox/<message_id>/read")
def mark_read(message_id: str) -> Response[str]:
    """Mark a message of that inbox read."""
    app.body(Nothing)
    return reply(inbox.commit_read(chosen_inbox(), message_id))


@app.get("/me")
def me() -> Response[str]:
    """Who is calling: staff roles, and the organisations they act for."""
    caller = app.caller
    memberships = organisations.list_memberships(caller.sub)
    return reply({"sub": caller.sub, "roles": sorted(caller.roles), "organisations": memberships})


@app.get("/health")
def health() -> Response[str]:
    """The service is up. No table is read for this answer."""
    return reply({"status": "ok"})


handler = app.handle
