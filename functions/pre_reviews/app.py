"""Pre-review: the operator's opinion on each line, and the amount it verified (§3.5.2)."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Identifier, PositiveFen, Text
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.orders import Order
from voucher.models.settlements import Line, Settlement
from voucher.models.standing import Standing
from voucher.policy import Policy
from voucher.refusals import Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.flags import shown_line
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.settlements import check_named_once, check_subsidies, verified_part_fen
from voucher.store import orders, programmes, settlements, standing, vouchers
from voucher.store.engine.table import Write, commit

app = Api()


class LineDecision(Request):
    """`verified_fen` is the voucher part as verified, `verified_contract_fen` the contract it belongs to."""

    order_id: Identifier
    decision: Literal["pass", "return", "reject"]
    verified_fen: PositiveFen | None = None
    verified_contract_fen: PositiveFen | None = None
    opinion: Text


class PreReview(Request):
    lines: Annotated[list[LineDecision], Field(min_length=1, max_length=settlements.MAX_LINES)]


@app.post("/settlements/<settlement_id>/pre-review")
def pre_review(settlement_id: str) -> Response[str]:
    """§3.5.2: the operator's opinion line by line; a lower verified amount gives the difference back."""
    require(app.caller, "platform")
    body, old = app.body(PreReview), settlements.find(settlement_id)
    if old is None:
        raise Refused(Refusal.NOT_FOUND)
    if app.is_repeat(old, "pre_review"):
        return reply(_shown(old), replay=True)
    state = lifecycle.next_state("settlement", old.state, "pre_review")
    lines = {line.order_id: line for line in settlements.list_lines(settlement_id)}
    check_named_once((each.order_id for each in body.lines), lines)
    submitters = (lines[each.order_id].submitted_by for each in body.lines)
    check_four_eyes(app.caller.sub, "§3.5.2", old.submitted_by, *submitters)
    policy = programmes.get(old.year).policy
    passed = [lines[each.order_id] for each in body.lines if each.decision == "pass"]
    standings = standing.read_standings(line.enterprise_uscc for line in passed)
    check_subsidies(passed, standings)
    for decision in body.lines:
        _verified(lines[decision.order_id], decision, policy)
    left = {name for name, line in lines.items() if line.state == "submitted"} - {each.order_id for each in body.lines}
    new = old.next_version(state=old.state if left else state, pre_reviewed_by=app.caller.sub, **app.step("pre_review"))
    # one transaction for each line; the application moves on with the last, so it never waits for lines decided already
    due = [each for each in body.lines if not app.is_repeat(lines[each.order_id], each.decision)]
    for decision in due[:-1]:
        commit([*_decided(lines[decision.order_id], decision, policy, standings), settlements.unchanged_check(old)])
    last = [write for each in due[-1:] for write in _decided(lines[each.order_id], each, policy, standings)]
    commit([*last, settlements.step_write(old, new)])
    return reply(_shown(new))


def _shown(settlement: Settlement) -> dict[str, Any]:
    lines = settlements.list_lines(settlement.settlement_id)
    uses = settlements.read_file_uses(lines)
    return settlement.public() | {"lines": [shown_line(line, uses, with_orders=True) for line in lines]}


def _verified(line: Line, said: LineDecision, policy: Policy) -> dict[str, int | None]:
    """What the review makes of the amounts: of a line that does not pass, nothing."""
    if said.decision != "pass":
        return {"verified_fen": None, "verified_contract_fen": None}
    contract_fen = min(line.contract_fen, said.verified_contract_fen or line.contract_fen)
    part_fen = verified_part_fen(line, contract_fen, said.verified_fen, policy)
    return {"verified_fen": part_fen, "verified_contract_fen": contract_fen}


def _decided(old: Line, decision: LineDecision, policy: Policy, standings: dict[str, Standing]) -> list[Write]:
    """One line, with what it means for its order's money."""
    step = app.step(decision.decision)
    state = lifecycle.next_state("line", old.state, decision.decision)
    verified = _verified(old, decision, policy)
    kept_fen = verified["verified_fen"] or old.voucher_fen
    new = old.next_version(
        state=state,
        voucher_fen=kept_fen,  # what the order holds from here on, should the line come back
        **verified,
        opinion=decision.opinion,
        pre_reviewed_by=app.caller.sub,
        **step,
    )
    writes = [settlements.reviewed_line_write(old, new, app.caller.sub)]
    order = orders.load(old.order_id)
    if decision.decision == "pass":
        writes.append(standing.unchanged_check(standings[old.enterprise_uscc]))
    if decision.decision == "reject":
        freed = order.next_version(
            state=lifecycle.next_state("order", order.state, "unsettle"), settlement_id=None, **step
        )
        writes += [orders.step_write(order, freed), *settlements.free_invoice_writes(old)]
    elif kept_fen < order.voucher_fen:
        writes += _reduced(order, kept_fen, step)
    return writes


def _reduced(order: Order, verified_fen: int, step: dict[str, Any]) -> list[Write]:
    """§3.5.2: what was held and not verified goes back to the voucher, or lapses if that has ended."""
    released_fen = order.voucher_fen - verified_fen
    voucher = vouchers.load(order.voucher_id)
    reduced = order.next_version(voucher_fen=verified_fen, drawn=orders.remaining_draws(order, released_fen), **step)
    return orders.release_writes(order, reduced, released_fen, voucher, clock.now(), app.caller.sub)


handler = app.handle
