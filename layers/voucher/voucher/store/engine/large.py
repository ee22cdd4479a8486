"""Knows how a change of more items than one transaction holds is written: in parts, each of which leaves the records in
order.

A change that fits is one transaction. A larger one is written group by group: a group is never split, and each part
carries the same `guards`. `last` marks the change as done and is written last, so that a change that was broken off is
seen in its record and is completed when the call is repeated.
"""

from collections.abc import Iterable, Sequence

from voucher.store.engine.table import MOST_ITEMS, Write, commit


def commit_in_parts(groups: Iterable[Sequence[Write]], last: Sequence[Write], guards: Sequence[Write] = ()) -> None:
    """Write each group and then `last`; `guards` are checks that each part but the last one carries.

    Raises CHANGED_MEANWHILE if a condition was false, BUSY under contention; the parts before stay written.
    """
    part: list[Write] = []
    waiting = list(groups)
    room = MOST_ITEMS - len(guards)
    for position, group in enumerate(waiting):
        rest = sum(len(each) for each in waiting[position:])
        if len(part) + rest + len(last) <= MOST_ITEMS:
            part += [write for each in waiting[position:] for write in each]
            break
        if len(part) + len(group) > room:
            commit([*part, *guards])
            part = []
        part += group
    if len(part) + len(last) > MOST_ITEMS:
        commit([*part, *guards])
        part = []
    commit([*part, *last])
