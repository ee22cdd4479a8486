"""The model of orders (§4.2.1): how much may be held, how the hold ends, and where its money returns to."""

from datetime import date
from typing import Any

from tests.model.reference.answers import CREATED, OK, REPLAY, ExpectedAnswer, refusal
from tests.model.reference.records import (
    AGENCIES_APPROVED_ON,
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
    end_of,
    non_key_cap_fen,
    non_key_categories,
)

LEAST_ORDER_FEN = 100


def category_room_fen(city: City, year: Year, category: str) -> int:
    """§2.2.cap: how much of a category's cap is unused."""
    return cap_fen(year.total_fen, category) - city.used_fen(year, [category])


def non_key_room_fen(city: City, year: Year) -> int:
    """§2.2.floor: how much of the cap of all non-key categories is unused."""
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
    """§4.2.1: a contract is signed within the year, today at the latest."""
    return date(number, 1, 1) <= day <= min(date(number, 12, 31), day_of(city.now))


def are_accused(city: City, *codes: str) -> bool:
    """§2.1.3, §5.2b: a violation is on record under a credit code; that of an agency may be an enterprise's, too."""
    return any(each.violations for each in city.enterprises if each.uscc in codes)


def party_refusals(city: City, voucher: Voucher, product: Product) -> dict[str, bool]:
    """Code → whether it refuses every order of this product with this voucher, whatever the amount."""
    categories = voucher.batch.body["categories"]
    return {
        "HAS_VIOLATION": are_accused(city, voucher.enterprise.uscc, product.agency_uscc),
        "DISQUALIFIED": voucher.enterprise.disqualified,
        "AGENCY_NOT_ACTIVE": day_of(city.now) > product.active_until,
        "PRODUCT_NOT_LISTED": not product.is_listed,
        "SELF_DEALING": product.agency_uscc == voucher.enterprise.uscc,
        "VOUCHER_ENDED": voucher.has_ended(city.now),
        "CATEGORY_NOT_ALLOWED": bool(categories) and product.category not in categories,
    }


def quote(city: City, voucher: Voucher, product: Product) -> ExpectedAnswer:
    """§2.3.2: refused for the same reasons as an order, the amount apart."""
    codes = [code for code, holds in party_refusals(city, voucher, product).items() if holds]
    return refusal(codes[0]) if codes else OK


def waiting_orders(city: City, voucher: Voucher, product: Product) -> int:
    """How many orders of the same two parties the agency has not answered, of any year."""
    parties = (voucher.enterprise.uscc, product.agency_uscc)
    return sum(each.state == "placed" and each.parties == parties for each in city.orders)


def placing_refusal(city: City, voucher: Voucher, product: Product, body: dict[str, Any]) -> str | None:
    """The first reason to refuse this order; None if it is placed."""
    limits = limits_fen(city, voucher, product, body["contract_fen"])
    voucher_fen, signed_on = body["voucher_fen"], body["contract_signed_on"]
    reasons = {"MALFORMED": bool(signed_on) and body["contract_number"] is None}
    reasons |= party_refusals(city, voucher, product) | {
        "OVER_RATIO": voucher_fen * 10 > body["contract_fen"] * 7,
        "OVER_BALANCE": voucher_fen > voucher.balance_fen,
        "ORDER_TOO_SMALL": voucher_fen < min(LEAST_ORDER_FEN, voucher.balance_fen),
        "CONTRACT_YEAR": bool(signed_on)
        and not is_contract_day(city, voucher.batch.year.number, date.fromisoformat(signed_on)),
        "CONTRACT_BEFORE_APPROVAL": bool(signed_on) and date.fromisoformat(signed_on) < AGENCIES_APPROVED_ON,
        "OTHER_SUBSIDY": not body["no_other_subsidy"],
        "CONTRACT_USED": (product.agency_uscc, body["contract_number"]) in city.contracts,
        "TOO_MANY_ORDERS": waiting_orders(city, voucher, product) >= voucher.batch.year.orders_per_pair,
        "CATEGORY_CAP": voucher_fen > limits["category_cap"],
        "KEY_FLOOR": voucher_fen > limits.get("key_floor", voucher_fen),
    }
    return next((code for code, holds in reasons.items() if holds), None)


