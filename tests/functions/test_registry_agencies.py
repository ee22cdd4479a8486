"""Agencies: exceptions with a reason, renewal beside a valid approval, reminder, removal (§3.1, §3.2, §3.4.1)."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.city.papers import agency_papers
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, OPERATOR_TWO, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import World, function
from tests.support.relaying import relayed, subjects
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, Town, open_year
from tests.support.snapshots import upload_again
from tests.support.workers import drain
from voucher.store import keys

APPROVE = {"decision": "approve", "reasons": ["材料齐全"]}
LAST_DAY = datetime(2028, 6, 15, 2, 0, tzinfo=UTC)  # the town's agency was approved on 15 June 2026


def path_of(town: Town) -> str:
    return f"/agencies/{town.agency.uscc}"


def upload_papers(town: Town, left_out: str = "") -> None:
    """Fresh papers of all ten kinds but one."""
    for paper in agency_papers(town.agency, TODAY):
        if paper.kind != left_out:
            steps.announce_and_upload(town.world, SELLER, path_of(town), paper)


def renewed(town: Town, **changes: object) -> Json:
    """The renewal, handed in with fresh papers."""
    upload_papers(town)
    return steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/renew", changes), 200)


def on_sale(town: Town) -> list[str]:
    """What the public finds."""
    return [each["product_id"] for each in steps.expect(town.world.call(None, "GET", "/products"), 200)["items"]]


def reported(town: Town, description: str = "业务范围变更") -> Json:
    """A change that the town's agency reports."""
    report = {"happened_on": "2026-06-14", "description": description}
    return steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/changes", report), 201)


def reopened(town: Town) -> Json:
    """The agency, returned for correction because of a change that it reported."""
    change = reported(town)
    review = f"{path_of(town)}/changes/{change['change_id']}/review"
    steps.expect(town.world.call(OPERATOR, "POST", review, {"decision": "return", "reason": "请修改"}), 200)
    return town.shown(path_of(town))


def other_category(town: Town) -> str:
    """A category that the town's product is not in."""
    return "hr" if samples.product(town.agency)["category"] != "hr" else "legal"


@pytest.mark.clause("§3.3")
def test_what_an_agency_is_approved_for_no_more_is_neither_found_nor_shown_nor_ordered(
    voucher: tuple[Town, Json],
) -> None:
    town, _ = voucher
    upload_again("voucher")
    reopened(town)
    steps.expect(town.world.call(SELLER, "PATCH", path_of(town), {"categories": [other_category(town)]}), 200)
    steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    assert on_sale(town) == []
    assert town.world.call(None, "GET", f"/products/{town.product_id}").code == "NOT_FOUND"
    refused = town.place()
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "OUTSIDE_AGENCY_SCOPE", "§3.3")


@pytest.mark.clause("§3.3")
def test_a_renewal_for_fewer_categories_takes_the_others_off_sale(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renewed(town, categories=[other_category(town)])
    assert on_sale(town) == [town.product_id]
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    assert on_sale(town) == []


@pytest.mark.clause("§3.1.4")
def test_a_law_firm_passes_only_with_the_bureaus_written_reason_which_is_kept_and_shown(world: World) -> None:
    firm = samples.agency(2)
    path, small = f"/agencies/{firm.uscc}", {**firm.application(), "insured_staff": 4}
    steps.apply_agency(world, SELLER, small, agency_papers(firm, TODAY))
    strict = world.call(OPERATOR, "POST", f"{path}/pre-review", APPROVE)
    assert (strict.status, strict.body["clause"]) == (422, "§3.1.4")
    asked = {**APPROVE, "override": "律师事务所，报市局定"}
    assert world.call(OPERATOR, "POST", f"{path}/pre-review", asked).body["override_request"] == "律师事务所，报市局定"
    assert world.call(BUREAU, "POST", f"{path}/approve", APPROVE).body["clause"] == "§3.1.4"
    decided = {**APPROVE, "override": "按局务会纪要同意"}
    steps.expect(world.call(BUREAU, "POST", f"{path}/approve", decided), 200)
    for person in (SELLER, OPERATOR):
        assert steps.expect(world.call(person, "GET", path), 200)["override"] == "按局务会纪要同意"


@pytest.mark.clause("§3.2.2")
def test_who_handed_an_application_in_neither_pre_reviews_nor_approves_it(world: World) -> None:
    agency = samples.agency(2)
    path = f"/agencies/{agency.uscc}"
    steps.apply_agency(world, Person(OPERATOR.name), agency.application(), agency_papers(agency, TODAY))
    reply = world.call(OPERATOR, "POST", f"{path}/pre-review", APPROVE)
    assert (reply.code, reply.body["clause"]) == ("FOUR_EYES", "§3.2.2")
    steps.expect(world.call(OPERATOR_TWO, "POST", f"{path}/pre-review", APPROVE), 200)
    for name in (OPERATOR.name, OPERATOR_TWO.name):
        assert world.call(Person(name, "bureau"), "POST", f"{path}/approve", APPROVE).code == "FOUR_EYES"


@pytest.mark.clause("§3.2.3")
def test_a_renewal_opens_ninety_days_before_the_end(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=91)
    early = town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {})
    assert (early.status, early.code, early.body["clause"]) == (409, "RENEWAL_TOO_EARLY", "§3.2.3")
    stopped_clock.instant = LAST_DAY - timedelta(days=90)
    assert renewed(town)["state"] == "submitted"


