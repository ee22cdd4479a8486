"""Drafts of one credit code stand side by side; whoever submits first has the code (§3.2.1, §4.1.1)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from infra.city.document_files import DocumentFile, agency_documents, enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.store.test_conditions import tamper
from tests.support import samples
from tests.support.backend import World, function
from tests.support.drafts import draft_key
from tests.support.relaying import relayed
from tests.support.retention_scenario import files_stored, run_night
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.snapshots import everything_kept
from tests.support.workers import deliver, waiting
from voucher.models.base import instant_text
from voucher.policy import RETENTION
from voucher.refusals import Refusal, Refused
from voucher.store import keys, organisations

ENTERPRISE, AGENCY = samples.enterprise(0), samples.agency(0)
FIRST, SECOND, HELPER = Person("first"), Person("second"), Person("helper")
PARTY_OF = {"enterprises": "enterprise", "agencies": "agency"}
KINDS = pytest.mark.parametrize("kind", ["enterprises", "agencies"])
PATH = f"/enterprises/{ENTERPRISE.uscc}"
MEMBERS = f"/organisations/{ENTERPRISE.uscc}"


def body_of(kind: str) -> Json:
    """What registers the organisation."""
    return ENTERPRISE.registration() if kind == "enterprises" else AGENCY.application()


def path_of(kind: str) -> str:
    return f"/{kind}/{body_of(kind)['uscc']}"


def papers_of(kind: str) -> Iterable[DocumentFile]:
    """All that is to be handed in."""
    return enterprise_documents(ENTERPRISE, TODAY) if kind == "enterprises" else agency_documents(AGENCY, TODAY)


def draft(world: World, person: Person, kind: str = "enterprises", **changes: object) -> Json:
    """Somebody's draft, with all its papers."""
    drafted = steps.expect(world.call(person, "POST", f"/{kind}", body_of(kind) | changes), 201)
    for file in papers_of(kind):
        steps.announce_and_upload(world, person, path_of(kind), file)
    return drafted


def submit(world: World, person: Person, kind: str = "enterprises") -> Reply:
    return world.call(person, "POST", f"{path_of(kind)}/submit")


def shown(world: World, person: Person, kind: str = "enterprises", query: str = "") -> Json:
    """The registration as somebody sees it."""
    found: Json = steps.expect(world.call(person, "GET", f"{path_of(kind)}{query}"), 200)
    return found


@KINDS
@pytest.mark.clause("§4.1.1")
@pytest.mark.clause("§3.2.1")
def test_a_code_is_taken_by_nobody_until_one_of_its_drafts_is_submitted(world: World, kind: str) -> None:
    draft(world, FIRST, kind, name="甲")
    draft(world, SECOND, kind, name="乙")
    for person, name in ((FIRST, "甲"), (SECOND, "乙")):
        seen = shown(world, person, kind)
        assert (seen["name"], seen["state"], seen["code_taken"]) == (name, "draft", False)
    steps.expect(world.call(SECOND, "PATCH", path_of(kind), {"name": "丙"}), 200)
    assert (shown(world, FIRST, kind)["name"], shown(world, SECOND, kind)["name"]) == ("甲", "丙")
    steps.expect(submit(world, SECOND, kind), 200)
    assert (shown(world, SECOND, kind)["state"], shown(world, SECOND, kind)["code_taken"]) == ("submitted", False)
    assert (shown(world, FIRST, kind)["state"], shown(world, FIRST, kind)["code_taken"]) == ("draft", True)
    before = everything_kept()
    refused = submit(world, FIRST, kind)
    assert (refused.status, refused.code) == (409, "ALREADY_REGISTERED")
    assert "认领" in refused.body["detail"] and everything_kept() == before
    assert world.call(HELPER, "POST", f"/{kind}", body_of(kind)).code == "ALREADY_REGISTERED"
    found = {each["uscc"] for each in steps.expect(world.call(FIRST, "GET", "/me"), 200)["organisations"]}
    assert found == {body_of(kind)["uscc"]}


