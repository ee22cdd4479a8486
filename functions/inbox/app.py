"""A person's inbox, what they act for and what they claim, and whether the service is up."""

from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.identity import StaffRole, as_anybody, require
from voucher.edge.masking import masked_claim
from voucher.edge.pages import InState, ListOf, reply_list
from voucher.edge.queries import Paging, Query
from voucher.edge.replies import Answer, PageOf, reply, reply_page
from voucher.models.base import instant_text
from voucher.models.claims import OrganisationClaim
from voucher.models.inbox import Health, InboxMessage, Me, MessageState
from voucher.store import claims, inbox, organisations
from voucher.store.engine.pages import Selection, cut_page

app = Api()


class OfRole(Query):
    role: StaffRole | None = None


class PageOfRole(InState[MessageState]):
    role: StaffRole | None = None


def chosen_inbox(role: StaffRole | None) -> str:
    """The caller's own inbox, or with `?role=` the one that the holders of that staff role share. Raises
    ROLE_REQUIRED."""
    if role is None:
        return app.caller.sub
    require(app.caller, role)
    return inbox.inbox_of_role(role)


@app.get("/inbox")
def show_inbox(query: PageOfRole) -> Answer[ListOf[InboxMessage]]:
    """The messages of an inbox."""
    page = inbox.list_page(chosen_inbox(query.role), query.selection())
    return reply_list(page, InboxMessage.model_validate)


@app.post("/inbox/<message_id>/read")
def mark_read(message_id: str, query: OfRole) -> Answer[InboxMessage]:
    """Mark a message of that inbox read."""
    app.body(Nothing)
    return reply(inbox.commit_read(chosen_inbox(query.role), message_id))


@app.get("/me")
def me() -> Answer[Me]:
    """Who is calling: staff roles, and the organisations they act for."""
    caller = app.caller
    memberships = organisations.list_memberships(caller.sub)
    return reply({"sub": caller.sub, "roles": sorted(caller.roles), "organisations": memberships})


@app.get("/me/claims")
def list_claims(query: Paging) -> Answer[PageOf[OrganisationClaim]]:
    """The caller's own claims on organisations, whatever became of them, the newest first; names and phones are
    masked."""
    known = map(masked_claim, claims.list_own(as_anybody(app.caller).sub))
    placed = [(f"{instant_text(each.created_at)}#{each.claim_id}", each) for each in known]
    return reply_page(*cut_page("me.claims", placed, Selection(query.limit, query.cursor)))


@app.get("/health")
def health() -> Answer[Health]:
    """The service is up. No table is read for this answer."""
    return reply({"status": "ok"})


handler = app.handle
