"""New facts and papers of a reported change: beside the approved ones until they are adopted (§3.2.3, §4.1.3)."""

from datetime import timedelta
from typing import Any

import pytest

from infra.city.document_files import DocumentFile, change_paper
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import function
from tests.support.relaying import relayed, subjects
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town
from tests.support.snapshots import everything_kept, upload_again
from voucher.store import keys, vouchers

PAPER = change_paper(TODAY)
ADOPT = {"decision": "adopt"}
ADOPTED = "重大变更报告已审核，所报的新信息已生效，资格保持不变。"


def path_of(town: Town, kind: str = "enterprise") -> str:
    return f"/enterprises/{town.enterprise.uscc}" if kind == "enterprise" else f"/agencies/{town.agency.uscc}"


def member_of(kind: str) -> Person:
    return OWNER if kind == "enterprise" else SELLER


def send_report(town: Town, facts: Json | None, kind: str = "enterprise", **more: Any) -> Reply:
    body = {"happened_on": "2026-06-10", "description": "迁址更名", "facts": facts, **more}
    return town.world.call(member_of(kind), "POST", f"{path_of(town, kind)}/changes", body)


def report(town: Town, facts: Json | None, kind: str = "enterprise", **more: Any) -> Json:
    return steps.expect(send_report(town, facts, kind, **more), 201)


def review(town: Town, change: Json, kind: str = "enterprise", person: Person = OPERATOR, **decision: Any) -> Reply:
    path = f"{path_of(town, kind)}/changes/{change['change_id']}/review"
    return town.world.call(person, "POST", path, ADOPT | decision)


def upload(town: Town, kind: str = "enterprise") -> str:
    return steps.announce_and_upload(town.world, member_of(kind), path_of(town, kind), PAPER)


def record_of(town: Town) -> Json:
    """The enterprise without its documents, whose links differ each time."""
    return {name: value for name, value in town.shown(path_of(town)).items() if name != "documents"}


def document_states(town: Town, person: Person = BUREAU) -> dict[str, str]:
    shown = town.shown(f"{path_of(town)}/documents", person)["items"]
    return {each["document_id"]: each["state"] for each in shown if each["kind"] == "change_evidence"}


def refused_and_nothing_kept(ask: Any, code: str, clause: str | None = None) -> Reply:
    before = everything_kept()
    reply: Reply = ask()
    assert (reply.code, reply.body.get("clause")) == (code, clause)
    assert everything_kept() == before
    return reply


