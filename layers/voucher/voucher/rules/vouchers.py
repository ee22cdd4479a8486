"""Grabbing a voucher (§4.1.4, §2.3.1) and how long it pays for anything (§4.2.2)."""

from collections.abc import Iterable
from datetime import datetime

from voucher.models.batches import Batch
from voucher.models.entitlements import Entitlement
from voucher.models.vouchers import Voucher
from voucher.policy import Category
from voucher.refusals import Refusal, Refused
from voucher.rules.working_days import shanghai_date


def check_open(batch: Batch, now: datetime) -> None:
    """§6, §4.1.4, §4.2.2: inside the regulation's term and between the batch's instants, by the server's clock."""
    if not batch.grants_from <= shanghai_date(now) <= batch.grants_until:
        raise Refused(Refusal.OUTSIDE_REGULATION_TERM, grants_from=batch.grants_from, grants_until=batch.grants_until)
    if batch.state == "draft" or now < batch.opens_at:
        raise Refused(Refusal.BATCH_NOT_OPEN)
    if batch.state == "closed" or now >= batch.claims_end_at:
        raise Refused(Refusal.BATCH_CLOSED)


def amount_to_claim(entitlement: Entitlement, batch: Batch, asked_fen: int | None) -> int:
    """§2.3.1: the whole remaining quota, or less where the batch allows it, in fen. Refuses with what is left."""
    if entitlement.left_fen == 0 or (asked_fen or 0) > entitlement.left_fen:
        raise Refused(Refusal.QUOTA_USED, left_fen=entitlement.left_fen)
    if asked_fen is None or asked_fen == entitlement.left_fen:
        return entitlement.left_fen
    if not batch.partial_allowed:
        raise Refused(Refusal.PARTIAL_NOT_ALLOWED, left_fen=entitlement.left_fen)
    return asked_fen


def check_rerelease(entitlement: Entitlement, held: Iterable[Voucher], batch: Batch, now: datetime) -> None:
    """§2.3.3: a firm whose own voucher lapsed this year takes no part in what is released again.

    The clock decides: of the vouchers it holds, one that ended with money on it has lapsed, swept or not.
    """
    lapsed = entitlement.lapsed or any(each.balance_fen and has_ended(each, now) for each in held)
    if batch.excludes_lapsed and lapsed:
        raise Refused(Refusal.RERELEASE_EXCLUDED)


def check_balance(voucher_fen: int, voucher: Voucher) -> None:
    """§2.3.2: stored value; an order draws on one voucher, once, and never past its balance."""
    if voucher_fen > voucher.balance_fen:
        raise Refused(Refusal.OVER_BALANCE, balance_fen=voucher.balance_fen)


def has_ended(voucher: Voucher, now: datetime) -> bool:
    """§4.2.2: the clock decides, whether or not a sweep has been there; `ends_at` itself is too late."""
    return voucher.state != "active" or now >= voucher.ends_at


def check_usable(voucher: Voucher, now: datetime) -> None:
    """§4.2.2: a voucher that has ended, or is void, pays for nothing."""
    if has_ended(voucher, now):
        raise Refused(Refusal.VOUCHER_ENDED)


def shown_state(voucher: Voucher, now: datetime) -> str:
    """active, used_up, expired or void, as it is at `now`, swept or not."""
    if voucher.state == "active" and now >= voucher.ends_at:
        return "expired"
    if voucher.state == "active" and voucher.balance_fen == 0:
        return "used_up"
    return voucher.state


def check_category(voucher: Voucher, category: Category) -> None:
    """§2.2: a batch may restrict what its vouchers can be spent on."""
    if voucher.categories and category not in voucher.categories:
        raise Refused(Refusal.CATEGORY_NOT_ALLOWED)
