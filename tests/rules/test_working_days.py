"""Working days by the State Council's published arrangements, and what is said of years not yet published."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voucher.holidays import ARRANGEMENTS, Arrangement
from voucher.rules.working_days import (
    DueDay,
    add_months,
    add_working_days,
    end_of_day,
    is_working_day,
    material_change_due,
    shanghai_date,
)

YEAR_2027 = Arrangement(
    notice="a made-up arrangement",
    rest_days=frozenset({date(2027, 1, 1), date(2026, 12, 31), date(2027, 2, 8)}),
    make_up_days=frozenset({date(2027, 1, 9), date(2026, 12, 26)}),
)


@pytest.mark.parametrize(
    ("rests", "works"),
    [
        # 2024: 国庆节 1-7 October, worked on 29 September (Sunday) and 12 October (Saturday)
        ("2024-10-01 2024-10-04 2024-10-07 2024-10-13", "2024-09-29 2024-09-30 2024-10-08 2024-10-12"),
        # 2024: 春节 10-17 February, worked on 4 and 18 February (Sundays); 除夕 was not yet a holiday
        ("2024-02-10 2024-02-12 2024-02-17", "2024-02-04 2024-02-09 2024-02-18 2024-02-19"),
        # 2025: 春节 28 January - 4 February, worked on 26 January (Sunday) and 8 February (Saturday)
        ("2025-01-25 2025-01-28 2025-02-04", "2025-01-26 2025-01-27 2025-02-05 2025-02-08"),
        # 2025: 国庆节 and 中秋节 1-8 October, worked on 28 September (Sunday) and 11 October (Saturday)
        ("2025-10-01 2025-10-08 2025-10-12", "2025-09-28 2025-09-30 2025-10-09 2025-10-11"),
        # 2026: 国庆节 1-7 October, worked on 20 September (Sunday) and 10 October (Saturday)
        ("2026-10-01 2026-10-07 2026-10-11", "2026-09-20 2026-09-30 2026-10-08 2026-10-10"),
        # 2026: 劳动节 1-5 May, worked on 9 May (Saturday); an ordinary week
        ("2026-05-01 2026-05-05 2026-05-10 2026-06-06", "2026-04-30 2026-05-06 2026-05-09 2026-06-05"),
    ],
)
def test_holidays_weekends_and_make_up_days_are_told_apart(rests: str, works: str) -> None:
    assert [day for day in rests.split() if is_working_day(date.fromisoformat(day))] == []
    assert [day for day in works.split() if not is_working_day(date.fromisoformat(day))] == []


def test_a_day_of_a_year_not_published_is_unknown_weekday_or_weekend() -> None:
    assert is_working_day(date(2027, 3, 1)) is None
    assert is_working_day(date(2027, 3, 6)) is None
    assert is_working_day(date(2003, 3, 3)) is None


def test_rest_days_fixed_by_the_regulation_are_known_in_any_year() -> None:
    assert is_working_day(date(2027, 1, 1)) is False
    assert is_working_day(date(2031, 10, 3)) is False


def test_an_entry_in_the_table_makes_a_later_year_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARRANGEMENTS, 2027, YEAR_2027)
    assert is_working_day(date(2027, 2, 8)) is False
    assert is_working_day(date(2027, 1, 9)) is True
    assert is_working_day(date(2027, 3, 1)) is True
    assert is_working_day(date(2027, 3, 6)) is False
    assert is_working_day(date(2028, 3, 1)) is None


def test_an_entry_may_change_days_of_the_december_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARRANGEMENTS, 2027, YEAR_2027)
    assert is_working_day(date(2026, 12, 31)) is False
    assert is_working_day(date(2026, 12, 26)) is True


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize(
    ("published", "days", "due"),
    [
        ("2026-06-01", 5, "2026-06-08"),  # over a weekend
        ("2026-06-06", 1, "2026-06-08"),  # published on a Saturday
        ("2025-09-30", 5, "2025-10-14"),  # over eight days of holiday, a worked Saturday among the five
        ("2026-09-18", 5, "2026-09-24"),  # the Sunday after it is worked
        ("2026-12-24", 5, "2026-12-31"),  # up to the last known day
        ("2026-06-06", 0, "2026-06-06"),
    ],
)
def test_working_days_count_from_the_day_after(published: str, days: int, due: str) -> None:
    assert add_working_days(date.fromisoformat(published), days) == DueDay(date.fromisoformat(due), True)


@pytest.mark.clause("§3.5.3")
def test_a_term_into_a_year_not_published_has_a_date_that_is_not_certain() -> None:
    assert add_working_days(date(2026, 12, 28), 5) == DueDay(date(2027, 1, 5), False)


def test_the_term_is_certain_once_the_year_is_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARRANGEMENTS, 2027, YEAR_2027)
    assert add_working_days(date(2026, 12, 28), 5) == DueDay(date(2027, 1, 6), True)


def test_a_negative_term_is_an_error() -> None:
    with pytest.raises(ValueError, match="fewer than 0"):
        add_working_days(date(2026, 6, 1), -1)


@given(st.dates(date(2004, 1, 1), date(2040, 12, 31)), st.integers(1, 60))
def test_one_more_working_day_is_always_a_later_day_and_never_more_certain(day: date, count: int) -> None:
    shorter, longer = add_working_days(day, count - 1), add_working_days(day, count)
    assert longer.date > shorter.date
    assert shorter.certain or not longer.certain


@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize(
    ("happened_on", "due"),
    [
        ("2026-06-01", "2026-06-16"),  # the first day is not counted
        ("2026-03-06", "2026-03-23"),  # would end on a Saturday
        ("2025-09-20", "2025-10-09"),  # would end on 5 October, the holiday ends on the 8th
        ("2026-09-16", "2026-10-08"),
        ("2026-09-25", "2026-10-10"),  # a Saturday, but a worked one
        ("2026-09-24", "2026-10-09"),
    ],
)
def test_a_change_is_due_after_15_calendar_days_or_the_working_day_after_a_rest(happened_on: str, due: str) -> None:
    assert material_change_due(date.fromisoformat(happened_on), 15) == DueDay(date.fromisoformat(due), True)


@pytest.mark.parametrize(
    ("happened_on", "due"),
    [("2026-12-28", "2027-01-12"), ("2026-12-17", "2027-01-04"), ("2026-12-18", "2027-01-04")],
)
def test_a_change_due_in_a_year_not_published_is_not_certain(happened_on: str, due: str) -> None:
    assert material_change_due(date.fromisoformat(happened_on), 15) == DueDay(date.fromisoformat(due), False)


@pytest.mark.clause("§2.1.2")
@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-08-09", 12, "2025-08-09"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 24, "2026-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2025-02-28", 12, "2026-02-28"),
        ("2023-02-28", 12, "2024-02-28"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-10-31", 1, "2026-11-30"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-11-30", 1, "2026-12-30"),
        ("2026-05-15", 0, "2026-05-15"),
        ("2026-01-31", -2, "2025-11-30"),
    ],
)
def test_months_end_on_the_same_day_or_the_last_of_the_month(day: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


@pytest.mark.clause("§4.2.2")
def test_a_day_ends_at_midnight_in_shanghai() -> None:
    assert end_of_day(date(2026, 12, 31)) == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert end_of_day(date(2026, 12, 31)).tzinfo is UTC


@given(st.dates(date(1992, 1, 1), date(2100, 12, 31)))
def test_the_instant_before_the_end_is_that_day_and_the_end_is_the_next(day: date) -> None:
    assert shanghai_date(end_of_day(day) - timedelta(microseconds=1)) == day
    assert shanghai_date(end_of_day(day)) == day + timedelta(days=1)


def test_an_instant_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="zone"):
        shanghai_date(datetime(2026, 1, 1))  # noqa: DTZ001
