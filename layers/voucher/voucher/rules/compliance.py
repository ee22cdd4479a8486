"""A year against its limits (§5.1, §2.2, §2.3.2, §5.2a): shares on three bases, the day on which a limit is reached,
and what is out of the ordinary."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from voucher.models.base import instant_text, yuan
from voucher.models.compliance import ExceptionKind, ReportException, Shares
from voucher.models.orders import APART_ORDERS, Order
from voucher.models.programmes import Programme
from voucher.models.reports import LETTERS, FirmYear, KeptReport
from voucher.policy import SIGNALS, Category, Policy
from voucher.rules.orders import max_voucher_fen
from voucher.rules.programmes import category_cap_fen, non_key_room_fen
from voucher.rules.reports import TOTAL, figures_of
from voucher.rules.signals import full_share_rows, is_confirmed_fast, signals_of_agencies

# the pace is that of this month so far and the two before it
MONTHS_OF_PACE = 3
# an order whose hold went back counts no more
NOT_COUNTED = APART_ORDERS - {"placed"}


def exceptions_of(firm: FirmYear, policy: Policy) -> dict[str, ReportException]:
    """§2.3.2, §5.2a, §4.2.1: the orders of an enterprise that a supervisor should look at, by their place in the
    list."""
    rows = full_share_rows([order for order in firm.orders if order.state not in NOT_COUNTED], policy)
    found = [each for order in firm.orders for each in _exceptions_of(order, policy, rows.get(order.order_id))]
    return {f"AT#{instant_text(each.at)}#{each.kind}#{each.order_id}": each for each in found}


def _exceptions_of(order: Order, policy: Policy, row: int | None) -> Iterator[ReportException]:
    """`row` is how many orders in a row are at the full share, if that is a signal."""
    listed_fen, percent = order.price_fen * order.quantity, policy.voucher_max_percent

    def exception(kind: ExceptionKind, at: Any, message: str) -> ReportException:
        facts = order.model_dump(include={*ReportException.model_fields} & {*Order.model_fields})
        return ReportException(kind=kind, at=at, listed_fen=listed_fen, message=message, **facts)

    if order.decision:
        yield exception("decided_alone", order.decision.at, "平台未经一方确认即作出处理。")
    if order.state in NOT_COUNTED:
        return
    if order.voucher_fen == max_voucher_fen(order.contract_fen, policy):
        yield exception("full_share", order.created_at, f"抵用额恰为合同金额的上限（{percent}%）。")
    if row is not None:
        words = f"该企业在该机构连续 {row} 笔订单的抵用额均恰为合同金额的上限（{percent}%），请核对合同金额是否真实。"
        yield exception("full_share_row", order.created_at, words)
    if order.contract_fen > listed_fen:
        words = f"合同金额高于机构公布的价格标准与数量之积（{yuan(listed_fen)} 元）。"
        yield exception("above_price", order.created_at, words)
    if is_confirmed_fast(order):
        words = f"机构交付后 {SIGNALS.confirmed_minutes} 分钟内企业即确认，请核对服务是否实际完成。"
        yield exception("confirmed_fast", order.entered["completed"], words)


def used_by_month(kept: KeptReport, row: str) -> dict[str, int]:
    """§2.2.cap: what orders hold, or have taken, of a row in each month, in fen: what went back counts against."""
    months: dict[str, int] = {}
    signs = {LETTERS["held_fen"]: 1, LETTERS["released_fen"]: -1}
    for cell, fen in kept.rows.get(row, {}).items():
        if sign := signs.get(cell[4:]):
            months[cell[:4]] = months.get(cell[:4], 0) + sign * fen
    return dict(sorted(months.items()))


def day_reached(months: Mapping[str, int], room_fen: int, today: date, first: date, last: date) -> date | None:
    """The day on which no room is left if it goes on as in this month and the two before; None if that is not until
    `last`. `first` is the year's first day, before which nothing could be used."""
    if room_fen <= 0:
        return today
    number = today.year * 12 + today.month - MONTHS_OF_PACE
    begin = max(date(number // 12, number % 12 + 1, 1), first)
    recent_fen = sum(fen for month, fen in months.items() if f"{begin:%y%m}" <= month <= f"{today:%y%m}")
    if recent_fen <= 0:
        return None
    days = max(1, (today - begin).days + 1)
    more = -(-room_fen * days // recent_fen)
    return today + timedelta(days=more) if more <= (last - today).days else None


def shares_of(fen: int, budget_fen: int, granted_fen: int, used_fen: int) -> Shares:
    """§2.2: an amount on the three bases."""
    return {
        "of_budget": _percent(fen, budget_fen),
        "of_granted": _percent(fen, granted_fen),
        "of_used": _percent(fen, used_fen),
    }


def _percent(part: int, whole: int) -> float | None:
    return part * 10_000 // whole / 100 if whole else None


def compliance_of(programme: Programme, kept: KeptReport, today: date) -> dict[str, Any]:
    """§2.2, §2.3, §3.2.3: the compliance report of a year, as a client sees it."""
    policy, total_fen = programme.policy, programme.total_fen
    months = {category: used_by_month(kept, f"category.{category}") for category in Category}
    used = {category: sum(each.values()) for category, each in months.items()}
    key = set(policy.key_categories)
    key_fen, used_fen = sum(used[each] for each in key), sum(used.values())
    figures = figures_of(kept.rows.get(TOTAL, {}).items())
    granted_fen = figures["granted_fen"]
    span = (today, policy.first_day(programme.year), policy.last_day(programme.year))

    def reached_on(of_months: Mapping[str, int], room_fen: int) -> str | None:
        day = day_reached(of_months, room_fen, *span)
        return day.isoformat() if day else None

    caps = {category: category_cap_fen(total_fen, policy, category) for category in Category}
    others = _together([months[each] for each in Category if each not in key])
    room_fen = non_key_room_fen(total_fen, policy) - (used_fen - key_fen)
    return {
        "year": programme.year,
        "cut_off": kept.counted_at and instant_text(kept.counted_at),
        "budget": {
            "total_fen": total_fen,
            "granted_fen": granted_fen,
            "used_fen": used_fen,
            "all_granted_on": reached_on(_granted_by_month(kept), total_fen - granted_fen),
            "all_used_on": reached_on(_together(list(months.values())), total_fen - used_fen),
        },
        "caps": [
            {
                "category": category.value,
                "cap_percent": policy.cap_percent[category],
                "cap_fen": caps[category],
                "used_fen": used[category],
                "room_fen": caps[category] - used[category],
                "shares": shares_of(used[category], total_fen, granted_fen, used_fen),
                "reached_on": reached_on(months[category], caps[category] - used[category]),
            }
            for category in Category
        ],
        "floor": {
            "floor_percent": policy.key_floor_percent,
            "key_used_fen": key_fen,
            "shares": shares_of(key_fen, total_fen, granted_fen, used_fen),
            "room_fen": room_fen,
            "reached_on": reached_on(others, room_fen),
            "trend": _trend(_together([months[each] for each in key]), others),
        },
        "settlement_days": _settlement_days(kept),
        "rating_count": figures["rating_count"],
        "rating_average": figures["rating_average"],
        "signals": signals_of_agencies(kept.rows),
        "looser": [each.public() for each in programme.deviations],
        "document_number": programme.document_number,
        "four_eyes": None if kept.reconciled is None else list(kept.reconciled.four_eyes),
    }


def _granted_by_month(kept: KeptReport) -> dict[str, int]:
    cells = kept.rows.get(TOTAL, {})
    return {cell[:4]: fen for cell, fen in cells.items() if cell[4:] == LETTERS["granted_fen"]}


def _together(many: list[dict[str, int]]) -> dict[str, int]:
    months = sorted({month for each in many for month in each})
    return {month: sum(each.get(month, 0) for each in many) for month in months}


def _trend(key: Mapping[str, int], others: Mapping[str, int]) -> list[dict[str, Any]]:
    """§2.2.floor: the key share of all that was used until the end of each month."""
    trend, key_fen, all_fen = [], 0, 0
    for month in sorted({*key, *others}):
        key_fen += key.get(month, 0)
        all_fen += key.get(month, 0) + others.get(month, 0)
        trend.append({"month": f"20{month[:2]}-{month[2:]}", "key_share_percent": _percent(key_fen, all_fen)})
    return trend


def _settlement_days(kept: KeptReport) -> float | None:
    """§3.5: review and payment, each on average of the orders that left it."""
    days = figures_of(kept.rows.get(TOTAL, {}).items())["stage_days"]
    review, pay = days["review"], days["pay"]
    return None if review is None or pay is None else round(review + pay, 1)
