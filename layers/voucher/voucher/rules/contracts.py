"""The contract of an order (§4.2.1): it counts once both parties have said so, within the year of the order."""

from datetime import date, datetime
from typing import Any

from voucher.models.agencies import Agency
from voucher.models.base import Mark
from voucher.models.enterprises import Enterprise
from voucher.models.orders import Order, ProposedContract
from voucher.policy import Policy
from voucher.refusals import Refusal, Refused
from voucher.rules.agencies import check_active, check_signed_after_approval
from voucher.rules.four_eyes import Party, stepped_by_party
from voucher.rules.lifecycle import allows, forgetting
from voucher.rules.orders import check_contract_day, check_ratio
from voucher.rules.programmes import year_is_over
from voucher.rules.working_days import shanghai_date


def check_may_contract(enterprise: Enterprise | None, agency: Agency | None, today: date) -> None:
    """§4.1.3, §1.4b, §3.2.3: a new contract is only between parties that are still approved. Raises DISQUALIFIED or
    AGENCY_NOT_ACTIVE."""
    if enterprise is None or enterprise.state == "disqualified":
        raise Refused(Refusal.DISQUALIFIED)
    check_active(agency, today)


def check_in_year(order: Order, policy: Policy, now: datetime) -> None:
    """§4.2.1, §1.4b: after its year an order comes to no contract, however late the sweep is. Raises CONTRACT_YEAR."""
    if not order.has_contract and year_is_over(policy, order.year, now):
        raise Refused(Refusal.CONTRACT_YEAR)


def check_contract(order: Order, said: ProposedContract, agency: Agency | None, policy: Policy, now: datetime) -> None:
    """§4.2.1, §1.4b, §2.3.2: what a contract must pass when a party says it, and when the other one agrees to it.
    Raises CONTRACT_YEAR, CONTRACT_BEFORE_APPROVAL or OVER_RATIO."""
    check_in_year(order, policy, now)
    check_contract_day(said.contract_signed_on, policy, order.year, shanghai_date(now))
    if agency is not None:
        check_signed_after_approval(said.contract_signed_on, agency)
    check_ratio(order.voucher_fen, said.contract_fen, policy)


def _terms(said: ProposedContract) -> dict[str, Any]:
    return said.model_dump(include={"contract_number", "contract_signed_on", "contract_fen"})


def with_said_contract(order: Order, said: ProposedContract, mark: Mark) -> Order:
    """§4.2.1: the order after a party said what its contract is. Before the acceptance that is the enterprise's, and
    stands in its order, which the agency accepts or refuses; later it waits for the other party's word. Raises
    WRONG_STATE, or FOUR_EYES for whoever acted for the other party."""
    is_placed = order.state == "placed"
    if is_placed and said.party == "agency":
        raise Refused(Refusal.WRONG_STATE, of=order)
    changes = _terms(said) if is_placed else {"proposed_contract": said}
    new = stepped_by_party(order, "contract", said.party, mark, **changes)
    # whoever agrees anew repeats nothing
    return forgetting(new, "acknowledge")


def proposed_to(order: Order, party: str) -> ProposedContract:
    """§4.2.1: the contract that waits for a party's word. Raises NO_CONTRACT_PROPOSED."""
    if order.proposed_contract is None or order.proposed_contract.party == party:
        raise Refused(Refusal.NO_CONTRACT_PROPOSED)
    return order.proposed_contract


def acknowledged(order: Order, said: ProposedContract, mark: Mark) -> Order:
    """§4.2.1: the order after both parties agreed on its contract. Raises WRONG_STATE, or FOUR_EYES for whoever acted
    for the party that said it."""
    agreed = {"proposed_contract": None, "contract_agreed_at": mark.at}
    party: Party = "agency" if said.party == "enterprise" else "enterprise"
    return stepped_by_party(order, "acknowledge", party, mark, **_terms(said), **agreed)


def accepted(order: Order, mark: Mark) -> Order:
    """§4.2.1: the order after its acceptance, by which the agency also agrees to the contract that stands in it.
    Raises WRONG_STATE."""
    agreed_at = mark.at if order.contract_signed_on else None
    return stepped_by_party(order, "accept", "agency", mark, contract_agreed_at=agreed_at)


def expires_without_contract(order: Order) -> bool:
    """§4.2.1, §4.1.3: the order ends with its year, or when its enterprise is disqualified, as long as its parties
    agreed on no contract, whatever one of them wrote."""
    return not order.has_contract and allows("order", order.state, "expire")


def check_has_contract(order: Order) -> None:
    """§4.2.1: work is delivered under a contract that both parties agreed on. Raises CONTRACT_MISSING."""
    if not order.has_contract:
        raise Refused(Refusal.CONTRACT_MISSING)
