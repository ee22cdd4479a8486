"""What clients see of settlement applications and their lines (§3.5.1, §3.5.2)."""

from collections.abc import Sequence
from typing import Any

from voucher.edge.flags import flags_about_parties
from voucher.edge.identity import Caller
from voucher.edge.signals import flags_of_signals_about
from voucher.models.settlements import Line, Settlement
from voucher.rules.flags import shown_line
from voucher.rules.members import is_in
from voucher.rules.products import median_prices, price_kind
from voucher.rules.signals import flags_of_median
from voucher.rules.subsidies import flags_of_subsidies
from voucher.store import objections, orders, organisations, products, settlements, standing


def public_lines(lines: Sequence[Line], staff: Caller | None, with_medians: bool = False) -> list[dict[str, Any]]:
    """Lines with their flags and the violations that hold their orders. Staff also see what speaks against the parties,
    the signals of the order and its agency (§5.1), and of a file or a transfer that another order has, too, which
    order; not so of a line for whose party they act, which they see as its agency does. `with_medians` adds the median
    of the prices on sale (§5.2a), for which all products on sale are read."""
    uses, transfer_uses = settlements.read_file_uses(lines), settlements.read_transfer_uses(lines)
    found = {each.order_id: each for each in orders.find_many(line.order_id for line in lines)}
    parties = organisations.list_parties(lines) if staff else []
    own = {each.uscc for each in parties if staff and is_in(each, staff.sub)}
    judged = [line for line in lines if staff and own.isdisjoint((line.enterprise_uscc, line.agency_uscc))]
    usccs = {*(line.enterprise_uscc for line in lines), *(line.agency_uscc for line in judged)}
    standings = standing.read_standings(sorted(usccs))
    about = flags_about_parties(judged, parties, standings) if judged else {}
    signals = flags_of_signals_about(found[line.order_id] for line in judged)
    medians = median_prices(products.list_on_sale()) if with_medians else {}
    counts = objections.read_counts_of_lines(lines)
    shown = [
        shown_line(line, uses, line in judged, [transfer_uses[key] for key in settlements.transfer_keys(line)])
        for line in lines
    ]
    return [
        each
        | {
            "flags": [
                *each["flags"],
                *about.get((line.enterprise_uscc, line.agency_uscc), ()),
                *signals.get(line.order_id, ()),
                *flags_of_median(line, found[line.order_id], medians.get(price_kind(found[line.order_id]))),
                *flags_of_subsidies(line, found[line.order_id], standings[line.enterprise_uscc], line in judged),
            ],
            "held_by_violation": list(found[line.order_id].held_by_violation),
            "held_by_finding": list(found[line.order_id].held_by_finding),
            "objections": counts.get(line.order_id),
        }
        | ({"median_price": medians.get(price_kind(found[line.order_id]))} if with_medians else {})
        for line, each in zip(lines, shown, strict=True)
    ]


def public_settlement(settlement: Settlement, lines: Sequence[Line], staff: Caller | None) -> dict[str, Any]:
    """An application with its lines; each beside the median of the prices on sale, for staff, who decides on it."""
    return settlement.public() | {"lines": public_lines(lines, staff, with_medians=staff is not None)}
