"""Rounds, notices and objections (§3.5.2, §3.5.3), in the settlements table; payouts go on from there."""

from collections.abc import Iterable, Iterator, Sequence

from voucher.models import Line, Notice, Objection, Order, Payable, Round
from voucher.policy import Policy
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys, orders
from voucher.store.parts import MOST, commit_all, commit_in_parts
from voucher.store.postings import order_posting
from voucher.store.reading import Page, page, query
from voucher.store.reading import load as load_item
from voucher.store.settlements import lines_of, step_line
from voucher.store.table import Item, Unmet, Write, add, advance, check, commit, update


def find(round_id: str) -> Round | None:
    """A round by its id, None when there is none."""
    item = load_item(keys.round_(round_id))
    return Round.model_validate(item) if item else None


def load(round_id: str) -> Round:
    """A round that must exist, because a notice or a payout names it. Raises LookupError: the books are broken."""
    if (round_ := find(round_id)) is None:
        raise LookupError("something outlived its round")
    return round_


def lines_in(round_: Round) -> list[Line]:
    """The lines that stand in a round now."""
    return [line for line in lines_around(round_) if line.round_id == round_.round_id]


def lines_around(round_: Round) -> list[Line]:
    """Every line of the applications a round was gathered from, in it or not."""
    return [line for settlement_id in round_.settlement_ids for line in lines_of(settlement_id)]


def _listed_round(round_: Round) -> dict[str, str]:
    return keys.listed("ROUND", round_.created_at, round_.round_id)


def list_rounds(limit: int, cursor: str | None) -> Page:
    """A page of rounds, newest first."""
    return page("settlements", "listing", "ROUND", limit, cursor)


def gather(round_: Round, old: list[Line], new: list[Line]) -> None:
    """§3.5.2: make a round of passed lines. One of more lines than fit a transaction is there first, then they come;
    lines that this did not reach stay passed, for the next round."""
    made = add("round", keys.round_(round_.round_id), round_, _listed_round(round_))
    steps = [step_line(before, after) for before, after in zip(old, new, strict=True)]
    if len(steps) < MOST:
        commit_all([made, *steps])
        return
    commit_all([made])
    commit_in_parts(([each] for each in steps), [_unchanged(round_)], [_unchanged(round_)])


def _unchanged(round_: Round, *more: str, **values: str) -> Write:
    condition = conditions.all_of(conditions.UNCHANGED, *more)
    return check("round", keys.round_(round_.round_id), condition, seen_version=round_.version, **values)


def step(old: Round, new: Round, *more: str, **values: str) -> Write:
    """The write that moves a round on, if nobody else moved it first."""
    return advance("round", keys.round_(new.round_id), old, new, _listed_round(new), *more, **values)


# §3.5.2: who decides on a round handed in, pre-reviewed and gathered nothing of it
OTHER_HANDS = (
    conditions.CALLER_NOT_AMONG.format(attribute="submitters"),
    conditions.CALLER_NOT_AMONG.format(attribute="pre_reviewers"),
    conditions.NOT_BY_CALLER.format(attribute="created_by"),
)


def decide(old: Round, new: Round, line_steps: Iterable[Sequence[Write]], caller: str) -> None:
    """§3.5.2: the bureau's decision, on condition that it is by other hands."""
    last, guard = step(old, new, *OTHER_HANDS, caller=caller), _unchanged(old, *OTHER_HANDS, caller=caller)
    commit_in_parts(line_steps, [last], [guard])


def take_out(
    round_: Round, left: Round, notice: Notice | None, without: Notice | None, line_steps: list[Write]
) -> None:
    """§3.5.1(5): a line leaves a round, and the notice it stands in, before anybody closes that. The round counts it,
    so that of the last two that leave at the same moment one sees that it is the last."""
    moved = [step_notice(notice, without)] if notice and without else []
    commit_all([*line_steps, *moved, step(round_, left)])


def find_notice(notice_id: str) -> Notice | None:
    """A notice by its id, None when there is none."""
    item = load_item(keys.notice(notice_id))
    return Notice.model_validate(item) if item and item.get("kind") != "removal" else None


def _listed_notice(notice: Notice) -> dict[str, str]:
    return keys.listed("NOTICE", notice.created_at, notice.notice_id)


def publish(notice: Notice, old: Round, new: Round, line_steps: Iterable[Write]) -> None:
    """§3.5.3: open the notice of a round's approved lines."""
    made = add("notice", keys.notice(notice.notice_id), notice, _listed_notice(notice))
    commit_in_parts(([each] for each in line_steps), [made, step(old, new)], [_unchanged(old)])


def step_notice(old: Notice, new: Notice) -> Write:
    """The write that moves a notice on, if nothing came to it meanwhile."""
    return advance("notice", keys.notice(new.notice_id), old, new, _listed_notice(new))


