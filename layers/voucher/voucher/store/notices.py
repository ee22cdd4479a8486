"""Public notices, objections to them, and what their closing makes payable (§3.5.3), in the settlements table."""

from collections.abc import Iterable, Iterator

from voucher.models.accounts import Movement, order_account, payable_account
from voucher.models.base import Mark
from voucher.models.notices import Notice, Objection
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.removals import RemovalNotice
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.policy import Policy
from voucher.refusals import Refusal
from voucher.store import conditions, keys, orders, rounds, settlements
from voucher.store.engine.large import commit_in_parts
from voucher.store.engine.postings import order_posting_write
from voucher.store.engine.reading import Page, find_item, read_page, read_partition
from voucher.store.engine.table import (
    Item,
    Write,
    add_write,
    advance_write,
    commit,
    commit_if_unchanged,
    item_check,
    update_write,
)


def commit_take_out(
    round_: Round, left: Round, notice: Notice | None, without: Notice | None, line_steps: list[Write]
) -> None:
    """§3.5.1(5): a line leaves a round, and the notice it stands in, before anybody closes that. The round counts it,
    so that of the last two that leave at the same moment one sees that it is the last."""
    moved = [step_write(notice, without)] if notice and without else []
    commit([*line_steps, *moved, rounds.step_write(round_, left)])


def find(notice_id: str) -> Notice | None:
    """A notice by its id, None when there is none."""
    item = find_item(keys.notice(notice_id))
    return Notice.model_validate(item) if item and item.get("kind") != "removal" else None


def _index_entry(notice: Notice) -> dict[str, str]:
    return keys.index_entry("NOTICE", notice.created_at, notice.notice_id)


def commit_publication(notice: Notice, old: Round, new: Round, line_steps: Iterable[Write]) -> None:
    """§3.5.3: open the notice of a round's approved lines."""
    made = add_write("notice", keys.notice(notice.notice_id), notice, index=_index_entry(notice))
    commit_in_parts(([each] for each in line_steps), [made, rounds.step_write(old, new)], [rounds.unchanged_check(old)])


def step_write(old: Notice, new: Notice) -> Write:
    """The write that moves a notice on, if nothing came to it meanwhile."""
    return advance_write("notice", keys.notice(new.notice_id), old, new, index=_index_entry(new))


def commit_announced_end(old: Notice, new: Notice) -> bool:
    """§3.5.3: write that a notice is over; False when something came to it meanwhile, which the next night sees."""
    return commit_if_unchanged([step_write(old, new)])


def _runs(item: Item) -> bool:
    return bool(item["state"] == "running" and item.get("kind") != "removal")


def list_running() -> Iterator[Notice]:
    """Every notice that nobody closed yet."""
    cursor: str | None = None
    while True:
        found = read_page("settlements", "by_newest", "NOTICE", 100, cursor, keep=_runs)
        yield from (Notice.model_validate(item) for item in found.items)
        if (cursor := found.next_cursor) is None:
            return


def list_page(limit: int, cursor: str | None) -> Page:
    """A page of public notices, newest first."""
    return read_page("settlements", "by_newest", "NOTICE", limit, cursor)


def list_objections(notice_id: str) -> list[Objection]:
    """Every objection to a notice."""
    return [Objection.model_validate(item) for item in read_partition(keys.notice(notice_id), "OBJECTION#")]


def find_objection(objection_id: str) -> Objection | None:
    """An objection by its id, None when there is none."""
    item = find_item(keys.objection(objection_id))
    return Objection.model_validate(item) if item else None


def commit_objection(old: Notice, new: Notice, objection: Objection, hour: str, source: str, policy: Policy) -> None:
    """§3.5.3: record an objection; the notice counts it, so that a closing at the same moment looks again.

    Raises TOO_MANY_OBJECTIONS when the notice, or this source of it (a hash), has had its share of the hour.
    """
    counted = {f"RATE#{hour}": policy.notice_objections_per_hour}
    counted |= {f"RATE#{hour}#{source}": policy.source_objections_per_hour}
    change = "SET #count = if_not_exists(#count, :nothing) + :one"
    limits = [
        update_write("rate", keys.notice(old.notice_id, place), change, conditions.UNDER_LIMIT, nothing=0, most=most)
        for place, most in counted.items()
    ]
    key = keys.objection(objection.objection_id)
    writes = [step_write(old, new), add_write("objection", key, objection), *limits]
    commit(writes, notice=Refusal.CHANGED_MEANWHILE, rate=Refusal.TOO_MANY_OBJECTIONS)


def commit_resolution(
    old: Objection, new: Objection, notice: Notice, round_: Round, line_steps: Iterable[Write], caller: str
) -> None:
    """§3.5.3: the bureau's word on an objection, by other hands, with what it means for the lines it held.

    The notice counts it, too: a closing at the same moment would not know which lines it holds.
    """
    hands = rounds.unchanged_check(round_, *rounds.OTHER_HANDS, caller=caller)
    said = [
        advance_write("objection", keys.objection(new.objection_id), old, new),
        step_write(notice, notice.next_version()),
    ]
    guard = item_check("notice", keys.notice(notice.notice_id), conditions.UNCHANGED, seen_version=notice.version)
    commit_in_parts(([each] for each in line_steps), [*said, hands], [guard, hands])


def commit_begin_close(old: Notice, new: Notice, round_: Round, caller: str) -> None:
    """§3.5.3: somebody begins to close a notice, by other hands: from here on nobody objects."""
    commit([step_write(old, new), rounds.unchanged_check(round_, *rounds.OTHER_HANDS, caller=caller)])


def commit_payable(
    notice: Notice,
    round_: Round,
    standing: Write,
    old: Line,
    new: Line,
    order: Order,
    owed: Order,
    amount_fen: int,
    mark: Mark,
) -> None:
    """§3.5.3: an unobjected line of a notice that is being closed: order → payable, in one write, by other hands.
    `standing` insists that no list of other subsidies named the enterprise meanwhile (§5.2b)."""
    source, target = order_account(order.order_id), payable_account(round_.round_id, new.agency_uscc)
    movement = Movement("approve", source, target, amount_fen, mark.at, mark.by)
    writes = [
        item_check("notice", keys.notice(notice.notice_id), conditions.UNCHANGED, seen_version=notice.version),
        rounds.unchanged_check(round_, *rounds.OTHER_HANDS, caller=mark.by),
        standing,
        settlements.line_write(old, new),
        orders.step_write(order, owed),
        order_posting_write(owed, movement),
        *orders.move_writes(order, "held_fen", "payable_fen"),
    ]
    commit(writes)


def commit_close(old: Notice, new: Notice, round_: Round, closed: Round, payables: list[Payable], caller: str) -> None:
    """§3.5.3: a human closes the notice, by other hands; what each agency is owed stands from here on."""
    made = [add_write("payable", keys.payable(each.round_id, each.agency_uscc), each) for each in payables]
    commit([step_write(old, new), rounds.step_write(round_, closed, *rounds.OTHER_HANDS, caller=caller), *made])


def find_removal(notice_id: str) -> RemovalNotice | None:
    """The notice of a removal, None for any other."""
    item = find_item(keys.notice(notice_id))
    return RemovalNotice.model_validate(item) if item and item.get("kind") == "removal" else None
