"""Material changes reported in time or late, what the operator decides, and who hears of it (§3.2.3, §4.1.3)."""

import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.relaying import relayed, subjects
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, STRANGER, Json, Town, disqualify, open_year
from tests.support.snapshots import upload_again
from voucher.store import keys, vouchers

VOID = "企业领券、用券资格被取消，未使用的服务券作废。"
PARTNER = "订单的企业已被取消用券资格；已签合同的订单继续履行。"


def path_of(town: Town) -> str:
    return f"/enterprises/{town.enterprise.uscc}"


def report_change(town: Town, happened_on: str = "2026-06-10") -> Json:
    """A change the owner reported today, 15 June 2026."""
    body = {"happened_on": happened_on, "description": "主营业务变更"}
    return steps.expect(town.world.call(OWNER, "POST", f"{path_of(town)}/changes", body), 201)


def decide_change(town: Town, change: Json, decision: str, reason: str | None = "主营业务已变更") -> Json:
    """The operator's decision on it."""
    body = {"decision": decision, "reason": reason}
    path = f"{path_of(town)}/changes/{change['change_id']}/review"
    return steps.expect(town.world.call(OPERATOR, "POST", path, body), 200)


def approve_disqualification(town: Town) -> None:
    """The enterprise answers, and the bureau approves."""
    path = f"{path_of(town)}/disqualify"
    steps.expect(town.world.call(OWNER, "POST", f"{path}/statement", {"text": "当时不知情"}), 200)
    decision = {"decision": "approve", "reason": "属实"}
    steps.expect(town.world.call(BUREAU, "POST", f"{path}/approve", decision), 200)


@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize(
    ("happened_on", "due_on", "overdue"),
    [
        ("2026-06-15", "2026-06-30", False),  # the first day is not counted
        ("2026-05-31", "2026-06-15", False),  # today is the last day
        ("2026-05-30", "2026-06-15", False),  # the last day was a Sunday: it moved on
        ("2026-05-28", "2026-06-12", True),  # was due on Friday
        ("2026-02-05", "2026-02-24", True),  # was due within the Spring Festival
    ],
)
def test_a_change_is_due_after_fifteen_days_or_the_working_day_after(
    town: Town, happened_on: str, due_on: str, overdue: bool
) -> None:
    change = report_change(town, happened_on)
    assert (change["state"], change["due_on"], change["overdue"]) == ("reported", due_on, overdue)


def test_a_change_of_tomorrow_is_malformed_and_a_draft_has_nothing_to_report(town: Town) -> None:
    body = {"happened_on": "2026-06-16", "description": "迁址"}
    reply = town.world.call(OWNER, "POST", f"{path_of(town)}/changes", body)
    assert (reply.code, reply.body["errors"][0]["field"]) == ("MALFORMED", "happened_on")
    draft = samples.enterprise(2).registration()
    steps.expect(town.world.call(OWNER, "POST", "/enterprises", draft), 201)
    body = {"happened_on": "2026-06-10", "description": "迁址"}
    assert town.world.call(OWNER, "POST", f"/enterprises/{draft['uscc']}/changes", body).code == "WRONG_STATE"


def test_a_report_repeated_under_its_key_is_one_report(town: Town) -> None:
    body = {"happened_on": "2026-06-10", "description": "迁址"}
    once, twice = (town.world.call(OWNER, "POST", f"{path_of(town)}/changes", body, key="c") for _ in range(2))
    assert (once.status, twice.status) == (201, 200)
    assert once.body == twice.body
    other = town.world.call(OWNER, "POST", f"{path_of(town)}/changes", {**body, "description": "增资"}, key="c")
    assert other.code == "IDEMPOTENCY_KEY_REUSED"
    assert len(town.shown(f"{path_of(town)}/changes", OWNER)["items"]) == 1


@pytest.mark.clause("§4.1.3")
def test_a_change_that_alters_nothing_leaves_the_enterprise_qualified_and_tells_it(town: Town) -> None:
    change = report_change(town)
    key = keys.enterprise(town.enterprise.uscc, f"CHANGE#{change['change_id']}")
    with relayed(key):
        assert decide_change(town, change, "keep", None)["state"] == "kept"
    assert town.shown(path_of(town))["state"] == "approved"
    assert subjects(town.world, OWNER) == ["重大变更报告已审核，资格保持不变。"]
    path = f"{path_of(town)}/changes/{change['change_id']}/review"
    assert town.world.call(OPERATOR, "POST", path, {"decision": "keep", "reason": None}).status == 200
    assert town.world.call(OPERATOR, "POST", path, {"decision": "return", "reason": "x"}).code == "ALREADY_REVIEWED"


