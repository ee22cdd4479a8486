"""Lists: the files and years that are accepted, what the bureau must allow, and whom a list touches (§2.1.1)."""

from datetime import date

import pytest

from tests.rules.records import NOW, refusal_of
from voucher.models.lists import ListImport
from voucher.refusals import Refusal, Refused
from voucher.rules.lists import LIST_TYPES, check_applicable, check_list_type, check_list_year, touched_codes


def test_a_list_touches_those_on_its_predecessor_and_those_on_it_each_once() -> None:
    assert touched_codes(["c", "a"], ["b", "a"]) == ["a", "b", "c"]
    assert touched_codes([], []) == []


@pytest.mark.clause("§2.1.1")
@pytest.mark.parametrize(("kind", "latest"), [("rated_d", 2026), ("newly_above_scale", 2027), ("other_subsidy", 2027)])
def test_a_list_of_a_year_to_come_is_refused_for_it_would_count_as_the_newest(kind: str, latest: int) -> None:
    check_list_year(kind, latest, date(2026, 12, 31))
    with pytest.raises(Refused) as refused:
        check_list_year(kind, latest + 1, date(2026, 12, 31))
    assert [(each.field, str(latest) in each.message) for each in refused.value.errors] == [("year", True)]


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
