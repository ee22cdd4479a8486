"""A change of more items than one transaction holds: in parts that each leave everything in order.

What fits is one transaction. What does not is written group by group, each group whole, every part under the same
guards; `last` comes at the end, so a change that was broken off is seen by its record and goes on when it is repeated.
"""

from collections.abc import Iterable, Sequence

from voucher.store.engine.table import Write, commit

MOST_ITEMS = 100


def commit_in_parts(groups: Iterable[Sequence[Write]], last: Sequence[Write], guards: Sequence[Write] = ()) -> None:
    """Write every group and then `last`; `guards` are checks that every part but the last one carries.

    Raises CHANGED_MEANWHILE when a condition was false.
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