@pytest.mark.clause("§4.1.3")
def test_a_reopened_registration_grabs_nothing_until_it_is_approved_again(town: Town) -> None:
    assert decide_change(town, report_change(town), "return")["state"] == "returned"
    shown = town.shown(path_of(town), OWNER)
    assert (shown["state"], shown["reasons"]) == ("returned", [{"field": None, "message": "主营业务已变更"}])
    entitlement = vouchers.find_entitlement(2026, town.enterprise.uscc)
    assert entitlement is not None and not entitlement.qualified
    assert town.claim(town.batch_id).code == "NOT_ELIGIBLE"


@pytest.mark.clause("§4.1.3")
def test_an_enterprise_approved_again_grabs_again(town: Town) -> None:
    upload_again("town")
    decide_change(town, report_change(town), "return")
    steps.expect(town.world.call(OWNER, "PATCH", path_of(town), {"contact_name": "新联系人"}), 200)
    again = steps.expect(town.world.call(OWNER, "POST", f"{path_of(town)}/submit"), 200)
    assert again["changed_fields"] == ["contact_name"]
    steps.expect(steps.review_enterprise(town.world, town.enterprise.uscc), 200)
    assert town.grab()["face_fen"] == 1_000_000


@pytest.mark.clause("§2.1.2")
def test_an_enterprise_rejected_after_it_was_reopened_applies_anew_from_that_day(
    town: Town, stopped_clock: StoppedClock
) -> None:
    upload_again("town")
    decide_change(town, report_change(town), "return")
    young = {"established_on": "2025-12-01"}
    steps.expect(town.world.call(OWNER, "PATCH", path_of(town), young), 200)
    kept = steps.expect(town.world.call(OWNER, "POST", f"{path_of(town)}/submit"), 200)
    assert steps.review_enterprise(town.world, town.enterprise.uscc).code == "TOO_YOUNG"
    reject = {"decision": "reject", "reasons": ["成立不足12个月"]}
    steps.expect(town.world.call(OPERATOR, "POST", f"{path_of(town)}/review", reject), 200)
    stopped_clock.instant = stopped_clock.instant.replace(month=12)
    anew = steps.expect(town.world.call(OWNER, "POST", f"{path_of(town)}/submit"), 200)
    assert (kept["applied_on"], anew["applied_on"]) == ("2026-06-15", "2026-12-15")
    steps.expect(steps.review_enterprise(town.world, town.enterprise.uscc), 200)


@pytest.mark.clause("§4.1.3")
def test_a_disqualification_for_a_change_voids_the_balance_and_tells_both_parties(
    voucher: tuple[Town, Json],
) -> None:
    town, _ = voucher
    order = town.advance(town.order(contract_fen=1_000_000, voucher_fen=600_000), "accept", "contract")
    with relayed(keys.enterprise(town.enterprise.uscc)):
        change = decide_change(town, report_change(town, "2026-05-01"), "disqualify")
        assert change["state"] == "disqualification_proposed"
        assert town.shown(path_of(town))["state"] == "approved"
        approve_disqualification(town)
    assert town.shown(path_of(town))["state"] == "disqualified"
    left = town.shown(f"/vouchers/{town.voucher_id}")
    assert (left["state"], left["balance_fen"]) == ("void", 0)
    assert subjects(town.world, OWNER) == [f"{VOID}理由：属实"]
    assert subjects(town.world, SELLER) == [PARTNER]
    assert subjects(town.world, NEIGHBOUR) == []
    assert town.advance(order, "deliver", "confirm")["state"] == "completed"


