"""The standing of a credit code, and the entitlements that follow from it, written together.

A write that changes the enterprise, its standing or an entitlement is on condition of the versions of the others. So if
an approval, a list and a violation come at the same moment, each entitlement is the one that all of them imply.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voucher.models.enterprises import Enterprise
from voucher.models.entitlements import Entitlement
from voucher.models.programmes import Programme
from voucher.models.standing import Standing
from voucher.store import conditions, keys, organisations
from voucher.store.engine.reading import read_many, read_together
from voucher.store.engine.table import MOST_ITEMS, Write, add_write, item_check, put_write


@dataclass(frozen=True)
class Facts:
    """What is known of one credit code, read at one moment. The enterprise is None if nobody registered it, an
    entitlement or a programme if its year has none yet."""

    uscc: str
    enterprise: Enterprise | None
    standing: Standing
    entitlements: Mapping[int, Entitlement | None]
    programmes: Mapping[int, Programme | None]


def read_facts(uscc: str, years: Iterable[int]) -> Facts:
    """The facts about a credit code for some programme years."""
    listed = sorted(set(years))
    enterprise, standing, *rest = read_together(
        keys.enterprise(uscc),
        keys.enterprise(uscc, "STANDING"),
        *(keys.entitlement(year, uscc) for year in listed),
        *(keys.programme(year) for year in listed),
    )
    return Facts(
        uscc,
        Enterprise.model_validate(enterprise) if enterprise else None,
        Standing.model_validate(standing) if standing else Standing(uscc=uscc),
        {
            year: Entitlement.model_validate(item) if item else None
            for year, item in zip(listed, rest[: len(listed)], strict=True)
        },
        {
            year: Programme.model_validate(item) if item else None
            for year, item in zip(listed, rest[len(listed) :], strict=True)
        },
    )


def read_standings(usccs: Iterable[str]) -> dict[str, Standing]:
    """The standings of some credit codes. A code that no list and no violation names has a standing of version 0."""
    wanted = sorted(set(usccs))
    items = read_many(keys.enterprise(uscc, "STANDING") for uscc in wanted)
    return {
        uscc: Standing.model_validate(item) if item else Standing(uscc=uscc)
        for uscc, item in zip(wanted, items, strict=True)
    }


def unchanged_check(standing: Standing) -> Write:
    """Check in the transaction that a standing is still the one that was read, or that there is still none."""
    key = keys.enterprise(standing.uscc, "STANDING")
    if standing.version == 0:
        return item_check("standing", key, conditions.IS_NEW)
    return item_check("standing", key, conditions.UNCHANGED, seen_version=standing.version)


def no_violation_check(uscc: str) -> Write:
    """§2.1.3, §5.2b: check in the transaction that no violation stands against a credit code."""
    return item_check("standing", keys.enterprise(uscc, "STANDING"), conditions.NO_VIOLATION)


def read_facts_of_many(usccs: Sequence[str], years: Iterable[int]) -> list[Facts]:
    """The facts about up to 45 credit codes, in few reads.

    A code that nobody registered has no entitlement, so its entitlements are not read. The facts are of several
    moments, so whoever writes on them checks the version of each.
    """
    listed = sorted(set(years))
    found = read_together(
        *(keys.programme(year) for year in listed),
        *(keys.enterprise(uscc, sk) for uscc in usccs for sk in ("RECORD", "STANDING")),
    )
    programmes = {
        year: Programme.model_validate(item) if item else None for year, item in zip(listed, found, strict=False)
    }
    known = list(zip(usccs, found[len(listed) :: 2], found[len(listed) + 1 :: 2], strict=True))
    entitlements = _read_entitlements([uscc for uscc, record, _ in known if record], listed)
    return [
        Facts(
            uscc,
            Enterprise.model_validate(record) if record else None,
            Standing.model_validate(standing) if standing else Standing(uscc=uscc),
            entitlements.get(uscc, {}),
            programmes,
        )
        for uscc, record, standing in known
    ]


def _read_entitlements(usccs: Sequence[str], years: Sequence[int]) -> dict[str, dict[int, Entitlement | None]]:
    found: dict[str, dict[int, Entitlement | None]] = {}
    at_once = MOST_ITEMS // len(years)
    for start in range(0, len(usccs), at_once):
        places = [(uscc, year) for uscc in usccs[start : start + at_once] for year in years]
        items = read_together(*(keys.entitlement(year, uscc) for uscc, year in places))
        for (uscc, year), item in zip(places, items, strict=True):
            found.setdefault(uscc, {})[year] = Entitlement.model_validate(item) if item else None
    return found


def in_step_writes(
    facts: Facts, standing: Standing, entitlements: Mapping[int, Entitlement | None], *more: str, **values: Any
) -> list[Write]:
    """The writes that change a standing and every entitlement with it, if the enterprise is still as it was read, and
    `more` holds of it."""
    check = enterprise_check(facts, *more, **values)
    return [_standing_write(facts, standing), check, *entitlement_writes(facts, entitlements)]


def decided_writes(
    facts: Facts, standing: Standing, entitlements: Mapping[int, Entitlement | None], step: str, caller: str
) -> list[Write]:
    """The same for what a person decides on a credit code: no member of what is registered under it."""
    stranger = conditions.by_other_hands(step, "enterprise")
    writes = in_step_writes(facts, standing, entitlements, stranger, caller=caller)
    return [*writes, organisations.stranger_check("agency", facts.uscc, step, caller)]


def _standing_write(facts: Facts, standing: Standing) -> Write:
    """Write the next standing, if nobody else changed it."""
    key = keys.enterprise(facts.uscc, "STANDING")
    if facts.standing.version == 0:
        return add_write("standing", key, standing)
    return put_write("standing", key, standing, conditions.UNCHANGED, seen_version=facts.standing.version)


def enterprise_check(facts: Facts, *more: str, **values: Any) -> Write:
    """Check in the transaction that the enterprise is still as it was read and `more` holds of it, or that it is still
    not registered."""
    if facts.enterprise is None:
        return item_check("enterprise", keys.enterprise(facts.uscc), conditions.IS_NEW)
    return item_check(
        "enterprise",
        keys.enterprise(facts.uscc),
        conditions.all_of(conditions.UNCHANGED, *more),
        seen_version=facts.enterprise.version,
        **values,
    )


def entitlement_writes(facts: Facts, entitlements: Mapping[int, Entitlement | None]) -> list[Write]:
    """Write the next entitlement of each year; check that a year without one still has none."""
    writes = []
    for year, old in facts.entitlements.items():
        key, new = keys.entitlement(year, facts.uscc), entitlements.get(year)
        name = f"entitlement {year}"
        if new is None:
            writes.append(item_check(name, key, conditions.IS_NEW))
        elif old is None:
            writes.append(add_write(name, key, new))
        else:
            writes.append(put_write(name, key, new, conditions.UNCHANGED, seen_version=old.version))
    return writes
