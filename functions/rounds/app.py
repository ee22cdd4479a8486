"""Rounds: the operator gathers passed lines, the bureau decides on them (§3.5.2)."""

from typing import Annotated, Literal

from pydantic import Field

from voucher.edge.api import Api
from voucher.edge.bodies import Versioned
from voucher.edge.creation import key_write
from voucher.edge.fields import Identifier, Text
from voucher.edge.identity import require
from voucher.edge.pages import InState, ListOf, reply_list
from voucher.edge.replies import Answer, reply
from voucher.edge.rounds import public_round
from voucher.models.base import Request, united
from voucher.models.orders import Order
from voucher.models.rounds import PublicRound, Round, RoundState
from voucher.models.settlements import Line
from voucher.models.standing import Standing
from voucher.policy import Policy
from voucher.refusals import Refusal, Refused
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.holds import check_unstopped
from voucher.rules.lifecycle import check_version, stepped
from voucher.rules.rounds import check_one_year, check_opinions, check_round_size
from voucher.rules.settlements import check_named_once, order_without_settlement, owed_fen, returned_line
from voucher.store import orders, organisations, programmes, rounds, settlements, standing
from voucher.store.engine.table import MOST_ITEMS, Write

app = Api()


class Gathering(Request):
    settlement_ids: Annotated[list[Identifier], Field(min_length=1, max_length=40)]


class Decision(Request):
    decision: Literal["approve", "return", "reject"]
    opinion: Text | None = None


class LineDecision(Decision):
    order_id: Identifier


class RoundDecision(Decision, Versioned):
    """The decision on every line, but for the `lines` that have their own."""

    lines: list[LineDecision] = []


@app.post("/rounds")
def gather() -> Answer[PublicRound]:
    """§3.5.2: the operator gathers the passed lines of some settlement applications of one year."""
    require(app.caller, "platform")
    round_id = app.new_id("r")
    body = app.body(Gathering)
    if (existing := rounds.find(round_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(public_round(existing, app.caller), replay=True)
    applications = [settlements.get(settlement_id) for settlement_id in dict.fromkeys(body.settlement_ids)]
    check_one_year(applications)
    lines = [line for each in applications for line in settlements.list_lines(each.settlement_id)]
    old = [line for line in lines if line.state == "passed"]
    if not old:
        raise Refused(Refusal.NOTHING_PASSED)
    check_four_eyes(app.caller.sub, "gather_round", *old, *organisations.list_parties(old))
    check_round_size(old, programmes.get(old[0].year).policy, MOST_ITEMS)
    round_ = Round(
        round_id=round_id,
        year=old[0].year,
        settlement_ids=tuple(each.settlement_id for each in applications),
        gathered_lines=len(old),
        gathered_fen=sum(owed_fen(line) for line in old),
        submitters=frozenset(line.submitted_by for line in old if line.submitted_by),
        pre_reviewers=frozenset(line.pre_reviewed_by for line in old if line.pre_reviewed_by),
        hands=united(line.hands for line in old),
        state="gathered",
        **app.creation("gather"),
    )
    mark = app.mark
    new = [stepped(line, "gather", mark, round_id=round_id) for line in old]
    rounds.commit_gathering(round_, old, new, key_write(app))
    return reply(public_round(round_, app.caller), 201)


@app.get("/rounds")
def list_rounds(query: InState[RoundState]) -> Answer[ListOf[Round]]:
    """Rounds for staff, with the number of their lines and the sum as they were gathered."""
    require(app.caller, "platform", "bureau", "finance")
    return reply_list(rounds.list_page(query.selection()), Round.model_validate)


@app.get("/rounds/<round_id>")
def show(round_id: str) -> Answer[PublicRound]:
    """One round with its lines and what is owed, for staff."""
    require(app.caller, "platform", "bureau", "finance")
    return reply(public_round(rounds.get(round_id), app.caller))


@app.post("/rounds/<round_id>/approve")
def approve(round_id: str) -> Answer[PublicRound]:
    """§3.5.2: the bureau decides on a round; `lines` names those on which it decides otherwise. Whoever submitted,
    pre-reviewed or gathered a line of it is kept from deciding, and so is a member of its parties."""
    require(app.caller, "bureau")
    body = app.body(RoundDecision)
    old = rounds.get(round_id)
    if app.is_repeat(old, "approve"):
        return reply(public_round(old, app.caller), replay=True)
    check_version(old, body.version)
    lines = rounds.list_lines(old)
    # a line that is decided already was decided by this very call, which was broken off
    decided = [line for line in rounds.list_lines_around(old) if app.is_repeat(line, "approve")]
    check_named_once((each.order_id for each in body.lines), {line.order_id for line in [*lines, *decided]})
    own_decisions = {each.order_id: each for each in body.lines}
    open_lines = [line for line in lines if line.state == "gathered"]
    decisions: dict[str, Decision] = {line.order_id: own_decisions.get(line.order_id, body) for line in open_lines}
    check_opinions({order_id: (each.decision, each.opinion) for order_id, each in decisions.items()})
    approved = [line for line in open_lines if decisions[line.order_id].decision == "approve"]
    action = "approve" if approved or len(open_lines) < len(lines) else "reject"
    new = stepped(old, action, app.mark, remembered_as="approve", approved_by=app.caller.sub)
    check_four_eyes(app.caller.sub, "approve_round", old, *organisations.list_parties(lines))
    standings = standing.read_standings(line.enterprise_uscc for line in approved)
    found = {order.order_id: order for order in orders.load_many(line.order_id for line in approved)}
    check_unstopped(approved, found.values(), standings)
    policy = programmes.get(old.year).policy
    line_writes = [(line, _writes_of(line, decisions[line.order_id], found, standings, policy)) for line in open_lines]
    rounds.commit_decision(old, new, line_writes, app.caller.sub)
    return reply(public_round(new, app.caller))


def _writes_of(
    line: Line, decision: Decision, found: dict[str, Order], listed: dict[str, Standing], policy: Policy
) -> list[Write]:
    """The writes of one line's decision. Whatever it is, the line remembers it as "approve": so the same call, sent
    again after it was broken off, knows which lines it has decided on."""
    if decision.decision == "approve":
        new = stepped(line, "approve", app.mark)
        return settlements.approved_line_writes(line, new, found[line.order_id], listed[line.enterprise_uscc])
    changes = {"round_id": None, "opinion": decision.opinion}
    if decision.decision == "return":
        new = returned_line(line, "return", app.mark, policy, remembered_as="approve", **changes)
        return [settlements.line_write(line, new)]
    new = stepped(line, decision.decision, app.mark, remembered_as="approve", **changes)
    order = orders.load(line.order_id)
    return settlements.ended_line_writes(line, new, order, order_without_settlement(order, app.mark))


handler = app.handle
