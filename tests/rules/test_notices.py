"""The public notice of a round: when it is over, and which of its lines an objection holds (§3.5.3)."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.rules.records import AGENCY, refusal_of
from tests.rules.settlement_records import notice, objection
from voucher.refusals import Refusal, Refused
from voucher.rules.notices import check_notice_over, check_takes_objections, is_held, public_notice
from voucher.rules.working_days import add_working_days

ONE_MILLISECOND = timedelta(milliseconds=1)
FRIDAY = date(2026, 6, 12)


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize(
    ("working_days", "over_at"),
    [
        (1, datetime(2026, 6, 15, 16, tzinfo=UTC)),
        (5, datetime(2026, 6, 22, 16, tzinfo=UTC)),  # 端午节 on 19 June is not worked
    ],
)
def test_a_notice_is_over_when_its_last_working_day_is(working_days: int, over_at: datetime) -> None:
    running = notice(FRIDAY, add_working_days(FRIDAY, working_days).date)
    with pytest.raises(Refused) as no:
        check_notice_over(running, over_at - ONE_MILLISECOND)
    assert no.value.detail == f"公示期未满，请在 {over_at:%Y-%m-%d} 之后结束公示。"
    assert refusal_of(check_notice_over, running, over_at) is None


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize(
    ("today", "left"),
    [
        (FRIDAY, 5),  # its day of publication is not counted
        (date(2026, 6, 14), 5),
        (date(2026, 6, 15), 5),
        (date(2026, 6, 18), 2),
        (date(2026, 6, 19), 1),  # 端午节
        (date(2026, 6, 22), 1),
        (date(2026, 6, 23), 0),
    ],
)
def test_the_public_reads_how_many_working_days_a_notice_still_runs(today: date, left: int) -> None:
    running = notice(FRIDAY, date(2026, 6, 22))
    shown = public_notice(running, today)
    assert (shown["working_days_left"], shown["ends_on"], shown["ends_certain"]) == (left, "2026-06-22", True)
    assert public_notice(running.model_copy(update={"state": "closed"}), today)["working_days_left"] == 0
    assert shown["total_fen"] == sum(line["amount_fen"] for line in shown["lines"])


@pytest.mark.clause("§3.5.3")
def test_a_notice_of_no_days_is_over_at_once() -> None:
    running = notice(FRIDAY, add_working_days(FRIDAY, 0).date)
    assert refusal_of(check_notice_over, running, datetime(2026, 6, 12, 1, tzinfo=UTC)) is None


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize(("working_days", "last_day"), [(0, FRIDAY), (1, date(2026, 6, 15)), (5, date(2026, 6, 22))])
def test_a_notice_takes_objections_to_the_end_of_its_last_day(working_days: int, last_day: date) -> None:
    running = notice(FRIDAY, add_working_days(FRIDAY, working_days).date)
    end = datetime.combine(last_day, time(16), UTC)
    assert refusal_of(check_takes_objections, running, end - ONE_MILLISECOND) is None
    closing = running.model_copy(update={"state": "closing"})
    for late, instant in ((running, end), (closing, end - ONE_MILLISECOND)):
        with pytest.raises(Refused) as no:
            check_takes_objections(late, instant)
        assert (no.value.refusal, no.value.state) == (Refusal.NOTICE_ENDED, late.state)
        assert f"公示的最后一日为 {last_day}，不再受理异议" in no.value.detail


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize(
    ("said", "own", "same_agency", "elsewhere"),
    [
        (("o1", None), True, False, False),
        (("o1", AGENCY), True, False, False),
        ((None, AGENCY), True, True, False),
        ((None, None), True, True, True),
    ],
)
def test_an_objection_holds_its_line_its_agency_or_the_whole_notice(
    said: tuple[str | None, str | None], own: bool, same_agency: bool, elsewhere: bool
) -> None:
    held = {objection(*said).target}
    assert is_held("o1", AGENCY, held) is own
    assert is_held("o2", AGENCY, held) is same_agency
    assert is_held("o3", "another agency", held) is elsewhere


@pytest.mark.clause("§3.5.3")
def test_without_an_objection_that_stands_a_line_goes_on() -> None:
    assert not is_held("o1", AGENCY, set())
