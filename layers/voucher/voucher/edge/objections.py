"""What the bureau's decision on an objection does to the lines that it held (§3.5.3), for one objection or for several
in turn."""

from dataclasses import dataclass
from typing import Literal

from voucher.models.base import Mark
from voucher.models.notices import Hold, Notice, Objection
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.rules.lifecycle import stepped
from voucher.rules.notices import held_targets, is_held
from voucher.store import objections, rounds, settlements

Decision = Literal["uphold", "reject"]


@dataclass
class Case:
    """A notice with its round, the lines that are still on it, and, once it is closed, all its objections. Each
    decision moves it on, so that the next one of the same call need not read all again."""

    notice: Notice
    round_: Round
    lines: list[Line]
    holds: dict[str, Hold]


def read_case(notice: Notice) -> Case:
    """What a decision on an objection rests on. While a notice is not closed, its closing asks by itself which lines
    are held."""
    round_ = rounds.load(notice.round_id)
    lines = [line for line in rounds.list_lines(round_) if line.state == "noticed"]
    holds = objections.read_holds(notice.notice_id) if notice.state == "closed" else ()
    return Case(notice, round_, lines, {each.objection_id: each for each in holds})


def decide(case: Case, old: Objection, decision: Decision, opinion: str | None, mark: Mark) -> Objection:
    """§3.5.3: the objection after the decision, written with its lines. Raises WRONG_STATE or ALREADY_REVIEWED, and
    CHANGED_MEANWHILE, also for a caller of the round's earlier hands."""
    new = stepped(old, decision, mark)
    steps = [(line, _line_after(line, decision, opinion, mark)) for line in _moved_lines(case, new)]
    line_writes = [settlements.line_write(before, after) for before, after in steps]
    objections.commit_resolution(old, new, case.notice, case.round_, line_writes, mark.by)
    case.notice = case.notice.next_version()
    moved = {before.order_id for before, _ in steps}
    case.lines = [line for line in case.lines if line.order_id not in moved]
    case.holds[new.objection_id] = Hold.model_validate(new.model_dump())
    return new


def _moved_lines(case: Case, objection: Objection) -> list[Line]:
    """The lines that a decision moves: all that an upheld objection held; those that a rejected one was the last to
    hold, if the notice is closed: before that they stay on notice, and its closing asks for the objections again."""
    own = frozenset({(objection.order_id, objection.agency_uscc)})
    lines = [line for line in case.lines if is_held(line.order_id, line.agency_uscc, own)]
    if objection.state == "upheld":
        return lines
    if case.notice.state != "closed":
        return []
    others = held_targets(each for each in case.holds.values() if each.objection_id != objection.objection_id)
    return [line for line in lines if not is_held(line.order_id, line.agency_uscc, others)]


def _line_after(line: Line, decision: Decision, opinion: str | None, mark: Mark) -> Line:
    if decision == "uphold":
        return stepped(line, "uphold", mark, round_id=None, opinion=f"公示期内的异议成立。{opinion or ''}")
    return stepped(line, "release", mark, round_id=None)
