"""Signals of fraud, each one sentence that a reviewer can check (§5.1, §5.2b). They stop nothing by themselves.

What concerns an order follows from the orders of its enterprise, what concerns an agency from the rows that are kept of
its year: both are the same in whatever order, and however often, the changes were counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from voucher.models.base import yuan
from voucher.models.compliance import AgencySignal, ReportException
from voucher.models.orders import Order
from voucher.models.products import MedianPrice
from voucher.models.reports import LETTERS, NO_MONTH, TIED, Rows
from voucher.models.settlements import Flag, Line
from voucher.policy import SIGNALS, Policy
from voucher.rules.orders import max_voucher_fen
from voucher.rules.reports import TOTAL, agency_row, month_of

# kind of an exception that is a signal → the field that a reviewer looks at
FIELDS = {"full_share_row": "voucher_fen", "confirmed_fast": "order_id"}
Cells = Mapping[str, int]


def full_share_rows(orders: Iterable[Order], policy: Policy) -> dict[str, int]:
    """§2.3.2, §5.1: how many orders in a row an enterprise has with one agency, each with all that a voucher may pay of
    it; by order, if the row is long enough. `orders` are those of one enterprise that count."""
    of_agency = defaultdict[str, list[Order]](list)
    for order in sorted(orders, key=lambda each: (each.created_at, each.order_id)):
        of_agency[order.agency_uscc].append(order)
    return {order_id: length for each in of_agency.values() for order_id, length in _rows(each, policy)}


def _rows(orders: Iterable[Order], policy: Policy) -> Iterable[tuple[str, int]]:
    row: list[str] = []
    rows = [row]
    for order in orders:
        if order.voucher_fen == max_voucher_fen(order.contract_fen, policy):
            row.append(order.order_id)
        else:
            rows.append(row := [])
    return [(order_id, len(each)) for each in rows if len(each) >= SIGNALS.full_shares for order_id in each]


def is_confirmed_fast(order: Order) -> bool:
    """§4.2.1, §5.1: the enterprise itself confirmed within minutes of the first delivery."""
    delivered, confirmed = order.entered.get("delivered"), order.entered.get("completed")
    if delivered is None or confirmed is None or order.decision:
        return False
    return (confirmed - delivered).total_seconds() <= SIGNALS.confirmed_minutes * 60


def signals_of_agency(uscc: str, rows: Rows) -> list[AgencySignal]:
    """§5.1: the signals of one agency, from its row and that of the city."""
    cells = rows.get(agency_row(uscc), {})
    return [*_sudden_volumes(uscc, cells, rows.get(TOTAL, {})), *_only_pair(uscc, cells)]


def _sudden_volumes(uscc: str, own: Cells, city: Cells) -> Iterable[AgencySignal]:
    orders, all_orders = _orders_by_month(own), _orders_by_month(city)
    before, all_before = 0, 0
    for month in sorted(orders | all_orders):
        count, of_all = orders.get(month, 0), all_orders.get(month, 0)
        is_known = all_before >= SIGNALS.volume_base_orders and count >= SIGNALS.volume_orders
        if is_known and count * all_before >= SIGNALS.volume_times * before * of_all:
            words = (
                f"该机构 20{month[:2]} 年 {int(month[2:])} 月新增订单 {count} 笔，占全市 {_percent(count, of_all)}；"
                f"本年度此前各月共 {before} 笔，占 {_percent(before, all_before)}，请核实订单量突增的原因。"
            )
            yield AgencySignal(
                kind="sudden_volume",
                agency_uscc=uscc,
                month=_shown(month),
                orders=count,
                message=words,
            )
        before, all_before = before + count, all_before + of_all


def _orders_by_month(cells: Cells) -> dict[str, int]:
    letter = LETTERS["orders"]
    return {cell[:4]: count for cell, count in cells.items() if cell[4:] == letter and cell[:4] != NO_MONTH}


def _percent(part: int, whole: int) -> str:
    return f"{part * 100 // whole}%" if whole else "—"


def _only_pair(uscc: str, cells: Cells) -> Iterable[AgencySignal]:
    firms, tied = cells.get(f"{NO_MONTH}{LETTERS['firms']}", 0), cells.get(f"{NO_MONTH}{TIED}", 0)
    orders = sum(count for cell, count in cells.items() if cell[4:] == LETTERS["orders"])
    if firms == tied == 1 and orders >= SIGNALS.pair_orders:
        words = f"该机构本年度全部 {orders} 笔订单来自同一家企业，该企业也只在该机构下单，请核实是否串通。"
        yield AgencySignal(kind="only_pair", agency_uscc=uscc, month=None, orders=orders, message=words)


def signals_of_agencies(rows: Rows) -> list[AgencySignal]:
    """§5.1: the signals of all agencies of a year, in the order of their codes."""
    usccs = sorted(value for dimension, _, value in (row.partition(".") for row in rows) if dimension == "agency")
    return [each for uscc in usccs for each in signals_of_agency(uscc, rows)]


def flags_of_signals(order: Order, listed: Iterable[ReportException], rows: Rows) -> list[dict[str, Any]]:
    """§5.1: the signals of an order and of its agency, as flags: `listed` is what is listed of its enterprise. A sudden
    volume is shown with the orders of that month."""
    own = {each.kind: each.message for each in listed if each.order_id == order.order_id}
    found = [Flag(code=kind.upper(), field=FIELDS[kind], message=own[kind]) for kind in FIELDS if kind in own]
    months = (None, _shown(month_of(order.created_at)))
    found += [
        Flag(code=each["kind"].upper(), field="agency_uscc", message=each["message"])
        for each in signals_of_agency(order.agency_uscc, rows)
        if each["month"] in months
    ]
    return [flag.public() for flag in found]


def _shown(month: str) -> str:
    return f"20{month[:2]}-{month[2:]}"


def flags_of_median(line: Line, order: Order, median: MedianPrice | None) -> list[dict[str, Any]]:
    """§5.2a, §5.2b: a contract that is far above, or far below, what the median of the prices on sale makes of its
    quantity. A price that is too low may be that of a service that nobody renders."""
    if median is None:
        return []
    quantity, median_fen = line.quantity or order.quantity, median["median_fen"]
    usual = f"同类在售产品价格中位数与数量之积（{yuan(median_fen)} 元/{order.price_unit}×{quantity}）"
    percents, high, low = line.contract_fen * 100, SIGNALS.high_price_percent, SIGNALS.low_price_percent
    if percents > high * median_fen * quantity:
        words = f"合同金额超过{usual}的 {high}%，请核实价格是否公允。"
        return [Flag(code="PRICE_FAR_ABOVE_MEDIAN", field="contract_fen", message=words).public()]
    if percents < low * median_fen * quantity:
        words = f"合同金额低于{usual}的 {low}%，请核实服务是否真实、完整。"
        return [Flag(code="PRICE_FAR_BELOW_MEDIAN", field="contract_fen", message=words).public()]
    return []
