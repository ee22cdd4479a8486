"""What violations hold of what an agency is owed: what it and staff see, and what follows for its payouts (§3.5.4,
§5.2b)."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from voucher.models.base import Mark
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.rules.flags import flags_of_account
from voucher.rules.holds import payout_with_holds, unpayable_ids
from voucher.store import orders, payables, payouts, settlements
from voucher.store.engine.table import Write


def payable_with_holds(payable: Payable, for_staff: bool) -> dict[str, Any]:
    """§5.2b: a payable with those of its orders that are held, for which no payout is made. Staff also see
    which other agencies have its account."""
    flags = {"flags": account_flags(payable)} if for_staff else {}
    return payable.public() | {"held_order_ids": sorted(unpayable_ids(orders.find_many(payable.order_ids)))} | flags


def account_flags(payable: Payable) -> list[dict[str, Any]]:
    """§5.2b: the flags of the account that waits for a second person, else of that which is paid to."""
    account = payable.change.account if payable.change else payable.account
    sharers = payables.read_account_sharers({payable.agency_uscc: account.match if account else None})
    return flags_of_account(sharers[payable.agency_uscc], "proposed_account" if payable.change else "bank_account")


def payout_writes(changed: Iterable[Order], mark: Mark) -> list[Write]:
    """§5.2b: what follows from a violation, or a word on another subsidy, for the payouts of some orders, as they are
    after it: one on its way to the bank says which of them are held. One that is made at the same moment makes this
    write fail, and it looks again."""
    named = defaultdict[tuple[str, str], list[Order]](list)
    owed = [order for order in changed if order.state == "payable"]
    for order, line in zip(owed, settlements.load_lines_of(owed), strict=True):
        named[line.round_id or "", order.agency_uscc].append(order)
    writes = list[Write]()
    for place, of_payable in named.items():
        payable = payables.find(*place)
        if payable is None:  # its notice is still being closed, and no payout is made of a held order
            continue
        if payable.state != "paying":
            writes.append(payables.unchanged_check(payable))
            continue
        old = payouts.load(payouts.payout_id(payable, payable.attempts))
        if new := payout_with_holds(old, of_payable, mark):
            writes.append(payouts.hold_write(old, new))
    return writes
