"""Batches (§1.4a): their dates, amounts and shards, how they end, and what a client sees of them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from math import isqrt
from typing import Any

from voucher.models.base import Mark
from voucher.models.batches import Batch
from voucher.models.pools import MOST_SHARDS, Shard
from voucher.models.programmes import Programme
from voucher.policy import Policy
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.lifecycle import stepped
from voucher.rules.working_days import end_of_day, shanghai_date

# longer than a grab's function may run
LONGEST_GRAB = timedelta(minutes=1)


def voucher_end(valid_until: date, policy: Policy, year: int) -> datetime:
    """§1.4b, §4.2.2: the vouchers' end, exclusive, in UTC: 24:00 in Shanghai of the face date, or of the year's last
    day if that is earlier."""
    return end_of_day(min(valid_until, policy.last_day(year)))


def ends_soon(batch: Batch, policy: Policy, instant: datetime) -> bool:
    """§4.2.2: the batch's vouchers have not ended yet, and their last day is at most `voucher_reminder_days`
    away."""
    begins_on = batch.valid_until - timedelta(days=policy.voucher_reminder_days)
    return instant < batch.ends_at and shanghai_date(instant) >= begins_on


def check_draft(batch: Batch, programme: Programme) -> None:
    """§1.4a, §1.4b, §2.3.3: what is drafted can be released. Raises OUTSIDE_PROGRAMME_YEAR, MALFORMED or
    OVER_PROGRAMME_TOTAL."""
    check_batch_dates(batch.opens_at, batch.closes_at, batch.valid_until, programme.policy, programme.year)
    errors = []
    if batch.extra_quota_fen and batch.kind != "rerelease":
        errors.append(FieldError("extra_quota_fen", "只有补发批次可以给予额外额度。", "not_allowed"))
    until = batch.audience.until if batch.audience else None
    if until and not batch.opens_at < until < batch.closes_at:
        errors.append(FieldError("audience.until", "须在本批次开始之后、结束之前。", "out_of_range"))
    if errors:
        raise Refused(Refusal.MALFORMED, errors=errors)
    if batch.kind == "regular":
        check_release(programme, batch.amount_fen)


def check_batch_dates(opens_at: datetime, closes_at: datetime, valid_until: date, policy: Policy, year: int) -> None:
    """§1.4b: a batch opens before it closes, inside its programme year, and its vouchers are valid on the day it opens.
    Raises OUTSIDE_PROGRAMME_YEAR with each date at fault."""
    errors = []
    if closes_at <= opens_at:
        errors.append(FieldError("closes_at", "须晚于开始时间。", "out_of_range"))
    if not policy.first_day(year) <= shanghai_date(opens_at) <= policy.last_day(year):
        errors.append(FieldError("opens_at", "须在本年度服务券的起止日期之内。", "out_of_range"))
    if valid_until < shanghai_date(opens_at) or valid_until > policy.last_day(year):
        errors.append(FieldError("valid_until", "须在领券开始之后、本年度结束之前。", "out_of_range"))
    if errors:
        raise Refused(Refusal.OUTSIDE_PROGRAMME_YEAR, errors=errors)


def check_release(programme: Programme, amount_fen: int) -> None:
    """§1.4a: a batch takes at most what the year has left, in fen. Raises OVER_PROGRAMME_TOTAL. This check only answers
    early: the write that publishes carries the condition."""
    if amount_fen > programme.unreleased_fen:
        raise Refused(Refusal.OVER_PROGRAMME_TOTAL, left_fen=programme.unreleased_fen)


def check_publishing(programme: Programme, batch: Batch, now: datetime) -> None:
    """§1.4b, §4.2.2: money is released, or released again, only in an open year and before claiming ends. Raises
    WRONG_STATE or BATCH_CLOSED."""
    if programme.state != "open":
        raise Refused(Refusal.WRONG_STATE, of=programme)
    if now >= batch.claims_end_at:
        raise Refused(Refusal.BATCH_CLOSED)


def shards_for(amount_fen: int, policy: Policy) -> int:
    """How many shards a batch's pool has: what the policy says, or else the root of the number of default quotas in it.

    With fewer shards more grabs conflict; with more shards more amounts must be gathered at the end (`make bench
    scale`).
    """
    if policy.batch_shards is not None:
        return policy.batch_shards
    quotas = amount_fen // policy.quota_default_fen
    return max(1, min(MOST_SHARDS, isqrt(quotas)))


def new_batch(batch_id: str, programme: Programme, draft: Mapping[str, Any], creation: Mapping[str, Any]) -> Batch:
    """§1.4a: a batch as it is drafted: what the operator asks for (`draft`), what the year's policy says, and who made
    it (`creation`)."""
    policy = programme.policy
    return Batch(
        **draft,
        **creation,
        **_following(draft, programme),
        state="draft",
        batch_id=batch_id,
        year=programme.year,
        grants_from=policy.grants_from,
        grants_until=policy.grants_until,
        rerelease_excludes_lapsed=policy.rerelease_excludes_lapsed,
    )


def corrected_batch(batch: Batch, programme: Programme, changes: Mapping[str, Any]) -> Batch:
    """§1.4a: a draft with some other facts, before the step itself."""
    draft = {**batch.model_dump(), **changes}
    return Batch.model_validate({**draft, **_following(draft, programme)})


def _following(draft: Mapping[str, Any], programme: Programme) -> dict[str, Any]:
    """What follows from a draft's amount, the face date of its vouchers, and its extra."""
    policy = programme.policy
    return {
        "ends_at": voucher_end(draft["valid_until"], policy, programme.year),
        "shards": shards_for(draft["amount_fen"], policy),
        "guess_fen": policy.quota_default_fen + draft["extra_quota_fen"],
    }


def closed_batch(batch: Batch, shards: list[Shard], mark: Mark) -> Batch:
    """§1.4a, §1.4b: a batch once it is closed, by the bureau or at the year's end: what its stopped shards hold becomes
    surplus, in fen. Raises WRONG_STATE."""
    return stepped(batch, "close", mark, surplus_fen=sum(each.remaining_fen for each in shards))


def check_ended(shown_state: str) -> None:
    """§1.4a, §4.2.2: results are public once nothing more is granted. Raises BATCH_RUNNING."""
    if shown_state not in ("closed", "sold_out"):
        raise Refused(Refusal.BATCH_RUNNING)


def grants_are_final(batch: Batch, shown_state: str, now: datetime) -> bool:
    """True if no grab can still be under way: one that began before the claims' end may be written a little after it.
    What is sold out, or was closed by the bureau, grants nothing from that write on."""
    ended_by_clock = shown_state == "closed" and batch.state == "published"
    return shown_state in ("closed", "sold_out") and (not ended_by_clock or now >= batch.claims_end_at + LONGEST_GRAB)


def shown_state(batch: Batch, now: datetime, remaining_fen: int, stopped: bool = False) -> str:
    """What a client sees of a batch at an instant: draft, published (claiming has not begun), open, sold_out or closed.
    `stopped`: its closing has begun."""
    if batch.state != "published":
        return batch.state
    if stopped:
        return "closed"
    if now < batch.opens_at:
        return "published"
    if now >= batch.claims_end_at:
        return "closed"
    return "open" if remaining_fen > 0 else "sold_out"
