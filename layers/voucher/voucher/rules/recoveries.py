"""How much may be claimed back after payout (§5.2b)."""

from voucher.models.orders import Order
from voucher.refusals import Refusal, Refused


def unclaimed_fen(order: Order) -> int:
    """§5.2b: what was paid for an order and is not claimed back, in fen."""
    return order.voucher_fen - order.recovered_fen


def check_recovery(order: Order, amount_fen: int) -> None:
    """§5.2b: at most what was paid and is not claimed back may be claimed. Raises OVER_PAID with what is left."""
    left_fen = unclaimed_fen(order)
    if amount_fen > left_fen:
        raise Refused(Refusal.OVER_PAID, left_fen=left_fen)
