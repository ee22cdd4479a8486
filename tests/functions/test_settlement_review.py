"""§3.5.2, §3.5.3: the verified amount, whose hands a line goes through, and a notice that anybody may object to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.conftest import NOW, StoppedClock
from tests.support import scenario as towns
from tests.support.backend import World, function
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import (
    Settling,
    books,
    handed_in,
    opened,
    postings,
    settling,
    small_orders,
    the_order,
)
from tests.support.snapshots import everything_kept
from tests.support.workers import deliver
from voucher import holidays
from voucher.holidays import Arrangement
from voucher.models.notices import Notice
from voucher.rules import rounds
from voucher.rules.messages import messages_for
from voucher.store import notices
from voucher.store.engine.table import decode

Scene = tuple[Town, Json]
BOTH = Person("seller", "platform")  # acts for the agency and is operator, too
SELLING_BUREAU = Person("seller", "bureau")
REVIEWING_BUREAU = Person(OPERATOR.name, "bureau")


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§2.3.2")
@pytest.mark.parametrize(
    ("verified", "voucher_fen"),
    [
        ({}, 700_000),
        ({"verified_fen": 650_000}, 650_000),
        ({"verified_contract_fen": 900_000}, 630_000),
        ({"verified_contract_fen": 900_001}, 630_000),
        ({"verified_contract_fen": 1_500_000}, 700_000),
        ({"verified_contract_fen": 900_000, "verified_fen": 600_000}, 600_000),
    ],
)
def test_a_lower_verified_amount_shrinks_the_voucher_part_and_gives_the_rest_back(
    submitted: Scene, verified: Json, voucher_fen: int
) -> None:
    case, order = settling(submitted), the_order(submitted)
    steps.expect(case.decide(order, **verified), 200)
    assert case.line(order)["verified_fen"] == case.order(order)["voucher_fen"] == voucher_fen
    assert case.town.balance_fen() == 1_000_000 - voucher_fen
    assert case.used_fen() == voucher_fen
    books()


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize(
    "verified", [{"verified_fen": 700_001}, {"verified_contract_fen": 900_000, "verified_fen": 630_001}]
)
def test_no_more_is_verified_than_was_held_or_seventy_percent_of_the_verified_contract(
    submitted: Scene, verified: Json
) -> None:
    case, order = settling(submitted), the_order(submitted)
    assert case.decide(order, **verified).code == "VERIFIED_TOO_HIGH"
    assert case.line(order)["state"] == "submitted"


@pytest.mark.clause("§3.5.2")
@pytest.mark.clause("§4.2.2")
def test_what_was_not_verified_lapses_if_the_voucher_has_ended(submitted: Scene, stopped_clock: StoppedClock) -> None:
    case, order = settling(submitted), the_order(submitted)
    stopped_clock.instant = datetime(2026, 12, 1, 2, tzinfo=UTC)
    steps.expect(case.decide(order, verified_fen=600_000), 200)
    assert case.town.balance_fen() == 300_000
    assert {each.entry for each in postings()[-2:]} == {"lapse", "release"}
    assert books()["accounts"]["surplus"] == 100_000


@pytest.mark.clause("§3.5.2")
def test_a_contract_that_leaves_nothing_to_pay_is_no_line_to_pass_but_one_to_reject(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    refused = case.decide(order, verified_contract_fen=1)
    assert (refused.code, refused.body["errors"][0]["field"]) == ("MALFORMED", "verified_contract_fen")
    assert case.line(order)["state"] == "submitted"
    steps.expect(case.decide(order, verified_contract_fen=1, decision="reject"), 200)
    assert case.line(order)["state"] == "rejected"


@pytest.mark.clause("§3.5.2")
def test_a_reduced_line_that_comes_back_to_the_agency_is_never_paid_more_than_its_order_holds(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    steps.expect(case.decide(order, verified_fen=600_000), 200)
    round_ = case.gather()
    returned = {"decision": "return", "opinion": "请补充合同"}
    steps.expect(case.call(BUREAU, "POST", f"/rounds/{round_['round_id']}/approve", returned), 200)
    assert case.line(order)["opinion"] == "请补充合同"
    no = case.call(SELLER, "POST", "submit")  # 400,000 are now the enterprise's own, and 300,000 were shown
    assert (no.status, no.code) == (422, "OWN_SHARE_MISMATCH")
    assert [each["field"] for each in no.body["errors"]] == [
        f"{order['order_id']}.invoice.amount_fen",
        f"{order['order_id']}.transfers",
    ]
    case.town.fill_in({"settlement_id": case.settlement_id, "lines": [case.line(order)]})
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert case.decide(order, verified_fen=600_001).code == "VERIFIED_TOO_HIGH"
    round_id = case.owed(order)
    assert case.town.shown(f"/rounds/{round_id}")["payables"][0]["amount_fen"] == 600_000
    books()


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize("decision", ["pass", "return", "reject"])
def test_the_operators_opinion_reaches_the_agency_in_its_own_words(submitted: Scene, decision: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    before = image(order)
    steps.expect(case.decide(order, decision=decision, opinion="合同缺少签章页"), 200)
    [message] = messages_for(before, image(order))
    deliver("notify", message.body)
    subjects = [each["subject"] for each in case.town.shown("/inbox", SELLER)["items"]]
    assert subjects[0].endswith("意见：合同缺少签章页")


def image(order: Json) -> Json:
    """The line of an order as the stream shows it."""
    items = map(decode, everything_kept()["settlements"])
    return next(item for item in items if item["sk"] == f"LINE#{order['order_id']}")


@pytest.mark.clause("§3.5.2")
def test_who_handed_in_does_not_pre_review_and_who_pre_reviewed_or_gathered_does_not_approve(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    no = case.decide(order, person=BOTH)
    assert (no.status, no.code, no.body["clause"]) == (403, "FOUR_EYES", "§3.5.2")
    steps.expect(case.decide(order), 200)
    path = f"/rounds/{case.gather(OPERATOR_TWO)['round_id']}/approve"
    approve = {"decision": "approve"}
    for person in (SELLING_BUREAU, REVIEWING_BUREAU, Person(OPERATOR_TWO.name, "bureau")):
        assert case.call(person, "POST", path, approve).code == "FOUR_EYES"
    assert case.line(order)["state"] == "gathered"
    assert case.call(BUREAU, "POST", path, approve).status == 200


@pytest.mark.clause("§3.5.2")
def test_hands_are_told_apart_by_the_write_itself_when_no_rule_looked(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    for name in ("pre_reviews", "rounds"):
        monkeypatch.setattr(function(name), "check_four_eyes", lambda *_: None)
    assert case.decide(order, person=BOTH).code == "CHANGED_MEANWHILE"
    steps.expect(case.decide(order), 200)
    path = f"/rounds/{case.gather(OPERATOR_TWO)['round_id']}/approve"
    for person in (SELLING_BUREAU, REVIEWING_BUREAU, Person(OPERATOR_TWO.name, "bureau")):
        assert case.call(person, "POST", path, {"decision": "approve"}).code == "CHANGED_MEANWHILE"
    assert case.line(order)["state"] == "gathered"


@pytest.mark.clause("§3.5.2")
def test_a_line_that_a_rejected_objection_sent_on_keeps_its_pre_reviewer_in_the_next_round(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    objection = object_to(case, notice)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    resolve(case, objection, "reject")
    round_ = case.gather(OPERATOR_TWO)
    assert (round_["pre_reviewers"], round_["submitters"]) == ([OPERATOR.name], [SELLER.name])
    path = f"/rounds/{round_['round_id']}/approve"
    assert case.call(REVIEWING_BUREAU, "POST", path, {"decision": "approve"}).code == "FOUR_EYES"
    assert case.call(BUREAU, "POST", path, {"decision": "approve"}).status == 200


@pytest.mark.clause("§3.5.2")
def test_a_round_takes_forty_lines_of_an_agency_and_says_so(voucher: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 3)
    steps.expect(case.decide(*orders), 200)
    monkeypatch.setattr(rounds, "MOST_LINES_OF_AGENCY", 2)
    no = case.call(OPERATOR, "POST", "/rounds", {"settlement_ids": [case.settlement_id]})
    assert (no.status, no.code) == (422, "ROUND_TOO_LARGE")
    monkeypatch.undo()


@pytest.mark.clause("§3.5.2")
def test_the_bureau_decides_line_by_line(voucher: Scene) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 3)
    path = f"/rounds/{case.passed(*orders)['round_id']}/approve"
    own = [
        {"order_id": orders[0]["order_id"], "decision": "return", "opinion": "发票不清晰"},
        {"order_id": orders[1]["order_id"], "decision": "reject"},
    ]
    no = case.call(BUREAU, "POST", path, {"decision": "approve", "lines": own})
    assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", f"{orders[1]['order_id']}.opinion")
    own[1]["opinion"] = "不予通过"
    round_ = steps.expect(case.call(BUREAU, "POST", path, {"decision": "approve", "lines": own}), 200)
    assert [case.line(order)["state"] for order in orders] == ["returned", "rejected", "approved"]
    assert [line["order_id"] for line in round_["lines"]] == [orders[2]["order_id"]]
    assert case.order(orders[1])["state"] == "completed"


def object_to(case: Settling, notice: Json, person: Person | None = None, key: str | None = None, **more: Any) -> Json:
    """Somebody objects to the whole notice."""
    body = {"name": "某", "contact": "0578", "reason": "服务未实际发生", **more}
    path = f"/notices/{notice['notice_id']}/objections"
    return steps.expect(case.call(person, "POST", path, body, key=key), 201)


def resolve(case: Settling, objection: Json, decision: str) -> None:
    """The bureau's word."""
    path = f"/objections/{objection['objection_id']}/resolve"
    steps.expect(case.call(BUREAU, "POST", path, {"decision": decision}), 200)


