"""The model of other subsidies (§5.2b): what a list says of an order, and the bureau's word on it."""

from collections.abc import Iterable
from typing import Any

from tests.model.reference.answers import OK, REPLAY, ExpectedAnswer, refusal
from tests.model.reference.records import City, Order
from tests.model.reference.settlement_records import ENDED, Line

KIND = "other_subsidy"
# the code of an enterprise, and the contract that was subsidised; None: nobody knows which
Item = tuple[str, str | None]


def touched(city: City, number: int, items: frozenset[Item]) -> int:
    """How many codes have other items than before. Each version names an outsider as well, whom the first one
    brings."""
    return len(codes_of(city, number, items)) + (number not in city.subsidies)


def codes_of(city: City, number: int, items: frozenset[Item]) -> set[str]:
    """The codes of enterprises that have other items than before."""
    return {uscc for uscc, _ in items ^ frozenset(city.subsidies.get(number, {}))}


def apply_list(city: City, number: int, items: frozenset[Item]) -> None:
    """The list of a year replaces the version before; what both say is what was there before."""
    city.lists_in_turn.remove((KIND, number))
    changed, before = codes_of(city, number, items), city.subsidies.get(number, {})
    city.subsidy_versions += 1
    city.subsidies[number] = {item: before.get(item, city.subsidy_versions) for item in items}
    for order in city.orders:
        if order.line and order.state in ("settling", "payable") and order.voucher.enterprise.uscc in changed:
            look_again(city, order.line)


def look_again(city: City, line: Line) -> None:
    """The worker notes whether the bureau's word is wanted; that is then the line's last step."""
    if line.subsidy_open != is_open(city, line):
        line.subsidy_open, line.last = not line.subsidy_open, ("relist", "import_list", None)


def concerning(city: City, order: Order) -> frozenset[tuple[Item, int]]:
    """What the list of its year says of an order, each with the version that brought it."""
    items = city.subsidies.get(order.voucher.batch.year.number, {})
    mine = (order.voucher.enterprise.uscc, order.contract_number)
    return frozenset((item, version) for item, version in items.items() if item in (mine, (mine[0], None)))


def waiting(city: City, order: Order) -> frozenset[tuple[Item, int]]:
    """What the bureau has not looked at."""
    return concerning(city, order) - order.subsidies_seen


def is_exact(items: Iterable[tuple[Item, int]]) -> bool:
    return any(contract is not None for (_, contract), _ in items)


def is_open(city: City, line: Line) -> bool:
    """Before its submission a line waits only for its own contract."""
    items = waiting(city, line.order)
    return is_exact(items) or (bool(items) and line.state not in ("draft", "returned"))


def refusal_of(city: City, orders: Iterable[Order], decided: bool = True) -> str | None:
    """What stops some orders: the same item, or that nobody decided where that must be."""
    codes = {stop_of(city, order) for order in orders}
    if "OTHER_SUBSIDY" in codes:
        return "OTHER_SUBSIDY"
    return "SUBSIDY_UNDECIDED" if decided and "SUBSIDY_UNDECIDED" in codes else None


def stop_of(city: City, order: Order) -> str | None:
    items = waiting(city, order)
    if order.subsidy_word == "same" or is_exact(items):
        return "OTHER_SUBSIDY"
    return "SUBSIDY_UNDECIDED" if items else None


def decide(city: City, line: Line, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """The bureau's word on all that is known now; nobody who acted for a party of the order."""
    step, order = ("decide_subsidy", by, body), line.order
    if order.repeats(step) and not waiting(city, order):
        return REPLAY
    if line.state in ENDED:
        return refusal("WRONG_STATE")
    if by in line.hands or order.may_not_be_decided_by(by):
        return refusal("FOUR_EYES")
    if not concerning(city, order) and order.subsidy_word is None:
        return refusal("NO_OTHER_SUBSIDY")
    if order.state not in ("settling", "payable"):
        return refusal("WRONG_STATE")
    order.subsidy_word, order.subsidies_seen = body["decision"], concerning(city, order)
    line.subsidy_open = False
    order.remember(step)
    return OK
