"""Enterprises: registration with documents, review clause by clause, correction, and who sees what (§2.1, §4.1)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from infra.city.document_files import DocumentFile, enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO, Person, Reply
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import BUCKET, World
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, STRANGER, Json, Town, open_year
from tests.support.snapshots import everything_kept, staged
from voucher.policy import ENTERPRISE_DOCUMENTS
from voucher.store import documents, organisations, vouchers

ENTERPRISE = samples.enterprise(0)
PATH = f"/enterprises/{ENTERPRISE.uscc}"
DOCUMENTS = tuple(enterprise_documents(ENTERPRISE, TODAY))
REASONS = [{"field": "employees", "message": "与社保人数不符"}, {"field": "income_statement", "message": "缺盖章"}]


def submit(world: World, *documents: DocumentFile) -> Reply:
    """Announce and upload documents, then submit."""
    for document in documents:
        steps.announce_and_upload(world, OWNER, PATH, document)
    return world.call(OWNER, "POST", f"{PATH}/submit")


def review(world: World, decision: str = "approve", person: Person = OPERATOR, **more: Any) -> Reply:
    """The operator's decision on the enterprise."""
    body = {"decision": decision, "reasons": ["请核对"] if decision != "approve" else [], **more}
    return world.call(person, "POST", f"{PATH}/review", body)


def read(world: World, person: Person = OPERATOR) -> Json:
    """The enterprise as a GET shows it."""
    return steps.expect(world.call(person, "GET", PATH), 200)


def kept_place(document_id: str) -> str:
    """Where the file of a submitted document lies."""
    enterprise = organisations.find_enterprise(ENTERPRISE.uscc)
    assert enterprise is not None
    return documents.get(organisations.papers(enterprise), document_id).object_key


@pytest.fixture
def draft(world: World) -> World:
    """The enterprise registered, without documents, in an open year."""

    def build() -> World:
        open_year(world)
        steps.expect(world.call(OWNER, "POST", "/enterprises", ENTERPRISE.registration()), 201)
        return world

    return staged("draft enterprise", build)


@pytest.fixture
def submitted(world: World) -> World:
    """The enterprise's registration submitted."""

    def build() -> World:
        open_year(world)
        steps.register_enterprise(world, OWNER, ENTERPRISE.registration(), DOCUMENTS)
        return world

    return staged("enterprise submitted", build)


@pytest.mark.clause("§4.1.1")
def test_every_missing_document_is_named(draft: World) -> None:
    refused = submit(draft, *DOCUMENTS[:2])
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "DOCUMENTS_MISSING", "§4.1.1")
    missing = {document.kind for document in DOCUMENTS[2:]}
    assert {error["field"] for error in refused.body["errors"]} == missing
    assert all(ENTERPRISE_DOCUMENTS[kind] in refused.body["detail"] for kind in missing)
    assert read(draft)["state"] == "draft"
    assert submit(draft, *DOCUMENTS[2:]).body["state"] == "submitted"


@pytest.mark.clause("§4.1.1")
def test_a_document_announced_but_not_uploaded_does_not_count(draft: World) -> None:
    announced = {"kind": DOCUMENTS[0].kind, "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    answer = steps.expect(draft.call(OWNER, "POST", f"{PATH}/documents", announced), 201)
    assert answer["upload"]["fields"]["Content-Type"] == "application/pdf"
    assert answer["expires_at"] == "2026-06-15T02:15:00.000Z"
    refused = submit(draft, *DOCUMENTS[1:])
    assert [error["field"] for error in refused.body["errors"]] == [DOCUMENTS[0].kind]
    draft.upload(answer["upload"], b"%PDF-1.7\n")
    assert submit(draft).status == 200


@pytest.mark.clause("§4.1.1")
@pytest.mark.parametrize("content", [b"MZ\x90\x00", b"<html>", b" %PDF-", b"\x89PNG\r\n\x1a\n"])
def test_a_file_of_another_type_than_announced_does_not_count(draft: World, content: bytes) -> None:
    sheet = next(document for document in DOCUMENTS if document.content_type == "application/pdf")
    others = [document for document in DOCUMENTS if document.kind != sheet.kind]
    refused = submit(draft, *others, replace(sheet, content=content))
    assert (refused.code, [error["field"] for error in refused.body["errors"]]) == ("DOCUMENTS_MISSING", [sheet.kind])
    assert submit(draft, sheet).status == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "premises_proof"}, "kind"),
        ({"content_type": "application/zip"}, "content_type"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": 20 * 1024 * 1024 + 1}, "size_bytes"),
        ({"filename": "../执照.pdf"}, "filename"),
        ({"filename": ""}, "filename"),
    ],
)
def test_a_document_of_a_wrong_kind_type_size_or_name_is_malformed(draft: World, changes: Json, field: str) -> None:
    before = everything_kept()
    announced = {"kind": "tax_certificate", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    refused = draft.call(OWNER, "POST", f"{PATH}/documents", {**announced, **changes})
    assert (refused.status, refused.code) == (422, "MALFORMED")
    assert [error["field"] for error in refused.body["errors"]] == [field]
    assert everything_kept() == before


@pytest.mark.parametrize(
    "uscc", ["91331100MA2EFLCR5B", "362322198709086409", ENTERPRISE.uscc[:-1], ENTERPRISE.uscc.lower(), "x"]
)
def test_a_code_that_is_none_is_refused_with_its_field(world: World, uscc: str) -> None:
    refused = world.call(OWNER, "POST", "/enterprises", {**ENTERPRISE.registration(), "uscc": uscc})
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "INVALID_USCC", "§2.1")
    assert [error["field"] for error in refused.body["errors"]] == ["uscc"]
    assert everything_kept()["registry"] == []


