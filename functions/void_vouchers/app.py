"""Worker: ends vouchers, or reminds of their end, one bucket of a batch or one enterprise at a time (§1.4b, §4.1.3,
§4.2.2).

Each voucher is ended by its own conditional transaction, so a message may come twice, late, or stop half-way.
"""

from datetime import datetime
from typing import Any

from voucher.edge import clock, queues
from voucher.edge.observe import log_work, logger
from voucher.models.accounts import Posting, owner_of
from voucher.models.base import Mark, yuan
from voucher.models.batches import Batch
from voucher.models.orders import RUNNING_ORDERS, Order
from voucher.models.programmes import Closing, Programme
from voucher.models.vouchers import Voucher
from voucher.policy import Category
from voucher.refusals import Refusal, Refused
from voucher.rules import entitlements, lifecycle, messages
from voucher.rules.orders import expires_without_contract
from voucher.rules.programmes import key_share_basis_points
from voucher.rules.working_days import shanghai_date
from voucher.store import batches, keys, orders, programmes, vouchers
from voucher.store.engine import pools

SWEEPER = "sweep"
# vouchers, and at a year's end postings, too: each may take three calls
ITEMS_PER_MESSAGE = 500
TRIES = 5


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the void queue."""
    return queues.handle_each(event, context, work)


def work(body: dict[str, Any]) -> None:
    """One message: a bucket whose vouchers ended, an enterprise whose qualification was withdrawn, or a year's end."""
    if body["task"] == "lapse":
        lapse_bucket(body)
    elif body["task"] == "remind":
        remind(body)
    elif body["task"] == "void_enterprise":
        void_enterprise(body["uscc"])
        tell_agencies(body["uscc"], body.get("message_id", f"disqualified.{body['uscc']}"))
    elif body["task"] == "close_year":
        close_year(int(body["year"]), datetime.fromisoformat(body["instant"]))
    else:
        raise ValueError(f"unknown task {body['task']}")


def lapse_bucket(body: dict[str, Any]) -> None:
    """§4.2.2, §4.2.1: end every voucher of a bucket whose end is not after the instant; at a year's end first cancel
    the orders without a contract. A bounded part of it: the message that follows says where to go on."""
    batch_id, bucket, instant = body["batch_id"], int(body["bucket"]), datetime.fromisoformat(body["instant"])
    year_over = bool(body.get("year_over"))
    part = vouchers.read_part_of_bucket(batch_id, bucket, ITEMS_PER_MESSAGE, body.get("after"), year_over)
    cancel_uncontracted(part.postings, instant)
    due = [each for each in part.vouchers if each.state == "active" and each.ends_at <= instant]
    ended = sum(settle(voucher, "expired", instant) for voucher in due)
    if part.last is not None:
        queues.send("void_vouchers", [body | {"after": part.last}])
    log_work("vouchers lapsed", batch=batch_id, bucket=bucket, vouchers=ended)


def remind(body: dict[str, Any]) -> None:
    """§4.2.2: whoever has something left is told until when; the inbox keeps one message of however many nights. A
    bounded part of a bucket, as in `lapse_bucket`."""
    part = vouchers.read_part_of_bucket(
        body["batch_id"], int(body["bucket"]), ITEMS_PER_MESSAGE, body.get("after"), False
    )
    told = [
        messages.voucher_ending(
            each.voucher_id, each.enterprise_uscc, each.valid_until.isoformat(), yuan(each.balance_fen)
        ).body
        for each in part.vouchers
        if each.state == "active" and each.balance_fen
    ]
    queues.send("notify", told)
    if part.last is not None:
        queues.send("void_vouchers", [body | {"after": part.last}])


def settle(voucher: Voucher | None, state: str, instant: datetime) -> int:
    """End one voucher; if an order moved its balance meanwhile, look again. 1 if this call ended it."""
    for _ in range(TRIES):
        if voucher is None or voucher.state != "active":
            return 0
        if vouchers.commit_lapse(voucher, state, instant, SWEEPER):
            return 1
        voucher = vouchers.find(voucher.voucher_id)
    raise RuntimeError("a voucher kept changing while it was ended")


