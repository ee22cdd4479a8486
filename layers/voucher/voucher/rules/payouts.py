"""When a bank may have moved money, and what it cannot send back (§3.5.4)."""

from collections.abc import Iterable
from datetime import date

from voucher.models.base import yuan
from voucher.models.orders import Order
from voucher.refusals import FieldError, Refusal, Refused


def check_bank_day(field: str, day: date, earliest: date, today: date) -> None:
    """§3.5.4: a bank moves money after it was told to, and not in the future."""
    if not earliest <= day <= today:
        raise Refused(Refusal.MALFORMED, errors=[FieldError(field, f"须在 {earliest} 至 {today} 之间。")])


def check_not_recovered(orders: Iterable[Order]) -> None:
    """§3.5.4: money claimed back is not sent back by the bank as well: the bureau withdraws those claims first."""
    claimed = [order for order in orders if order.recovered_fen]
    if claimed:
        errors = [FieldError(order.order_id, f"已追回 {yuan(order.recovered_fen)} 元。") for order in claimed]
        raise Refused(Refusal.ALREADY_RECOVERED, errors=errors, of=claimed[0])
