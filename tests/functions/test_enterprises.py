"""An enterprise on its way to approval over HTTP: its papers, the clauses, the reviewer's word, and the second try."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from infra.city.papers import Paper, enterprise_papers
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person, Reply
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import BUCKET, World
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, STRANGER, Json, open_year
from tests.support.snapshots import everything_kept, staged
from voucher.policy import ENTERPRISE_DOCUMENTS
from voucher.store import vouchers

FIRM = samples.enterprise(0)
PATH = f"/enterprises/{FIRM.uscc}"
PAPERS = tuple(enterprise_papers(FIRM, TODAY))


def hand_in(world: World, *papers: Paper) -> Reply:
    """Announce and upload papers, then submit."""
    for paper in papers:
        steps.announce_and_upload(world, OWNER, PATH, paper)
    return world.call(OWNER, "POST", f"{PATH}/submit")


def review(world: World, decision: str = "approve", person: Person = OPERATOR, **more: Any) -> Reply:
    """The operator's decision on the firm."""
    body = {"decision": decision, "reasons": ["请核对"] if decision != "approve" else [], **more}
    return world.call(person, "POST", f"{PATH}/review", body)


def shown(world: World, person: Person = OPERATOR) -> Json:
    """The firm as a GET shows it."""
    return steps.expect(world.call(person, "GET", PATH), 200)


@pytest.fixture
def draft(world: World) -> World:
    """The firm registered, nothing handed in, in an open year."""

    def build() -> World:
        open_year(world)
        steps.expect(world.call(OWNER, "POST", "/enterprises", FIRM.registration()), 201)
        return world

    return staged("draft enterprise", build)


@pytest.fixture
def handed_in(world: World) -> World:
    """The firm's registration handed in."""

    def build() -> World:
        open_year(world)
        steps.register_enterprise(world, OWNER, FIRM.registration(), PAPERS)
        return world

    return staged("enterprise handed in", build)


@pytest.mark.clause("§4.1.1")
def test_every_missing_paper_is_named(draft: World) -> None:
    refused = hand_in(draft, *PAPERS[:2])
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "DOCUMENTS_MISSING", "§4.1.1")
    missing = {paper.kind for paper in PAPERS[2:]}
    assert {error["field"] for error in refused.body["errors"]} == missing
    assert all(ENTERPRISE_DOCUMENTS[kind] in refused.body["detail"] for kind in missing)
    assert shown(draft)["state"] == "draft"
    assert hand_in(draft, *PAPERS[2:]).body["state"] == "submitted"


