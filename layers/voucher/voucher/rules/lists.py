"""Which years a list may be of, and whom it touches (§2.1.1, §2.3.1, §5.2b)."""

from collections.abc import Iterable
from datetime import date

from voucher.refusals import FieldError, Refusal, Refused


def check_list_year(kind: str, year: int, today: date) -> None:
    """Raise MALFORMED for a list of years to come. A D list is of a year that was rated, and the newest one counts
    (§2.1.1), so a mistyped later year would lift every rating there is; a list for quotas may be one year early."""
    latest = today.year + (kind != "rated_d")
    if year > latest:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("year", f"名单年度不能晚于{latest}年。")])


def touched_codes(before: Iterable[str], after: Iterable[str], same_year: bool = False) -> list[str]:
    """The credit codes a list touches: those on its predecessor and those on it, in a fixed order. Nothing changes
    for a code that is on both, if both are of the same year."""
    return sorted(set(before) ^ set(after) if same_year else set(before) | set(after))
