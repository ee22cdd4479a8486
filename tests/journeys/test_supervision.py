"""How the year is looked after, on the deployed stack: what staff reads before it decides, inspections, what an agency
does beside its orders, ratings (§5.1, §3.4.2, §4.2.3)."""

import hashlib
import json
from urllib.request import urlopen

import pytest

from infra.city.document_files import event_photo, inspection_photo
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person
from infra.demo.scheduled import wait_until
from tests.journeys.agency_case import AgencyCase, add_completed_case
from tests.journeys.deployment import Deployment, Json
from tests.support.inspection_scenario import ANSWERS, CHECKLIST

VISIT, CALL = {"way": "visit", "place": "服务场所", "checklist": CHECKLIST}, {"way": "phone", "satisfaction": ANSWERS}
AGREES = {"decision": "agree", "reason": "已现场核对"}


def content_of(link: str) -> bytes:
    """What is behind a link."""
    with urlopen(link) as file:
        return bytes(file.read())


def proof(deployment: Deployment, path: str) -> bytes:
    """The only document of something, as the bureau reads it."""
    [kept] = deployment.get(BUREAU, f"{path}/documents")["items"]
    return content_of(kept["url"])


def act(case: AgencyCase, person: Person, check: Json, step: str, **body: object) -> Json:
    """One step on a check."""
    return steps.expect(case.call(person, "POST", f"/checks/{check['check_id']}/{step}", body), 200)


@pytest.fixture(scope="module")
def case(deployment: Deployment, year: int) -> AgencyCase:
    """An order that was confirmed within minutes is before the operator."""
    case = add_completed_case(deployment, deployment.open_batch(2_000_000))
    case.apply()
    return case


@pytest.fixture(scope="module")
def delivered(deployment: Deployment, case: AgencyCase) -> Json:
    """Another order of the same parties."""
    ids = case.order["product_id"], case.order["voucher_id"]
    deal = steps.Deal(case.owner, case.person, *ids, 200_000, 100_000, "HT-SUPERVISED", deployment.plan.today)
    order = steps.expect(steps.place_order(deployment.client, deal), 201)
    return steps.deliver_order(deployment.client, order["order_id"], deal)


@pytest.mark.clause("§5.1", "§5.2b")
def test_staff_reads_a_signal_and_whoever_caused_it_does_not(deployment: Deployment, case: AgencyCase) -> None:
    order_id = case.order["order_id"]

    def codes(person: Person, path: str) -> set[str]:
        shown = deployment.get(person, path)
        [shown] = shown.get("lines", [shown])
        return {each["code"] for each in shown.get("flags", ())}

    # the relay and a worker list it, some seconds after the enterprise's word
    wait_until(lambda: "CONFIRMED_FAST" in codes(OPERATOR, case.path))
    assert "CONFIRMED_FAST" in codes(BUREAU, f"/orders/{order_id}")
    assert "CONFIRMED_FAST" not in codes(case.person, case.path) | codes(case.owner, f"/orders/{order_id}")
    path = f"/reports/{deployment.plan.year}/exceptions?kind=confirmed_fast&limit=100"
    listed = {each["order_id"]: each["agency_uscc"] for each in deployment.get(BUREAU, path)["items"]}
    assert listed[order_id] == case.agency.uscc
    assert case.call(case.person, "GET", path).code == "ROLE_REQUIRED"


@pytest.mark.clause("§5.1.1", "§5.2b")
def test_a_finding_holds_an_order_until_it_is_put_right(year: int, case: AgencyCase, delivered: Json) -> None:
    deployment, order = case.deployment, case.order
    # each agency with a running order of this category is drawn
    lot = {"kind": "daily", "year": year, "sample_size": 90, "seed": "公开摇号", "category": order["category"]}
    drawn = steps.expect(case.call(OPERATOR, "POST", "/inspections", lot), 201)
    frame = content_of(drawn["frame_url"])
    assert hashlib.sha256(frame).hexdigest() == drawn["frame_sha256"]
    members = {each["uscc"]: each["order_ids"] for each in json.loads(frame)["members"]}
    assert members[case.agency.uscc] == [delivered["order_id"]]
    [check] = [each for each in drawn["checks"] if each["agency_uscc"] == case.agency.uscc]
    path, photo = f"/inspections/{drawn['inspection_id']}", inspection_photo(drawn["inspection_id"])
    photo_id = steps.announce_and_upload(deployment.client, OPERATOR, path, photo)
    found = {"finding": "rectify", "finding_text": "台账不全", "hold_order_ids": [order["order_id"]]}
    here = {**VISIT, "happened_at": check["created_at"], "document_ids": [photo_id]}
    act(case, OPERATOR, check, "report", **here, **found)
    place = f"/checks/{check['check_id']}"
    assert case.call(OPERATOR, "POST", f"{place}/countersign", AGREES).code == "FOUR_EYES"
    assert case.call(case.person, "GET", place).code == "NOT_FOUND"
    act(case, OPERATOR_TWO, check, "countersign", **AGREES)
    assert proof(deployment, path) == photo.content
    passes = {"lines": [{"order_id": order["order_id"], "decision": "pass", "opinion": "核实无误"}]}
    assert case.call(OPERATOR, "POST", f"{case.path}/pre-review", passes).code == "HELD"
    wait_until(lambda: any("检查发现需要整改" in each["subject"] for each in deployment.inbox(case.agency.uscc)))
    act(case, case.person, check, "statement", text="已补齐台账")
    right = act(case, OPERATOR_TWO, check, "follow-up", rectified=True, reason="已现场复查")
    assert (right["state"], case.line()["held_by_finding"]) == ("closed", [])
    case.pre_review()
    [shown] = deployment.get(BUREAU, f"/agencies/{case.agency.uscc}")["checks"]
    assert (shown["check_id"], shown["finding"]) == (check["check_id"], "rectify")