def test_a_person_drafts_a_code_once_and_the_same_call_again_is_answered_as_before(draft: World) -> None:
    first = read(draft, OWNER)
    again = draft.call(OWNER, "POST", "/enterprises", ENTERPRISE.registration())
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert {**again.body, "documents": [], "code_taken": False} == first
    refused = draft.call(OWNER, "POST", "/enterprises", {**ENTERPRISE.registration(), "name": "别的"})
    assert (refused.status, refused.code) == (409, "ALREADY_DRAFTED")
    assert draft.call(STRANGER, "GET", PATH).status == 404


def test_a_submitted_registration_cannot_be_changed(submitted: World) -> None:
    announced = {"kind": "tax_certificate", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    for method, path, body in [
        ("PATCH", PATH, {"name": "改名"}),
        ("POST", f"{PATH}/documents", announced),
        ("POST", f"{PATH}/disqualify", {"reason": "x"}),
    ]:
        person = OPERATOR if path.endswith("disqualify") else OWNER
        refused = submitted.call(person, method, path, body)
        assert (refused.status, refused.code) == (409, "WRONG_STATE")


BROKEN: list[tuple[Json, str, str]] = [
    ({"district": "other"}, "OUTSIDE_DISTRICT", "§2.1"),
    ({"is_legal_person": False}, "NOT_LEGAL_PERSON", "§2.1"),
    ({"industry_code": "6210"}, "OUTSIDE_SECTOR", "§2.1"),
    ({"industry_code": "3360", "employees": 1000, "revenue_fen": 40_000_000_000}, "NOT_SME", "§2.1"),
    ({"established_on": "2025-06-16"}, "TOO_YOUNG", "§2.1.2"),
]


@pytest.mark.clause("§2.1", "§2.1.2", "§4.1.2")
@pytest.mark.parametrize(("changes", "code", "clause"), BROKEN)
def test_what_a_clause_refuses_no_reviewer_can_approve(draft: World, changes: Json, code: str, clause: str) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, changes), 200)
    steps.expect(submit(draft, *DOCUMENTS), 200)
    before = everything_kept()
    refused = review(draft)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, code, clause)
    assert code in [error.get("code") for error in refused.body["errors"]]
    assert everything_kept() == before


@pytest.mark.clause("§2.1.2")
def test_twelve_months_to_the_day_are_enough(draft: World) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"established_on": "2025-06-15"}), 200)
    steps.expect(submit(draft, *DOCUMENTS), 200)
    assert review(draft).body["state"] == "approved"


@pytest.mark.clause("§2.1")
def test_several_failing_clauses_are_all_named_and_the_first_of_the_text_stands(draft: World) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"district": "other", "is_legal_person": False}), 200)
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"established_on": "2026-06-01"}), 200)
    steps.expect(submit(draft, *DOCUMENTS), 200)
    refused = review(draft)
    assert refused.code == "OUTSIDE_DISTRICT"
    codes = [error["code"] for error in refused.body["errors"]]
    assert codes == ["OUTSIDE_DISTRICT", "NOT_LEGAL_PERSON", "TOO_YOUNG"]


