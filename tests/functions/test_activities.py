"""§3.4.2: what agencies do for the vouchers beside their orders, and who of them was trained for it."""

from typing import Any

import pytest

from infra.city.document_files import DocumentFile
from infra.city.documents import jpeg
from infra.client import steps
from infra.client.http import OPERATOR, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.support import samples
from tests.support.backend import function
from tests.support.relaying import relayed, subjects
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, RIVAL, SELLER, Json, Town, admit
from voucher.store import activities, keys
from voucher.store.engine.table import transact, update_write

COLLEAGUE = Person("colleague")
PHOTO = DocumentFile("event_photo", "现场.jpg", "image/jpeg", jpeg("现场"))


def begin(town: Town, person: Person = SELLER, agency_uscc: str = "", **changes: Any) -> Reply:
    """An agency names an event."""
    event = {"kind": "training", "title": "服务券政策培训", "held_on": TODAY.isoformat(), "place": "市民中心 3 楼"}
    whose = {"agency_uscc": agency_uscc or town.agency.uscc, "organiser": "市经信局", "firms_reached": 30}
    return town.world.call(person, "POST", "/activities", {**event, **whose, **changes})


def act(town: Town, activity: Json, step: str, person: Person = SELLER, **body: Any) -> Reply:
    """One step on an activity."""
    return town.world.call(person, "POST", f"/activities/{activity['activity_id']}/{step}", body)


def handed_in(town: Town, **changes: Any) -> Json:
    """An activity with a photo, before the operator."""
    activity = steps.expect(begin(town, **changes), 201)
    steps.announce_and_upload(town.world, SELLER, f"/activities/{activity['activity_id']}", PHOTO)
    return steps.expect(act(town, activity, "submit"), 200)


@pytest.mark.clause("§3.4.2")
def test_a_confirmed_activity_counts_for_its_year_before_whoever_renews_the_agency(town: Town) -> None:
    first, second = handed_in(town), handed_in(town, kind="livestream", place=None, link="https://live.example/1")
    agency = f"/agencies/{town.agency.uscc}"
    assert town.shown(agency)["activities"] == {}
    with relayed(keys.activity(first["activity_id"])):
        steps.expect(act(town, first, "review", OPERATOR, decision="confirm"), 200)
    assert "上报的活动已确认，计入本年度活动。" in subjects(town.world, SELLER)
    assert town.shown(agency)["activities"] == {"2026": 1}
    assert [each.activity_id for each in activities.list_of_year(2026)] == [first["activity_id"]]
    kinds = [each["kind"] for each in town.shown("/tasks?role=platform")["items"]]
    assert kinds.count("review_activity") == 1
    steps.expect(act(town, first, "cancel", reason="误报"), 200)
    assert town.shown(agency)["activities"] == {}
    assert second["state"] == "submitted"


@pytest.mark.clause("§3.4.2")
def test_an_agency_claims_an_event_once_and_others_claim_it_beside_it(town: Town) -> None:
    mine = begin(town)
    again = begin(town)
    assert (mine.status, again.status, again.headers["idempotent-replay"]) == (201, 200, "true")
    for same in ({"title": "另一标题"}, {"place": "市民中心３楼"}):
        assert begin(town, **same).code == "ALREADY_EXISTS"
    other = samples.agency(9)
    admit(town.world, other, RIVAL)
    theirs = steps.expect(begin(town, RIVAL, other.uscc), 201)
    assert (theirs["event_id"], theirs["activity_id"] == mine.body["activity_id"]) == (mine.body["event_id"], False)
    listed = town.shown(f"/activities?event_id={theirs['event_id']}")["items"]
    assert sorted(each["agency_uscc"] for each in listed) == sorted((town.agency.uscc, other.uscc))
    assert begin(town, RIVAL).code == "NOT_FOUND"


