"""How many things somebody may have open at once: an item holds the ids of all of them (`keys.open_things`).

Whoever opens one more adds it under the condition that there is room; whoever closes one takes it out in the same
transaction. It is a set and no counter: adding or taking out twice changes nothing, so no lost answer lets it drift,
and it tells which thing is too many.
"""

from datetime import date

from voucher.store import conditions, keys
from voucher.store.engine.reading import read_many, read_partition
from voucher.store.engine.table import Write, commit, commit_if_unchanged, delete_write, update_write


def opened_write(place: keys.Key, thing_id: str, most: int) -> Write:
    """One more is open, if there is room among `most`. Its name is `bound`."""
    return update_write("bound", place, "ADD #open :these", conditions.SET_HAS_ROOM, these={thing_id}, most=most)


def reopened_write(place: keys.Key, thing_id: str) -> Write:
    """One is open again, whether or not there is room: its way back must stay free."""
    return update_write("reopened", place, "ADD #open :these", None, these={thing_id})


def closed_write(place: keys.Key, *thing_ids: str) -> Write:
    """Some are not open any more; nothing changes for one that was not counted."""
    return update_write("closed", place, "DELETE #open :these", None, these=set(thing_ids))


def today_write(person: keys.Key, what: str, today: date, most: int) -> Write:
    """A person does one more of something today, if it stays within `most`. Its name is `today`."""
    place = person._replace(sk=f"{what}#{today.isoformat()}")
    return update_write("today", place, "ADD #count :one", conditions.UNDER_LIMIT, most=most)


def read_open(places: list[keys.Key]) -> dict[keys.Key, frozenset[str]]:
    """What is open at some places."""
    items = read_many(places)
    return {place: frozenset((item or {}).get("open", ())) for place, item in zip(places, items, strict=True)}


def commit_deleted(owner: keys.Key) -> None:
    """Delete what counted the open things of an owner that is deleted."""
    for item in read_partition(owner, "OPEN#"):
        commit([delete_write("open", owner._replace(sk=item["sk"]))])


def commit_person_deleted(table: str, sub: str, today: date) -> None:
    """Delete what counted a person's doings of earlier days, and their open things if there are none any more."""
    person = keys.user(table, sub)
    for item in read_partition(person):
        what, _, day = str(item["sk"]).partition("#")
        if what == "OPEN" or day < today.isoformat():
            commit_if_unchanged([delete_write("count", person._replace(sk=item["sk"]), conditions.NOTHING_OPEN)])
