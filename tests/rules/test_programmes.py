"""A year's money: caps and the floor in whole fen, when vouchers end, which days a batch may have, what is shown."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.records import POLICY, YEAR, batch, fields_at_fault, policy, programme, refusal_of
from voucher.models.pools import even_shares
from voucher.policy import Category
from voucher.refusals import Refusal, Refused
from voucher.rules.batches import check_batch_dates, check_publishing, check_release, shown_state, voucher_end
from voucher.rules.programmes import category_cap_fen, key_share_basis_points, non_key_room_fen

TEN_PERCENT = {Category.TAX_AUDIT, Category.MANAGEMENT}
DEMO_YEAR = policy(year_starts_on="2026-07-01", year_ends_on="2026-07-10")

ONE_MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.clause("§2.2.cap")
@pytest.mark.parametrize("category", Category)
def test_two_categories_may_use_a_tenth_of_the_year_and_the_other_seven_three_tenths(category: Category) -> None:
    expected_fen = 100_000_000 if category in TEN_PERCENT else 300_000_000
    assert category_cap_fen(1_000_000_000, POLICY, category) == expected_fen


@pytest.mark.clause("§2.2.cap")
def test_a_cap_is_rounded_down_to_the_fen_never_up() -> None:
    assert category_cap_fen(999, POLICY, Category.TAX_AUDIT) == 99
    assert category_cap_fen(999, POLICY, Category.HR) == 299


@pytest.mark.clause("§2.2.cap")
@given(total_fen=st.integers(0, 10**13), category=st.sampled_from(Category))
def test_a_cap_is_the_largest_amount_of_fen_within_the_percentage(total_fen: int, category: Category) -> None:
    percent = 10 if category in TEN_PERCENT else 30
    cap_fen = category_cap_fen(total_fen, POLICY, category)
    assert cap_fen * 100 <= total_fen * percent < (cap_fen + 1) * 100


@pytest.mark.clause("§2.2.floor")
@given(total_fen=st.integers(0, 10**13))
def test_what_the_key_categories_are_promised_is_at_least_forty_percent(total_fen: int) -> None:
    room_fen = non_key_room_fen(total_fen, POLICY)
    assert (total_fen - room_fen) * 100 >= total_fen * 40
    assert (total_fen - room_fen - 1) * 100 < total_fen * 40


@pytest.mark.clause("§2.2.floor")
def test_the_room_of_all_other_categories_is_rounded_down_and_follows_the_programme() -> None:
    assert non_key_room_fen(999, POLICY) == 599
    assert non_key_room_fen(1_000, policy(key_floor_percent=100)) == 0


@pytest.mark.clause("§2.2.floor")
def test_the_real_share_of_the_key_categories_is_told_once_something_was_used() -> None:
    assert key_share_basis_points(0, 0) is None
    assert key_share_basis_points(0, 3) == 0
    assert key_share_basis_points(1, 3) == 3_333
    assert key_share_basis_points(3, 3) == 10_000


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
def test_a_voucher_ends_at_midnight_in_lishui_after_its_face_date_or_the_years_last_day(
    face_date: date, end: datetime
) -> None:
    assert voucher_end(face_date, POLICY, YEAR) == end


@pytest.mark.clause("§1.4b")
def test_a_programme_with_dates_of_its_own_ends_its_vouchers_on_its_own_last_day() -> None:
    assert voucher_end(date(2026, 12, 31), DEMO_YEAR, YEAR) == datetime(2026, 7, 10, 16, tzinfo=UTC)
    assert voucher_end(date(2026, 7, 9), DEMO_YEAR, YEAR) == datetime(2026, 7, 9, 16, tzinfo=UTC)


OPENS = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)  # 09:00 on 1 June in Lishui
NEW_YEAR = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)  # 00:00 on 1 January in Lishui
LAST_MOMENT = datetime(2026, 12, 31, 15, 59, 59, 999_000, tzinfo=UTC)


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
def test_a_batch_opens_before_it_closes_inside_its_year_and_every_wrong_date_is_named(
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


@pytest.mark.clause("§1.4a")
@given(amount_fen=st.integers(0, 10**13), shards=st.integers(1, 64), unit_fen=st.integers(0, 10**9))
def test_money_split_over_shards_adds_up_and_is_cut_into_whole_quotas(
    amount_fen: int, shards: int, unit_fen: int
) -> None:
    shares = even_shares(amount_fen, shards, unit_fen)
    assert len(shares) == shards and sum(shares) == amount_fen and min(shares) >= 0
    unit_fen = max(1, unit_fen)
    assert all(share % unit_fen == 0 for share in shares[:-1])
    assert max(shares) - min(shares) < 2 * unit_fen


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


OPENS_AT, CLOSES_AT, ENDS_AT = batch().opens_at, batch().closes_at, batch().ends_at


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
