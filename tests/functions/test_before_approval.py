"""A registration opens no book (§4.1.1, §3.2.1): until its first approval, whoever made it does nothing under its code
but register, and sees nothing else. What stands there is of others, or others have told it."""

import os
from typing import Any

import boto3
import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.support import samples
from tests.support.backend import World, function
from tests.support.calls.everything import Everything
from tests.support.contract import document
from tests.support.drafts import draft_key
from tests.support.list_scenario import apply_list, content_of, upload_list
from tests.support.relaying import relayed
from tests.support.scenario import OWNER, SELLER, STRANGER, Town
from tests.support.snapshots import everything_kept, trial, upload_again
from tests.support.workers import deliver, waiting
from voucher.store import keys
from voucher.store.engine.table import transact, update_write

ENTERPRISE = samples.enterprise(0)
# what an applicant does before anybody approved anything
REGISTERING = {
    *(
        f"{method} /{kind}/{{uscc}}{path}"
        for kind in ("enterprises", "agencies")
        for method, path in (
            ("GET", ""),
            ("PATCH", ""),
            ("PUT", ""),
            ("PATCH", "/contact"),
            ("PUT", "/contact"),
            ("POST", "/submit"),
            ("POST", "/withdraw"),
            ("POST", "/documents"),
            ("GET", "/documents"),
            ("DELETE", "/documents/{document_id}"),
        )
    ),
    # who is in it
    "GET /organisations/{uscc}/members",
    "POST /organisations/{uscc}/invitations",
    "POST /organisations/{uscc}/invitations/{invitation_id}/withdraw",
    "POST /organisations/{uscc}/members/{member_id}/remove",
    "GET /enterprises/{uscc}/eligibility",  # without what others said: see below
}
# nothing is found, or there is nothing in it; or an approval is asked for before anything is looked at
CLOSED = {"NOT_FOUND", "WRONG_STATE", "AGENCY_NOT_ACTIVE", "NOT_ELIGIBLE", "SOLD_OUT", "BATCH_CLOSED"}


def hand_over(kind: str, uscc: str, **changes: Any) -> None:
    """Somebody else registered the code anew, after the record of those who were approved was erased."""
    change = "SET #members = :members, #approved_at = :null, #state = :draft"
    key, values = keys.organisation(kind, uscc), {"members": [STRANGER.name], "draft": "draft"}
    transact([update_write("organisation", key, change, None, **values | changes)])


@pytest.mark.clause("§4.1.1")
@pytest.mark.clause("§3.2.1")
def test_no_call_opens_a_book_before_the_first_approval(everything: Everything, subtests: pytest.Subtests) -> None:
    upload_again("everything")
    town = everything.town
    hand_over("enterprise", town.enterprise.uscc)
    hand_over("agency", town.agency.uscc)
    tried = 0
    for route, call in everything.calls.items():
        method, path = route.split(" ", 1)
        callers = document()["paths"][path][method.lower()]["x-roles"]
        if call.person not in (OWNER, SELLER) or not any(each.startswith("members") for each in callers):
            continue
        if route in REGISTERING:
            continue
        tried += 1
        with subtests.test(route), trial():
            before = everything_kept()
            reply = town.world.call(STRANGER, method, call.path, call.body, call.key)
            assert reply.code in CLOSED if reply.code else (method, reply.body["items"]) == ("GET", [])
            assert everything_kept() == before
    assert tried > 30


def test_staff_reads_the_books_of_an_organisation_that_registers_anew(town: Town) -> None:
    town.grab()
    hand_over("enterprise", town.enterprise.uscc)
    path = f"/vouchers?enterprise_uscc={town.enterprise.uscc}"
    assert len(town.shown(path, OPERATOR)["items"]) == 1
    assert town.shown(path, STRANGER)["items"] == []


@pytest.mark.clause("§1.4a")
def test_results_show_no_name_that_a_stranger_gave_a_code(town: Town) -> None:
    town.grab()
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close"), 200)
    hand_over("enterprise", town.enterprise.uscc)
    [shown] = steps.expect(town.world.call(None, "GET", f"/batches/{town.batch_id}/results"), 200)["items"]
    assert shown["enterprise_name"] == town.enterprise.uscc


