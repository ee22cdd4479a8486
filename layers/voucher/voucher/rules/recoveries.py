"""How much may be claimed back after payout (§5.2b)."""

from voucher.models.orders import Order
from voucher.refusals import Refusal, Refused


def check_recovery(order: Order, amount_fen: int) -> None:
    """§5.2b: no more is claimed back than was paid and not claimed back yet."""
    left_fen = order.voucher_fen - order.recovered_fen
    if amount_fen > left_fen:
        raise Refused(Refusal.OVER_PAID, left_fen=left_fen)
