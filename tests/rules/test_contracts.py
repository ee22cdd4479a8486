"""The contract of two sides (§4.2.1): one party says what it is, the other one agrees."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.rules.records import NOW, POLICY, TODAY, refusal_of
from tests.rules.settlement_records import order
from voucher.models.base import Mark
from voucher.models.orders import Order, ProposedContract
from voucher.refusals import Refusal
from voucher.rules.contracts import (
    accepted,
    acknowledged,
    check_contract,
    check_has_contract,
    expires_without_contract,
    proposed_to,
    with_said_contract,
)

MARK = Mark(by="somebody", at=NOW)
OTHERS = Mark(by="somebody of the other party", at=NOW)
CONTRACTED = {"contract_number": "HT-1", "contract_signed_on": TODAY, "contract_fen": 1_000_000}


def said(party: str = "agency", **changes: Any) -> ProposedContract:
    """What a party says the contract is."""
    return ProposedContract.model_validate({**CONTRACTED, "party": party, "by": party, "at": NOW} | changes)


def without_word(state: str, **changes: Any) -> Order:
    """An order on whose contract nobody agreed yet."""
    return order(state=state, contract_agreed_at=None, **changes)


@pytest.mark.clause("§4.2.1")
def test_one_word_alone_makes_no_contract_and_the_others_agreement_does() -> None:
    placed = without_word("placed", contract_number=None, contract_signed_on=None)
    entered = with_said_contract(placed, said("enterprise", contract_fen=2_000_000), MARK)
    assert (entered.contract_number, entered.contract_fen, entered.has_contract) == ("HT-1", 2_000_000, False)
    assert refusal_of(accepted, entered, MARK) is Refusal.FOUR_EYES
    assert accepted(entered, OTHERS).has_contract
    bare = accepted(placed, MARK)
    proposed = with_said_contract(bare, said(), MARK)
    assert (proposed.contract_number, proposed.has_contract, proposed.proposed_contract) == (None, False, said())
    assert refusal_of(acknowledged, proposed, proposed_to(proposed, "enterprise"), MARK) is Refusal.FOUR_EYES
    agreed = acknowledged(proposed, proposed_to(proposed, "enterprise"), OTHERS)
    assert (agreed.contract_number, agreed.has_contract, agreed.proposed_contract) == ("HT-1", True, None)


@pytest.mark.clause("§4.2.1")
def test_what_was_agreed_stands_until_the_other_party_agrees_to_a_change() -> None:
    agreed = order(state="accepted")
    changed = with_said_contract(agreed, said(contract_fen=9_000_000), MARK)
    assert (changed.contract_fen, changed.has_contract) == (agreed.contract_fen, True)
    for party in ("agency", "enterprise"):
        refusal = refusal_of(proposed_to, changed, party)
        assert refusal is (Refusal.NO_CONTRACT_PROPOSED if party == "agency" else None), party
    assert refusal_of(proposed_to, agreed, "enterprise") is Refusal.NO_CONTRACT_PROPOSED


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("state", ["placed", "delivered", "completed"])
def test_an_agency_says_nothing_of_a_contract_before_it_accepts_nor_once_delivered(state: str) -> None:
    assert refusal_of(with_said_contract, without_word(state), said(), MARK) is Refusal.WRONG_STATE


@pytest.mark.clause("§1.4b")
def test_an_order_ends_with_its_year_unless_both_parties_agreed_whatever_one_wrote() -> None:
    for state in ("placed", "accepted"):
        assert expires_without_contract(without_word(state, **CONTRACTED))
        assert expires_without_contract(without_word(state, proposed_contract=said()))
    assert not expires_without_contract(order(state="accepted"))
    assert refusal_of(check_has_contract, without_word("accepted")) is Refusal.CONTRACT_MISSING
    assert refusal_of(check_has_contract, order(state="accepted")) is None


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize(
    ("agreed", "now", "refusal"),
    [
        (False, datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), None),
        (False, datetime(2026, 12, 31, 16, tzinfo=UTC), Refusal.CONTRACT_YEAR),
        (True, datetime(2026, 12, 31, 16, tzinfo=UTC), None),
    ],
)
def test_after_the_year_only_a_contract_that_stands_is_corrected(
    agreed: bool, now: datetime, refusal: Refusal | None
) -> None:
    some = order(state="accepted") if agreed else without_word("accepted")
    assert refusal_of(check_contract, some, said(), None, POLICY, now) is refusal


@pytest.mark.clause("§2.3.2")
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"contract_fen": 999_999}, Refusal.OVER_RATIO),
        ({"contract_signed_on": TODAY + timedelta(days=1)}, Refusal.CONTRACT_YEAR),
        ({"contract_signed_on": date(2025, 12, 31)}, Refusal.CONTRACT_YEAR),
    ],
)
def test_a_contract_is_checked_when_it_is_said_and_when_it_is_agreed_to(
    changes: dict[str, Any], refusal: Refusal
) -> None:
    some = without_word("accepted", voucher_fen=700_000)
    assert refusal_of(check_contract, some, said(**changes), None, POLICY, NOW) is refusal


def test_an_order_of_before_both_agreed_has_its_contract_unless_it_was_only_placed() -> None:
    kept = order(state="accepted").model_dump(exclude={"contract_agreed_at"})
    assert Order.model_validate(kept).has_contract
    assert not Order.model_validate(kept | {"state": "placed"}).has_contract
    assert not Order.model_validate(kept | {"contract_signed_on": None}).has_contract