def place(
    city: City, by: str, key: str, voucher: Voucher, product: Product, body: dict[str, Any]
) -> tuple[ExpectedAnswer, Order | None]:
    """§4.2.1: the voucher's part is held, once for each idempotency key."""
    if by != voucher.enterprise.person:
        return refusal("NOT_FOUND"), None
    for each in city.orders:
        if (each.key, each.voucher.enterprise.person) == (key, by):
            return (REPLAY if each.body == body else refusal("IDEMPOTENCY_KEY_REUSED")), None
    if (code := placing_refusal(city, voucher, product, body)) is not None:
        return refusal(code), None
    number, signed_on = body["contract_number"], body["contract_signed_on"]
    day = date.fromisoformat(signed_on) if signed_on else None
    step = ("place", by, body)
    order = Order(key, body, voucher, product, body["contract_fen"], body["voucher_fen"], number, day, step)
    if number is not None:
        city.contracts[product.agency_uscc, number] = order
    voucher.balance_fen -= order.voucher_fen
    order.hands.add(by)
    city.orders.append(order)
    return CREATED, order


def advance(order: Order, step: Step, states: dict[str, str]) -> ExpectedAnswer:
    """A step that moves no money: `states` maps each state in which it is allowed to the next state."""
    if order.repeats(step):
        return REPLAY
    if order.state not in states:
        return refusal("WRONG_STATE")
    order.state = states[order.state]
    order.remember(step)
    return OK


def advance_by_party(order: Order, step: Step, states: dict[str, str]) -> ExpectedAnswer:
    """The same by a party, whose person the order remembers."""
    answer = advance(order, step, states)
    if answer.took_effect:
        order.hands.add(step[1])
    return answer


def contract_refusal(city: City, order: Order) -> str | None:
    """§4.1.3, §1.4b: why an order without a contract may not get one; None if it may."""
    if order.has_contract:
        return None
    if order.voucher.enterprise.disqualified:
        return "DISQUALIFIED"
    return "AGENCY_NOT_ACTIVE" if day_of(city.now) > order.product.active_until else None


def accept(city: City, order: Order, by: str) -> ExpectedAnswer:
    """§4.2.1: the agency accepts the order."""
    if by != order.product.agency_member:
        return refusal("NOT_FOUND")
    if order.state == "placed" and is_too_late(city, order):
        return refusal("CONTRACT_YEAR")
    if order.state == "placed" and are_accused(city, *order.parties):
        return refusal("HAS_VIOLATION")
    if order.state == "placed" and (code := contract_refusal(city, order)):
        return refusal(code)
    answer = advance_by_party(order, ("accept", by, None), {"placed": "accepted"})
    order.has_contract |= answer.took_effect and order.contract_signed_on is not None
    return answer


def deliver(order: Order, by: str) -> ExpectedAnswer:
    """§4.2.1: the agency has delivered, under a recorded contract."""
    if by != order.product.agency_member:
        return refusal("NOT_FOUND")
    if not order.has_contract:
        return refusal("CONTRACT_MISSING")
    answer = advance_by_party(order, ("deliver", by, None), {"accepted": "delivered"})
    if answer.took_effect:
        order.proposed = None
    return answer


def confirm(order: Order, by: str) -> ExpectedAnswer:
    """The enterprise confirms the delivery."""
    if by != order.voucher.enterprise.person:
        return refusal("NOT_FOUND")
    return advance_by_party(order, ("confirm", by, None), {"delivered": "completed"})


