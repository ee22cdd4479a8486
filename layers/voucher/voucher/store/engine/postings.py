"""Knows where a posting is kept: one item each, never changed, numbered within the record that it stands beside.

A posting stands beside the voucher if the voucher is one of its two accounts, or else beside its order, its round or
its programme. A voucher's creation is its own grant posting. A movement that the chart of accounts forbids is a fault.
"""

from voucher.models.accounts import Movement, Posting
from voucher.models.orders import Order
from voucher.models.payouts import Payout
from voucher.models.programmes import Programme
from voucher.models.vouchers import Voucher
from voucher.store import keys
from voucher.store.engine.table import Write, add_write


def programme_posting_write(programme: Programme, movement: Movement) -> Write:
    """A movement on the programme's account, numbered by the version of the programme that it makes."""
    year, version = programme.year, programme.version
    posting = Posting.of(movement, f"programme.{year}.{version}", year)
    return add_write("posting", keys.programme(year, f"POSTING#{version:08}"), posting)


def voucher_posting_write(voucher: Voucher, seq: int, movement: Movement) -> Write:
    """A movement on a voucher, number `seq` of that voucher."""
    posting = Posting.of(movement, f"{voucher.voucher_id}.{seq}", voucher.year)
    return add_write("posting", keys.voucher_posting(voucher.batch_id, voucher.enterprise_uscc, seq), posting)


def order_posting_write(order: Order, movement: Movement) -> Write:
    """A movement of an order's money after it left the voucher, numbered by the order's `seq`."""
    posting = Posting.of(movement, f"{order.order_id}.{order.seq}", order.year)
    return add_write("posting", keys.order(order.order_id, f"POSTING#{order.seq:04}"), posting)


def payout_posting_write(payout: Payout, movement: Movement) -> Write:
    """A payout's movement. It is paid once and returned once, so its entry is part of the key."""
    name = f"{payout.payout_id}.{movement.entry}"
    posting = Posting.of(movement, name, payout.year)
    return add_write("posting", keys.round_(payout.round_id, f"POSTING#{name}"), posting)
