"""Other subsidies: which items of a list concern an order, and which of them the bureau has yet to look at (§5.2b)."""

from typing import Any

import pytest

from tests.rules.records import NOW, standing
from tests.rules.settlement_records import invoice, line, order
from voucher.models.base import Mark
from voucher.models.subsidies import Subsidy, SubsidyDecision
from voucher.refusals import Refusal, Refused
from voucher.rules.standing import with_list
from voucher.rules.subsidies import (
    check_subsidies,
    concerning,
    decided_order,
    flags_of_subsidies,
    is_open,
    refusals_of,
    relisted_line,
    subsidies_in,
    warnings_of,
)

MARK = Mark(by="bureau", at=NOW)
YEAR = order().year


def item(**named: Any) -> Subsidy:
    return Subsidy(**{"year": YEAR, "import_id": "i_1", "row": 2, **named})


def decision(word: str, *subsidy_ids: str) -> SubsidyDecision:
    return SubsidyDecision(decision=word, reason="经核实", subsidy_ids=subsidy_ids, by="bureau", at=NOW)


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    ("named", "concerns"),
    [
        ({}, True),
        ({"project": "技改", "amount_fen": 1}, True),
        ({"year": YEAR - 1}, False),
        ({"contract_number": "HT-2026-1"}, True),
        ({"contract_number": " ｈｔ—2026－1 "}, True),
        ({"contract_number": "HT-2026-2"}, False),
        ({"invoice_number": "12345678"}, True),
        ({"invoice_number": "12345678", "invoice_code": "0330024001"}, True),
        ({"invoice_number": "12345678", "invoice_code": "0330024002"}, False),
        ({"invoice_number": "87654321"}, False),
        ({"contract_number": "HT-2026-2", "invoice_number": "12345678"}, True),
    ],
)
def test_an_item_concerns_the_order_whose_contract_or_invoice_it_names_or_each_one(
    named: dict[str, Any], concerns: bool
) -> None:
    billed = invoice().model_copy(update={"kind": "vat", "code": "0330024001", "number": "12345678"})
    known = standing(subsidies=(item(**named),))
    assert bool(concerning(order(contract_number="HT-2026-1"), billed, known)) is concerns


@pytest.mark.clause("§5.2b")
def test_an_order_without_a_contract_or_an_invoice_has_none_of_an_item() -> None:
    known = standing(subsidies=(item(contract_number="HT-1"), item(invoice_number="1")))
    assert concerning(order(contract_number=None), None, known) == ()


@pytest.mark.clause("§5.2b")
def test_a_standing_of_before_rows_were_kept_says_it_of_the_firm_alone() -> None:
    known = standing(listed={"other_subsidy": (YEAR,)})
    assert [each.subsidy_id for each in concerning(order(), None, known)] == [str(YEAR)]
    assert concerning(order(year=YEAR + 1), None, known) == ()
    assert [each.code for each in warnings_of("x", YEAR, [known.model_copy(update={"uscc": "x"})])] == ["OTHER_SUBSIDY"]
    assert warnings_of("another", YEAR, [known]) == ()


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize(
    ("named", "decisions", "undecided", "decided"),
    [
        ({}, (), None, Refusal.SUBSIDY_UNDECIDED),
        ({"contract_number": "HT-1"}, (), Refusal.OTHER_SUBSIDY, Refusal.OTHER_SUBSIDY),
        ({}, (decision("other", "i_1.2"),), None, None),
        ({"contract_number": "HT-1"}, (decision("other", "i_1.2"),), None, None),
        ({}, (decision("other", "i_0.2"),), None, Refusal.SUBSIDY_UNDECIDED),
        ({"contract_number": "HT-1"}, (decision("other", "i_0.2"),), Refusal.OTHER_SUBSIDY, Refusal.OTHER_SUBSIDY),
        ({}, (decision("same", "i_1.2"),), Refusal.OTHER_SUBSIDY, Refusal.OTHER_SUBSIDY),
        ({"contract_number": "another"}, (decision("same", "i_0.2"),), Refusal.OTHER_SUBSIDY, Refusal.OTHER_SUBSIDY),
        ({}, (decision("same", "i_1.2"), decision("other", "i_1.2")), None, None),
    ],
)
def test_what_stops_a_line_before_the_bureaus_approval_and_from_it_on(
    named: dict[str, Any],
    decisions: tuple[SubsidyDecision, ...],
    undecided: Refusal | None,
    decided: Refusal | None,
) -> None:
    of, known = order(contract_number="HT-1", subsidy_decisions=decisions), standing(subsidies=(item(**named),))
    standings = {line().enterprise_uscc: known}
    for must_be, refusal in ((False, undecided), (True, decided)):
        found = refusals_of([line(order_id=of.order_id)], [of], standings, must_be)
        assert found == ({of.order_id: refusal} if refusal else {})