def dispute(order: Order, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """§4.2.1: the enterprise disputes a delivery, once."""
    if by != order.voucher.enterprise.person:
        return refusal("NOT_FOUND")
    step = ("dispute", by, body)
    if order.is_disputed and order.state == "delivered" and not order.repeats(step):
        return refusal("ALREADY_EXISTS")
    answer = advance_by_party(order, step, {"delivered": "delivered"})
    order.is_disputed |= answer.took_effect
    return answer


def decide(city: City, order: Order, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """§4.2.1: on a dispute, on silence, or when the enterprise is out, the operator decides on a delivery."""
    if order.may_not_be_decided_by(by):
        return refusal("FOUR_EYES")
    if order.state != "delivered":
        return refusal("WRONG_STATE")
    is_silent = order.confirm_by is not None and city.now >= end_of(order.confirm_by)
    if not (order.is_disputed or is_silent or order.voucher.enterprise.disqualified):
        return refusal("TOO_EARLY")
    decision = body["decision"]
    order.last = (f"decide.{decision}", by, body)
    order.deciders.add(by)
    order.state = {"confirm": "completed", "return": "accepted", "cancel": "cancelled"}[decision]
    if decision == "cancel":
        return_hold(city, order)
    if decision == "return":
        order.is_disputed = False
        for step in ("deliver", "dispute"):
            order.steps.pop(step, None)
    return OK


def is_too_late(city: City, order: Order) -> bool:
    """§4.2.1: after its year an order comes to no contract."""
    return not order.has_contract and day_of(city.now).year > order.voucher.batch.year.number


def contract_error(city: City, order: Order, body: dict[str, Any]) -> str | None:
    """§4.2.1, §1.4b, §2.3.2: why an order may not have this contract."""
    day, own = date.fromisoformat(body["contract_signed_on"]), (order.product.agency_uscc, body["contract_number"])
    reasons = {
        "CONTRACT_YEAR": is_too_late(city, order) or not is_contract_day(city, order.voucher.batch.year.number, day),
        "CONTRACT_BEFORE_APPROVAL": day < AGENCIES_APPROVED_ON,
        "OVER_RATIO": order.voucher_fen * 10 > body["contract_fen"] * 7,
        contract_refusal(city, order) or "": contract_refusal(city, order) is not None,
        "CONTRACT_USED": city.contracts.get(own, order) is not order,
    }
    return next((code for code, holds in reasons.items() if holds), None)


def take_contract(city: City, order: Order, body: dict[str, Any]) -> None:
    """§5.2b: the order has this contract, and its number; the number before is free."""
    free_contract_number(city, order)
    order.contract_number, order.contract_fen = body["contract_number"], body["contract_fen"]
    order.contract_signed_on = date.fromisoformat(body["contract_signed_on"])
    city.contracts[order.product.agency_uscc, body["contract_number"]] = order


def sign(city: City, order: Order, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """§4.2.1: a party says what the contract is; from the acceptance on it waits for the other one's word."""
    if by not in (order.product.agency_member, order.voucher.enterprise.person):
        return refusal("NOT_FOUND")
    step, party = ("contract", by, body), order.party_of(by)
    if order.repeats(step):
        return REPLAY
    if order.state != "accepted" and (order.state, party) != ("placed", "enterprise"):
        return refusal("WRONG_STATE")
    if (code := contract_error(city, order, body)) is not None:
        return refusal(code)
    if order.state == "placed":
        take_contract(city, order, body)
    else:
        order.proposed = {**body, "party": party}
    order.steps.pop("acknowledge", None)
    order.remember(step)
    order.hands.add(by)
    return OK


def acknowledge(city: City, order: Order, by: str) -> ExpectedAnswer:
    """§4.2.1: the other party agrees, and the contract counts."""
    if by not in (order.product.agency_member, order.voucher.enterprise.person):
        return refusal("NOT_FOUND")
    step = ("acknowledge", by, None)
    if order.repeats(step):
        return REPLAY
    if order.proposed is None or order.proposed["party"] == order.party_of(by):
        return refusal("NO_CONTRACT_PROPOSED")
    if order.state != "accepted":
        return refusal("WRONG_STATE")
    if (code := contract_error(city, order, order.proposed)) is not None:
        return refusal(code)
    take_contract(city, order, order.proposed)
    order.has_contract, order.proposed = True, None
    order.remember(step)
    order.hands.add(by)
    return OK


def refuse(city: City, order: Order, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """§5.2a: the agency refuses the order; the money returns to the voucher."""
    if by != order.product.agency_member:
        return refusal("NOT_FOUND")
    answer = advance(order, ("refuse", by, body), {"placed": "refused"})
    if answer.took_effect:
        return_hold(city, order)
    return answer


def withdraw(city: City, order: Order, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """§4.2.1: before the agency accepts, the enterprise takes the order back; the money returns to the voucher."""
    if by != order.voucher.enterprise.person:
        return refusal("NOT_FOUND")
    answer = advance(order, ("withdraw", by, body), {"placed": "withdrawn"})
    if answer.took_effect:
        return_hold(city, order)
    return answer


def ask_to_cancel(order: Order, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """§3.5.1(5): a party asks to cancel; a person of both parties counts as the enterprise."""
    is_owner = by == order.voucher.enterprise.person
    if not is_owner and by != order.product.agency_member:
        return refusal("NOT_FOUND")
    answer = advance_by_party(order, ("request_cancel", by, body), {each: each for each in HOLDING})
    if answer.took_effect:
        order.enterprise_requested_cancel |= is_owner
        order.agency_requested_cancel |= not is_owner
        for settled in (order.line, order.line and order.line.round):
            if settled is not None:
                settled.hands.add(by)
    return answer


def take_request_back(order: Order, by: str) -> ExpectedAnswer:
    """§3.5.1(5): a party no longer asks to cancel; if it asks again in the same words, it asks anew."""
    is_owner = by == order.voucher.enterprise.person
    if not is_owner and by != order.product.agency_member:
        return refusal("NOT_FOUND")
    if not (order.enterprise_requested_cancel if is_owner else order.agency_requested_cancel):
        return refusal("NO_CANCEL_REQUEST")
    if order.state not in HOLDING:
        return refusal("WRONG_STATE")
    order.last = ("withdraw_cancel", by, None)
    order.steps.pop("request_cancel", None)
    order.enterprise_requested_cancel &= not is_owner
    order.agency_requested_cancel &= is_owner
    return OK


def review_cancel(city: City, order: Order, by: str, body: dict[str, Any]) -> ExpectedAnswer:
    """§3.5.1(5): the operator approves what both parties asked for, or, before the agency accepted, the enterprise; or
    rejects it; nobody who acted for one."""
    if order.may_not_be_decided_by(by):
        return refusal("FOUR_EYES")
    if body["decision"] == "reject":
        answer = advance(order, ("request_cancel", by, body), {each: each for each in HOLDING})
        if answer.took_effect:
            order.enterprise_requested_cancel = order.agency_requested_cancel = False
        return answer
    if order.state in HOLDING and not is_cancel_asked(city, order):
        return refusal("CANCEL_NOT_ASKED")
    if order.state == "settling" and order.line.is_under_review:
        return refusal("LINE_UNDER_REVIEW")
    answer = advance(order, ("cancel", by, body), dict.fromkeys(HOLDING, "cancelled"))
    if answer.took_effect:
        if (line := order.line) is not None:
            line.end(city, "withdrawn", order.last)
            line.application.last = order.last
            line.application.update_after_line_left()
        return_hold(city, order)
    return answer


def is_cancel_asked(city: City, order: Order) -> bool:
    """§3.5.1(5): both parties asked, or one while the other is out or has been silent for too long; before the
    acceptance the enterprise suffices."""
    by_enterprise, by_agency = order.enterprise_requested_cancel, order.agency_requested_cancel
    if by_enterprise and (by_agency or order.state == "placed"):
        return True
    if not (by_enterprise or by_agency):
        return False
    is_other_gone = by_agency and order.voucher.enterprise.disqualified
    return is_other_gone or city.now >= end_of(order.cancel_answer_by["enterprise" if by_enterprise else "agency"])


def free_contract_number(city: City, order: Order) -> None:
    """The order ends or changes its contract: its contract number may be used again."""
    if order.contract_number is not None:
        del city.contracts[order.product.agency_uscc, order.contract_number]


def return_hold(city: City, order: Order) -> None:
    """§3.5.1(5): the hold returns to its voucher; if the voucher has ended, the money lapses in the same step."""
    free_contract_number(city, order)
    voucher = order.voucher
    if voucher.has_ended(city.now):
        forfeit(voucher, order.voucher_fen)
    else:
        voucher.balance_fen += order.voucher_fen


def forfeit(voucher: Voucher, amount_fen: int) -> None:
    """§2.3.3: money of a voucher lapses and becomes the year's surplus."""
    voucher.forfeited_fen += amount_fen
    voucher.batch.year.lapsed_fen += amount_fen
    voucher.batch.year.surplus_fen += amount_fen
