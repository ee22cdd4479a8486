"""Pre-review: the operator decides on each line, and verifies its amount (§3.5.2)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from voucher.edge.api import Api
from voucher.edge.bodies import Versioned
from voucher.edge.fields import Identifier, PositiveFen, Text
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.edge.settlements import public_settlement
from voucher.models.base import Mark, Request
from voucher.models.settlements import Line, PublicSettlement, Settlement
from voucher.models.standing import Standing
from voucher.policy import Policy
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.holds import check_unstopped
from voucher.rules.lifecycle import check_step, check_version, remembered, stepped
from voucher.rules.settlements import (
    check_named_once,
    order_without_settlement,
    reduced_order,
    returned_line,
    verified_part_fen,
)
from voucher.store import orders, organisations, programmes, settlements, standing, vouchers
from voucher.store.engine.table import Write, commit

app = Api()


class LineDecision(Request):
    """`verified_fen` is the voucher part as verified, `verified_contract_fen` the contract it belongs to: their
    difference is the own share that the enterprise has paid. A lower contract alone lowers the voucher part with it."""

    order_id: Identifier
    decision: Literal["pass", "return", "reject"]
    verified_fen: PositiveFen | None = None
    verified_contract_fen: PositiveFen | None = None
    opinion: Text


class PreReview(Versioned):
    lines: Annotated[list[LineDecision], Field(min_length=1, max_length=settlements.MOST_LINES)]


@app.post("/settlements/<settlement_id>/pre-review")
def pre_review(settlement_id: str) -> Answer[PublicSettlement]:
    """§3.5.2: the operator decides line by line; if it verifies less, the difference goes back to the voucher."""
    require(app.caller, "platform")
    body = app.body(PreReview)
    decisions = body.lines
    old = settlements.get(settlement_id)
    if app.is_repeat(old, "pre_review"):
        return reply(_public(old), replay=True)
    check_step(old, "pre_review")
    check_version(old, body.version)
    lines = {line.order_id: line for line in settlements.list_lines(settlement_id)}
    check_named_once((each.order_id for each in decisions), lines)
    decided = [lines[each.order_id] for each in decisions]
    check_four_eyes(app.caller.sub, "pre_review_lines", *decided, *organisations.list_parties(decided))
    policy = programmes.get(old.year).policy
    passed = [lines[each.order_id] for each in decisions if each.decision == "pass"]
    found = orders.load_many(line.order_id for line in passed)
    standings = standing.read_standings(line.enterprise_uscc for line in passed)
    check_unstopped(passed, found, standings, decided=False)
    amounts = {each.order_id: _verified_amounts(lines[each.order_id], each, policy) for each in decisions}
    new = _settlement_after(old, lines, amounts, app.mark)
    # Each line is one transaction, and the application moves on with the last of them. So if the call is broken off,
    # its repetition decides only on the lines that are left, and the application moves on then.
    undecided = [each for each in decisions if not app.is_repeat(lines[each.order_id], each.decision)]
    last_writes: list[Write] = []
    for each in undecided:
        if last_writes:
            commit([*last_writes, settlements.unchanged_check(old)])
        last_writes = _decision_writes(lines[each.order_id], each, amounts[each.order_id], standings, policy)
    commit([*last_writes, settlements.step_write(old, new)])
    return reply(_public(new))


def _public(settlement: Settlement) -> dict[str, Any]:
    return public_settlement(settlement, settlements.list_lines(settlement.settlement_id), app.caller)


def _verified_amounts(line: Line, decision: LineDecision, policy: Policy) -> tuple[int | None, int | None]:
    """The voucher part and the contract as verified, in fen; both None if the line fails."""
    if decision.decision != "pass":
        return None, None
    contract_fen = min(line.contract_fen, decision.verified_contract_fen or line.contract_fen)
    return verified_part_fen(line, contract_fen, decision.verified_fen, policy), contract_fen


def _settlement_after(
    old: Settlement, lines: Mapping[str, Line], decided: Mapping[str, object], mark: Mark
) -> Settlement:
    """The application is reviewed once no submitted line is left undecided; till then its state stays."""
    waiting = any(line.state == "submitted" and order_id not in decided for order_id, line in lines.items())
    if waiting:
        return remembered(old, "pre_review", mark, pre_reviewed_by=mark.by)
    return stepped(old, "pre_review", mark, pre_reviewed_by=mark.by)


def _decision_writes(
    old: Line,
    decision: LineDecision,
    amounts: tuple[int | None, int | None],
    standings: Mapping[str, Standing],
    policy: Policy,
) -> list[Write]:
    """One line's decision, with what it means for its order's money."""
    mark = app.mark
    verified_fen, verified_contract_fen = amounts
    kept_fen = verified_fen or old.voucher_fen
    changes: dict[str, Any] = {
        "voucher_fen": kept_fen,  # the order holds no more from now on, so a line that comes back claims no more
        "verified_fen": verified_fen,
        "verified_contract_fen": verified_contract_fen,
        "opinion": decision.opinion,
        "pre_reviewed_by": mark.by,
    }
    if decision.decision == "return":
        new = returned_line(old, "return", mark, policy, **changes)
    else:
        new = stepped(old, decision.decision, mark, **changes)
    writes = settlements.reviewed_line_writes(old, new, mark.by)
    order = orders.load(old.order_id)
    if decision.decision == "pass":
        writes.append(standing.unchanged_check(standings[old.enterprise_uscc]))
    if decision.decision == "reject":
        freed = order_without_settlement(order, mark)
        return [*writes, orders.step_write(order, freed), *settlements.free_proof_writes(old)]
    if decision.decision == "pass":
        check_unstopped([old], [order], standings, decided=False)
        if kept_fen == order.voucher_fen:
            writes.append(orders.unstopped_check(order))
    if kept_fen < order.voucher_fen:
        reduced, released_fen = reduced_order(order, kept_fen, mark), order.voucher_fen - kept_fen
        writes += orders.release_writes(order, reduced, released_fen, vouchers.load(order.voucher_id), mark)
    return writes


handler = app.handle
