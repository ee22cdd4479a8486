"""Using a voucher toward a contract (§4.2.1): the 70 % of §2.3.2, the year of the contract, who deals with whom."""

from dataclasses import dataclass
from datetime import date

from voucher.models.agencies import Agency
from voucher.models.enterprises import Enterprise
from voucher.models.orders import Order
from voucher.models.vouchers import Voucher
from voucher.policy import CATEGORY_WORDS, Category, Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.agencies import check_active
from voucher.rules.lifecycle import allows


def max_voucher_fen(contract_fen: int, policy: Policy) -> int:
    """§2.3.2: the largest voucher part of a contract, in fen, rounded down: voucher × 10 ≤ contract × 7."""
    return contract_fen * policy.voucher_max_percent // 100


@dataclass(frozen=True)
class Quote:
    """The largest voucher part one order could have now, in fen, and which limit binds."""

    max_voucher_fen: int
    binding: str
    limits: dict[str, int]


def quote_of(
    contract_fen: int, voucher: Voucher, policy: Policy, category_fen: int, key_floor_fen: int | None
) -> Quote:
    """§2.3.2, §2.2.cap, §2.2.floor: the smallest limit binds; of equal ones the first named."""
    limits = {
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
    most = max_voucher_fen(contract_fen, policy)
    if voucher_fen > most:
        raise Refused(Refusal.OVER_RATIO, percent=policy.voucher_max_percent, max_voucher_fen=most)


def check_qualified(enterprise: Enterprise) -> None:
    """§4.1.2, §4.1.3: only an approved enterprise uses a voucher."""
    if enterprise.state != "approved":
        disqualified = enterprise.state == "disqualified"
        raise Refused(Refusal.DISQUALIFIED if disqualified else Refusal.NOT_APPROVED)


def check_parties(enterprise_uscc: str, agency_uscc: str) -> None:
    """§5.2b: the two parties of one order are different legal persons."""
    if enterprise_uscc == agency_uscc:
        raise Refused(Refusal.SELF_DEALING)


def check_contract_day(signed_on: date, policy: Policy, year: int, today: date) -> None:
    """§4.2.1: the contract is signed within the programme year, and not in the future."""
    if not policy.first_day(year) <= signed_on <= min(policy.last_day(year), today):
        raise Refused(Refusal.CONTRACT_YEAR)


def check_numbered(number: str | None, signed_on: date | None) -> None:
    """§4.2.1: a day of signature without the contract's number is no contract on record."""
    if signed_on is not None and number is None:
        errors = [FieldError("contract_number", "填写签订日期的，须同时填写合同编号。")]
        raise Refused(Refusal.MALFORMED, errors=errors)


def check_may_contract(enterprise: Enterprise | None, agency: Agency | None, today: date) -> None:
    """§4.1.3, §1.4b, §3.2.3: an order without a contract goes on only between parties that are still approved."""
    if enterprise is None or enterprise.state == "disqualified":
        raise Refused(Refusal.DISQUALIFIED)
    check_active(agency, today)


def check_no_other_subsidy(declared: bool) -> None:
    """§5.2b: the enterprise declares that it takes no other subsidy for the order."""
    if not declared:
        raise Refused(Refusal.OTHER_SUBSIDY, errors=[FieldError("no_other_subsidy", "须声明未享受其他政策资金。")])


def room_refusal(pool_id: str, room_fen: int, category: Category) -> Refused:
    """§2.2.cap, §2.2.floor: the refusal for the yearly pool that had too little room."""
    if pool_id.startswith("category."):
        return Refused(Refusal.CATEGORY_CAP, category=CATEGORY_WORDS[category], room_fen=room_fen)
    return Refused(Refusal.KEY_FLOOR, room_fen=room_fen)


def has_contract(order: Order) -> bool:
    """§4.2.1: a signed contract is on record, so the order runs on whatever becomes of its parties or its year."""
    return order.contract_number is not None and order.contract_signed_on is not None


def expires_without_contract(order: Order) -> bool:
    """§4.2.1, §4.1.3: nothing carries the order over its year's end, or over its buyer's disqualification: no contract
    was signed, and nothing was delivered."""
    return not has_contract(order) and allows("order", order.state, "expire")


def check_has_contract(order: Order) -> None:
    """§4.2.1: work is delivered under a contract that is on record."""
    if not has_contract(order):
        raise Refused(Refusal.CONTRACT_MISSING)


def check_cancel_asked(order: Order, agency: Agency | None) -> None:
    """§3.5.1(5): both parties have asked in writing; for an agency that was cleared out before it signed anything
    (§3.4.1) nobody asks any more. Raises CANCEL_NOT_ASKED."""
    is_gone = agency is not None and agency.state == "removed" and not has_contract(order)
    if order.enterprise_cancel is None or (order.agency_cancel is None and not is_gone):
        raise Refused(Refusal.CANCEL_NOT_ASKED)
