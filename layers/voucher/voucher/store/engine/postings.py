"""Postings: one item each, append-only, numbered within the record they stand with.

A posting stands with the voucher while the voucher is one of its two accounts, else with its order, its payable or
its programme. A voucher's creation is its own grant posting.
"""

from voucher.models.accounts import Posting
from voucher.models.base import Instant
from voucher.models.orders import Order
from voucher.models.programmes import Programme
from voucher.models.vouchers import Voucher
from voucher.store import keys
from voucher.store.engine.table import Write, add_write


def programme_posting_write(
    programme: Programme, entry: str, source: str, target: str, amount_fen: int, at: Instant, by: str
) -> Write:
    """A movement on the programme's account, numbered by the version of the programme it makes."""
    posting = Posting(
        posting_id=f"programme.{programme.year}.{programme.version}",
        year=programme.year,
        entry=entry,
        from_account=source,
        to_account=target,
        amount_fen=amount_fen,
        at=at,
        by=by,
    )
    return add_write("posting", keys.programme(programme.year, f"POSTING#{programme.version:08}"), posting)


def voucher_posting_write(
    voucher: Voucher, seq: int, entry: str, source: str, target: str, amount_fen: int, at: Instant, by: str
) -> Write:
    """A movement on a voucher, number `seq` of that voucher."""
    posting = Posting(
        posting_id=f"{voucher.voucher_id}.{seq}",
        year=voucher.year,
        entry=entry,
        from_account=source,
        to_account=target,
        amount_fen=amount_fen,
        at=at,
        by=by,
    )
    return add_write("posting", keys.voucher_posting(voucher.batch_id, voucher.enterprise_uscc, seq), posting)


def order_posting_write(
    order: Order, entry: str, source: str, target: str, amount_fen: int, at: Instant, by: str, reason: str | None = None
) -> Write:
    """A movement of an order's money after it left the voucher, numbered by the order's `seq`."""
    posting = Posting(
        posting_id=f"{order.order_id}.{order.seq}",
        year=order.year,
        entry=entry,
        from_account=source,
        to_account=target,
        amount_fen=amount_fen,
        at=at,
        by=by,
        reason=reason,
    )
    return add_write("posting", keys.order(order.order_id, f"POSTING#{order.seq:04}"), posting)