@KINDS
@pytest.mark.clause("§4.1.1")
@pytest.mark.clause("§3.2.1")
@pytest.mark.parametrize("is_taken", [True, False])
def test_the_write_of_a_submission_overlooks_no_other_one_and_no_correction(
    world: World, kind: str, is_taken: bool
) -> None:
    draft(world, FIRST, kind)
    draft(world, SECOND, kind)
    old = organisations.find(PARTY_OF[kind], body_of(kind)["uscc"], FIRST.name)
    assert old is not None
    new = old.model_copy(update={"state": "submitted", "version": old.version + 1})
    correction = {"name": "丙"}
    quicker = submit(world, SECOND, kind) if is_taken else world.call(FIRST, "PATCH", path_of(kind), correction)
    steps.expect(quicker, 200)
    before = everything_kept()
    with pytest.raises(Refused) as no:
        organisations.commit_step(old, new)
    assert no.value.refusal is (Refusal.ALREADY_REGISTERED if is_taken else Refusal.CHANGED_MEANWHILE)
    assert everything_kept() == before


@KINDS
def test_each_draft_has_its_own_papers_and_they_follow_its_submission(world: World, kind: str) -> None:
    listed = {}
    for person in (FIRST, SECOND):
        draft(world, person, kind)
        items = steps.expect(world.call(person, "GET", f"{path_of(kind)}/documents"), 200)["items"]
        listed[person.name] = {each["document_id"] for each in items}
        foreign = f"{path_of(kind)}/documents/{min(listed[FIRST.name])}"
        assert world.call(person, "DELETE", foreign).status == (200 if person is FIRST else 404)
    assert not listed[FIRST.name] & listed[SECOND.name]
    steps.expect(submit(world, SECOND, kind), 200)
    items = steps.expect(world.call(OPERATOR, "GET", f"{path_of(kind)}/documents"), 200)["items"]
    assert {each["document_id"] for each in items} == listed[SECOND.name]
    assert {each["state"] for each in items} == {"accepted"}


@KINDS
def test_a_submission_that_is_withdrawn_gives_the_code_back(world: World, kind: str) -> None:
    draft(world, FIRST, kind)
    draft(world, SECOND, kind)
    steps.expect(submit(world, FIRST, kind), 200)
    withdrawn = steps.expect(world.call(FIRST, "POST", f"{path_of(kind)}/withdraw"), 200)
    assert world.call(FIRST, "POST", f"{path_of(kind)}/withdraw").body == withdrawn
    steps.expect(submit(world, SECOND, kind), 200)
    assert submit(world, FIRST, kind).code == "ALREADY_REGISTERED"
    steps.expect(world.call(SECOND, "POST", f"{path_of(kind)}/withdraw"), 200)
    assert steps.expect(submit(world, FIRST, kind), 200)["version"] == withdrawn["version"] + 1


@KINDS
def test_staff_sees_the_newest_draft_of_a_code_and_each_by_its_id(
    world: World, stopped_clock: StoppedClock, kind: str
) -> None:
    first = draft(world, FIRST, kind, name="甲")
    stopped_clock.instant += timedelta(minutes=1)
    second = draft(world, SECOND, kind, name="乙")
    assert shown(world, OPERATOR, kind)["name"] == "乙"
    for drafted in (first, second):
        query = f"?draft_id={drafted['draft_id']}"
        assert shown(world, OPERATOR, kind, query)["name"] == drafted["name"]
        items = world.call(OPERATOR, "GET", f"{path_of(kind)}/documents{query}").body["items"]
        assert len(items) == len(list(papers_of(kind)))
        # to anybody else it says nothing
        assert shown(world, FIRST, kind, query)["name"] == "甲"
    assert world.call(OPERATOR, "GET", f"{path_of(kind)}?draft_id=x").status == 404
    members = world.call(OPERATOR, "GET", f"/organisations/{body_of(kind)['uscc']}/members").body
    assert (members["kind"], len(members["items"])) == (first["allowed_actions"][0]["by"], 1)
    listed = steps.expect(world.call(OPERATOR, "GET", f"/{kind}?state=draft"), 200)["items"]
    assert {each["draft_id"] for each in listed} == {first["draft_id"], second["draft_id"]}
    steps.expect(submit(world, FIRST, kind), 200)
    assert shown(world, OPERATOR, kind)["name"] == "甲"
    assert shown(world, OPERATOR, kind, f"?draft_id={first['draft_id']}")["state"] == "submitted"
    assert world.call(HELPER, "GET", path_of(kind)).status == 404