@pytest.mark.clause("§4.1.3")
def test_a_disqualification_takes_what_no_contract_used_and_allows_no_new_contract(
    voucher: tuple[Town, Json],
) -> None:
    town, _ = voucher
    placed, contracted = (town.order(contract_fen=500_000, voucher_fen=fen) for fen in (200_000, 300_000))
    town.advance(placed, "accept")
    town.advance(contracted, "accept", "contract")
    with relayed(keys.enterprise(town.enterprise.uscc)):
        disqualify(town.world, town.enterprise.uscc)
        for person in (SELLER, OWNER):
            late = town.act(person, placed, "contract", town.contract(placed))
            assert (late.status, late.code, late.body["clause"]) == (422, "DISQUALIFIED", "§4.1.3")
        corrected = town.contract(contracted, contract_fen=600_000)
        steps.expect(town.act(SELLER, contracted, "contract", corrected), 200)
        steps.expect(town.act(OWNER, contracted, "contract/acknowledge"), 200)
    shown = [town.shown(f"/orders/{each['order_id']}") for each in (placed, contracted)]
    assert [each["state"] for each in shown] == ["cancelled", "accepted"]
    assert town.advance(contracted, "deliver", "confirm")["state"] == "completed"
    voided = vouchers.find(town.voucher_id)
    assert voided is not None and (voided.state, voided.balance_fen) == ("void", 0)
    last = [(each.entry, each.amount_fen) for each in vouchers.list_postings(voided)][-3:]
    assert last == [("lapse", 500_000), ("release", 200_000), ("lapse", 200_000)]


@pytest.mark.clause("§4.1.3")
def test_a_reopened_enterprise_is_disqualified_in_whatever_state_its_review_is(
    voucher: tuple[Town, Json],
) -> None:
    town, _ = voucher
    upload_again("voucher")
    decide_change(town, report_change(town), "return")
    refused = town.place()
    assert (refused.code, refused.body["clause"]) == ("NOT_APPROVED", "§4.1.2")
    report_change(town, "2026-06-11")
    steps.expect(town.world.call(OWNER, "POST", f"{path_of(town)}/submit"), 200)
    last = report_change(town, "2026-06-12")
    reject = {"decision": "reject", "reasons": ["不符"]}
    assert town.world.call(OPERATOR, "POST", f"{path_of(town)}/review", reject).body["state"] == "rejected"
    with relayed(keys.enterprise(town.enterprise.uscc)):
        decide_change(town, last, "disqualify")
        approve_disqualification(town)
    assert town.shown(path_of(town))["state"] == "disqualified"
    assert town.shown(f"/vouchers/{town.voucher_id}")["state"] == "void"


@pytest.mark.clause("§2.1")
def test_the_reviewer_confirms_the_digital_economy_anew_at_each_approval(town: Town) -> None:
    upload_again("town")
    decide_change(town, report_change(town), "return")
    moved = {"industry_code": "7510", "employees": 50}
    steps.expect(town.world.call(OWNER, "PATCH", path_of(town), moved), 200)
    steps.expect(town.world.call(OWNER, "POST", f"{path_of(town)}/submit"), 200)
    approve = {"decision": "approve", "reasons": []}
    confirmed = {**approve, "digital_economy": True}
    assert town.world.call(OPERATOR, "POST", f"{path_of(town)}/review", confirmed).body["digital_economy"] is True
    decide_change(town, report_change(town), "return")
    steps.expect(town.world.call(OWNER, "POST", f"{path_of(town)}/submit"), 200)
    assert town.world.call(OPERATOR, "POST", f"{path_of(town)}/review", approve).code == "OUTSIDE_SECTOR"


@pytest.mark.clause("§4.1.3")
def test_nobody_decides_the_change_they_reported_themselves(town: Town) -> None:
    change = report_change(town)
    path = f"{path_of(town)}/changes/{change['change_id']}/review"
    reply = town.world.call(Person(OWNER.name, "platform"), "POST", path, {"decision": "keep"})
    assert (reply.status, reply.code, reply.body["clause"]) == (403, "FOUR_EYES", "§4.1.3")


@pytest.mark.clause("§4.1.3")
def test_an_agency_whose_orders_with_the_enterprise_are_over_hears_nothing(completed: tuple[Town, Json]) -> None:
    town, _ = completed
    with relayed(keys.enterprise(town.enterprise.uscc)):
        disqualify(town.world, town.enterprise.uscc)
    assert subjects(town.world, OWNER) == [f"{VOID}理由：属实"]
    assert subjects(town.world, SELLER) == []


