"""The model of endings: vouchers that expire or become void, orders without a contract, and the year's closing."""

from collections.abc import Iterable
from datetime import date, datetime

from tests.model.reference.orders import forfeit, return_hold
from tests.model.reference.programmes import close_for_good
from tests.model.reference.records import CAP_PERCENT, Batch, City, Enterprise, Order, Voucher, end_of
from tests.model.reference.settlement_records import Line

UNSTARTED = ("placed", "accepted")


def end_voucher(voucher: Voucher, state: str) -> None:
    """A voucher ends in `state`; its balance lapses."""
    if voucher.state == "active":
        forfeit(voucher, voucher.balance_fen)
        voucher.state, voucher.balance_fen = state, 0


def is_uncontracted(order: Order) -> bool:
    """§4.2.1: True if the order ends with the year: no contract was signed and nothing was delivered."""
    return order.state in UNSTARTED and not order.has_contract


def lapse_vouchers(city: City, batch: Batch, usccs: Iterable[str], instant: datetime, year_over: bool) -> None:
    """§4.2.2, §4.2.1: the sweep ends the vouchers of some enterprises of a batch, at a year's end their orders, too."""
    uscc_set = set(usccs)
    for order in city.orders:
        of_batch = order.voucher.batch is batch and order.voucher.enterprise.uscc in uscc_set
        if year_over and of_batch and is_uncontracted(order):
            cancel_order(city, order)
    for voucher in city.vouchers:
        if voucher.batch is batch and voucher.enterprise.uscc in uscc_set and batch.ends_at <= instant:
            end_voucher(voucher, "expired")


# of later years nobody knows the holidays yet, so no order ends by a term over them
LAST_KNOWN_YEAR = 2026


def is_unanswered(order: Order, instant: datetime) -> bool:
    """§4.2.1: the agency did not answer the order by its last day."""
    day = order.answer_by
    return order.state == "placed" and day is not None and day.year <= LAST_KNOWN_YEAR and instant >= end_of(day)


def end_unanswered(city: City, name: str, instant: datetime) -> bool:
    """§4.2.1: an order that is not answered in time is cancelled; True if it was."""
    order = next(each for each in city.orders if each.name == name)
    if not is_unanswered(order, instant):
        return False
    cancel_order(city, order)
    return True


def is_over(day: date, instant: datetime) -> bool:
    """§4.2.1: a day that a year names is over."""
    return instant >= end_of(day)


def is_line_over(line: Line, instant: datetime) -> bool:
    """§4.2.1: the last day of a line is over; of a day that was counted, nobody may be in doubt."""
    is_known = line.last_day == line.application.year.settled_until or line.last_day.year <= LAST_KNOWN_YEAR
    return is_known and is_over(line.last_day, instant)


def is_left_unsettled(order: Order, instant: datetime) -> bool:
    """§4.2.1: the order was not handed in for settlement by its last day."""
    if order.line is not None:
        return order.line.state in ("draft", "returned") and is_line_over(order.line, instant)
    is_waiting = order.state in ("accepted", "delivered", "completed")
    return is_waiting and is_over(order.voucher.batch.year.settled_until, instant)


def end_unsettled(city: City, order: Order, instant: datetime) -> bool:
    """§4.2.1: an order that was not handed in ends, with its line; True if it did."""
    if not is_left_unsettled(order, instant):
        return False
    if line := order.line:
        line.end(city, "withdrawn", ("withdraw", "sweep", None))
        line.application.update_after_line_left()
        line.application.last = ("withdraw_line", "sweep", None)
    cancel_order(city, order)
    return True


def cancel_order(city: City, order: Order) -> None:
    """An order without a contract is cancelled; its money returns to the voucher, or lapses."""
    return_hold(city, order)
    order.state = "cancelled"


def void_vouchers(city: City, enterprise: Enterprise) -> None:
    """§4.1.3: a disqualified enterprise's vouchers are void, its orders without a contract cancelled. A late message
    finds one that was restored, and ends nothing."""
    if not enterprise.disqualified:
        return
    for voucher in city.vouchers:
        if voucher.enterprise is enterprise and abs(voucher.batch.year.number - city.now.year) <= 1:
            end_voucher(voucher, "void")
            for order in city.orders:
                if order.voucher is voucher and is_uncontracted(order):
                    cancel_order(city, order)


def close_year(city: City, number: int) -> None:
    """§1.4b, §2.2.floor: batches close; when nothing can lapse any more, the use of each category is final."""
    year = city.years[number]
    if year.state != "open":
        return
    for batch in city.batches:
        if batch.year is year and batch.state == "published":
            close_for_good(batch)
    orders = [each for each in city.orders if each.voucher.batch.year is year]
    vouchers = [each for each in city.vouchers if each.batch.year is year]
    if any(each.state == "active" for each in vouchers) or any(is_uncontracted(each) for each in orders):
        return
    year.closing = {category: city.used_fen(year, [category]) for category in CAP_PERCENT}
    year.lapsed_fen += year.unreleased_fen
    year.surplus_fen += year.unreleased_fen
    year.unreleased_fen, year.state = 0, "closed"
