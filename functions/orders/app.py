"""Orders: quoted, placed with the voucher's part held, and shown (§4.2.1, §2.3.2); fulfilment carries them out."""

from dataclasses import asdict

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.creation import key_write
from voucher.edge.disclosure import disclose
from voucher.edge.flags import flags_about_order
from voucher.edge.identity import as_party, check_party_named, party_of, reads_books, require
from voucher.edge.orders import Placement, QuoteRequest
from voucher.edge.pages import ListOf, Search, empty_page, reply_list
from voucher.edge.queries import QueryId, Switch
from voucher.edge.replies import Answer, reply
from voucher.models.order_facts import OrderFacts
from voucher.models.orders import Order, OrderState, OrderWithContacts
from voucher.refusals import Refusal, Refused
from voucher.rules.four_eyes import with_hand_of
from voucher.rules.orders import (
    Quote,
    check_order,
    check_quotable,
    contacts_of,
    facts_of_the_day,
    pools_to_draw,
    quote_of,
    room_refusal,
)
from voucher.rules.subsidies import warnings_of
from voucher.rules.terms import answer_due
from voucher.store import orders, organisations
from voucher.store.engine import pools

app = Api()
# how often an order is decided anew because a fact changed between the decision and the write
PLACING_TRIES = 6


class OfParty(Search[OrderState]):
    enterprise_uscc: QueryId | None = None
    agency_uscc: QueryId | None = None
    cancel_asked: Switch = "false"


@app.post("/orders/quote")
def quote() -> Answer[Quote]:
    """§2.3.2: the largest voucher part that one order could have now, and the limit that binds. Writes nothing.

    Refuses what the order would refuse whatever its voucher part is.
    """
    body = app.body(QuoteRequest)
    facts = orders.get_facts(body.product_id, body.voucher_id, app.caller.sub)
    as_party(app.caller, facts.enterprise, "voucher")
    check_quotable(facts, clock.now())
    policy = facts.programme.policy
    room_fen = pools.read_approximate_room(pools_to_draw(facts), policy.yearly_shards)
    quoted = quote_of(body.contract_fen, facts.voucher, policy, *room_fen)
    warnings = warnings_of(facts.enterprise.uscc, facts.programme.year, facts.standings.values())
    return reply(asdict(quoted) | {"warnings": [each.public() for each in warnings]})


@app.post("/orders")
def place() -> Answer[Order]:
    """§4.2.1: use a voucher toward a listed product; its part is held until the order ends or is owed to its agency."""
    order_id = app.new_id("o")
    body = app.body(Placement)
    for _ in range(PLACING_TRIES):
        facts = orders.get_facts(body.product_id, body.voucher_id, app.caller.sub)
        as_party(app.caller, facts.enterprise, "voucher")
        order = new_order(order_id, body, facts)
        try:
            check_order(order, facts, body.no_other_subsidy)
            orders.commit_order(order, facts, pools_to_draw(facts), key_write(app))
        except pools.Exhausted as exhausted:
            refusal = room_refusal(exhausted.pool_id, exhausted.room_fen, order.category)
            return existing_or_refuse(order_id, refusal)
        except Refused as refused:
            if refused.refusal is not Refusal.CHANGED_MEANWHILE:
                return existing_or_refuse(order_id, refused)
        else:
            return reply(order, 201)
    raise Refused(Refusal.BUSY)


def new_order(order_id: str, body: Placement, facts: OrderFacts) -> Order:
    """The order as it will be placed; price, category and the parties' facts are those of today."""
    return Order(
        order_id=order_id,
        year=facts.programme.year,
        **facts_of_the_day(facts),
        answer_by=answer_due(clock.now(), facts.programme.policy).date,
        settle_by=facts.programme.policy.settlement_day(facts.programme.year),
        **body.model_dump(exclude={"no_other_subsidy"}),
        drawn={},
        state="placed",
        hands=with_hand_of({}, "place_order", "enterprise", app.caller.sub),
        warnings=warnings_of(
            facts.enterprise.uscc, facts.programme.year, facts.standings.values(), body.contract_number
        ),
        **app.creation("place"),
    )


def existing_or_refuse(order_id: str, refused: Refused) -> Answer[Order]:
    """The order that this very request placed before, if it did, because then a refusal would be wrong. Raises
    `refused`, or IDEMPOTENCY_KEY_REUSED when another request placed the order."""
    if (existing := orders.find(order_id)) is None:
        raise refused
    app.check_same(existing.request_sha256)
    return reply(existing, 200, replay=True)


@app.get("/orders")
def list_orders(query: OfParty) -> Answer[ListOf[Order]]:
    """Orders of an enterprise or of an agency, for its members and staff; all orders, for staff. `q` looks into ids,
    codes and the contract's number; `cancel_asked=true` shows those that a party wants cancelled, undecided."""
    enterprise, agency = query.enterprise_uscc, query.agency_uscc
    is_open = True
    if enterprise:
        is_open = reads_books(app.caller, organisations.find_enterprise(enterprise, app.caller.sub), "enterprise")
    elif agency:
        is_open = reads_books(app.caller, organisations.find_agency(agency, app.caller.sub), "agency")
    else:
        check_party_named(app.caller, "enterprise_uscc", "agency_uscc")
        require(app.caller, "platform", "bureau", "finance", "discipline", "admin")
    keep = query.finds("order_id", "contract_number", "enterprise_uscc", "agency_uscc")
    page = orders.list_page(query.selection(), keep, enterprise, agency, query.cancel_asked == "true")
    return reply_list(page if is_open else empty_page(query), Order.model_validate)


@app.get("/orders/<order_id>")
def show(order_id: str) -> Answer[OrderWithContacts]:
    """One order, for its two parties and staff; from its acceptance on with how the parties reach each other. §5.1,
    §5.2b: staff who acts for no party sees what speaks against the parties, and the signals of the order."""
    order = orders.get(order_id)
    enterprise, agency = orders.find_parties(order)
    is_member = (enterprise is not None and app.caller.sub in enterprise.members) or (
        agency is not None and app.caller.sub in agency.members
    )
    if is_member or not app.caller.is_staff:
        party_of(app.caller, enterprise, agency)
    if contacts := contacts_of(order, enterprise, agency):
        disclose(app, f"order:{order_id}", enterprise_uscc=order.enterprise_uscc, agency_uscc=order.agency_uscc)
    flags = {"flags": flags_about_order(order)} if not is_member else {}
    return reply(order.public() | contacts | flags)


handler = app.handle
