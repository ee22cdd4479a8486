"""§3.5.3: anybody reads a notice, as a page or as a table, and objects to it."""

import csv
import io
from datetime import timedelta

import pytest

from infra.client import steps
from infra.client.http import Person
from tests.conftest import NOW, StoppedClock
from tests.support import scenario as towns
from tests.support.backend import World
from tests.support.scenario import Json, Town
from tests.support.settlement_scenario import Settling, handed_in, object_to, settling, the_order
from tests.support.snapshots import everything_kept
from voucher.store import organisations

Scene = tuple[Town, Json]


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
def test_the_same_words_from_the_same_place_are_one_objection_without_any_key(submitted: Scene) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    path = f"/notices/{notice['notice_id']}/objections"
    body = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}
    first, again = (case.call(Person("address 1"), "POST", path, body, key="") for _ in range(2))
    assert (first.status, again.status, again.body) == (201, 200, first.body)
    elsewhere = case.call(Person("address 2"), "POST", path, body, key="")
    assert elsewhere.status == 201 and elsewhere.body != first.body


@pytest.mark.clause("§3.5.3")
def test_an_objection_names_only_what_stands_in_the_notice(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    path = f"/notices/{notice['notice_id']}/objections"
    body = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}
    for wrong, field in (
        ({"agency_uscc": case.town.enterprise.uscc}, "agency_uscc"),
        ({"order_id": order["order_id"], "agency_uscc": "x"}, "agency_uscc"),
        ({"order_id": "o_unknown"}, "order_id"),
    ):
        no = case.call(None, "POST", path, {**body, **wrong})
        assert (no.code, [each["field"] for each in no.body["errors"]]) == ("MALFORMED", [field])
    object_to(case, notice, order_id=order["order_id"], agency_uscc=case.town.agency.uscc)


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "＝HYPERLINK(x)", "－1", "@SUM(A1)"])
def test_a_name_that_begins_like_a_formula_is_text_in_the_public_table(submitted: Scene, name: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    agency = organisations.find_agency(case.town.agency.uscc)
    assert agency is not None
    organisations.commit_step(agency, agency.next_version(name=name))
    notice = case.noticed(order)
    text = case.call(None, "GET", f"/notices/{notice['notice_id']}.csv").body
    [_, row] = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert row[1] == f"'{name}"


@pytest.mark.clause("§3.5.3")
def test_the_public_table_opens_in_chinese_and_runs_no_formula(voucher: Scene) -> None:
    town = voucher[0]
    case, orders = handed_in(town, 2)
    notice = case.noticed(*orders)
    text = case.call(None, "GET", f"/notices/{notice['notice_id']}.csv").body
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row[4] for row in rows] == ["抵用金额（元）", "400.00", "400.00"]
    assert len(rows[0]) == 5 and town.enterprise.name in text
    for secret in (town.enterprise.uscc, "contact", "INV-"):
        assert secret not in text


@pytest.mark.clause("§3.5.3")
def test_a_removal_is_read_among_the_notices_and_takes_no_objection(town: Town) -> None:
    towns.remove_agency(town)
    [listed] = steps.expect(town.world.call(None, "GET", "/notices"), 200)["items"]
    assert (listed["kind"], listed["agency_uscc"]) == ("removal", town.agency.uscc)
    notice_path = f"/notices/{listed['notice_id']}"
    assert steps.expect(town.world.call(None, "GET", notice_path), 200) == listed
    body = {"name": "某", "contact": "0578", "reason": "不实"}
    for no in (
        town.world.call(None, "GET", f"{notice_path}.csv"),
        town.world.call(None, "POST", f"{notice_path}/objections", body),
    ):
        assert (no.status, no.code) == (404, "NOT_FOUND")
