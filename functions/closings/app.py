"""What becomes of a notice: objections read and resolved, the notice closed by a human, by other hands (§3.5.3)."""

from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.fields import Text
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.notices import Notice, Objection
from voucher.models.payables import Payable
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.refusals import Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.notices import check_notice_over, is_objected
from voucher.rules.settlements import check_subsidies, owed_fen
from voucher.store import notices, orders, rounds, settlements, standing
from voucher.store.engine.table import Write

app = Api()


class Resolution(Request):
    """`opinion` is what the agency is told; who objected, and in which words, is not."""

    decision: Literal["uphold", "reject"]
    opinion: Text | None = None


@app.get("/notices/<notice_id>/objections")
def list_objections(notice_id: str) -> Response[str]:
    """§3.5.3: who objects to what and why, for the staff who look into it."""
    require(app.caller, "platform", "bureau", "finance")
    found = sorted(notices.list_objections(_found(notice_id).notice_id), key=lambda each: each.created_at)
    return reply({"items": [each.public() for each in found], "next_cursor": None})


@app.post("/objections/<objection_id>/resolve")
def resolve(objection_id: str) -> Response[str]:
    """§3.5.3: upheld, the lines go back to the agency; rejected, they go on (in the next round if this one closed)."""
    require(app.caller, "bureau")
    body, found = app.body(Resolution), notices.find_objection(objection_id)
    if found is None:
        raise Refused(Refusal.NOT_FOUND)
    notice = _found(found.notice_id)
    # after its notice: else a twin of this very call, coming between, would look like another one's word
    old = notices.find_objection(objection_id) or found
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    state = lifecycle.next_state("objection", old.state, body.decision)
    round_ = rounds.load(notice.round_id)
    _check_hands(round_)
    new = old.next_version(state=state, **app.step(body.decision))
    steps = []
    if body.decision == "uphold" or notice.state == "closed":
        action = "uphold" if body.decision == "uphold" else "release"
        others = [each for each in notices.list_objections(notice.notice_id) if each.objection_id != objection_id]
        for line in _held_lines(round_, old):
            if action == "uphold" or not is_objected(line.order_id, line.agency_uscc, others):
                said = {"opinion": f"公示期内的异议成立。{body.opinion or ''}"} if action == "uphold" else {}
                after = lifecycle.next_state("line", line.state, action)
                steps.append(
                    settlements.line_write(
                        line, line.next_version(state=after, round_id=None, **said, **app.step(action))
                    )
                )
    notices.commit_resolution(old, new, notice, round_, steps, app.caller.sub)
    return reply(new)


def _check_hands(round_: Round) -> None:
    check_four_eyes(app.caller.sub, "§3.5.3", round_.created_by, *round_.submitters, *round_.pre_reviewers)


def _found(notice_id: str) -> Notice:
    if (notice := notices.find(notice_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return notice


def _held_lines(round_: Round, objection: Objection) -> list[Line]:
    lines = [line for line in rounds.list_lines(round_) if line.state == "noticed"]
    return [line for line in lines if is_objected(line.order_id, line.agency_uscc, [objection])]


@app.post("/notices/<notice_id>/close")
def close(notice_id: str) -> Response[str]:
    """§3.5.3: a human ends the notice, by other hands: nobody objects from its first write on, then each unobjected
    line becomes payable in a write of its own. Broken off, it goes on when called again."""
    require(app.caller, "bureau")
    app.body(Nothing)
    round_ = rounds.load(_found(notice_id).round_id)
    # after its round: else a twin of this very call, coming between, would leave the round in a strange state
    notice, now = _found(notice_id), clock.now()
    if app.is_repeat(notice, "close"):
        return reply(notice.shown(), replay=True)
    if notice.state != "closing":
        state = lifecycle.next_state("notice", notice.state, "begin_close")
        _check_hands(round_)
        check_notice_over(notice, now)
        _unobjected(notice, round_)
        closing = notice.next_version(state=state, **app.step("begin_close"))
        notices.commit_begin_close(notice, closing, round_, app.caller.sub)
        notice = closing
    _check_hands(round_)
    state, step = lifecycle.next_state("notice", notice.state, "close"), app.step("close")
    for line, unchanged in _unobjected(notice, round_):
        order = orders.load(line.order_id)
        if order.state == "payable":
            raise Refused(Refusal.CHANGED_MEANWHILE)
        payable = line.next_version(state=lifecycle.next_state("line", line.state, "close"), **step)
        owed = order.next_version(
            state=lifecycle.next_state("order", order.state, "approve"), seq=order.seq + 1, **step
        )
        amount_fen = owed_fen(line)
        notices.commit_payable(notice, round_, unchanged, line, payable, order, owed, amount_fen, app.mark)
    payables = _payables(round_, [line for line in rounds.list_lines(round_) if line.state == "payable"], step)
    closed = round_.next_version(state=lifecycle.next_state("round", round_.state, "close"), **step)
    new = notice.next_version(state=state, **step)
    notices.commit_close(notice, new, round_, closed, payables, app.caller.sub)
    return reply(new.shown())


def _unobjected(notice: Notice, round_: Round) -> list[tuple[Line, Write]]:
    """The lines that go on, each with the write that insists on the standing it goes on with. Raises OTHER_SUBSIDY
    (§5.2b) for one whose enterprise was listed since: the operator takes that out first."""
    objections = notices.list_objections(notice.notice_id)
    lines = [
        line
        for line in rounds.list_lines(round_)
        if line.state == "noticed" and not is_objected(line.order_id, line.agency_uscc, objections)
    ]
    standings = standing.read_standings(line.enterprise_uscc for line in lines)
    check_subsidies(lines, standings)
    return [(line, standing.unchanged_check(standings[line.enterprise_uscc])) for line in lines]


def _payables(round_: Round, lines: list[Line], step: dict[str, Any]) -> list[Payable]:
    made = {"state": "awaiting_invoice", "created_at": clock.now(), "created_by": app.caller.sub, **step}
    return [
        Payable(
            round_id=round_.round_id,
            year=round_.year,
            agency_uscc=agency,
            amount_fen=sum(owed_fen(line) for line in lines if line.agency_uscc == agency),
            order_ids=tuple(line.order_id for line in lines if line.agency_uscc == agency),
            settlement_ids=tuple(sorted({line.settlement_id for line in lines if line.agency_uscc == agency})),
            **made,
        )
        for agency in sorted({line.agency_uscc for line in lines})
    ]


handler = app.handle
