"""The model of lists (§2.1.1, §2.3.1): one version at a time is brought into force, and replaces the version before."""

from tests.model.reference.answers import OK, ExpectedAnswer, refusal
from tests.model.reference.records import City

NURSERY = "little_giant_nursery"


def turn_of(kind: str, number: int) -> tuple[str, int]:
    """The lists that take turns: one list's versions; all years together where one replaces another."""
    return (kind, 0 if kind in ("rated_d", NURSERY) else number)


def touched(city: City, kind: str, number: int, usccs: frozenset[str]) -> int:
    """How many codes come onto the list that counts, or leave it. Each version names an outsider as well, whom the
    first one brings."""
    if kind == "rated_d":
        newest, before = city.rated_d
        return len(usccs ^ before) + (newest == 0) if number >= newest else 0
    replaced = counting_nursery(city, number) if kind == NURSERY else city.lists.get((kind, number))
    return len(usccs ^ (replaced or frozenset())) + (replaced is None)


def counting_nursery(city: City, number: int) -> frozenset[str] | None:
    """§2.3.1: the nursery list that counts in a year: the latest one that is not of a later year."""
    years = [year for kind, year in city.lists if kind == NURSERY and year <= number]
    return city.lists[(NURSERY, max(years))] if years else None


def names(city: City, kind: str, number: int, uscc: str) -> bool:
    """§2.3.1: the list that counts in a programme year names a code: of those who rose above scale, last year's."""
    if kind == NURSERY:
        return uscc in (counting_nursery(city, number) or ())
    return uscc in city.lists.get((kind, number - 1), ())


def begin_list(city: City, kind: str, number: int) -> ExpectedAnswer:
    """The bureau puts a version in force; it counts once the worker has applied it."""
    if turn_of(kind, number) in city.lists_in_turn:
        return refusal("LIST_IN_TURN")
    city.lists_in_turn.add(turn_of(kind, number))
    return OK


def apply_list(city: City, kind: str, number: int, usccs: frozenset[str]) -> None:
    """§2.1.1, §2.3.1: a list replaces the version before; of the D lists only the newest year counts."""
    city.lists_in_turn.remove(turn_of(kind, number))
    if kind != "rated_d":
        city.lists[(kind, number)] = usccs
    elif number >= city.rated_d[0]:
        city.rated_d = (number, usccs)
