"""Objections to public notices (§3.5.3): each stands with its notice, in the settlements table.

Whoever objects does not write the notice itself, which is large while many may object at once, but two small items
beside it. OBJECTIONS counts all objections; a closing first forbids further ones in it. HELD#target counts those to one
target, how many of them are not rejected, and how many upheld: so a closing, or a decision after it, reads no
objection, however many there are.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from voucher.models.notices import WHOLE_NOTICE, Notice, Objection, ObjectionCounts
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import conditions, crowds, keys, notices, organisations, rounds, settlements
from voucher.store.engine.large import commit_in_parts
from voucher.store.engine.pages import Keep, Page, Party, Selection, read_page
from voucher.store.engine.reading import find_item, read_many, read_partition
from voucher.store.engine.table import (
    MOST_ITEMS,
    Item,
    Write,
    add_write,
    advance_write,
    commit,
    commit_if_unchanged,
    update_write,
)


def read_held(notice_id: str) -> dict[str, int]:
    """By target, how many objections to a notice hold it, as last written."""
    return {each.target: each.holding for each in _read_counts(notice_id)}


def read_held_at_last(notice_id: str) -> dict[str, int]:
    """The same once a closing has begun, after which no objection comes.

    Raises CHANGED_MEANWHILE when it sees fewer objections than there are: DynamoDB may show a part of a transaction,
    here the count over all targets, a moment before the rest of it.
    """
    gate = find_item(keys.notice(notice_id, "OBJECTIONS")) or {}
    counts = _read_counts(notice_id)
    if sum(each.raised for each in counts) < gate.get("count", 0):
        raise Refused(Refusal.CHANGED_MEANWHILE)
    return {each.target: each.holding for each in counts}


class _Count(NamedTuple):
    target: str
    raised: int
    holding: int
    upheld: int = 0


def _read_counts(notice_id: str) -> list[_Count]:
    return [_count_of(item) for item in read_partition(keys.notice(notice_id), "HELD#")]


def _count_of(item: Item) -> _Count:
    return _Count(item["sk"].removeprefix("HELD#"), item["count"], item["holding"], item.get("upheld", 0))


def read_counts_of_lines(lines: Iterable[Line]) -> dict[str, ObjectionCounts]:
    """By the order of each of some lines that a notice has shown, how many objections to that notice are about it."""
    places = {line.order_id: _places_of(line) for line in lines if line.notice_id}
    wanted = sorted({place for each in places.values() for place in each})
    found = zip(wanted, read_many(wanted), strict=True)
    counts = {place: _count_of(item) for place, item in found if item}
    return {
        order_id: _summed(counts[each] for each in several if each in counts) for order_id, several in places.items()
    }


def _places_of(line: Line) -> list[keys.Key]:
    targets = (line.order_id, line.agency_uscc, WHOLE_NOTICE)
    return [keys.notice(str(line.notice_id), f"HELD#{target}") for target in targets]


def _summed(counts: Iterable[_Count]) -> ObjectionCounts:
    several = list(counts)
    raised, holding, upheld = (sum(numbers) for numbers in zip((0, 0, 0), *(each[1:] for each in several), strict=True))
    return {"raised": raised, "standing": holding - upheld, "upheld": upheld, "rejected": raised - holding}


def list_page(selection: Selection, keep: Keep | None, notice_id: str | None = None) -> Page:
    """A page of the objections that `keep` accepts, to all notices or to one."""
    return read_page("settlements", "OBJECTION", selection, keep, Party("by_notice", notice_id) if notice_id else None)


def read_all(notice_id: str) -> Iterator[Objection]:
    """Every objection to a notice, one after the other, however many there are."""
    for item in read_partition(keys.notice(notice_id), "OBJECTION#"):
        yield Objection.model_validate(item)


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


def commit_new(objection: Objection, counting: Iterable[Write]) -> None:
    """§3.5.3: record an objection, with what counts it (`crowds.py`). Raises CHANGED_MEANWHILE when the closing began,
    a number was reached, or the address was seen since."""
    commit([*_objection_writes(objection), *counting])


def _objection_writes(objection: Objection) -> list[Write]:
    gate = keys.notice(objection.notice_id, "OBJECTIONS")
    held = keys.notice(objection.notice_id, f"HELD#{objection.target}")
    key = keys.objection(objection.objection_id)
    hold = f"{crowds.COUNT_ON}, #holding = if_not_exists(#holding, :nothing) + :one"
    return [
        update_write("gate", gate, crowds.COUNT_ON, conditions.NOT_CLOSING, nothing=0),
        update_write("held", held, hold, None, nothing=0),
        add_write("objection", key, objection, index=_index_entry(objection)),
    ]


def commit_erased(old: Objection, new: Objection) -> bool:
    """Erase who objected, and the words. False if somebody changed the objection meanwhile."""
    key = keys.objection(new.objection_id)
    return commit_if_unchanged([advance_write("objection", key, old, new, index=_index_entry(new))])


def commit_resolution(
    old: Objection,
    new: Objection,
    notice: Notice,
    round_: Round,
    held_lines: Iterable[Line],
    moved: Iterable[tuple[Line, Line]],
    caller: str,
) -> None:
    """§3.5.3: the bureau's decision on an objection, with what it means for the lines that the objection held: those
    that are `moved`, before and after.

    The notice moves on with it, because a closing at the same moment must ask again which lines are held. Raises
    CHANGED_MEANWHILE, also for a caller who took an earlier step of its round, or is a member of a party of a line: of
    as many as the last write takes, and each line that moves asks again.
    """
    step = "resolve_objection"
    hands = rounds.unchanged_check(round_, conditions.by_other_hands(step, "round"), caller=caller)
    held = keys.notice(notice.notice_id, f"HELD#{new.target}")
    let_go = "SET #holding = #holding - :one"
    keep = "SET #upheld = if_not_exists(#upheld, :nothing) + :one"
    counted = (
        update_write("held", held, let_go, None)
        if new.state == "rejected"
        else update_write("held", held, keep, None, nothing=0)
    )
    last = [
        advance_write("objection", keys.objection(new.objection_id), old, new, index=_index_entry(new)),
        counted,
        notices.step_write(notice, notice.next_version()),
        hands,
    ]
    last += organisations.strangers_checks(held_lines, step, caller)[: MOST_ITEMS - len(last)]
    line_writes = [
        [settlements.line_write(*each), *settlements.strangers_to_line_checks(each[0], step, caller)] for each in moved
    ]
    commit_in_parts(line_writes, last, [notices.unchanged_check(notice), hands])
