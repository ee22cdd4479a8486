"""Recoveries: how much may be claimed back (§5.2b)."""

import pytest

from tests.rules.records import refusal_of, refused_by
from tests.rules.settlement_records import order
from voucher.refusals import Refusal
from voucher.rules.recoveries import check_recovery, unclaimed_fen


@pytest.mark.clause("§5.2b")
def test_all_that_was_paid_and_is_not_claimed_back_may_be_claimed_to_the_fen() -> None:
    paid = order(state="paid", voucher_fen=700_000, recovered_fen=300_000)
    assert unclaimed_fen(paid) == 400_000
    assert refusal_of(check_recovery, paid, 400_000) is None
    no = refused_by(check_recovery, paid, 400_001)
    assert no is not None and no.refusal is Refusal.OVER_PAID
    assert "4000.00 元" in no.detail
