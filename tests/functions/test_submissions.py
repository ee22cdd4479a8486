"""What an applicant sees of its documents, which of them it takes back, and how it withdraws a submission (§4.1.1)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from infra.city.document_files import DocumentFile, agency_documents, enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import World
from tests.support.retention_scenario import run_night
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town
from tests.support.settlement_scenario import opened
from tests.support.snapshots import everything_kept
from voucher.edge import documents

ENTERPRISE, AGENCY = samples.enterprise(0), samples.agency(0)
FILES = tuple(enterprise_documents(ENTERPRISE, TODAY))
PATH = f"/enterprises/{ENTERPRISE.uscc}"
TEXT = b"just words"


@pytest.fixture
def draft(world: World) -> World:
    """An enterprise registered, without documents."""
    steps.expect(world.call(OWNER, "POST", "/enterprises", ENTERPRISE.registration()), 201)
    return world


def listed(world: World, person: Person = OWNER, path: str = PATH) -> list[Json]:
    """The documents as their list shows them."""
    items: list[Json] = steps.expect(world.call(person, "GET", f"{path}/documents"), 200)["items"]
    return items


def announced(world: World, file: DocumentFile = FILES[0], key: str | None = None) -> Json:
    """A document that is announced and not uploaded."""
    body = {"kind": file.kind, "filename": file.filename, "content_type": file.content_type, "size_bytes": 9}
    return steps.expect(world.call(OWNER, "POST", f"{PATH}/documents", body, key), 201)


def submit_all(world: World) -> None:
    """Upload every document, and submit."""
    for file in FILES:
        steps.announce_and_upload(world, OWNER, PATH, file)
    steps.expect(world.call(OWNER, "POST", f"{PATH}/submit"), 200)


@pytest.mark.clause("§4.1.1")
def test_each_announced_document_is_shown_with_its_state_the_newest_first(
    draft: World, stopped_clock: StoppedClock
) -> None:
    announced(draft)
    for content in (None, TEXT):
        stopped_clock.instant += timedelta(minutes=1)
        file = FILES[1] if content is None else replace(FILES[2], content=content)
        steps.announce_and_upload(draft, OWNER, PATH, file)
    broken, arrived, waiting = listed(draft)
    assert [each["state"] for each in (broken, arrived, waiting)] == ["unreadable", "arrived", "announced"]
    assert [each["kind"] for each in (broken, arrived, waiting)] == [FILES[2].kind, FILES[1].kind, FILES[0].kind]
    assert (waiting["size_bytes"], waiting["created_at"]) == (9, "2026-06-15T02:00:00.000Z")
    assert "类型" in broken["reason"] and arrived["reason"] is waiting["reason"] is None
    shown = steps.expect(draft.call(OWNER, "GET", PATH), 200)["documents"]
    assert [each["state"] for each in shown] == ["unreadable", "arrived", "announced"]


@pytest.mark.clause("§3.4.3")
def test_staff_reads_what_was_submitted_and_the_applicant_what_has_arrived_too(draft: World) -> None:
    steps.announce_and_upload(draft, OWNER, PATH, FILES[0])
    assert [each["url"] is None for each in listed(draft)] == [False]
    assert [each["url"] for each in listed(draft, OPERATOR)] == [None]
    submit_all(draft)
    for person in (OWNER, OPERATOR):
        assert {(each["state"], each["url"] is None) for each in listed(draft, person)} == {("accepted", False)}


@pytest.mark.clause("§4.1.1")
def test_a_refused_submission_tells_unreadable_from_missing_and_writes_nothing(draft: World) -> None:
    steps.announce_and_upload(draft, OWNER, PATH, FILES[0])
    steps.announce_and_upload(draft, OWNER, PATH, replace(FILES[1], content=TEXT))
    before = everything_kept()
    refused = draft.call(OWNER, "POST", f"{PATH}/submit")
    assert (refused.status, refused.code) == (422, "DOCUMENTS_MISSING")
    codes = {error["field"]: error["code"] for error in refused.body["errors"]}
    assert codes == {FILES[1].kind: "unreadable"} | {file.kind: "missing" for file in FILES[2:]}
    assert everything_kept() == before


def test_one_answer_looks_at_a_bounded_number_of_files(draft: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_LOOKED_AT", 2)
    for file in FILES[:3]:
        steps.announce_and_upload(draft, OWNER, PATH, file)
    assert sorted(each["state"] for each in listed(draft)) == ["announced", "arrived", "arrived"]


@pytest.mark.parametrize(
    ("changes", "code", "bound"),
    [
        ({"content_type": "image/heic"}, "not_allowed", ("allowed", ["application/pdf", "image/jpeg", "image/png"])),
        ({"size_bytes": 20 * 1024 * 1024 + 1}, "too_large", ("max", 20 * 1024 * 1024)),
    ],
)
def test_a_refused_announcement_names_what_is_allowed(
    draft: World, changes: Json, code: str, bound: tuple[str, object]
) -> None:
    body = {"kind": FILES[0].kind, "filename": "f", "content_type": "image/png", "size_bytes": 1, **changes}
    [error] = draft.call(OWNER, "POST", f"{PATH}/documents", body).body["errors"]
    assert (error["field"], error["code"], error[bound[0]]) == (next(iter(changes)), code, bound[1])


@pytest.mark.clause("§4.1.1")
def test_a_document_taken_back_is_gone_and_the_same_call_again_is_answered_as_done(draft: World) -> None:
    document = announced(draft, key="one")
    path = f"{PATH}/documents/{document['document_id']}"
    first, again = (draft.call(OWNER, "DELETE", path) for _ in range(2))
    assert (first.status, first.body["state"], again.body) == (200, "taken_back", first.body)
    assert again.headers["idempotent-replay"] == "true"
    assert listed(draft) == []
    body = {"kind": FILES[0].kind, "filename": FILES[0].filename, "content_type": FILES[0].content_type}
    repeated = draft.call(OWNER, "POST", f"{PATH}/documents", {**body, "size_bytes": 9}, "one")
    assert (repeated.status, repeated.code, repeated.body["state"]) == (409, "WRONG_STATE", "taken_back")
    draft.upload(document["upload"], FILES[0].content)
    refused = draft.call(OWNER, "POST", f"{PATH}/submit")
    assert FILES[0].kind in {error["field"] for error in refused.body["errors"]}


@pytest.mark.clause("§4.1.1")
def test_what_was_submitted_stays(draft: World) -> None:
    submit_all(draft)
    spare = listed(draft)[0]
    review = {"decision": "return", "reasons": ["请核对"]}
    for state, call in {
        "submitted": None,
        "returned": (OPERATOR, "POST", f"{PATH}/review", review),
    }.items():
        if call:
            steps.expect(draft.call(*call), 200)
        no = draft.call(OWNER, "DELETE", f"{PATH}/documents/{spare['document_id']}")
        assert (no.status, no.code) == (409, "WRONG_STATE")
        assert no.body["state"] == ("submitted" if state == "submitted" else "accepted")
    assert len(listed(draft)) == len(FILES)


def test_a_document_is_taken_back_by_a_member_alone_and_only_if_there_is_one(draft: World) -> None:
    document = announced(draft)
    path = f"{PATH}/documents/{document['document_id']}"
    for person in (STRANGER, OPERATOR):
        no = draft.call(person, "DELETE", path)
        assert (no.status, no.body["thing"]) == (404, "enterprise")
    unknown = draft.call(OWNER, "DELETE", f"{PATH}/documents/d_0000")
    assert (unknown.status, unknown.body["thing"]) == (404, "document")
    assert [each["document_id"] for each in listed(draft)] == [document["document_id"]]


@pytest.mark.clause("§3.2.1")
def test_an_agency_takes_a_document_back(world: World) -> None:
    path = f"/agencies/{AGENCY.uscc}"
    steps.expect(world.call(SELLER, "POST", "/agencies", AGENCY.application()), 201)
    file = agency_documents(AGENCY, TODAY)[0]
    document_id = steps.announce_and_upload(world, SELLER, path, replace(file, content=TEXT))
    assert [each["state"] for each in listed(world, SELLER, path)] == ["unreadable"]
    steps.expect(world.call(SELLER, "DELETE", f"{path}/documents/{document_id}"), 200)
    assert listed(world, SELLER, path) == []


@pytest.mark.clause("§3.5.1")
def test_a_settlements_document_is_taken_back_unless_it_stands_in_a_line(voucher: tuple[Town, Json]) -> None:
    town = voucher[0]
    order = town.complete(town.order())
    case, settlement = opened(town, order)
    path = f"/settlements/{case.settlement_id}"
    spare = DocumentFile("evidence", "照.pdf", "application/pdf", TEXT)
    unwanted = steps.announce_and_upload(town.world, SELLER, path, spare)
    town.fill_in(settlement)
    contract = case.line(order)["contract_document_id"]
    no = town.world.call(SELLER, "DELETE", f"{path}/documents/{contract}")
    assert (no.status, no.code, no.body["state"]) == (409, "WRONG_STATE", "accepted")
    steps.expect(town.world.call(SELLER, "DELETE", f"{path}/documents/{unwanted}"), 200)
    assert unwanted not in {each["document_id"] for each in listed(town.world, SELLER, path)}


@pytest.mark.clause("§3.5.1")
def test_a_line_names_an_unreadable_document_as_such(voucher: tuple[Town, Json]) -> None:
    town = voucher[0]
    order = town.complete(town.order())
    case, settlement = opened(town, order)
    town.fill_in(settlement)
    path, line = f"/settlements/{case.settlement_id}", case.line(order)
    spare = DocumentFile("contract", "合同.pdf", "application/pdf", TEXT)
    given = {name: line[name] for name in ("contract_fen", "invoice", "transfers", "evidence_document_ids")}
    broken = steps.announce_and_upload(town.world, SELLER, path, spare)
    for document_id, code in ((broken, "unreadable"), ("d_none", "missing")):
        body = {**given, "contract_document_id": document_id}
        no = town.world.call(SELLER, "PUT", f"{path}/lines/{order['order_id']}", body)
        assert no.code == "DOCUMENT_NOT_UPLOADED"
        assert [(each["field"], each["code"]) for each in no.body["errors"]] == [("contract_document_id", code)]


@pytest.mark.clause("§4.1.1")
def test_a_submission_is_withdrawn_corrected_and_submitted_again(draft: World) -> None:
    submit_all(draft)
    first, again = (draft.call(OWNER, "POST", f"{PATH}/withdraw") for _ in range(2))
    assert (first.status, first.body["state"], again.body) == (200, "draft", first.body)
    assert again.headers["idempotent-replay"] == "true"
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"name": "更正后的名称"}), 200)
    submitted = steps.expect(draft.call(OWNER, "POST", f"{PATH}/submit"), 200)
    assert (submitted["state"], submitted["changed_fields"]) == ("submitted", ["name"])


def register_and_review(world: World, *reviews: Json) -> str:
    """An enterprise that was submitted and reviewed; its path."""
    steps.register_enterprise(world, OWNER, ENTERPRISE.registration(), FILES)
    for review in reviews:
        steps.expect(world.call(OPERATOR, "POST", f"{PATH}/review", review), 200)
    return PATH


def apply_and_approve(world: World, *opinions: Json) -> str:
    """An agency that applied; what the operator and the bureau said; its path."""
    path = f"/agencies/{AGENCY.uscc}"
    steps.apply_agency(world, SELLER, AGENCY.application(), agency_documents(AGENCY, TODAY))
    for (person, step), opinion in zip([(OPERATOR, "pre-review"), (BUREAU, "approve")], opinions, strict=False):
        steps.expect(world.call(person, "POST", f"{path}/{step}", opinion), 200)
    return path


APPROVE: Json = {"decision": "approve", "reasons": []}


@pytest.mark.clause("§4.1.2")
@pytest.mark.parametrize(
    ("prepare", "person", "opinions", "state"),
    [
        (register_and_review, OWNER, [{"decision": "reject", "reasons": ["材料有误"]}], "rejected"),
        (register_and_review, OWNER, [APPROVE], "approved"),
        (apply_and_approve, SELLER, [APPROVE], "pre_reviewed"),
        (apply_and_approve, SELLER, [APPROVE, APPROVE], "active"),
    ],
)
def test_what_was_reviewed_cannot_be_withdrawn(
    open_year: World, prepare: Callable[..., str], person: Person, opinions: list[Json], state: str
) -> None:
    path = prepare(open_year, *opinions)
    no = open_year.call(person, "POST", f"{path}/withdraw")
    assert (no.status, no.code, no.body["state"]) == (409, "WRONG_STATE", state)


@pytest.mark.clause("§4.1.3")
def test_what_was_approved_once_is_not_withdrawn_to_a_draft(open_year: World) -> None:
    path = register_and_review(open_year, APPROVE)
    report = {"happened_on": TODAY.isoformat(), "description": "法定代表人变更"}
    change = steps.expect(open_year.call(OWNER, "POST", f"{path}/changes", report), 201)
    decision = {"decision": "return", "reason": "请更新材料"}
    steps.expect(open_year.call(OPERATOR, "POST", f"{path}/changes/{change['change_id']}/review", decision), 200)
    steps.expect(open_year.call(OWNER, "POST", f"{path}/submit"), 200)
    no = open_year.call(OWNER, "POST", f"{path}/withdraw")
    assert (no.status, no.code, no.body["state"]) == (409, "WRONG_STATE", "submitted")


@pytest.mark.clause("§3.2.1")
def test_an_agency_withdraws_its_application(open_year: World) -> None:
    path = apply_and_approve(open_year)
    withdrawn = steps.expect(open_year.call(SELLER, "POST", f"{path}/withdraw"), 200)
    assert withdrawn["state"] == "draft"
    assert open_year.call(OPERATOR, "POST", f"{path}/pre-review", APPROVE).code == "NOT_FOUND"
    steps.expect(open_year.call(SELLER, "POST", f"{path}/submit"), 200)


SQUATTER, AGAIN = Person("squatter"), {"reason": "注册人不能证明代表该单位"}


@pytest.mark.clause("§4.1.1")
@pytest.mark.clause("§3.2.1")
@pytest.mark.parametrize("kind", ["enterprises", "agencies"])
def test_whoever_submits_a_foreign_credit_code_keeps_it_from_nobody(
    world: World, stopped_clock: StoppedClock, kind: str
) -> None:
    """What is touched again and again is never given up by itself."""
    is_firm = kind == "enterprises"
    body = ENTERPRISE.registration() if is_firm else AGENCY.application()
    files = enterprise_documents(ENTERPRISE, TODAY) if is_firm else agency_documents(AGENCY, TODAY)
    path = f"/{kind}/{body['uscc']}"

    def begin(person: Person) -> Json:
        drafted = steps.expect(world.call(person, "POST", f"/{kind}", body), 201)
        for file in files:
            steps.announce_and_upload(world, person, path, file)
        return drafted

    begin(SQUATTER)
    assert world.call(OPERATOR, "POST", f"{path}/revoke", AGAIN).status == 404, "a draft takes the code from nobody"
    steps.expect(world.call(SQUATTER, "POST", f"{path}/submit"), 200)
    taken = world.call(OWNER, "POST", f"/{kind}", body)
    assert taken.code == "ALREADY_REGISTERED" and "联系平台" in taken.body["detail"]
    assert world.call(OPERATOR, "POST", f"{path}/revoke", {**AGAIN, "version": 9}).code == "CHANGED_MEANWHILE"
    for _ in range(2):
        revoked = steps.expect(world.call(OPERATOR, "POST", f"{path}/revoke", AGAIN), 200)
        assert (revoked["state"], revoked["revoke_reason"]) == ("revoked", AGAIN["reason"])
    assert {each["by"] for each in revoked["allowed_actions"]} == set()
    for step, method in (("", "PATCH"), ("/submit", "POST"), ("/withdraw", "POST")):
        assert world.call(SQUATTER, method, f"{path}{step}", {"name": "x"} if not step else None).code == "WRONG_STATE"
    mine = begin(OWNER)
    assert (mine["state"], mine["version"]) == ("draft", 1)
    assert len(listed(world, OWNER, path)) == len(files), "and none of the squatter's papers"
    assert world.call(OWNER, "POST", f"{path}/submit").code == "CODE_FREE_TOMORROW"
    run_night(stopped_clock, stopped_clock.instant + timedelta(days=1))
    steps.expect(world.call(OWNER, "POST", f"{path}/submit"), 200)
    assert steps.expect(world.call(SQUATTER, "GET", "/me"), 200)["organisations"] == []
    assert world.call(SQUATTER, "GET", path).status == 404
    run_night(stopped_clock, stopped_clock.instant + timedelta(days=2))
    assert steps.expect(world.call(OWNER, "GET", path), 200)["state"] == "submitted"
    assert {each["state"] for each in listed(world, OWNER, path)} == {"accepted"}


@pytest.mark.clause("§4.1.1")
def test_what_was_approved_once_is_not_revoked(voucher: tuple[Town, Json]) -> None:
    town = voucher[0]
    for path in (f"/enterprises/{town.enterprise.uscc}", f"/agencies/{town.agency.uscc}"):
        before = everything_kept()
        no = town.world.call(OPERATOR, "POST", f"{path}/revoke", AGAIN)
        assert (no.status, no.code) == (409, "WRONG_STATE")
        assert everything_kept() == before
