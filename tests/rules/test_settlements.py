"""A settlement line: its own share to the fen, its evidence, its verified amount, and what follows when it ends."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.records import NOW, POLICY, fields_at_fault, refusal_of, refused_by
from tests.rules.settlement_records import invoice, line, order, settlement, transfers
from voucher.models.base import Mark
from voucher.refusals import Refusal, Refused
from voucher.rules.settlements import (
    check_completed,
    check_evidence,
    check_named_once,
    check_own_share,
    check_transfers,
    check_withdrawable,
    claimable_fen,
    order_taken_back,
    order_without_settlement,
    owed_fen,
    reduced_order,
    settlement_without_line,
    verified_part_fen,
)

MARK = Mark(by="someone", at=NOW)


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize(
    "state", ["placed", "accepted", "refused", "delivered", "settling", "payable", "paid", "cancelled"]
)
def test_an_order_that_is_not_completed_cannot_be_settled(state: str) -> None:
    assert refusal_of(check_completed, [order()]) is None
    assert refusal_of(check_completed, [order(state=state)]) is Refusal.ORDER_NOT_COMPLETED


@pytest.mark.clause("§3.5.1")
def test_every_order_at_fault_is_named_and_the_first_refusal_in_precedence_answers() -> None:
    held = order(order_id="o2", settlement_id="s1", state="settling")
    with pytest.raises(Refused) as no:
        check_completed([order(), held, order(order_id="o3", state="placed")])
    assert no.value.refusal is Refusal.ORDER_NOT_COMPLETED
    assert (
        no.value.detail
        == "订单当前状态为“已下单”：尚未完成的，请在企业确认完成后申请兑付；已经结束的，请从申请中去掉。"
    )
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
def test_a_mismatch_names_what_the_own_share_must_be() -> None:
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
def test_the_voucher_part_shrinks_with_a_contract_that_turned_out_lower(
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
def test_each_of_the_four_documents_of_a_line_is_needed(missing: dict[str, Any], kind: str) -> None:
    check_evidence([line()])
    lines = [line(), line(order_id="o2", **missing)]
    assert fields_at_fault(Refusal.EVIDENCE_MISSING, check_evidence, lines) == [f"o2.{kind}"]


@pytest.mark.clause("§3.5.1")
def test_all_that_is_missing_over_all_lines_is_named_in_one_answer() -> None:
    bare = {"contract_document_id": None, "invoice": None, "transfers": (), "evidence_document_ids": ()}
    lines = [line(**bare), line(order_id="o2", transfers=())]
    assert fields_at_fault(Refusal.EVIDENCE_MISSING, check_evidence, lines) == [
        "o1.contract", "o1.invoice", "o1.transfer", "o1.evidence", "o2.transfer",
    ]  # fmt: skip


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§2.3.2")
@pytest.mark.parametrize(
    ("contract_fen", "verified_fen", "refusal"),
    [
        (1_000_000, None, None),
        (1_000_000, 700_000, None),
        (1_000_000, 699_999, Refusal.LINE_DOES_NOT_ADD_UP),
        (1_000_000, 700_001, Refusal.VERIFIED_TOO_HIGH),
        (900_000, None, None),
        (900_000, 600_000, None),
        (900_000, 600_001, Refusal.LINE_DOES_NOT_ADD_UP),
        (900_000, 630_001, Refusal.VERIFIED_TOO_HIGH),
        (300_001, None, None),
        (300_000, None, Refusal.MALFORMED),
    ],
)
def test_the_verified_amount_and_the_own_share_that_is_paid_make_up_the_contract(
    contract_fen: int, verified_fen: int | None, refusal: Refusal | None
) -> None:
    paid = line(invoice=invoice(300_000))
    assert refusal_of(verified_part_fen, paid, contract_fen, verified_fen, POLICY) is refusal
    if refusal is None:
        assert verified_part_fen(paid, contract_fen, verified_fen, POLICY) == contract_fen - 300_000


@pytest.mark.clause("§3.5.2")
def test_a_line_of_which_nothing_is_left_is_not_passed() -> None:
    assert refusal_of(verified_part_fen, line(), 1, None, POLICY) is Refusal.MALFORMED


@pytest.mark.clause("§3.5.2")
def test_the_programme_owes_the_verified_amount_or_what_is_held_before_there_is_one() -> None:
    assert owed_fen(line()) == 700_000
    assert owed_fen(line(verified_fen=650_000)) == 650_000
    assert owed_fen(line(verified_fen=0)) == 0


@given(
    contract_fen=st.integers(2, 10**9), held_fen=st.integers(1, 10**9), lower_fen=st.integers(0, 10**9), data=st.data()
)
@pytest.mark.clause("§3.5.2")
def test_whatever_is_verified_adds_up_within_the_hold_and_seventy_percent(
    contract_fen: int, held_fen: int, lower_fen: int, data: st.DataObject
) -> None:
    claimed = line(contract_fen=contract_fen, voucher_fen=held_fen)
    own_fen = contract_fen - claimable_fen(claimed, contract_fen, POLICY)
    paid = claimed.model_copy(update={"invoice": invoice(own_fen)})
    verified_contract_fen = max(1, contract_fen - lower_fen)
    verified_fen = data.draw(st.sampled_from([None, verified_contract_fen - own_fen, held_fen]))
    if refusal_of(verified_part_fen, paid, verified_contract_fen, verified_fen, POLICY) is None:
        part_fen = verified_part_fen(paid, verified_contract_fen, verified_fen, POLICY)
        assert part_fen + own_fen == verified_contract_fen
        assert 0 < part_fen <= held_fen and part_fen * 10 <= verified_contract_fen * 7


@pytest.mark.clause("§3.5.1")
def test_a_transfer_that_is_entered_twice_is_refused() -> None:
    once, again = transfers(1)[0], transfers(1)[0]
    assert refusal_of(check_transfers, [once]) is None
    assert refusal_of(check_transfers, [once, again]) is Refusal.MALFORMED
    wide = once.model_copy(update={"reference": "ｔｒ－１"})
    narrow = once.model_copy(update={"reference": "TR-1"})
    assert refusal_of(check_transfers, [wide, narrow]) is Refusal.MALFORMED


def test_a_decision_names_only_what_it_may_decide_on_and_each_once() -> None:
    assert refusal_of(check_named_once, ["o1", "o2"], {"o1", "o2", "o3"}) is None
    no = refused_by(check_named_once, ["o1", "o1", "o2", "o4", "o5", "o5"], {"o1", "o2"})
    assert no and no.refusal is Refusal.MALFORMED
    assert [(each.field, each.code, each.message) for each in no.errors] == [
        ("lines", "twice", "o1 重复。"),
        ("lines", "unknown", "o4 不在可以决定的订单之列。"),
        ("lines", "unknown", "o5 不在可以决定的订单之列。"),
    ]


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize(
    ("state", "other_states", "after"),
    [
        ("draft", [], "withdrawn"),
        ("submitted", ["rejected", "withdrawn"], "withdrawn"),
        ("submitted", ["submitted", "passed"], "submitted"),
        ("submitted", ["passed", "withdrawn"], "reviewed"),
        ("submitted", ["returned"], "reviewed"),
        ("draft", ["draft"], "draft"),
        ("reviewed", ["gathered"], "reviewed"),
    ],
)
def test_an_application_ends_with_its_last_line_and_is_reviewed_with_its_last_open(
    state: str, other_states: list[str], after: str
) -> None:
    others = [line(order_id=f"o{number}", state=each) for number, each in enumerate(other_states)]
    new = settlement_without_line(settlement(state=state), others, MARK)
    assert (new.state, new.version, new.last_action) == (after, 2, "withdraw_line")


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        *((state, None) for state in ("draft", "returned", "submitted", "passed")),
        *((state, Refusal.LINE_UNDER_REVIEW) for state in ("gathered", "approved", "noticed", "payable")),
    ],
)
def test_a_line_that_a_round_has_leaves_its_round_first(state: str, refusal: Refusal | None) -> None:
    assert refusal_of(check_withdrawable, line(state=state)) is refusal


@pytest.mark.clause("§3.5.1")
@pytest.mark.clause("§5.2b")
def test_an_order_whose_line_ended_is_completed_again_and_in_no_settlement() -> None:
    freed = order_without_settlement(order(state="settling", settlement_id="s1"), MARK)
    assert (freed.state, freed.settlement_id, freed.seq) == ("completed", None, 1)
    back = order_taken_back(order(state="payable", settlement_id="s1"), MARK)
    assert (back.state, back.settlement_id, back.seq) == ("completed", None, 2)
    for rule, state in (
        (order_without_settlement, "payable"),
        (order_taken_back, "settling"),
        (order_taken_back, "paid"),
    ):
        assert refusal_of(rule, order(state=state), MARK) is Refusal.WRONG_STATE


@pytest.mark.clause("§3.5.2")
def test_an_order_that_is_verified_lower_keeps_its_state_and_draws_so_much_less() -> None:
    drawn = {"category.2026.legal": {"0": 300_000, "3": 400_000}, "nonkey.2026": {"1": 700_000}}
    new = reduced_order(order(state="settling", drawn=drawn), 200_000, MARK)
    assert (new.state, new.voucher_fen) == ("settling", 200_000)
    assert new.drawn == {"category.2026.legal": {"3": 200_000}, "nonkey.2026": {"1": 200_000}}
    assert refusal_of(reduced_order, order(state="payable", drawn=drawn), 200_000, MARK) is Refusal.WRONG_STATE
