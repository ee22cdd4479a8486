"""What a list (§2.1.1, §2.3.1, §5.2b) or a violation (§2.1.3) changes in an enterprise's standing."""

from collections.abc import Iterable
from datetime import date

from voucher.models import Standing
from voucher.refusals import FieldError, Refusal, Refused


def with_list(standing: Standing, kind: str, year: int, on_list: bool) -> Standing:
    """The standing after the list of `kind` and `year` was applied. A newer D list replaces every earlier one."""
    before = set() if kind == "rated_d" else set(standing.listed.get(kind, ()))
    years = before | {year} if on_list else before - {year}
    listed = {**standing.listed, kind: tuple(sorted(years))}
    return standing.model_copy(update={"listed": listed, "version": standing.version + 1})


def check_year(kind: str, year: int, today: date) -> None:
    """Raise MALFORMED for a list of years to come. A D list is of a year that was rated, and the newest one counts
    (§2.1.1), so a mistyped later year would lift every rating there is; a list for quotas may be one year early."""
    latest = today.year + (kind != "rated_d")
    if year > latest:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("year", f"名单年度不能晚于{latest}年。")])


def with_violation(standing: Standing, violation_id: str) -> Standing:
    """§2.1.3: one more violation stands against the credit code, for ever until lifted."""
    violations = (*standing.violations, violation_id)
    return standing.model_copy(update={"violations": violations, "version": standing.version + 1})


def without_violation(standing: Standing, violation_id: str) -> Standing:
    """§2.1.3: the bureau lifted a violation on record."""
    violations = tuple(each for each in standing.violations if each != violation_id)
    return standing.model_copy(update={"violations": violations, "version": standing.version + 1})


def affected(before: Iterable[str], after: Iterable[str], same_year: bool = False) -> list[str]:
    """The credit codes a list touches: those on its predecessor and those on it, in a fixed order. Nothing changes
    for a code that is on both, if both are of the same year."""
    return sorted(set(before) ^ set(after) if same_year else set(before) | set(after))
