"""Agencies: application and review, renewal beside a valid approval, and the reminder (§3.1, §3.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.city.document_files import agency_documents
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.agency_scenario import path_of, products_on_sale, renew, reopen, upload_documents
from tests.support.backend import World, function
from tests.support.relaying import subjects
from tests.support.samples import TODAY
from tests.support.scenario import SELLER, STRANGER, Json, Town, open_year
from tests.support.snapshots import everything_kept, staged, upload_again
from tests.support.workers import drain

AGENCY = samples.agency(1)
PATH = f"/agencies/{AGENCY.uscc}"
DOCUMENTS = tuple(agency_documents(AGENCY, TODAY))
BOTH = Person("both-hands", "platform,bureau")
APPROVE = {"decision": "approve", "reasons": ["材料齐全"]}
LAST_DAY = datetime(2028, 6, 15, 2, 0, tzinfo=UTC)  # the town's agency was approved on 15 June 2026


def decide(world: World, step: str, decision: str = "approve", person: Person | None = None, **more: Any) -> Reply:
    """The operator's opinion (pre-review) or the bureau's decision (approve)."""
    who = person or (OPERATOR if step == "pre-review" else BUREAU)
    return world.call(who, "POST", f"{PATH}/{step}", {"decision": decision, "reasons": ["已核对"], **more})


@pytest.fixture
def draft(world: World) -> World:
    """The application with its ten documents, not submitted."""

    def build() -> World:
        steps.expect(world.call(SELLER, "POST", "/agencies", AGENCY.application()), 201)
        for document in DOCUMENTS:
            steps.announce_and_upload(world, SELLER, PATH, document)
        return world

    return staged("draft agency", build)


@pytest.fixture
def submitted(world: World) -> World:
    """The application submitted."""

    def build() -> World:
        steps.apply_agency(world, SELLER, AGENCY.application(), DOCUMENTS)
        return world

    return staged("agency submitted", build)


def submit_again(world: World, **changes: Any) -> None:
    """Correct a returned application and submit it again, with its documents."""
    steps.expect(decide(world, "pre-review", "return"), 200)
    steps.expect(world.call(SELLER, "PATCH", PATH, changes), 200)
    for document in DOCUMENTS:
        steps.announce_and_upload(world, SELLER, PATH, document)
    steps.expect(world.call(SELLER, "POST", f"{PATH}/submit"), 200)


def submit_with_documents(world: World) -> None:
    """Submit with all documents."""
    for document in DOCUMENTS:
        steps.announce_and_upload(world, SELLER, PATH, document)
    steps.expect(world.call(SELLER, "POST", f"{PATH}/submit"), 200)


def other_category(town: Town) -> str:
    """A category that the town's product is not in."""
    return "hr" if samples.product(town.agency)["category"] != "hr" else "legal"


@pytest.mark.clause("§3.2.1")
def test_every_missing_document_is_named(world: World) -> None:
    steps.expect(world.call(SELLER, "POST", "/agencies", AGENCY.application()), 201)
    for document in DOCUMENTS[:7]:
        steps.announce_and_upload(world, SELLER, PATH, document)
    refused = world.call(SELLER, "POST", f"{PATH}/submit")
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "DOCUMENTS_MISSING", "§3.2.1")
    assert {error["field"] for error in refused.body["errors"]} == {document.kind for document in DOCUMENTS[7:]}
    announced = {"kind": "credit_commitment", "filename": "x.pdf", "content_type": "application/pdf", "size_bytes": 9}
    assert world.call(SELLER, "POST", f"{PATH}/documents", announced).code == "MALFORMED"


@pytest.mark.clause("§3.1.1")
def test_a_code_that_no_agency_has_is_refused_by_the_clause_for_agencies(world: World) -> None:
    refused = world.call(SELLER, "POST", "/agencies", {**AGENCY.application(), "uscc": "91331100MA2EFLCR5B"})
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "INVALID_USCC", "§3.1.1")
    assert [error["field"] for error in refused.body["errors"]] == ["uscc"]