@pytest.mark.clause("§5.1.3")
def test_a_joint_inspection_is_the_bureaus_and_signed_by_finance(year: int, case: AgencyCase) -> None:
    lot = {"kind": "joint", "year": year, "sample_size": 1}
    drawn = steps.expect(case.call(BUREAU, "POST", "/inspections", lot), 201)
    path, [check] = f"/inspections/{drawn['inspection_id']}", drawn["checks"]
    # whoever is drawn, perhaps a party of another test
    way, ends = VISIT if check["party"] == "agency" else CALL, {"conclusion": "总体合规"}
    act(case, BUREAU, check, "report", **way, happened_at=check["created_at"], finding="none")
    assert case.call(BUREAU, "POST", f"{path}/conclude", ends).code == "CHECKS_OPEN"
    act(case, FINANCE, check, "countersign", **AGREES)
    steps.expect(case.call(BUREAU, "POST", f"{path}/conclude", ends), 200)
    assert case.call(BUREAU, "POST", f"{path}/sign").code == "ROLE_REQUIRED"
    assert steps.expect(case.call(FINANCE, "POST", f"{path}/sign"), 200)["state"] == "signed"


@pytest.mark.clause("§3.4.2")
def test_an_agency_proves_an_activity_and_hands_its_contact_over(deployment: Deployment, case: AgencyCase) -> None:
    uscc, today, photo = case.agency.uscc, deployment.plan.today.isoformat(), event_photo(case.agency.uscc)
    event = {"kind": "training", "title": "服务券政策培训", "held_on": today, "place": "市民中心 3 楼"}
    body = {**event, "agency_uscc": uscc, "organiser": "市经信局", "firms_reached": 30}
    path = f"/activities/{steps.expect(case.call(case.person, 'POST', '/activities', body), 201)['activity_id']}"
    assert case.call(case.person, "POST", f"{path}/submit", {}).code == "DOCUMENTS_MISSING"
    steps.announce_and_upload(deployment.client, case.person, path, photo)
    steps.expect(case.call(case.person, "POST", f"{path}/submit", {}), 200)
    assert proof(deployment, path) == photo.content
    steps.expect(case.call(OPERATOR, "POST", f"{path}/review", {"decision": "confirm"}), 200)
    wait_until(lambda: any("活动已确认" in each["subject"] for each in deployment.inbox(uscc)))
    for name in ("专管员甲", "专管员乙"):
        contact = {"contact_name": name, "contact_phone": "0578-2091111", "contact_trained_on": today}
        steps.expect(case.call(case.person, "PATCH", f"/agencies/{uscc}/contact", contact), 200)
    shown = deployment.get(BUREAU, f"/agencies/{uscc}")
    assert (shown["activities"], shown["former_contacts"][-1]["name"]) == ({today[:4]: 1}, "专管员甲")
    assert deployment.get(None, f"/register/{uscc}")["contact_name"] == "专管员乙"


@pytest.mark.clause("§4.2.3")
def test_ratings_stay_and_everybody_reads_their_average(case: AgencyCase, delivered: Json) -> None:
    path = f"/orders/{delivered['order_id']}"
    assert case.call(case.owner, "POST", f"{path}/rating", {"score": 2}).code == "WRONG_STATE"
    steps.expect(case.call(case.owner, "POST", f"{path}/confirm"), 200)
    for each, score in ((f"/orders/{case.order['order_id']}", 5), (path, 2)):
        steps.expect(case.call(case.owner, "POST", f"{each}/rating", {"score": score}), 200)
    assert case.call(case.owner, "POST", f"{path}/rating", {"score": 1}).code == "ALREADY_EXISTS"
    shown = case.deployment.get(None, f"/register/{case.agency.uscc}")
    assert (shown["rating_average"], shown["rating_count"]) == (3.5, 2)
