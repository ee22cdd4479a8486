"""Lists: the files and years that are accepted, what the bureau must allow, and whom a list touches (§2.1.1)."""

from datetime import date

import pytest

from tests.rules.records import NOW, refusal_of
from voucher.models.entitlements import Entitlement
from voucher.models.lists import ListImport, ListRow
from voucher.refusals import Refusal, Refused
from voucher.rules.lists import (
    LIST_TYPES,
    check_applicable,
    check_confirmed,
    check_list_type,
    check_list_year,
    difference,
    is_same_name,
    touched_codes,
    year_changes,
)


def test_a_list_touches_those_on_its_predecessor_and_those_on_it_each_once() -> None:
    assert touched_codes([row("c"), row("a")], [row("b"), row("a")]) == ["a", "b", "c"]
    assert touched_codes([], []) == []


@pytest.mark.clause("§2.1.1")
@pytest.mark.parametrize(("kind", "latest"), [("rated_d", 2026), ("newly_above_scale", 2026), ("other_subsidy", 2027)])
def test_a_list_of_a_year_to_come_is_refused_for_it_would_count_as_the_newest(kind: str, latest: int) -> None:
    check_list_year(kind, latest, date(2026, 12, 31))
    with pytest.raises(Refused) as refused:
        check_list_year(kind, latest + 1, date(2026, 12, 31))
    assert [(each.field, str(latest) in each.message) for each in refused.value.errors] == [("year", True)]


@pytest.mark.parametrize(
    ("listed", "is_same"),
    [("莲都科技（集团）有限公司", True), (" 莲都科技(集团) 有限公司", True), ("", True), ("莲都科技有限公司", False)],
)
def test_a_name_on_a_list_may_differ_in_brackets_and_blanks_only(listed: str, is_same: bool) -> None:
    assert is_same_name(listed, "莲都科技（集团）有限公司") is is_same


@pytest.mark.parametrize("ending", LIST_TYPES)
def test_a_list_file_has_the_type_of_its_ending_whatever_its_case(ending: str) -> None:
    for name in (f"名单{ending}", f"名单.old{ending.upper()}"):
        assert refusal_of(check_list_type, name, LIST_TYPES[ending]) is None
        assert refusal_of(check_list_type, name, "application/pdf") is Refusal.MALFORMED
    assert refusal_of(check_list_type, f"名单{ending}.pdf", LIST_TYPES[ending]) is Refusal.MALFORMED
    assert refusal_of(check_list_type, "名单", LIST_TYPES[ending]) is Refusal.MALFORMED


@pytest.mark.parametrize(
    ("rows", "errors", "skip_errors", "allow_empty", "refusal"),
    [
        (1, 0, False, False, None),
        (1, 1, False, True, Refusal.LIST_HAS_ERRORS),
        (1, 1, True, False, None),
        (0, 0, True, False, Refusal.LIST_EMPTY),
        (0, 0, False, True, None),
        (0, 1, False, False, Refusal.LIST_HAS_ERRORS),
        (0, 1, True, False, Refusal.LIST_EMPTY),
    ],
)
def test_a_list_with_errors_or_without_rows_is_applied_only_if_the_bureau_allows_it(
    rows: int, errors: int, skip_errors: bool, allow_empty: bool, refusal: Refusal | None
) -> None:
    record = ListImport(
        import_id="i",
        kind="rated_d",
        year=2026,
        filename="名单.csv",
        object_key="k",
        row_count=rows,
        error_count=errors,
        state="parsed",
        created_at=NOW,
        created_by="operator",
    )
    assert refusal_of(check_applicable, record, skip_errors, allow_empty) is refusal


def row(uscc: str, number: int = 2) -> ListRow:
    return ListRow(row=number, uscc=uscc, name="")


@pytest.mark.clause("§2.1.1")
def test_what_comes_and_what_goes_is_told_in_the_order_of_the_codes() -> None:
    before, after = [row("c", 7), row("a"), row("b")], [row("d"), row("b"), row("0", 9)]
    found = difference(before, after, takes_effect=True)
    assert found.rows == [("added", row("0", 9)), ("removed", row("a")), ("removed", row("c", 7)), ("added", row("d"))]
    assert (found.count("added"), found.count("removed"), found.unchanged, found.touched) == (2, 2, 1, 4)
    assert difference(before, after, takes_effect=False).touched == 0
    assert difference([], [], takes_effect=True).touched == 0


@pytest.mark.clause("§5.2b")
def test_of_a_code_with_several_items_each_row_is_told_and_the_code_touched_once() -> None:
    kept, old, new = (ListRow(row=2, uscc="a", name="", project=project) for project in ("x", "y", "z"))
    found = difference([kept, old], [kept, new, row("b")], takes_effect=True)
    assert found.rows == [("removed", old), ("added", new), ("added", row("b"))]
    assert (found.unchanged, found.touched) == (1, 2)
    assert touched_codes([kept, old], [kept, new, row("b")], same_year=True) == ["a", "b"]
    assert touched_codes([kept, old], [old, kept], same_year=True) == []


def test_the_bureau_confirms_the_number_of_codes_that_are_touched_now() -> None:
    found = difference([row("a")], [row("b")], takes_effect=True)
    assert refusal_of(check_confirmed, found, None) is Refusal.MALFORMED
    assert [refusal_of(check_confirmed, found, number) for number in (1, 2, 3)] == [
        Refusal.CHANGED_MEANWHILE,
        None,
        Refusal.CHANGED_MEANWHILE,
    ]


def entitlement(year: int, qualified: bool, quota_fen: int) -> Entitlement:
    return Entitlement(
        year=year, uscc="a", version=1, qualified=qualified, members=frozenset(), quota_fen=quota_fen, left_fen=0
    )


@pytest.mark.clause("§2.3.1")
def test_only_years_whose_quota_or_qualification_changes_are_told() -> None:
    held = {2025: entitlement(2025, True, 10), 2026: entitlement(2026, True, 10), 2027: None}
    quota = year_changes(held, {2025: entitlement(2025, True, 10), 2026: entitlement(2026, True, 20), 2027: None})
    assert [(each["year"], each["quota_before_fen"], each["quota_after_fen"]) for each in quota] == [(2026, 10, 20)]
    rated = year_changes(held, {**held, 2025: entitlement(2025, False, 10)})
    assert [(each["year"], each["qualified_before"], each["qualified_after"]) for each in rated] == [
        (2025, True, False)
    ]