def test_a_code_is_applied_for_once(submitted: World) -> None:
    refused = submitted.call(STRANGER, "POST", "/agencies", AGENCY.application())
    assert (refused.status, refused.code) == (409, "ALREADY_REGISTERED")
    person = {**AGENCY.application(), "uscc": "362322198709086409"}
    assert submitted.call(SELLER, "POST", "/agencies", person).code == "INVALID_USCC"


@pytest.mark.clause("§3.2.2", "§3.2.3")
def test_after_the_operator_and_the_bureau_an_approval_counts_for_two_years(submitted: World) -> None:
    early = decide(submitted, "approve")
    assert (early.status, submitted.call(BUREAU, "GET", PATH).body["state"]) == (409, "submitted")
    assert decide(submitted, "pre-review").body["state"] == "pre_reviewed"
    active = decide(submitted, "approve").body
    assert (active["state"], active["valid_until"], active["approved_by"]) == ("active", "2028-06-15", BUREAU.name)


@pytest.mark.clause("§3.2.2")
def test_nobody_takes_two_steps_of_one_application(submitted: World) -> None:
    insider = Person(SELLER.name, "platform,bureau")
    refused = decide(submitted, "pre-review", person=insider)
    assert (refused.status, refused.code, refused.body["clause"]) == (403, "FOUR_EYES", "§3.2.2")
    steps.expect(decide(submitted, "pre-review", person=BOTH), 200)
    before = everything_kept()
    for person in (BOTH, insider):
        refused = decide(submitted, "approve", person=person)
        assert (refused.status, refused.code, refused.body["clause"]) == (403, "FOUR_EYES", "§3.2.2")
    assert everything_kept() == before


def test_each_step_repeated_is_answered_as_done_and_another_is_told_so(submitted: World) -> None:
    for step in ("pre-review", "approve"):
        first = steps.expect(decide(submitted, step), 200)
        again = decide(submitted, step)
        assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, first, "true")
        other = decide(submitted, step, "reject")
        assert (other.status, other.code) == (409, "ALREADY_REVIEWED")


CONDITIONS: list[tuple[Json, str, str]] = [
    ({"is_legal_person": False}, "AGENCY_NOT_LEGAL_PERSON", "§3.1.1"),
    ({"established_on": "2024-06-16"}, "AGENCY_TOO_YOUNG", "§3.1.1"),
    ({"net_profit_last_year_fen": -1}, "AGENCY_AT_LOSS", "§3.1.1"),
    ({"premises_m2": 49}, "AGENCY_PREMISES", "§3.1.2"),
    ({"has_management_system": False}, "AGENCY_MANAGEMENT", "§3.1.3"),
    ({"insured_staff": 4}, "AGENCY_STAFF", "§3.1.4"),
]


@pytest.mark.clause("§3.1.1", "§3.1.2", "§3.1.3", "§3.1.4")
def test_a_condition_that_fails_is_refused_by_its_clause(draft: World, subtests: pytest.Subtests) -> None:
    for changes, code, clause in CONDITIONS:
        with subtests.test(code):
            sound = {name: AGENCY.application()[name] for name in changes}
            steps.expect(draft.call(SELLER, "PATCH", PATH, changes), 200)
            submit_with_documents(draft)
            refused = decide(draft, "pre-review")
            assert (refused.status, refused.code, refused.body["clause"]) == (422, code, clause)
            steps.expect(decide(draft, "pre-review", "return"), 200)
            steps.expect(draft.call(SELLER, "PATCH", PATH, sound), 200)
    submit_with_documents(draft)
    assert decide(draft, "pre-review").status == 200


@pytest.mark.clause("§3.1.1", "§3.1.2", "§3.1.4")
def test_exactly_on_every_bound_passes(submitted: World) -> None:
    on_bound = {"established_on": "2024-06-15", "net_profit_last_year_fen": 0, "premises_m2": 50, "insured_staff": 5}
    submit_again(submitted, **on_bound)
    assert steps.admit_agency(submitted, AGENCY.uscc).body["state"] == "active"