@pytest.mark.clause("§1.3")
def test_a_programme_that_is_only_drafted_decides_nothing_about_an_enterprise(world: World) -> None:
    lenient = {"enterprise_min_age_months": 0, "quota_default_fen": 7}
    drafted = {"year": 2026, "total_fen": 1_000_000, "policy": lenient, "document_number": "丽经信〔2026〕9号"}
    steps.expect(world.call(BUREAU, "POST", "/programmes", drafted), 201)
    steps.register_enterprise(world, OWNER, ENTERPRISE.registration() | {"established_on": "2026-06-01"}, DOCUMENTS)
    refused = review(world)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "TOO_YOUNG", "§2.1.2")
    found = steps.expect(world.call(OWNER, "GET", f"{PATH}/eligibility?year=2026"), 200)
    assert (found["eligible"], found["quota_fen"]) == (False, 1_000_000)
    steps.expect(world.call(FINANCE, "POST", "/programmes/2026/confirm"), 200)
    assert world.call(OWNER, "GET", f"{PATH}/eligibility?year=2026").body["quota_fen"] == 7
    assert review(world).body["state"] == "approved"


@pytest.mark.clause("§1.3")
def test_an_approval_under_a_draft_programme_gives_no_quota_before_it_is_confirmed(world: World) -> None:
    drafted = {"year": 2026, "total_fen": 100_000_000, "policy": {"quota_default_fen": 500_000}}
    steps.expect(world.call(BUREAU, "POST", "/programmes", drafted), 201)
    steps.register_enterprise(world, OWNER, ENTERPRISE.registration(), DOCUMENTS)
    assert review(world).body["state"] == "approved"
    assert vouchers.find_entitlement(2026, ENTERPRISE.uscc) is None
    steps.expect(world.call(FINANCE, "POST", "/programmes/2026/confirm"), 200)
    batch = steps.open_batch(world, 2026, samples.batch(amount_fen=2_000_000))
    claim = {"enterprise_uscc": ENTERPRISE.uscc}
    assert world.call(OWNER, "POST", f"/batches/{batch['batch_id']}/vouchers", claim).body["face_fen"] == 500_000


@pytest.mark.clause("§2.1.2")
def test_who_applied_too_early_applies_again_once_old_enough(draft: World, stopped_clock: StoppedClock) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"established_on": "2025-06-16"}), 200)
    steps.expect(submit(draft, *DOCUMENTS), 200)
    assert review(draft).body["clause"] == "§2.1.2"
    assert steps.expect(review(draft, "reject"), 200)["state"] == "rejected"
    stopped_clock.instant += timedelta(days=1)
    again = steps.expect(submit(draft), 200)
    assert (again["state"], again["applied_on"]) == ("submitted", "2026-06-16")
    assert review(draft).body["state"] == "approved"


def test_who_was_rejected_may_correct_what_was_wrong(submitted: World) -> None:
    steps.expect(review(submitted, "reject"), 200)
    assert submitted.call(OWNER, "PATCH", PATH, {"name": "新名称"}).body["name"] == "新名称"
    assert submitted.call(OPERATOR, "POST", f"{PATH}/disqualify", {"reason": "未按期报告"}).code == "WRONG_STATE"


@pytest.mark.clause("§4.1.1")
def test_the_reviewer_reads_the_submitted_file_though_it_was_replaced_later(draft: World) -> None:
    versioning = {"Status": "Enabled"}
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioning)
    steps.expect(submit(draft, *DOCUMENTS), 200)
    for document in draft.call(OPERATOR, "GET", f"{PATH}/documents").body["items"]:
        key = kept_place(document["document_id"])
        draft.upload({"fields": {"key": key, "Content-Type": "application/pdf"}}, b"%PDF- another")
    originals = {document.kind: document.content for document in DOCUMENTS}
    for document in draft.call(OPERATOR, "GET", f"{PATH}/documents").body["items"]:
        query = parse_qs(urlsplit(document["url"]).query)
        key = kept_place(document["document_id"])
        read = boto3.client("s3").get_object(Bucket=BUCKET, Key=key, VersionId=query["versionId"][0])
        assert read["Body"].read() == originals[document["kind"]]
    steps.expect(review(draft, "return"), 200)
    assert steps.expect(submit(draft), 200)["changed_fields"] == []


@pytest.mark.clause("§2.1")
def test_a_digital_enterprise_outside_the_sectors_passes_if_the_reviewer_confirms_it(draft: World) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"industry_code": "7510", "employees": 50}), 200)
    steps.expect(submit(draft, *DOCUMENTS), 200)
    assert review(draft).code == "OUTSIDE_SECTOR"
    assert review(draft, digital_economy=True).body["state"] == "approved"


