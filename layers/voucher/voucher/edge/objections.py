"""What the bureau's decision on an objection does to the lines that it held (§3.5.3), for one objection or for several
in turn."""

from dataclasses import dataclass
from typing import Literal

from voucher.models.base import Mark
from voucher.models.notices import Notice, Objection
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.policy import Policy
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import stepped
from voucher.rules.notices import is_held
from voucher.rules.settlements import returned_line
from voucher.store import objections, organisations, programmes, rounds

Decision = Literal["uphold", "reject"]


@dataclass
class Case:
    """A notice with its round and the policy of its year, the lines that are still on it, and, once it is closed, how
    many objections hold each target. Each decision moves it on, so that the next one of the same call need not read all
    again."""

    notice: Notice
    round_: Round
    policy: Policy
    lines: list[Line]
    holding: dict[str, int]


def read_case(notice: Notice) -> Case:
    """What a decision on an objection rests on. While a notice is not closed, its closing asks by itself which lines
    are held."""
    round_ = rounds.load(notice.round_id)
    lines = [line for line in rounds.list_lines(round_) if line.state == "noticed"]
    policy = programmes.load(round_.year).policy
    holding = objections.read_held(notice.notice_id) if notice.state == "closed" else {}
    return Case(notice, round_, policy, lines, holding)


def decide(case: Case, old: Objection, decision: Decision, opinion: str | None, mark: Mark) -> Objection:
    """§3.5.3: the objection after the decision, written with its lines. Raises WRONG_STATE or ALREADY_REVIEWED,
    FOUR_EYES for a member of a party of a line that it held, and CHANGED_MEANWHILE, also for a caller of the round's
    earlier hands."""
    new = stepped(old, decision, mark, opinion=opinion, decided_at=mark.at)
    held = [line for line in case.lines if is_held(line.order_id, line.agency_uscc, {new.target})]
    check_four_eyes(mark.by, "resolve_objection", case.round_, *organisations.list_parties(held))
    if case.holding and decision == "reject":
        case.holding[new.target] -= 1
    steps = [(line, _line_after(line, case, decision, opinion, mark)) for line in _moved_lines(case, new, held)]
    objections.commit_resolution(old, new, case.notice, case.round_, held, steps, mark.by)
    case.notice = case.notice.next_version()
    moved = {before.order_id for before, _ in steps}
    case.lines = [line for line in case.lines if line.order_id not in moved]
    return new


def _moved_lines(case: Case, objection: Objection, lines: list[Line]) -> list[Line]:
    """Those of an objection's `lines` that a decision moves: all of an upheld one; those that a rejected one was the
    last to hold, if the notice is closed: before that they stay on notice, and its closing asks again."""
    if objection.state == "upheld":
        return lines
    if case.notice.state != "closed":
        return []
    held = {target for target, count in case.holding.items() if count}
    return [line for line in lines if not is_held(line.order_id, line.agency_uscc, held)]


def _line_after(line: Line, case: Case, decision: Decision, opinion: str | None, mark: Mark) -> Line:
    if decision == "uphold":
        words = f"公示期内的异议成立。{opinion or ''}"
        return returned_line(line, "uphold", mark, case.policy, round_id=None, opinion=words)
    return stepped(line, "release", mark, round_id=None)
