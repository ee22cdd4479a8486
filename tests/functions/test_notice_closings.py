"""§3.5.3: a notice ends, a person who took no earlier step closes it, and its lines become payable."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.conftest import NOW, StoppedClock
from tests.support import scenario as towns
from tests.support.backend import World, function
from tests.support.scenario import SELLER, Json, Town, change_sides
from tests.support.settlement_scenario import (
    Settling,
    handed_in,
    noticed_by_gatherer,
    object_to,
    resolve,
    settling,
    the_order,
)
from tests.support.snapshots import everything_kept
from tests.support.workers import deliver
from voucher import holidays
from voucher.holidays import Arrangement
from voucher.models.notices import Notice, Objection
from voucher.refusals import Refusal, Refused
from voucher.rules.messages import messages_for
from voucher.store import notices, objections
from voucher.store.engine.table import client, decode

Scene = tuple[Town, Json]


@pytest.mark.clause("§3.5.3")
def test_a_decision_on_an_objection_is_seen_by_a_closing_at_the_same_moment(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    objection = object_to(case, notice)
    read = objections.read_held

    def overtaken(notice_id: str) -> Any:
        found = read(notice_id)
        if not done:
            done.append(True)
            resolve(case, objection, "reject")
        return found

    done: list[bool] = []
    monkeypatch.setattr(objections, "read_held", overtaken)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    assert case.line(order)["state"] == "payable"


def record_objection(notice_id: str, **more: Any) -> None:
    """An objection to a whole notice, written as the handler would write it."""
    said = {"order_id": None, "name": "某", "contact": "0578", "reason": "不实", "state": "standing", **more}
    made = {"objection_id": f"{notice_id}.1", "notice_id": notice_id, "created_at": NOW, "created_by": "public"}
    objections.commit_new(Objection.model_validate(made | said), ())


@pytest.mark.clause("§3.5.3")
def test_an_objection_that_comes_just_before_the_closing_holds_its_line(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    begin_close = notices.commit_begin_close

    def overtaken(*facts: Any) -> None:
        record_objection(notice["notice_id"])
        begin_close(*facts)

    monkeypatch.setattr(notices, "commit_begin_close", overtaken)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    assert case.line(order)["state"] == "noticed"


@pytest.mark.clause("§3.5.3")
def test_an_objection_that_read_a_running_notice_is_told_that_its_closing_began(submitted: Scene) -> None:
    """The handler read a running notice; only the write itself can tell."""
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    before = everything_kept()
    with pytest.raises(Refused) as no:
        record_objection(notice["notice_id"])
    assert (no.value.refusal, everything_kept()) == (Refusal.CHANGED_MEANWHILE, before)


@pytest.mark.clause("§3.5.3")
def test_a_closing_waits_until_it_sees_every_objection_that_was_counted(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB may show the count of an objection a moment before the objection itself."""
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    object_to(case, notice)
    path, read, looks = f"/notices/{notice['notice_id']}/close", objections.read_partition, []

    def half_seen(*place: Any) -> Any:
        looks.append(place)
        return read(*place) if len(looks) > 2 else []

    monkeypatch.setattr(objections, "read_partition", half_seen)
    steps.expect(case.call(BUREAU, "POST", path), 200)
    assert (case.line(order)["state"], len(looks)) == ("noticed", 3)


@pytest.mark.clause("§3.5.3")
@pytest.mark.usefixtures("metered")
def test_a_notice_is_closed_and_decided_on_without_reading_one_of_its_objections(voucher: Scene) -> None:
    """However many there are, and however long."""
    case, orders = handed_in(voucher[0], 2)
    notice = case.noticed(*orders)
    raised = [object_to(case, notice, reason=str(number)) for number in range(5)]
    held = [object_to(case, notice, order_id=orders[0]["order_id"], reason=reason) for reason in ("1", "2")]
    with objections_received() as received:
        for objection in [*raised, held[0]]:
            resolve(case, objection, "reject")
        steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
        assert [case.line(order)["state"] for order in orders] == ["noticed", "payable"]
        resolve(case, held[1], "reject")
    assert [case.line(order)["state"] for order in orders] == ["passed", "payable"]
    assert received == []