def test_before_an_approval_one_hears_of_the_own_registration_alone(town: Town) -> None:
    code = town.enterprise.uscc
    told = [(f"voucher:{town.voucher_id}", []), (f"enterprise:{code}", [OWNER.name])]
    for changes, heard in (({}, told), ({"approved_at": "2026-01-01T00:00:00.000Z"}, [(told[0][0], [OWNER.name])])):
        key, change = keys.enterprise(code), "SET #approved_at = :approved_at"
        transact([update_write("organisation", key, change, None, **{"approved_at": None} | changes)])
        for about, inboxes in heard:
            assert function("notify").inboxes_of("enterprise", code, about) == inboxes


@pytest.mark.clause("§2.1.3")
def test_a_violation_lets_nobody_into_the_entitlement_before_an_approval(town: Town) -> None:
    """An entitlement of before follows each fact about its enterprise, but not whoever registered its code since."""
    hand_over("enterprise", town.enterprise.uscc)
    breach = {"uscc": town.enterprise.uscc, "facts": "转让服务券"}
    steps.expect(town.world.call(BUREAU, "POST", "/violations", breach), 201)
    key = keys.entitlement(2026, town.enterprise.uscc)
    item = boto3.resource("dynamodb").Table(os.environ["VOUCHERS_TABLE"]).get_item(Key={"pk": key.pk, "sk": key.sk})
    assert (item["Item"]["qualified"], list(item["Item"]["members"])) == (False, [])


@pytest.mark.clause("§2.1.1")
@pytest.mark.clause("§2.1.3")
@pytest.mark.clause("§2.3.1")
def test_nobody_asks_for_lists_and_violations_by_registering_a_code(open_year: World) -> None:
    """The same answer for a clean firm and for one that is rated D, listed and has a violation."""
    path, body = f"/enterprises/{ENTERPRISE.uscc}/eligibility?year=2026", ENTERPRISE.registration()
    steps.expect(open_year.call(STRANGER, "POST", "/enterprises", body), 201)
    clean = steps.expect(open_year.call(STRANGER, "GET", path), 200)
    for kind in ("rated_d", "newly_above_scale"):
        apply_list(open_year, upload_list(open_year, content_of([ENTERPRISE.uscc]), kind))
    breach = {"uscc": ENTERPRISE.uscc, "facts": "转让服务券"}
    steps.expect(open_year.call(BUREAU, "POST", "/violations", breach), 201)
    assert steps.expect(open_year.call(STRANGER, "GET", path), 200) == clean
    assert not {"rated_d", "violation"} & {each["rule"] for each in clean["findings"]}
    shown = steps.expect(open_year.call(OPERATOR, "GET", path), 200)
    assert {each["rule"]: each["passed"] for each in shown["findings"]}["violation"] is False
    assert shown["quota_fen"] != clean["quota_fen"]


@pytest.mark.clause("§2.1.3")
def test_the_trail_tells_whoever_registers_of_their_own_registration_alone(world: World) -> None:
    breach, about = {"uscc": ENTERPRISE.uscc, "facts": "转让服务券"}, f"/audit?about=enterprise:{ENTERPRISE.uscc}"
    violation = steps.expect(world.call(BUREAU, "POST", "/violations", breach), 201)["violation_id"]
    record = keys.violation(violation)
    with relayed(draft_key("enterprise", ENTERPRISE.uscc, STRANGER), record):
        steps.expect(world.call(STRANGER, "POST", "/enterprises", ENTERPRISE.registration()), 201)
        lifted = world.call(Person("other", "bureau"), "POST", f"/violations/{violation}/lift", {"reason": "已整改"})
        steps.expect(lifted, 200)
    deliver("keep_audit", *waiting("keep_audit"))
    told = steps.expect(world.call(STRANGER, "GET", about), 200)["items"]
    assert [(each["action"], each["role"]) for each in told] == [("register", "user")]
    everything_told = steps.expect(world.call(BUREAU, "GET", about), 200)["items"]
    assert {each["action"] for each in everything_told} == {"register", "lift"}
