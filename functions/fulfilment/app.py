"""How an order is carried out: accepted or refused, contracted, delivered, confirmed, rated (§4.2)."""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, WithReason
from voucher.edge.identity import as_party, party_of
from voucher.edge.orders import Contract, Stars
from voucher.edge.parties import acceptance_checks
from voucher.edge.replies import Answer, reply
from voucher.models.orders import Order, Rating
from voucher.refusals import Refusal, Refused
from voucher.rules.agencies import check_signed_after_approval
from voucher.rules.four_eyes import stepped_by_party
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.orders import check_contract_day, check_has_contract, check_may_contract, check_ratio, has_contract
from voucher.rules.programmes import year_is_over
from voucher.rules.terms import delivered_changes
from voucher.store import orders, organisations, programmes, vouchers
from voucher.store.engine.table import Write

app = Api()


def _as_agency(order: Order) -> None:
    as_party(app.caller, organisations.find_agency(order.agency_uscc), "order")


def _as_enterprise(order: Order) -> None:
    as_party(app.caller, organisations.find_enterprise(order.enterprise_uscc), "order")


@app.post("/orders/<order_id>/accept")
def accept(order_id: str) -> Answer[Order]:
    """§4.2.1, §5.2b: the agency accepts the order, unless a violation stands against a party of it, or one person acts
    for both."""
    app.body(Nothing)
    old = orders.get(order_id)
    _as_agency(old)
    if app.is_repeat(old, "accept"):
        return reply(old, replay=True)
    new = stepped_by_party(old, "accept", app.mark)
    orders.commit_step(old, new, *acceptance_checks(old), *_checks_of_parties(old))
    return reply(new)


def _checks_of_parties(order: Order) -> list[Write]:
    """§4.1.3, §1.4b: a new contract needs two approved parties, which stay so until it is written.

    An order that has its contract goes on whatever becomes of its parties.
    """
    if has_contract(order):
        return []
    enterprise, agency = orders.find_parties(order)
    check_may_contract(enterprise, agency, clock.today())
    return [organisations.unchanged_check(party) for party in (enterprise, agency) if party]


@app.post("/orders/<order_id>/refuse")
def refuse(order_id: str) -> Answer[Order]:
    """§5.2a: the agency refuses with a reason, which the operator sees; the money goes back."""
    old = orders.get(order_id)
    _as_agency(old)
    reason = app.body(WithReason).reason
    if app.is_repeat(old, "refuse"):
        return reply(old, replay=True)
    mark = app.mark
    new = stepped(old, "refuse", mark, drawn={}, refusal_reason=reason)
    orders.commit_release(old, new, vouchers.load(old.voucher_id), mark)
    return reply(new)


@app.post("/orders/<order_id>/contract")
def record_contract(order_id: str) -> Answer[Order]:
    """§4.2.1, §2.3.2: either party records the contract or corrects it; its year and the 70 % are checked again."""
    old = orders.get(order_id)
    enterprise, agency = orders.find_parties(old)
    party_of(app.caller, enterprise, agency)
    body = app.body(Contract)
    if app.is_repeat(old, "contract"):
        return reply(old, replay=True)
    check_step(old, "contract")
    policy = programmes.get(old.year).policy
    # §4.2.1: at the year's end an order without a contract is cancelled, however late the sweep comes
    if not has_contract(old) and year_is_over(policy, old.year, clock.now()):
        raise Refused(Refusal.CONTRACT_YEAR)
    check_contract_day(body.contract_signed_on, policy, old.year, clock.today())
    if agency is not None:
        check_signed_after_approval(body.contract_signed_on, agency)
    check_ratio(old.voucher_fen, body.contract_fen, policy)
    new = stepped_by_party(old, "contract", app.mark, **body.model_dump())
    orders.commit_contract(old, new, *_checks_of_parties(old))
    return reply(new)


@app.post("/orders/<order_id>/deliver")
def deliver(order_id: str) -> Answer[Order]:
    """§4.2.1: the agency has done the work, under a contract that is on record."""
    app.body(Nothing)
    old = orders.get(order_id)
    _as_agency(old)
    check_has_contract(old)
    if app.is_repeat(old, "deliver"):
        return reply(old, replay=True)
    changes = delivered_changes(programmes.get(old.year).policy, clock.today())
    new = stepped_by_party(old, "deliver", app.mark, **changes)
    orders.commit_step(old, new)
    return reply(new)


@app.post("/orders/<order_id>/confirm")
def confirm(order_id: str) -> Answer[Order]:
    """§4.2.1: the enterprise confirms that the work is done."""
    app.body(Nothing)
    old = orders.get(order_id)
    _as_enterprise(old)
    if app.is_repeat(old, "confirm"):
        return reply(old, replay=True)
    new = stepped_by_party(old, "confirm", app.mark)
    orders.commit_step(old, new)
    return reply(new)


@app.post("/orders/<order_id>/rating")
def rate(order_id: str) -> Answer[Order]:
    """§4.2.3: the enterprise rates the service, once, after it."""
    old = orders.get(order_id)
    _as_enterprise(old)
    body = app.body(Stars)
    if app.is_repeat(old, "rate"):
        return reply(old, replay=True)
    if old.rating is not None:
        raise Refused(Refusal.ALREADY_EXISTS)
    rating = Rating(score=body.score, comment=body.comment or "", at=clock.now())
    new = stepped(old, "rate", app.mark, rating=rating)
    orders.commit_step(old, new, organisations.rating_write(old.agency_uscc, body.score))
    return reply(new)


handler = app.handle
