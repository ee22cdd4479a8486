"""A delivery that is not confirmed: the enterprise disputes it, or is silent, and the operator decides (§4.2.1)."""

from typing import Literal

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Versioned, WithReason
from voucher.edge.fields import Text
from voucher.edge.identity import as_party, require
from voucher.edge.replies import Answer, reply
from voucher.models.orders import Order, OrderDecision
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, check_version
from voucher.rules.terms import decided, disputed, ground_to_decide
from voucher.store import orders, organisations, programmes, vouchers

app = Api()


class Judgement(Versioned):
    decision: Literal["confirm", "return", "cancel"]
    reason: Text


@app.post("/orders/<order_id>/dispute")
def dispute(order_id: str) -> Answer[Order]:
    """§4.2.1: instead of confirming, the enterprise says what is wrong with the delivery; the operator then decides."""
    old = orders.get(order_id)
    as_party(app.caller, organisations.find_enterprise(old.enterprise_uscc), "order")
    reason = app.body(WithReason).reason
    if app.is_repeat(old, "dispute"):
        return reply(old, replay=True)
    new = disputed(old, reason, app.mark)
    orders.commit_step(old, new)
    return reply(new)


@app.post("/orders/<order_id>/decision")
def decide(order_id: str) -> Answer[Order]:
    """§4.2.1: once the enterprise disputes a delivery, is silent for too long, or a party is out of the programme, the
    operator decides on the evidence: the work is done, the agency delivers anew, or the order is cancelled, and its
    money goes back."""
    require(app.caller, "platform")
    old = orders.get(order_id)
    body = app.body(Judgement)
    action = f"decide.{body.decision}"
    if app.is_repeat(old, action):
        return reply(old, replay=True)
    check_version(old, body.version)
    parties = orders.find_parties(old)
    check_four_eyes(app.caller.sub, "decide_order", old, *parties)
    check_step(old, action)
    ground = ground_to_decide(old, *parties, programmes.get(old.year).policy, clock.now())
    mark = app.mark
    decision = OrderDecision(decision=body.decision, ground=ground, reason=body.reason, by=mark.by, at=mark.at)
    new = decided(old, decision, mark)
    if body.decision == "cancel":
        orders.commit_cancellation(old, new, "decide_order", vouchers.load(old.voucher_id), mark, parties)
    else:
        orders.commit_decision(old, new, mark.by, parties)
    return reply(new)


handler = app.handle
