"""Grabbing a voucher (§4.1.4, §4.2.2, §2.3.1): what may be said no to without asking the table, and why it said no."""

from collections.abc import Iterable
from datetime import datetime

from voucher.models import Batch, Entitlement, Voucher
from voucher.refusals import Refusal, Refused
from voucher.rules.ordering import has_ended
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