@pytest.mark.clause("§3.2.3")
def test_an_agency_reports_a_late_change_and_the_operator_may_propose_its_removal(town: Town) -> None:
    path = f"/agencies/{town.agency.uscc}"
    body = {"happened_on": "2026-05-01", "description": "办公场所缩减"}
    change = steps.expect(town.world.call(SELLER, "POST", f"{path}/changes", body), 201)
    assert (change["due_on"], change["overdue"]) == ("2026-05-18", True)
    assert [each["change_id"] for each in town.shown("/changes?state=reported", BUREAU)["items"]] == [
        change["change_id"]
    ]
    review = {"decision": "remove", "reason": "未及时提交变更材料"}
    steps.expect(town.world.call(OPERATOR, "POST", f"{path}/changes/{change['change_id']}/review", review), 200)
    shown = town.shown(path)
    assert (shown["state"], shown["removal_reason"]) == ("removal_proposed", "未及时提交变更材料")
    assert town.shown("/changes?state=reported", BUREAU)["items"] == []


@pytest.mark.clause("§3.2.3")
def test_an_agency_reopened_by_a_change_lists_nothing_until_it_is_approved_again(town: Town) -> None:
    path = f"/agencies/{town.agency.uscc}"
    body = {"happened_on": "2026-06-14", "description": "法定代表人变更"}
    change = steps.expect(town.world.call(SELLER, "POST", f"{path}/changes", body), 201)
    review = {"decision": "return", "reason": "请补充材料"}
    steps.expect(town.world.call(OPERATOR, "POST", f"{path}/changes/{change['change_id']}/review", review), 200)
    assert town.shown(path)["state"] == "returned"
    assert town.world.call(None, "GET", f"/products/{town.product_id}").status == 404


def test_a_decision_against_somebody_needs_a_reason_and_a_stranger_sees_nothing(town: Town) -> None:
    change = report_change(town)
    path = f"{path_of(town)}/changes/{change['change_id']}/review"
    for decision in ("return", "disqualify"):
        reply = town.world.call(OPERATOR, "POST", path, {"decision": decision})
        assert (reply.code, reply.body["errors"][0]["field"]) == ("MALFORMED", "reason")
    assert town.world.call(STRANGER, "GET", f"{path_of(town)}/changes").code == "NOT_FOUND"
    unknown = f"{path_of(town)}/changes/c_unknown/review"
    assert town.world.call(OPERATOR, "POST", unknown, {"decision": "keep"}).code == "NOT_FOUND"


def next_years_batch(town: Town, clock: StoppedClock) -> str:
    """It is June 2027, and a batch of that year is open; its id."""
    clock.instant = clock.instant.replace(year=2027)
    open_year(town.world, year=2027, grants_until="2027-12-31")
    draft = samples.batch(opens_at="2027-06-01T00:00:00Z", closes_at="2027-07-01T00:00:00Z", valid_until="2027-11-30")
    return str(steps.open_batch(town.world, 2027, draft)["batch_id"])


@pytest.mark.clause("§4.1.3")
def test_an_enterprise_approved_last_year_grabs_this_year_without_new_papers(
    town: Town, stopped_clock: StoppedClock
) -> None:
    assert town.grab(next_years_batch(town, stopped_clock))["face_fen"] == 1_000_000


@pytest.mark.clause("§4.1.3")
def test_an_enterprise_disqualified_last_year_is_told_so_when_it_grabs_this_year(
    town: Town, stopped_clock: StoppedClock
) -> None:
    disqualify(town.world, town.enterprise.uscc)
    refused = town.claim(next_years_batch(town, stopped_clock))
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "NOT_ELIGIBLE", "§4.1.3")
    words = "企业的领券、用券资格已被取消，如有疑问请联系平台。"
    assert refused.body["detail"] == f"企业当前不符合领券条件：{words}"
    assert refused.body["errors"] == [
        {"field": "disqualified", "message": words, "code": "DISQUALIFIED", "clause": "§4.1.3"}
    ]


@pytest.mark.clause("§4.1.2")
def test_an_enterprise_reopened_last_year_is_not_approved_when_it_grabs_this_year(
    town: Town, stopped_clock: StoppedClock
) -> None:
    decide_change(town, report_change(town), "return")
    refused = town.claim(next_years_batch(town, stopped_clock))
    assert (refused.code, refused.body["clause"]) == ("NOT_ELIGIBLE", "§4.1.2")
    assert [each["code"] for each in refused.body["errors"]] == ["NOT_APPROVED"]