@pytest.mark.clause("§3.5.3")
def test_one_source_is_stopped_after_ten_objections_in_an_hour_and_others_are_not(
    submitted: Scene, stopped_clock: StoppedClock
) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    for number in range(10):
        object_to(case, notice, reason=f"理由{number}")
    body = {"name": "某", "contact": "0578", "reason": "又一条"}
    path = f"/notices/{notice['notice_id']}/objections"
    no = case.call(None, "POST", path, body)
    assert (no.status, no.code) == (429, "TOO_MANY_OBJECTIONS")
    object_to(case, notice, Person("neighbour of another address"))
    stopped_clock.instant = NOW + timedelta(hours=1)
    object_to(case, notice)


@pytest.mark.clause("§3.5.3")
def test_a_notice_is_stopped_after_its_share_of_the_hour_from_however_many_sources(world: World) -> None:
    town, order = towns.complete(towns.settle(towns.open_year(world, notice_objections_per_hour=3)))
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    notice = case.noticed(order)
    for number in range(3):
        object_to(case, notice, Person(f"address {number}"))
    body = {"name": "某", "contact": "0578", "reason": "又一条"}
    path = f"/notices/{notice['notice_id']}/objections"
    assert case.call(Person("address 4"), "POST", path, body).code == "TOO_MANY_OBJECTIONS"
    assert not any("address" in str(item) for item in everything_kept()["settlements"])


