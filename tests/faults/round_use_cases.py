"""Use cases of settlement for the faults: rounds, notices and objections."""

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Reply
from tests.conftest import StoppedClock
from tests.faults.settlement_starts import (
    REASON,
    approved_round,
    gathered_round,
    line_states,
    passed_application,
    running_notice,
)
from tests.faults.use_case import Json, UseCase, post
from tests.races import tables
from tests.support.backend import World, function
from voucher.models.base import instant_text
from voucher.models.notices import Notice, Objection
from voucher.models.orders import Order
from voucher.models.settlements import Line
from voucher.refusals import Refused
from voucher.store import rounds


def round_gather(world: World, _clock: StoppedClock) -> UseCase:
    _parties, settlement_id, _ = passed_application(world)

    def check(answer: Json) -> None:
        assert (len(answer["lines"]), line_states()) == (2, ["gathered"] * 2)

    return UseCase(post(world, OPERATOR, "/rounds", {"settlement_ids": [settlement_id]}, key="one"), check)


def round_approve(world: World, _clock: StoppedClock) -> UseCase:
    _parties, path, order_ids = gathered_round(world)

    def check(answer: Json) -> None:
        assert (answer["state"], line_states()) == ("approved", ["approved", "rejected"])
        assert tables.list_states(Order, "orders") == ["completed", "settling"]

    own_decisions = [{"order_id": order_ids[0], "decision": "reject", "opinion": "不予通过"}]
    return UseCase(post(world, BUREAU, f"{path}/approve", {"decision": "approve", "lines": own_decisions}), check)


def line_withdraw_from_round(world: World, _clock: StoppedClock) -> UseCase:
    _parties, notice, order_ids = running_notice(world)

    def check(answer: Json) -> None:
        assert [line["order_id"] for line in answer["lines"]] == [order_ids[1]]
        [stored] = [each for each in tables.list_items("settlements", "RECORD") if each["pk"].startswith("NOTICE#")]
        assert Notice.model_validate(stored).withdrawn == (order_ids[0],)

    path = f"/rounds/{notice['round_id']}/lines/{order_ids[0]}/withdraw"
    return UseCase(post(world, OPERATOR, path, REASON), check)


def cancel_asked_in_round(world: World, _clock: StoppedClock) -> UseCase:
    parties, path, order_ids = gathered_round(world)
    asker, round_id = parties.enterprise.person, path.rpartition("/")[2]
    version = rounds.load(round_id).version

    def check(answer: Json) -> None:
        round_, [line, _] = rounds.load(round_id), sorted_lines(order_ids)
        assert round_.hands["ask_cancel"] == line.hands["ask_cancel"] == {asker.name}
        assert (answer["enterprise_cancel"]["by"], round_.version) == (asker.name, version + 1)

    return UseCase(post(world, asker, f"/orders/{order_ids[0]}/cancellation", REASON), check)


def sorted_lines(order_ids: list[str]) -> list[Line]:
    """The lines of some orders, in their sequence."""
    lines = tables.list_records(Line, "settlements", "LINE#")
    return sorted(lines, key=lambda line: order_ids.index(line.order_id))


def round_return(world: World, _clock: StoppedClock) -> UseCase:
    _parties, path, _ = gathered_round(world)

    def check(answer: Json) -> None:
        assert (answer["state"], line_states()) == ("rejected", ["returned"] * 2)
        assert tables.list_states(Order, "orders") == ["settling"] * 2

    return UseCase(post(world, BUREAU, f"{path}/approve", {"decision": "return", "opinion": "请补充合同"}), check)


def notice_publish(world: World, _clock: StoppedClock) -> UseCase:
    _parties, path, _ = approved_round(world)

    def check(answer: Json) -> None:
        assert (answer["state"], len(answer["lines"]), line_states()) == ("running", 2, ["noticed"] * 2)

    return UseCase(post(world, OPERATOR, f"{path}/notice", {}), check)


def objection_raise(world: World, _clock: StoppedClock) -> UseCase:
    parties, notice, _ = running_notice(world)
    opinion = {"name": "某", "contact": "0578", "reason": "不实"}

    def check(answer: Json) -> None:
        [stored] = tables.list_records(Objection, "settlements", "OBJECTION#")
        assert (answer["objection_id"], stored.state) == (stored.objection_id, "standing")
        assert {each["count"] for each in tables.list_items("settlements", "RATE#")} == {1}

    path = f"/notices/{notice['notice_id']}/objections"
    return UseCase(lambda: parties.world.call(None, "POST", path, opinion, key="one"), check)


