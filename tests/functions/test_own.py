"""What staff reads, and decides, of the organisations that they act for: as their members alone (§3.5.3, §5.1)."""

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.support.inspection_scenario import draw, drawn, found
from tests.support.scenario import OWNER, SELLER, Json, Town, change_sides, leave
from tests.support.settlement_scenario import settling, the_order
from tests.support.workers import deliver

Scene = tuple[Town, Json]
INSIDER = Person("insider", "platform,bureau,finance")


def let_in(town: Town, owner: Person, uscc: str) -> None:
    """Somebody acts for an organisation who has every role of the staff later."""
    change_sides(town, owner, uscc, Person(INSIDER.name))


def items(town: Town, path: str, person: Person) -> list[Json]:
    return list(town.shown(path, person)["items"])


def counted(town: Town, path: str, person: Person) -> dict[str, int]:
    """How many of a list there are in each state, without those of which there is none."""
    shown = town.shown(f"{path}{'&' if '?' in path else '?'}counts=true", person)["counts"]
    return {state: each["value"] for state, each in shown.items() if each["value"]}


@pytest.mark.clause("§5.1")
def test_nobody_learns_of_a_check_on_themselves_by_how_many_there_are(completed: Scene) -> None:
    """Neither its agency, before two inspectors stand for it, nor whoever acts for it among the staff."""
    town, _ = completed
    town.advance(town.order(contract_fen=60_000, voucher_fen=40_000), "accept", "contract")
    drawn(town.world)
    own = f"/checks?agency_uscc={town.agency.uscc}"
    assert (counted(town, own, BUREAU), counted(town, "/inspections", BUREAU)) == ({"drawn": 1}, {"open": 1})
    assert (items(town, own, SELLER), counted(town, own, SELLER)) == ([], {})
    let_in(town, SELLER, town.agency.uscc)
    for path in (own, "/checks", "/inspections"):
        assert (items(town, path, INSIDER), counted(town, path, INSIDER)) == ([], {})


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("target", ["order", "agency", "all"])
def test_staff_who_acts_for_an_agency_reads_no_objection_to_its_lines(submitted: Scene, target: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice, uscc = case.noticed(order), case.town.agency.uscc
    about = {"order": {"order_id": order["order_id"]}, "agency": {"agency_uscc": uscc}, "all": {}}[target]
    said = {"name": "某", "contact": "0578-1", "reason": "服务未实际发生", **about}
    steps.expect(case.call(None, "POST", f"/notices/{notice['notice_id']}/objections", said), 201)
    let_in(case.town, SELLER, uscc)
    for path in ("/objections", f"/notices/{notice['notice_id']}/objections"):
        assert (len(items(case.town, path, INSIDER)), len(items(case.town, path, BUREAU))) == (0, 1)
        assert (counted(case.town, path, INSIDER), counted(case.town, path, BUREAU)) == ({}, {"standing": 1})
    tasks = "/tasks?role=bureau&kind=resolve_objection"
    assert (len(items(case.town, tasks, INSIDER)), len(items(case.town, tasks, BUREAU))) == (0, 1)


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("target", ["order", "agency", "all"])
def test_staff_who_acts_for_an_enterprise_reads_no_objection_to_its_lines(submitted: Scene, target: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    notice = case.noticed(order)
    about = {"order": {"order_id": order["order_id"]}, "agency": {"agency_uscc": case.town.agency.uscc}, "all": {}}
    said = {"name": "某", "contact": "0578-1", "reason": "服务未实际发生", **about[target]}
    steps.expect(case.call(None, "POST", f"/notices/{notice['notice_id']}/objections", said), 201)
    let_in(case.town, OWNER, case.town.enterprise.uscc)
    for path in (
        "/objections",
        f"/notices/{notice['notice_id']}/objections",
        "/tasks?role=bureau&kind=resolve_objection",
    ):
        assert (len(items(case.town, path, INSIDER)), len(items(case.town, path, BUREAU))) == (0, 1)
    assert case.town.enterprise.uscc not in str(case.call(None, "GET", f"/notices/{notice['notice_id']}").body)


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("party", ["enterprise", "agency"])
def test_staff_who_acts_for_a_party_sees_a_line_as_its_agency_does(submitted: Scene, party: str) -> None:
    """In its round and in its application; not what speaks against it, nor who else has the same paper."""
    case, order = settling(submitted), the_order(submitted)
    round_id = case.noticed(order)["round_id"]
    own = case.town.enterprise if party == "enterprise" else case.town.agency
    deliver("keep_reports", {"year": 2026, "uscc": case.town.enterprise.uscc})
    application = f"/settlements/{submitted[1]['settlement_id']}"
    [of_agency] = case.town.shown(application, SELLER)["lines"]
    for path in (f"/rounds/{round_id}", application):
        [seen] = case.town.shown(path, BUREAU)["lines"]
        assert len(seen["flags"]) > len(of_agency["flags"])
    let_in(case.town, OWNER if party == "enterprise" else SELLER, own.uscc)
    for path in (f"/rounds/{round_id}", application):
        [seen] = case.town.shown(path, INSIDER)["lines"]
        assert seen["flags"] == of_agency["flags"]


@pytest.mark.clause("§5.1.1")
@pytest.mark.clause("§5.1.3")
def test_staff_who_acts_for_somebody_drawn_reads_nothing_of_the_draw_and_ends_none(completed: Scene) -> None:
    """Neither for the agency, nor for the enterprise that is asked."""
    town, _ = completed
    town.advance(town.order(contract_fen=60_000, voucher_fen=40_000), "accept", "contract")
    inspection = drawn(town.world, "joint", BUREAU)
    place = f"/inspections/{inspection['inspection_id']}"
    for owner, party in ((SELLER, town.agency), (OWNER, town.enterprise)):
        let_in(town, owner, party.uscc)
        for path in (place, f"{place}/documents"):
            assert town.world.call(INSIDER, "GET", path).code == "NOT_FOUND"
        assert items(town, "/inspections", INSIDER) == []
        for step, body in (("conclude", {"conclusion": "未发现问题"}), ("sign", None)):
            assert town.world.call(INSIDER, "POST", f"{place}/{step}", body).code == "NOT_FOUND"
        own = [each for each in inspection["checks"] if party.uscc in (each["agency_uscc"], each["member_uscc"])]
        shown = {each["check_id"] for each in items(town, "/checks", INSIDER)}
        assert own and shown.isdisjoint(each["check_id"] for each in own)
        for each in own:
            assert town.world.call(INSIDER, "GET", f"/checks/{each['check_id']}").code == "NOT_FOUND"
        due = {each["about"] for each in items(town, "/tasks?role=bureau", INSIDER)}
        assert due.isdisjoint(f"check:{each['check_id']}" for each in own)
        leave(town, party.uscc, Person(INSIDER.name))
    assert [each["inspection_id"] for each in items(town, "/inspections", INSIDER)] == [inspection["inspection_id"]]
    assert town.world.call(INSIDER, "GET", place).status == 200


@pytest.mark.clause("§5.1.1")
def test_nobody_draws_a_sample_whose_frame_has_an_organisation_of_their_own(completed: Scene) -> None:
    """They could choose a seed by which it is not drawn."""
    town, _ = completed
    let_in(town, OWNER, town.enterprise.uscc)
    no = draw(town.world, "satisfaction", INSIDER)
    assert (no.code, no.body["clause"]) == ("FOUR_EYES", "§5.1.2")
    assert drawn(town.world, "satisfaction", OPERATOR)["drawn_size"] == 1


@pytest.mark.clause("§5.1")
def test_a_member_who_is_staff_reads_a_finding_as_the_agency_does(completed: Scene) -> None:
    town, _ = completed
    town.advance(town.order(contract_fen=60_000, voucher_fen=40_000), "accept", "contract")
    [check] = drawn(town.world)["checks"]
    found(town.world, check, "violation")
    let_in(town, SELLER, town.agency.uscc)
    path = f"/checks/{check['check_id']}"
    assert town.shown(path, INSIDER) == town.shown(path, SELLER)


@pytest.mark.clause("§5.2b")
def test_staff_who_acts_for_a_party_reads_an_order_as_that_party(completed: Scene) -> None:
    """And not what speaks against it."""
    town, order = completed
    path = f"/orders/{order['order_id']}"
    for owner, party in ((SELLER, town.agency), (OWNER, town.enterprise)):
        assert "flags" in town.shown(path, INSIDER)
        let_in(town, owner, party.uscc)
        assert town.shown(path, INSIDER) == town.shown(path, owner)
        leave(town, party.uscc, Person(INSIDER.name))