def announce_end(old: Notice, new: Notice) -> bool:
    """§3.5.3: write that a notice is over; False when something came to it meanwhile, which the next night sees."""
    try:
        commit([step_notice(old, new)])
    except Unmet:
        return False
    return True


def _runs(item: Item) -> bool:
    return bool(item["state"] == "running" and item.get("kind") != "removal")


def running_notices() -> Iterator[Notice]:
    """Every notice that nobody closed yet."""
    cursor: str | None = None
    while True:
        found = page("settlements", "listing", "NOTICE", 100, cursor, keep=_runs)
        yield from (Notice.model_validate(item) for item in found.items)
        if (cursor := found.next_cursor) is None:
            return


def list_notices(limit: int, cursor: str | None) -> Page:
    """A page of public notices, newest first."""
    return page("settlements", "listing", "NOTICE", limit, cursor)


def objections_to(notice_id: str) -> list[Objection]:
    """Every objection to a notice."""
    return [Objection.model_validate(item) for item in query(keys.notice(notice_id), "OBJECTION#")]


def find_objection(objection_id: str) -> Objection | None:
    """An objection by its id, None when there is none."""
    item = load_item(keys.objection(objection_id))
    return Objection.model_validate(item) if item else None


def object_to(old: Notice, new: Notice, objection: Objection, hour: str, source: str, policy: Policy) -> None:
    """§3.5.3: record an objection; the notice counts it, so that a closing at the same moment looks again.

    Raises TOO_MANY_OBJECTIONS when the notice, or this source of it (a hash), has had its share of the hour.
    """
    counted = {f"RATE#{hour}": policy.notice_objections_per_hour}
    counted |= {f"RATE#{hour}#{source}": policy.source_objections_per_hour}
    change = "SET #count = if_not_exists(#count, :nothing) + :one"
    limits = [
        update("rate", keys.notice(old.notice_id, place), change, conditions.UNDER_LIMIT, nothing=0, most=most)
        for place, most in counted.items()
    ]
    key = keys.objection(objection.objection_id)
    try:
        commit([step_notice(old, new), add("objection", key, objection), *limits])
    except Unmet as unmet:
        full = "rate" in unmet.items and "notice" not in unmet.items
        raise Refused(Refusal.TOO_MANY_OBJECTIONS if full else Refusal.CHANGED_MEANWHILE) from None


def resolve(
    old: Objection, new: Objection, notice: Notice, round_: Round, line_steps: Iterable[Write], caller: str
) -> None:
    """§3.5.3: the bureau's word on an objection, by other hands, with what it means for the lines it held.

    The notice counts it, too: a closing at the same moment would not know which lines it holds.
    """
    hands = _unchanged(round_, *OTHER_HANDS, caller=caller)
    said = [advance("objection", keys.objection(new.objection_id), old, new), step_notice(notice, notice.moved())]
    guard = check("notice", keys.notice(notice.notice_id), conditions.UNCHANGED, seen_version=notice.version)
    commit_in_parts(([each] for each in line_steps), [*said, hands], [guard, hands])


def begin_close(old: Notice, new: Notice, round_: Round, caller: str) -> None:
    """§3.5.3: somebody begins to close a notice, by other hands: from here on nobody objects."""
    commit_all([step_notice(old, new), _unchanged(round_, *OTHER_HANDS, caller=caller)])


def make_payable(
    notice: Notice,
    round_: Round,
    standing: Write,
    old: Line,
    new: Line,
    order: Order,
    owed: Order,
    amount_fen: int,
    by: str,
) -> None:
    """§3.5.3: an unobjected line of a notice that is being closed: order → payable, in one write, by other hands.
    `standing` insists that no list of other subsidies named the enterprise meanwhile (§5.2b)."""
    account = f"payable:{new.round_id}.{new.agency_uscc}"
    at = new.updated_at or new.created_at
    writes = [
        check("notice", keys.notice(notice.notice_id), conditions.UNCHANGED, seen_version=notice.version),
        _unchanged(round_, *OTHER_HANDS, caller=by),
        standing,
        step_line(old, new),
        orders.step(order, owed),
        order_posting(owed, "approve", f"order:{order.order_id}", account, amount_fen, at, by),
        *orders.move_draws(order, "held_fen", "payable_fen"),
    ]
    commit_all(writes)


def close(old: Notice, new: Notice, round_: Round, closed: Round, payables: list[Payable], caller: str) -> None:
    """§3.5.3: a human closes the notice, by other hands; what each agency is owed stands from here on."""
    made = [add("payable", keys.payable(each.round_id, each.agency_uscc), each) for each in payables]
    commit_all([step_notice(old, new), step(round_, closed, *OTHER_HANDS, caller=caller), *made])
