"""Claims: whoever acts for an organisation takes the place of its members, by two hands and after a hearing (§3.2.1,
§4.1.1)."""

from datetime import UTC, datetime

import pytest

from infra.city.document_files import claim_papers, enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import function
from tests.support.relaying import relayed, subjects
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town
from tests.support.snapshots import everything_kept
from voucher.policy import Policy
from voucher.store import keys

WHO = {"contact_name": "李经办", "contact_phone": "0578-2091234", "reason": "原经办人已离职"}
FORWARD, YES = {"decision": "forward", "reason": "材料属实"}, {"decision": "approve", "reason": "情况属实"}
NO = {"decision": "reject", "reason": "成员均在职"}
COLLEAGUE, BOTH = Person("colleague"), Person("both", "platform,bureau")
HEARD = datetime(2026, 6, 22, 16, tzinfo=UTC)  # Monday: five days from Monday 15 June end on a Saturday
PARTIES = {"enterprise": OWNER, "agency": SELLER}


def code_of(town: Town, kind: str) -> str:
    return town.enterprise.uscc if kind == "enterprise" else town.agency.uscc


def opening(town: Town, person: Person = STRANGER, kind: str = "enterprise", key: str = "claim") -> Reply:
    """Somebody opens a claim on one of the town's organisations."""
    return town.world.call(person, "POST", f"/organisations/{code_of(town, kind)}/claims", WHO, key=key)


def opened(town: Town, person: Person = STRANGER, kind: str = "enterprise") -> str:
    """The path of a claim with its papers."""
    path = f"/claims/{steps.expect(opening(town, person, kind), 201)['claim_id']}"
    for paper in claim_papers(TODAY):
        steps.announce_and_upload(town.world, person, path, paper)
    return path


def act(town: Town, person: Person, path: str, body: Json | None = None) -> Reply:
    """One step on a claim."""
    return town.world.call(person, "POST", path, body)


def submitted(town: Town, person: Person = STRANGER, kind: str = "enterprise") -> str:
    """The path of a claim that is complete."""
    path = opened(town, person, kind)
    steps.expect(act(town, person, f"{path}/submit"), 200)
    return path


def forwarded(town: Town, person: Person = STRANGER, kind: str = "enterprise") -> str:
    """The path of a claim that is before the bureau."""
    path = submitted(town, person, kind)
    steps.expect(act(town, OPERATOR, f"{path}/review", FORWARD), 200)
    return path


def join(town: Town, person: Person = COLLEAGUE, role: str = "handler") -> None:
    """Somebody joins the enterprise."""
    path = f"/organisations/{town.enterprise.uscc}/invitations"
    code = steps.expect(town.world.call(OWNER, "POST", path, {"role": role}, key=f"for-{person.name}"), 201)["code"]
    steps.expect(town.world.call(person, "POST", "/invitations/accept", {"code": code}), 200)


def refused(reply: Reply) -> tuple[int, str | None]:
    return reply.status, reply.code


def claim_key(path: str) -> keys.Key:
    return keys.claim(path.rpartition("/")[2])


@pytest.mark.clause("§4.1.1")
@pytest.mark.clause("§3.2.1")
@pytest.mark.parametrize("kind", PARTIES)
def test_an_approved_claim_makes_the_claimant_the_only_owner(town: Town, kind: str) -> None:
    path, members = forwarded(town, STRANGER, kind), f"/organisations/{code_of(town, kind)}/members?kind={kind}"
    left = f"/organisations/{code_of(town, kind)}/invitations"
    code = steps.expect(town.world.call(PARTIES[kind], "POST", left, {"role": "owner"}), 201)["code"]
    steps.expect(act(town, PARTIES[kind], f"{path}/statement", {"text": "同意移交"}), 200)
    with relayed(claim_key(path)):
        assert steps.expect(act(town, BUREAU, f"{path}/decision", YES), 200)["state"] == "approved"
    again = act(town, BUREAU, f"{path}/decision", YES)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    [only] = steps.expect(town.world.call(STRANGER, "GET", members), 200)["items"]
    assert (only["role"], only["is_caller"]) == ("owner", True)
    assert town.world.call(PARTIES[kind], "GET", members).code == "NOT_FOUND"
    assert act(town, COLLEAGUE, "/invitations/accept", {"code": code}).code == "INVITATION_ENDED"
    me = [steps.expect(town.world.call(each, "GET", "/me"), 200) for each in (STRANGER, PARTIES[kind])]
    assert [each["organisations"] for each in me] == [[{"kind": kind, "uscc": code_of(town, kind)}], []]
    for person in (STRANGER, PARTIES[kind]):
        assert any("认领申请已通过" in each and "理由：情况属实" in each for each in subjects(town.world, person))


