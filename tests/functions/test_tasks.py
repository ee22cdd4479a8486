"""GET /tasks: whoever must act finds it on a list, with its term, and hears of it."""

from datetime import UTC, datetime

import pytest

from infra.city.document_files import enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import World
from tests.support.calls.everything import Everything
from tests.support.relaying import relayed, subjects
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town
from tests.support.workers import drain, sweep_night
from voucher.rules.working_days import SHANGHAI
from voucher.store import keys


def work(world: World, person: Person, whose: str) -> list[Json]:
    """A list of work."""
    items: list[Json] = steps.expect(world.call(person, "GET", f"/tasks?{whose}"), 200)["items"]
    return items


def kinds_about(town: Town, about: str) -> dict[str, list[str]]:
    """Whose list has which task about a record."""
    places = {
        "platform": (OPERATOR, "role=platform"),
        "enterprise": (OWNER, f"organisation={town.enterprise.uscc}"),
        "agency": (SELLER, f"organisation={town.agency.uscc}"),
    }
    found = {
        name: [each["kind"] for each in work(town.world, person, whose) if each["about"] == about]
        for name, (person, whose) in places.items()
    }
    return {name: kinds for name, kinds in found.items() if kinds}


@pytest.mark.clause("§4.2.1")
def test_an_order_is_on_the_list_of_whoever_must_take_the_next_step(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    order = town.order()
    about = f"order:{order['order_id']}"
    assert kinds_about(town, about) == {"agency": ["answer_order"]}
    town.advance(order, "accept")
    assert kinds_about(town, about) == {"agency": ["enter_contract"]}
    town.advance(order, "contract")
    assert kinds_about(town, about) == {"agency": ["deliver"]}
    town.advance(order, "deliver")
    assert kinds_about(town, about) == {"enterprise": ["confirm_delivery"]}
    town.advance(order, "confirm")
    assert kinds_about(town, about) == {"agency": ["apply_for_settlement"]}


@pytest.mark.clause("§3.5.1(5)")
def test_who_is_asked_to_cancel_hears_of_it_and_then_the_operator_has_it(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    key, about = keys.order(order["order_id"]), f"order:{order['order_id']}"
    with relayed(key):
        steps.expect(town.act(SELLER, order, "cancellation", {"reason": "无力履行"}), 200)
    assert kinds_about(town, about) == {"enterprise": ["answer_cancellation"]}
    assert "待办：对方已申请取消订单，请答复。" in subjects(town.world, OWNER)
    with relayed(key):
        steps.expect(town.act(OWNER, order, "cancellation", {"reason": "同意"}), 200)
    assert kinds_about(town, about) == {"platform": ["review_cancellation"]}
    [message] = steps.expect(town.world.call(OPERATOR, "GET", "/inbox?role=platform"), 200)["items"]
    assert (message["subject"], message["about"]) == ("待办：审核订单取消申请。", about)
    body = {"decision": "approve"}
    steps.expect(town.world.call(OPERATOR, "POST", f"/orders/{order['order_id']}/cancellation/review", body), 200)
    assert kinds_about(town, about) == {}


@pytest.mark.clause("§4.1.2")
def test_a_task_of_staff_has_a_term_and_is_overdue_after_it(world: World, stopped_clock: StoppedClock) -> None:
    firm = samples.enterprise()
    steps.register_enterprise(world, OWNER, firm.registration(), enterprise_documents(firm, TODAY))
    [task] = work(world, OPERATOR, "role=platform")
    facts = {name: task[name] for name in ("kind", "about", "title", "enterprise_uscc", "due_on", "overdue")}
    assert facts == {
        "kind": "review_enterprise",
        "about": f"enterprise:{firm.uscc}",
        "title": firm.name,
        "enterprise_uscc": firm.uscc,
        "due_on": "2026-06-23",  # five working days, the Dragon Boat Festival between them
        "overdue": False,
    }
    stopped_clock.instant = datetime(2026, 6, 23, 16, tzinfo=UTC)
    assert [each["overdue"] for each in work(world, OPERATOR, "role=platform")] == [True]
    steps.expect(steps.review_enterprise(world, firm.uscc), 200)
    assert work(world, OPERATOR, "role=platform") == []


def test_the_most_urgent_comes_first_page_by_page_with_counts_of_all(everything: Everything) -> None:
    world = everything.town.world
    whole = steps.expect(world.call(OPERATOR, "GET", "/tasks?role=platform&limit=100"), 200)
    terms = [each["due_on"] or "9999" for each in whole["items"]]
    assert terms == sorted(terms)
    assert sum(whole["counts"].values()) == len(whole["items"]) > 3
    paged, cursor = [], ""
    while True:
        page = steps.expect(world.call(OPERATOR, "GET", f"/tasks?role=platform&limit=2{cursor}"), 200)
        assert page["counts"] == whole["counts"]
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert paged == whole["items"]
    kind = whole["items"][0]["kind"]
    only = work(world, OPERATOR, f"role=platform&kind={kind}")
    assert only == [each for each in whole["items"] if each["kind"] == kind]


def test_each_role_has_its_own_list_and_a_foreign_one_is_closed(everything: Everything) -> None:
    town = everything.town
    assert "publish_batch" in {each["kind"] for each in work(town.world, BUREAU, "role=bureau")}
    assert "confirm_programme" in {each["kind"] for each in work(town.world, FINANCE, "role=finance")}
    assert town.world.call(FINANCE, "GET", "/tasks?role=bureau").code == "ROLE_REQUIRED"
    assert town.world.call(STRANGER, "GET", f"/tasks?organisation={town.agency.uscc}").code == "NOT_FOUND"
    assert town.world.call(OWNER, "GET", f"/tasks?organisation={town.agency.uscc}").code == "NOT_FOUND"
    for query in ("", f"?role=platform&organisation={town.agency.uscc}"):
        refused = town.world.call(OPERATOR, "GET", f"/tasks{query}")
        assert (refused.code, refused.body["errors"][0]["field"]) == ("MALFORMED", "role")


NEAR, OVER = "截至2026-06-23，请及时办理。", "已于2026-06-23到期，请尽快办理。"


def told(world: World, person: Person, role: str = "") -> list[str]:
    """What an inbox has of last days that are near or over."""
    items = steps.expect(world.call(person, "GET", f"/inbox{role}"), 200)["items"]
    return sorted(each["subject"] for each in items if each["subject"].startswith("待办") and "2026" in each["subject"])


def test_whoever_must_act_is_reminded_of_the_last_day_and_told_once_it_is_over(
    world: World, stopped_clock: StoppedClock
) -> None:
    firm = samples.enterprise()
    steps.register_enterprise(world, OWNER, firm.registration(), enterprise_documents(firm, TODAY))
    near, over = f"待办：审核企业注册，{NEAR}", f"待办：审核企业注册，{OVER}"
    expected = {21: [], 22: [near], 23: [near], 24: [over, near], 25: [over, near], 30: [over, near]}
    for day, of_the_day in expected.items():
        sweep_night(stopped_clock, datetime(2026, 6, day, 0, 5, tzinfo=SHANGHAI))
        drain("notify")
        assert told(world, OPERATOR, "?role=platform") == sorted(of_the_day), day
    assert told(world, OWNER) == []


def test_a_night_that_was_missed_is_made_up_for_and_what_is_done_is_not_told(
    world: World, stopped_clock: StoppedClock
) -> None:
    for number, person in enumerate((OWNER, STRANGER)):
        firm = samples.enterprise(number)
        steps.register_enterprise(world, person, firm.registration(), enterprise_documents(firm, TODAY))
    steps.expect(steps.review_enterprise(world, samples.enterprise(0).uscc), 200)
    sweep_night(stopped_clock, datetime(2026, 6, 30, 0, 5, tzinfo=SHANGHAI))
    drain("notify")
    assert told(world, OPERATOR, "?role=platform") == [f"待办：审核企业注册，{OVER}"]


@pytest.mark.clause("§3.5.1(5)")
def test_a_party_is_reminded_of_a_day_that_its_record_tells(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    steps.expect(town.act(SELLER, order, "cancellation", {"reason": "无力履行"}), 200)
    task = "待办：对方已申请取消订单，请答复，"
    near, over = f"{task}截至2026-06-25，请及时办理。", f"{task}已于2026-06-25到期，请尽快办理。"
    for day, expected in ((23, []), (24, [near]), (25, [near]), (26, [over, near])):
        sweep_night(stopped_clock, datetime(2026, 6, day, 0, 5, tzinfo=SHANGHAI))
        drain("notify")
        assert told(town.world, OWNER) == sorted(expected), day
    assert told(town.world, SELLER) == []


@pytest.mark.clause("§4.2.1")
def test_what_the_schedule_ends_and_reminds_of_itself_is_not_told_twice(
    voucher: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    town.order()
    for day in (22, 23, 24):
        sweep_night(stopped_clock, datetime(2026, 6, day, 0, 5, tzinfo=SHANGHAI))
        drain("notify")
    assert told(town.world, SELLER) == []
    assert "订单尚待接单，最后期限为2026-06-23，逾期将自动取消。" in subjects(town.world, SELLER)