@contextmanager
def objections_received() -> Iterator[list[Json]]:
    """The objections that DynamoDB answers to queries while the block lasts."""
    received: list[Json] = []

    def note(parsed: Json, **_: Any) -> None:
        received.extend(item for item in parsed.get("Items", []) if "objection_id" in item)

    events = client().meta.events
    events.register("after-call.dynamodb.Query", note)
    try:
        yield received
    finally:
        events.unregister("after-call.dynamodb.Query", note)


@pytest.mark.clause("§3.5.3")
def test_a_closing_that_was_broken_off_takes_no_objection_and_anybody_finishes_it(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its first write on; anybody of the bureau with other hands."""
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
    closed = steps.expect(case.call(BUREAU_TWO, "POST", path), 200)
    assert (closed["state"], case.line(order)["state"]) == ("closed", "payable")


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("rule", [True, False])
def test_whoever_submitted_pre_reviewed_or_gathered_closes_no_notice(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look."""
    case, order = settling(submitted), the_order(submitted)
    path = f"/notices/{noticed_by_gatherer(case, OPERATOR_TWO, order)['notice_id']}/close"
    if not rule:
        monkeypatch.setattr(function("notice_closings"), "check_four_eyes", lambda *_: None)
    for name in (SELLER.name, OPERATOR.name, OPERATOR_TWO.name):
        no = case.call(Person(name, "bureau"), "POST", path)
        assert no.code == ("FOUR_EYES" if rule else "CHANGED_MEANWHILE")
    assert case.line(order)["state"] == "noticed"
    steps.expect(case.call(BUREAU, "POST", path), 200)


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize(("killed", "line_state"), [("commit_payable", "noticed"), ("commit_close", "payable")])
def test_whoever_finishes_a_closing_is_of_other_hands_by_rule_and_by_the_write(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, killed: str, line_state: str
) -> None:
    case, order = settling(submitted), the_order(submitted)
    path = f"/notices/{case.noticed(order)['notice_id']}/close"
    pre_reviewer = Person(OPERATOR.name, "bureau")
    with monkeypatch.context() as patch:
        patch.setattr(notices, killed, lambda *_: {}["killed"])
        with pytest.raises(KeyError):
            case.call(BUREAU, "POST", path)
    member = Person("member", "bureau")
    change_sides(case.town, SELLER, case.town.agency.uscc, Person(member.name))
    for person in (pre_reviewer, member):
        assert case.call(person, "POST", path).code == "FOUR_EYES"
    with monkeypatch.context() as patch:
        patch.setattr(function("notice_closings"), "check_four_eyes", lambda *_: None)
        # what the last write brings is nobody's money any more
        for person in (pre_reviewer, *([member] if killed == "commit_payable" else [])):
            assert case.call(person, "POST", path).code == "CHANGED_MEANWHILE"
    line = case.line(order)
    assert (line["state"], case.town.shown(f"/rounds/{line['round_id']}")["state"]) == (line_state, "noticed")
    steps.expect(case.call(BUREAU, "POST", path), 200)


@pytest.fixture
def notice_of_five_days(world: World) -> tuple[Settling, Json]:
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
    notice_of_five_days: tuple[Settling, Json], stopped_clock: StoppedClock
) -> None:
    case, notice = notice_of_five_days
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
    notice_of_five_days: tuple[Settling, Json], stopped_clock: StoppedClock
) -> None:
    case, _ = notice_of_five_days

    def notice_image() -> Json:
        items = map(decode, everything_kept()["settlements"])
        return next(item for item in items if item["pk"].startswith("NOTICE#"))

    before = notice_image()
    sweep(stopped_clock, datetime(2026, 6, 23, 16, 5, tzinfo=UTC))
    messages = messages_for(before, notice_image())
    deliver("notify", *(message.body for message in messages))
    deliver("notify", *(message.body for message in messages))
    for person in (OPERATOR, OPERATOR_TWO, BUREAU):
        [message] = case.town.shown(f"/inbox?role={person.role}", person)["items"]
        assert message["subject"] == "公示期已满，请核实异议办理情况后结束公示。"
    assert case.call(FINANCE, "GET", "/inbox?role=bureau").status == 403
    assert case.call(SELLER, "GET", "/inbox?role=platform").status == 403
    assert case.call(OPERATOR, "POST", f"/inbox/{message['message_id']}/read?role=bureau").status == 403


@pytest.mark.clause("§3.5.3")
def test_the_end_of_a_notice_over_unknown_days_is_announced_once_they_are_known(
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