@pytest.mark.clause("§4.1.4")
def test_after_an_approval_former_members_grab_nothing_and_the_claimant_grabs(town: Town) -> None:
    path, body = forwarded(town), {"enterprise_uscc": town.enterprise.uscc}
    steps.expect(act(town, OWNER, f"{path}/statement", {"text": "同意移交"}), 200)
    steps.expect(act(town, BUREAU, f"{path}/decision", YES), 200)
    assert act(town, OWNER, f"/batches/{town.batch_id}/vouchers", body).code == "NOT_FOUND"
    assert act(town, STRANGER, f"/batches/{town.batch_id}/vouchers", body).status == 201


@pytest.mark.clause("§4.1.1")
def test_the_bureau_waits_until_the_members_have_answered_or_their_days_are_over(
    town: Town, stopped_clock: StoppedClock
) -> None:
    join(town, COLLEAGUE, "owner")
    path = opened(town)
    with relayed(claim_key(path)):
        shown = steps.expect(act(town, STRANGER, f"{path}/submit"), 200)
    assert (shown["answer_by"], shown["statements"]) == ("2026-06-22", [])
    for member in (OWNER, COLLEAGUE):
        [told] = [each for each in subjects(town.world, member) if "申请认领本单位" in each]
        assert "李经办" in told and "2026-06-22" in told and "原经办人已离职" in told
    steps.expect(act(town, OPERATOR, f"{path}/review", FORWARD), 200)
    said = {"text": "本人仍在职"}
    steps.expect(act(town, OWNER, f"{path}/statement", said), 200)
    assert act(town, OWNER, f"{path}/statement", said).headers["idempotent-replay"] == "true"
    assert act(town, OWNER, f"{path}/statement", {"text": "另一说法"}).code == "ALREADY_EXISTS"
    assert town.shown(path, STRANGER)["statements"] == []
    assert [each["text"] for each in town.shown(path, BUREAU)["statements"]] == ["本人仍在职"]
    before, stopped_clock.instant = everything_kept(), HEARD.replace(hour=15, minute=59)
    early = act(town, BUREAU, f"{path}/decision", YES)
    assert (*refused(early), early.body["clause"]) == (409, "TOO_EARLY", "§4.1.1")
    assert "2026-06-22" in early.body["detail"]
    assert everything_kept() == before
    steps.expect(act(town, COLLEAGUE, f"{path}/statement", {"text": "属实"}), 200)
    steps.expect(act(town, BUREAU, f"{path}/decision", YES), 200)


@pytest.mark.clause("§4.1.1")
@pytest.mark.parametrize("by_operator", [True, False])
def test_a_rejected_claim_leaves_the_members_and_tells_everybody_why(town: Town, by_operator: bool) -> None:
    path = submitted(town) if by_operator else forwarded(town)
    person, step = (OPERATOR, "review") if by_operator else (BUREAU, "decision")
    with relayed(claim_key(path)):
        assert steps.expect(act(town, person, f"{path}/{step}", NO), 200)["state"] == "rejected"
    assert act(town, person, f"{path}/{step}", NO).headers["idempotent-replay"] == "true"
    for each in (STRANGER, OWNER):
        assert any("认领申请未通过" in told and "理由：成员均在职" in told for told in subjects(town.world, each))
    assert town.grab()["face_fen"] == 1_000_000
    assert act(town, BUREAU, f"{path}/decision", YES).code == "WRONG_STATE"