@pytest.mark.clause("§5.2b")
def test_of_several_refusals_the_first_in_precedence_stands_for_all() -> None:
    found = [order(order_id="o_1", contract_number="HT-1"), order(order_id="o_2", contract_number="HT-2")]
    known = standing(subsidies=(item(), item(row=3, contract_number="HT-2")))
    lines = [line(order_id=each.order_id) for each in found]
    with pytest.raises(Refused) as no:
        check_subsidies(lines, found, {line().enterprise_uscc: known})
    assert no.value.refusal is Refusal.OTHER_SUBSIDY
    assert [(each.field, each.code) for each in no.value.errors] == [
        ("o_1", "SUBSIDY_UNDECIDED"),
        ("o_2", "OTHER_SUBSIDY"),
    ]
    place = "2026年度其他涉企政策资金享受名单（版本 i_1 第"
    assert [each.message for each in no.value.errors] == [
        f"{place} 2 行）列有该企业，请市经信局先就该笔订单作出认定。",
        f"{place} 3 行）列有该合同或发票，请撤出该订单；确为不同事项的，请市经信局认定后再办理。",
    ]


@pytest.mark.clause("§5.2b")
def test_whoever_orders_reads_the_row_with_the_contract_or_else_those_of_the_firm() -> None:
    rows = item(), item(row=3, contract_number="HT-2"), item(import_id="i_2", row=7), item(year=YEAR - 1, row=9)
    known = standing(uscc="x", subsidies=rows)

    def said(number: str | None) -> str:
        [warning] = warnings_of("x", YEAR, [known], number)
        return warning.message

    assert "（版本 i_1 第 3 行）列有该合同" in said(" ht—2")
    assert "（版本 i_1 第 2、3 行，版本 i_2 第 7 行）列有该企业" in said("HT-9") == said(None)


@pytest.mark.clause("§5.2b")
def test_a_line_waits_for_the_bureau_before_its_submission_only_for_its_own_item() -> None:
    of = order(contract_number="HT-1")
    firm, exact = standing(subsidies=(item(),)), standing(subsidies=(item(contract_number="HT-1"),))
    states = ("draft", "returned", "submitted", "payable")
    assert [is_open(line(state=state), of, firm) for state in states] == [False, False, True, True]
    assert [is_open(line(state=state), of, exact) for state in states] == [True] * 4
    waiting = relisted_line(line(state="submitted"), of, firm, MARK)
    assert waiting is not None and waiting.subsidy_open
    assert relisted_line(waiting, of, firm, MARK) is None
    cleared = relisted_line(waiting, of, standing(), MARK)
    assert cleared is not None and not cleared.subsidy_open
    assert relisted_line(line(state="rejected"), of, firm, MARK) is None


@pytest.mark.clause("§5.2b")
def test_a_decision_names_all_it_looked_at_and_needs_something_to_decide() -> None:
    of = order(state="settling", contract_number="HT-1")
    known = standing(subsidies=(item(), item(row=3, contract_number="HT-1"), item(row=4, contract_number="HT-2")))
    decided = decided_order(of, line(), known, "other", "经核实", MARK)
    assert [(each.decision, each.subsidy_ids) for each in decided.subsidy_decisions] == [("other", ("i_1.2", "i_1.3"))]
    with pytest.raises(Refused) as no:
        decided_order(of, line(), standing(), "other", "经核实", MARK)
    assert no.value.refusal is Refusal.NO_OTHER_SUBSIDY
    revised = decided_order(decided, line(), standing(), "same", "经核实", MARK)
    assert [each.decision for each in revised.subsidy_decisions] == ["other", "same"]


@pytest.mark.clause("§5.2b")
def test_a_later_version_keeps_the_items_that_it_says_again_and_their_ids() -> None:
    rows: list[Any] = [{"row": 2, "uscc": "x", "name": "", "project": "技改"}]
    first = with_list(standing(), "other_subsidy", YEAR, True, None, subsidies_in(rows, YEAR, "i_1"))
    rows = [{"row": 2, "uscc": "x", "name": "", "project": "贴息"}, {**rows[0], "row": 3}]
    second = with_list(first, "other_subsidy", YEAR, True, None, subsidies_in(rows, YEAR, "i_2"))
    assert [each.subsidy_id for each in second.subsidies] == ["i_2.2", "i_1.2"]
    of_next_year = with_list(second, "other_subsidy", YEAR + 1, True, None, subsidies_in(rows[:1], YEAR + 1, "i_3"))
    assert [each.subsidy_id for each in of_next_year.subsidies] == ["i_2.2", "i_1.2", "i_3.2"]
    assert with_list(of_next_year, "other_subsidy", YEAR, False).subsidies == of_next_year.subsidies[2:]
    assert with_list(first, "rated_d", YEAR, True).subsidies == first.subsidies


@pytest.mark.clause("§5.2b")
def test_the_agency_hears_once_that_the_firm_is_listed_and_staff_hears_for_what() -> None:
    known = standing(subsidies=(item(project="技改", amount_fen=1_050), item(row=3, project="贴息")))
    told = flags_of_subsidies(line(), order(), known, for_staff=False)
    shown = flags_of_subsidies(line(), order(), known, for_staff=True)
    assert [each["code"] for each in told] == ["OTHER_SUBSIDY_OF_FIRM"]
    assert [each["code"] for each in shown] == ["OTHER_SUBSIDY_OF_FIRM"] * 2
    assert "名单版本 i_1，行 2，项目 技改，金额（元） 10.50" in shown[0]["message"]
