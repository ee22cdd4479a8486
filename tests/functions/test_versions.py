"""Two people who edit or decide on the same record see each other: whoever names the version that was seen, and is not
the latest, is refused."""

import json
from typing import Any

import pytest

from infra.city.document_files import agency_documents, enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.functions.test_bad_input import EVERY, WRITING, check_problem, send
from tests.support import samples
from tests.support.backend import World
from tests.support.calls.everything import Everything
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, answer_removal
from tests.support.snapshots import everything_kept, upload_again

CORRECTED = (
    "enterprises/{uscc}",
    "enterprises/{uscc}/contact",
    "agencies/{uscc}",
    "agencies/{uscc}/contact",
    "products/{product_id}",
    "programmes/{year}",
)
VERSIONED = {
    *(f"{method} /{path}" for path in CORRECTED for method in ("PATCH", "PUT")),
    "PUT /settlements/{settlement_id}/lines/{order_id}",
    "POST /enterprises/{uscc}/review",
    "POST /enterprises/{uscc}/disqualify/approve",
    "POST /enterprises/{uscc}/revoke",
    "POST /agencies/{uscc}/revoke",
    "POST /agencies/{uscc}/pre-review",
    "POST /agencies/{uscc}/approve",
    "POST /agencies/{uscc}/renew",
    "POST /agencies/{uscc}/removal/approve",
    "POST /enterprises/{uscc}/changes/{change_id}/review",
    "POST /agencies/{uscc}/changes/{change_id}/review",
    "POST /claims/{claim_id}/review",
    "POST /claims/{claim_id}/decision",
    "POST /activities/{activity_id}/review",
    "POST /checks/{check_id}/report",
    "POST /checks/{check_id}/countersign",
    "POST /checks/{check_id}/follow-up",
    "POST /checks/{check_id}/decision",
    "POST /inspections/{inspection_id}/conclude",
    "POST /letters/{letter_id}/answer",
    "POST /letters/{letter_id}/hand-over",
    "POST /complaints/{complaint_id}/review",
    "POST /complaints/{complaint_id}/steps",
    "POST /complaints/{complaint_id}/reply",
    "POST /complaints/{complaint_id}/escalate",
    "POST /complaints/{complaint_id}/decision",
    "POST /products/{product_id}/publish",
    "POST /programmes/{year}/confirm",
    "PATCH /batches/{batch_id}",
    "PUT /batches/{batch_id}",
    "POST /batches/{batch_id}/withdraw",
    "POST /batches/{batch_id}/publish",
    "POST /orders/{order_id}/accept",
    "POST /orders/{order_id}/contract/acknowledge",
    "POST /orders/{order_id}/cancellation/review",
    "POST /orders/{order_id}/decision",
    "POST /settlements/{settlement_id}/pre-review",
    "POST /settlements/{settlement_id}/lines/{order_id}/subsidy",
    "POST /rounds/{round_id}/approve",
    "POST /objections/{objection_id}/resolve",
}
# the accepted call of these comes after another one, which the shared town has not seen
IN_ANOTHER_STATE = {
    "POST /orders/{order_id}/contract/acknowledge",
    "POST /enterprises/{uscc}/disqualify/approve",
    "POST /enterprises/{uscc}/review",
    "POST /agencies/{uscc}/pre-review",
    "POST /agencies/{uscc}/approve",
    "POST /agencies/{uscc}/renew",
    "POST /agencies/{uscc}/removal/approve",
}


def takes_version(everything: Everything, name: str) -> bool:
    """True if the body of a route may name a version."""
    [error] = send(everything, name, json.dumps({**(everything.calls[name].body or {}), "unheard_of": 1})).body[
        "errors"
    ]
    return "version" in error["allowed"]


def test_every_edit_and_every_decision_may_name_the_version_that_was_seen(everything: Everything) -> None:
    assert {name for name in WRITING if takes_version(everything, name)} == VERSIONED


@pytest.mark.parametrize("name", sorted(VERSIONED - IN_ANOTHER_STATE))
def test_another_version_than_the_latest_is_refused_and_nothing_is_written(everything: Everything, name: str) -> None:
    upload_again("everything")
    before, call = everything_kept(), everything.calls[name]
    body = {**(call.body or {}), "version": 999_999}
    reply = everything.town.world.call(call.person, EVERY[name].method, call.path, body, call.key)
    check_problem(reply, 409)
    assert reply.code == "CHANGED_MEANWHILE"
    [error] = reply.body["errors"]
    assert (error["field"], error["code"]) == ("version", "changed")
    [latest] = error["allowed"]
    assert latest.isdecimal() and f"现在是第 {latest} 版" in error["message"]
    assert everything_kept() == before


ENTERPRISE, AGENCY = samples.enterprise(0), samples.agency(0)


def test_of_two_editors_who_saw_the_same_version_the_second_is_told(open_year: World) -> None:
    path = f"/enterprises/{ENTERPRISE.uscc}"
    seen = steps.expect(open_year.call(OWNER, "POST", "/enterprises", ENTERPRISE.registration()), 201)["version"]
    edit = {"name": "新名称", "version": seen}
    first, again = (open_year.call(OWNER, "PATCH", path, edit) for _ in range(2))
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert again.headers["idempotent-replay"] == "true"
    second = open_year.call(OWNER, "PATCH", path, {"employees": 3, "version": seen})
    assert (second.code, second.body["errors"][0]["allowed"]) == ("CHANGED_MEANWHILE", [str(first.body["version"])])
    shown = open_year.call(OWNER, "GET", path).body
    assert (shown["name"], shown["employees"]) == ("新名称", ENTERPRISE.registration()["employees"])
    steps.expect(open_year.call(OWNER, "PATCH", path, {"employees": 3, "version": first.body["version"]}), 200)


def decide(world: World, person: Person, path: str, seen: int, **decision: Any) -> Json:
    """A decision on the version before, which is refused, and on the latest, which is taken."""
    body = {"decision": "approve", **decision}
    assert world.call(person, "POST", path, {**body, "version": seen - 1}).code == "CHANGED_MEANWHILE"
    return steps.expect(world.call(person, "POST", path, {**body, "version": seen}), 200)


@pytest.mark.clause("§4.1.2")
def test_an_enterprise_is_reviewed_in_the_version_that_was_seen(open_year: World) -> None:
    documents = enterprise_documents(ENTERPRISE, TODAY)
    record = steps.register_enterprise(open_year, OWNER, ENTERPRISE.registration(), documents)
    decide(open_year, OPERATOR, f"/enterprises/{ENTERPRISE.uscc}/review", record["version"], reasons=[])


@pytest.mark.clause("§3.2.2")
def test_an_agency_is_approved_renewed_and_removed_in_the_version_that_was_seen(
    open_year: World, stopped_clock: StoppedClock
) -> None:
    path, documents = f"/agencies/{AGENCY.uscc}", agency_documents(AGENCY, TODAY)
    record = steps.apply_agency(open_year, SELLER, AGENCY.application(), documents)
    for person, step in ((OPERATOR, "pre-review"), (BUREAU, "approve")):
        record = decide(open_year, person, f"{path}/{step}", record["version"], reasons=["材料齐全"])
    assert open_year.call(SELLER, "POST", f"{path}/renew", {"version": 1}).code == "CHANGED_MEANWHILE"
    steps.expect(open_year.call(OPERATOR, "POST", f"{path}/removal", {"reason": "拒收服务券"}), 200)
    answered = answer_removal(open_year, AGENCY.uscc)
    decide(open_year, BUREAU, f"{path}/removal/approve", answered["version"])