@pytest.mark.clause("§4.1.1")
def test_who_may_open_a_claim_and_on_what(town: Town) -> None:
    draft, submitted = samples.enterprise(8), samples.enterprise(7)
    steps.expect(town.world.call(SELLER, "POST", "/enterprises", draft.registration()), 201)
    papers = enterprise_documents(submitted, TODAY)
    steps.register_enterprise(town.world, SELLER, submitted.registration(), papers)
    before = everything_kept()
    assert refused(opening(town, OWNER)) == (409, "ALREADY_MEMBER")
    assert refused(opening(town, OPERATOR)) == (403, "STAFF_JOINS_NOBODY")
    assert act(town, STRANGER, f"/organisations/{draft.uscc}/claims", WHO).code == "NOT_FOUND"
    needless = act(town, STRANGER, f"/organisations/{submitted.uscc}/claims", WHO)
    assert (*refused(needless), needless.body["clause"]) == (409, "CLAIM_NOT_NEEDED", "§4.1.1")
    assert "请联系平台撤销其注册" in needless.body["detail"]
    assert act(town, STRANGER, f"/organisations/{town.enterprise.uscc}/claims?kind=agency", WHO).code == "NOT_FOUND"
    assert everything_kept() == before
    first, again = (opening(town) for _ in range(2))
    assert (again.body, again.headers["idempotent-replay"]) == (first.body, "true")


def test_only_claims_with_papers_count_on_their_organisation_until_they_are_decided(town: Town) -> None:
    most = Policy.model_fields["claims_per_organisation"].default
    last = opened(town)
    first, *_ = [submitted(town, Person(f"claimant-{number}")) for number in range(most)]
    before = everything_kept()
    full = act(town, STRANGER, f"{last}/submit")
    assert (*refused(full), str(most) in full.body["detail"]) == (409, "TOO_MANY_CLAIMS_ON_IT", True)
    assert everything_kept() == before
    steps.expect(act(town, OPERATOR, f"{first}/review", NO), 200)
    steps.expect(act(town, STRANGER, f"{last}/submit"), 200)


def test_one_person_has_so_many_claims_open(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function("claims"), "policy_today", lambda: document_policy(claims_per_person=1))
    steps.expect(opening(town), 201)
    before = everything_kept()
    assert refused(opening(town, kind="agency", key="second")) == (409, "TOO_MANY_CLAIMS")
    assert everything_kept() == before


def document_policy(**values: int) -> Policy:
    """The edition's policy with other values."""
    return Policy(edition="x", grants_from=TODAY, grants_until=TODAY, **values)


@pytest.mark.clause("§4.1.1")
def test_a_claim_is_complete_with_both_papers_and_then_takes_no_more(town: Town) -> None:
    path = f"/claims/{steps.expect(opening(town), 201)['claim_id']}"
    licence, confirmation = claim_papers(TODAY)
    steps.announce_and_upload(town.world, STRANGER, path, licence)
    before = everything_kept()
    missing = act(town, STRANGER, f"{path}/submit")
    assert (*refused(missing), "法定代表人确认书" in missing.body["detail"]) == (422, "DOCUMENTS_MISSING", True)
    assert everything_kept() == before
    steps.announce_and_upload(town.world, STRANGER, path, confirmation)
    steps.expect(act(town, STRANGER, f"{path}/submit"), 200)
    papers = town.shown(f"{path}/documents", OPERATOR)["items"]
    assert [(each["state"], each["url"] is None) for each in papers] == [("accepted", False)] * 2
    announced = {"kind": "business_license", "filename": "证.pdf", "content_type": "application/pdf", "size_bytes": 9}
    assert act(town, STRANGER, f"{path}/documents", announced).code == "WRONG_STATE"
    assert town.world.call(OWNER, "GET", f"{path}/documents").code == "ROLE_REQUIRED"


@pytest.mark.clause("§4.1.1")
def test_a_claim_that_another_one_overtook_is_not_approved_unheard(town: Town, stopped_clock: StoppedClock) -> None:
    """Whom the other claim made the owner was told of this one by nobody."""
    paths = [forwarded(town, each) for each in (STRANGER, COLLEAGUE)]
    stopped_clock.instant = HEARD
    steps.expect(act(town, BUREAU, f"{paths[0]}/decision", YES), 200)
    before = everything_kept()
    overtaken = act(town, BUREAU, f"{paths[1]}/decision", YES)
    assert (*refused(overtaken), "请驳回本申请" in overtaken.body["detail"]) == (409, "CLAIM_OVERTAKEN", True)
    assert everything_kept() == before
    steps.expect(act(town, BUREAU, f"{paths[1]}/decision", NO), 200)