@pytest.mark.clause("§4.1.1")
def test_a_paper_announced_but_not_uploaded_counts_for_nothing(draft: World) -> None:
    announced = {"kind": PAPERS[0].kind, "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    answer = steps.expect(draft.call(OWNER, "POST", f"{PATH}/documents", announced), 201)
    assert answer["upload"]["fields"]["Content-Type"] == "application/pdf"
    assert answer["expires_at"] == "2026-06-15T02:15:00.000Z"
    refused = hand_in(draft, *PAPERS[1:])
    assert [error["field"] for error in refused.body["errors"]] == [PAPERS[0].kind]
    draft.upload(answer["upload"], b"%PDF-1.7\n")
    assert hand_in(draft).status == 200


@pytest.mark.clause("§4.1.1")
@pytest.mark.parametrize("content", [b"MZ\x90\x00", b"<html>", b" %PDF-", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_not_what_it_says_counts_for_nothing(draft: World, content: bytes) -> None:
    sheet = next(paper for paper in PAPERS if paper.content_type == "application/pdf")
    others = [paper for paper in PAPERS if paper.kind != sheet.kind]
    refused = hand_in(draft, *others, replace(sheet, content=content))
    assert (refused.code, [error["field"] for error in refused.body["errors"]]) == ("DOCUMENTS_MISSING", [sheet.kind])
    assert hand_in(draft, sheet).status == 200


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
def test_a_paper_of_a_wrong_kind_type_size_or_name_is_not_taken(draft: World, changes: Json, field: str) -> None:
    before = everything_kept()
    announced = {"kind": "tax_certificate", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    refused = draft.call(OWNER, "POST", f"{PATH}/documents", {**announced, **changes})
    assert (refused.status, refused.code) == (422, "MALFORMED")
    assert [error["field"] for error in refused.body["errors"]] == [field]
    assert everything_kept() == before


@pytest.mark.parametrize("uscc", ["91331100MA2EFLCR5B", "362322198709086409", FIRM.uscc[:-1], FIRM.uscc.lower(), "x"])
def test_a_code_that_is_none_is_refused_with_its_field(world: World, uscc: str) -> None:
    refused = world.call(OWNER, "POST", "/enterprises", {**FIRM.registration(), "uscc": uscc})
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "INVALID_USCC", "§2.1")
    assert [error["field"] for error in refused.body["errors"]] == ["uscc"]
    assert everything_kept()["registry"] == []


def test_a_code_is_registered_once_and_the_same_call_again_is_answered_as_before(draft: World) -> None:
    first = shown(draft, OWNER)
    again = draft.call(OWNER, "POST", "/enterprises", FIRM.registration())
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert {**again.body, "documents": []} == first
    for person, body in ((OWNER, {**FIRM.registration(), "name": "别的"}), (STRANGER, FIRM.registration())):
        refused = draft.call(person, "POST", "/enterprises", body)
        assert (refused.status, refused.code) == (409, "ALREADY_REGISTERED")
    assert draft.call(STRANGER, "GET", PATH).status == 404


def test_a_registration_handed_in_is_changed_no_more(handed_in: World) -> None:
    announced = {"kind": "tax_certificate", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    for method, path, body in [
        ("PATCH", PATH, {"name": "改名"}),
        ("POST", f"{PATH}/documents", announced),
        ("POST", f"{PATH}/disqualify", {"reason": "x"}),
    ]:
        person = OPERATOR if path.endswith("disqualify") else OWNER
        refused = handed_in.call(person, method, path, body)
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
    steps.expect(hand_in(draft, *PAPERS), 200)
    before = everything_kept()
    refused = review(draft)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, code, clause)
    assert code in [error.get("code") for error in refused.body["errors"]]
    assert everything_kept() == before


@pytest.mark.clause("§2.1.2")
def test_twelve_months_to_the_day_are_enough(draft: World) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"established_on": "2025-06-15"}), 200)
    steps.expect(hand_in(draft, *PAPERS), 200)
    assert review(draft).body["state"] == "approved"


@pytest.mark.clause("§2.1")
def test_several_failing_clauses_are_all_named_and_the_first_of_the_text_stands(draft: World) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"district": "other", "is_legal_person": False}), 200)
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"established_on": "2026-06-01"}), 200)
    steps.expect(hand_in(draft, *PAPERS), 200)
    refused = review(draft)
    assert refused.code == "OUTSIDE_DISTRICT"
    codes = [error["code"] for error in refused.body["errors"]]
    assert codes == ["OUTSIDE_DISTRICT", "NOT_LEGAL_PERSON", "TOO_YOUNG"]


@pytest.mark.clause("§1.3")
def test_a_programme_that_is_only_drafted_decides_nothing_about_an_enterprise(world: World) -> None:
    lenient = {"enterprise_min_age_months": 0, "quota_default_fen": 7}
    drafted = {"year": 2026, "total_fen": 1_000_000, "policy": lenient}
    steps.expect(world.call(BUREAU, "POST", "/programmes", drafted), 201)
    steps.register_enterprise(world, OWNER, FIRM.registration() | {"established_on": "2026-06-01"}, PAPERS)
    refused = review(world)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "TOO_YOUNG", "§2.1.2")
    found = steps.expect(world.call(OWNER, "GET", f"{PATH}/eligibility?year=2026"), 200)
    assert (found["eligible"], found["quota_fen"]) == (False, 1_000_000)
    steps.expect(world.call(FINANCE, "POST", "/programmes/2026/confirm"), 200)
    assert world.call(OWNER, "GET", f"{PATH}/eligibility?year=2026").body["quota_fen"] == 7
    assert review(world).body["state"] == "approved"


