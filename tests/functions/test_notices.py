"""§3.5.3: anybody reads a notice, as a page or as a table, and objects to it."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.support import scenario as towns
from tests.support.backend import World
from tests.support.scenario import Json, Town
from tests.support.settlement_scenario import Settling, handed_in, object_to, resolve, settling, the_order
from tests.support.snapshots import everything_kept
from voucher.rules.objections import proof_bits
from voucher.rules.working_days import end_of_day
from voucher.store import organisations

Scene = tuple[Town, Json]


WORDS = {"name": "某", "contact": "0578", "reason": "又一条"}


@pytest.mark.clause("§3.5.3")
def test_an_address_is_asked_for_effort_after_ten_objections_to_a_line(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    case, orders = handed_in(voucher[0], 2)
    notice = case.noticed(*orders)
    line, other = ({"order_id": order["order_id"]} for order in orders)
    path = f"/notices/{notice['notice_id']}/objections"
    for number in range(10):
        object_to(case, notice, reason=f"理由{number}", **line)
    no = case.call(None, "POST", path, {**WORDS, **line})
    assert (no.status, no.code) == (429, "TOO_MANY_OBJECTIONS")
    assert no.headers["retry-after"] == "3600"
    object_to(case, notice, **other)
    object_to(case, notice)
    object_to(case, notice, Person("neighbour of another address"), **line)
    stopped_clock.instant = NOW + timedelta(hours=1)
    object_to(case, notice, **line)


@pytest.fixture
def crowded(world: World) -> tuple[Settling, Json]:
    """A notice that takes four objections in an hour as they come, the last two of them from new addresses; a proof is
    cheap, and costs one bit more after each."""
    policy = {"notice_objections_per_hour": 4, "objection_effort_bits": 6, "objection_effort_step": 1}
    town, order = towns.complete(towns.settle(towns.open_year(world, **policy, objection_effort_most_bits=8)))
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    return case, case.noticed(order)


def send(case: Settling, notice: Json, address: str, reason: str, key: str = "", **more: Any) -> Reply:
    """An objection to the whole notice from some address."""
    path = f"/notices/{notice['notice_id']}/objections"
    return case.call(Person(address), "POST", path, {**WORDS, "reason": reason, **more}, key=key)


@pytest.mark.clause("§3.5.3")
def test_a_part_of_the_hour_is_kept_for_new_addresses_and_then_nobody_is_silenced(
    crowded: tuple[Settling, Json],
) -> None:
    case, notice = crowded
    sent = [("one", "1"), ("one", "2"), ("one", "3"), ("two", "1"), ("three", "1"), ("three", "2"), ("four", "1")]
    answers = [send(case, notice, *each).status for each in sent]
    assert answers == [201, 201, 429, 201, 201, 429, 429]
    for address, reason in (("one", "3"), ("four", "1")):
        offer = send(case, notice, address, reason).body["effort"]
        proof = steps.proof_of_effort(offer)
        # from another address as well: that of a phone may change from call to call
        taken = send(case, notice, f"{address} elsewhere", reason, effort=proof)
        assert taken.status == 201, taken.body
        again = send(case, notice, address, reason, effort=proof)
        assert (again.status, again.body) == (200, {**taken.body, "answer_code": None})
    assert len(case.town.shown(f"/notices/{notice['notice_id']}/objections")["items"]) == 6
    kept = str(everything_kept()["settlements"])
    assert not any(address in kept for address in ("elsewhere", "'one'", "'four'"))


@pytest.mark.clause("§3.5.3")
def test_a_proof_is_for_one_notice_these_words_this_key_two_hours_and_its_price(
    crowded: tuple[Settling, Json], stopped_clock: StoppedClock
) -> None:
    case, notice = crowded
    for address in "abcd":
        send(case, notice, address, "1")
    offer = send(case, notice, "e", "1").body["effort"]
    assert (offer["algorithm"], offer["bits"], offer["expires_at"]) == ("sha256", 6, "2026-06-15T04:00:00.000Z")
    proof = steps.proof_of_effort(offer)
    # one number in 64 is a proof by chance
    worthless = next(text for text in map(str, range(100)) if proof_bits(offer["challenge"], text) < offer["bits"])
    for wrong in (
        send(case, notice, "e", "2", effort=proof),
        send(case, notice, "e", "1", key="another", effort=proof),
        send(case, notice, "e", "1", effort={**proof, "nonce": worthless}),
        send(case, notice, "e", "1", effort={**proof, "challenge": "0" * 64}),
    ):
        assert (wrong.status, wrong.code) == (429, "TOO_MANY_OBJECTIONS")
    assert send(case, notice, "e", "1", effort=proof).status == 201
    assert send(case, notice, "e", "2").body["effort"]["bits"] == 7, "the more come, the more it costs"
    cheap = next(
        {**offer, "nonce": str(number)}
        for offer in [{"challenge": send(case, notice, "e", "2").body["effort"]["challenge"]}]
        for number in range(10**6)
        if proof_bits(offer["challenge"], str(number)) == 6
    )
    assert send(case, notice, "e", "2", effort=cheap).code == "TOO_MANY_OBJECTIONS"
    for reason in ("2", "3", "4", "5"):
        offer = send(case, notice, "e", reason).body["effort"]
        assert send(case, notice, "e", reason, effort=steps.proof_of_effort(offer)).status == 201
    assert offer["bits"] == 8, "and never more than the bound"
    late = steps.proof_of_effort(send(case, notice, "e", "late").body["effort"])
    stopped_clock.instant = NOW + timedelta(hours=2)
    for address in "abcd":
        send(case, notice, address, "next")
    assert send(case, notice, "e", "late", effort=late).code == "TOO_MANY_OBJECTIONS"
    stopped_clock.instant = NOW + timedelta(hours=1)
    assert send(case, notice, "e", "late", effort=late).status == 201


@pytest.mark.clause("§3.5.3")
def test_what_is_refused_counts_against_nobody(crowded: tuple[Settling, Json]) -> None:
    case, notice = crowded
    nowhere = {**notice, "notice_id": "n_unknown"}
    before = everything_kept()
    for _ in range(6):
        assert send(case, nowhere, "a", "1").code == "NOT_FOUND"
        assert send(case, notice, "a", "").code == "MALFORMED"
        assert send(case, notice, "a", "1", effort={"challenge": "short", "nonce": "1"}).code == "MALFORMED"
        assert send(case, notice, "a", "1", order_id="o_unknown").code == "MALFORMED"
        assert send(case, notice, "a", "一" * 1001).body["errors"][0]["max"] == 1000
    assert everything_kept() == before
    for address in "abcd":
        assert send(case, notice, address, "1").status == 201
    before = everything_kept()
    assert send(case, notice, "e", "1").status == 429
    assert everything_kept() == before


@pytest.mark.clause("§3.5.3")
def test_an_objector_with_a_solver_notices_nothing_of_the_crowd(crowded: tuple[Settling, Json]) -> None:
    case, notice = crowded
    for number in range(8):
        words = {**WORDS, "reason": str(number)}
        steps.object_to(case.town.world, None, notice["notice_id"], words)
    assert len(case.town.shown(f"/notices/{notice['notice_id']}/objections")["items"]) == 8


@pytest.mark.clause("§3.5.3")
def test_after_the_last_day_nobody_holds_a_line_by_objecting_again(world: World, stopped_clock: StoppedClock) -> None:
    """Whoever decides has all objections in hand then. A stranger who answered each decision with one more would keep
    the agency from ever being paid."""
    town, order = towns.complete(towns.settle(towns.open_year(world, notice_working_days=5)))
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    notice = case.noticed(order)
    path, line = f"/notices/{notice['notice_id']}", {"order_id": order["order_id"]}
    ended = end_of_day(date.fromisoformat(notice["ends_on"]))
    stopped_clock.instant = ended - timedelta(milliseconds=1)
    in_time = object_to(case, notice, key="in-time", **line)
    stopped_clock.instant = ended
    resolve(case, in_time, "reject")
    before = everything_kept()
    late = case.call(None, "POST", f"{path}/objections", {**WORDS, **line})
    assert (late.status, late.code, late.body["clause"]) == (409, "NOTICE_ENDED", "§3.5.3")
    assert notice["ends_on"] in late.body["detail"]
    assert everything_kept() == before
    said = {"name": "某", "contact": "0578", "reason": "服务未实际发生", **line}
    again = case.call(None, "POST", f"{path}/objections", said, key="in-time")
    assert (again.status, again.body) == (200, {**in_time, "state": "rejected"})
    steps.expect(case.call(BUREAU, "POST", f"{path}/close"), 200)
    assert case.line(order)["state"] == "payable"


@pytest.mark.clause("§3.5.3")
def test_many_firms_behind_one_gateway_are_heard_all(submitted: Scene) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    for number in range(14):
        words = {**WORDS, "name": f"企业{number}"}
        steps.object_to(case.town.world, None, notice["notice_id"], words)
    assert len(case.town.shown(f"/notices/{notice['notice_id']}/objections")["items"]) == 14


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
    assert (first.status, again.status) == (201, 200)
    assert again.body["objection_id"] == first.body["objection_id"]
    elsewhere = case.call(Person("address 2"), "POST", path, body, key="")
    assert elsewhere.status == 201 and elsewhere.body["objection_id"] != first.body["objection_id"]


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
    assert town.world.call(None, "GET", f"{notice_path}.csv").code == "NOT_FOUND"
    no = town.world.call(None, "POST", f"{notice_path}/objections", body)
    assert (no.status, no.code, no.body["clause"]) == (409, "REMOVAL_NOT_OBJECTED_TO", "§3.4.1")
