"""The terms of an order (§4.2.1, §3.5.1(5)): until when a party may answer, or hand it in for settlement, and what its
silence, its dispute or its leaving lets the other one, the schedule or the operator do."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

from voucher.models.agencies import Agency
from voucher.models.base import Mark, with_hand
from voucher.models.enterprises import Enterprise
from voucher.models.orders import Dispute, Order, OrderDecision
from voucher.models.settlements import Line
from voucher.policy import Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.four_eyes import Party, check_own_side, stepped_by_party
from voucher.rules.lifecycle import allows, forgetting, stepped
from voucher.rules.working_days import (
    ONE_DAY,
    DueDay,
    add_working_days,
    calendar_due,
    end_of_day,
    material_change_due,
    shanghai_date,
)


def answer_due(placed_at: datetime, policy: Policy) -> DueDay:
    """§4.2.1: the last day on which an agency may answer an order."""
    return add_working_days(shanghai_date(placed_at), policy.acceptance_working_days)


def _last_day_to_answer(order: Order, policy: Policy) -> DueDay:
    """The day that the parties were told, or a later one if holidays became known since."""
    due = answer_due(order.created_at, policy)
    return DueDay(max(order.answer_by or due.date, due.date), due.certain)


def has_run_out(order: Order, policy: Policy, now: datetime) -> bool:
    """§4.2.1: the agency did not answer an order in time. False as long as the holidays on the way are unknown: what
    the schedule ends does not come back."""
    due = _last_day_to_answer(order, policy)
    return allows("order", order.state, "run_out") and due.certain and now >= end_of_day(due.date)


def is_near(last_day: date, today: date, days: int) -> bool:
    """True from so many days before a last day until it is over."""
    return last_day - days * ONE_DAY <= today <= last_day


def day_to_remind_of_answer(order: Order, policy: Policy, today: date) -> date | None:
    """§4.2.1: the last day to answer an order, if it is today or tomorrow."""
    last_day = _last_day_to_answer(order, policy).date
    return last_day if is_near(last_day, today, 1) else None


def last_day_to_settle(year: int, line: Line | None, policy: Policy) -> DueDay:
    """§3.5.1: the last day on which an order of a year is handed in for settlement; once it was, and its line was
    returned, that day or the end of the term to correct it, whichever is later."""
    last_day = DueDay(policy.settlement_day(year), True)
    if line is None or line.state != "returned":
        return last_day
    # one of before 2026-11-30 was told no day: the term is counted from its latest step
    returned_on = shanghai_date(line.updated_at or line.created_at)
    told = line.correct_by or calendar_due(returned_on, policy.correction_days)
    # the day that the agency was told, or a later one if holidays became known since
    return max(last_day, material_change_due(told, 0), key=lambda due: due.date)


def is_over(last_day: DueDay, now: datetime) -> bool:
    """True once a last day is over. False as long as it is uncertain: what the schedule ends does not come back."""
    return last_day.certain and now >= end_of_day(last_day.date)


def waits_for_settlement(order: Order, line: Line | None) -> bool:
    """§3.5.1: the order is not handed in for settlement: no line has it, or its line is still to be submitted."""
    return allows("order", order.state, "lapse") and (line is None or allows("line", line.state, "submit"))


def check_settlement_open(year: int, policy: Policy, now: datetime) -> None:
    """§3.5.1: the orders of a year are applied for until its last day for settlement. Raises SETTLEMENT_ENDED."""
    last_day = last_day_to_settle(year, None, policy)
    if is_over(last_day, now):
        raise Refused(Refusal.SETTLEMENT_ENDED, year=year, last_day=last_day.date)


def check_in_time(lines: Iterable[Line], policy: Policy, now: datetime) -> None:
    """§3.5.1: lines are submitted until the last day of each. Raises SETTLEMENT_ENDED, and names every line whose day
    is over."""
    days = [(line, last_day_to_settle(line.year, line, policy)) for line in lines]
    if late := [(line, day) for line, day in days if is_over(day, now)]:
        line, day = late[0]
        errors = [FieldError("order_ids", each.order_id) for each, _ in late]
        raise Refused(Refusal.SETTLEMENT_ENDED, errors=errors, year=line.year, last_day=day.date)


def order_without_request(order: Order, party: Party, mark: Mark) -> Order:
    """§3.5.1(5): the order after a party took its request to cancel back. Raises NO_CANCEL_REQUEST or WRONG_STATE, or
    FOUR_EYES for whoever acted for the other party (§5.2b)."""
    if getattr(order, f"{party}_cancel") is None:
        raise Refused(Refusal.NO_CANCEL_REQUEST)
    changes: dict[str, Any] = {f"{party}_cancel": None}
    new = stepped(order, "withdraw_cancel", mark, **changes)
    check_own_side(mark.by, party, order)
    return forgetting(new, "request_cancel")


def delivered_changes(policy: Policy, today: date) -> dict[str, Any]:
    """§4.2.1: what a delivery changes beside the state: until when the enterprise confirms or disputes."""
    confirm_by = calendar_due(today, policy.confirmation_days)
    return {"confirm_by": confirm_by, "dispute": None, "proposed_contract": None}


def disputed(order: Order, reason: str, mark: Mark) -> Order:
    """§4.2.1: the order whose delivery the enterprise disputes, once. Raises WRONG_STATE or ALREADY_EXISTS."""
    new = stepped_by_party(order, "dispute", "enterprise", mark, dispute=Dispute(by=mark.by, at=mark.at, reason=reason))
    if order.dispute is not None:
        raise Refused(Refusal.ALREADY_EXISTS)
    return new


Ground = Literal["disputed", "silent", "gone"]


def ground_to_decide(
    order: Order, enterprise: Enterprise | None, agency: Agency | None, policy: Policy, now: datetime
) -> Ground:
    """§4.2.1: on what ground the operator may decide on a delivery alone. Raises TOO_EARLY with the last day on which
    the enterprise may confirm."""
    if order.dispute is not None:
        return "disputed"
    if is_gone(enterprise) or is_gone(agency):
        return "gone"
    # an order of before 2026-11-29 has no day: the term is counted from its latest step
    delivered_on = shanghai_date(order.updated_at or order.created_at)
    confirm_by = order.confirm_by or calendar_due(delivered_on, policy.confirmation_days)
    if now < end_of_day(confirm_by):
        raise Refused(Refusal.TOO_EARLY, may_words="企业仍可确认或提出异议", last_day=confirm_by)
    return "silent"


def is_gone(party: Enterprise | Agency | None) -> bool:
    """§3.4.1, §4.1.3: a party is out of the programme."""
    return party is None or party.state in ("disqualified", "removed")


def decided(order: Order, decision: OrderDecision, mark: Mark) -> Order:
    """§4.2.1: the order after the operator's decision: completed, back with its agency, which delivers anew, or
    cancelled. Raises WRONG_STATE."""
    changes: dict[str, Any] = {"drawn": {}} if decision.decision == "cancel" else {}
    hands = with_hand(order.hands, "decide_order", mark.by)
    new = stepped(order, f"decide.{decision.decision}", mark, decision=decision, hands=hands, **changes)
    if decision.decision != "return":
        return new
    return forgetting(new, "deliver", "dispute").model_copy(update={"dispute": None, "confirm_by": None})


def ground_to_cancel(
    order: Order, enterprise: Enterprise | None, agency: Agency | None, policy: Policy, now: datetime
) -> Ground | None:
    """§3.5.1(5): both parties asked in writing to cancel: None; or one of them did, and on what ground that suffices.
    Raises CANCEL_NOT_ASKED.

    An agency need not ask before it has accepted the order: there is no contract yet that both would give up, and an
    agency that never answers must not keep a voucher's money until it lapses.
    """
    if order.enterprise_cancel and (order.agency_cancel or order.state == "placed"):
        return None
    asked, other = (order.enterprise_cancel, agency) if order.enterprise_cancel else (order.agency_cancel, enterprise)
    if asked is None:
        raise Refused(Refusal.CANCEL_NOT_ASKED)
    if is_gone(other):
        return "gone"
    answer_by = asked.answer_by or calendar_due(shanghai_date(asked.at), policy.cancellation_days)
    if now < end_of_day(answer_by):
        raise Refused(Refusal.CANCEL_NOT_ASKED)
    return "silent"
