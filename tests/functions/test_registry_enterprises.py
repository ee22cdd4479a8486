"""Enterprises returned for correction, handed in again, and seen by whoever may see them (§4.1.1, §4.1.2)."""

import pytest

from infra.city.papers import enterprise_papers
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.support import samples
from tests.support.backend import World
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, STRANGER, Json, Town
from voucher.store import organisations

FIRM = samples.enterprise(2)
PATH = f"/enterprises/{FIRM.uscc}"
WHY = [{"field": "employees", "message": "与社保人数不符"}, {"field": "income_statement", "message": "缺盖章"}]


def handed_in(world: World) -> Json:
    """A registration with its six papers, submitted."""
    return steps.register_enterprise(world, OWNER, FIRM.registration(), enterprise_papers(FIRM, TODAY))


def reviewed(world: World, decision: str, *reasons: object) -> Json:
    """The operator's decision, taken."""
    body = {"decision": decision, "reasons": list(reasons)}
    return steps.expect(world.call(OPERATOR, "POST", f"{PATH}/review", body), 200)


@pytest.mark.clause("§4.1.2")
def test_a_returned_registration_says_per_field_and_paper_what_is_wrong(world: World) -> None:
    handed_in(world)
    assert reviewed(world, "return", *WHY)["reasons"] == WHY
    shown = steps.expect(world.call(OWNER, "GET", PATH), 200)
    assert (shown["state"], shown["reasons"]) == ("returned", WHY)


@pytest.mark.clause("§4.1.1")
def test_a_registration_handed_in_again_names_what_differs_from_before_and_nothing_else(world: World) -> None:
    assert handed_in(world)["changed_fields"] == []
    reviewed(world, "return", *WHY)
    changes = {"employees": FIRM.employees + 1, "contact_name": FIRM.registration()["contact_name"]}
    steps.expect(world.call(OWNER, "PATCH", PATH, changes), 200)
    paper = next(each for each in enterprise_papers(FIRM, TODAY) if each.kind == "income_statement")
    steps.announce_and_upload(world, OWNER, PATH, paper)
    again = steps.expect(world.call(OWNER, "POST", f"{PATH}/submit"), 200)
    assert sorted(again["changed_fields"]) == ["employees", "income_statement"]
    assert again["reasons"] == []
    assert steps.expect(world.call(OPERATOR, "GET", PATH), 200)["changed_fields"] == again["changed_fields"]


@pytest.mark.clause("§4.1.1")
def test_what_was_handed_in_before_is_kept_but_never_shown(world: World) -> None:
    handed_in(world)
    reviewed(world, "return", *WHY)
    steps.expect(world.call(OWNER, "PATCH", PATH, {"name": "新名称"}), 200)
    again = steps.expect(world.call(OWNER, "POST", f"{PATH}/submit"), 200)
    kept = organisations.find_enterprise(FIRM.uscc)
    assert kept is not None
    assert (kept.submission_before["name"], kept.submission["name"]) == (FIRM.name, "新名称")
    assert {"submission", "submission_before", "members"}.isdisjoint(again)


def test_a_return_without_a_reason_or_for_an_unknown_field_is_malformed(world: World) -> None:
    handed_in(world)
    for reasons in ([], [{"field": "shoe_size", "message": "不符"}]):
        reply = world.call(OPERATOR, "POST", f"{PATH}/review", {"decision": "return", "reasons": reasons})
        assert (reply.status, reply.code) == (422, "MALFORMED")
        assert [each["field"] for each in reply.body["errors"]] == ["reasons"]


@pytest.mark.clause("§4.1.2")
def test_nobody_reviews_what_they_handed_in_themselves(world: World) -> None:
    both = Person(OPERATOR.name)
    steps.register_enterprise(world, both, FIRM.registration(), enterprise_papers(FIRM, TODAY))
    reply = world.call(OPERATOR, "POST", f"{PATH}/review", {"decision": "approve"})
    assert (reply.status, reply.code, reply.body["clause"]) == (403, "FOUR_EYES", "§4.1.2")


@pytest.mark.clause("§4.1.2")
def test_every_rule_is_listed_with_its_clause_whether_it_passed_or_not(world: World) -> None:
    handed_in(world)
    shown = steps.expect(world.call(OWNER, "GET", f"{PATH}/eligibility"), 200)
    verdicts = {each["rule"]: (each["clause"], each["passed"]) for each in shown["findings"]}
    assert verdicts == {
        "district": ("§2.1", True),
        "legal_person": ("§2.1", True),
        "sector": ("§2.1", True),
        "size": ("§2.1", True),
        "rated_d": ("§2.1.1", True),
        "age": ("§2.1.2", True),
        "violation": ("§2.1.3", True),
        "approved": ("§4.1.2", False),
    }
    assert shown["eligible"] is False
    assert shown["quota_reason"] == "默认额度"


def test_staff_lists_show_neither_phones_nor_whole_names(town: Town) -> None:
    registration = town.enterprise.registration()
    listed = steps.expect(town.world.call(BUREAU, "GET", "/enterprises?state=approved"), 200)["items"]
    mine = next(each for each in listed if each["uscc"] == town.enterprise.uscc)
    for name in ("legal_representative", "contact_name"):
        assert mine[name] == registration[name][0] + "*" * (len(registration[name]) - 1)
    phone = registration["contact_phone"]
    assert mine["contact_phone"] == f"{phone[:3]}****{phone[-2:]}"
    whole = steps.expect(town.world.call(BUREAU, "GET", f"/enterprises/{town.enterprise.uscc}"), 200)
    assert whole["contact_phone"] == phone
    agencies = steps.expect(town.world.call(BUREAU, "GET", "/agencies?state=active"), 200)["items"]
    assert town.agency.application()["contact_phone"] not in str(agencies)


def test_the_same_paper_announced_twice_under_one_key_is_one_document(world: World) -> None:
    steps.expect(world.call(OWNER, "POST", "/enterprises", FIRM.registration()), 201)
    body = {"kind": "business_license", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    once, twice = (world.call(OWNER, "POST", f"{PATH}/documents", body, key="paper") for _ in range(2))
    assert (once.status, twice.status) == (201, 201)
    assert once.body["document_id"] == twice.body["document_id"]
    assert len(steps.expect(world.call(OWNER, "GET", PATH), 200)["documents"]) == 1
    other = world.call(OWNER, "POST", f"{PATH}/documents", {**body, "size_bytes": 10}, key="paper")
    assert other.code == "IDEMPOTENCY_KEY_REUSED"


def test_a_foreign_enterprise_looks_exactly_like_an_unknown_one(world: World) -> None:
    handed_in(world)
    unknown = f"/enterprises/{samples.enterprise(3).uscc}"
    answers = [world.call(STRANGER, "GET", path).body for path in (PATH, unknown)]
    for answer in answers:
        del answer["request_id"]
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "NOT_FOUND"