@pytest.mark.clause("§4.1.1")
def test_no_member_approves_a_claim_even_if_no_rule_looks(
    town: Town, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stopped_clock.instant = submitted(town), HEARD
    steps.expect(act(town, BOTH, f"{path}/review", FORWARD), 200)
    member = Person(OWNER.name, "bureau")
    for person in (BOTH, member):
        no = act(town, person, f"{path}/decision", YES)
        assert (*refused(no), no.body["clause"]) == (403, "FOUR_EYES", "§4.1.1")
    monkeypatch.setattr(function("claim_reviews"), "check_four_eyes", lambda *_, **__: None)
    before = everything_kept()
    assert [act(town, each, f"{path}/decision", YES).code for each in (BOTH, member)] == ["CHANGED_MEANWHILE"] * 2
    assert everything_kept() == before
    steps.expect(act(town, BUREAU_TWO, f"{path}/decision", YES), 200)


def test_claims_are_work_of_the_operator_then_of_the_bureau_and_lists_mask_people(town: Town) -> None:
    path = forwarded(town)
    [task] = [each for each in town.shown("/tasks?role=bureau", BUREAU)["items"] if each["kind"] == "decide_claim"]
    assert (task["about"], task["enterprise_uscc"]) == (f"claim:{path.rpartition('/')[2]}", town.enterprise.uscc)
    assert task["due_on"] > "2026-06-22"
    [listed] = town.shown("/claims?state=forwarded", BUREAU)["items"]
    assert (listed["contact_name"], listed["contact_phone"]) == ("李**", "057****34")
    assert town.shown("/claims?state=draft")["items"] == []


@pytest.mark.clause("§4.1.1")
@pytest.mark.parametrize("kind", PARTIES)
def test_a_claimant_lists_own_claims_and_gives_one_up(town: Town, kind: str) -> None:
    given_up, other = submitted(town, kind=kind), opened(town, COLLEAGUE, kind)

    def own(person: Person) -> list[tuple[str, str]]:
        items = steps.expect(town.world.call(person, "GET", "/me/claims"), 200)["items"]
        return [(f"/claims/{each['claim_id']}", each["state"]) for each in items]

    assert (own(STRANGER), own(COLLEAGUE), own(OWNER)) == ([(given_up, "submitted")], [(other, "draft")], [])
    why = {"reason": "已由原负责人邀请加入"}
    assert refused(act(town, COLLEAGUE, f"{given_up}/withdraw", why)) == (404, "NOT_FOUND")
    with relayed(claim_key(given_up)):
        done = steps.expect(act(town, STRANGER, f"{given_up}/withdraw", why), 200)
    assert (done["state"], done["withdrawal_reason"]) == ("withdrawn", why["reason"])
    again = act(town, STRANGER, f"{given_up}/withdraw", why)
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert own(STRANGER) == [(given_up, "withdrawn")]
    assert "认领申请已由申请人撤回，单位成员不变。" in subjects(town.world, PARTIES[kind])
    assert refused(act(town, OPERATOR, f"{given_up}/review", FORWARD)) == (409, "WRONG_STATE")
    for key in ("2", "3", "4"):  # it counts no more against the claims that one person may have open
        steps.expect(opening(town, STRANGER, kind, key), 201)
    assert refused(opening(town, STRANGER, kind, "5")) == (409, "TOO_MANY_CLAIMS")


@pytest.mark.clause("§4.1.1")
def test_a_decided_claim_is_not_given_up(town: Town) -> None:
    path = forwarded(town)
    steps.expect(act(town, BUREAU, f"{path}/decision", NO), 200)
    assert refused(act(town, STRANGER, f"{path}/withdraw", {"reason": "不再认领"})) == (409, "WRONG_STATE")
