"""Releasing vouchers (§1.4a): dates, amounts, shards, and what a client sees of a batch."""

from datetime import date, datetime, timedelta
from math import isqrt

from voucher.models.batches import Batch
from voucher.models.programmes import Programme
from voucher.policy import Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.working_days import end_of_day, shanghai_date

# a batch is closed in one transaction, of which each shard is a part
MOST_SHARDS = 64


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
        raise Refused(Refusal.WRONG_STATE, of=programme)
    if now >= batch.claims_end_at:
        raise Refused(Refusal.BATCH_CLOSED)


def shards_for(amount_fen: int, policy: Policy) -> int:
    """How many shards a batch's pool has: the policy's setting, else about the root of the default quotas in it.

    Fewer make grabs collide, more leave crumbs that must be gathered at the end: read off `make bench scale`.
    """
    if policy.batch_shards is not None:
        return policy.batch_shards
    quotas = amount_fen // policy.quota_default_fen
    return max(1, min(MOST_SHARDS, isqrt(quotas)))


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
