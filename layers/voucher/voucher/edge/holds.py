"""What an agency and staff see of what is owed to it (§3.5.4)."""

from typing import Any

from voucher.models.payables import Payable
from voucher.rules.holds import held_ids
from voucher.store import orders


def payable_with_holds(payable: Payable) -> dict[str, Any]:
    """§5.2b: a payable with those of its orders that a violation holds, for which no payout is made."""
    return payable.public() | {"held_order_ids": sorted(held_ids(orders.find_many(payable.order_ids)))}
