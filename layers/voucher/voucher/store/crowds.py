"""How many objections, or complaints, came to one place in an hour (§3.5.3, §5.3): counted under the key of the place,
so that a crowd is asked for a proof of effort and nobody is silenced (`rules/objections.py`).

Only what was taken is counted, so an hour has no more such items than it takes objections.
"""

from itertools import batched

from voucher.models.notices import Crowd, Origin
from voucher.store import conditions, keys
from voucher.store.engine.reading import read_each, read_partition
from voucher.store.engine.table import MOST_ITEMS, Write, commit, delete_write, put_write, update_write

COUNT_ON = "SET #count = if_not_exists(#count, :nothing) + :one"


def read(place: keys.Key, origin: Origin) -> Crowd:
    """What came to a place in an hour, and of it from one address, each count as last written."""
    hour, source, target = _counters(place, origin)
    found = {item["sk"]: item for item in read_each(hour.table, hour, source, target)}
    total, alike = found.get(hour.sk, {}), found.get(target.sk, {})
    return Crowd(
        plain=total.get("count", 0),
        proven=total.get("proven", 0),
        is_seen=source.sk in found,
        alike=alike.get("count", 0),
    )


def _counters(place: keys.Key, origin: Origin) -> tuple[keys.Key, keys.Key, keys.Key]:
    """Where is counted what came in an hour to a place, from an address, and from it against one target."""
    hour = f"RATE#{origin.hour}"
    names = (hour, f"{hour}#{origin.source}", f"{hour}#{origin.source}#{origin.target}")
    total, source, target = (place._replace(sk=name) for name in names)
    return total, source, target


def plain_writes(place: keys.Key, origin: Origin, is_seen: bool, most: int, most_alike: int) -> list[Write]:
    """Count what is taken as it comes, while its hour has fewer than `most`, and of the same address against the same
    target fewer than `most_alike`. They fail if a number was reached, or the address was seen since."""
    total, source, target = _counters(place, origin)
    in_all = update_write("total", total, COUNT_ON, conditions.UNDER_LIMIT, nothing=0, most=most)
    if not origin.source:
        return [in_all]
    return [
        in_all,
        update_write("target", target, COUNT_ON, conditions.UNDER_LIMIT, nothing=0, most=most_alike),
        *([] if is_seen else [put_write("source", source, {"count": 1}, conditions.IS_NEW)]),
    ]


def proven_write(place: keys.Key, origin: Origin) -> Write:
    """Count what is taken with a proof of effort, which counts against no address."""
    total, *_ = _counters(place, origin)
    return update_write("total", total, "SET #proven = if_not_exists(#proven, :nothing) + :one", None, nothing=0)


def commit_deleted(place: keys.Key, before_hour: str = "~") -> None:
    """Delete what was counted at a place, by hour and by the hash of an address; or that of earlier hours alone."""
    counted = (item["sk"] for item in read_partition(place, "RATE#"))
    found = [place._replace(sk=sk) for sk in counted if sk < f"RATE#{before_hour}"]
    for part in batched(found, MOST_ITEMS, strict=False):
        commit([delete_write("rate", key) for key in part])
