"""The list of payouts for the bank (§3.5.4): its rows, its sum, and the hash that is printed on it."""

from typing import Any

import pytest

from tests.support.spreadsheets import rows_of
from voucher.spreadsheets.payout_file import BankTransfer, payout_file, rows_sha256


def transfer(**changes: Any) -> BankTransfer:
    """One payout to a bank."""
    facts = {
        "payout_id": "r_1.a.1",
        "account_name": "机构",
        "bank_name": "某行",
        "account_number": "0062001",
        "invoice_number": "FP-1",
        "agency_name": "某机构",
        "agency_uscc": "91331100MA2E00003J",
    }
    return BankTransfer(**{**facts, "amount_fen": 70_005, **changes})


@pytest.mark.clause("§3.5.4")
def test_the_list_for_the_bank_keeps_leading_zeros_and_adds_up() -> None:
    rows = rows_of(payout_file("PF-1-01", [transfer(), transfer(payout_id="r_1.b.1", amount_fen=1)]))
    assert rows[3][1] == 700.06
    assert rows[5] == ["1", "r_1.a.1", "机构", "某行", "0062001", 700.05, "FP-1", "某机构", "91331100MA2E00003J"]
    assert rows[6][5] == 0.01


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize(
    "changes",
    [
        {"payout_id": "x"},
        {"account_name": "x"},
        {"bank_name": "x"},
        {"account_number": "1"},
        {"amount_fen": 1},
        {"invoice_number": "x"},
        {"agency_name": "x"},
        {"agency_uscc": "x"},
    ],
)
def test_the_printed_hash_changes_with_every_cell_and_with_the_number_of_the_file(changes: Any) -> None:
    printed = rows_sha256("PF-1", [transfer()])
    assert printed == rows_of(payout_file("PF-1", [transfer()]))[2][1]
    assert rows_sha256("PF-1", [transfer(**changes)]) != printed
    assert rows_sha256("PF-2", [transfer()]) != printed