@pytest.mark.clause("§3.1.1")
def test_the_bureau_overrides_with_a_reason_on_record_and_not_without(submitted: World) -> None:
    submit_again(submitted, is_legal_person=False)
    opinion = steps.expect(decide(submitted, "pre-review", override="律师事务所"), 200)
    assert opinion["override_request"] == "律师事务所"
    refused = decide(submitted, "approve")
    assert (refused.status, refused.code) == (422, "AGENCY_NOT_LEGAL_PERSON")
    empty = decide(submitted, "approve", override="  ")
    assert (empty.status, empty.code) == (422, "MALFORMED")
    active = steps.expect(decide(submitted, "approve", override="市局2026年第3次会议纪要"), 200)
    assert (active["state"], active["override"]) == ("active", "市局2026年第3次会议纪要")
    for person in (SELLER, OPERATOR):
        shown = steps.expect(submitted.call(person, "GET", PATH), 200)
        assert (shown["override"], shown["waives"]) == (active["override"], ["legal_person"])


@pytest.mark.clause("§3.1.4")
def test_no_override_lets_in_an_agency_without_staff_or_with_a_loss(submitted: World) -> None:
    submit_again(submitted, is_legal_person=False, insured_staff=0, net_profit_last_year_fen=-1)
    refused = decide(submitted, "pre-review", override="市局同意")
    assert (refused.status, refused.code) == (422, "AGENCY_AT_LOSS")
    assert [each["clause"] for each in refused.body["errors"]] == ["§3.1.1", "§3.1.4"]
    named = decide(submitted, "pre-review", override="市局同意", waives=["staff"])
    assert (named.status, named.body["errors"][0]["field"]) == (422, "waives")
    assert submitted.call(OPERATOR, "GET", PATH).body["state"] == "submitted"


@pytest.mark.clause("§1.3")
def test_a_programme_that_is_only_drafted_decides_nothing_about_an_agency(world: World) -> None:
    drafted = {"year": 2026, "total_fen": 1_000_000, "policy": {"agency_min_insured_staff": 0}}
    drafted["document_number"] = "丽经信〔2026〕9号"
    steps.expect(world.call(BUREAU, "POST", "/programmes", drafted), 201)
    steps.apply_agency(world, SELLER, AGENCY.application() | {"insured_staff": 0}, DOCUMENTS)
    refused = decide(world, "pre-review")
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "AGENCY_STAFF", "§3.1.4")
    steps.expect(world.call(FINANCE, "POST", "/programmes/2026/confirm"), 200)
    assert steps.admit_agency(world, AGENCY.uscc).body["state"] == "active"


@pytest.mark.clause("§3.2.3")
def test_an_approval_counts_on_its_last_day_and_not_on_the_next(submitted: World, stopped_clock: StoppedClock) -> None:
    steps.expect(steps.admit_agency(submitted, AGENCY.uscc), 200)
    listing = samples.product(AGENCY)
    stopped_clock.instant = stopped_clock.instant.replace(year=2028, hour=15, minute=59)
    assert submitted.call(SELLER, "POST", "/products", listing).status == 201
    stopped_clock.instant = stopped_clock.instant.replace(hour=16, minute=0)
    refused = submitted.call(SELLER, "POST", "/products", listing)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "AGENCY_NOT_ACTIVE", "§3.2.3")


@pytest.mark.clause("§3.3")
def test_a_category_lost_at_a_new_approval_is_not_found_nor_shown_nor_ordered(
    voucher: tuple[Town, Json],
) -> None:
    town, _ = voucher
    upload_again("voucher")
    reopen(town)
    steps.expect(town.world.call(SELLER, "PATCH", path_of(town), {"categories": [other_category(town)]}), 200)
    steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    assert products_on_sale(town) == []
    assert town.world.call(None, "GET", f"/products/{town.product_id}").code == "NOT_FOUND"
    refused = town.place()
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "OUTSIDE_AGENCY_SCOPE", "§3.3")


