"""A notice is closed by a person, and its lines become payable (§3.5.3)."""

from collections.abc import Mapping
from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.bodies import Nothing
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.models.base import Mark
from voucher.models.notices import Notice, PublicNotice
from voucher.models.orders import Order
from voucher.models.payables import Payable
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.refusals import Refusal, Refused
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.holds import check_not_held, held_ids
from voucher.rules.lifecycle import stepped
from voucher.rules.notices import check_notice_over, is_held, public_notice
from voucher.rules.settlements import owed_fen
from voucher.rules.subsidies import check_subsidies
from voucher.store import notices, objections, orders, organisations, rounds, standing
from voucher.store.engine.table import Write
from voucher.store.notices import PayableLine

app = Api()


@app.post("/notices/<notice_id>/close")
def close(notice_id: str) -> Answer[PublicNotice]:
    """§3.5.3: the notice is closed by a person whose first step of its round this is, and who acts for none of its
    parties.

    From the first write on, the notice takes no objection. Then each line without an objection becomes payable, in a
    write of its own; one whose order a violation holds (§5.2b) leaves for a later round instead. If the call is broken
    off, another call goes on where it stopped.
    """
    require(app.caller, "bureau")
    app.body(Nothing)
    round_ = rounds.load(notices.get(notice_id).round_id)
    lines_of_round = rounds.list_lines(round_)
    parties = organisations.list_parties(lines_of_round)
    # read last: see Api.handle
    old = notices.get(notice_id)
    if app.is_repeat(old, "close"):
        return reply(public_notice(old, clock.today()), replay=True)
    closing = old if old.state == "closing" else _begin_close(old, round_, lines_of_round, parties)
    # once more, because another person may go on with a closing that was broken off
    check_four_eyes(app.caller.sub, "close_notice", round_, *parties)
    mark = app.mark
    new = stepped(closing, "close", mark)
    lines = _unobjected_lines(round_, objections.read_held_at_last(notice_id))
    found = orders.load_many(line.order_id for line in lines)
    on_hold = held_ids(found)
    for line in lines:
        if line.order_id in on_hold:
            notices.commit_postponed(closing, round_, line, stepped(line, "release", mark, round_id=None), mark.by)
    free = [line for line in lines if line.order_id not in on_hold]
    for line, standing_check in _standing_checks(free, found):
        notices.commit_payable(closing, round_, _payable_line(line, standing_check, mark), mark)
    owed = [line for line in rounds.list_lines(round_) if line.state == "payable"]
    closed = stepped(round_, "close", mark)
    notices.commit_close(closing, new, round_, closed, _payables(round_, owed), app.caller.sub)
    return reply(public_notice(new, clock.today()))


def _begin_close(
    old: Notice, round_: Round, lines_of_round: list[Line], parties: list[organisations.Organisation]
) -> Notice:
    closing = stepped(old, "begin_close", app.mark)
    check_four_eyes(app.caller.sub, "close_notice", round_, *parties)
    check_notice_over(old, clock.now())
    lines = _unobjected_lines(round_, objections.read_held(old.notice_id))
    found = orders.load_many(line.order_id for line in lines)
    on_hold = held_ids(found)
    if lines and len(on_hold) == len(lines):
        check_not_held(found)
    _standing_checks([line for line in lines if line.order_id not in on_hold], found)
    notices.commit_begin_close(old, closing, round_, lines_of_round, app.caller.sub)
    return closing


def _unobjected_lines(round_: Round, holding: Mapping[str, int]) -> list[Line]:
    """The lines that no objection holds."""
    held = {target for target, count in holding.items() if count}
    noticed = (line for line in rounds.list_lines(round_) if line.state == "noticed")
    return [line for line in noticed if not is_held(line.order_id, line.agency_uscc, held)]


def _standing_checks(lines: list[Line], found: list[Order]) -> list[tuple[Line, Write]]:
    """Some lines, each with the check that its enterprise's standing is still as it was read.

    Raises OTHER_SUBSIDY or SUBSIDY_UNDECIDED (§5.2b) when a list has named an enterprise since: the bureau decides, or
    the operator takes its line out first.
    """
    standings = standing.read_standings(line.enterprise_uscc for line in lines)
    check_subsidies(lines, found, standings)
    return [(line, standing.unchanged_check(standings[line.enterprise_uscc])) for line in lines]


def _payable_line(line: Line, standing_check: Write, mark: Mark) -> PayableLine:
    order = orders.load(line.order_id)
    if order.state == "payable" or order.is_held:
        # a violation was recorded since, or the same call, sent twice, came first: it is answered again from the new
        # facts (see Api.handle)
        raise Refused(Refusal.CHANGED_MEANWHILE)
    return PayableLine(
        old_line=line,
        new_line=stepped(line, "close", mark),
        old_order=order,
        new_order=stepped(order, "approve", mark, seq=order.seq + 1),
        amount_fen=owed_fen(line),
        standing_check=standing_check,
    )


def _payables(round_: Round, lines: list[Line]) -> list[Payable]:
    """§3.5.4: what each agency is owed: the sum of its payable lines."""
    creation: dict[str, Any] = app.creation("close")
    lines_of = {
        agency_uscc: [line for line in lines if line.agency_uscc == agency_uscc]
        for agency_uscc in sorted({line.agency_uscc for line in lines})
    }
    return [
        Payable(
            round_id=round_.round_id,
            year=round_.year,
            agency_uscc=agency_uscc,
            amount_fen=sum(owed_fen(line) for line in lines_of_agency),
            order_ids=tuple(line.order_id for line in lines_of_agency),
            settlement_ids=tuple(sorted({line.settlement_id for line in lines_of_agency})),
            state="awaiting_invoice",
            **creation,
        )
        for agency_uscc, lines_of_agency in lines_of.items()
    ]


handler = app.handle
