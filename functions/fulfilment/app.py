"""How an order is carried out: accepted or refused, contracted by both, delivered, confirmed, rated (§4.2)."""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing, Versioned, WithReason
from voucher.edge.identity import as_party, party_of
from voucher.edge.orders import Contract, Stars
from voucher.edge.parties import acceptance_checks, different_people_checks
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency
from voucher.models.enterprises import Enterprise
from voucher.models.orders import Order, ProposedContract, Rating
from voucher.refusals import Refusal, Refused
from voucher.rules import contracts
from voucher.rules.four_eyes import check_own_side, stepped_by_party
from voucher.rules.lifecycle import check_version, stepped
from voucher.rules.terms import delivered_changes
from voucher.store import orders, organisations, programmes, ratings, settlements, vouchers
from voucher.store.engine.table import Write

app = Api()


def _as_agency(order: Order) -> None:
    as_party(app.caller, organisations.find_agency(order.agency_uscc), "order")


@app.post("/orders/<order_id>/accept")
def accept(order_id: str) -> Answer[Order]:
    """§4.2.1, §5.2b: within its year the agency accepts the order, and so agrees to the contract that stands in it;
    with the `version` that it saw, to no other one. A violation of a party, or one person on both sides, stops it."""
    seen = app.body(Versioned).version
    old = orders.get(order_id)
    _as_agency(old)
    if app.is_repeat(old, "accept"):
        return reply(old, replay=True)
    check_version(old, seen)
    new = contracts.accepted(old, app.mark)
    contracts.check_in_year(old, programmes.get(old.year).policy, clock.now())
    orders.commit_step(old, new, *acceptance_checks(old))
    return reply(new)


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
    check_own_side(mark.by, "agency", old)
    orders.commit_release(old, new, vouchers.load(old.voucher_id), mark)
    return reply(new)


@app.post("/orders/<order_id>/contract")
def record_contract(order_id: str) -> Answer[Order]:
    """§4.2.1, §2.3.2: a party records the contract or corrects it; its year and the 70 % are checked again. From the
    acceptance on it counts once the other party acknowledges it; until then it stands in `proposed_contract`."""
    old = orders.get(order_id)
    enterprise, agency = orders.find_parties(old)
    party = party_of(app.caller, enterprise, agency)
    body = app.body(Contract)
    if app.is_repeat(old, "contract"):
        return reply(old, replay=True)
    said = ProposedContract(**body.model_dump(), party=party, by=app.caller.sub, at=clock.now())
    new = contracts.with_said_contract(old, said, app.mark)
    contracts.check_contract(old, said, agency, programmes.get(old.year).policy, clock.now())
    orders.commit_said_contract(old, new, said, *_checks_of_parties(old, enterprise, agency))
    return reply(new)


@app.post("/orders/<order_id>/contract/acknowledge")
def acknowledge(order_id: str) -> Answer[Order]:
    """§4.2.1: the other party agrees to the proposed contract, which counts from now on."""
    old = orders.get(order_id)
    enterprise, agency = orders.find_parties(old)
    party = party_of(app.caller, enterprise, agency)
    seen = app.body(Versioned).version
    if app.is_repeat(old, "acknowledge"):
        return reply(old, replay=True)
    said = contracts.proposed_to(old, party)
    check_version(old, seen)
    new = contracts.acknowledged(old, said, app.mark)
    contracts.check_contract(old, said, agency, programmes.get(old.year).policy, clock.now())
    orders.commit_contract(old, new, *_checks_of_parties(old, enterprise, agency))
    return reply(new)


def _checks_of_parties(order: Order, enterprise: Enterprise | None, agency: Agency | None) -> list[Write]:
    """§4.1.3, §1.4b, §5.2b: a contract is between different people, and a new one between two approved parties, which
    stay so until it is written; an order that has its contract goes on whatever becomes of their approval."""
    different = different_people_checks(enterprise, agency)
    if order.has_contract:
        return different
    contracts.check_may_contract(enterprise, agency, clock.today())
    return different


@app.post("/orders/<order_id>/deliver")
def deliver(order_id: str) -> Answer[Order]:
    """§4.2.1, §5.2b: the agency has done the work, under a contract that is on record. Nobody is on both sides."""
    app.body(Nothing)
    old = orders.get(order_id)
    enterprise, agency = orders.find_parties(old)
    as_party(app.caller, agency, "order")
    contracts.check_has_contract(old)
    if app.is_repeat(old, "deliver"):
        return reply(old, replay=True)
    changes = delivered_changes(programmes.get(old.year).policy, clock.today())
    new = stepped_by_party(old, "deliver", "agency", app.mark, **changes)
    orders.commit_step(old, new, *different_people_checks(enterprise, agency))
    return reply(new)


@app.post("/orders/<order_id>/confirm")
def confirm(order_id: str) -> Answer[Order]:
    """§4.2.1, §5.2b: the enterprise confirms that the work is done. Nobody is on both sides."""
    app.body(Nothing)
    old = orders.get(order_id)
    enterprise, agency = orders.find_parties(old)
    as_party(app.caller, enterprise, "order")
    if app.is_repeat(old, "confirm"):
        return reply(old, replay=True)
    new = stepped_by_party(old, "confirm", "enterprise", app.mark)
    orders.commit_step(old, new, *different_people_checks(enterprise, agency))
    return reply(new)


@app.post("/orders/<order_id>/rating")
def rate(order_id: str) -> Answer[Order]:
    """§4.2.3, §5.2b: the enterprise rates the service, once, after it, by nobody who acted for the agency."""
    old = orders.get(order_id)
    as_party(app.caller, organisations.find_enterprise(old.enterprise_uscc), "order")
    body = app.body(Stars)
    if app.is_repeat(old, "rate"):
        return reply(old, replay=True)
    if old.rating is not None:
        raise Refused(Refusal.ALREADY_EXISTS)
    rating = Rating(score=body.score, comment=body.comment or "", at=clock.now())
    new = stepped(old, "rate", app.mark, rating=rating)
    check_own_side(app.caller.sub, "enterprise", old, *settlements.list_lines_of(old))
    orders.commit_step(old, new, *ratings.rating_writes(old, body.score))
    return reply(new)


handler = app.handle
