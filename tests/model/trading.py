"""The model of orders (§4.2.1): what may be held, what becomes of the hold, and to whom it goes back."""

from datetime import date
from typing import Any

from tests.model.answers import AGAIN, CREATED, OK, Answer, no
from tests.model.records import (
    HOLDING,
    KEY_CATEGORIES,
    VOUCHER_PERCENT,
    City,
    Order,
    Product,
    Step,
    Voucher,
    Year,
    cap_fen,
    day_of,
    non_key_cap_fen,
    non_key_categories,
)


def category_room_fen(city: City, year: Year, category: str) -> int:
    """§2.2.cap: what a category has left."""
    return cap_fen(year.total_fen, category) - city.used_fen(year, [category])


def non_key_room_fen(city: City, year: Year) -> int:
    """§2.2.floor: what the categories outside the key three have left together."""
    return non_key_cap_fen(year.total_fen) - city.used_fen(year, non_key_categories())


def limits_fen(city: City, voucher: Voucher, product: Product, contract_fen: int) -> dict[str, int]:
    """§2.3.2, §2.2: every limit of one order's voucher part."""
    year = voucher.batch.year
    limits = {
        "ratio": contract_fen * VOUCHER_PERCENT // 100,
        "balance": voucher.balance_fen,
        "category_cap": category_room_fen(city, year, product.category),
    }
    if product.category not in KEY_CATEGORIES:
        limits["key_floor"] = non_key_room_fen(city, year)
    return limits


def is_contract_day(city: City, number: int, day: date) -> bool:
    """§4.2.1: within the year, and not in the future."""
    return date(number, 1, 1) <= day <= min(date(number, 12, 31), day_of(city.now))


def reasons_of_parties(city: City, voucher: Voucher, product: Product) -> dict[str, bool]:
    """What stands in the way of any order of this product with this voucher."""
    categories = voucher.batch.body["categories"]
    return {
        "DISQUALIFIED": voucher.firm.disqualified,
        "AGENCY_NOT_ACTIVE": day_of(city.now) > product.active_until,
        "PRODUCT_NOT_LISTED": not product.listed,
        "SELF_DEALING": product.seller_uscc == voucher.firm.uscc,
        "VOUCHER_ENDED": voucher.has_ended(city.now),
        "CATEGORY_NOT_ALLOWED": bool(categories) and product.category not in categories,
    }


def quote(city: City, voucher: Voucher, product: Product) -> Answer:
    """§2.3.2: refused like the order, whatever its amount."""
    why = [code for code, holds in reasons_of_parties(city, voucher, product).items() if holds]
    return no(why[0]) if why else OK


def refusal(city: City, voucher: Voucher, product: Product, body: dict[str, Any]) -> str | None:
    """The first reason why this order holds nothing."""
    limits = limits_fen(city, voucher, product, body["contract_fen"])
    wanted_fen, signed_on = body["voucher_fen"], body["contract_signed_on"]
    reasons = {"MALFORMED": bool(signed_on) and body["contract_number"] is None}
    reasons |= reasons_of_parties(city, voucher, product) | {
        "OVER_RATIO": wanted_fen * 10 > body["contract_fen"] * 7,
        "OVER_BALANCE": wanted_fen > voucher.balance_fen,
        "CONTRACT_YEAR": bool(signed_on)
        and not is_contract_day(city, voucher.batch.year.number, date.fromisoformat(signed_on)),
        "OTHER_SUBSIDY": not body["no_other_subsidy"],
        "CONTRACT_USED": body["contract_number"] in city.contracts,
        "CATEGORY_CAP": wanted_fen > limits["category_cap"],
        "KEY_FLOOR": wanted_fen > limits.get("key_floor", wanted_fen),
    }
    return next((code for code, holds in reasons.items() if holds), None)


def place(
    city: City, by: str, key: str, voucher: Voucher, product: Product, body: dict[str, Any]
) -> tuple[Answer, Order | None]:
    """§4.2.1: the voucher's part is held, once for each key."""
    if by != voucher.firm.person:
        return no("NOT_FOUND"), None
    for each in city.orders:
        if (each.key, each.voucher.firm.person) == (key, by):
            return (AGAIN if each.body == body else no("IDEMPOTENCY_KEY_REUSED")), None
    if (why := refusal(city, voucher, product, body)) is not None:
        return no(why), None
    number, signed_on = body["contract_number"], body["contract_signed_on"]
    day = date.fromisoformat(signed_on) if signed_on else None
    step = ("place", by, body)
    order = Order(key, body, voucher, product, body["contract_fen"], body["voucher_fen"], number, day, step)
    if number is not None:
        city.contracts[number] = order
    voucher.balance_fen -= order.voucher_fen
    city.orders.append(order)
    return CREATED, order


def advance(order: Order, step: Step, states: dict[str, str]) -> Answer:
    """A step that moves no money: `states` maps where it may start to where it leads."""
    if order.took(step):
        return AGAIN
    if order.state not in states:
        return no("WRONG_STATE")
    order.state = states[order.state]
    order.takes(step)
    return OK


