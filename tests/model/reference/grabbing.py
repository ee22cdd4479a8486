"""The model of grabbing (§4.1.4): who may grab, how much, and whether the batch still has enough."""

from tests.model.reference.answers import CREATED, REPLAY, ExpectedAnswer, refusal
from tests.model.reference.lists import names
from tests.model.reference.records import (
    DEFAULT_QUOTA_FEN,
    LIST_QUOTA_FEN,
    TERM,
    Batch,
    City,
    Enterprise,
    Voucher,
    Year,
    day_of,
)


def quota_fen(city: City, year: Year, enterprise: Enterprise) -> int:
    """§2.3.1: the default quota, or the quota by the year's lists."""
    lists = [kind for kind in LIST_QUOTA_FEN if names(city, kind, year.number, enterprise.uscc)]
    quotas_fen = [LIST_QUOTA_FEN[kind] for kind in lists]
    if not quotas_fen:
        return DEFAULT_QUOTA_FEN
    return sum(quotas_fen) if year.sums_quotas else max(quotas_fen)


def quota_left_fen(city: City, year: Year, enterprise: Enterprise) -> int:
    """§2.3.1: how much an enterprise may still be granted in a year, the extra of a re-release left out."""
    granted_fen = sum(
        each.face_fen - extra_fen(each) - each.restored_fen for each in city.vouchers_of(year, enterprise)
    )
    return max(0, quota_fen(city, year, enterprise) - granted_fen)


def extra_fen(voucher: Voucher) -> int:
    """§2.3.3: what of a voucher was beyond the quota: as much as its batch gives, if the face is not smaller."""
    return min(voucher.face_fen, voucher.batch.body["extra_quota_fen"])


def is_in_audience(city: City, batch: Batch, enterprise: Enterprise) -> bool:
    """§2.3.1, §2.3.3: the batch is open to the enterprise: it is on one of the lists, and used as much as is asked."""
    audience = batch.body["audience"] or {}
    number = batch.year.number
    listed = [names(city, kind, number, enterprise.uscc) for kind in audience.get("lists", ())]
    if listed and not any(listed):
        return False
    if "used_percent" not in audience:
        return True
    vouchers = city.vouchers_of(batch.year, enterprise)
    has_lost = any(has_lost_by_itself(each) for each in vouchers)
    restored_fen = sum(each.restored_fen for each in vouchers)
    used_fen = sum(
        0 if each.has_ended(city.now) and (has_lost or each.balance_fen) else each.face_fen - each.balance_fen
        for each in vouchers
    )
    used_fen -= 0 if has_lost else restored_fen
    asked_fen = (sum(each.face_fen for each in vouchers) - restored_fen) * audience["used_percent"]
    return used_fen * 100 >= asked_fen > 0


def has_lost_by_itself(voucher: Voucher) -> bool:
    """§2.3.3: the voucher lost money, and not only by a disqualification that was taken back."""
    return voucher.forfeited_fen > voucher.forgiven_fen


def give_quota_back(city: City, enterprise: Enterprise) -> None:
    """§4.1.3: what a disqualification took of the vouchers may be claimed again, but no extra of a batch."""
    for voucher in city.vouchers:
        of_these_years = abs(voucher.batch.year.number - city.now.year) <= 1
        if voucher.enterprise is enterprise and voucher.state == "void" and of_these_years:
            voucher.forgiven_fen = voucher.forfeited_fen
            quota_part_fen = max(0, voucher.face_fen - voucher.batch.body["extra_quota_fen"])
            voucher.restored_fen = min(voucher.forfeited_fen, quota_part_fen)


def may_claim(city: City, enterprise: Enterprise) -> bool:
    """§2.1.1, §2.1.3, §4.1.3: no reason excludes the enterprise; the newest D list counts in every year."""
    _, rated_d = city.rated_d
    return not (enterprise.disqualified or enterprise.violations or enterprise.uscc in rated_d)


def has_lapsed(city: City, year: Year, enterprise: Enterprise) -> bool:
    """§2.3.3: a voucher of the enterprise lost money this year by the clock, even if the sweep has not come yet."""
    vouchers = city.vouchers_of(year, enterprise)
    return any(has_lost_by_itself(each) or (each.balance_fen and each.has_ended(city.now)) for each in vouchers)


def batch_refusal(city: City, batch: Batch) -> str | None:
    """§6, §4.2.2: why the batch grants nothing at this instant; None if it is open."""
    if not TERM[0] <= day_of(city.now) <= TERM[1]:
        return "OUTSIDE_REGULATION_TERM"
    if batch.state in ("draft", "withdrawn"):
        return "BATCH_NOT_OPEN"
    if batch.state == "closed" or city.now >= min(batch.closes_at, batch.ends_at):
        return "BATCH_CLOSED"
    return "BATCH_NOT_OPEN" if city.now < batch.opens_at else None


def grab_refusal(city: City, batch: Batch, enterprise: Enterprise, asked_fen: int | None) -> str | None:
    """Why an open batch grants nothing to this enterprise; None if it does grant."""
    own_left_fen = quota_left_fen(city, batch.year, enterprise) + batch.body["extra_quota_fen"]
    if not may_claim(city, enterprise):
        return "NOT_ELIGIBLE"
    if not is_in_audience(city, batch, enterprise):
        return "NOT_IN_AUDIENCE"
    if batch.is_rerelease and has_lapsed(city, batch.year, enterprise):
        return "RERELEASE_EXCLUDED"
    if own_left_fen == 0 or (asked_fen or 0) > own_left_fen:
        return "QUOTA_USED"
    if asked_fen not in (None, own_left_fen) and not batch.body["partial_allowed"]:
        return "PARTIAL_NOT_ALLOWED"
    return "SOLD_OUT" if (asked_fen or own_left_fen) > batch.remaining_fen else None


def grab(
    city: City, by: str, batch: Batch, enterprise: Enterprise, asked_fen: int | None
) -> tuple[ExpectedAnswer, Voucher | None]:
    """§4.1.4, §4.2.2: the voucher, or the refusal.

    A warm process remembers that a batch is sold out or published, and then reads less than a cold process. Where
    several refusals are correct, the two may answer with different ones.
    """
    not_open = batch_refusal(city, batch)
    if not_open == "BATCH_NOT_OPEN":
        return refusal(not_open), None
    own_voucher = next((each for each in city.vouchers if each.batch is batch and each.enterprise is enterprise), None)
    if own_voucher is not None:
        return (REPLAY if by == enterprise.person else refusal("NOT_FOUND")), None
    personal = "NOT_FOUND" if by != enterprise.person else grab_refusal(city, batch, enterprise, asked_fen)
    reasons = {each for each in (not_open, personal) if each}
    if not reasons:
        face_fen = asked_fen or quota_left_fen(city, batch.year, enterprise) + batch.body["extra_quota_fen"]
        batch.remaining_fen -= face_fen
        voucher = Voucher(batch, enterprise, face_fen, face_fen, city.now)
        city.vouchers.append(voucher)
        return CREATED, voucher
    if batch.remaining_fen + batch.surplus_fen == 0:
        reasons.add("SOLD_OUT")
    if personal == "NOT_FOUND" and batch.state == "published" and batch.remaining_fen:
        reasons = {personal}
    return refusal(*reasons), None
