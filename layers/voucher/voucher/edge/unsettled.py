"""Ends an order that was not handed in for settlement by its last day, with the line that has it (§3.5.1)."""

from datetime import datetime

from voucher.edge.observe import log_work
from voucher.models.base import Mark
from voucher.models.orders import Order
from voucher.models.settlements import Line, Settlement
from voucher.policy import Policy
from voucher.rules.lifecycle import stepped
from voucher.rules.settlements import settlement_without_line
from voucher.rules.terms import is_over, last_day_to_settle, waits_for_settlement
from voucher.store import settlements, vouchers

SWEEPER = "sweep"


def end_unsettled(order: Order, line: Line | None, policy: Policy, instant: datetime) -> None:
    """§3.5.1: end an order and its line, if its last day is over and it was not handed in; its money goes back."""
    is_late = is_over(last_day_to_settle(order.year, line, policy), instant)
    if not (is_late and waits_for_settlement(order, line)):
        return
    mark = Mark(by=SWEEPER, at=instant)
    lapsed = stepped(order, "lapse", mark, drawn={}, settlement_id=None)
    settlements.commit_lapse(order, lapsed, vouchers.load(order.voucher_id), mark, leave_application(line, mark))
    log_work("order ended unsettled", order=order.order_id)


def leave_application(line: Line | None, mark: Mark) -> tuple[Line, Line, Settlement, Settlement] | None:
    """§3.5.1: a line and its application, each as it is and as it is after the line left."""
    if line is None:
        return None
    withdrawn = stepped(line, "withdraw", mark, withdrawal_reason="未在截止日前提交兑付申请")
    application = settlements.load(line.settlement_id)
    others = [each for each in settlements.list_lines(line.settlement_id) if each.order_id != line.order_id]
    return line, withdrawn, application, settlement_without_line(application, others, mark)
