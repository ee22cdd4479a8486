"""From completed orders to payout: own share to the fen, evidence, the verified amount."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.records import POLICY, fields_at_fault, refusal_of
from tests.rules.settlement_records import invoice, line, order, transfers
from voucher.refusals import Refusal, Refused
from voucher.rules.settlements import (
    check_completed,
    check_evidence,
    check_named_once,
    check_own_share,
    check_transfers,
    claimable_fen,
    owed_fen,
    verified_part_fen,
)


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize(
    "state", ["placed", "accepted", "refused", "delivered", "settling", "payable", "paid", "cancelled"]
)
def test_an_order_that_is_not_completed_cannot_be_settled(state: str) -> None:
    assert refusal_of(check_completed, [order()]) is None
    assert refusal_of(check_completed, [order(state=state)]) is Refusal.ORDER_NOT_COMPLETED


@pytest.mark.clause("§3.5.1")
def test_every_order_at_fault_is_named_and_the_first_reason_in_precedence_stands_in_front() -> None:
    held = order(order_id="o2", settlement_id="s1", state="settling")
    with pytest.raises(Refused) as no:
        check_completed([order(), held, order(order_id="o3", state="placed")])
    assert no.value.refusal is Refusal.ORDER_NOT_COMPLETED
    assert [(each.field, each.message) for each in no.value.errors] == [("order_ids", "o2"), ("order_ids", "o3")]
    assert refusal_of(check_completed, [held]) is Refusal.ORDER_IN_SETTLEMENT


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize(
    ("invoice_fen", "transferred_fen", "wrong"),
    [
        (300_000, (300_000,), []),
        (300_000, (100_000, 200_000), []),
        (299_999, (300_000,), ["invoice.amount_fen"]),
        (300_001, (300_000,), ["invoice.amount_fen"]),
        (300_000, (299_999,), ["transfers"]),
        (300_000, (300_000, 1), ["transfers"]),
        (300_000, (), ["transfers"]),
        (0, (), ["invoice.amount_fen", "transfers"]),
    ],
)
def test_invoice_and_transfers_each_make_up_the_own_share_to_the_fen(
    invoice_fen: int, transferred_fen: tuple[int, ...], wrong: list[str]
) -> None:
    facts = (line(), 1_000_000, invoice(invoice_fen), transfers(*transferred_fen), POLICY)
    assert fields_at_fault(Refusal.OWN_SHARE_MISMATCH, check_own_share, *facts) == wrong


@pytest.mark.clause("§3.5.1")
def test_a_mismatch_tells_what_the_own_share_must_be() -> None:
    with pytest.raises(Refused) as no:
        check_own_share(line(), 1_000_000, invoice(1), transfers(1), POLICY)
    assert no.value.detail == "发票、转账金额须与企业自行承担部分（3000.00 元）完全一致。"


@pytest.mark.clause("§3.5.1")
@pytest.mark.clause("§2.3.2")
@pytest.mark.parametrize(
    ("contract_fen", "voucher_fen", "own_fen"),
    [
        (1_000_001, 700_000, 300_001),
        (1_000_000, 700_000, 300_000),
        (999_999, 699_999, 300_000),
        (800_000, 560_000, 240_000),
    ],
)
def test_the_voucher_part_shrinks_with_a_contract_that_turned_out_lower_and_the_own_share_is_the_rest(
    contract_fen: int, voucher_fen: int, own_fen: int
) -> None:
    facts = (line(), contract_fen, invoice(own_fen), transfers(own_fen), POLICY)
    assert claimable_fen(line(), contract_fen, POLICY) == voucher_fen
    assert refusal_of(check_own_share, *facts) is None


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize(
    ("missing", "kind"),
    [
        ({"contract_document_id": None}, "contract"),
        ({"invoice": None}, "invoice"),
        ({"transfers": ()}, "transfer"),
        ({"evidence_document_ids": ()}, "evidence"),
    ],
)
def test_each_of_the_four_papers_of_a_line_is_needed(missing: dict[str, Any], kind: str) -> None:
    check_evidence([line()])
    lines = [line(), line(order_id="o2", **missing)]
    assert fields_at_fault(Refusal.EVIDENCE_MISSING, check_evidence, lines) == [f"o2.{kind}"]


@pytest.mark.clause("§3.5.1")
def test_all_that_is_missing_over_all_lines_is_told_in_one_answer() -> None:
    bare = {"contract_document_id": None, "invoice": None, "transfers": (), "evidence_document_ids": ()}
    lines = [line(**bare), line(order_id="o2", transfers=())]
    assert fields_at_fault(Refusal.EVIDENCE_MISSING, check_evidence, lines) == [
        "o1.contract", "o1.invoice", "o1.transfer", "o1.evidence", "o2.transfer",
    ]  # fmt: skip


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§2.3.2")
@pytest.mark.parametrize(
    ("contract_fen", "most_fen"), [(1_000_000, 700_000), (2_000_000, 700_000), (999_999, 699_999), (2, 1)]
)
def test_the_verified_amount_is_at_most_what_was_held_and_at_most_seventy_percent(
    contract_fen: int, most_fen: int
) -> None:
    claimed = line(contract_fen=2_000_000)
    assert verified_part_fen(claimed, contract_fen, None, POLICY) == most_fen
    assert verified_part_fen(claimed, contract_fen, most_fen - 1, POLICY) == most_fen - 1
    assert refusal_of(verified_part_fen, claimed, contract_fen, most_fen + 1, POLICY) is Refusal.VERIFIED_TOO_HIGH


@pytest.mark.clause("§3.5.2")
def test_a_line_of_which_nothing_is_left_is_not_passed() -> None:
    assert refusal_of(verified_part_fen, line(), 1, None, POLICY) is Refusal.MALFORMED


@pytest.mark.clause("§3.5.2")
def test_the_programme_owes_the_verified_amount_or_what_was_held_before_one_is_known() -> None:
    assert owed_fen(line()) == 700_000
    assert owed_fen(line(verified_fen=650_000)) == 650_000
    assert owed_fen(line(verified_fen=0)) == 0


@given(contract_fen=st.integers(2, 10**9), held_fen=st.integers(1, 10**9), said_fen=st.integers(1, 10**9))
@pytest.mark.clause("§3.5.2")
def test_whatever_is_verified_never_exceeds_the_hold_nor_seventy_percent(
    contract_fen: int, held_fen: int, said_fen: int
) -> None:
    claimed = line(contract_fen=contract_fen, voucher_fen=held_fen)
    accepted = refusal_of(verified_part_fen, claimed, contract_fen, said_fen, POLICY) is None
    assert accepted is (said_fen <= held_fen and said_fen * 10 <= contract_fen * 7)


@pytest.mark.clause("§3.5.1")
def test_a_transfer_entered_twice_counts_once_so_it_is_refused() -> None:
    once, again = transfers(1)[0], transfers(1)[0]
    assert refusal_of(check_transfers, [once]) is None
    assert refusal_of(check_transfers, [once, again]) is Refusal.MALFORMED
    wide = once.model_copy(update={"reference": "ｔｒ－１"})
    narrow = once.model_copy(update={"reference": "TR-1"})
    assert refusal_of(check_transfers, [wide, narrow]) is Refusal.MALFORMED


def test_a_decision_names_what_it_is_about_and_each_once() -> None:
    assert refusal_of(check_named_once, ["o1", "o2"], {"o1", "o2", "o3"}) is None
    assert fields_at_fault(Refusal.MALFORMED, check_named_once, ["o1", "o1"], {"o1"}) == ["lines"]
    assert fields_at_fault(Refusal.MALFORMED, check_named_once, ["o4"], {"o1"}) == ["lines"]
