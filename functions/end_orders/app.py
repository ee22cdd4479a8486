"""Worker: finds the orders whose term is over, or which were not handed in for settlement in time, and ends each of
them with what it holds; reminds whoever can still act (§4.2.1).

Each order is ended by a conditional transaction of its own, after a look at it as it is then, so a message may come
twice, late, or stop half-way. A term ends an order only once the holidays of all its days are known.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from voucher.edge import queues, workers
from voucher.edge.observe import log_work
from voucher.edge.unsettled import SWEEPER, end_unsettled
from voucher.models.base import Mark
from voucher.policy import Policy
from voucher.rules import messages
from voucher.rules.lifecycle import stepped
from voucher.rules.terms import (
    day_to_remind_of_answer,
    has_run_out,
    is_near,
    is_over,
    last_day_to_settle,
    waits_for_settlement,
)
from voucher.rules.working_days import ONE_DAY, end_of_day, shanghai_date
from voucher.store import orders, programmes, settlements, vouchers


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the end_orders queue."""
    return workers.handle_each(event, context, work)


def work(body: dict[str, Any]) -> None:
    """One message: a night, or an order that it found."""
    instant = datetime.fromisoformat(body["instant"])
    if body["task"] == "find_orders":
        policies = {programme.year: programme.policy for programme in programmes.list_all()}
        find_unanswered(instant, body["instant"], policies)
        find_unconfirmed(instant, policies)
        find_unsettled(instant, body["instant"], policies)
    elif body["task"] == "end_order":
        end_order(body["order_id"], instant)
    elif body["task"] == "end_application":
        end_application(body["settlement_id"], instant)
    else:
        raise ValueError(f"unknown task {body['task']}")


def find_unanswered(instant: datetime, text: str, policies: Mapping[int, Policy]) -> None:
    """§4.2.1: send each order that the agency did not answer in time on to be ended, and remind of those whose last day
    has come near. The inbox keeps one reminder, however many nights send it."""
    over, reminders = [], []
    for order in orders.list_in("placed"):
        if has_run_out(order, policies[order.year], instant):
            over.append(end_message(order.order_id, text))
        elif last_day := day_to_remind_of_answer(order, policies[order.year], shanghai_date(instant)):
            reminders.append(messages.answer_due(order.order_id, order.agency_uscc, last_day.isoformat()).body)
    queues.send("end_orders", over)
    queues.send("notify", reminders)
    log_work("orders found", over=len(over), reminded=len(reminders))


def find_unconfirmed(instant: datetime, policies: Mapping[int, Policy]) -> None:
    """§4.2.1: remind enterprises of deliveries before their term ends; after it the operator is to decide."""
    today, told = shanghai_date(instant), []
    for order in orders.list_in("delivered"):
        if order.confirm_by is None:
            continue
        day = order.confirm_by.isoformat()
        if order.confirm_by < today and order.dispute is None:
            told.append(messages.confirmation_over(order.order_id, day).body)
        elif is_near(order.confirm_by, today, policies[order.year].confirmation_reminder_days):
            told.append(messages.confirmation_due(order.order_id, order.enterprise_uscc, day).body)
    queues.send("notify", told)


def find_unsettled(instant: datetime, text: str, policies: Mapping[int, Policy]) -> None:
    """§3.5.1: send each order that was not handed in for settlement in time on to be ended, those of one application
    together, and remind agencies of the last day before. Until a last day comes near, nothing is read."""
    today = shanghai_date(instant)
    near = [
        year
        for year, policy in policies.items()
        if today >= policy.settlement_day(year) - policy.settlement_reminder_days * ONE_DAY
    ]
    if not near:
        return
    # all orders of a year are placed in it
    until = max(end_of_day(policies[year].last_day(year)) for year in near)
    settling = list(orders.list_in("settling", until))
    lines = zip(settling, settlements.load_lines_of(settling), strict=True)
    left = [(order, None) for state in ("accepted", "delivered", "completed") for order in orders.list_in(state, until)]
    over, reminders = dict[str, dict[str, Any]](), list[dict[str, Any]]()
    for order, line in [*left, *lines]:
        policy = policies[order.year]
        last_day = last_day_to_settle(order.year, line, policy)
        if not waits_for_settlement(order, line):
            continue
        if is_over(last_day, instant):
            message = application_message(line.settlement_id, text) if line else end_message(order.order_id, text)
            over[message["message_id"]] = message
        elif is_near(last_day.date, today, policy.settlement_reminder_days):
            reminder = messages.settlement_due(order.order_id, order.agency_uscc, last_day.date.isoformat())
            reminders.append(reminder.body)
    queues.send("end_orders", list(over.values()))
    queues.send("notify", reminders)
    log_work("orders not handed in", over=len(over), reminded=len(reminders))


def application_message(settlement_id: str, text: str) -> dict[str, Any]:
    """Some lines of an application were not handed in by an instant."""
    message_id = f"end_application.{settlement_id}.{text}"
    return {"message_id": message_id, "task": "end_application", "settlement_id": settlement_id, "instant": text}


def end_message(order_id: str, text: str) -> dict[str, Any]:
    """The term of an order was over at an instant."""
    return {"message_id": f"end_order.{order_id}.{text}", "task": "end_order", "order_id": order_id, "instant": text}


def end_order(order_id: str, instant: datetime) -> None:
    """§4.2.1: end an order that still waits for the agency's answer, or that no application has; its money goes
    back."""
    order = orders.load(order_id)
    policy = programmes.load(order.year).policy
    if order.settlement_id is None:
        end_unsettled(order, None, policy, instant)
    if not has_run_out(order, policy, instant):
        return
    mark = Mark(by=SWEEPER, at=instant)
    orders.commit_release(order, stepped(order, "run_out", mark, drawn={}), vouchers.load(order.voucher_id), mark)
    log_work("order ended unanswered", order=order_id)


def end_application(settlement_id: str, instant: datetime) -> None:
    """§3.5.1: end the orders of an application whose lines were not handed in in time, one after the other."""
    policy = programmes.load(settlements.load(settlement_id).year).policy
    for line in settlements.list_lines(settlement_id):
        end_unsettled(orders.load(line.order_id), line, policy, instant)
