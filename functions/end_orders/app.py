"""Worker: finds the orders whose term is over, and ends each of them with what it holds; reminds whoever can still act
(§4.2.1).

Each order is ended by a conditional transaction of its own, after a look at it as it is then, so a message may come
twice or late. A term ends an order only once the holidays of all its days are known.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from voucher.edge import queues, workers
from voucher.edge.observe import log_work
from voucher.models.base import Mark
from voucher.policy import Policy
from voucher.rules import messages
from voucher.rules.lifecycle import stepped
from voucher.rules.terms import day_to_remind_of_answer, has_run_out, is_near
from voucher.rules.working_days import shanghai_date
from voucher.store import orders, programmes, vouchers

SWEEPER = "sweep"


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
    elif body["task"] == "end_order":
        end_order(body["order_id"], instant)
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


def end_message(order_id: str, text: str) -> dict[str, Any]:
    """The term of an order was over at an instant."""
    return {"message_id": f"end_order.{order_id}.{text}", "task": "end_order", "order_id": order_id, "instant": text}


def end_order(order_id: str, instant: datetime) -> None:
    """§4.2.1: end an order that still waits for the agency's answer; its money goes back."""
    order = orders.load(order_id)
    if not has_run_out(order, programmes.load(order.year).policy, instant):
        return
    mark = Mark(by=SWEEPER, at=instant)
    orders.commit_release(order, stepped(order, "run_out", mark, drawn={}), vouchers.load(order.voucher_id), mark)
    log_work("order ended unanswered", order=order_id)
