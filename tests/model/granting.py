"""The model of grabbing (§4.1.4): who may, how much, and whether the batch still has it."""

from tests.model.answers import AGAIN, CREATED, Answer, no
from tests.model.records import DEFAULT_QUOTA_FEN, LIST_QUOTA_FEN, TERM, Batch, City, Firm, Voucher, Year, day_of


def quota_fen(city: City, year: Year, firm: Firm) -> int:
    """§2.3.1: the default, or what the year's lists give."""
    on = [fen for kind, fen in LIST_QUOTA_FEN.items() if firm.uscc in city.lists.get((kind, year.number), ())]
    if not on:
        return DEFAULT_QUOTA_FEN
    return sum(on) if year.sums_quotas else max(on)


def left_fen(city: City, year: Year, firm: Firm) -> int:
    """§2.3.1: what a firm may still be granted in a year."""
    granted_fen = sum(each.face_fen for each in city.vouchers_of(year, firm))
    return max(0, quota_fen(city, year, firm) - granted_fen)


def may_claim(city: City, firm: Firm) -> bool:
    """§2.1.1, §2.1.3, §4.1.3: nothing speaks against the firm; the newest D list counts in every year."""
    _, rated_d = city.rated_d
    return not (firm.disqualified or firm.violations or firm.uscc in rated_d)


def has_lapsed(city: City, year: Year, firm: Firm) -> bool:
    """§2.3.3: a voucher of the firm forfeited money this year, by the clock, swept or not."""
    return any(
        each.forfeited_fen or (each.balance_fen and each.has_ended(city.now)) for each in city.vouchers_of(year, firm)
    )


def closed_or_not_open(city: City, batch: Batch) -> str | None:
    """§6, §4.2.2: why nothing is granted at this moment."""
    if not TERM[0] <= day_of(city.now) <= TERM[1]:
        return "OUTSIDE_REGULATION_TERM"
    if batch.state == "draft" or city.now < batch.opens_at:
        return "BATCH_NOT_OPEN"
    if batch.state == "closed" or city.now >= min(batch.closes_at, batch.ends_at):
        return "BATCH_CLOSED"
    return None


def refusal(city: City, batch: Batch, firm: Firm, asked_fen: int | None) -> str | None:
    """Why this firm is granted nothing out of an open batch."""
    left = left_fen(city, batch.year, firm)
    if not may_claim(city, firm):
        return "NOT_ELIGIBLE"
    if batch.is_rerelease and has_lapsed(city, batch.year, firm):
        return "RERELEASE_EXCLUDED"
    if left == 0 or (asked_fen or 0) > left:
        return "QUOTA_USED"
    if asked_fen not in (None, left) and not batch.body["partial_allowed"]:
        return "PARTIAL_NOT_ALLOWED"
    return "SOLD_OUT" if (asked_fen or left) > batch.left_fen else None


def grab(city: City, by: str, batch: Batch, firm: Firm, asked_fen: int | None) -> tuple[Answer, Voucher | None]:
    """§4.1.4, §4.2.2: the voucher, or why there is none.

    A process that remembers a batch as sold out, or as published, need not ask again who wants to know: of several
    true refusals it may give another one than a process that has just started.
    """
    why = closed_or_not_open(city, batch)
    if why == "BATCH_NOT_OPEN":
        return no(why), None
    held = next((each for each in city.vouchers if each.batch is batch and each.firm is firm), None)
    if held is not None:
        return (AGAIN if by == firm.person else no("NOT_FOUND")), None
    refused = "NOT_FOUND" if by != firm.person else refusal(city, batch, firm, asked_fen)
    true = {each for each in (why, refused) if each}
    if not true:
        face_fen = asked_fen or left_fen(city, batch.year, firm)
        batch.left_fen -= face_fen
        voucher = Voucher(batch, firm, face_fen, face_fen, city.now)
        city.vouchers.append(voucher)
        return CREATED, voucher
    if batch.left_fen + batch.surplus_fen == 0:
        true.add("SOLD_OUT")
    if refused == "NOT_FOUND" and batch.state == "published" and batch.left_fen:
        true = {refused}
    return no(*true), None
