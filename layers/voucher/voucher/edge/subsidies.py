"""What follows for lines of settlement applications once another list of other subsidies is in force (§5.2b)."""

from collections.abc import Iterable

from voucher.models.base import Mark
from voucher.rules.lifecycle import allows
from voucher.rules.subsidies import relisted_line
from voucher.store import orders, settlements, standing

TRIES_PER_LINE = 8


def relist_lines(usccs: Iterable[str], mark: Mark) -> None:
    """Note on each line of some enterprises that is on its way whether the bureau's word is wanted now, so that it
    stands on its list of work. What a line waits for is decided by the list itself, at each step."""
    for uscc in usccs:
        for order in orders.list_of_enterprise(uscc):
            if allows("order", order.state, "decide_subsidy"):
                _relist(order.order_id, mark)


def _relist(order_id: str, mark: Mark) -> None:
    for _ in range(TRIES_PER_LINE):
        order = orders.load(order_id)
        if not allows("order", order.state, "decide_subsidy"):
            return
        [line] = settlements.load_lines_of([order])
        new = relisted_line(line, order, standing.read_standings([order.enterprise_uscc])[order.enterprise_uscc], mark)
        if new is None or settlements.commit_relisted(line, new):
            return
    raise RuntimeError("a line kept changing while a list was applied")
