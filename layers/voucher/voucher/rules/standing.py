"""What a list (§2.1.1, §2.3.1, §5.2b) or a violation (§2.1.3) changes in the standing of a credit code."""

from voucher.models.standing import Standing


def with_list(standing: Standing, kind: str, year: int, on_list: bool) -> Standing:
    """The standing after the list of `kind` and `year` was applied. §2.1.1: a D list replaces every earlier one."""
    before = set() if kind == "rated_d" else set(standing.listed.get(kind, ()))
    years = before | {year} if on_list else before - {year}
    listed = {**standing.listed, kind: tuple(sorted(years))}
    return standing.model_copy(update={"listed": listed, "version": standing.version + 1})


def with_violation(standing: Standing, violation_id: str) -> Standing:
    """§2.1.3: one more violation stands against the credit code, until the bureau lifts it."""
    violations = (*standing.violations, violation_id)
    return standing.model_copy(update={"violations": violations, "version": standing.version + 1})


def without_violation(standing: Standing, violation_id: str) -> Standing:
    """§2.1.3: the bureau lifted a violation on record."""
    violations = tuple(each for each in standing.violations if each != violation_id)
    return standing.model_copy(update={"violations": violations, "version": standing.version + 1})