def test_who_is_invited_to_a_draft_helps_with_it_alone(world: World) -> None:
    draft(world, FIRST, name="甲")
    draft(world, SECOND, name="乙")
    place = f"/organisations/{ENTERPRISE.uscc}"
    code = steps.expect(world.call(FIRST, "POST", f"{place}/invitations", {"role": "handler"}, key="i"), 201)["code"]
    refused = world.call(SECOND, "POST", "/invitations/accept", {"code": code})
    assert (refused.status, refused.code) == (409, "ALREADY_DRAFTED"), "nobody is in two drafts of one code"
    steps.expect(world.call(HELPER, "POST", "/invitations/accept", {"code": code}), 200)
    assert (shown(world, HELPER)["name"], shown(world, SECOND)["name"]) == ("甲", "乙")
    assert world.call(HELPER, "POST", "/enterprises", ENTERPRISE.registration()).code == "ALREADY_DRAFTED"
    members = steps.expect(world.call(SECOND, "GET", f"{place}/members"), 200)["items"]
    assert len(members) == 1
    steps.expect(submit(world, HELPER), 200)
    assert shown(world, FIRST)["state"] == shown(world, HELPER)["state"] == "submitted"


def test_who_leaves_a_draft_may_draft_the_code_again_and_hears_that_they_left(
    world: World, stopped_clock: StoppedClock
) -> None:
    draft(world, FIRST, name="甲")
    place = f"/organisations/{ENTERPRISE.uscc}"
    code = steps.expect(world.call(FIRST, "POST", f"{place}/invitations", {"role": "owner"}, key="i"), 201)["code"]
    steps.expect(world.call(SECOND, "POST", "/invitations/accept", {"code": code}), 200)
    for _ in range(2):
        steps.expect(world.call(FIRST, "POST", f"{place}/leave"), 200)
    assert world.call(FIRST, "GET", PATH).status == 404
    stopped_clock.instant += timedelta(milliseconds=1)
    drafted = steps.expect(world.call(FIRST, "POST", "/enterprises", ENTERPRISE.registration() | {"name": "丙"}), 201)
    assert (drafted["name"], shown(world, FIRST)["name"], shown(world, SECOND)["name"]) == ("丙", "丙", "甲")


def test_whoever_lost_the_code_may_join_what_has_it_and_sees_that(world: World) -> None:
    draft(world, FIRST, name="甲")
    draft(world, SECOND, name="乙")
    steps.expect(submit(world, FIRST), 200)
    place = f"/organisations/{ENTERPRISE.uscc}"
    code = steps.expect(world.call(FIRST, "POST", f"{place}/invitations", {"role": "handler"}, key="i"), 201)["code"]
    steps.expect(world.call(SECOND, "POST", "/invitations/accept", {"code": code}), 200)
    assert shown(world, SECOND)["name"] == "甲"
    me = steps.expect(world.call(SECOND, "GET", "/me"), 200)["organisations"]
    assert me == [{"kind": "enterprise", "uscc": ENTERPRISE.uscc}]


