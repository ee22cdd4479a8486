"""Using a voucher toward a contract (§4.2.1): the 70 % of §2.3.2, the year of the contract, its two parties."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from voucher.models.agencies import Agency
from voucher.models.enterprises import Enterprise
from voucher.models.order_facts import OrderFacts
from voucher.models.orders import APART_ORDERS, Contact, Order
from voucher.models.pools import category_pool, non_key_pool
from voucher.models.standing import OrderWarning
from voucher.models.vouchers import Voucher
from voucher.policy import CATEGORY_WORDS, Category, Policy
from voucher.refusals import FieldError, Refusal, Refused, refuse_first, refused_by
from voucher.rules.agencies import check_active, check_scope, check_signed_after_approval
from voucher.rules.eligibility import size_class
from voucher.rules.products import check_listed
from voucher.rules.standing import check_no_violation
from voucher.rules.vouchers import check_balance, check_category, check_usable
from voucher.rules.working_days import shanghai_date

Check = Callable[[], object]


def contacts_of(order: Order, enterprise: Enterprise | None, agency: Agency | None) -> dict[str, Contact]:
    """§4.2.1: how the parties of an order reach each other, from its acceptance on: nobody learns a phone number by
    placing an order and taking it back."""
    if order.state in APART_ORDERS:
        return {}
    parties = {"enterprise_contact": enterprise, "agency_contact": agency}
    return {
        name: Contact(contact_name=party.contact_name, contact_phone=party.contact_phone)
        for name, party in parties.items()
        if party
    }


def facts_of_the_day(facts: OrderFacts) -> dict[str, Any]:
    """§4.2.1: what an order keeps of its product and of its parties, as they are on the day it is placed."""
    product, enterprise, agency = facts.product, facts.enterprise, facts.agency
    return {
        "agency_uscc": product.agency_uscc,
        "agency_name": agency.name if agency else None,
        "enterprise_uscc": enterprise.uscc,
        "enterprise_name": enterprise.name,
        "voucher_granted_on": shanghai_date(facts.voucher.granted_at),
        "district": enterprise.district,
        "industry_code": enterprise.industry_code,
        "size_class": size_class(enterprise),
        "product_name": product.name,
        "category": product.category,
        "service_item": product.service_item,
        "price_fen": product.price_fen,
        "price_unit": product.price_unit,
    }


def check_order(order: Order, facts: OrderFacts, no_other_subsidy: bool) -> None:
    """§4.2.1: all that an order must pass before its money is held, at the instant it is placed.

    Raises the refusal that comes first in precedence; its errors name every refusal.
    """
    policy = facts.programme.policy
    number, signed_on = order.contract_number, order.contract_signed_on
    today = shanghai_date(order.created_at)
    checks = [
        *_checks_of_facts(facts, order.created_at),
        lambda: check_numbered(number, signed_on),
        lambda: check_ratio(order.voucher_fen, order.contract_fen, policy),
        lambda: check_balance(order.voucher_fen, facts.voucher),
        lambda: check_least(order.voucher_fen, facts.voucher, policy),
        lambda: check_contract_day(signed_on, policy, order.year, today) if signed_on else None,
        lambda: check_signed_after_approval(signed_on, facts.agency) if signed_on and facts.agency else None,
        lambda: check_no_other_subsidy(no_other_subsidy),
    ]
    refuse_first(refused_by(checks))


def check_quotable(facts: OrderFacts, now: datetime) -> None:
    """§2.3.2: a quote refuses what an order would refuse whatever its amounts are. Raises as `check_order` does."""
    refuse_first(refused_by(_checks_of_facts(facts, now)))


def _checks_of_facts(facts: OrderFacts, now: datetime) -> list[Check]:
    product, agency, today = facts.product, facts.agency, shanghai_date(now)
    return [
        lambda: check_no_violation(facts.standings),
        lambda: check_qualified(facts.enterprise),
        lambda: check_active(agency, today),
        lambda: check_scope(agency, product.category) if agency else None,
        lambda: check_listed(product),
        lambda: check_parties(facts.enterprise.uscc, product.agency_uscc),
        lambda: check_different_people(facts.enterprise, agency),
        lambda: check_usable(facts.voucher, now),
        lambda: check_category(facts.voucher, product.category),
    ]


def pools_to_draw(facts: OrderFacts) -> list[str]:
    """§2.2.cap, §2.2.floor: the yearly pools that an order draws on: its category's, and for a category outside the key
    three the one that all those share."""
    year, category = facts.programme.year, facts.product.category
    cap = category_pool(year, category)
    return [cap] if category in facts.programme.policy.key_categories else [cap, non_key_pool(year)]


def max_voucher_fen(contract_fen: int, policy: Policy) -> int:
    """§2.3.2: the largest voucher part of a contract, in fen, rounded down: voucher × 10 ≤ contract × 7."""
    return contract_fen * policy.voucher_max_percent // 100


Limit = Literal["ratio", "balance", "category_cap", "key_floor"]


@dataclass(frozen=True)
class Quote:
    """The largest voucher part one order could have, in fen, which limit binds, and what the order would warn of."""

    max_voucher_fen: int
    binding: Limit
    limits: dict[Limit, int]
    warnings: tuple[OrderWarning, ...] = ()


def quote_of(
    contract_fen: int, voucher: Voucher, policy: Policy, category_fen: int, key_floor_fen: int | None = None
) -> Quote:
    """§2.3.2, §2.2.cap, §2.2.floor: the smallest limit binds, of equal ones the first. Amounts are fen; `category_fen`
    is the room of the category, `key_floor_fen` that of all categories outside the key three, None for a key one."""
    limits: dict[Limit, int] = {
        "ratio": max_voucher_fen(contract_fen, policy),
        "balance": voucher.balance_fen,
        "category_cap": category_fen,
    }
    if key_floor_fen is not None:
        limits["key_floor"] = key_floor_fen
    binding = min(limits, key=lambda name: limits[name])
    return Quote(limits[binding], binding, limits)


def check_ratio(voucher_fen: int, contract_fen: int, policy: Policy) -> None:
    """§2.3.2: the voucher pays at most 70 % of the contract. Raises OVER_RATIO with the largest part possible."""
    most_fen = max_voucher_fen(contract_fen, policy)
    if voucher_fen > most_fen:
        raise Refused(Refusal.OVER_RATIO, percent=policy.voucher_max_percent, max_voucher_fen=most_fen)


def check_least(voucher_fen: int, voucher: Voucher, policy: Policy) -> None:
    """No clause: an agency answers each order by hand, so none is of a few fen, unless they are a voucher's last ones.
    Raises ORDER_TOO_SMALL."""
    if voucher_fen < min(policy.least_voucher_fen, voucher.balance_fen):
        raise Refused(Refusal.ORDER_TOO_SMALL, least_fen=policy.least_voucher_fen)


def check_qualified(enterprise: Enterprise) -> None:
    """§4.1.2, §4.1.3: only an approved enterprise uses a voucher. Raises DISQUALIFIED or NOT_APPROVED."""
    if enterprise.state != "approved":
        disqualified = enterprise.state == "disqualified"
        raise Refused(Refusal.DISQUALIFIED if disqualified else Refusal.NOT_APPROVED)


def check_parties(enterprise_uscc: str, agency_uscc: str) -> None:
    """§5.2b: the two parties of one order are different legal persons. Raises SELF_DEALING."""
    if enterprise_uscc == agency_uscc:
        raise Refused(Refusal.SELF_DEALING)


def check_different_people(enterprise: Enterprise | None, agency: Agency | None) -> None:
    """§5.2b: nobody acts for both parties of one order. Raises SAME_PERSON."""
    if enterprise and agency and enterprise.members & agency.members:
        raise Refused(Refusal.SAME_PERSON)


def check_contract_day(signed_on: date, policy: Policy, year: int, today: date) -> None:
    """§4.2.1: the contract is signed within the programme year, and not in the future. Raises CONTRACT_YEAR."""
    if not policy.first_day(year) <= signed_on <= min(policy.last_day(year), today):
        raise Refused(Refusal.CONTRACT_YEAR)


def check_numbered(number: str | None, signed_on: date | None) -> None:
    """§4.2.1: a contract on record has a number; a day of signature alone is MALFORMED."""
    if signed_on is not None and number is None:
        errors = [FieldError("contract_number", "填写签订日期的，须同时填写合同编号。", "missing")]
        raise Refused(Refusal.MALFORMED, errors=errors)


def check_no_other_subsidy(declared: bool) -> None:
    """§5.2b: the enterprise declares that it takes no other subsidy for the order. Raises OTHER_SUBSIDY."""
    if not declared:
        raise Refused(Refusal.OTHER_SUBSIDY, errors=[FieldError("no_other_subsidy", "须声明未享受其他政策资金。")])


def room_refusal(pool_id: str, room_fen: int, category: Category) -> Refused:
    """§2.2.cap, §2.2.floor: the refusal for the yearly pool that had too little room."""
    if pool_id.startswith("category."):
        return Refused(Refusal.CATEGORY_CAP, category=CATEGORY_WORDS[category], room_fen=room_fen)
    return Refused(Refusal.KEY_FLOOR, room_fen=room_fen)
