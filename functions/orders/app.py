"""Orders: quoted, placed with the voucher's part held, and shown (§4.2.1, §2.3.2); fulfilment carries them out."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Day, Identifier, Number, PositiveFen
from voucher.edge.identity import as_member, as_member_or_staff, require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.orders import Order
from voucher.models.pools import category_pool, non_key_pool
from voucher.refusals import Refusal, Refused, refuse_first, refused_by
from voucher.rules import agencies
from voucher.rules.orders import (
    check_contract_day,
    check_no_other_subsidy,
    check_numbered,
    check_parties,
    check_qualified,
    check_ratio,
    quote_of,
    room_refusal,
)
from voucher.rules.products import check_listed
from voucher.rules.vouchers import check_balance, check_category, check_usable
from voucher.store import orders, organisations
from voucher.store.engine import pools

app = Api()
TRIES = 6
Check = Callable[[], object]


class QuoteAsked(Request):
    product_id: Identifier
    voucher_id: Identifier
    contract_fen: PositiveFen


class Placement(QuoteAsked):
    voucher_fen: PositiveFen
    contract_number: Number | None = None
    contract_signed_on: Day | None = None
    no_other_subsidy: bool


@app.post("/orders/quote")
def quote() -> Response[str]:
    """§2.3.2: the largest voucher part one order could have now, and the limit that binds; writes nothing.

    Refuses what the order would refuse whatever its voucher part.
    """
    body = app.body(QuoteAsked)
    parties = orders.get_parties(body.product_id, body.voucher_id)
    as_member(app.caller, parties.enterprise)
    refuse_first(refused_by(checks_of_parties(parties, _today())))
    category, programme = parties.product.category, parties.programme
    shards = programme.policy.yearly_shards
    category_fen = pools.read_approximate_total(category_pool(programme.year, category), shards).remaining_fen
    is_key = category in programme.policy.key_categories
    floor_fen = None if is_key else pools.read_approximate_total(non_key_pool(programme.year), shards).remaining_fen
    quoted = quote_of(body.contract_fen, parties.voucher, programme.policy, category_fen, floor_fen)
    return reply(asdict(quoted))


@app.post("/orders")
def place() -> Response[str]:
    """§4.2.1: use a voucher toward a listed product; its part is held until the order ends one way or the other."""
    order_id = app.new_id("o", key_required=True)
    body, caller = app.body(Placement), app.caller
    for _ in range(TRIES):
        parties = orders.get_parties(body.product_id, body.voucher_id)
        as_member(caller, parties.enterprise)
        order = wanted(order_id, body, parties)
        try:
            check(body, parties, _today())
            is_key = order.category in parties.programme.policy.key_categories
            orders.commit_place(order, parties, orders.draws_of(order, is_key, parties.programme))
        except pools.Exhausted as no:
            refusal = room_refusal(no.pool_id, no.room_fen, order.category)
            return placed_or(refusal, order)
        except Refused as no:
            if no.refusal is not Refusal.CHANGED_MEANWHILE:
                return placed_or(no, order)
        else:
            return reply(order, 201)
    raise Refused(Refusal.BUSY)


def _today() -> date:
    return clock.today()


def wanted(order_id: str, body: Placement, parties: orders.Parties) -> Order:
    """The order as it will be; price and category are the product's of today."""
    product = parties.product
    return Order(
        order_id=order_id,
        year=parties.programme.year,
        product_id=product.product_id,
        agency_uscc=product.agency_uscc,
        enterprise_uscc=parties.enterprise.uscc,
        voucher_id=body.voucher_id,
        category=product.category,
        price_fen=product.price_fen,
        price_unit=product.price_unit,
        contract_fen=body.contract_fen,
        voucher_fen=body.voucher_fen,
        contract_number=body.contract_number,
        contract_signed_on=body.contract_signed_on,
        drawn={},
        state="placed",
        created_at=clock.now(),
        created_by=app.caller.sub,
        request_sha256=app.request_sha256,
        **app.step("place"),
    )


def check(body: Placement, parties: orders.Parties, today: date) -> None:
    """Every rule an order must pass before its money is held; refuses with all that it fails, the first in `code`."""
    policy, year, signed_on = parties.programme.policy, parties.programme.year, body.contract_signed_on
    checks: list[Check] = [
        *checks_of_parties(parties, today),
        lambda: check_numbered(body.contract_number, signed_on),
        lambda: check_ratio(body.voucher_fen, body.contract_fen, policy),
        lambda: check_balance(body.voucher_fen, parties.voucher),
        lambda: check_contract_day(signed_on, policy, year, today) if signed_on else None,
        lambda: check_no_other_subsidy(body.no_other_subsidy),
    ]
    refuse_first(refused_by(checks))


def checks_of_parties(parties: orders.Parties, today: date) -> list[Check]:
    """What a quote and an order must pass alike: who deals with whom, in what, with which voucher."""
    product, agency = parties.product, parties.agency
    return [
        lambda: check_qualified(parties.enterprise),
        lambda: agencies.check_active(agency, today),
        lambda: agencies.check_scope(agency, product.category) if agency else None,
        lambda: check_listed(product),
        lambda: check_parties(parties.enterprise.uscc, product.agency_uscc),
        lambda: check_usable(parties.voucher, clock.now()),
        lambda: check_category(parties.voucher, product.category),
    ]


def placed_or(no: Refused, order: Order) -> Response[str]:
    """Before saying no: if this very request placed its order already, that order is the answer."""
    existing = orders.find(order.order_id)
    if existing is None:
        raise no
    app.check_same(existing.request_sha256)
    return reply(existing, 200, replay=True)


@app.get("/orders")
def list_orders() -> Response[str]:
    """Orders of an enterprise or agency for its members; all of them for staff."""
    limit, cursor = app.limit, app.query("cursor")
    if uscc := app.query("enterprise_uscc"):
        as_member_or_staff(app.caller, organisations.find_enterprise(uscc))
        page = orders.list_page("by_enterprise", uscc, limit, cursor)
    elif uscc := app.query("agency_uscc"):
        as_member_or_staff(app.caller, organisations.find_agency(uscc))
        page = orders.list_page("by_agency", uscc, limit, cursor)
    else:
        require(app.caller, "platform", "bureau", "finance", "admin")
        page = orders.list_page("by_newest", "ORDER", limit, cursor)
    items = [Order.model_validate(item).public() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


@app.get("/orders/<order_id>")
def show(order_id: str) -> Response[str]:
    """One order, for either party and staff."""
    if (order := orders.find(order_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    parties = (organisations.find_enterprise(order.enterprise_uscc), organisations.find_agency(order.agency_uscc))
    if not app.caller.is_staff and not any(party and app.caller.sub in party.members for party in parties):
        raise Refused(Refusal.NOT_FOUND)
    return reply(order)


handler = app.handle