@KINDS
def test_a_draft_lapses_alone_with_its_papers_and_its_people(
    world: World, stopped_clock: StoppedClock, kind: str
) -> None:
    draft(world, FIRST, kind, name="甲")
    steps.expect(submit(world, FIRST, kind), 200)
    stopped_clock.instant += timedelta(minutes=1)
    kept = set(files_stored())
    steps.expect(world.call(FIRST, "POST", f"{path_of(kind)}/withdraw"), 200)
    draft(world, SECOND, kind, name="乙", contact_name="乙联系人")
    steps.expect(submit(world, FIRST, kind), 200)
    run_night(stopped_clock, stopped_clock.instant + timedelta(days=RETENTION.draft_days))
    assert world.call(SECOND, "GET", path_of(kind)).status == 404
    assert set(files_stored()) == kept
    assert shown(world, FIRST, kind)["name"] == "甲"
    assert "乙联系人" not in f"{everything_kept()}"
    run_night(stopped_clock, stopped_clock.instant + timedelta(days=1))
    assert SECOND.name not in f"{everything_kept()['registry']}"
    assert submit(world, SECOND, kind).status == 404
    items = steps.expect(world.call(OPERATOR, "GET", f"{path_of(kind)}/documents"), 200)["items"]
    assert {each["state"] for each in items} == {"accepted"}


def beside(organisation: organisations.Organisation | None, begun: datetime) -> None:
    """Somebody's draft of a code that another one has since, begun at some instant."""
    assert organisation is not None
    made = {"created_by": SECOND.name, "created_at": begun, "members": frozenset({SECOND.name})}
    draft_of_it = {"draft_id": "D2", "state": "draft", "approved_at": None, "submission": {}}
    organisations.commit_registration(organisation.model_copy(update=made | draft_of_it), 9)


@pytest.mark.clause("§4.1.3")
def test_a_draft_that_lapses_takes_nothing_of_whoever_has_the_code(town: Town, stopped_clock: StoppedClock) -> None:
    world, code, agency = town.world, town.enterprise.uscc, town.agency.uscc
    tomorrow = stopped_clock.instant + timedelta(days=1)
    beside(organisations.find_enterprise(code), tomorrow)
    beside(organisations.find_agency(agency), tomorrow)
    tamper(keys.account(agency), fingerprint="f00d")
    report = {"happened_on": TODAY.isoformat(), "description": "更名"}
    steps.expect(world.call(OWNER, "POST", f"/enterprises/{code}/changes", report), 201)
    run_night(stopped_clock, tomorrow + timedelta(days=RETENTION.draft_days + 2))
    [change] = steps.expect(world.call(OWNER, "GET", f"/enterprises/{code}/changes"), 200)["items"]
    assert change["description"] == "更名"
    assert "f00d" in f"{everything_kept()['settlements']}"
    for kind, uscc in (("enterprise", code), ("agency", agency)):
        lapsed = organisations.find_registration(kind, uscc, "D2")
        assert lapsed is not None and lapsed.erased_at is not None


@pytest.mark.clause("§3.2.3")
def test_a_draft_shows_nothing_of_how_the_agency_did_that_has_the_code(town: Town) -> None:
    path, ratings = f"/agencies/{town.agency.uscc}", keys.agency_ratings(town.agency.uscc)
    beside(organisations.find_agency(town.agency.uscc), NOW)
    tamper(ratings, rating_count=2, rating_sum=8)
    assert steps.expect(town.world.call(SELLER, "GET", path), 200)["rating_count"] == 2
    shown_to_others = steps.expect(town.world.call(SECOND, "GET", path), 200)
    assert (shown_to_others["rating_count"], shown_to_others["code_taken"]) == (0, True)


@pytest.mark.clause("§4.1.3")
def test_the_code_of_an_erased_enterprise_is_taken_once_it_was_cleaned(
    world: World, stopped_clock: StoppedClock
) -> None:
    """The erased record alone tells where a broken run left its papers."""
    draft(world, FIRST)
    steps.expect(submit(world, FIRST), 200)
    long_ago = {"approved_at": "2020-01-01T00:00:00.000Z", "erased_at": instant_text(stopped_clock.instant)}
    tamper(keys.enterprise(ENTERPRISE.uscc), members=[], state="disqualified", **long_ago)
    draft(world, SECOND)
    stopped_clock.instant += timedelta(days=RETENTION.cleaning_days, milliseconds=-1)
    assert submit(world, SECOND).code == "CODE_FREE_TOMORROW"
    stopped_clock.instant += timedelta(milliseconds=2)
    assert steps.expect(submit(world, SECOND), 200)["state"] == "submitted"


