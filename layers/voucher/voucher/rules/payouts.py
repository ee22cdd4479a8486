"""When a bank may have moved money, and which payments it cannot send back (§3.5.4)."""

from collections.abc import Iterable
from datetime import date

from voucher.models.base import yuan
from voucher.models.orders import Order
from voucher.refusals import FieldError, Refusal, Refused


def check_bank_day(field: str, day: date, earliest: date, today: date) -> None:
    """§3.5.4: a bank moves money on the day it was told to or later, and not in the future.

    Raises MALFORMED for `field` with the days that are possible.
    """
    if not earliest <= day <= today:
        raise Refused(
            Refusal.MALFORMED,
            errors=[
                FieldError(
                    field, f"须在 {earliest} 至 {today} 之间。", "out_of_range", min=str(earliest), max=str(today)
                )
            ],
        )


def check_not_recovered(orders: Iterable[Order]) -> None:
    """§3.5.4, §5.2b: the bank sends back only money of which nothing is claimed back, because the same fen would return
    twice. Raises ALREADY_RECOVERED with every order whose claims the bureau has to withdraw first."""
    claimed = [order for order in orders if order.recovered_fen]
    if claimed:
        errors = [FieldError(order.order_id, f"已追回 {yuan(order.recovered_fen)} 元。") for order in claimed]
        raise Refused(Refusal.ALREADY_RECOVERED, errors=errors, of=claimed[0])
