"""A batch: its days, when its vouchers end, how much it takes, over how many shards, and what is shown of it."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.records import POLICY, YEAR, batch, fields_at_fault, policy, programme, refusal_of
from voucher.models.base import Mark
from voucher.models.batches import Audience
from voucher.models.pools import Shard
from voucher.refusals import Refusal, Refused
from voucher.rules.batches import (
    check_batch_dates,
    check_draft,
    check_publishing,
    check_release,
    closed_batch,
    corrected_batch,
    ends_soon,
    new_batch,
    shards_for,
    shown_state,
    voucher_end,
)

DEMO_YEAR = policy(year_starts_on="2026-07-01", year_ends_on="2026-07-10")
ONE_MILLISECOND = timedelta(milliseconds=1)
LISHUI = timezone(timedelta(hours=8))
OPENS = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)  # 09:00 on 1 June in Lishui
NEW_YEAR = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)  # 00:00 on 1 January in Lishui
LAST_MOMENT = datetime(2026, 12, 31, 15, 59, 59, 999_000, tzinfo=UTC)
OPENS_AT, CLOSES_AT, ENDS_AT = batch().opens_at, batch().closes_at, batch().ends_at


@pytest.mark.clause("§4.2.2")
@pytest.mark.clause("§1.4b")
@pytest.mark.parametrize(
    ("face_date", "end"),
    [
        (date(2026, 11, 30), datetime(2026, 11, 30, 16, tzinfo=UTC)),
        (date(2026, 12, 31), datetime(2026, 12, 31, 16, tzinfo=UTC)),
        (date(2027, 3, 1), datetime(2026, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_voucher_ends_in_lishui_with_its_face_date_or_the_years_last_day(face_date: date, end: datetime) -> None:
    assert voucher_end(face_date, POLICY, YEAR) == end


@pytest.mark.clause("§1.4b")
def test_a_programme_with_dates_of_its_own_ends_its_vouchers_on_its_own_last_day() -> None:
    assert voucher_end(date(2026, 12, 31), DEMO_YEAR, YEAR) == datetime(2026, 7, 10, 16, tzinfo=UTC)
    assert voucher_end(date(2026, 7, 9), DEMO_YEAR, YEAR) == datetime(2026, 7, 9, 16, tzinfo=UTC)


@pytest.mark.clause("§4.2.2")
def test_the_end_of_vouchers_is_near_from_midnight_in_lishui_to_the_end_itself() -> None:
    ending = batch()
    first_day = ending.valid_until - timedelta(days=POLICY.voucher_reminder_days)
    begins_at = datetime.combine(first_day, time(), tzinfo=LISHUI)
    assert not ends_soon(ending, POLICY, begins_at - ONE_MILLISECOND)
    assert ends_soon(ending, POLICY, begins_at)
    assert ends_soon(ending, POLICY, ending.ends_at - ONE_MILLISECOND)
    assert not ends_soon(ending, POLICY, ending.ends_at)


@pytest.mark.clause("§1.4b")
@pytest.mark.parametrize(
    ("opens_at", "closes_at", "valid_until", "wrong"),
    [
        (OPENS, OPENS + ONE_MILLISECOND, date(2026, 6, 1), []),
        (OPENS, OPENS, date(2026, 6, 1), ["closes_at"]),
        (OPENS, OPENS + ONE_MILLISECOND, date(2026, 5, 31), ["valid_until"]),
        (OPENS, OPENS + ONE_MILLISECOND, date(2026, 12, 31), []),
        (OPENS, OPENS + ONE_MILLISECOND, date(2027, 1, 1), ["valid_until"]),
        (NEW_YEAR, OPENS, date(2026, 12, 31), []),
        (NEW_YEAR - ONE_MILLISECOND, OPENS, date(2026, 12, 31), ["opens_at"]),
        (LAST_MOMENT, LAST_MOMENT + ONE_MILLISECOND, date(2026, 12, 31), []),
        (LAST_MOMENT + ONE_MILLISECOND, OPENS, date(2027, 1, 1), ["closes_at", "opens_at", "valid_until"]),
    ],
)
def test_each_wrong_date_of_a_batch_is_named(
    opens_at: datetime, closes_at: datetime, valid_until: date, wrong: list[str]
) -> None:
    facts = (opens_at, closes_at, valid_until, POLICY, YEAR)
    assert fields_at_fault(Refusal.OUTSIDE_PROGRAMME_YEAR, check_batch_dates, *facts) == wrong


@pytest.mark.clause("§1.4b")
def test_a_batch_of_a_programme_with_dates_of_its_own_keeps_to_those() -> None:
    closes, inside = datetime(2026, 7, 20, tzinfo=UTC), datetime(2026, 7, 10, 15, 59, tzinfo=UTC)
    last_day = date(2026, 7, 10)
    assert refusal_of(check_batch_dates, inside, closes, last_day, DEMO_YEAR, YEAR) is None
    for opens, face in ((OPENS, last_day), (inside, date(2026, 7, 11))):
        refusal = refusal_of(check_batch_dates, opens, closes, face, DEMO_YEAR, YEAR)
        assert refusal is Refusal.OUTSIDE_PROGRAMME_YEAR


@pytest.mark.clause("§1.4a")
def test_a_batch_takes_what_the_year_has_left_to_the_fen_and_not_one_more() -> None:
    year = programme(unreleased_fen=500)
    check_release(year, 500)
    with pytest.raises(Refused) as no:
        check_release(year, 501)
    assert (no.value.refusal, no.value.clause) == (Refusal.OVER_PROGRAMME_TOTAL, "§1.4a")
    assert "剩余 5.00 元" in no.value.detail


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize("kind", ["regular", "rerelease"])
@pytest.mark.parametrize(
    ("state", "left", "refusal"),
    [
        ("open", ONE_MILLISECOND, None),
        ("open", timedelta(), Refusal.BATCH_CLOSED),
        ("closed", ONE_MILLISECOND, Refusal.WRONG_STATE),
        ("draft", timedelta(), Refusal.WRONG_STATE),
    ],
)
def test_a_batch_is_published_only_in_an_open_year_and_before_claiming_ends(
    kind: str, state: str, left: timedelta, refusal: Refusal | None
) -> None:
    for ending in ("closes_at", "ends_at"):
        draft = batch(kind=kind, closes_at=ENDS_AT, ends_at=ENDS_AT).model_copy(update={ending: CLOSES_AT})
        assert refusal_of(check_publishing, programme(state=state), draft, CLOSES_AT - left) is refusal


@pytest.mark.clause("§1.4a")
@pytest.mark.parametrize(
    ("kept", "now", "remaining_fen", "shown"),
    [
        ("draft", OPENS_AT, 5, "draft"),
        ("closed", OPENS_AT, 5, "closed"),
        ("published", OPENS_AT - ONE_MILLISECOND, 5, "published"),
        ("published", OPENS_AT, 1, "open"),
        ("published", OPENS_AT, 0, "sold_out"),
        ("published", CLOSES_AT - ONE_MILLISECOND, 1, "open"),
        ("published", CLOSES_AT, 1, "closed"),
        ("published", CLOSES_AT, 0, "closed"),
    ],
)
def test_a_batch_is_shown_as_it_is_at_this_millisecond(
    kept: str, now: datetime, remaining_fen: int, shown: str
) -> None:
    assert shown_state(batch(state=kept), now, remaining_fen) == shown
    assert shown_state(batch(state=kept), now, remaining_fen, stopped=True) == (
        "draft" if kept == "draft" else "closed"
    )


@pytest.mark.clause("§4.2.2")
def test_a_batch_whose_vouchers_have_ended_is_not_shown_as_open() -> None:
    late = batch(closes_at=datetime(2027, 1, 1, tzinfo=UTC))
    assert shown_state(late, ENDS_AT - ONE_MILLISECOND, 1) == "open"
    assert shown_state(late, ENDS_AT, 1) == "closed"


@pytest.mark.parametrize(
    ("quotas", "shards"), [(0, 1), (1, 1), (3, 1), (4, 2), (50, 7), (1_000, 31), (4_095, 63), (4_096, 64), (10**6, 64)]
)
def test_a_batch_has_as_many_shards_as_the_root_of_its_quotas_from_1_to_64(quotas: int, shards: int) -> None:
    assert shards_for(quotas * POLICY.quota_default_fen, POLICY) == shards


@given(amount_fen=st.integers(0, 10**13))
def test_a_programme_may_set_the_number_of_shards_itself(amount_fen: int) -> None:
    assert shards_for(amount_fen, policy(batch_shards=7)) == 7
    assert 1 <= shards_for(amount_fen, policy(quota_default_fen=1)) <= 64


@pytest.mark.clause("§1.4a")
def test_a_batch_is_drafted_with_what_is_asked_for_and_what_the_years_policy_says() -> None:
    asked = {"name": "第一批", "amount_fen": 4 * POLICY.quota_default_fen, "opens_at": OPENS, "closes_at": CLOSES_AT}
    asked |= {"valid_until": date(2026, 11, 30), "kind": "rerelease", "extra_quota_fen": 300_000}
    year = programme(policy=policy(rerelease_excludes_lapsed=False))
    draft = new_batch("2026.b9", year, asked, {"created_at": OPENS, "created_by": "operator"})
    assert (draft.state, draft.batch_id, draft.year, draft.shards) == ("draft", "2026.b9", YEAR, 2)
    assert draft.ends_at == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert (draft.guess_fen, draft.excludes_lapsed) == (POLICY.quota_default_fen + 300_000, False)
    assert (draft.grants_from, draft.grants_until) == (POLICY.grants_from, POLICY.grants_until)


@pytest.mark.clause("§1.4a")
def test_a_corrected_draft_follows_its_new_amount_date_and_extra() -> None:
    drafted = batch(state="draft", kind="rerelease")
    changes = {"amount_fen": 9 * POLICY.quota_default_fen, "valid_until": date(2026, 11, 30), "extra_quota_fen": 5}
    corrected = corrected_batch(drafted, programme(), changes)
    assert (corrected.shards, corrected.ends_at) == (3, datetime(2026, 11, 30, 16, tzinfo=UTC))
    assert (corrected.guess_fen, corrected.extra_quota_fen) == (POLICY.quota_default_fen + 5, 5)
    assert (corrected.batch_id, corrected.version) == (drafted.batch_id, drafted.version)


@pytest.mark.clause("§2.3.3")
def test_only_a_rerelease_gives_an_extra_and_an_audience_ends_before_the_batch() -> None:
    assert fields_at_fault(Refusal.MALFORMED, check_draft, batch(extra_quota_fen=1), programme()) == ["extra_quota_fen"]
    assert refusal_of(check_draft, batch(extra_quota_fen=1, kind="rerelease"), programme()) is None
    second = timedelta(seconds=1)
    for until, field in [
        (OPENS, "audience.until"),
        (OPENS + second, None),
        (CLOSES_AT - second, None),
        (CLOSES_AT, "audience.until"),
    ]:
        own = batch(opens_at=OPENS, closes_at=CLOSES_AT, audience=Audience(lists=("newly_above_scale",), until=until))
        assert fields_at_fault(Refusal.MALFORMED, check_draft, own, programme()) == ([field] if field else [])


@pytest.mark.clause("§1.4a")
@pytest.mark.clause("§1.4b")
def test_what_the_shards_of_a_closed_batch_hold_is_its_surplus() -> None:
    shards = [
        Shard(pool_id="batch.b1", shard=number, shards=2, limit_fen=9, remaining_fen=fen, drawn_fen=9 - fen)
        for number, fen in enumerate((7, 4))
    ]
    mark = Mark(by="sweep", at=ENDS_AT)
    closed = closed_batch(batch(), shards, mark)
    assert (closed.state, closed.surplus_fen, closed.version) == ("closed", 11, batch().version + 1)
    assert (closed.last_action, closed.last_by, closed.updated_at) == ("close", "sweep", ENDS_AT)
    for state in ("draft", "closed"):
        assert refusal_of(closed_batch, batch(state=state), shards, mark) is Refusal.WRONG_STATE
