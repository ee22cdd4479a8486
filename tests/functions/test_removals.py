"""The removal of an agency takes two hands, is public, and withdraws the agency's products (§3.4.1)."""

from datetime import UTC, datetime

import pytest

from infra.city.document_files import agency_documents
from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.agency_scenario import path_of, products_on_sale, renew, reopen, report_change, upload_documents
from tests.support.backend import World
from tests.support.relaying import relayed, subjects
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, Town, answer_removal, remove_agency
from voucher.store import keys

RENEWAL_DAY = datetime(2028, 6, 5, 2, 0, tzinfo=UTC)  # ten days before the approval of the town's agency ends


def propose_removal(town: Town, person: Person = OPERATOR) -> Json:
    """The operator's proposal to remove the town's agency."""
    return steps.expect(town.world.call(person, "POST", f"{path_of(town)}/removal", {"reason": "虚报服务成效"}), 200)


@pytest.mark.clause("§3.4.1")
def test_a_removal_takes_the_operators_proposal_and_another_person_in_the_bureau(town: Town) -> None:
    approve = f"{path_of(town)}/removal/approve"
    assert town.world.call(BUREAU, "POST", approve).code == "WRONG_STATE"
    both = Person("both", "platform,bureau")
    assert propose_removal(town, both)["state"] == "removal_proposed"
    early = town.world.call(BUREAU, "POST", approve)
    assert (early.status, early.code, early.body["clause"]) == (409, "TOO_EARLY", "§3.4.1")
    assert answer_removal(town.world, town.agency.uscc)["sanction"]["statement"] == "有异议"
    assert town.world.call(both, "POST", approve).code == "FOUR_EYES"
    assert steps.expect(town.world.call(BUREAU, "POST", approve), 200)["state"] == "removed"
    assert town.world.call(BUREAU, "POST", approve).status == 200


@pytest.mark.clause("§3.4.1")
def test_a_removed_agency_takes_no_order_its_products_are_withdrawn_and_it_is_told(
    voucher: tuple[Town, Json],
) -> None:
    town, _ = voucher
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    with relayed(keys.agency(town.agency.uscc)):
        propose_removal(town)
    assert products_on_sale(town) == []
    assert town.place().code == "AGENCY_NOT_ACTIVE"
    [proposed] = subjects(town.world, SELLER)
    assert "理由：虚报服务成效。可在2026-06-22前提交陈述意见" in proposed
    answer_removal(town.world, town.agency.uscc)
    with relayed(keys.agency(town.agency.uscc)):
        steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve"), 200)
    assert town.place().code == "AGENCY_NOT_ACTIVE"
    states = {each["product_id"]: each["state"] for each in town.shown(f"{path_of(town)}/products")["items"]}
    assert states == {town.product_id: "withdrawn", draft["product_id"]: "withdrawn"}
    assert "服务机构已被清退，产品已下架。" in subjects(town.world, SELLER)
    assert town.world.call(SELLER, "POST", f"{path_of(town)}/renew", {}).code == "WRONG_STATE"


