"""Members: invited by an owner's code they join, leave or are removed; whoever is out grabs nothing any more."""

from datetime import timedelta

import pytest

from infra.client import steps
from infra.client.http import BUREAU, Person, Reply
from tests.conftest import StoppedClock
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, STRANGER, Json, Town
from tests.support.snapshots import everything_kept

COLLEAGUE = Person("colleague")


def place(town: Town) -> str:
    return f"/organisations/{town.enterprise.uscc}"


def invite(town: Town, role: str = "handler", by: Person = OWNER, key: str = "invite-1") -> Reply:
    """An invitation to the town's enterprise."""
    return town.world.call(by, "POST", f"{place(town)}/invitations", {"role": role}, key=key)


def accept(town: Town, code: str, person: Person = COLLEAGUE) -> Reply:
    """Somebody enters a code."""
    return town.world.call(person, "POST", "/invitations/accept", {"code": code})


def member(town: Town, role: str = "handler") -> Json:
    """The colleague joined; how the enterprise names them."""
    joined = steps.expect(accept(town, steps.expect(invite(town, role), 201)["code"]), 200)
    assert joined == {"kind": "enterprise", "uscc": town.enterprise.uscc, "name": town.enterprise.name, "role": role}
    [found] = [each for each in listed(town, COLLEAGUE)["items"] if each["is_caller"]]
    return found


def listed(town: Town, person: Person = OWNER) -> Json:
    """The members as one of them sees them."""
    found: Json = steps.expect(town.world.call(person, "GET", f"{place(town)}/members"), 200)
    return found


def remove(town: Town, who: Json, by: Person = OWNER) -> Reply:
    """An owner removes somebody."""
    return town.world.call(by, "POST", f"{place(town)}/members/{who['member_id']}/remove")


@pytest.mark.clause("§4.1.4")
def test_who_joined_by_a_code_grabs_for_the_enterprise_and_has_it_on_the_list(town: Town) -> None:
    colleague = member(town)
    assert (colleague["role"], colleague["is_caller"]) == ("handler", True)
    me = steps.expect(town.world.call(COLLEAGUE, "GET", "/me"), 200)
    assert me["organisations"] == [{"kind": "enterprise", "uscc": town.enterprise.uscc}]
    body = {"enterprise_uscc": town.enterprise.uscc}
    assert town.world.call(COLLEAGUE, "POST", f"/batches/{town.batch_id}/vouchers", body).status == 201
    assert [each["role"] for each in listed(town)["items"]] == ["owner", "handler"]
    assert listed(town)["invitations"] == []


def test_a_code_is_good_once(town: Town) -> None:
    code = steps.expect(invite(town), 201)["code"]
    steps.expect(accept(town, code), 200)
    again = accept(town, code)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    before = everything_kept()
    assert accept(town, code, STRANGER).code == "INVITATION_ENDED"
    assert everything_kept() == before


def test_a_code_ends_after_its_days_and_when_it_is_withdrawn(town: Town, stopped_clock: StoppedClock) -> None:
    first, second = (steps.expect(invite(town, key=f"invite-{n}"), 201) for n in (1, 2))
    withdrawn = f"{place(town)}/invitations/{first['invitation_id']}/withdraw"
    left = steps.expect(town.world.call(OWNER, "POST", withdrawn), 200)
    assert [each["invitation_id"] for each in left["invitations"]] == [second["invitation_id"]]
    assert accept(town, first["code"]).code == "INVITATION_ENDED"
    stopped_clock.instant += timedelta(days=7)
    assert accept(town, second["code"]).code == "INVITATION_ENDED"
    stopped_clock.instant -= timedelta(milliseconds=1)
    assert accept(town, second["code"]).status == 200


@pytest.mark.parametrize(
    "wrong", ["x", "91331100MA2E00003J", "{uscc}-E-AAAAAAAAAAAAAAAA", "{uscc}-A-{secret}", "{uscc}-E-"]
)
def test_a_wrong_code_says_nothing_of_what_is_wrong(town: Town, wrong: str) -> None:
    secret = steps.expect(invite(town), 201)["code"].rpartition("-")[2]
    before = everything_kept()
    refused = accept(town, wrong.format(uscc=town.enterprise.uscc, secret=secret))
    assert (refused.status, refused.code) == (409, "INVITATION_ENDED")
    assert everything_kept() == before


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("role", ["platform", "bureau", "finance", "discipline", "admin"])
def test_staff_joins_no_organisation_whose_matters_it_decides(town: Town, role: str) -> None:
    code = steps.expect(invite(town), 201)["code"]
    before = everything_kept()
    refused = accept(town, code, Person("insider", role))
    assert (refused.status, refused.code, refused.body["clause"]) == (403, "STAFF_JOINS_NOBODY", "§5.2b")
    assert everything_kept() == before