@pytest.mark.clause("§2.1")
def test_what_the_reviewer_finds_outside_the_direction_of_industry_is_not_approved(submitted: World) -> None:
    refused = review(submitted, outside_direction=True)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "OUTSIDE_DIRECTION", "§2.1")
    rejected = steps.expect(review(submitted, "reject", outside_direction=True, reasons=["属于限制类产业"]), 200)
    assert rejected["outside_direction"] is True
    found = steps.expect(submitted.call(OWNER, "GET", f"{PATH}/eligibility"), 200)["findings"]
    assert [each["rule"] for each in found if not each["passed"]] == ["direction", "approved"]


@pytest.mark.clause("§2.1.3")
def test_a_violation_recorded_before_the_registration_refuses_the_approval(submitted: World) -> None:
    breach = {"uscc": ENTERPRISE.uscc, "facts": "转让服务券"}
    violation = steps.expect(submitted.call(BUREAU, "POST", "/violations", breach), 201)
    refused = review(submitted)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "HAS_VIOLATION", "§2.1.3")
    lift = f"/violations/{violation['violation_id']}/lift"
    assert submitted.call(BUREAU_TWO, "POST", lift, {"reason": "复核撤销"}).body["state"] == "lifted"
    assert review(submitted).body["state"] == "approved"


@pytest.mark.clause("§4.1.2")
def test_a_returned_registration_says_why_is_corrected_and_submitted_again(submitted: World) -> None:
    returned = steps.expect(review(submitted, "return", reasons=[*REASONS, "请补盖章"]), 200)
    assert returned["reasons"] == [*REASONS, {"field": None, "message": "请补盖章"}]
    assert (read(submitted, OWNER)["state"], read(submitted, OWNER)["reasons"]) == ("returned", returned["reasons"])
    assert review(submitted).code == "WRONG_STATE"
    steps.expect(submitted.call(OWNER, "PATCH", PATH, {"name": "丽水某某有限公司"}), 200)
    again = steps.expect(submit(submitted, *DOCUMENTS), 200)
    assert (again["state"], again["reasons"], "name" in again["changed_fields"]) == ("submitted", [], True)
    assert review(submitted).body["state"] == "approved"


@pytest.mark.clause("§4.1.2")
def test_a_review_repeated_is_answered_as_done_and_another_is_told_it_is_done(submitted: World) -> None:
    first = steps.expect(review(submitted), 200)
    before = everything_kept()
    again = review(submitted)
    assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, first, "true")
    for refused in (review(submitted, "reject"), review(submitted, person=OPERATOR_TWO)):
        assert (refused.status, refused.code) == (409, "ALREADY_REVIEWED")
        assert refused.body["state"] == "approved"
    assert everything_kept() == before


@pytest.mark.clause("§4.1.2")
def test_nobody_reviews_what_they_submitted_themselves(draft: World) -> None:
    insider = Person(OWNER.name, "platform")
    steps.expect(submit(draft, *DOCUMENTS), 200)
    refused = review(draft, person=insider)
    assert (refused.status, refused.code, refused.body["clause"]) == (403, "FOUR_EYES", "§4.1.2")
    assert read(draft)["state"] == "submitted"


@pytest.mark.clause("§2.1", "§2.3.1")
def test_eligibility_lists_every_rule_with_its_clause_passed_or_not(draft: World) -> None:
    """To its members before the first approval, every rule but those that rest on what others say of the code."""
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"district": "other", "established_on": "2026-06-01"}), 200)
    answer = steps.expect(draft.call(OPERATOR, "GET", f"{PATH}/eligibility?year=2026"), 200)
    assert (answer["eligible"], answer["quota_fen"], answer["granted_fen"]) == (False, 1_000_000, 0)
    assert answer["quota_reason"] == "默认额度"
    assert answer["size_class"] in ("micro", "small", "medium")
    assert {each["rule"]: (each["clause"], each["passed"]) for each in answer["findings"]} == {
        "district": ("§2.1", False),
        "legal_person": ("§2.1", True),
        "direction": ("§2.1", True),
        "sector": ("§2.1", True),
        "size": ("§2.1", True),
        "rated_d": ("§2.1.1", True),
        "age": ("§2.1.2", False),
        "violation": ("§2.1.3", True),
        "approved": ("§4.1.2", False),
    }
    assert all(each["message"] for each in answer["findings"])
    assert draft.call(OPERATOR, "GET", f"{PATH}/eligibility").body == answer
    own = [each for each in answer["findings"] if each["rule"] not in ("rated_d", "violation")]
    assert draft.call(OWNER, "GET", f"{PATH}/eligibility").body == answer | {"findings": own}
    assert draft.call(OWNER, "GET", f"{PATH}/eligibility?year=26").code == "MALFORMED"