@pytest.mark.clause("§3.5.3")
def test_an_objection_sent_again_under_its_key_is_one_objection(submitted: Scene) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    once = object_to(case, notice, key="objection-1")
    body = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}
    again = case.call(None, "POST", f"/notices/{notice['notice_id']}/objections", body, key="objection-1")
    assert (again.status, again.body) == (200, once)
    assert object_to(case, notice, key="objection-2") != once


@pytest.mark.clause("§3.5.3")
def test_an_upheld_objection_sends_its_line_back_to_the_agency_with_the_reason(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    objection = object_to(case, notice, reason="王五，13900000000：服务未实际发生")
    path = f"/objections/{objection['objection_id']}/resolve"
    steps.expect(case.call(BUREAU, "POST", path, {"decision": "uphold", "opinion": "请补充服务记录"}), 200)
    line = case.line(order, SELLER)
    assert (line["state"], line["round_id"]) == ("returned", None)
    assert line["opinion"] == "公示期内的异议成立。请补充服务记录"  # and not who objected
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    assert case.town.shown(f"/rounds/{notice['round_id']}")["payables"] == []


@pytest.mark.clause("§3.5.3")
def test_a_word_on_an_objection_is_seen_by_a_closing_at_the_same_moment(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    objection = object_to(case, notice)
    read = notices.list_objections

    def overtaken(notice_id: str) -> Any:
        found = read(notice_id)
        if not done:
            done.append(True)
            resolve(case, objection, "reject")
        return found

    done: list[bool] = []
    monkeypatch.setattr(notices, "list_objections", overtaken)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    assert case.line(order)["state"] == "payable"


@pytest.mark.clause("§3.5.3")
def test_an_objection_that_comes_just_before_the_closing_holds_its_line(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    begin_close, raised = notices.commit_begin_close, []

    def overtaken(*facts: Any) -> None:
        if not raised:
            raised.append(object_to(case, notice))
        begin_close(*facts)

    monkeypatch.setattr(notices, "commit_begin_close", overtaken)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    assert case.line(order)["state"] == "noticed"


@pytest.mark.clause("§3.5.3")
def test_from_the_first_write_of_a_closing_on_nobody_objects_and_broken_off_it_is_finished_by_whoever_calls_next(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    path = f"/notices/{notice['notice_id']}/close"
    with monkeypatch.context() as patch:
        patch.setattr(notices, "commit_payable", lambda *_: {}["killed"])
        with pytest.raises(KeyError):
            case.call(BUREAU, "POST", path)
    assert case.call(None, "GET", f"/notices/{notice['notice_id']}").body["state"] == "closing"
    body = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}
    late = case.call(None, "POST", f"/notices/{notice['notice_id']}/objections", body)
    assert (late.status, late.code) == (409, "NOTICE_ENDED") and late.body["state"] == "closing"
    closed = steps.expect(case.call(Person("bureau-two", "bureau"), "POST", path), 200)
    assert (closed["state"], case.line(order)["state"]) == ("closed", "payable")


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("rule", [True, False])
def test_who_handed_in_pre_reviewed_or_gathered_decides_no_objection_and_closes_no_notice(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    case, order = settling(submitted), the_order(submitted)
    steps.expect(case.decide(order), 200)
    path = f"/rounds/{case.gather(OPERATOR_TWO)['round_id']}"
    steps.expect(case.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    notice = steps.expect(case.call(OPERATOR, "POST", f"{path}/notice", {}), 201)
    objection, close = object_to(case, notice), f"/notices/{notice['notice_id']}/close"
    resolution = f"/objections/{objection['objection_id']}/resolve"
    if not rule:
        monkeypatch.setattr(function("closings"), "check_four_eyes", lambda *_: None)
    for name in (SELLER.name, OPERATOR.name, OPERATOR_TWO.name):
        hand = Person(name, "bureau")
        for reply in (case.call(hand, "POST", resolution, {"decision": "reject"}), case.call(hand, "POST", close)):
            assert reply.code == ("FOUR_EYES" if rule else "CHANGED_MEANWHILE")
    assert case.line(order)["state"] == "noticed"
    resolve(case, objection, "reject")
    steps.expect(case.call(BUREAU, "POST", close), 200)


@pytest.mark.clause("§3.5.3")
def test_who_finishes_a_closing_is_of_other_hands_by_the_write_itself(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    path = f"/notices/{case.noticed(order)['notice_id']}/close"
    with monkeypatch.context() as patch:
        patch.setattr(notices, "commit_payable", lambda *_: {}["killed"])
        with pytest.raises(KeyError):
            case.call(BUREAU, "POST", path)
    with monkeypatch.context() as patch:
        patch.setattr(function("closings"), "check_four_eyes", lambda *_: None)
        assert case.call(REVIEWING_BUREAU, "POST", path).code == "CHANGED_MEANWHILE"
    assert case.town.shown(f"/rounds/{case.line(order)['round_id']}")["state"] == "noticed"
    steps.expect(case.call(BUREAU, "POST", path), 200)


@pytest.mark.clause("§3.5.3")
def test_an_objection_names_what_stands_in_the_notice_and_staff_reads_it(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    path = f"/notices/{notice['notice_id']}/objections"
    said = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}
    for wrong, field in (
        ({"agency_uscc": case.town.enterprise.uscc}, "agency_uscc"),
        ({"order_id": order["order_id"], "agency_uscc": "x"}, "agency_uscc"),
        ({"order_id": "o_unknown"}, "order_id"),
    ):
        no = case.call(None, "POST", path, {**said, **wrong})
        assert (no.code, [each["field"] for each in no.body["errors"]]) == ("MALFORMED", [field])
    object_to(case, notice, order_id=order["order_id"], agency_uscc=case.town.agency.uscc)
    object_to(case, notice, name="另一人")
    shown = steps.expect(case.call(BUREAU, "GET", path), 200)["items"]
    assert sorted((each["name"], each["contact"], each["state"]) for each in shown) == [
        ("另一人", "0578", "standing"),
        ("某", "0578", "standing"),
    ]


@pytest.mark.clause("§3.5.2")
@pytest.mark.parametrize("named", [["o_unknown"], [0, 0]])
def test_a_decision_on_an_unknown_order_or_on_one_twice_decides_nothing(submitted: Scene, named: list[Any]) -> None:
    case, order = settling(submitted), the_order(submitted)
    ids = [order["order_id"] if each == 0 else each for each in named]
    opinions = [{"order_id": each, "decision": "return", "opinion": "意见"} for each in ids]
    before = everything_kept()
    no = case.call(OPERATOR, "POST", "pre-review", {"lines": opinions})
    assert (no.code, {each["field"] for each in no.body["errors"]}) == ("MALFORMED", {"lines"})
    assert everything_kept() == before
    path = f"/rounds/{case.passed(order)['round_id']}/approve"
    before = everything_kept()
    no = case.call(BUREAU, "POST", path, {"decision": "approve", "lines": opinions})
    assert (no.code, {each["field"] for each in no.body["errors"]}) == ("MALFORMED", {"lines"})
    assert everything_kept() == before


@pytest.mark.clause("§3.5.2")
def test_a_pre_review_broken_off_leaves_nothing_stuck(voucher: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 2)
    module, calls = function("pre_reviews"), []
    commit = module.commit

    def killed(writes: Any) -> None:
        calls.append(writes)
        if len(calls) > 1:
            raise KeyError("killed")
        commit(writes)

    with monkeypatch.context() as patch:
        patch.setattr(module, "commit", killed)
        with pytest.raises(KeyError):
            case.decide(*orders, decision="return")
    assert [case.line(order)["state"] for order in orders] == ["returned", "submitted"]
    # the same words as the first time, and no replay: the line that came back is handed in again
    again = steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert [line["state"] for line in again["lines"]] == ["submitted", "submitted"]
    done = steps.expect(case.decide(*orders), 200)
    assert (done["state"], [line["state"] for line in done["lines"]]) == ("reviewed", ["passed", "passed"])


@pytest.mark.clause("§3.5.2")
def test_a_line_that_came_back_is_handed_in_while_another_is_still_reviewed(voucher: Scene) -> None:
    town = voucher[0]
    first, second = small_orders(town, 2)
    case, settlement = opened(town, first, second)
    town.fill_in(settlement)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    steps.expect(case.decide(first, decision="return"), 200)
    steps.expect(case.call(SELLER, "POST", "submit"), 200)
    assert {line["state"] for line in case.shown()["lines"]} == {"submitted"}
    assert case.call(SELLER, "POST", "submit").headers["idempotent-replay"] == "true"


@pytest.mark.clause("§3.5.2")
def test_the_contract_as_verified_is_kept_with_the_line(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    steps.expect(case.decide(order, verified_contract_fen=900_000), 200)
    line = case.line(order)
    assert (line["verified_contract_fen"], line["verified_fen"]) == (900_000, 630_000)


@pytest.mark.clause("§3.5.3")
def test_a_round_of_which_every_line_was_taken_out_ends(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    path = f"/rounds/{case.passed(order)['round_id']}"
    steps.expect(case.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    out = f"{path}/lines/{order['order_id']}/withdraw"
    steps.expect(case.call(OPERATOR, "POST", out, {"reason": "双方协商取消"}), 200)
    assert case.town.shown(path)["state"] == "rejected"
    no = case.call(OPERATOR, "POST", f"{path}/notice", {})
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "rejected"


@pytest.mark.clause("§3.5.2")
def test_a_round_goes_on_as_long_as_a_line_is_left_in_it(voucher: Scene) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 2)
    path = f"/rounds/{case.passed(*orders)['round_id']}"
    for order, state in zip(orders, ("gathered", "rejected"), strict=True):
        out = f"{path}/lines/{order['order_id']}/withdraw"
        assert steps.expect(case.call(OPERATOR, "POST", out, {"reason": "双方协商取消"}), 200)["state"] == state


@pytest.fixture
def five_days(world: World) -> tuple[Settling, Json]:
    """A notice of five working days, published on Monday 15 June 2026; 端午节 is on the 19th."""
    town, order = towns.complete(towns.settle(towns.open_year(world, notice_working_days=5)))
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    return case, case.noticed(order)


def sweep(clock: StoppedClock, instant: datetime) -> Json:
    """One night, and the clock back where it was."""
    before, clock.instant = clock.instant, instant
    answer: Json = function("sweep").handler({"time": instant.isoformat()}, None)
    clock.instant = before
    return answer


@pytest.mark.clause("§3.5.3")
def test_the_schedule_announces_the_end_once_and_a_human_closes(
    five_days: tuple[Settling, Json], stopped_clock: StoppedClock
) -> None:
    case, notice = five_days
    path, over = f"/notices/{notice['notice_id']}", datetime(2026, 6, 23, 16, 5, tzinfo=UTC)
    assert notice["ends_on"] == "2026-06-23"
    assert sweep(stopped_clock, over - timedelta(days=1))["notices"] == 0
    assert sweep(stopped_clock, over)["notices"] == 1
    assert sweep(stopped_clock, over + timedelta(days=1))["notices"] == 0
    shown = steps.expect(case.call(None, "GET", path), 200)
    assert (shown["state"], shown["ended_at"]) == ("running", "2026-06-23T16:05:00.000Z")
    assert case.call(BUREAU, "POST", f"{path}/close").code == "NOTICE_RUNNING"
    stopped_clock.instant = over
    assert steps.expect(case.call(BUREAU, "POST", f"{path}/close"), 200)["state"] == "closed"


@pytest.mark.clause("§3.5.3")
def test_the_announced_end_is_in_the_inbox_that_operators_and_the_bureau_share(
    five_days: tuple[Settling, Json], stopped_clock: StoppedClock
) -> None:
    case, _ = five_days

    def notice_image() -> Json:
        items = map(decode, everything_kept()["settlements"])
        return next(item for item in items if item["pk"].startswith("NOTICE#"))

    before = notice_image()
    sweep(stopped_clock, datetime(2026, 6, 23, 16, 5, tzinfo=UTC))
    told = messages_for(before, notice_image())
    deliver("notify", *(message.body for message in told))
    deliver("notify", *(message.body for message in told))
    for person in (OPERATOR, OPERATOR_TWO, BUREAU):
        [message] = case.town.shown(f"/inbox?role={person.role}", person)["items"]
        assert message["subject"] == "公示期已满，请核实异议办理情况后结束公示。"
    assert case.call(FINANCE, "GET", "/inbox?role=bureau").status == 403
    assert case.call(SELLER, "GET", "/inbox?role=platform").status == 403
    assert case.call(OPERATOR, "POST", f"/inbox/{message['message_id']}/read?role=bureau").status == 403


@pytest.mark.clause("§3.5.3")
def test_a_notice_over_days_nobody_knows_is_not_ended_by_the_schedule_until_they_are_known(
    world: World, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, order = towns.complete(towns.settle(towns.open_year(world, notice_working_days=5)))
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    stopped_clock.instant = datetime(2026, 12, 28, 2, tzinfo=UTC)
    notice = case.noticed(order)
    assert notice["ends_certain"] is False
    over = datetime(2027, 1, 30, 16, 5, tzinfo=UTC)
    assert sweep(stopped_clock, over)["notices"] == 0
    rest = frozenset({date(2027, 1, 1), date(2027, 1, 4), date(2027, 1, 5)})
    known = {**holidays.ARRANGEMENTS, 2027: Arrangement("国办发明电〔2026〕号", rest, frozenset())}
    monkeypatch.setattr("voucher.rules.working_days.ARRANGEMENTS", known)
    stopped_clock.instant = datetime(2027, 1, 6, 2, tzinfo=UTC)
    no = case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close")
    assert (no.code, "2027-01-07" in no.body["detail"]) == ("NOTICE_RUNNING", True)
    assert sweep(stopped_clock, over)["notices"] == 1
    [kept] = kept_notices()
    assert (kept.ends_on, kept.ends_certain, kept.state) == (date(2027, 1, 7), True, "running")


def kept_notices() -> list[Notice]:
    """Every notice in the table."""
    items = map(decode, everything_kept()["settlements"])
    return [
        Notice.model_validate(item) for item in items if item["pk"].startswith("NOTICE#") and item["sk"] == "RECORD"
    ]
