"""Rounds: gathered by the operator, decided by the bureau, put on notice (§3.5.2, §3.5.3)."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Identifier, Text
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.base import Request
from voucher.models.notices import Notice
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.models.standing import Standing
from voucher.policy import CATEGORY_WORDS
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.flags import shown_line
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.rounds import check_opinions, check_round_size
from voucher.rules.settlements import check_named_once, check_subsidies, owed_fen
from voucher.rules.working_days import add_working_days, shanghai_date
from voucher.store import notices, orders, organisations, payables, payouts, programmes, rounds, settlements, standing
from voucher.store.engine.table import Write

app = Api()


class Gathering(Request):
    settlement_ids: Annotated[list[Identifier], Field(min_length=1, max_length=40)]


class Said(Request):
    decision: Literal["approve", "return", "reject"]
    opinion: Text | None = None


class LineDecision(Said):
    order_id: Identifier


class Decision(Said):
    lines: list[LineDecision] = []


class NoticeText(Request):
    text: Text = "现将通过审核的服务券抵用情况予以公示。"


@app.post("/rounds")
def gather() -> Response[str]:
    """§3.5.2: the operator gathers the passed lines of some applications of one year."""
    require(app.caller, "platform")
    round_id, body = app.new_id("r"), app.body(Gathering)
    if (existing := rounds.find(round_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(_shown(existing), replay=True)
    found = [settlements.find(settlement_id) for settlement_id in dict.fromkeys(body.settlement_ids)]
    applications = [each for each in found if each is not None]
    if len(applications) < len(found):
        raise Refused(Refusal.NOT_FOUND)
    if len({each.year for each in applications}) > 1:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("settlement_ids", "须属于同一年度。")])
    old = [
        line for each in applications for line in settlements.list_lines(each.settlement_id) if line.state == "passed"
    ]
    if not old:
        raise Refused(Refusal.NOTHING_PASSED)
    check_round_size(old, programmes.get(applications[0].year).policy)
    step = app.step("gather")
    round_ = Round(
        round_id=round_id,
        year=applications[0].year,
        settlement_ids=tuple(each.settlement_id for each in applications),
        submitters=frozenset(line.submitted_by for line in old if line.submitted_by),
        pre_reviewers=frozenset(line.pre_reviewed_by for line in old if line.pre_reviewed_by),
        state="gathered",
        created_at=clock.now(),
        created_by=app.caller.sub,
        request_sha256=app.request_sha256,
        **step,
    )
    new = [
        line.next_version(state=lifecycle.next_state("line", line.state, "gather"), round_id=round_id, **step)
        for line in old
    ]
    rounds.commit_gathering(round_, old, new)
    return reply(_shown(round_), 201)


def _shown(round_: Round) -> dict[str, Any]:
    hands = {"submitters": sorted(round_.submitters), "pre_reviewers": sorted(round_.pre_reviewers)}
    lines = rounds.list_lines(round_)
    uses = settlements.read_file_uses(lines)
    owed = payables.list_of_round(round_.round_id)
    return {
        **round_.public(),
        **hands,
        "lines": [shown_line(line, uses, with_orders=True) for line in lines],
        "payables": [payable.public() for payable in owed],
        "payouts": [payout.public() for payout in payouts.list_of(owed)],
        "payout_files": [file.public() for file in payouts.list_files(round_.round_id)],
    }


def _found(round_id: str) -> Round:
    if (round_ := rounds.find(round_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return round_


@app.get("/rounds")
def list_rounds() -> Response[str]:
    """Rounds for staff, the newest first."""
    require(app.caller, "platform", "bureau", "finance")
    page = rounds.list_page(app.limit, app.query("cursor"))
    items = [Round.model_validate(item).public() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


@app.get("/rounds/<round_id>")
def show(round_id: str) -> Response[str]:
    """One round with its lines and what is owed, for staff."""
    require(app.caller, "platform", "bureau", "finance")
    return reply(_shown(_found(round_id)))


@app.post("/rounds/<round_id>/approve")
def approve(round_id: str) -> Response[str]:
    """§3.5.2: the bureau decides, line by line where it differs, by somebody who pre-reviewed nothing of it."""
    require(app.caller, "bureau")
    body, old = app.body(Decision), _found(round_id)
    if app.is_repeat(old, "approve"):
        return reply(_shown(old), replay=True)
    own = {each.order_id: each for each in body.lines}
    lines = rounds.list_lines(old)
    # a line that is decided already was so by this very call, broken off
    decided = [line for line in rounds.list_lines_around(old) if app.is_repeat(line, "approve")]
    check_named_once((each.order_id for each in body.lines), {line.order_id for line in [*lines, *decided]})
    open_lines = [line for line in lines if line.state == "gathered"]
    decisions: dict[str, Said] = {line.order_id: own.get(line.order_id, body) for line in open_lines}
    check_opinions({order_id: (each.decision, each.opinion) for order_id, each in decisions.items()})
    approved = len(open_lines) < len(lines) or any(each.decision == "approve" for each in decisions.values())
    state = lifecycle.next_state("round", old.state, "approve" if approved else "reject")
    check_four_eyes(app.caller.sub, "§3.5.2", old.created_by, *old.submitters, *old.pre_reviewers)
    going_on = [line for line in open_lines if decisions[line.order_id].decision == "approve"]
    standings = standing.read_standings(line.enterprise_uscc for line in going_on)
    check_subsidies(going_on, standings)
    step = app.step("approve")
    steps = [_decided(line, decisions[line.order_id], step, standings) for line in open_lines]
    new = old.next_version(state=state, approved_by=app.caller.sub, **step)
    rounds.commit_decision(old, new, steps, app.caller.sub)
    return reply(_shown(new))


def _decided(line: Line, said: Said, step: dict[str, Any], standings: dict[str, Standing]) -> list[Write]:
    state = lifecycle.next_state("line", line.state, said.decision)
    if said.decision == "approve":
        unchanged = standing.unchanged_check(standings[line.enterprise_uscc])
        return [settlements.line_write(line, line.next_version(state=state, **step)), unchanged]
    new = line.next_version(state=state, round_id=None, opinion=said.opinion, **step)
    return _ended(line, new, step) if said.decision == "reject" else [settlements.line_write(line, new)]


def _ended(line: Line, new: Line, step: dict[str, Any]) -> list[Write]:
    order = orders.load(line.order_id)
    freed = order.next_version(state=lifecycle.next_state("order", order.state, "unsettle"), settlement_id=None, **step)
    return settlements.ended_line_writes(line, new, order, freed)


@app.post("/rounds/<round_id>/notice")
def publish_notice(round_id: str) -> Response[str]:
    """§3.5.3: open the public notice of the approved lines for the policy's working days."""
    require(app.caller, "platform")
    body, old = app.body(NoticeText), _found(round_id)
    if app.is_repeat(old, "notice") and old.notice_id:
        return reply(notices.find(old.notice_id) or old, replay=True)
    state = lifecycle.next_state("round", old.state, "notice")
    policy = programmes.get(old.year).policy
    now, step = clock.now(), app.step("notice")
    today = shanghai_date(now)
    due = add_working_days(today, policy.notice_working_days) if policy.notice_working_days else None
    # a line that stands on notice already was put there by this very call, broken off
    lines = [line for line in rounds.list_lines(old) if line.state in ("approved", "noticed")]
    if not lines:
        raise Refused(Refusal.NOTHING_PASSED)
    notice = Notice(
        notice_id=f"n_{round_id.removeprefix('r_')}",
        round_id=round_id,
        text=body.text,
        published_on=today,
        ends_on=due.date if due else today,
        ends_certain=due.certain if due else True,
        working_days=policy.notice_working_days,
        lines=tuple(_on_notice(line) for line in lines),
        state="running",
        created_at=now,
        created_by=app.caller.sub,
        **step,
    )
    new = old.next_version(state=state, notice_id=notice.notice_id, **step)
    steps = [
        settlements.line_write(
            line, line.next_version(state=lifecycle.next_state("line", line.state, "publish"), **step)
        )
        for line in lines
        if line.state == "approved"
    ]
    notices.commit_publication(notice, old, new, steps)
    return reply(notice, 201)


def _on_notice(line: Line) -> dict[str, Any]:
    """§3.5.3: only what a notice needs."""
    agency = organisations.find_agency(line.agency_uscc)
    enterprise = organisations.find_enterprise(line.enterprise_uscc)
    return {
        "order_id": line.order_id,
        "agency_uscc": line.agency_uscc,
        "agency_name": agency.name if agency else "",
        "enterprise_name": enterprise.name if enterprise else "",
        "category": line.category.value,
        "category_name": CATEGORY_WORDS[line.category],
        "amount_fen": owed_fen(line),
    }


handler = app.handle