@pytest.mark.clause("§3.3")
def test_a_renewal_for_fewer_categories_takes_the_others_off_sale(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renew(town, categories=[other_category(town)])
    assert products_on_sale(town) == [town.product_id]
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    assert products_on_sale(town) == []


@pytest.mark.clause("§3.2.3")
def test_a_renewal_opens_ninety_days_before_the_end(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=91)
    early = town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {})
    assert (early.status, early.code, early.body["clause"]) == (409, "RENEWAL_TOO_EARLY", "§3.2.3")
    stopped_clock.instant = LAST_DAY - timedelta(days=90)
    assert renew(town)["state"] == "submitted"


@pytest.mark.clause("§3.2.3")
def test_a_renewal_needs_every_document_anew(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY
    old_documents = town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {})
    assert old_documents.code == "DOCUMENTS_MISSING"
    assert len(old_documents.body["errors"]) == 10
    upload_documents(town, left_out="premises_proof")
    reply = town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {})
    assert [each["field"] for each in reply.body["errors"]] == ["premises_proof"]
    assert town.shown(path_of(town))["state"] == "active"


@pytest.mark.clause("§3.2.3")
def test_a_valid_approval_counts_up_to_its_own_day_while_the_next_is_decided(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=1)
    renew(town)
    assert products_on_sale(town) == [town.product_id]
    steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    stopped_clock.instant = LAST_DAY + timedelta(days=1)
    assert products_on_sale(town) == []
    assert town.world.call(SELLER, "POST", "/products", samples.product(town.agency)).code == "AGENCY_NOT_ACTIVE"
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    shown = town.shown(path_of(town))
    assert (shown["state"], shown["renewal"], shown["valid_until"]) == ("active", False, "2030-06-16")
    assert (shown["first_approved_on"], shown["approved_at"][:4]) == ("2026-06-15", "2028")
    assert products_on_sale(town) == [town.product_id]


@pytest.mark.clause("§3.2.3")
def test_a_lapsed_agency_may_still_renew_and_a_repeated_call_is_answered_as_done(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY + timedelta(days=200)
    first = renew(town)
    again = town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {})
    assert (again.status, again.body["version"]) == (200, first["version"])


