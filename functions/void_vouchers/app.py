"""Worker: ends vouchers, or reminds of their end: one bucket of a batch at a time (§1.4b, §4.2.2), or one enterprise
(§4.1.3).

Each voucher is ended by a conditional transaction of its own, so a message may come twice, late, or stop half-way.
"""

from datetime import datetime
from typing import Any

from voucher.edge import clock, queues, workers
from voucher.edge.observe import log_work
from voucher.models.accounts import Posting, order_ids_held
from voucher.models.base import Mark, yuan
from voucher.models.orders import RUNNING_ORDERS
from voucher.models.vouchers import Voucher
from voucher.rules import entitlements, messages
from voucher.rules.contracts import expires_without_contract
from voucher.rules.lifecycle import stepped
from voucher.rules.working_days import shanghai_date
from voucher.store import orders, organisations, vouchers
from voucher.store.engine.table import Write

SWEEPER = "sweep"
# vouchers, and at a year's end their postings, too; each of them may take three calls
ITEMS_PER_MESSAGE = 500
# how often one voucher is read again while orders move its balance
MOST_READINGS = 5


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the void_vouchers queue."""
    return workers.handle_each(event, context, work)


def work(body: dict[str, Any]) -> None:
    """One message: a bucket whose vouchers ended or will soon, or an enterprise whose qualification was withdrawn."""
    if body["task"] == "lapse":
        lapse_bucket(body)
    elif body["task"] == "remind":
        remind_bucket(body)
    elif body["task"] == "void_enterprise":
        # the bureau may have restored it before a late message comes
        if organisations.get_enterprise(body["uscc"]).state == "disqualified":
            void_enterprise(body["uscc"])
            notify_agencies(body["uscc"], body.get("message_id", f"disqualified.{body['uscc']}"))
    else:
        raise ValueError(f"unknown task {body['task']}")


def lapse_bucket(body: dict[str, Any]) -> None:
    """§4.2.2, §4.2.1: end each voucher of a bucket whose end is not after the instant; at a year's end first cancel the
    orders without a contract. One message does a bounded part of a bucket and sends the next one."""
    instant = datetime.fromisoformat(body["instant"])
    part = read_part(body, with_postings=bool(body.get("year_over")))
    cancel_uncontracted(part.postings, instant)
    due = [each for each in part.vouchers if each.state == "active" and each.ends_at <= instant]
    ended = [voucher for voucher in due if end_voucher(voucher, "expired", instant)]
    send_rest(body, part)
    log_work("vouchers lapsed", batch=body["batch_id"], bucket=int(body["bucket"]), vouchers=len(ended))


def remind_bucket(body: dict[str, Any]) -> None:
    """§4.2.2: remind each enterprise with a balance of the last day; the inbox keeps one message, however many nights
    send it. In parts, as in `lapse_bucket`."""
    part = read_part(body, with_postings=False)
    reminders = [
        messages.voucher_ending(
            each.voucher_id, each.enterprise_uscc, each.valid_until.isoformat(), yuan(each.balance_fen)
        ).body
        for each in part.vouchers
        if each.state == "active" and each.balance_fen
    ]
    queues.send("notify", reminders)
    send_rest(body, part)


def read_part(body: dict[str, Any], with_postings: bool) -> vouchers.BucketPart:
    """The part of a bucket that a message is about."""
    bucket, after = int(body["bucket"]), body.get("after")
    return vouchers.read_part_of_bucket(body["batch_id"], bucket, ITEMS_PER_MESSAGE, after, with_postings)


def send_rest(body: dict[str, Any], part: vouchers.BucketPart) -> None:
    """Send the message for the following part, if there is one."""
    if part.last is not None:
        queues.send("void_vouchers", [body | {"after": part.last}])


def end_voucher(voucher: Voucher | None, state: str, instant: datetime, *also: Write) -> bool:
    """End one voucher, if what `also` checks holds; if an order moved its balance meanwhile, read it again. True if
    this call ended it."""
    for _ in range(MOST_READINGS):
        if voucher is None or voucher.state != "active":
            return False
        if vouchers.commit_lapse(voucher, state, instant, SWEEPER, *also):
            return True
        voucher = vouchers.find(voucher.voucher_id)
    raise RuntimeError("a voucher kept changing while it was ended")


def cancel_uncontracted(postings: list[Posting], instant: datetime, *also: Write) -> None:
    """§4.2.1, §4.1.3: at the year's end, or when its enterprise loses the qualification, an order without a signed
    contract is cancelled; its money goes back to a voucher that has ended, and so lapses."""
    for order in filter(expires_without_contract, orders.find_many(order_ids_held(postings))):
        new = stepped(order, "expire", Mark(by=SWEEPER, at=instant), drawn={})
        voucher = vouchers.load(order.voucher_id)
        orders.commit_release(order, new, voucher, Mark(by=SWEEPER, at=instant), *also)


def void_enterprise(uscc: str) -> None:
    """§4.1.3: the unused vouchers of a disqualified enterprise become void, and so does what its orders without a
    contract hold; orders with a contract run on. Each write is on condition that nobody has restored it: the message of
    one that was restored in between comes again, and then ends nothing."""
    now, still_out = clock.now(), organisations.disqualified_check(uscc)
    for year in entitlements.years_in_step(shanghai_date(now)):
        entitlement = vouchers.find_entitlement(year, uscc)
        for voucher in vouchers.list_of(entitlement) if entitlement else []:
            end_voucher(voucher, "void", now, still_out)
            cancel_uncontracted(vouchers.list_postings(voucher), now, still_out)


def notify_agencies(uscc: str, cause: str) -> None:
    """§4.1.3: tell each agency with a running order of the enterprise, once for each order."""
    running = [order for order in orders.list_of_enterprise(uscc) if order.state in RUNNING_ORDERS]
    queues.send(
        "notify", [messages.enterprise_disqualified(cause, order.agency_uscc, order.order_id).body for order in running]
    )