@pytest.mark.clause("§3.2.3")
def test_a_renewal_needs_every_paper_anew(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY
    old_papers = town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {})
    assert old_papers.code == "DOCUMENTS_MISSING"
    assert len(old_papers.body["errors"]) == 10
    upload_papers(town, left_out="premises_proof")
    reply = town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {})
    assert [each["field"] for each in reply.body["errors"]] == ["premises_proof"]
    assert town.shown(path_of(town))["state"] == "active"


@pytest.mark.clause("§3.2.3")
def test_a_valid_approval_counts_up_to_its_own_day_while_the_next_is_decided(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=1)
    renewed(town)
    assert on_sale(town) == [town.product_id]
    steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    stopped_clock.instant = LAST_DAY + timedelta(days=1)
    assert on_sale(town) == []
    assert town.world.call(SELLER, "POST", "/products", samples.product(town.agency)).code == "AGENCY_NOT_ACTIVE"
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    shown = town.shown(path_of(town))
    assert (shown["state"], shown["renewal"], shown["valid_until"]) == ("active", False, "2030-06-16")
    assert on_sale(town) == [town.product_id]


@pytest.mark.clause("§3.2.3")
def test_a_lapsed_agency_may_still_renew_and_a_repeated_call_is_answered_as_done(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY + timedelta(days=200)
    first = renewed(town)
    again = town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {})
    assert (again.status, again.body["version"]) == (200, first["version"])


