"""Other subsidies: the bureau says of a line whether its item was subsidised before (§5.2b)."""

from typing import Any, Literal

from voucher.edge.api import Api
from voucher.edge.bodies import Versioned
from voucher.edge.fields import Text
from voucher.edge.holds import payout_writes
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.edge.settlements import public_lines
from voucher.models.settlements import Line, PublicLine
from voucher.refusals import not_found
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, check_version
from voucher.rules.subsidies import decided_order, waiting
from voucher.store import orders, organisations, settlements, standing

app = Api()


class SubsidyDecisionBody(Versioned):
    """`same`: what another office has paid for already, so that the line may not pass; `other`: another item."""

    decision: Literal["same", "other"]
    reason: Text


@app.post("/settlements/<settlement_id>/lines/<order_id>/subsidy")
def decide(settlement_id: str, order_id: str) -> Answer[PublicLine]:
    """§5.2b: the bureau decides whether a line is for the same item as other subsidies of its enterprise. It decides on
    what the list names now; what a later version names asks again. The same item holds a payout under way."""
    require(app.caller, "bureau")
    body = app.body(SubsidyDecisionBody)
    if (order := orders.find(order_id)) is None:
        raise not_found("line")
    listed = standing.read_standings([order.enterprise_uscc])[order.enterprise_uscc]
    old = settlements.get_line(settlement_id, order_id)  # read last: see Api.handle
    # an equal call on what a later version of the list names is no repetition
    if app.is_repeat(order, "decide_subsidy") and not waiting(order, old.invoice, listed):
        return reply(_public(old), replay=True)
    check_step(old, "decide_subsidy")
    check_version(old, body.version)
    check_four_eyes(app.caller.sub, "decide_subsidy", old, *organisations.list_parties([old]))
    decided = decided_order(order, old, listed, body.decision, body.reason, app.mark)
    new = old.next_version(subsidy_open=False)  # its own last step stays known to who repeats it
    unchanged, held = standing.unchanged_check(listed), payout_writes([decided], app.mark)
    settlements.commit_subsidy_decision(old, new, order, decided, unchanged, app.caller.sub, *held)
    return reply(_public(new))


def _public(line: Line) -> dict[str, Any]:
    [public] = public_lines([line], app.caller)
    return public


handler = app.handle
