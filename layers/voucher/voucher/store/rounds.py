"""Rounds (§3.5.2), in the settlements table."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.refusals import not_found
from voucher.store import conditions, keys, settlements
from voucher.store.engine.large import commit_in_parts
from voucher.store.engine.pages import Page, Selection, read_page
from voucher.store.engine.reading import find_item, load_item
from voucher.store.engine.table import MOST_ITEMS, Write, add_write, advance_write, commit, item_check


def find(round_id: str) -> Round | None:
    """A round by its id, or None."""
    item = find_item(keys.round_(round_id))
    return Round.model_validate(item) if item else None


def get(round_id: str) -> Round:
    """A round that a request names. Raises NOT_FOUND."""
    if (round_ := find(round_id)) is None:
        raise not_found("round")
    return round_


def load(round_id: str) -> Round:
    """A round that must exist, because a notice or a payout names it. Raises LookupError: the books are broken."""
    return Round.model_validate(load_item(keys.round_(round_id), f"the round {round_id}"))


def list_lines(round_: Round) -> list[Line]:
    """The lines that stand in a round now."""
    return [line for line in list_lines_around(round_) if line.round_id == round_.round_id]


def list_lines_around(round_: Round) -> list[Line]:
    """Every line of the applications that a round was gathered from, whether it stands in the round or not."""
    return [line for settlement_id in round_.settlement_ids for line in settlements.list_lines(settlement_id)]


def list_page(selection: Selection) -> Page:
    """A page of rounds."""
    return read_page("settlements", "ROUND", selection)


def _index_entry(round_: Round) -> dict[str, str]:
    return keys.index_entry("ROUND", round_.created_at, round_.round_id, state=round_.state)


def unchanged_check(round_: Round, *more: str, **values: Any) -> Write:
    """Insist that a round is still the one that was read, and on the conditions `more`."""
    condition = conditions.all_of(conditions.UNCHANGED, *more)
    return item_check("round", keys.round_(round_.round_id), condition, seen_version=round_.version, **values)


def step_write(old: Round, new: Round, *more: str, **values: Any) -> Write:
    """The write that moves a round on, if nobody else moved it first."""
    return advance_write("round", keys.round_(new.round_id), old, new, *more, index=_index_entry(new), **values)


def hands_check(round_: Round, step: str, caller: str) -> Write:
    """Check in the transaction that the caller may take a step of a round's money, as far as the round tells."""
    condition = conditions.by_other_hands(step, "round")
    return item_check("hands", keys.round_(round_.round_id), condition, caller=caller)


def commit_gathering(round_: Round, old: list[Line], new: list[Line], *also: Write) -> None:
    """§3.5.2: make a round of passed lines. Raises CHANGED_MEANWHILE, also for a caller who acted for a party of one,
    or is a member of one.

    If the lines do not fit one transaction, the round is written before them. A line that a broken-off call did not
    reach stays passed, for the next round.
    """
    round_write = add_write("round", keys.round_(round_.round_id), round_, index=_index_entry(round_))
    caller = round_.created_by
    line_writes = [
        settlements.gathered_line_writes(before, after, caller) for before, after in zip(old, new, strict=True)
    ]
    made = [round_write, *also]
    if len(made) + sum(map(len, line_writes)) <= MOST_ITEMS:
        commit([*made, *chain.from_iterable(line_writes)])
        return
    commit(made)
    commit_in_parts(line_writes, [unchanged_check(round_)], [unchanged_check(round_)])


def commit_decision(old: Round, new: Round, lines: Iterable[tuple[Line, Sequence[Write]]], caller: str) -> None:
    """§3.5.2: the bureau's decision, each line with its writes. Raises CHANGED_MEANWHILE, also for a caller who took an
    earlier step of the round, or is a member of a party of a line."""
    step = "approve_round"
    hands = conditions.by_other_hands(step, "round")
    line_writes = [[*each, *settlements.strangers_to_line_checks(line, step, caller)] for line, each in lines]
    last, guard = step_write(old, new, hands, caller=caller), unchanged_check(old, hands, caller=caller)
    commit_in_parts(line_writes, [last], [guard])