@pytest.mark.clause("§1.3")
def test_an_approval_under_a_draft_promises_nothing_and_the_first_grab_reads_what_was_confirmed(world: World) -> None:
    drafted = {"year": 2026, "total_fen": 100_000_000, "policy": {"quota_default_fen": 500_000}}
    steps.expect(world.call(BUREAU, "POST", "/programmes", drafted), 201)
    steps.register_enterprise(world, OWNER, FIRM.registration(), PAPERS)
    assert review(world).body["state"] == "approved"
    assert vouchers.find_entitlement(2026, FIRM.uscc) is None
    steps.expect(world.call(FINANCE, "POST", "/programmes/2026/confirm"), 200)
    batch = steps.open_batch(world, 2026, samples.batch(amount_fen=2_000_000))
    claim = {"enterprise_uscc": FIRM.uscc}
    assert world.call(OWNER, "POST", f"/batches/{batch['batch_id']}/vouchers", claim).body["face_fen"] == 500_000


@pytest.mark.clause("§2.1.2")
def test_who_applied_too_early_applies_again_once_old_enough(draft: World, stopped_clock: StoppedClock) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"established_on": "2025-06-16"}), 200)
    steps.expect(hand_in(draft, *PAPERS), 200)
    assert review(draft).body["clause"] == "§2.1.2"
    assert steps.expect(review(draft, "reject"), 200)["state"] == "rejected"
    stopped_clock.instant += timedelta(days=1)
    again = steps.expect(hand_in(draft), 200)
    assert (again["state"], again["applied_on"]) == ("submitted", "2026-06-16")
    assert review(draft).body["state"] == "approved"


def test_who_was_rejected_may_correct_what_was_wrong(handed_in: World) -> None:
    steps.expect(review(handed_in, "reject"), 200)
    assert handed_in.call(OWNER, "PATCH", PATH, {"name": "新名称"}).body["name"] == "新名称"
    assert handed_in.call(OPERATOR, "POST", f"{PATH}/disqualify", {"reason": "未按期报告"}).code == "WRONG_STATE"


@pytest.mark.clause("§4.1.1")
def test_a_paper_replaced_after_it_was_handed_in_is_not_what_the_reviewer_reads(draft: World) -> None:
    versioning = {"Status": "Enabled"}
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioning)
    steps.expect(hand_in(draft, *PAPERS), 200)
    for document in draft.call(OPERATOR, "GET", f"{PATH}/documents").body["items"]:
        key = f"documents{PATH}/{document['document_id']}"
        draft.upload({"fields": {"key": key, "Content-Type": "application/pdf"}}, b"%PDF- another")
    originals = {paper.kind: paper.content for paper in PAPERS}
    for document in draft.call(OPERATOR, "GET", f"{PATH}/documents").body["items"]:
        query = parse_qs(urlsplit(document["url"]).query)
        key = f"documents{PATH}/{document['document_id']}"
        read = boto3.client("s3").get_object(Bucket=BUCKET, Key=key, VersionId=query["versionId"][0])
        assert read["Body"].read() == originals[document["kind"]]
    steps.expect(review(draft, "return"), 200)
    assert steps.expect(hand_in(draft), 200)["changed_fields"] == []


def test_a_paper_nobody_examined_is_shown_to_nobody(draft: World) -> None:
    steps.announce_and_upload(draft, OWNER, PATH, PAPERS[0])
    assert draft.call(OPERATOR, "GET", f"{PATH}/documents").body["items"] == []
    assert [each["checked"] for each in shown(draft)["documents"]] == [False]
    assert hand_in(draft).code == "DOCUMENTS_MISSING"
    [document] = draft.call(OPERATOR, "GET", f"{PATH}/documents").body["items"]
    assert document["kind"] == PAPERS[0].kind
    assert [(each["document_id"], each["checked"]) for each in shown(draft)["documents"]] == [
        (document["document_id"], True)
    ]


@pytest.mark.clause("§2.1")
def test_a_digital_firm_outside_the_sectors_is_in_by_the_reviewers_word(draft: World) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"industry_code": "7510", "employees": 50}), 200)
    steps.expect(hand_in(draft, *PAPERS), 200)
    assert review(draft).code == "OUTSIDE_SECTOR"
    assert review(draft, digital_economy=True).body["state"] == "approved"