def cancel_uncontracted(postings: list[Posting], instant: datetime) -> None:
    """§4.2.1, §4.1.3: at the year's end, or when its buyer loses the qualification, an order without a signed contract
    is cancelled; the money goes back to a voucher that has ended, and lapses."""
    for order in filter(expires_without_contract, ordered(postings)):
        state, step = lifecycle.next_state("order", order.state, "expire"), own_step("expire", instant)
        new = order.next_version(state=state, drawn={}, **step)
        voucher = vouchers.load(order.voucher_id)
        orders.commit_release(order, new, voucher, Mark(by=SWEEPER, at=instant))


def own_step(action: str, instant: datetime) -> dict[str, Any]:
    """What a record remembers of a step that nobody asked for."""
    return {"last_action": action, "last_by": SWEEPER, "last_sha256": None, "updated_at": instant}


def ordered(postings: list[Posting]) -> list[Order]:
    """The orders for which something was held."""
    held = (each.to_account for each in postings if each.entry == "hold")
    return orders.find_many(owner_of(account) for account in held)


def close_year(year: int, instant: datetime) -> None:
    """§1.4b, §2.2.floor: once nothing is left to lapse or to cancel, freeze the key share and close the year.

    Until then it does nothing: the next night sends the message again. Neither does it while a batch is frozen.
    """
    programme = programmes.get(year)
    if programme.state != "open":
        return
    for batch in batches.list_of_year(year):
        if batch.state == "published":
            try:
                shards = batches.commit_stop(batch)
            except Refused as no:
                if no.refusal is not Refusal.FROZEN:
                    raise
                logger.error("year not closed: a batch is frozen", extra={"year": year, "batch": batch.batch_id})
                return
            left_fen = sum(shard.remaining_fen for shard in shards)
            closed = batch.next_version(state="closed", surplus_fen=left_fen, **own_step("close", instant))
            batches.commit_close(batch, closed, shards, programmes.get(year), Mark(by=SWEEPER, at=instant))
    # before looking: a batch that is published while this looks makes it another programme than the one closed below
    old = programmes.get(year)
    if is_anything_left(batches.list_of_year(year)):
        log_work("year not closed yet: vouchers are left to lapse, or orders to cancel", year=year)
        return
    state = lifecycle.next_state("programme", old.state, "close_year")
    new = old.next_version(
        state=state, unreleased_fen=0, closing=closing_of(old, instant), **own_step("close_year", instant)
    )
    programmes.commit_close(old, new, Mark(by=SWEEPER, at=instant))
    log_work("year closed", year=year)


def closing_of(programme: Programme, instant: datetime) -> Closing:
    """§2.2.floor: what a year used of each category at its end, and the real key share of that."""
    year, shards = programme.year, programme.policy.yearly_shards
    used = {each: pools.read_used_fen(year, each, shards) for each in Category}
    key_fen = sum(used[each] for each in programme.policy.key_categories)
    return Closing(
        closed_at=instant,
        key_share_basis_points=key_share_basis_points(key_fen, sum(used.values())),
        used_fen=used,
        expired_fen=programme.unreleased_fen,
    )


def is_anything_left(batches: list[Batch]) -> bool:
    """§1.4b, §4.2.1: some voucher has not lapsed yet, or an order without a contract still holds money.

    Neither comes back once it is gone: an order needs an active voucher, and a contract once signed stays.
    """
    released = [each.batch_id for each in batches if each.state != "draft"]
    if any(each.state == "active" for batch_id in released for each in vouchers.list_of_batch(batch_id)):
        return True
    buckets = ((batch_id, number) for batch_id in released for number in range(keys.BUCKETS))
    postings = (vouchers.list_postings_in_bucket(*bucket) for bucket in buckets)
    return any(expires_without_contract(order) for each in postings for order in ordered(each))


def void_enterprise(uscc: str) -> None:
    """§4.1.3: what a disqualified enterprise holds unused becomes void, held without a contract, too; contracted
    orders run on."""
    now = clock.now()
    for year in entitlements.years_in_step(shanghai_date(now)):
        entitlement = vouchers.find_entitlement(year, uscc)
        for voucher in vouchers.list_of(entitlement) if entitlement else []:
            settle(voucher, "void", now)
            cancel_uncontracted(vouchers.list_postings(voucher), now)


def tell_agencies(uscc: str, cause: str) -> None:
    """§4.1.3: every agency with a running order of the enterprise hears of it, once for each order."""
    told = [
        messages.buyer_disqualified(cause, order.agency_uscc, order.order_id).body
        for order in orders.list_of_enterprise(uscc)
        if order.state in RUNNING_ORDERS
    ]
    queues.send("notify", told)
