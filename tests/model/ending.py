"""The model of how things end: vouchers by the sweep or the operator, years, and lists that are replaced."""

from collections.abc import Iterable
from datetime import datetime

from tests.model.answers import OK, Answer, no
from tests.model.records import CAP_PERCENT, Batch, City, Firm, Order, Voucher
from tests.model.trading import forfeit, give_back
from tests.model.years import close_for_good

UNSTARTED = ("placed", "accepted")


def end(voucher: Voucher, state: str) -> None:
    """A voucher is over; its balance lapses."""
    if voucher.state == "active":
        forfeit(voucher, voucher.balance_fen)
        voucher.state, voucher.balance_fen = state, 0


def is_uncontracted(order: Order) -> bool:
    """§4.2.1: an order that no signed contract carries over the year's end."""
    return order.state in UNSTARTED and not order.has_contract


def lapse(city: City, batch: Batch, usccs: Iterable[str], instant: datetime, year_over: bool) -> None:
    """§4.2.2, §4.2.1: the sweep's work on some of a batch's firms."""
    concerned = set(usccs)
    for order in city.orders:
        of_batch = order.voucher.batch is batch and order.voucher.firm.uscc in concerned
        if year_over and of_batch and is_uncontracted(order):
            cancel(city, order)
    for voucher in city.vouchers:
        if voucher.batch is batch and voucher.firm.uscc in concerned and batch.ends_at <= instant:
            end(voucher, "expired")


def cancel(city: City, order: Order) -> None:
    """An order that no contract carries on; its money lapses with its voucher."""
    give_back(city, order)
    order.state = "cancelled"


def void(city: City, firm: Firm) -> None:
    """§4.1.3: a disqualified firm's unused vouchers are void, and what no contract used yet."""
    for voucher in city.vouchers:
        if voucher.firm is firm and abs(voucher.batch.year.number - city.now.year) <= 1:
            end(voucher, "void")
            for order in city.orders:
                if order.voucher is voucher and is_uncontracted(order):
                    cancel(city, order)


def close_year(city: City, number: int) -> None:
    """§1.4b, §2.2.floor: batches end; once nothing is left to lapse, the use of each category is frozen."""
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


def turn_of(kind: str, number: int) -> tuple[str, int]:
    """What is brought into force one version at a time: a list, and of the D lists all years together."""
    return (kind, 0 if kind == "rated_d" else number)


def begin_list(city: City, kind: str, number: int) -> Answer:
    """The bureau puts a version in force; it holds once the worker has been there."""
    if turn_of(kind, number) in city.lists_in_turn:
        return no("LIST_IN_TURN")
    city.lists_in_turn.add(turn_of(kind, number))
    return OK


def apply_list(city: City, kind: str, number: int, usccs: frozenset[str]) -> None:
    """§2.1.1, §2.3.1: a list replaces its predecessor; of the D lists only the newest year's counts."""
    city.lists_in_turn.remove(turn_of(kind, number))
    if kind != "rated_d":
        city.lists[(kind, number)] = usccs
    elif number >= city.rated_d[0]:
        city.rated_d = (number, usccs)