@pytest.mark.clause("§3.2.3")
def test_what_a_renewal_proposes_counts_only_from_the_next_approval(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    pending = renew(town, insured_staff=99, categories=["hr"])
    before = town.agency.application()
    assert (pending["insured_staff"], pending["categories"]) == (before["insured_staff"], before["categories"])
    assert {"insured_staff", "categories"} < set(pending["changed_fields"])
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    shown = town.shown(path_of(town))
    assert (shown["insured_staff"], shown["categories"], shown["proposed"]) == (99, ["hr"], {})


def test_what_an_agency_proposes_is_masked_in_lists_like_the_rest(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renew(town, contact_phone="13912345678", contact_name="王小明", premises_m2=60)
    [shown] = town.shown("/agencies?state=submitted", BUREAU)["items"]
    assert shown["proposed"] == {"contact_phone": "139****78", "contact_name": "王**", "premises_m2": 60}
    assert town.shown(path_of(town))["proposed"]["contact_phone"] == "13912345678"


@pytest.mark.clause("§3.1.2")
def test_a_renewal_is_judged_by_what_it_proposes(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renew(town, premises_m2=49)
    reply = steps.admit_agency(town.world, town.agency.uscc)
    assert (reply.status, reply.body["clause"]) == (422, "§3.1.2")


@pytest.mark.clause("§3.2.3")
def test_an_agency_being_renewed_reports_a_change_and_may_be_asked_for_corrections(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renew(town)
    report = {"happened_on": (LAST_DAY - timedelta(days=12)).date().isoformat(), "description": "迁址"}
    change = steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/changes", report), 201)
    review = f"{path_of(town)}/changes/{change['change_id']}/review"
    steps.expect(town.world.call(OPERATOR, "POST", review, {"decision": "return", "reason": "请更新场地证明"}), 200)
    shown = town.shown(path_of(town))
    assert (shown["state"], shown["renewal"]) == ("returned", True)
    assert products_on_sale(town) == [town.product_id]


@pytest.mark.clause("§3.2.3")
def test_an_agency_reopened_by_a_change_keeps_the_end_of_its_approval(town: Town, stopped_clock: StoppedClock) -> None:
    upload_again("town")
    stopped_clock.instant = LAST_DAY - timedelta(days=200)
    report = {"happened_on": (LAST_DAY - timedelta(days=201)).date().isoformat(), "description": "迁址"}
    change = steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/changes", report), 201)
    review = f"{path_of(town)}/changes/{change['change_id']}/review"
    steps.expect(town.world.call(OPERATOR, "POST", review, {"decision": "return", "reason": "请更新"}), 200)
    steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    assert town.shown(path_of(town))["valid_until"] == LAST_DAY.date().isoformat()


@pytest.mark.clause("§3.2.3")
def test_a_reopened_agency_whose_approval_ended_needs_a_renewal(town: Town, stopped_clock: StoppedClock) -> None:
    upload_again("town")
    reopen(town)
    steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    stopped_clock.instant = LAST_DAY + timedelta(days=1)
    refused = steps.admit_agency(town.world, town.agency.uscc)
    assert (refused.status, refused.code, refused.body["clause"]) == (409, "RENEWAL_REQUIRED", "§3.2.3")
    back = {"decision": "return", "reasons": ["请申请续期"]}
    steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/approve", back), 200)
    assert town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {}).code == "DOCUMENTS_MISSING"
    assert renew(town)["state"] == "submitted"
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    shown = town.shown(path_of(town))
    assert (shown["state"], shown["valid_until"], products_on_sale(town)) == ("active", "2030-06-16", [town.product_id])


@pytest.mark.clause("§3.2.3")
def test_a_reopened_agency_that_renews_sells_nothing_until_it_is_approved(
    town: Town, stopped_clock: StoppedClock
) -> None:
    reopen(town)
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    waiting = renew(town)
    assert (waiting["state"], waiting["renewal"], products_on_sale(town)) == ("submitted", True, [])
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    shown = town.shown(path_of(town))
    assert (shown["suspended"], shown["valid_until"], products_on_sale(town)) == (
        False,
        "2030-06-05",
        [town.product_id],
    )


@pytest.mark.clause("§3.1.1")
def test_an_agency_rejected_after_it_was_reopened_applies_anew_from_that_day(
    town: Town, stopped_clock: StoppedClock
) -> None:
    upload_again("town")
    stopped_clock.instant += timedelta(days=30)
    reopen(town)
    kept = steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    reject = {"decision": "reject", "reasons": ["不符"]}
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/pre-review", reject), 200)
    anew = steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    assert (kept["applied_on"], anew["applied_on"]) == ("2026-06-15", "2026-07-15")


@pytest.mark.clause("§3.2.3")
def test_a_rejected_renewal_that_is_submitted_again_keeps_its_application_day(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renew(town)
    reject = {"decision": "reject", "reasons": ["材料不实"]}
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/pre-review", reject), 200)
    stopped_clock.instant += timedelta(days=5)
    again = steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    assert (again["state"], again["applied_on"]) == ("submitted", "2028-06-05")


@pytest.mark.clause("§3.2.1")
def test_a_rejected_applicant_may_apply_again_and_has_no_change_to_report(world: World) -> None:
    agency = samples.agency(2)
    path = f"/agencies/{agency.uscc}"
    steps.apply_agency(world, SELLER, agency.application(), agency_documents(agency, TODAY))
    reject = {"decision": "reject", "reasons": ["不符"]}
    steps.expect(world.call(OPERATOR, "POST", f"{path}/pre-review", reject), 200)
    report = {"happened_on": "2026-06-10", "description": "迁址"}
    assert world.call(SELLER, "POST", f"{path}/changes", report).code == "WRONG_STATE"
    steps.expect(world.call(SELLER, "PATCH", path, {"premises_m2": 80}), 200)
    steps.expect(world.call(SELLER, "POST", f"{path}/submit"), 200)
    steps.expect(steps.admit_agency(world, agency.uscc), 200)


@pytest.mark.clause("§3.1.2")
def test_the_years_programme_sets_the_conditions_and_an_unneeded_override_is_dropped(
    world: World,
) -> None:
    open_year(world, agency_min_premises_m2=10_000)
    agency = samples.agency(2)
    path = f"/agencies/{agency.uscc}"
    steps.apply_agency(world, SELLER, agency.application(), agency_documents(agency, TODAY))
    strict = world.call(OPERATOR, "POST", f"{path}/pre-review", APPROVE)
    assert (strict.code, strict.body["clause"]) == ("AGENCY_PREMISES", "§3.1.2")
    steps.expect(world.call(OPERATOR, "POST", f"{path}/pre-review", {**APPROVE, "override": "报市局定"}), 200)
    decided = steps.expect(world.call(BUREAU, "POST", f"{path}/approve", {**APPROVE, "override": "同意"}), 200)
    assert decided["override"] == "同意"
    other = samples.agency(3)
    open_year(world, year=2027)
    steps.apply_agency(world, SELLER, other.application() | {"premises_m2": 10_000}, agency_documents(other, TODAY))
    steps.expect(world.call(OPERATOR, "POST", f"/agencies/{other.uscc}/pre-review", APPROVE), 200)
    needless = {**APPROVE, "override": "同意"}
    assert world.call(BUREAU, "POST", f"/agencies/{other.uscc}/approve", needless).body["override"] is None


@pytest.mark.clause("§3.2.3")
def test_a_rejected_renewal_leaves_the_approval_its_days_and_may_be_tried_again(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renew(town)
    reject = {"decision": "reject", "reasons": ["材料不实"]}
    assert (
        steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/pre-review", reject), 200)["state"]
        == "rejected"
    )
    assert products_on_sale(town) == [town.product_id]
    assert renew(town)["state"] == "submitted"


@pytest.mark.clause("§3.2.3")
def test_an_application_that_was_rejected_is_no_renewal(world: World) -> None:
    agency = samples.agency(2)
    steps.apply_agency(world, SELLER, agency.application(), agency_documents(agency, TODAY))
    reject = {"decision": "reject", "reasons": []}
    steps.expect(world.call(OPERATOR, "POST", f"/agencies/{agency.uscc}/pre-review", reject), 200)
    assert world.call(SELLER, "POST", f"/agencies/{agency.uscc}/renew", {}).code == "WRONG_STATE"


@pytest.mark.clause("§3.2.3")
@pytest.mark.parametrize(("days_before", "reminders"), [(31, 0), (30, 1), (0, 1), (-1, 0)])
def test_an_agency_is_reminded_once_in_the_last_thirty_days(
    town: Town, stopped_clock: StoppedClock, days_before: int, reminders: int
) -> None:
    instant = LAST_DAY - timedelta(days=days_before)
    for night in range(2):
        stopped_clock.instant = instant + timedelta(minutes=night)
        function("sweep").handler({"time": stopped_clock.instant.isoformat()}, None)
    drain("notify")
    assert subjects(town.world, SELLER) == ["服务机构入驻有效期至2028-06-15，请及时申请续期。"] * reminders


def test_an_agency_that_submitted_its_renewal_is_not_reminded(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=20)
    renew(town)
    stopped_clock.instant = LAST_DAY
    function("sweep").handler({"time": LAST_DAY.isoformat()}, None)
    drain("notify")
    assert subjects(town.world, SELLER) == []
