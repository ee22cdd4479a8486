"""When a batch can be grabbed, to the millisecond; how much is claimed; who is kept out of a re-release."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.records import FIRM, NOW, batch, entitlement, refusal_of, voucher
from voucher.models.batches import Audience
from voucher.policy import Category
from voucher.refusals import Refusal, Refused
from voucher.rules.vouchers import (
    amount_to_claim,
    check_audience,
    check_open,
    check_rerelease,
    new_voucher,
    public_voucher,
)

ONE_MILLISECOND = timedelta(milliseconds=1)
OPENS_AT, CLOSES_AT = batch().opens_at, batch().closes_at


@pytest.mark.clause("§4.1.4")
def test_a_batch_opens_at_its_instant_and_not_a_millisecond_earlier() -> None:
    assert refusal_of(check_open, batch(), OPENS_AT - ONE_MILLISECOND) is Refusal.BATCH_NOT_OPEN
    assert refusal_of(check_open, batch(), OPENS_AT) is None


@pytest.mark.clause("§4.2.2")
def test_a_batch_closes_at_its_instant_and_not_a_millisecond_later() -> None:
    assert refusal_of(check_open, batch(), CLOSES_AT - ONE_MILLISECOND) is None
    assert refusal_of(check_open, batch(), CLOSES_AT) is Refusal.BATCH_CLOSED


@pytest.mark.clause("§4.2.2")
def test_nothing_is_granted_at_or_after_the_instant_at_which_the_vouchers_end() -> None:
    ends_at = datetime(2026, 6, 20, 16, tzinfo=UTC)
    assert refusal_of(check_open, batch(ends_at=ends_at), ends_at - ONE_MILLISECOND) is None
    assert refusal_of(check_open, batch(ends_at=ends_at), ends_at) is Refusal.BATCH_CLOSED


@pytest.mark.clause("§1.4a")
def test_a_draft_is_not_open_and_a_closed_batch_stays_closed_within_its_instants() -> None:
    assert refusal_of(check_open, batch(state="draft"), OPENS_AT) is Refusal.BATCH_NOT_OPEN
    assert refusal_of(check_open, batch(state="closed"), OPENS_AT - ONE_MILLISECOND) is Refusal.BATCH_CLOSED
    assert refusal_of(check_open, batch(state="closed"), OPENS_AT) is Refusal.BATCH_CLOSED


@pytest.mark.clause("§6")
@pytest.mark.parametrize(
    ("now", "inside"),
    [
        (datetime(2024, 8, 8, 15, 59, 59, 999_000, tzinfo=UTC), False),
        (datetime(2024, 8, 8, 16, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 31, 15, 59, 59, 999_000, tzinfo=UTC), True),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), False),
    ],
)
def test_vouchers_are_granted_only_within_the_regulations_term_by_lishuis_day(now: datetime, inside: bool) -> None:
    later = datetime(2030, 1, 1, tzinfo=UTC)
    endless = batch(opens_at=datetime(2020, 1, 1, tzinfo=UTC), closes_at=later, ends_at=later)
    assert refusal_of(check_open, endless, now) is (None if inside else Refusal.OUTSIDE_REGULATION_TERM)


@pytest.mark.clause("§6")
def test_outside_the_term_the_refusal_names_the_days_even_if_the_batch_is_closed_too() -> None:
    with pytest.raises(Refused) as no:
        check_open(batch(state="closed"), datetime(2027, 1, 1, tzinfo=UTC))
    assert no.value.clause == "§6"
    assert "2024-08-09 至 2026-12-31" in no.value.detail


@pytest.mark.clause("§2.3.1")
@pytest.mark.parametrize(
    ("left_fen", "asked_fen", "partial_allowed", "outcome"),
    [
        (600, None, False, 600),
        (600, None, True, 600),
        (600, 600, False, 600),
        (600, 600, True, 600),
        (600, 599, False, Refusal.PARTIAL_NOT_ALLOWED),
        (600, 599, True, 599),
        (600, 1, True, 1),
        (600, 601, False, Refusal.QUOTA_USED),
        (600, 601, True, Refusal.QUOTA_USED),
        (0, None, False, Refusal.QUOTA_USED),
        (0, None, True, Refusal.QUOTA_USED),
        (0, 1, True, Refusal.QUOTA_USED),
    ],
)
def test_a_claim_takes_the_whole_remaining_quota_or_a_part_where_the_batch_allows(
    left_fen: int, asked_fen: int | None, partial_allowed: bool, outcome: int | Refusal
) -> None:
    owner, release = entitlement(left_fen=left_fen), batch(partial_allowed=partial_allowed)
    if isinstance(outcome, Refusal):
        with pytest.raises(Refused) as no:
            amount_to_claim(owner, release, asked_fen)
        assert no.value.refusal is outcome
        assert f"{left_fen // 100}.00 元" in no.value.detail
    else:
        assert amount_to_claim(owner, release, asked_fen) == outcome


@pytest.mark.clause("§2.3.1")
@given(
    left_fen=st.integers(0, 3_000_000),
    asked_fen=st.none() | st.integers(1, 3_000_001),
    partial_allowed=st.booleans(),
)
def test_whatever_is_asked_a_claim_is_never_more_than_what_is_left(
    left_fen: int, asked_fen: int | None, partial_allowed: bool
) -> None:
    owner, release = entitlement(left_fen=left_fen), batch(partial_allowed=partial_allowed)
    if refusal_of(amount_to_claim, owner, release, asked_fen) is None:
        assert 0 < amount_to_claim(owner, release, asked_fen) <= left_fen


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize(
    ("kind", "lapsed", "refusal"),
    [
        ("rerelease", True, Refusal.RERELEASE_EXCLUDED),
        ("rerelease", False, None),
        ("regular", True, None),
        ("regular", False, None),
    ],
)
def test_an_enterprise_whose_voucher_lapsed_is_kept_out_of_a_rerelease_only(
    kind: str, lapsed: bool, refusal: Refusal | None
) -> None:
    assert refusal_of(check_rerelease, entitlement(lapsed=lapsed), [], batch(kind=kind), OPENS_AT) is refusal


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize(
    ("held", "refusal"),
    [
        ({"ends_at": OPENS_AT}, Refusal.RERELEASE_EXCLUDED),
        ({"ends_at": OPENS_AT + ONE_MILLISECOND}, None),
        ({"ends_at": OPENS_AT, "balance_fen": 0}, None),
        ({"ends_at": OPENS_AT, "balance_fen": 1}, Refusal.RERELEASE_EXCLUDED),
    ],
)
def test_a_voucher_that_ended_with_money_on_it_has_lapsed_by_the_clock_swept_or_not(
    held: dict[str, Any], refusal: Refusal | None
) -> None:
    vouchers = [voucher(balance_fen=0), voucher(**held)]
    assert refusal_of(check_rerelease, entitlement(), vouchers, batch(kind="rerelease"), OPENS_AT) is refusal


@pytest.mark.clause("§2.3.3")
def test_the_policy_may_let_an_enterprise_take_part_whose_voucher_lapsed() -> None:
    open_to_all = batch(kind="rerelease", rerelease_excludes_lapsed=False)
    ended = [voucher(ends_at=OPENS_AT)]
    assert refusal_of(check_rerelease, entitlement(lapsed=True), ended, open_to_all, OPENS_AT) is None


@pytest.mark.clause("§4.1.4")
def test_a_new_voucher_has_its_face_as_balance_and_the_terms_of_its_batch() -> None:
    release = batch(categories=(Category.HR,))
    made = new_voucher(release, FIRM, 700, "owner", OPENS_AT)
    assert (made.voucher_id, made.face_fen, made.balance_fen) == (f"{release.batch_id}.{FIRM}", 700, 700)
    assert (made.granted_by, made.granted_at, made.state, made.seq) == ("owner", OPENS_AT, "active", 0)
    assert (made.ends_at, made.valid_until) == (release.ends_at, release.valid_until)
    assert made.categories == release.categories


@pytest.mark.clause("§4.2.2")
def test_a_client_sees_a_voucher_in_the_state_that_it_has_at_this_instant() -> None:
    held = voucher()
    assert public_voucher(held, held.ends_at - ONE_MILLISECOND)["state"] == "active"
    assert public_voucher(held, held.ends_at)["state"] == "expired"
    assert public_voucher(held, held.ends_at)["balance_fen"] == held.balance_fen


@pytest.mark.clause("§2.3.3")
@pytest.mark.parametrize(("percent", "is_in"), [(30, True), (31, False)])
def test_what_was_given_back_counts_neither_as_granted_nor_as_used(percent: int, is_in: bool) -> None:
    """3,000 yuan of a voucher were spent before it became void; the other 7,000 were given back and claimed again."""
    held = [voucher(state="void", balance_fen=0), voucher(face_fen=700_000, balance_fen=700_000)]
    counted = entitlement(granted_fen=1_700_000, restored_fen=700_000, left_fen=0)
    for_users = batch(audience=Audience(used_percent=percent))
    assert refusal_of(check_audience, counted, held, for_users, NOW) is (None if is_in else Refusal.NOT_IN_AUDIENCE)
