"""The chart of accounts: what moves between which families, and what is no posting at all."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.rules.records import NOW, voucher
from voucher.models.accounts import (
    ENTRIES,
    FAMILIES,
    Posting,
    batch_account,
    family_of,
    grant_posting,
    order_account,
    owner_of,
    payable_account,
    voucher_account,
)

HOLD: dict[str, Any] = {
    "posting_id": "v.1",
    "year": 2026,
    "entry": "hold",
    "from_account": voucher_account("v"),
    "to_account": order_account("o1"),
    "amount_fen": 1,
    "at": NOW,
    "by": "owner",
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_moves_money_between_families_that_exist_and_never_within_one(entry: str) -> None:
    for source, target in ENTRIES[entry]:
        assert {source, target} <= set(FAMILIES)
        assert source != target


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gets_money_by_some_entry_and_the_treasury_gives_it(family: str) -> None:
    targets = {target for pairs in ENTRIES.values() for _, target in pairs}
    assert family in targets


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"by": ""},
        {"entry": "gift"},
        {"entry": "release"},
        {"to_account": batch_account("b1")},
        {"from_account": payable_account("r1", "a")},
        {"from_account": order_account("o1"), "to_account": voucher_account("v")},
    ],
)
def test_a_posting_of_nothing_by_nobody_or_against_the_chart_is_a_fault(wrong: dict[str, Any]) -> None:
    assert Posting(**HOLD).amount_fen == 1
    with pytest.raises(ValidationError):
        Posting(**HOLD | wrong)


def test_a_grant_is_the_posting_from_its_batch_to_its_voucher() -> None:
    held = voucher(face_fen=700, balance_fen=0)
    grant = grant_posting(held)
    assert (grant.entry, grant.amount_fen, grant.by) == ("grant", 700, held.granted_by)
    assert (family_of(grant.from_account), owner_of(grant.from_account)) == ("batch", held.batch_id)
    assert (family_of(grant.to_account), owner_of(grant.to_account)) == ("voucher", held.voucher_id)