def objection_with_effort(world: World, clock: StoppedClock) -> UseCase:
    parties, notice, _ = running_notice(world)
    path = f"/notices/{notice['notice_id']}/objections"
    opinion = {"name": "某", "contact": "0578", "reason": "不实"}
    for number in range(11):  # one more than the address brings in an hour: what is offered
        refused = parties.world.call(None, "POST", path, {**opinion, "reason": str(number)}, key="one")
    words = {**opinion, "reason": "10", "effort": steps.proof_of_effort(refused.body["effort"])}

    def check(answer: Json) -> None:
        stored = {each.objection_id: each for each in tables.list_records(Objection, "settlements", "OBJECTION#")}
        assert (len(stored), stored[answer["objection_id"]].reason) == (11, "10")
        [hour] = tables.list_items("settlements", f"RATE#{clock.now():%Y-%m-%dT%H}")[:1]
        assert (hour["count"], hour["proven"]) == (10, 1)

    return UseCase(lambda: parties.world.call(None, "POST", path, words, key="one"), check)


def objections_rejected_together(world: World, _clock: StoppedClock) -> UseCase:
    parties, notice, order_ids = running_notice(world)
    path, opinion = f"/notices/{notice['notice_id']}", {"name": "某", "contact": "0578", "reason": "不实"}
    named: list[Json] = [{"order_id": order_ids[0]}, {}]
    raised = [parties.world.call(None, "POST", f"{path}/objections", {**opinion, **more}) for more in named]
    body = {"objection_ids": [steps.expect(each, 201)["objection_id"] for each in raised], "decision": "reject"}
    steps.expect(parties.world.call(BUREAU, "POST", f"{path}/close"), 200)

    def check(answer: Json) -> None:
        assert [each["code"] for each in answer["items"]] == ["OK"] * 2
        assert (tables.list_states(Objection, "settlements", "OBJECTION#"), line_states()) == (
            ["rejected"] * 2,
            ["passed"] * 2,
        )

    return UseCase(post(world, BUREAU, f"{path}/objections/resolve", body), check)


def objection_rejected(world: World, _clock: StoppedClock) -> UseCase:
    parties, notice, _ = running_notice(world)
    path, opinion = f"/notices/{notice['notice_id']}", {"name": "某", "contact": "0578", "reason": "不实"}
    objection = steps.expect(parties.world.call(None, "POST", f"{path}/objections", opinion), 201)

    def check(answer: Json) -> None:
        assert (answer["state"], line_states()) == ("rejected", ["noticed"] * 2)

    return UseCase(
        post(world, BUREAU, f"/objections/{objection['objection_id']}/resolve", {"decision": "reject"}), check
    )


def objection_rejected_after_the_closing(world: World, _clock: StoppedClock) -> UseCase:
    parties, notice, _ = running_notice(world)
    path = f"/notices/{notice['notice_id']}"
    opinion = {"name": "某", "contact": "0578", "reason": "不实"}
    objection = steps.expect(parties.world.call(None, "POST", f"{path}/objections", opinion), 201)
    steps.expect(parties.world.call(BUREAU, "POST", f"{path}/close"), 200)

    def check(answer: Json) -> None:
        assert (answer["state"], line_states()) == ("rejected", ["passed"] * 2)

    return UseCase(
        post(world, BUREAU, f"/objections/{objection['objection_id']}/resolve", {"decision": "reject"}), check
    )


def notice_end(world: World, clock: StoppedClock) -> UseCase:
    running_notice(world)

    def ask() -> Reply:
        try:
            return Reply(200, function("sweep").handler({"time": clock.now().isoformat()}, None))
        except Refused:  # contended to the last attempt: the schedule runs it again
            return Reply(429, {})

    def check(_: Json) -> None:
        [stored] = [each for each in tables.list_items("settlements", "RECORD") if each["pk"].startswith("NOTICE#")]
        assert (stored["state"], stored["ended_at"], stored["version"]) == ("running", instant_text(clock.now()), 2)

    return UseCase(ask, check)


def objection_upheld(world: World, _clock: StoppedClock) -> UseCase:
    parties, notice, _ = running_notice(world)
    opinion = {"name": "某", "contact": "0578", "reason": "不实"}
    objection = parties.world.call(None, "POST", f"/notices/{notice['notice_id']}/objections", opinion)
    path = f"/objections/{steps.expect(objection, 201)['objection_id']}/resolve"

    def check(answer: Json) -> None:
        assert (answer["state"], line_states()) == ("upheld", ["returned"] * 2)
        assert tables.list_states(Objection, "settlements", "OBJECTION#") == ["upheld"]

    return UseCase(post(world, BUREAU, path, {"decision": "uphold"}), check)


ROUND_USE_CASES = {
    "§3.5.2": [round_gather, round_approve, round_return],
    "§3.5.1(5)": [line_withdraw_from_round, cancel_asked_in_round],
    "§3.5.3": [
        notice_publish,
        notice_end,
        objection_raise,
        objection_with_effort,
        objection_upheld,
        objection_rejected,
        objections_rejected_together,
        objection_rejected_after_the_closing,
    ],
}