@pytest.mark.clause("§3.4.1")
def test_a_removal_is_public_and_its_lead_is_recorded(town: Town) -> None:
    propose_removal(town)
    answer_removal(town.world, town.agency.uscc)
    steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve"), 200)
    [notice] = steps.expect(town.world.call(None, "GET", "/notices"), 200)["items"]
    assert notice == {
        "notice_id": notice["notice_id"],
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
    assert town.world.call(None, "POST", f"{path}/objections", objection).code == "REMOVAL_NOT_OBJECTED_TO"
    [lead] = town.shown("/leads", BUREAU)["items"]
    assert (lead["uscc"], lead["facts"], lead["proposed_by"]) == (town.agency.uscc, "虚报服务成效", OPERATOR.name)
    assert town.world.call(OPERATOR, "GET", "/leads").code == "ROLE_REQUIRED"


@pytest.mark.clause("§3.4.1")
def test_a_removal_that_the_bureau_refuses_leaves_the_agency_as_it_was_and_tells_it(town: Town) -> None:
    propose_removal(town)
    with relayed(keys.agency(town.agency.uscc)):
        body = {"decision": "reject"}
        steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve", body), 200)
    assert products_on_sale(town) == [town.product_id]
    assert subjects(town.world, SELLER) == ["市经信局未同意清退，服务机构恢复原状。"]
    assert town.shown("/leads", BUREAU)["items"] == []


@pytest.mark.clause("§3.4.1")
def test_an_agency_in_the_middle_of_its_renewal_can_be_removed_too(town: Town, stopped_clock: StoppedClock) -> None:
    stopped_clock.instant = RENEWAL_DAY
    renew(town)
    assert propose_removal(town)["state"] == "removal_proposed"
    assert products_on_sale(town) == []
    with relayed(keys.agency(town.agency.uscc)):
        steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve", {"decision": "reject"}), 200)
    shown = town.shown(path_of(town))
    assert (shown["state"], shown["renewal"], shown["removal_reason"]) == ("submitted", True, None)
    assert subjects(town.world, SELLER) == ["市经信局未同意清退，服务机构恢复原状。"]
    assert products_on_sale(town) == [town.product_id]
    propose_removal(town)
    answer_removal(town.world, town.agency.uscc)
    steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve"), 200)
    assert town.shown(path_of(town))["state"] == "removed"


@pytest.mark.clause("§3.4.1")
@pytest.mark.parametrize("by_report", [False, True])
def test_an_agency_reopened_for_correction_can_be_removed_too(town: Town, by_report: bool) -> None:
    change = report_change(town, "另一项变更")
    assert reopen(town)["state"] == "returned"
    if by_report:
        review = f"{path_of(town)}/changes/{change['change_id']}/review"
        steps.expect(town.world.call(OPERATOR, "POST", review, {"decision": "remove", "reason": "虚报"}), 200)
    else:
        propose_removal(town)
    assert town.shown(path_of(town))["state"] == "removal_proposed"
    with relayed(keys.agency(town.agency.uscc)):
        steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve", {"decision": "reject"}), 200)
    assert town.shown(path_of(town))["state"] == "returned"
    assert subjects(town.world, SELLER) == ["市经信局未同意清退，服务机构恢复原状。"]
    assert products_on_sale(town) == []
    propose_removal(town)
    answer_removal(town.world, town.agency.uscc)
    steps.expect(town.world.call(BUREAU, "POST", f"{path_of(town)}/removal/approve"), 200)
    assert town.shown(path_of(town))["state"] == "removed"


def test_only_an_approved_agency_can_be_removed(world: World) -> None:
    agency = samples.agency(2)
    steps.apply_agency(world, SELLER, agency.application(), agency_documents(agency, TODAY))
    path = f"/agencies/{agency.uscc}/removal"
    assert world.call(OPERATOR, "POST", path, {"reason": "拒收服务券"}).code == "WRONG_STATE"
    assert world.call(OWNER, "POST", path, {"reason": "拒收服务券"}).code == "ROLE_REQUIRED"


@pytest.mark.clause("§3.4.1")
def test_an_agency_has_until_its_last_day_to_answer_and_both_have_it_on_their_list(
    town: Town, stopped_clock: StoppedClock
) -> None:
    propose_removal(town)
    [answer] = town.shown(f"/tasks?organisation={town.agency.uscc}&kind=state_position", SELLER)["items"]
    [decision] = town.shown("/tasks?role=bureau&kind=decide_removal", BUREAU)["items"]
    assert (answer["due_on"], decision["due_on"]) == ("2026-06-22", "2026-06-29")
    approve = f"{path_of(town)}/removal/approve"
    stopped_clock.instant = datetime(2026, 6, 22, 15, 59, tzinfo=UTC)
    assert town.world.call(BUREAU, "POST", approve).code == "TOO_EARLY"
    stopped_clock.instant = datetime(2026, 6, 22, 16, tzinfo=UTC)
    assert steps.expect(town.world.call(BUREAU, "POST", approve), 200)["state"] == "removed"


@pytest.mark.clause("§3.4.1")
def test_a_restored_agency_is_what_it_was_in_public_and_may_be_removed_again(town: Town) -> None:
    remove_agency(town)
    restore, why = f"{path_of(town)}/restore", {"reason": "复查后撤销"}
    assert town.world.call(BUREAU, "POST", restore, why).code == "FOUR_EYES"
    with relayed(keys.agency(town.agency.uscc)):
        shown = steps.expect(town.world.call(BUREAU_TWO, "POST", restore, why), 200)
    assert (shown["state"], shown["removal_reason"]) == ("active", None)
    told = "市经信局已撤销清退，服务机构恢复原状；已下架的产品须重新上架。理由：复查后撤销"
    assert subjects(town.world, SELLER) == [told]
    texts = [each["text"] for each in steps.expect(town.world.call(None, "GET", "/notices"), 200)["items"]]
    assert len(texts) == 2 and any("恢复入驻" in each for each in texts)
    steps.expect(town.world.call(OPERATOR, "POST", f"/products/{town.product_id}/publish"), 200)
    assert products_on_sale(town) == [town.product_id]
    remove_agency(town)
    assert town.shown(path_of(town))["state"] == "removed"


@pytest.mark.clause("§3.4.1")
def test_a_removed_agency_applies_anew_from_the_next_year_on(town: Town, stopped_clock: StoppedClock) -> None:
    remove_agency(town)
    reapply = f"{path_of(town)}/reapply"
    early = town.world.call(SELLER, "POST", reapply)
    assert (early.status, early.code, early.body["clause"]) == (409, "NEXT_YEAR_FIRST", "§3.4.1")
    stopped_clock.instant = datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert steps.expect(town.world.call(SELLER, "POST", reapply), 200)["state"] == "returned"
    assert products_on_sale(town) == []
    upload_documents(town)
    assert steps.expect(town.world.call(SELLER, "POST", f"{path_of(town)}/submit"), 200)["applied_on"] == "2027-01-01"
    steps.expect(steps.admit_agency(town.world, town.agency.uscc), 200)
    assert town.shown(path_of(town))["valid_until"] == "2029-01-01"