@pytest.mark.clause("§3.4.2")
def test_an_activity_is_handed_in_with_proof_once_it_was_held(town: Town, stopped_clock: StoppedClock) -> None:
    planned = steps.expect(begin(town, held_on="2026-06-20"), 201)
    assert act(town, planned, "submit").code == "ACTIVITY_NOT_HELD"
    stopped_clock.instant = NOW.replace(day=20)
    assert act(town, planned, "submit").code == "DOCUMENTS_MISSING"
    steps.announce_and_upload(town.world, SELLER, f"/activities/{planned['activity_id']}", PHOTO)
    done = steps.expect(act(town, planned, "submit", firms_reached=12), 200)
    assert (done["state"], done["firms_reached"], len(done["document_ids"])) == ("submitted", 12, 1)
    [paper] = town.shown(f"/activities/{planned['activity_id']}/documents")["items"]
    assert (paper["state"], paper["download_name"][:7]) == ("accepted", "活动照片或截图")
    assert begin(town, place=None).code == "MALFORMED"


@pytest.mark.clause("§3.4.2")
def test_a_returned_activity_is_completed_and_a_cancelled_one_is_over(town: Town) -> None:
    activity = handed_in(town)
    assert act(town, activity, "review", OPERATOR, decision="return").code == "MALFORMED"
    back = steps.expect(act(town, activity, "review", OPERATOR, decision="return", reason="无签到表"), 200)
    assert (back["state"], back["review_reason"]) == ("returned", "无签到表")
    steps.expect(act(town, activity, "submit"), 200)
    gone = steps.expect(act(town, activity, "cancel", reason="活动取消"), 200)
    assert gone["state"] == "cancelled"
    assert act(town, activity, "review", OPERATOR, decision="confirm").code == "WRONG_STATE"


@pytest.mark.clause("§3.4.2")
def test_a_member_of_the_agency_does_not_confirm_its_activity(town: Town) -> None:
    """Whether or not that member handed it in."""
    activity, member = handed_in(town), Person(COLLEAGUE.name, "platform")
    whose, members = keys.agency(town.agency.uscc), [SELLER.name, COLLEAGUE.name]
    transact([update_write("members", whose, "SET #members = :members", None, members=members)])
    assert act(town, activity, "review", member, decision="confirm").code == "FOUR_EYES"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function("activities"), "check_four_eyes", lambda *_, **__: None)
        assert act(town, activity, "review", member, decision="confirm").code == "CHANGED_MEANWHILE"


@pytest.mark.clause("§3.4.2")
def test_a_new_contact_person_takes_over_on_record_and_is_trained_anew(town: Town) -> None:
    path = f"/agencies/{town.agency.uscc}/contact"

    def edited(**contact: str) -> Json:
        return steps.expect(town.world.call(SELLER, "PATCH", path, contact), 200)

    first = edited(contact_name="专管员甲", contact_phone="0578-2091111", contact_trained_on="2026-05-06")
    assert (first["contact_since"], first["contact_trained_on"]) == (TODAY.isoformat(), "2026-05-06")
    second = edited(contact_name="专管员乙")
    assert (second["contact_trained_on"], second["contact_since"]) == (None, TODAY.isoformat())
    assert second["former_contacts"][-1] == {
        "name": "专管员甲",
        "since": TODAY.isoformat(),
        "until": TODAY.isoformat(),
    }
    assert edited(contact_trained_on="2026-06-15")["contact_trained_on"] == "2026-06-15"
    assert len(edited(contact_phone="0578-2092222")["former_contacts"]) == len(second["former_contacts"])
    late = {"contact_trained_on": "2026-06-16"}
    [error] = town.world.call(SELLER, "PATCH", path, late).body["errors"]
    assert (error["field"], error["code"], error["max"]) == ("contact_trained_on", "too_large", "2026-06-15")
    [listed] = town.shown("/agencies?state=active")["items"]
    assert listed["former_contacts"] == []


@pytest.mark.clause("§3.4.2")
def test_an_enterprise_with_an_order_sees_the_agencys_contact_person(town: Town) -> None:
    path = f"/agencies/{town.agency.uscc}/contact"
    new = {"contact_name": "专管员丙", "contact_phone": "0578-2093333"}
    steps.expect(town.world.call(SELLER, "PATCH", path, new), 200)
    town.grab()
    order = town.advance(town.order(), "accept")
    assert town.shown(f"/orders/{order['order_id']}", OWNER)["agency_contact"] == new
