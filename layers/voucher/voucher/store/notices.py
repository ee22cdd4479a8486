"""Public notices, and the lines that become payable when a notice is closed (§3.5.3), in the settlements table.

The public notices of removals (§3.4.1) stand among them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voucher.models.accounts import Movement, order_account, payable_account
from voucher.models.base import Mark
from voucher.models.notices import Notice
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.removals import RemovalNotice
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.refusals import not_found
from voucher.store import conditions, keys, orders, organisations, payables, rounds, settlements
from voucher.store.engine.large import commit_in_parts
from voucher.store.engine.pages import Page, Selection, read_page, read_whole
from voucher.store.engine.postings import order_posting_write
from voucher.store.engine.reading import find_item, load_item
from voucher.store.engine.table import (
    MOST_ITEMS,
    Item,
    Write,
    add_write,
    advance_write,
    commit,
    commit_if_unchanged,
    item_check,
    update_write,
)


def notice_of(item: Item) -> Notice | RemovalNotice:
    """An item as the notice it is: of a round, or of a removal, which says its kind."""
    kind = RemovalNotice if item.get("kind") == "removal" else Notice
    return kind.model_validate(item)


def find_public(notice_id: str) -> Notice | RemovalNotice | None:
    """A notice of either kind by its id, or None."""
    item = find_item(keys.notice(notice_id))
    return notice_of(item) if item else None


def get_public(notice_id: str) -> Notice | RemovalNotice:
    """A notice of either kind that a request names. Raises NOT_FOUND."""
    if (notice := find_public(notice_id)) is None:
        raise not_found("notice")
    return notice


def find(notice_id: str) -> Notice | None:
    """The notice of a round by its id, or None."""
    notice = find_public(notice_id)
    return notice if isinstance(notice, Notice) else None


def get(notice_id: str) -> Notice:
    """The notice of a round that a request names. Raises NOT_FOUND."""
    if (notice := find(notice_id)) is None:
        raise not_found("notice")
    return notice


def load(notice_id: str) -> Notice:
    """A notice that must exist, because a round or an objection names it. Raises LookupError: the books are broken."""
    return Notice.model_validate(load_item(keys.notice(notice_id), f"the notice {notice_id}"))


def list_page(selection: Selection) -> Page:
    """A page of public notices of either kind."""
    return read_page("settlements", "NOTICE", selection)


def list_running() -> Iterator[Notice]:
    """Every notice of a round that nobody has closed yet."""
    return (Notice.model_validate(item) for item in read_whole("settlements", "NOTICE", "running"))


def _index_entry(notice: Notice) -> dict[str, str]:
    return keys.index_entry("NOTICE", notice.created_at, notice.notice_id, state=notice.state)


def step_write(old: Notice, new: Notice) -> Write:
    """The write that moves a notice on, if nobody else moved it first."""
    return advance_write("notice", keys.notice(new.notice_id), old, new, index=_index_entry(new))


def unchanged_check(notice: Notice) -> Write:
    """Insist that a notice is still the one that was read."""
    return item_check("notice", keys.notice(notice.notice_id), conditions.UNCHANGED, seen_version=notice.version)


def commit_publication(notice: Notice, old: Round, new: Round, lines: Iterable[tuple[Line, Line]]) -> None:
    """§3.5.3: open the notice of a round's approved lines, each before and after. Raises CHANGED_MEANWHILE, also for a
    caller who acted for a party of one, or is a member of one."""
    caller, hands = notice.created_by, conditions.by_other_hands("publish_notice", "round")
    notice_write = add_write("notice", keys.notice(notice.notice_id), notice, index=_index_entry(notice))
    last = [notice_write, rounds.step_write(old, new, hands, caller=caller)]
    line_writes = [
        [settlements.line_write(*each), *settlements.strangers_to_line_checks(each[0], "publish_notice", caller)]
        for each in lines
    ]
    commit_in_parts(line_writes, last, [rounds.unchanged_check(old, hands, caller=caller)])


def commit_announced_end(old: Notice, new: Notice) -> bool:
    """§3.5.3: write that a notice is over. False when the notice changed meanwhile; the next night announces it."""
    return commit_if_unchanged([step_write(old, new)])


def commit_take_out(
    old: Round, new: Round, notice: Notice | None, new_notice: Notice | None, line_writes: list[Write]
) -> None:
    """§3.5.1(5): a line leaves its round, and the notice that it stands in, before the notice is closed.

    The round's version is part of the write: if two last lines leave at once, the second call sees that the round is
    now empty. Raises CHANGED_MEANWHILE.
    """
    notice_writes = [step_write(notice, new_notice)] if notice and new_notice else []
    commit([*line_writes, *notice_writes, rounds.step_write(old, new)])


def commit_begin_close(old: Notice, new: Notice, round_: Round, lines: Iterable[Line], caller: str) -> None:
    """§3.5.3: the closing of a notice begins: from here on it takes no objection, because each writes the item
    OBJECTIONS, which now forbids it. Raises CHANGED_MEANWHILE, also for a caller who took an earlier step of its
    round, or is a member of a party of its `lines`: of as many as one write takes, and each line asks again."""
    closing = update_write("closing", keys.notice(new.notice_id, "OBJECTIONS"), "SET #closing = :true", None)
    begun = [step_write(old, new), closing, _closer_check(round_, caller)]
    strangers = organisations.strangers_checks(lines, "close_notice", caller)
    commit([*begun, *strangers[: MOST_ITEMS - len(begun)]])


def _closer_check(round_: Round, caller: str) -> Write:
    return rounds.unchanged_check(round_, conditions.by_other_hands("close_notice", "round"), caller=caller)


@dataclass(frozen=True)
class PayableLine:
    """A line that becomes payable: the line and its order before and after, and the amount in fen. `standing_check`
    insists that no list of other subsidies has named the enterprise since its standing was read (§5.2b); the line
    itself changes with each decision of the bureau on them."""

    old_line: Line
    new_line: Line
    old_order: Order
    new_order: Order
    amount_fen: int
    standing_check: Write


def commit_payable(notice: Notice, round_: Round, payable: PayableLine, mark: Mark) -> None:
    """§3.5.3: one line of a notice that is being closed: order → payable, in one write. Raises CHANGED_MEANWHILE, also
    for a caller who took an earlier step of its round, or is a member of a party of the line."""
    source = order_account(payable.new_order.order_id)
    target = payable_account(round_.round_id, payable.new_line.agency_uscc)
    movement = Movement("approve", source, target, payable.amount_fen, mark.at, mark.by)
    commit(
        [
            unchanged_check(notice),
            _closer_check(round_, mark.by),
            *settlements.strangers_to_line_checks(payable.old_line, "close_notice", mark.by),
            payable.standing_check,
            settlements.line_write(payable.old_line, payable.new_line),
            orders.step_write(payable.old_order, payable.new_order),
            order_posting_write(payable.new_order, movement),
            *orders.move_writes(payable.old_order, "held_fen", "payable_fen"),
        ]
    )


def commit_postponed(notice: Notice, round_: Round, old: Line, new: Line, caller: str) -> None:
    """§5.2b: a line that a violation holds leaves its round when the notice is closed. Raises CHANGED_MEANWHILE."""
    strangers = settlements.strangers_to_line_checks(old, "close_notice", caller)
    commit([unchanged_check(notice), _closer_check(round_, caller), *strangers, settlements.line_write(old, new)])


def commit_close(old: Notice, new: Notice, round_: Round, closed: Round, owed: list[Payable], caller: str) -> None:
    """§3.5.3: the notice is closed, and what each agency is owed is written down. Raises CHANGED_MEANWHILE, also for a
    caller who took an earlier step of its round."""
    payable_writes = [payables.new_write(each) for each in owed]
    hands = conditions.by_other_hands("close_notice", "round")
    commit([step_write(old, new), rounds.step_write(round_, closed, hands, caller=caller), *payable_writes])