@pytest.mark.clause("§4.1.3")
def test_new_facts_stand_beside_the_approved_ones_until_they_are_adopted(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    paper, old = upload(town), record_of(town)
    order = town.order(contract_fen=1_000_000, voucher_fen=300_000)
    change = report(town, {"name": "丽水新名有限公司", "district": "liandu", "employees": 9}, document_ids=[paper])
    beside = [
        {"field": "name", "approved": old["name"], "proposed": "丽水新名有限公司"},
        {"field": "district", "approved": old["district"], "proposed": "liandu"},
        {"field": "employees", "approved": old["employees"], "proposed": 9},
    ]
    assert (change["facts"], change["document_ids"], document_states(town)) == (beside, [paper], {paper: "accepted"})
    for person in (OWNER, OPERATOR, BUREAU):
        assert town.shown(f"{path_of(town)}/changes", person)["items"][0]["facts"] == beside
    assert town.world.call(STRANGER, "GET", f"{path_of(town)}/changes").code == "NOT_FOUND"
    assert record_of(town) == old
    with relayed(keys.enterprise(town.enterprise.uscc, f"CHANGE#{change['change_id']}")):
        assert steps.expect(review(town, change), 200)["state"] == "adopted"
    new = town.shown(path_of(town))
    changed = {each["field"]: each["proposed"] for each in beside}
    assert {name: new[name] for name in changed} == changed
    assert (new["state"], new["facts_by_change"]) == ("approved", change["change_id"])
    assert new["facts_since"] == new["updated_at"]
    assert subjects(town.world, OWNER) == [ADOPTED]
    entitlement = vouchers.find_entitlement(2026, town.enterprise.uscc)
    assert entitlement is not None and entitlement.qualified
    assert {"district.liandu", "size.micro"} <= entitlement.groups
    assert not {f"district.{old['district']}"} & entitlement.groups
    # what was granted and ordered before keeps what it froze
    granted = town.shown(f"/vouchers/{town.voucher_id}")["granted_as"]
    assert f"district.{old['district']}" in granted and f"industry.{old['industry_code']}" in granted
    [listed] = town.shown(f"/vouchers?batch_id={town.batch_id}", BUREAU)["items"]
    [own] = town.shown(f"/vouchers?enterprise_uscc={town.enterprise.uscc}", OWNER)["items"]
    assert listed["granted_as"] == own["granted_as"] == granted
    kept = town.shown(f"/orders/{order['order_id']}")
    assert (kept["enterprise_name"], kept["district"]) == (old["name"], old["district"])
    assert steps.expect(review(town, change), 200)["facts"] == beside


@pytest.mark.clause("§4.1.3")
def test_a_paper_belongs_to_one_report_and_stays_with_it(town: Town) -> None:
    upload_again("town")
    announced = {"kind": PAPER.kind, "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    path = f"{path_of(town)}/documents"
    never_sent = steps.expect(town.world.call(OWNER, "POST", path, announced), 201)["document_id"]
    licence = next(
        each["document_id"] for each in town.shown(path, OWNER)["items"] if each["kind"] == "business_license"
    )
    broken = steps.announce_and_upload(
        town.world, OWNER, path_of(town), DocumentFile(PAPER.kind, "a.pdf", PAPER.content_type, b"PK\x03\x04 zip")
    )
    used = report(town, None, document_ids=[upload(town)])["document_ids"][0]
    wrong = [used, licence, "d_unknown", never_sent]
    no = refused_and_nothing_kept(lambda: send_report(town, None, document_ids=wrong), "DOCUMENT_NOT_UPLOADED")
    assert [each["field"] for each in no.body["errors"]] == [f"document_ids.{n}" for n in range(3)]
    no = refused_and_nothing_kept(
        lambda: send_report(town, None, document_ids=[never_sent, broken]), "DOCUMENT_NOT_UPLOADED"
    )
    assert [(each["field"], each["code"]) for each in no.body["errors"]] == [
        ("document_ids.0", "missing"),
        ("document_ids.1", "unreadable"),
    ]
    assert town.world.call(OWNER, "DELETE", f"{path}/{used}").code == "WRONG_STATE"
    assert town.world.call(OWNER, "DELETE", f"{path}/{never_sent}").body["state"] == "taken_back"


@pytest.mark.clause("§4.1.1")
def test_papers_for_a_report_are_for_the_approved_and_no_submission_takes_them_up(town: Town) -> None:
    upload_again("town")
    draft = samples.enterprise(2).registration()
    steps.expect(town.world.call(OWNER, "POST", "/enterprises", draft), 201)
    announced = {"kind": PAPER.kind, "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    assert town.world.call(OWNER, "POST", f"/enterprises/{draft['uscc']}/documents", announced).code == "WRONG_STATE"
    steps.expect(review(town, report(town, None), decision="return", reason="请更正"), 200)
    paper = upload(town)
    again = steps.expect(town.world.call(OWNER, "POST", f"{path_of(town)}/submit"), 200)
    assert (again["changed_fields"], document_states(town, OWNER)) == ([], {paper: "arrived"})


@pytest.mark.parametrize(
    ("kind", "facts", "code", "clause"),
    [
        pytest.param("enterprise", {"district": "other"}, "OUTSIDE_DISTRICT", "§2.1", marks=pytest.mark.clause("§2.1")),
        ("enterprise", {"industry_code": "7510", "employees": 9}, "OUTSIDE_SECTOR", "§2.1"),
        (
            "enterprise",
            {"employees": 5_000, "revenue_fen": 90_000_000_000_00, "assets_fen": 90_000_000_000_00},
            "NOT_SME",
            "§2.1",
        ),
        pytest.param("agency", {"insured_staff": 4}, "AGENCY_STAFF", "§3.1.4", marks=pytest.mark.clause("§3.1.4")),
        ("agency", {"net_profit_last_year_fen": -1}, "AGENCY_AT_LOSS", "§3.1.1"),
        ("agency", None, "NO_FACTS_REPORTED", "§3.2.3"),
        ("enterprise", None, "NO_FACTS_REPORTED", "§4.1.3"),
    ],
)
def test_facts_that_a_clause_refuses_are_not_adopted(
    town: Town, kind: str, facts: Json | None, code: str, clause: str
) -> None:
    change = report(town, facts, kind)
    refused_and_nothing_kept(lambda: review(town, change, kind), code, clause)
    away = "disqualify" if kind == "enterprise" else "remove"
    steps.expect(review(town, change, kind, decision=away, reason="不再符合条件"), 200)


@pytest.mark.clause("§2.1")
def test_the_reviewer_says_of_a_new_industry_alone_whether_it_is_digital(town: Town) -> None:
    change = report(town, {"industry_code": "7510", "employees": 50})
    steps.expect(review(town, change, digital_economy=True), 200)
    assert town.shown(path_of(town))["digital_economy"] is True
    steps.expect(review(town, report(town, {"name": "又一新名"})), 200)
    assert town.shown(path_of(town))["digital_economy"] is True
    back = report(town, {"industry_code": "7511"})
    refused_and_nothing_kept(lambda: review(town, back), "OUTSIDE_SECTOR", "§2.1")


@pytest.mark.clause("§3.2.3")
def test_an_agencys_new_name_is_adopted_and_its_categories_are_not_reported(town: Town) -> None:
    def with_categories() -> Reply:
        return send_report(town, {"categories": ["legal"], "name": "新名"}, "agency")

    no = refused_and_nothing_kept(with_categories, "CATEGORIES_NOT_BY_REPORT", "§3.2.3")
    assert "续期" in no.body["detail"]
    old = town.shown(path_of(town, "agency"))
    same = refused_and_nothing_kept(lambda: send_report(town, {"name": old["name"]}, "agency"), "MALFORMED")
    assert same.body["errors"][0]["field"] == "facts"
    change = report(town, {"name": "丽水新机构", "legal_representative": "王新"}, "agency", document_ids=[])
    [listed] = town.shown("/changes", BUREAU)["items"]
    assert [each["proposed"] for each in listed["facts"]] == ["丽水新机构", "王*"]
    steps.expect(review(town, change, "agency"), 200)
    new = town.shown(path_of(town, "agency"))
    assert (new["state"], new["name"], new["valid_until"]) == ("active", "丽水新机构", old["valid_until"])
    assert town.world.call(None, "GET", f"/register/{town.agency.uscc}").body["name"] == "丽水新机构"


@pytest.mark.clause("§3.2.3", "§4.1.3", "§5.2b")
@pytest.mark.parametrize("kind", ["enterprise", "agency"])
def test_an_address_moves_by_a_report_alone_and_lists_mask_it(town: Town, kind: str) -> None:
    home, moved = town.shown(path_of(town, kind))["address"], "丽水市莲都区新恒路8号"
    correction = {"address": moved}
    refused_and_nothing_kept(
        lambda: town.world.call(member_of(kind), "PATCH", path_of(town, kind), correction), "WRONG_STATE"
    )
    change = report(town, correction, kind)
    [listed] = town.shown("/changes", BUREAU)["items"]
    assert listed["facts"] == [{"field": "address", "approved": f"{home[:6]}****", "proposed": "丽水市莲都区****"}]
    assert town.shown(path_of(town, kind))["address"] == home
    steps.expect(review(town, change, kind), 200)
    assert town.shown(path_of(town, kind))["address"] == moved


@pytest.mark.clause("§4.1.3")
def test_what_was_reopened_is_corrected_by_its_members_and_adopts_nothing(town: Town) -> None:
    first, second = report(town, {"name": "新名一"}), report(town, {"name": "新名二"})
    steps.expect(review(town, first), 200)
    shown = {each["change_id"]: each for each in town.shown(f"{path_of(town)}/changes", OWNER)["items"]}
    assert shown[second["change_id"]]["facts"][0]["approved"] == "新名一"
    steps.expect(review(town, report(town, None), decision="return", reason="请更正"), 200)
    refused_and_nothing_kept(lambda: review(town, second), "WRONG_STATE")


@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize("kind", ["enterprise", "agency"])
def test_an_older_report_does_not_undo_the_facts_of_a_newer_one(
    town: Town, stopped_clock: StoppedClock, kind: str
) -> None:
    both = report(town, {"name": "旧名", "legal_representative": "王新"}, kind)
    apart = report(town, {"legal_representative": "李新"}, kind)
    stopped_clock.instant += timedelta(minutes=1)
    newer = report(town, {"name": "新名"}, kind)
    steps.expect(review(town, newer, kind), 200)
    shown = {each["change_id"]: each for each in town.shown(f"{path_of(town, kind)}/changes", OPERATOR)["items"]}
    overtaken = {change_id: each["newer_adopted"] for change_id, each in shown.items() if each["newer_adopted"]}
    assert overtaken == {both["change_id"]: [newer["change_id"]]}
    clause = "§4.1.3" if kind == "enterprise" else "§3.2.3"
    no = refused_and_nothing_kept(lambda: review(town, both, kind), "NEWER_REPORT_ADOPTED", clause)
    assert newer["change_id"] in no.body["detail"]
    steps.expect(review(town, both, kind, decision="keep"), 200)
    steps.expect(review(town, apart, kind), 200)
    record = town.shown(path_of(town, kind))
    assert (record["name"], record["legal_representative"]) == ("新名", "李新")


@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize("kind", ["enterprise", "agency"])
def test_nobody_adopts_what_they_reported_even_if_no_rule_looks(
    town: Town, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = report(town, {"name": "新名"}, kind)
    clause = "§4.1.3" if kind == "enterprise" else "§3.2.3"
    myself = Person(member_of(kind).name, "platform")
    refused_and_nothing_kept(lambda: review(town, change, kind, myself), "FOUR_EYES", clause)
    monkeypatch.setattr(function("change_reviews"), "check_four_eyes", lambda *_: None)
    refused_and_nothing_kept(lambda: review(town, change, kind, myself), "CHANGED_MEANWHILE")