@pytest.mark.clause("§3.2.3")
def test_what_an_agency_says_anew_holds_only_from_its_next_approval(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    pending = renewed(town, insured_staff=99, categories=["hr"])
    before = town.agency.application()
    assert (pending["insured_staff"], pending["categories"]) == (before["insured_staff"], before["categories"])
    assert {"insured_staff", "categories"} < set(pending["changed_fields"])
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    shown = town.shown(path_of(town))
    assert (shown["insured_staff"], shown["categories"], shown["proposed"]) == (99, ["hr"], {})


def test_what_an_agency_proposes_is_masked_in_lists_like_the_rest(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renewed(town, contact_phone="13912345678", contact_name="王小明", premises_m2=60)
    [shown] = town.shown("/agencies?state=submitted", BUREAU)["items"]
    assert shown["proposed"] == {"contact_phone": "139****78", "contact_name": "王**", "premises_m2": 60}
    assert town.shown(path_of(town))["proposed"]["contact_phone"] == "13912345678"


@pytest.mark.clause("§3.1.2")
def test_a_renewal_is_judged_by_what_the_agency_says_anew(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renewed(town, premises_m2=49)
    reply = steps.admit_agency(town.world, town.agency.uscc)
    assert (reply.status, reply.body["clause"]) == (422, "§3.1.2")


@pytest.mark.clause("§3.2.3")
def test_an_agency_being_renewed_reports_a_change_and_may_be_asked_for_corrections(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renewed(town)
    report = {"happened_on": (LAST_DAY - timedelta(days=12)).date().isoformat(), "description": "迁址"}
    change = steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/changes", report), 201)
    review = f"{path_of(town)}/changes/{change['change_id']}/review"
    steps.expect(town.world.call(OPERATOR, "POST", review, {"decision": "return", "reason": "请更新场地证明"}), 200)
    shown = town.shown(path_of(town))
    assert (shown["state"], shown["renewal"]) == ("returned", True)
    assert on_sale(town) == [town.product_id]


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
def test_a_reopened_agency_whose_approval_ended_meanwhile_is_approved_again_only_by_a_renewal(
    town: Town, stopped_clock: StoppedClock
) -> None:
    upload_again("town")
    reopened(town)
    steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    stopped_clock.instant = LAST_DAY + timedelta(days=1)
    refused = steps.admit_agency(town.world, town.agency.uscc)
    assert (refused.status, refused.code, refused.body["clause"]) == (409, "RENEWAL_REQUIRED", "§3.2.3")
    back = {"decision": "return", "reasons": ["请申请续期"]}
    steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/approve", back), 200)
    assert town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {}).code == "DOCUMENTS_MISSING"
    assert renewed(town)["state"] == "submitted"
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    shown = town.shown(path_of(town))
    assert (shown["state"], shown["valid_until"], on_sale(town)) == ("active", "2030-06-16", [town.product_id])


@pytest.mark.clause("§3.2.3")
def test_a_reopened_agency_that_asks_for_its_renewal_sells_nothing_until_it_is_approved(
    town: Town, stopped_clock: StoppedClock
) -> None:
    reopened(town)
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    waiting = renewed(town)
    assert (waiting["state"], waiting["renewal"], on_sale(town)) == ("submitted", True, [])
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    shown = town.shown(path_of(town))
    assert (shown["suspended"], shown["valid_until"], on_sale(town)) == (False, "2030-06-05", [town.product_id])


@pytest.mark.clause("§3.1.1")
def test_an_agency_rejected_after_it_was_reopened_applies_anew_and_its_age_counts_from_then(
    town: Town, stopped_clock: StoppedClock
) -> None:
    upload_again("town")
    stopped_clock.instant += timedelta(days=30)
    reopened(town)
    kept = steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    reject = {"decision": "reject", "reasons": ["不符"]}
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/pre-review", reject), 200)
    anew = steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    assert (kept["applied_on"], anew["applied_on"]) == ("2026-06-15", "2026-07-15")


@pytest.mark.clause("§3.2.3")
def test_a_renewal_that_was_rejected_and_is_handed_in_again_is_the_renewal_it_was(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renewed(town)
    reject = {"decision": "reject", "reasons": ["材料不实"]}
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/pre-review", reject), 200)
    stopped_clock.instant += timedelta(days=5)
    again = steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)
    assert (again["state"], again["applied_on"]) == ("submitted", "2028-06-05")


@pytest.mark.clause("§3.2.1")
def test_an_applicant_that_was_rejected_may_apply_again_and_one_never_approved_reports_nothing(world: World) -> None:
    agency = samples.agency(2)
    path = f"/agencies/{agency.uscc}"
    steps.apply_agency(world, SELLER, agency.application(), agency_papers(agency, TODAY))
    reject = {"decision": "reject", "reasons": ["不符"]}
    steps.expect(world.call(OPERATOR, "POST", f"{path}/pre-review", reject), 200)
    report = {"happened_on": "2026-06-10", "description": "迁址"}
    assert world.call(SELLER, "POST", f"{path}/changes", report).code == "WRONG_STATE"
    steps.expect(world.call(SELLER, "PATCH", path, {"premises_m2": 80}), 200)
    steps.expect(world.call(SELLER, "POST", f"{path}/submit"), 200)
    steps.expect(steps.admit_agency(world, agency.uscc), 200)


@pytest.mark.clause("§3.1.2")
def test_an_agency_is_judged_by_what_the_years_programme_asks_for_and_an_override_counts_only_where_needed(
    world: World,
) -> None:
    open_year(world, agency_min_premises_m2=10_000)
    agency = samples.agency(2)
    path = f"/agencies/{agency.uscc}"
    steps.apply_agency(world, SELLER, agency.application(), agency_papers(agency, TODAY))
    strict = world.call(OPERATOR, "POST", f"{path}/pre-review", APPROVE)
    assert (strict.code, strict.body["clause"]) == ("AGENCY_PREMISES", "§3.1.2")
    steps.expect(world.call(OPERATOR, "POST", f"{path}/pre-review", {**APPROVE, "override": "报市局定"}), 200)
    decided = steps.expect(world.call(BUREAU, "POST", f"{path}/approve", {**APPROVE, "override": "同意"}), 200)
    assert decided["override"] == "同意"
    other = samples.agency(3)
    open_year(world, year=2027)
    steps.apply_agency(world, SELLER, other.application() | {"premises_m2": 10_000}, agency_papers(other, TODAY))
    steps.expect(world.call(OPERATOR, "POST", f"/agencies/{other.uscc}/pre-review", APPROVE), 200)
    needless = {**APPROVE, "override": "同意"}
    assert world.call(BUREAU, "POST", f"/agencies/{other.uscc}/approve", needless).body["override"] is None


@pytest.mark.clause("§3.2.3")
def test_a_rejected_renewal_leaves_the_approval_its_days_and_may_be_tried_again(
    town: Town, stopped_clock: StoppedClock
) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renewed(town)
    reject = {"decision": "reject", "reasons": ["材料不实"]}
    assert (
        steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/pre-review", reject), 200)["state"]
        == "rejected"
    )
    assert on_sale(town) == [town.product_id]
    assert renewed(town)["state"] == "submitted"


@pytest.mark.clause("§3.2.3")
def test_an_application_that_was_rejected_is_no_renewal(world: World) -> None:
    agency = samples.agency(2)
    steps.apply_agency(world, SELLER, agency.application(), agency_papers(agency, TODAY))
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


def test_an_agency_that_handed_its_renewal_in_is_not_reminded(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=20)
    renewed(town)
    stopped_clock.instant = LAST_DAY
    function("sweep").handler({"time": LAST_DAY.isoformat()}, None)
    drain("notify")
    assert subjects(town.world, SELLER) == []


def proposed(town: Town, person: Person = OPERATOR) -> Json:
    """The operator's proposal to clear the town's agency out."""
    return steps.expect(town.world.call(person, "POST", f"{path_of(town)}/removal", {"reason": "虚报服务成效"}), 200)


@pytest.mark.clause("§3.4.1")
def test_a_removal_takes_the_operators_word_and_somebody_else_in_the_bureau(town: Town) -> None:
    approve = f"{path_of(town)}/removal/approve"
    assert town.world.call(BUREAU, "POST", approve).code == "WRONG_STATE"
    both = Person("both", "platform,bureau")
    assert proposed(town, both)["state"] == "removal_proposed"
    assert town.world.call(both, "POST", approve).code == "FOUR_EYES"
    assert steps.expect(town.world.call(BUREAU, "POST", approve), 200)["state"] == "removed"
    assert town.world.call(BUREAU, "POST", approve).status == 200


@pytest.mark.clause("§3.4.1")
def test_a_removed_agency_takes_no_order_its_products_are_down_and_it_hears_of_it(
    voucher: tuple[Town, Json],
) -> None:
    town, _ = voucher
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    with relayed(keys.agency(town.agency.uscc)):
        proposed(town)
    assert on_sale(town) == []
    assert town.place().code == "AGENCY_NOT_ACTIVE"
    with relayed(keys.agency(town.agency.uscc)):
        steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve"), 200)
    assert town.place().code == "AGENCY_NOT_ACTIVE"
    states = {each["product_id"]: each["state"] for each in town.shown(f"{path_of(town)}/products")["items"]}
    assert states == {town.product_id: "withdrawn", draft["product_id"]: "withdrawn"}
    assert "服务机构已被清退，产品已下架。" in subjects(town.world, SELLER)
    assert town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {}).code == "WRONG_STATE"


@pytest.mark.clause("§3.4.1")
def test_a_removal_is_public_and_its_lead_is_recorded(town: Town) -> None:
    proposed(town)
    steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve"), 200)
    [notice] = steps.expect(town.world.call(None, "GET", "/notices"), 200)["items"]
    assert notice == {
        "notice_id": f"removal_{town.agency.uscc}",
        "kind": "removal",
        "state": "published",
        "agency_uscc": town.agency.uscc,
        "agency_name": town.agency.name,
        "text": f"{town.agency.name}自2026年6月15日起被清退，不再承接服务券业务。",
        "published_on": "2026-06-15",
    }
    path = f"/notices/{notice['notice_id']}"
    assert steps.expect(town.world.call(None, "GET", path), 200) == notice
    objection = {"name": "某", "contact": "0578", "reason": "不服"}
    assert town.world.call(None, "POST", f"{path}/objections", objection).code == "NOT_FOUND"
    [lead] = town.shown("/leads", BUREAU)["items"]
    assert (lead["uscc"], lead["facts"], lead["proposed_by"]) == (town.agency.uscc, "虚报服务成效", OPERATOR.name)
    assert town.world.call(OPERATOR, "GET", "/leads").code == "ROLE_REQUIRED"


@pytest.mark.clause("§3.4.1")
def test_a_removal_the_bureau_declines_leaves_the_agency_as_it_was_and_says_so(town: Town) -> None:
    proposed(town)
    with relayed(keys.agency(town.agency.uscc)):
        body = {"decision": "reject"}
        steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve", body), 200)
    assert on_sale(town) == [town.product_id]
    assert subjects(town.world, SELLER) == ["市经信局未同意清退，服务机构恢复原状。"]
    assert town.shown("/leads", BUREAU)["items"] == []


@pytest.mark.clause("§3.4.1")
def test_an_agency_in_the_middle_of_its_renewal_can_be_cleared_out_too(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = LAST_DAY - timedelta(days=10)
    renewed(town)
    assert proposed(town)["state"] == "removal_proposed"
    assert on_sale(town) == []
    with relayed(keys.agency(town.agency.uscc)):
        steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve", {"decision": "reject"}), 200)
    shown = town.shown(path_of(town))
    assert (shown["state"], shown["renewal"], shown["removal_reason"]) == ("submitted", True, None)
    assert subjects(town.world, SELLER) == ["市经信局未同意清退，服务机构恢复原状。"]
    assert on_sale(town) == [town.product_id]
    proposed(town)
    steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve"), 200)
    assert town.shown(path_of(town))["state"] == "removed"


@pytest.mark.clause("§3.4.1")
@pytest.mark.parametrize("by_report", [False, True])
def test_an_agency_reopened_for_correction_can_be_cleared_out_too(town: Town, by_report: bool) -> None:
    change = reported(town, "另一项变更")
    assert reopened(town)["state"] == "returned"
    if by_report:
        review = f"{path_of(town)}/changes/{change['change_id']}/review"
        steps.expect(town.world.call(OPERATOR, "POST", review, {"decision": "remove", "reason": "虚报"}), 200)
    else:
        proposed(town)
    assert town.shown(path_of(town))["state"] == "removal_proposed"
    with relayed(keys.agency(town.agency.uscc)):
        steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve", {"decision": "reject"}), 200)
    assert town.shown(path_of(town))["state"] == "returned"
    assert subjects(town.world, SELLER) == ["市经信局未同意清退，服务机构恢复原状。"]
    assert on_sale(town) == []
    proposed(town)
    steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve"), 200)
    assert town.shown(path_of(town))["state"] == "removed"


def test_only_an_approved_agency_can_be_cleared_out(world: World) -> None:
    agency = samples.agency(2)
    steps.apply_agency(world, SELLER, agency.application(), agency_papers(agency, TODAY))
    path = f"/agencies/{agency.uscc}/removal"
    assert world.call(OPERATOR, "POST", path, {"reason": "拒收服务券"}).code == "WRONG_STATE"
    assert world.call(OWNER, "POST", path, {"reason": "拒收服务券"}).code == "ROLE_REQUIRED"