@pytest.mark.clause("§2.1.3")
def test_a_violation_recorded_before_the_registration_refuses_the_approval(handed_in: World) -> None:
    breach = {"uscc": FIRM.uscc, "facts": "转让服务券"}
    violation = steps.expect(handed_in.call(BUREAU, "POST", "/violations", breach), 201)
    refused = review(handed_in)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "HAS_VIOLATION", "§2.1.3")
    lift = f"/violations/{violation['violation_id']}/lift"
    assert handed_in.call(BUREAU, "POST", lift, {"reason": "复核撤销"}).body["state"] == "lifted"
    assert review(handed_in).body["state"] == "approved"


@pytest.mark.clause("§4.1.2")
def test_a_returned_registration_says_why_is_corrected_and_handed_in_again(handed_in: World) -> None:
    reasons = [{"field": "name", "message": "与执照不符"}, "请补盖章"]
    returned = steps.expect(review(handed_in, "return", reasons=reasons), 200)
    assert [(each["field"], each["message"]) for each in returned["reasons"]] == [
        ("name", "与执照不符"),
        (None, "请补盖章"),
    ]
    assert shown(handed_in, OWNER)["state"] == "returned"
    assert review(handed_in).code == "WRONG_STATE"
    steps.expect(handed_in.call(OWNER, "PATCH", PATH, {"name": "丽水某某有限公司"}), 200)
    again = steps.expect(hand_in(handed_in, *PAPERS), 200)
    assert (again["state"], again["reasons"], "name" in again["changed_fields"]) == ("submitted", [], True)
    assert review(handed_in).body["state"] == "approved"


def test_a_return_without_a_reason_is_refused(handed_in: World) -> None:
    refused = review(handed_in, "return", reasons=[])
    assert (refused.status, [error["field"] for error in refused.body["errors"]]) == (422, ["reasons"])
    assert shown(handed_in)["state"] == "submitted"


@pytest.mark.clause("§4.1.2")
def test_a_review_repeated_is_answered_as_done_and_another_is_told_it_is_done(handed_in: World) -> None:
    first = steps.expect(review(handed_in), 200)
    before = everything_kept()
    again = review(handed_in)
    assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, first, "true")
    for refused in (review(handed_in, "reject"), review(handed_in, person=OPERATOR_TWO)):
        assert (refused.status, refused.code) == (409, "ALREADY_REVIEWED")
        assert refused.body["state"] == "approved"
    assert everything_kept() == before


@pytest.mark.clause("§4.1.2")
def test_whoever_handed_in_does_not_review(draft: World) -> None:
    insider = Person(OWNER.name, "platform")
    steps.expect(hand_in(draft, *PAPERS), 200)
    refused = review(draft, person=insider)
    assert (refused.status, refused.code) == (403, "FOUR_EYES")
    assert shown(draft)["state"] == "submitted"


@pytest.mark.clause("§2.1", "§2.3.1")
def test_eligibility_lists_every_rule_passed_or_not(draft: World) -> None:
    steps.expect(draft.call(OWNER, "PATCH", PATH, {"district": "other", "established_on": "2026-06-01"}), 200)
    found = steps.expect(draft.call(OWNER, "GET", f"{PATH}/eligibility?year=2026"), 200)
    assert (found["eligible"], found["quota_fen"], found["granted_fen"]) == (False, 1_000_000, 0)
    assert found["size_class"] in ("micro", "small", "medium")
    passed = {each["rule"]: each["passed"] for each in found["findings"]}
    assert {rule for rule, ok in passed.items() if not ok} == {"district", "age", "approved"}
    assert {each["clause"] for each in found["findings"]} >= {"§2.1", "§2.1.1", "§2.1.2", "§2.1.3", "§4.1.2"}
    assert all(each["message"] for each in found["findings"])
    assert draft.call(OWNER, "GET", f"{PATH}/eligibility?year=26").code == "MALFORMED"


def test_lists_mask_whom_to_call_and_only_staff_see_them(handed_in: World) -> None:
    items = steps.expect(handed_in.call(BUREAU, "GET", "/enterprises?state=submitted"), 200)["items"]
    assert [each["uscc"] for each in items] == [FIRM.uscc]
    assert FIRM.contact_phone not in str(items) and FIRM.contact_name not in str(items)
    assert shown(handed_in)["contact_phone"] == FIRM.contact_phone
    assert handed_in.call(BUREAU, "GET", "/enterprises?state=draft").body["items"] == []
