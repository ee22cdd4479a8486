"""Worker: closes a programme year that is over, once all its vouchers have ended and all its orders have a contract or
have ended (§1.4b, §2.2.floor).

Until then it changes nothing but the batches, which it closes; the next night's sweep sends the message again. Each
step is a conditional transaction of its own, so a message may come twice, late, or stop half-way.
"""

from datetime import datetime
from typing import Any

from voucher.edge import workers
from voucher.edge.observe import log_work, logger
from voucher.models.accounts import order_ids_held
from voucher.models.base import Mark
from voucher.refusals import Refusal, Refused
from voucher.rules.batches import closed_batch
from voucher.rules.contracts import expires_without_contract
from voucher.rules.lifecycle import stepped
from voucher.rules.programmes import closing_of
from voucher.store import batches, keys, orders, programmes, vouchers

SWEEPER = "sweep"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the close_year queue."""
    return workers.handle_each(event, context, work)


def work(body: dict[str, Any]) -> None:
    """§1.4b: one message: the year that is over, and the instant of the sweep that found it."""
    close_year(int(body["year"]), Mark(by=SWEEPER, at=datetime.fromisoformat(body["instant"])))


def close_year(year: int, mark: Mark) -> None:
    """§1.4b, §2.2.floor: close the batches, then the year; what was never released becomes surplus, and the key share
    is frozen. A year with a frozen batch stays open."""
    if programmes.load(year).state != "open":
        return
    if not close_batches(year, mark):
        return
    # read before the look: a batch that is published during the look changes the programme, so the write below fails
    old = programmes.load(year)
    if is_anything_left(year):
        log_work("year not closed yet: vouchers are left to lapse, or orders to cancel", year=year)
        return
    closing = closing_of(old, programmes.read_used_fen(old), mark.at)
    new = stepped(old, "close_year", mark, unreleased_fen=0, closing=closing)
    programmes.commit_close(old, new, mark)
    log_work("year closed", year=year)


def close_batches(year: int, mark: Mark) -> bool:
    """§1.4a: close each published batch, as the bureau would. False if one is frozen: it cannot be counted before it is
    repaired."""
    for old in batches.list_of_year(year):
        if old.state != "published":
            continue
        try:
            shards = batches.commit_stop(old)
        except Refused as no:
            if no.refusal is not Refusal.FROZEN:
                raise
            logger.error("year not closed: a batch is frozen", extra={"year": year, "batch": old.batch_id})
            return False
        new = closed_batch(old, shards, mark)
        batches.commit_close(old, new, shards, programmes.load(year), mark)
    return True


def is_anything_left(year: int) -> bool:
    """§1.4b, §4.2.1: some voucher is still active, or some order without a contract still holds money.

    Once this is False it stays False: an order needs an active voucher, and a contract once signed stays.
    """
    released = [each.batch_id for each in batches.list_of_year(year) if each.is_released]
    if any(each.state == "active" for batch_id in released for each in vouchers.list_of_batch(batch_id)):
        return True
    buckets = ((batch_id, number) for batch_id in released for number in range(keys.BUCKETS))
    postings = (vouchers.list_postings_in_bucket(*bucket) for bucket in buckets)
    return any(expires_without_contract(order) for each in postings for order in orders.find_many(order_ids_held(each)))
