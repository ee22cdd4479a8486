"""What leaves on its way: a line, by its agency's will, with its application or alone, or taken out of its round; a
held payout of which no bank was told (§3.5.1, §5.2b)."""

from dataclasses import replace
from typing import Any

from voucher.edge.api import Api
from voucher.edge.bodies import WithReason
from voucher.edge.identity import as_party, require
from voucher.edge.replies import Answer, reply
from voucher.edge.rounds import public_round
from voucher.edge.settlements import public_settlement
from voucher.models.base import Mark
from voucher.models.payouts import Payout
from voucher.models.rounds import PublicRound, Round
from voucher.models.settlements import Line, PublicSettlement, Settlement
from voucher.refusals import not_found
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.holds import withdrawn_payout
from voucher.rules.lifecycle import allows, stepped
from voucher.rules.payables import payable_without_line
from voucher.rules.settlements import (
    ENDED_LINES,
    order_taken_back,
    order_without_settlement,
    owed_fen,
    settlement_without_line,
)
from voucher.store import notices, orders, organisations, payables, payouts, rounds, settlements
from voucher.store.engine.large import commit_in_parts
from voucher.store.engine.table import Write, commit

app = Api()


@app.post("/settlements/<settlement_id>/withdraw")
def withdraw(settlement_id: str) -> Answer[PublicSettlement]:
    """§3.5.1: the agency withdraws its application, as long as no line of it is in a round."""
    old = settlements.get(settlement_id)
    as_party(app.caller, organisations.find_agency(old.agency_uscc), "settlement")
    reason = app.body(WithReason).reason
    lines = settlements.list_lines(settlement_id)
    if app.is_repeat(old, "withdraw"):
        return reply(_public(old, lines), replay=True)
    mark = app.mark
    line_writes = [_withdrawal_writes(line, reason, mark) for line in lines if line.state not in ENDED_LINES]
    new = stepped(old, "withdraw", mark)
    commit_in_parts(line_writes, [settlements.step_write(old, new)], [settlements.unchanged_check(old)])
    return reply(_public(new, settlements.list_lines(settlement_id)))


@app.post("/settlements/<settlement_id>/lines/<order_id>/withdraw")
def withdraw_line(settlement_id: str, order_id: str) -> Answer[PublicSettlement]:
    """§3.5.1: the agency withdraws one line; its order may be settled again, or cancelled."""
    old = settlements.get(settlement_id)
    as_party(app.caller, organisations.find_agency(old.agency_uscc), "settlement")
    reason = app.body(WithReason).reason
    line = settlements.get_line(settlement_id, order_id)
    if app.is_repeat(line, "withdraw"):
        return reply(_public(old, settlements.list_lines(settlement_id)), replay=True)
    mark = app.mark
    line_writes = _withdrawal_writes(line, reason, mark)
    other_lines = [each for each in settlements.list_lines(settlement_id) if each.order_id != order_id]
    new = settlement_without_line(old, other_lines, mark)
    commit([settlements.step_write(old, new), *line_writes])
    return reply(_public(new, settlements.list_lines(settlement_id)))


def _withdrawal_writes(line: Line, reason: str, mark: Mark) -> list[Write]:
    withdrawn = stepped(line, "withdraw", mark, withdrawal_reason=reason)
    order = orders.load(line.order_id)
    return settlements.ended_line_writes(line, withdrawn, order, order_without_settlement(order, mark))


def _public(settlement: Settlement, lines: list[Line]) -> dict[str, Any]:
    return public_settlement(settlement, lines, None)


@app.post("/rounds/<round_id>/lines/<order_id>/withdraw")
def take_out(round_id: str, order_id: str) -> Answer[PublicRound]:
    """§3.5.1(5): the operator takes a line under review or on notice out of its round; its order may then be cancelled.
    §5.2b: what is owed already the bureau takes back."""
    require(app.caller, "platform", "bureau")
    round_ = rounds.get(round_id)
    reason = app.body(WithReason).reason
    lines = [line for line in rounds.list_lines_around(round_) if line.order_id == order_id]
    if any(app.is_repeat(line, "take_out") for line in lines):
        return reply(public_round(round_, app.caller), replay=True)
    line = next((each for each in lines if each.round_id == round_id), None)
    if line is None:
        raise not_found("line")
    require(app.caller, "bureau" if line.state == "payable" else "platform")
    step = "take_back_line" if line.state == "payable" else "take_out_line"
    check_four_eyes(app.caller.sub, step, line, *organisations.list_parties([line]))
    mark = app.mark
    withdrawn = stepped(line, "take_out", mark, round_id=None, withdrawal_reason=reason)
    if line.state == "payable":
        _take_back(line, withdrawn, mark)
    else:
        round_ = _take_out_unowed(round_, line, withdrawn, mark)
    return reply(public_round(round_, app.caller))


def _take_out_unowed(old: Round, line: Line, withdrawn: Line, mark: Mark) -> Round:
    """§3.5.1(5): take the line out of the round and of its notice; with its last line the round is rejected."""
    notice = notices.load(old.notice_id) if old.notice_id and line.state == "noticed" else None
    notice_without_line = notice.next_version(withdrawn=(*notice.withdrawn, line.order_id)) if notice else None
    is_last = allows("round", old.state, "empty") and len(rounds.list_lines(old)) == 1
    new = stepped(old, "empty", mark, remembered_as="take_out") if is_last else old.next_version()
    order = orders.load(line.order_id)
    freed = order_without_settlement(order, mark)
    line_writes = settlements.taken_out_line_writes(line, withdrawn, order, freed, "take_out_line", mark.by)
    notices.commit_take_out(old, new, notice, notice_without_line, line_writes)
    return new


def _take_back(line: Line, withdrawn: Line, mark: Mark) -> None:
    """§5.2b: what is owed for a line, and is not yet on its way to the bank, goes back to its order; the agency submits
    its summary invoice anew."""
    order = orders.load(line.order_id)
    payable = payables.load(line.round_id or "", line.agency_uscc)
    freed = order_taken_back(order, mark)
    reduced = payable_without_line(payable, line, mark)
    line_writes = settlements.taken_out_line_writes(line, withdrawn, order, freed, "take_back_line", mark.by)
    payables.commit_take_back(payable, reduced, owed_fen(line), order, freed, line_writes, mark)


@app.post("/payouts/<payout_id>/withdraw")
def withdraw_payout(payout_id: str) -> Answer[Payout]:
    """§5.2b: finance ends a payout of which an order is held and no bank was told; the money is payable again, and no
    bank reference is needed."""
    require(app.caller, "finance")
    reason = app.body(WithReason).reason
    old = payouts.get_facts(payout_id)
    if app.is_repeat(old.payout, "withdraw"):
        return reply(old.payout, replay=True)
    payout, payable = withdrawn_payout(old.payout, reason, app.mark), stepped(old.payable, "withdraw", app.mark)
    agency = organisations.find_agency(payout.agency_uscc)
    check_four_eyes(app.caller.sub, "record_payment", old.round, old.payable, old.payout, agency)
    payouts.commit_result(old, replace(old, payout=payout, payable=payable), app.mark)
    return reply(payout)


handler = app.handle
