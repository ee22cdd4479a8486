"""What a list (§2.1.1, §2.3.1, §5.2b) or a violation (§2.1.3) changes in the standing of a credit code, and in which
programme years a list counts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from voucher.models.standing import Standing
from voucher.models.subsidies import Subsidy
from voucher.policy import NURSERY_LIST, RATED_D_LIST, SUBSIDY_LIST
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.subsidies import with_subsidies


class Years(NamedTuple):
    """The programme years in which a list counts: from the first to the last, or on, until a later list replaces it."""

    first: int
    last: int | None


def years_of(kind: str, year: int) -> Years:
    """§2.1.1, §2.3.1, §5.2b: when the list of a year counts. Its year is the one that it speaks of: who rose above
    scale last year (上年度新升规) has the quota this year."""
    if kind == "newly_above_scale":
        return Years(year + 1, year + 1)
    return Years(year, None if kind in (RATED_D_LIST, NURSERY_LIST) else year)


def is_on(standing: Standing, kind: str, programme_year: int) -> bool:
    """§2.3.1: the list that counts in a programme year names the code; the nursery list that does is the latest of its
    years."""
    listed = standing.listed.get(kind, ())
    if kind != NURSERY_LIST:
        return any(years_of(kind, year).first == programme_year for year in listed)
    known = [year for year in (*listed, *standing.dropped.get(kind, ())) if year <= programme_year]
    return bool(known) and max(known) in listed


def with_list(
    standing: Standing,
    kind: str,
    year: int,
    on_list: bool,
    following: int | None = None,
    subsidies: Sequence[Subsidy] = (),
) -> Standing:
    """The standing after the list of `kind` and `year` was applied. §2.1.1: a D list replaces every earlier one.

    §5.2b: a list of other subsidies replaces what that of its year said, by the items `subsidies`.

    §2.3.1: a nursery list replaces the earlier ones from its year on, and is itself replaced by that of the `following`
    year, if there is one.
    """
    before = set() if kind == RATED_D_LIST else set(standing.listed.get(kind, ()))
    years = before | {year} if on_list else before - {year}
    dropped = set(standing.dropped.get(kind, ())) - {year}
    if kind == NURSERY_LIST and not on_list and any(each < year for each in before):
        dropped.add(year)
    if kind == NURSERY_LIST and on_list and following is not None and following not in years:
        dropped.add(following)
    changes: dict[str, Any] = {
        "listed": {**standing.listed, kind: tuple(sorted(years))},
        "dropped": {**standing.dropped, kind: tuple(sorted(dropped))} if dropped else _without(standing.dropped, kind),
        "version": standing.version + 1,
    }
    if kind == SUBSIDY_LIST:
        changes["subsidies"] = with_subsidies(standing, year, subsidies)
    return standing.model_copy(update=changes)


def _without(years: dict[str, tuple[int, ...]], kind: str) -> dict[str, tuple[int, ...]]:
    return {each: some for each, some in years.items() if each != kind}


def check_no_violation(standings: Mapping[str, Standing]) -> None:
    """§2.1.3, §3.1.1, §5.2b: nobody against whom a violation stands begins new business: an order, its acceptance, an
    approval or renewal, the publication of a product. `standings` are by the field that names the party. Raises
    HAS_VIOLATION with each party at fault."""
    accused = [field for field, standing in standings.items() if standing.violations]
    if accused:
        errors = [FieldError(each, f"{_party(each)}{Refusal.HAS_VIOLATION.sentence}") for each in accused]
        # §2.1.3 speaks of enterprises only
        clause = None if "企业" in map(_party, accused) else "§5.2b"
        raise Refused(Refusal.HAS_VIOLATION, errors=errors, clause=clause)


def _party(field: str) -> str:
    """Which party a field names: an enterprise also by its voucher, an agency also by its product."""
    return "企业" if field in ("enterprise_uscc", "voucher_id") else "服务机构"


def with_violation(standing: Standing, violation_id: str) -> Standing:
    """§2.1.3: one more violation stands against the credit code, until the bureau lifts it."""
    violations = (*standing.violations, violation_id)
    return standing.model_copy(update={"violations": violations, "version": standing.version + 1})


def without_violation(standing: Standing, violation_id: str) -> Standing:
    """§2.1.3: the bureau lifted a violation on record."""
    violations = tuple(each for each in standing.violations if each != violation_id)
    return standing.model_copy(update={"violations": violations, "version": standing.version + 1})
