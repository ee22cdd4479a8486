"""Vouchers: who grabs one and of what amount (§4.1.4, §2.3.1, §2.3.3), and how long it can be used (§4.2.2)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from voucher.models.batches import Audience, Batch
from voucher.models.entitlements import Entitlement
from voucher.models.vouchers import Voucher, voucher_id_of
from voucher.policy import LIST_KINDS, Category
from voucher.refusals import Refusal, Refused
from voucher.rules.working_days import shanghai_date, shanghai_time
from voucher.words import DISTRICT_WORDS, SIZE_WORDS


def check_open(batch: Batch, now: datetime) -> None:
    """§6, §4.1.4, §4.2.2: a grab comes within the regulation's term and between the batch's instants, by the server's
    clock. Raises OUTSIDE_REGULATION_TERM, BATCH_NOT_OPEN or BATCH_CLOSED."""
    if not batch.grants_from <= shanghai_date(now) <= batch.grants_until:
        raise Refused(Refusal.OUTSIDE_REGULATION_TERM, grants_from=batch.grants_from, grants_until=batch.grants_until)
    if batch.state in ("draft", "withdrawn"):
        raise Refused(Refusal.BATCH_NOT_OPEN)
    # before its opening, too: who waits for a batch that the bureau has closed must not be told to wait on
    if batch.state == "closed" or now >= batch.claims_end_at:
        raise Refused(Refusal.BATCH_CLOSED)
    if now < batch.opens_at:
        raise Refused(Refusal.BATCH_NOT_OPEN)


def new_voucher(batch: Batch, uscc: str, face_fen: int, granted_by: str, now: datetime) -> Voucher:
    """§4.1.4: the voucher that a grab makes, of a face in fen."""
    return Voucher(
        voucher_id=voucher_id_of(batch.batch_id, uscc),
        batch_id=batch.batch_id,
        year=batch.year,
        enterprise_uscc=uscc,
        face_fen=face_fen,
        balance_fen=face_fen,
        granted_at=now,
        granted_by=granted_by,
        ends_at=batch.ends_at,
        valid_until=batch.valid_until,
        categories=batch.categories,
    )


def amount_to_claim(entitlement: Entitlement, batch: Batch, asked_fen: int | None) -> int:
    """§2.3.1, §2.3.3: the amount of the voucher, in fen: the whole remaining quota with the batch's extra, or less if
    the batch allows a part. Raises QUOTA_USED or PARTIAL_NOT_ALLOWED, each with what is left."""
    left_fen = entitlement.left_fen + batch.extra_quota_fen
    if left_fen == 0 or (asked_fen or 0) > left_fen:
        raise Refused(Refusal.QUOTA_USED, left_fen=left_fen)
    if asked_fen is None or asked_fen == left_fen:
        return left_fen
    if not batch.partial_allowed:
        raise Refused(Refusal.PARTIAL_NOT_ALLOWED, left_fen=left_fen)
    return asked_fen


def check_takes_part(entitlement: Entitlement, held: Iterable[Voucher], batch: Batch, now: datetime) -> None:
    """§2.3.1, §2.3.3: the batch is open to the enterprise, which lost nothing that it is to take again. Raises
    NOT_IN_AUDIENCE or RERELEASE_EXCLUDED.

    `held` are all its vouchers of the year, if the batch looks at them.
    """
    some = tuple(held)
    check_audience(entitlement, some, batch, now)
    check_rerelease(entitlement, some, batch, now)


def check_audience(entitlement: Entitlement, held: Iterable[Voucher], batch: Batch, now: datetime) -> None:
    """§2.3.1, §2.3.3: the enterprise belongs to those to whom the batch is open at this instant. Raises
    NOT_IN_AUDIENCE.

    An order that is cancelled a moment later takes nothing back that was granted here.
    """
    audience = batch.audience_at(now)
    if audience is None:
        return
    groups = entitlement.groups or frozenset()
    is_in = all(groups.intersection(some) for some in audience.groups)
    if audience.used_percent is not None:
        used_fen = sum(_used_fen(each, entitlement, now) for each in held)
        used_fen -= 0 if entitlement.lapsed else entitlement.restored_fen
        granted_fen = entitlement.granted_fen - entitlement.restored_fen
        is_in = is_in and used_fen * 100 >= granted_fen * audience.used_percent > 0
    if not is_in:
        until = f"在 {shanghai_time(audience.until)} 之前" if audience.until else ""
        raise Refused(Refusal.NOT_IN_AUDIENCE, until_words=until, audience_words=audience_words(audience))


def _used_fen(voucher: Voucher, entitlement: Entitlement, now: datetime) -> int:
    """What orders took of a voucher, in fen. One that has ended shows it only as long as nothing lapsed this year."""
    if has_ended(voucher, now) and (entitlement.lapsed or voucher.balance_fen):
        return 0
    return voucher.face_fen - voucher.balance_fen


def audience_words(audience: Audience) -> str:
    """Whom a batch is open to, in words."""
    named = [
        "或".join(LIST_KINDS[each].removesuffix("名单") for each in audience.lists),
        "、".join(DISTRICT_WORDS[each] for each in audience.districts),
        "、".join(f"{SIZE_WORDS[each]}企业" for each in audience.size_classes),
        "" if audience.used_percent is None else f"本年度已用券不低于 {audience.used_percent}% 的企业",
    ]
    return "；".join(words for words in named if words)


def check_rerelease(entitlement: Entitlement, held: Iterable[Voucher], batch: Batch, now: datetime) -> None:
    """§2.3.3: an enterprise whose own voucher lapsed this year takes no part in a re-release. Raises
    RERELEASE_EXCLUDED.

    The clock decides: a voucher it holds that ended with a balance has lapsed, even if no sweep has been there.
    """
    lapsed = entitlement.lapsed or any(each.balance_fen and has_ended(each, now) for each in held)
    if batch.excludes_lapsed and lapsed:
        raise Refused(Refusal.RERELEASE_EXCLUDED)


def check_balance(voucher_fen: int, voucher: Voucher) -> None:
    """§2.3.2: an order takes at most the balance of its voucher, in fen. Raises OVER_BALANCE."""
    if voucher_fen > voucher.balance_fen:
        raise Refused(Refusal.OVER_BALANCE, balance_fen=voucher.balance_fen)


def has_ended(voucher: Voucher, now: datetime) -> bool:
    """§4.2.2: the voucher has ended at this instant, even if no sweep has been there; `ends_at` itself is too late."""
    return voucher.state != "active" or now >= voucher.ends_at


def check_usable(voucher: Voucher, now: datetime) -> None:
    """§4.2.2: a voucher that has ended, or is void, cannot be used. Raises VOUCHER_ENDED."""
    if has_ended(voucher, now):
        raise Refused(Refusal.VOUCHER_ENDED)


def public_voucher(voucher: Voucher, now: datetime) -> dict[str, Any]:
    """A voucher as a client sees it at this instant."""
    return voucher.public() | {"state": shown_state(voucher, now)}


def shown_state(voucher: Voucher, now: datetime) -> str:
    """active, used_up, expired or void, as the voucher is at this instant, even if no sweep has been there."""
    if voucher.state == "active" and now >= voucher.ends_at:
        return "expired"
    if voucher.state == "active" and voucher.balance_fen == 0:
        return "used_up"
    return voucher.state


def check_category(voucher: Voucher, category: Category) -> None:
    """§2.2: a batch may name the categories that its vouchers can be used for. Raises CATEGORY_NOT_ALLOWED."""
    if voucher.categories and category not in voucher.categories:
        raise Refused(Refusal.CATEGORY_NOT_ALLOWED)