def test_an_invitation_sent_again_is_the_same_and_under_another_role_it_is_refused(town: Town) -> None:
    first = steps.expect(invite(town), 201)
    again = invite(town)
    assert (again.status, again.body) == (200, first)
    assert invite(town, "finance").code == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.clause("§4.1.4")
def test_who_was_removed_grabs_nothing_and_sees_nothing_any_more(town: Town) -> None:
    colleague = member(town)
    left = steps.expect(remove(town, colleague), 200)
    assert [each["role"] for each in left["items"]] == ["owner"]
    assert remove(town, colleague).status == 200  # a lost answer
    body = {"enterprise_uscc": town.enterprise.uscc}
    assert town.world.call(COLLEAGUE, "POST", f"/batches/{town.batch_id}/vouchers", body).status == 404
    assert town.world.call(COLLEAGUE, "GET", f"/enterprises/{town.enterprise.uscc}").status == 404
    assert town.world.call(COLLEAGUE, "GET", "/me").body["organisations"] == []


def test_a_handler_neither_invites_nor_removes(town: Town) -> None:
    member(town)
    [owner] = [each for each in listed(town)["items"] if each["is_caller"]]
    before = everything_kept()
    assert invite(town, by=COLLEAGUE, key="invite-2").code == "OWNERS_ONLY"
    assert remove(town, owner, COLLEAGUE).code == "OWNERS_ONLY"
    assert everything_kept() == before


def test_the_last_owner_stays_until_there_is_another(town: Town) -> None:
    member(town, "finance")
    leave = f"{place(town)}/leave"
    before = everything_kept()
    assert town.world.call(OWNER, "POST", leave).code == "LAST_OWNER"
    assert everything_kept() == before
    heir = Person("heir")
    steps.expect(accept(town, steps.expect(invite(town, "owner", key="invite-2"), 201)["code"], heir), 200)
    steps.expect(town.world.call(OWNER, "POST", leave), 200)
    again = town.world.call(OWNER, "POST", leave)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert town.world.call(heir, "POST", leave).code == "LAST_OWNER"
    assert town.world.call(OWNER, "GET", f"{place(town)}/members").code == "NOT_FOUND"


def test_strangers_learn_nothing_and_staff_sees_who_acts(town: Town) -> None:
    for person in (NEIGHBOUR, SELLER, STRANGER):
        assert invite(town, by=person).code == "NOT_FOUND"
        assert town.world.call(person, "GET", f"{place(town)}/members").code == "NOT_FOUND"
        assert town.world.call(person, "POST", f"{place(town)}/leave").code == "NOT_FOUND"
    assert [each["is_caller"] for each in listed(town, BUREAU)["items"]] == [False]
    assert town.world.call(OWNER, "POST", f"{place(town)}/members/unknown/remove").code == "NOT_FOUND"


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize(
    ("role", "code"), [("handler", "FINANCE_ONLY"), ("finance", "NOT_FOUND"), ("owner", "NOT_FOUND")]
)
def test_an_invoice_and_an_account_come_from_finance_or_an_owner(town: Town, role: str, code: str) -> None:
    path = f"/organisations/{town.agency.uscc}/invitations"
    invitation = steps.expect(town.world.call(SELLER, "POST", path, {"role": role}, key="i"), 201)
    steps.expect(accept(town, invitation["code"]), 200)
    account = {"bank_name": "丽水银行", "bank_account": "6222020200112233445", "account_name": town.agency.name}
    invoice = {"agency_uscc": town.agency.uscc, "invoice_number": "24332000000012345678", "amount_fen": 1, **account}
    sent = town.world.call(COLLEAGUE, "POST", "/rounds/r_0/invoices", {**invoice, "document_id": "d_1"})
    assert sent.code == code


def test_too_many_invitations_are_refused(town: Town) -> None:
    for number in range(20):
        steps.expect(invite(town, key=f"invite-{number}"), 201)
    refused = invite(town, key="one-more")
    assert (refused.status, refused.code) == (409, "TOO_MANY_INVITATIONS")


@pytest.mark.parametrize("by_themselves", [False, True])
def test_no_code_that_an_owner_gave_leads_them_back_once_they_are_out(town: Town, by_themselves: bool) -> None:
    colleague = member(town, "owner")
    code = steps.expect(invite(town, "owner", COLLEAGUE), 201)["code"]
    kept = steps.expect(invite(town, "finance", OWNER, "another"), 201)["code"]
    if by_themselves:
        steps.expect(town.world.call(COLLEAGUE, "POST", f"{place(town)}/leave"), 200)
    else:
        steps.expect(remove(town, colleague), 200)
    assert accept(town, code).code == "INVITATION_ENDED"
    assert accept(town, code, STRANGER).code == "INVITATION_ENDED"
    assert accept(town, kept, STRANGER).status == 200, "what the other owner gave is good"
