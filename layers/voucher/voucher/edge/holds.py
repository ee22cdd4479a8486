"""What an agency and staff see of what is owed to it (§3.5.4)."""

from typing import Any

from voucher.models.payables import Payable
from voucher.rules.flags import flags_of_account
from voucher.rules.holds import held_ids
from voucher.store import orders, payables


def payable_with_holds(payable: Payable, for_staff: bool) -> dict[str, Any]:
    """§5.2b: a payable with those of its orders that a violation holds, for which no payout is made. Staff also see
    which other agencies have its account."""
    flags = {"flags": account_flags(payable)} if for_staff else {}
    return payable.public() | {"held_order_ids": sorted(held_ids(orders.find_many(payable.order_ids)))} | flags


def account_flags(payable: Payable) -> list[dict[str, Any]]:
    """§5.2b: the flags of the account that waits for a second person, else of that which is paid to."""
    account = payable.change.account if payable.change else payable.account
    sharers = payables.read_account_sharers({payable.agency_uscc: account.match if account else None})
    return flags_of_account(sharers[payable.agency_uscc], "proposed_account" if payable.change else "bank_account")