@pytest.mark.clause("§4.1.1")
def test_a_registration_submitted_again_names_exactly_what_differs_from_before(submitted: World) -> None:
    assert read(submitted)["changed_fields"] == []
    steps.expect(review(submitted, "return", reasons=REASONS), 200)
    changes = {"employees": ENTERPRISE.employees + 1, "contact_name": ENTERPRISE.registration()["contact_name"]}
    steps.expect(submitted.call(OWNER, "PATCH", PATH, changes), 200)
    again = steps.expect(submit(submitted, *(each for each in DOCUMENTS if each.kind == "income_statement")), 200)
    assert sorted(again["changed_fields"]) == ["employees", "income_statement"]
    assert again["reasons"] == []
    assert read(submitted)["changed_fields"] == again["changed_fields"]


@pytest.mark.clause("§4.1.1")
def test_the_submission_before_is_kept_but_never_shown(submitted: World) -> None:
    steps.expect(review(submitted, "return", reasons=REASONS), 200)
    steps.expect(submitted.call(OWNER, "PATCH", PATH, {"name": "新名称"}), 200)
    again = steps.expect(submit(submitted), 200)
    kept = organisations.find_enterprise(ENTERPRISE.uscc)
    assert kept is not None
    assert (kept.submission_before["name"], kept.submission["name"]) == (ENTERPRISE.name, "新名称")
    assert {"submission", "submission_before", "members"}.isdisjoint(again)


def test_a_return_without_a_reason_or_for_an_unknown_field_is_malformed(submitted: World) -> None:
    for reasons in ([], [{"field": "shoe_size", "message": "不符"}]):
        refused = review(submitted, "return", reasons=reasons)
        assert (refused.status, refused.code) == (422, "MALFORMED")
        assert [each["field"] for each in refused.body["errors"]] == ["reasons"]
    assert read(submitted)["state"] == "submitted"


def test_staff_lists_show_neither_phones_nor_whole_names(town: Town) -> None:
    registration = town.enterprise.registration()
    listed = steps.expect(town.world.call(BUREAU, "GET", "/enterprises?state=approved"), 200)["items"]
    mine = next(each for each in listed if each["uscc"] == town.enterprise.uscc)
    for name in ("legal_representative", "contact_name"):
        assert mine[name] == registration[name][0] + "*" * (len(registration[name]) - 1)
    phone = registration["contact_phone"]
    assert mine["contact_phone"] == f"{phone[:3]}****{phone[-2:]}"
    assert mine["address"] == f"{registration['address'][:6]}****"
    drafts = town.world.call(BUREAU, "GET", "/enterprises?state=draft")
    assert drafts.body["items"] == []
    whole = steps.expect(town.world.call(BUREAU, "GET", f"/enterprises/{town.enterprise.uscc}"), 200)
    assert whole["contact_phone"] == phone
    agencies = steps.expect(town.world.call(BUREAU, "GET", "/agencies?state=active"), 200)["items"]
    assert town.agency.application()["contact_phone"] not in str(agencies)


def test_the_same_document_announced_twice_under_one_key_is_one_document(draft: World) -> None:
    body = {"kind": "business_license", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    once, twice = (draft.call(OWNER, "POST", f"{PATH}/documents", body, key="document") for _ in range(2))
    assert (once.status, twice.status) == (201, 201)
    assert once.body["document_id"] == twice.body["document_id"]
    assert len(read(draft)["documents"]) == 1
    other = draft.call(OWNER, "POST", f"{PATH}/documents", {**body, "size_bytes": 10}, key="document")
    assert other.code == "IDEMPOTENCY_KEY_REUSED"


def test_a_foreign_enterprise_looks_exactly_like_an_unknown_one(submitted: World) -> None:
    unknown = f"/enterprises/{samples.enterprise(3).uscc}"
    answers = [submitted.call(STRANGER, "GET", path).body for path in (PATH, unknown)]
    for answer in answers:
        del answer["request_id"]
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "NOT_FOUND"