def test_the_trail_tells_each_registration_of_a_code_its_own_steps(world: World) -> None:
    drafts = [draft_key("enterprise", ENTERPRISE.uscc, person) for person in (FIRST, SECOND)]
    code = keys.enterprise(ENTERPRISE.uscc)
    with relayed(*drafts, code):
        draft(world, FIRST)
    with relayed(*drafts, code):
        draft(world, SECOND)
    with relayed(*drafts, code):
        steps.expect(submit(world, FIRST), 200)
    shown(world, SECOND)
    deliver("keep_audit", *waiting("keep_audit"))
    about = f"/audit?about=enterprise:{ENTERPRISE.uscc}"
    told = {
        person.name: [
            (each["by"], each["action"]) for each in steps.expect(world.call(person, "GET", about), 200)["items"]
        ]
        for person in (FIRST, SECOND, BUREAU)
    }
    assert set(told[FIRST.name]) == {(FIRST.name, "register"), (FIRST.name, "submit")}
    assert set(told[SECOND.name]) == {(SECOND.name, "register"), (SECOND.name, "read")}
    assert set(told[BUREAU.name]) == set(told[FIRST.name]) | set(told[SECOND.name])


def test_who_drafts_a_code_hears_nothing_of_whoever_has_it(world: World) -> None:
    draft(world, FIRST)
    draft(world, SECOND)
    steps.expect(submit(world, FIRST), 200)
    review = {"decision": "return", "reasons": ["请补充"]}
    with relayed(keys.enterprise(ENTERPRISE.uscc)):
        steps.expect(world.call(OPERATOR, "POST", f"{PATH}/review", review), 200)
    assert function("notify").inboxes_of("enterprise", ENTERPRISE.uscc, f"enterprise:{ENTERPRISE.uscc}") == [FIRST.name]
    assert steps.expect(world.call(FIRST, "GET", "/inbox"), 200)["items"]
    assert steps.expect(world.call(SECOND, "GET", "/inbox"), 200)["items"] == []
    tasks = f"/tasks?organisation={ENTERPRISE.uscc}"
    assert [each["kind"] for each in world.call(FIRST, "GET", tasks).body["items"]] == ["correct_enterprise"]
    assert steps.expect(world.call(SECOND, "GET", tasks), 200)["items"] == []


def test_who_left_a_draft_behind_keeps_their_place_whoever_has_it_now(world: World) -> None:
    """They act for what has the code; the draft that they began cannot take that off their list."""
    draft(world, FIRST)
    draft(world, SECOND)
    invitation = steps.expect(world.call(SECOND, "POST", f"{MEMBERS}/invitations", {"role": "owner"}), 201)
    steps.expect(world.call(HELPER, "POST", "/invitations/accept", {"code": invitation["code"]}), 200)
    steps.expect(submit(world, FIRST), 200)
    invitation = steps.expect(world.call(FIRST, "POST", f"{MEMBERS}/invitations", {"role": "handler"}), 201)
    steps.expect(world.call(SECOND, "POST", "/invitations/accept", {"code": invitation["code"]}), 200)
    known = steps.expect(world.call(HELPER, "GET", f"{MEMBERS}/members"), 200)["items"]
    [left] = [each["member_id"] for each in known if not each["is_caller"]]
    steps.expect(world.call(HELPER, "POST", f"{MEMBERS}/members/{left}/remove"), 200)
    me = steps.expect(world.call(SECOND, "GET", "/me"), 200)["organisations"]
    assert me == [{"kind": "enterprise", "uscc": ENTERPRISE.uscc}]
    assert shown(world, SECOND)["state"] == "submitted"
