"""Until when a party of an order may answer, and what its silence, its dispute or its leaving lets others do."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.rules.records import NOW, POLICY, TODAY, agency, enterprise, policy, refusal_of, refused_by
from tests.rules.settlement_records import line, order
from voucher.models.orders import CancelRequest, Dispute
from voucher.refusals import Refusal
from voucher.rules.terms import (
    day_to_remind_of_answer,
    delivered_changes,
    ground_to_cancel,
    ground_to_decide,
    has_run_out,
    is_over,
    last_day_to_settle,
    waits_for_settlement,
)

ONE_MILLISECOND = timedelta(milliseconds=1)
ASKED_AT = datetime(2026, 6, 1, tzinfo=UTC)
PARTIES = enterprise(), agency()
CANCEL_REQUEST = CancelRequest(by="someone", at=ASKED_AT, reason="项目终止")


@pytest.mark.clause("§3.5.1(5)")
def test_an_order_is_cancelled_only_after_both_parties_asked() -> None:
    for of_enterprise, of_agency in ((None, None), (CANCEL_REQUEST, None), (None, CANCEL_REQUEST)):
        unwanted = order(enterprise_cancel=of_enterprise, agency_cancel=of_agency)
        assert refusal_of(ground_to_cancel, unwanted, *PARTIES, POLICY, ASKED_AT) is Refusal.CANCEL_NOT_ASKED
    both_asked = order(enterprise_cancel=CANCEL_REQUEST, agency_cancel=CANCEL_REQUEST)
    assert ground_to_cancel(both_asked, *PARTIES, POLICY, ASKED_AT) is None


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize("state", ["placed", "accepted", "delivered"])
def test_an_agency_need_not_ask_before_it_has_accepted_the_order(state: str) -> None:
    silent = order(state=state, enterprise_cancel=CANCEL_REQUEST)
    expected = None if state == "placed" else Refusal.CANCEL_NOT_ASKED
    assert refusal_of(ground_to_cancel, silent, *PARTIES, POLICY, ASKED_AT) is expected
    unasked = order(state=state, agency_cancel=CANCEL_REQUEST)
    assert refusal_of(ground_to_cancel, unasked, *PARTIES, POLICY, ASKED_AT) is Refusal.CANCEL_NOT_ASKED


@pytest.mark.clause("§3.4.1", "§4.1.3")
@pytest.mark.parametrize("asking", ["enterprise", "agency"])
def test_one_party_suffices_to_cancel_if_the_other_is_out_of_the_programme(asking: str) -> None:
    unwanted = order(**{f"{asking}_cancel": CANCEL_REQUEST})
    both = {"enterprise": enterprise(), "agency": agency()}
    gone = {"enterprise": enterprise(state="disqualified"), "agency": agency(state="removed")}
    other = "agency" if asking == "enterprise" else "enterprise"
    for state in ("active", "removal_proposed", "returned"):
        here = {**both, "agency": agency(state=state)}
        assert refusal_of(ground_to_cancel, unwanted, *here.values(), POLICY, ASKED_AT) is Refusal.CANCEL_NOT_ASKED
    without_other = {**both, other: gone[other]}
    assert ground_to_cancel(unwanted, *without_other.values(), POLICY, ASKED_AT) == "gone"
    without_asking = {**both, asking: gone[asking]}
    expected = Refusal.CANCEL_NOT_ASKED
    assert refusal_of(ground_to_cancel, unwanted, *without_asking.values(), POLICY, ASKED_AT) is expected


@pytest.mark.clause("§3.5.1(5)")
@pytest.mark.parametrize("asking", ["enterprise", "agency"])
@pytest.mark.parametrize("told", [None, date(2026, 6, 11)])
def test_one_party_suffices_to_cancel_once_the_other_was_silent_for_ten_days(asking: str, told: date | None) -> None:
    request = CANCEL_REQUEST.model_copy(update={"answer_by": told})
    unwanted, over = order(**{f"{asking}_cancel": request}), datetime(2026, 6, 11, 16, tzinfo=UTC)
    early = refusal_of(ground_to_cancel, unwanted, *PARTIES, POLICY, over - ONE_MILLISECOND)
    assert early is Refusal.CANCEL_NOT_ASKED
    assert ground_to_cancel(unwanted, *PARTIES, POLICY, over) == "silent"


@pytest.mark.clause("§4.2.1")
def test_the_operator_decides_on_a_delivery_disputed_or_unconfirmed_for_fifteen_days() -> None:
    delivered = order(state="delivered", **delivered_changes(POLICY, TODAY))
    assert delivered.confirm_by == date(2026, 6, 30)
    over = datetime(2026, 6, 30, 16, tzinfo=UTC)
    no = refused_by(ground_to_decide, delivered, *PARTIES, POLICY, over - ONE_MILLISECOND)
    assert no is not None and (no.refusal, no.facts["last_day"]) == (Refusal.TOO_EARLY, date(2026, 6, 30))
    assert ground_to_decide(delivered, *PARTIES, POLICY, over) == "silent"
    old = order(state="delivered", updated_at=NOW)
    assert refusal_of(ground_to_decide, old, *PARTIES, POLICY, over - ONE_MILLISECOND) is Refusal.TOO_EARLY
    assert ground_to_decide(old, *PARTIES, POLICY, over) == "silent"
    disputed = delivered.model_copy(update={"dispute": Dispute(by="owner", at=NOW, reason="缺报告")})
    assert ground_to_decide(disputed, *PARTIES, POLICY, NOW) == "disputed"
    for gone in ((enterprise(state="disqualified"), agency()), (enterprise(), agency(state="removed"))):
        assert ground_to_decide(delivered, *gone, POLICY, NOW) == "gone"


@pytest.mark.clause("§4.2.1")
def test_an_order_runs_out_when_its_last_day_is_over_by_the_clock_of_lishui() -> None:
    waiting = order(state="placed")
    last = datetime(2026, 6, 23, 16, tzinfo=UTC)
    assert not has_run_out(waiting, POLICY, last - timedelta(milliseconds=1))
    assert has_run_out(waiting, POLICY, last)
    assert has_run_out(waiting, policy(acceptance_working_days=1), datetime(2026, 6, 16, 16, tzinfo=UTC))
    told = order(state="placed", answer_by=date(2026, 6, 24))
    assert not has_run_out(told, POLICY, last), "never earlier than the parties were told"
    answered = order(state="accepted")
    assert not has_run_out(answered, POLICY, last)


@pytest.mark.clause("§4.2.1")
def test_an_order_whose_term_has_a_day_of_unknown_holidays_does_not_run_out() -> None:
    late = order(state="placed", created_at=datetime(2090, 6, 1, tzinfo=UTC))
    assert not has_run_out(late, POLICY, datetime(2091, 1, 1, tzinfo=UTC))


@pytest.mark.clause("§4.2.1")
def test_an_agency_is_reminded_on_the_last_day_of_its_answer_and_the_day_before() -> None:
    waiting, last_day = order(state="placed"), date(2026, 6, 23)
    days = [last_day + timedelta(days=number) for number in (-2, -1, 0, 1)]
    reminded = [day_to_remind_of_answer(waiting, POLICY, day) for day in days]
    assert reminded == [None, last_day, last_day, None]


@pytest.mark.clause("§3.5.1")
def test_what_is_to_be_settled_is_handed_in_until_30_june_of_the_year_after() -> None:
    last_day = last_day_to_settle(2026, None, POLICY)
    assert last_day.date == date(2027, 6, 30)
    over = datetime(2027, 6, 30, 16, tzinfo=UTC)
    assert [is_over(last_day, each) for each in (over - ONE_MILLISECOND, over)] == [False, True]
    assert last_day_to_settle(2026, None, policy(settlement_ends_on=date(2027, 3, 31))).date == date(2027, 3, 31)


@pytest.mark.clause("§3.5.1")
def test_a_returned_line_is_corrected_until_its_own_day_if_that_comes_later() -> None:
    ends = policy(settlement_ends_on=date(2026, 9, 10))
    assert last_day_to_settle(2026, line(state="returned", correct_by=date(2026, 9, 9)), ends).date == date(2026, 9, 10)
    late = line(state="returned", correct_by=date(2026, 9, 15))
    assert last_day_to_settle(2026, late, ends).date == date(2026, 9, 15)
    assert last_day_to_settle(2026, line(state="draft"), ends).date == date(2026, 9, 10)
    # of before days were told: fifteen days after the return, and the first day after the holidays
    old = line(state="returned", updated_at=datetime(2026, 9, 18, tzinfo=UTC))
    assert last_day_to_settle(2026, old, ends).date == date(2026, 10, 8)


@pytest.mark.clause("§3.5.1")
def test_a_term_over_a_day_that_may_be_a_holiday_ends_nothing() -> None:
    returned = line(state="returned", correct_by=date(2027, 10, 6))  # of 2027 nobody knows it yet
    last_day = last_day_to_settle(2026, returned, POLICY)
    assert (last_day.date, is_over(last_day, datetime(2028, 1, 1, tzinfo=UTC))) == (date(2027, 10, 6), False)


@pytest.mark.clause("§3.5.1")
def test_an_order_waits_for_settlement_until_its_line_is_submitted() -> None:
    for state in ("accepted", "delivered", "completed"):
        assert waits_for_settlement(order(state=state), None)
    for state in ("placed", "payable", "paid", "cancelled"):
        assert not waits_for_settlement(order(state=state), None)
    settling = order(state="settling")
    assert [waits_for_settlement(settling, line(state=state)) for state in ("draft", "returned")] == [True, True]
    assert [waits_for_settlement(settling, line(state=state)) for state in ("submitted", "noticed")] == [False, False]
