"""The signals of fraud about some orders, as staff sees them where it decides (§5.1)."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from voucher.models.orders import Order
from voucher.rules.reports import TOTAL, agency_row
from voucher.rules.signals import flags_of_signals
from voucher.store import reports


def flags_of_signals_about(orders: Iterable[Order]) -> dict[str, list[dict[str, Any]]]:
    """§5.1: the flags of each order, by its id, out of what is kept of its year: nothing is counted for them."""
    by_year = defaultdict[int, list[Order]](list)
    for order in orders:
        by_year[order.year].append(order)
    found = {}
    for year, of_year in by_year.items():
        rows_wanted = [TOTAL, *(agency_row(order.agency_uscc) for order in of_year)]
        listed, rows = reports.read_about(year, [order.enterprise_uscc for order in of_year], rows_wanted)
        for order in of_year:
            found[order.order_id] = flags_of_signals(order, listed.get(order.enterprise_uscc, ()), rows)
    return found