def parties_refuse(city: City, order: Order) -> str | None:
    """§4.1.3, §1.4b: why an order that has no contract gets none."""
    if order.has_contract:
        return None
    if order.voucher.firm.disqualified:
        return "DISQUALIFIED"
    return "AGENCY_NOT_ACTIVE" if day_of(city.now) > order.product.active_until else None


def accept(city: City, order: Order, by: str) -> Answer:
    """§4.2.1: the agency takes the order on."""
    if by != order.product.seller:
        return no("NOT_FOUND")
    if order.state == "placed" and (why := parties_refuse(city, order)):
        return no(why)
    return advance(order, ("accept", by, None), {"placed": "accepted"})


def deliver(order: Order, by: str) -> Answer:
    """§4.2.1: the work is done, under a contract that is on record."""
    if by != order.product.seller:
        return no("NOT_FOUND")
    if not order.has_contract:
        return no("CONTRACT_MISSING")
    return advance(order, ("deliver", by, None), {"accepted": "delivered"})


def confirm(order: Order, by: str) -> Answer:
    """The enterprise confirms that the work is done."""
    if by != order.voucher.firm.person:
        return no("NOT_FOUND")
    return advance(order, ("confirm", by, None), {"delivered": "completed"})


def sign(city: City, order: Order, by: str, body: dict[str, Any]) -> Answer:
    """§4.2.1, §2.3.2: the contract comes later, or is corrected."""
    if by not in (order.product.seller, order.voucher.firm.person):
        return no("NOT_FOUND")
    step, day = ("contract", by, body), date.fromisoformat(body["contract_signed_on"])
    if order.took(step):
        return AGAIN
    if order.state not in ("placed", "accepted"):
        return no("WRONG_STATE")
    number = order.voucher.batch.year.number
    if not is_contract_day(city, number, day) or (not order.has_contract and day_of(city.now).year > number):
        return no("CONTRACT_YEAR")
    if order.voucher_fen * 10 > body["contract_fen"] * 7:
        return no("OVER_RATIO")
    if (why := parties_refuse(city, order)) is not None:
        return no(why)
    if city.contracts.get(body["contract_number"], order) is not order:
        return no("CONTRACT_USED")
    free_number(city, order)
    order.contract_number, order.contract_signed_on = body["contract_number"], day
    order.contract_fen = body["contract_fen"]
    order.takes(step)
    city.contracts[body["contract_number"]] = order
    return OK


def refuse(city: City, order: Order, by: str, body: dict[str, Any]) -> Answer:
    """§5.2a: the agency declines; the money goes back."""
    if by != order.product.seller:
        return no("NOT_FOUND")
    answer = advance(order, ("refuse", by, body), {"placed": "refused"})
    if answer.done:
        give_back(city, order)
    return answer


def ask_to_cancel(order: Order, by: str, body: dict[str, Any]) -> Answer:
    """§3.5.1(5): a party asks; whoever is both asks as the enterprise."""
    is_firm = by == order.voucher.firm.person
    if not is_firm and by != order.product.seller:
        return no("NOT_FOUND")
    answer = advance(order, ("request_cancel", by, body), {each: each for each in HOLDING})
    if answer.done:
        order.firm_asked, order.seller_asked = order.firm_asked or is_firm, order.seller_asked or not is_firm
    return answer


def review_cancel(city: City, order: Order, by: str, body: dict[str, Any]) -> Answer:
    """§3.5.1(5): both asked and the operator agrees, or the operator does not."""
    if body["decision"] == "reject":
        answer = advance(order, ("request_cancel", by, body), {each: each for each in HOLDING})
        if answer.done:
            order.firm_asked = order.seller_asked = False
        return answer
    both = order.firm_asked and order.seller_asked
    if order.state in HOLDING and not both:
        return no("CANCEL_NOT_ASKED")
    if order.state == "settling" and order.line.is_under_review:
        return no("LINE_UNDER_REVIEW")
    answer = advance(order, ("cancel", by, body), dict.fromkeys(HOLDING, "cancelled"))
    if answer.done:
        if (line := order.line) is not None:
            line.end(city, "withdrawn", order.last)
            line.application.last = order.last
            line.application.go_on_without()
        give_back(city, order)
    return answer


def free_number(city: City, order: Order) -> None:
    """A contract number that an order no longer needs may be used again."""
    if order.contract_number is not None:
        del city.contracts[order.contract_number]


def give_back(city: City, order: Order) -> None:
    """§3.5.1(5): the hold returns to its voucher; if that has ended, the money lapses in the same step."""
    free_number(city, order)
    voucher = order.voucher
    if voucher.has_ended(city.now):
        forfeit(voucher, order.voucher_fen)
    else:
        voucher.balance_fen += order.voucher_fen


def forfeit(voucher: Voucher, amount_fen: int) -> None:
    """§2.3.3: money that lapses becomes the year's surplus."""
    voucher.forfeited_fen += amount_fen
    voucher.batch.year.lapsed_fen += amount_fen
    voucher.batch.year.surplus_fen += amount_fen
