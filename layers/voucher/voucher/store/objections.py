"""Objections to public notices (§3.5.3): each stands with its notice, in the settlements table.

Whoever objects does not write the notice itself, which is large while many may object at once, but a small item beside
it, OBJECTIONS. That item counts them. A closing first forbids further ones in it, and then reads those there are.
"""

from collections.abc import Iterable, Iterator

from voucher.models.notices import Crowd, Hold, Notice, Objection, Origin
from voucher.models.rounds import Round
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import conditions, keys, notices, rounds
from voucher.store.engine.large import commit_in_parts
from voucher.store.engine.pages import Keep, Page, Party, Selection, read_page
from voucher.store.engine.reading import find_item, read_each, read_partition
from voucher.store.engine.table import Write, add_write, advance_write, commit, put_write, update_write

COUNT_ON = "SET #count = if_not_exists(#count, :nothing) + :one"


def read_holds(notice_id: str) -> Iterator[Hold]:
    """Every objection to a notice, without its texts, as last written."""
    items = read_partition(keys.notice(notice_id), "OBJECTION#", only=tuple(Hold.model_fields))
    return (Hold.model_validate(item) for item in items)


def read_final_holds(notice_id: str) -> Iterator[Hold]:
    """The same once a closing has begun, after which there comes none.

    Raises CHANGED_MEANWHILE when fewer are seen than were counted: DynamoDB may show a part of a transaction, here the
    count, a moment before the rest of it.
    """
    gate = find_item(keys.notice(notice_id, "OBJECTIONS")) or {}
    seen = 0
    for seen, hold in enumerate(read_holds(notice_id), 1):  # noqa: B007 - used after the loop
        yield hold
    if seen < gate.get("count", 0):
        raise Refused(Refusal.CHANGED_MEANWHILE)


def list_page(selection: Selection, keep: Keep | None, notice_id: str | None = None) -> Page:
    """A page of the objections that `keep` accepts, to all notices or to one."""
    return read_page("settlements", "OBJECTION", selection, keep, Party("by_notice", notice_id) if notice_id else None)


def _index_entry(objection: Objection) -> dict[str, str]:
    return keys.index_entry(
        "OBJECTION",
        objection.created_at,
        objection.objection_id,
        state=objection.state,
        notice=objection.notice_id,
    )


def find(objection_id: str) -> Objection | None:
    """An objection by its id, or None."""
    item = find_item(keys.objection(objection_id))
    return Objection.model_validate(item) if item else None


def get(objection_id: str) -> Objection:
    """An objection that a request names. Raises NOT_FOUND."""
    if (objection := find(objection_id)) is None:
        raise not_found("objection")
    return objection


def read_crowd(origin: Origin) -> Crowd:
    """What came to a notice in an hour, and of it from one address, each count as last written."""
    hour, source, line = _counters(origin)
    found = {item["sk"]: item for item in read_each(hour.table, hour, source, line)}
    total, alike = found.get(hour.sk, {}), found.get(line.sk, {})
    return Crowd(
        plain=total.get("count", 0),
        proven=total.get("proven", 0),
        is_seen=source.sk in found,
        alike=alike.get("count", 0),
    )


def _counters(origin: Origin) -> tuple[keys.Key, keys.Key, keys.Key]:
    """Where is counted what came in an hour to a notice, from an address, and from it against one line. Only what was
    taken is counted, so an hour has no more such items than it takes objections."""
    hour = f"RATE#{origin.hour}"
    names = (hour, f"{hour}#{origin.source}", f"{hour}#{origin.source}#{origin.line}")
    total, source, line = (keys.notice(origin.notice_id, name) for name in names)
    return total, source, line


def commit_plain(objection: Objection, origin: Origin, is_seen: bool, most: int, most_alike: int) -> None:
    """§3.5.3: record an objection as it comes, while its hour has fewer than `most`, and of the same address against
    the same line fewer than `most_alike`.

    Raises CHANGED_MEANWHILE when the closing began, a number was reached, or the address was seen since.
    """
    total, source, line = _counters(origin)
    commit(
        [
            *_objection_writes(objection),
            update_write("total", total, COUNT_ON, conditions.UNDER_LIMIT, nothing=0, most=most),
            update_write("line", line, COUNT_ON, conditions.UNDER_LIMIT, nothing=0, most=most_alike),
            *([] if is_seen else [put_write("source", source, {"count": 1}, conditions.IS_NEW)]),
        ]
    )


def commit_proven(objection: Objection, origin: Origin) -> None:
    """§3.5.3: record an objection with a proof of effort, which counts against no address. Raises CHANGED_MEANWHILE
    when the closing began."""
    total, *_ = _counters(origin)
    change = "SET #proven = if_not_exists(#proven, :nothing) + :one"
    commit([*_objection_writes(objection), update_write("total", total, change, None, nothing=0)])


def _objection_writes(objection: Objection) -> list[Write]:
    gate = keys.notice(objection.notice_id, "OBJECTIONS")
    key = keys.objection(objection.objection_id)
    return [
        update_write("gate", gate, COUNT_ON, conditions.NOT_CLOSING, nothing=0),
        add_write("objection", key, objection, index=_index_entry(objection)),
    ]


def commit_resolution(
    old: Objection, new: Objection, notice: Notice, round_: Round, line_writes: Iterable[Write], caller: str
) -> None:
    """§3.5.3: the bureau's decision on an objection, with what it means for the lines that the objection held.

    The notice moves on with it, because a closing at the same moment must ask again which lines are held. Raises
    CHANGED_MEANWHILE, also for a caller of the round's earlier hands.
    """
    hands = rounds.unchanged_check(round_, *rounds.NOT_BY_EARLIER_HANDS, caller=caller)
    last = [
        advance_write("objection", keys.objection(new.objection_id), old, new, index=_index_entry(new)),
        notices.step_write(notice, notice.next_version()),
        hands,
    ]
    commit_in_parts(([each] for each in line_writes), last, [notices.unchanged_check(notice), hands])
