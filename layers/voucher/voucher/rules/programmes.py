"""A year's money (§1.3), its batches (§1.4a), the caps (§2.2.cap) and the floor (§2.2.floor)."""

from datetime import date, datetime, timedelta
from math import isqrt

from voucher.models import Batch, Programme
from voucher.policy import Category, Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.working_days import end_of_day, shanghai_date

# a batch is closed in one transaction, of which each shard is a part
MOST_SHARDS = 64


def category_cap_fen(total_fen: int, policy: Policy, category: Category) -> int:
    """§2.2.cap: at most this share of the confirmed yearly total, rounded down to the fen."""
    return total_fen * policy.cap_percent[category] // 100


def non_key_room_fen(total_fen: int, policy: Policy) -> int:
    """§2.2.floor as a ceiling: what all categories outside the key three may use together, rounded down."""
    return total_fen * (100 - policy.key_floor_percent) // 100


def key_share_basis_points(key_fen: int, all_fen: int) -> int | None:
    """The real share of the three key categories in what was used, in hundredths of a percent; None before any was."""
    return 10_000 * key_fen // all_fen if all_fen else None


def voucher_end(valid_until: date, policy: Policy, year: int) -> datetime:
    """§1.4b, §4.2.2: min(face date, last day of the year) 24:00 Asia/Shanghai, as an exclusive UTC instant."""
    return end_of_day(min(valid_until, policy.last_day(year)))


def ends_soon(batch: Batch, policy: Policy, instant: datetime) -> bool:
    """§4.2.2: the batch's vouchers have not ended yet, and their last day is at most the reminder's days away."""
    begins_on = batch.valid_until - timedelta(days=policy.voucher_reminder_days)
    return instant < batch.ends_at and shanghai_date(instant) >= begins_on


def check_batch_dates(opens_at: datetime, closes_at: datetime, valid_until: date, policy: Policy, year: int) -> None:
    """§1.4b: a batch opens before it closes, inside its programme year, and its vouchers outlast its opening."""
    errors = []
    if closes_at <= opens_at:
        errors.append(FieldError("closes_at", "须晚于开始时间。"))
    if not policy.first_day(year) <= shanghai_date(opens_at) <= policy.last_day(year):
        errors.append(FieldError("opens_at", "须在本年度服务券的起止日期之内。"))
    if valid_until < shanghai_date(opens_at) or valid_until > policy.last_day(year):
        errors.append(FieldError("valid_until", "须在领券开始之后、本年度结束之前。"))
    if errors:
        raise Refused(Refusal.OUTSIDE_PROGRAMME_YEAR, errors=errors)


def check_release(programme: Programme, amount_fen: int) -> None:
    """§1.4a: never past the total. A courtesy at drafting; the write that publishes carries the condition."""
    if amount_fen > programme.unreleased_fen:
        raise Refused(Refusal.OVER_PROGRAMME_TOTAL, left_fen=programme.unreleased_fen)


def check_publishing(programme: Programme, batch: Batch, now: datetime) -> None:
    """§1.4b, §4.2.2: nothing is released, nor released again, in a year that is not open, or after claiming ended."""
    if programme.state != "open":
        raise Refused(Refusal.WRONG_STATE, state=programme.state)
    if now >= batch.claims_end_at:
        raise Refused(Refusal.BATCH_CLOSED)


def even_shares(amount_fen: int, shards: int, unit_fen: int) -> list[int]:
    """Split an amount over shards in whole units (a default quota) as far as it goes; the rest on the first ones."""
    unit_fen = max(1, unit_fen)
    units, rest = divmod(amount_fen, unit_fen)
    shares = [(units // shards + (number < units % shards)) * unit_fen for number in range(shards)]
    shares[shards - 1] += rest
    return shares


def shards_for(amount_fen: int, policy: Policy) -> int:
    """How many shards a batch's pool has: the policy's setting, else about the root of the default quotas in it.

    Fewer make grabs collide, more leave crumbs that must be gathered at the end: read off `make bench scale`.
    """
    if policy.batch_shards is not None:
        return policy.batch_shards
    quotas = amount_fen // policy.quota_default_fen
    return max(1, min(MOST_SHARDS, isqrt(quotas)))


def yearly_limits_fen(total_fen: int, policy: Policy) -> dict[Category | None, int]:
    """§2.2.cap, §2.2.floor: each category's cap, and under None the room of all non-key categories together."""
    caps: dict[Category | None, int] = {
        category: category_cap_fen(total_fen, policy, category) for category in Category
    }
    return caps | {None: non_key_room_fen(total_fen, policy)}


def check_cut(programme: Programme, total_fen: int) -> None:
    """§1.3: a new total is never below what batches have taken. Caps are checked where their pools are."""
    if programme.total_fen - total_fen > programme.unreleased_fen:
        raise Refused(Refusal.TOTAL_BELOW_COMMITTED)


def year_is_over(policy: Policy, year: int, instant: datetime) -> bool:
    """§1.4b: at or after the end of the programme year's last day."""
    return instant >= end_of_day(policy.last_day(year))


def shown_state(batch: Batch, now: datetime, remaining_fen: int, stopped: bool = False) -> str:
    """What a client sees: draft, published (not open yet), open, sold_out or closed; `stopped`: about to be."""
    if batch.state != "published":
        return batch.state
    if stopped:
        return "closed"
    if now < batch.opens_at:
        return "published"
    if now >= batch.claims_end_at:
        return "closed"
    return "open" if remaining_fen > 0 else "sold_out"
