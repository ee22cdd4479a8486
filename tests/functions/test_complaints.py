"""§5.3: anybody complains, the operator examines and answers, whoever is complained of is heard and never learns by
whom, and what is grave is decided by the bureau."""

from datetime import timedelta
from typing import Any

import pytest

from infra.city.document_files import change_paper
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.support.backend import World, function
from tests.support.relaying import relayed, subjects
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town
from tests.support.snapshots import everything_kept
from tests.support.workers import deliver, drain, waiting
from voucher.models.base import Mark
from voucher.refusals import Refusal, Refused
from voucher.rules.complaints import joined, linked
from voucher.store import complaints, keys

SAID = {"topic": "quality", "text": "收了钱没来做", "name": "张三", "contact": "13900001234", "order_id": "o_secret"}
SECRET = ("张三", "13900001234", "o_secret", "收了钱没来做")
ACCEPT = {"decision": "accept", "reason": "属受理范围", "told": "有企业反映服务未按约定提供，请说明情况。"}
TRUE = {"outcome": "substantiated", "answer": "经核实属实，已责令退款。"}
GRAVE = {"proposal": "violation", "reason": "属实且影响较大"}
HEARD = NOW + timedelta(days=8)


def complain(world: World, key: str | None = "k", person: Person | None = None, **more: Any) -> Reply:
    """Somebody complains; the person is where they are, and no sign-in."""
    return world.call(person, "POST", "/complaints", {**SAID, **more}, key=key)


def act(world: World, person: Person | None, path: str, what: str, body: Json) -> Reply:
    return world.call(person, "POST", f"{path}/{what}", body)


def told(town: Town, role: str) -> list[str]:
    """What the inbox of a staff role says."""
    return [each["subject"] for each in town.shown(f"/inbox?role={role}", Person(f"{role}-reader", role))["items"]]


@pytest.fixture
def receipt(town: Town) -> Json:
    """A complaint about the town's agency."""
    return steps.expect(complain(town.world, about_uscc=town.agency.uscc), 201)


@pytest.fixture
def path(receipt: Json) -> str:
    return f"/complaints/{receipt['complaint_id']}"


@pytest.fixture
def accepted(town: Town, path: str) -> str:
    """Its path, once it is examined."""
    with relayed(keys.complaint(path.rpartition("/")[2])):
        steps.expect(act(town.world, OPERATOR, path, "review", ACCEPT), 200)
    return path


def progress(town: Town, receipt: Json) -> Json:
    body = {"code": receipt["code"]}
    return steps.expect(act(town.world, None, f"/complaints/{receipt['complaint_id']}", "answer", body), 200)


@pytest.mark.clause("§5.3")
def test_whoever_complains_follows_it_by_the_code_until_the_answer(town: Town, receipt: Json, path: str) -> None:
    came = progress(town, receipt)
    assert (came["state"], came["received_on"], came["accept_by"]) == ("received", "2026-06-15", "2026-06-17")
    assert (came["answer"], came["remedy"]) == (None, None)
    steps.expect(act(town.world, OPERATOR, path, "review", ACCEPT), 200)
    assert progress(town, receipt)["answer_by"] == "2026-07-07"
    steps.expect(act(town.world, SELLER, path, "statement", {"text": "已约定改期"}), 200)
    with relayed(keys.complaint(receipt["complaint_id"])):
        assert steps.expect(act(town.world, OPERATOR, path, "reply", TRUE), 200)["state"] == "answered"
    end = progress(town, receipt)
    assert (end["outcome"], end["answer"], end["answered_on"]) == ("substantiated", TRUE["answer"], "2026-06-15")
    assert "企业信箱" in end["remedy"], "who is not satisfied is shown the mailbox"
    assert act(town.world, None, path, "answer", {"code": "K7Q2M9XW4TRB5HAZ2CVN6DJE"}).code == "NOT_FOUND"
    assert any("已办结：属实" in each for each in subjects(town.world, SELLER))
    counts = town.shown(f"/agencies/{town.agency.uscc}", BUREAU)["complaints"]
    assert counts == {"substantiated": 1, "partly": 0, "unsubstantiated": 0}


@pytest.mark.clause("§5.3")
def test_the_same_call_gets_the_same_receipt_and_the_code_is_kept_nowhere(town: Town) -> None:
    first = complain(town.world)
    again = complain(town.world, person=Person("another address"))
    assert (first.status, again.status, again.headers["idempotent-replay"]) == (201, 200, "true")
    assert first.body == again.body
    assert first.body["code"] not in str(everything_kept())
    without = [complain(town.world, key="") for _ in range(2)]
    assert [each.status for each in without] == [201, 200]
    assert without[0].body["code"] and without[1].body == {**without[0].body, "code": None}


@pytest.mark.clause("§5.3")
def test_whoever_is_complained_of_is_heard_and_never_learns_by_whom(
    town: Town, path: str, accepted: str, stopped_clock: StoppedClock
) -> None:
    world, audited = town.world, f"/audit?about=agency:{town.agency.uscc}"
    assert act(world, SELLER, path, "statement", {"text": "已约定改期"}).status == 200
    assert act(world, SELLER, path, "statement", {"text": "另有说明"}).code == "ALREADY_EXISTS"
    steps.expect(act(world, OPERATOR, path, "escalate", {**GRAVE, "proposal": "none"}), 200)
    decision = {"outcome": "partly", "measure": "none", "reason": "内部意见", "answer": "只答复投诉人"}
    with relayed(keys.complaint(path.rpartition("/")[2])):
        steps.expect(act(world, BUREAU, path, "decision", decision), 200)
    deliver("keep_audit", *waiting("keep_audit"))
    seen = [world.call(SELLER, "GET", each) for each in (path, audited, "/inbox", f"/agencies/{town.agency.uscc}")]
    seen += [world.call(SELLER, "GET", f"{each}?organisation={town.agency.uscc}") for each in ("/tasks",)]
    assert {each.status for each in seen} == {200}
    read = str([each.body for each in seen])
    assert ACCEPT["told"] in read and "已约定改期" in read and "部分属实" in read
    assert [each for each in (*SECRET, "只答复投诉人", "内部意见") if each in read] == []
    for person in (OWNER, STRANGER):
        assert world.call(person, "GET", path).code == "NOT_FOUND"
    assert world.call(SELLER, "GET", f"{path}/documents").code == "ROLE_REQUIRED"


@pytest.mark.clause("§5.3")
def test_before_it_is_accepted_the_respondent_sees_nothing_of_it(town: Town, path: str) -> None:
    assert town.world.call(SELLER, "GET", path).code == "NOT_FOUND"
    assert act(town.world, SELLER, path, "statement", {"text": "?"}).code == "NOT_FOUND"
    body = {name: ACCEPT[name] for name in ("decision", "reason")}
    assert act(town.world, OPERATOR, path, "review", body).body["errors"][0]["field"] == "told"


@pytest.mark.clause("§5.3")
def test_nothing_is_found_true_before_the_respondent_was_heard(
    town: Town, accepted: str, stopped_clock: StoppedClock
) -> None:
    assert act(town.world, OPERATOR, accepted, "reply", TRUE).code == "TOO_EARLY"
    assert act(town.world, OPERATOR, accepted, "escalate", GRAVE).code == "TOO_EARLY"
    stopped_clock.instant = HEARD
    assert act(town.world, OPERATOR, accepted, "reply", TRUE).status == 200


@pytest.mark.clause("§5.3")
def test_no_member_handles_a_complaint_and_who_examined_it_does_not_decide(town: Town, accepted: str) -> None:
    both = Person("both", "platform,bureau")
    insider = Person(SELLER.name, "platform")
    step = {"kind": "site_visit", "text": "已到现场"}
    no = act(town.world, insider, accepted, "steps", step)
    assert (no.code, no.body["clause"]) == ("FOUR_EYES", "§5.3")
    steps.expect(act(town.world, both, accepted, "steps", step), 200)
    steps.expect(act(town.world, SELLER, accepted, "statement", {"text": "属实"}), 200)
    steps.expect(act(town.world, OPERATOR, accepted, "escalate", {**GRAVE, "proposal": "none"}), 200)
    decision = {"outcome": "partly", "measure": "none", "reason": "r", "answer": "a"}
    assert act(town.world, both, accepted, "decision", decision).code == "FOUR_EYES"
    assert act(town.world, BUREAU, accepted, "decision", decision).status == 200


@pytest.mark.clause("§5.3")
def test_the_bureau_decides_what_is_grave_and_names_the_violation(town: Town, receipt: Json, accepted: str) -> None:
    world = town.world
    steps.expect(act(world, SELLER, accepted, "statement", {"text": "属实"}), 200)
    with relayed(keys.complaint(receipt["complaint_id"])):
        steps.expect(act(world, OPERATOR, accepted, "escalate", GRAVE), 200)
    assert any("决定投诉的处理" in each for each in told(town, "bureau"))
    decision = {"outcome": "substantiated", "measure": "violation", "reason": "套取资金", "answer": "已立案处理。"}
    assert act(world, BUREAU, accepted, "decision", decision).body["thing"] == "violation"
    other = {"uscc": town.enterprise.uscc, "facts": "转让"}
    wrong = steps.expect(world.call(BUREAU, "POST", "/violations", other, key="w"), 201)["violation_id"]
    no = act(world, BUREAU, accepted, "decision", {**decision, "violation_id": wrong})
    assert no.body["thing"] == "violation", "a violation of somebody else"
    breach = {"uscc": town.agency.uscc, "facts": "套取资金"}
    violation = steps.expect(world.call(BUREAU, "POST", "/violations", breach, key="v"), 201)["violation_id"]
    nothing = {**decision, "outcome": "unsubstantiated", "violation_id": violation}
    assert act(world, BUREAU, accepted, "decision", nothing).body["errors"][0]["field"] == "measure"
    with relayed(keys.complaint(receipt["complaint_id"])):
        ended = steps.expect(act(world, BUREAU, accepted, "decision", {**decision, "violation_id": violation}), 200)
    assert (ended["state"], ended["violation_id"]) == ("answered", violation)
    assert progress(town, receipt)["answer"] == "已立案处理。"
    assert any("登记违规记录。理由：套取资金" in each for each in told(town, "platform"))


@pytest.mark.clause("§5.3")
def test_a_measure_needs_somebody_to_be_taken_against(town: Town) -> None:
    path = f"/complaints/{complain(town.world).body['complaint_id']}"
    steps.expect(act(town.world, OPERATOR, path, "review", ACCEPT), 200)
    assert act(town.world, OPERATOR, path, "escalate", GRAVE).body["errors"][0]["field"] == "proposal"


@pytest.mark.clause("§5.3")
def test_a_pause_stops_the_clock_for_the_working_days_it_lasts(
    town: Town, receipt: Json, accepted: str, stopped_clock: StoppedClock
) -> None:
    pause, resume = ({"kind": kind, "text": "待投诉人补充材料"} for kind in ("pause", "resume"))
    steps.expect(act(town.world, OPERATOR, accepted, "steps", pause), 200)
    assert act(town.world, OPERATOR, accepted, "reply", TRUE).code == "WRONG_STATE"
    stopped_clock.instant = NOW + timedelta(days=4)  # Friday, and the dragon boat festival
    shown = steps.expect(act(town.world, OPERATOR, accepted, "steps", resume), 200)
    assert (shown["state"], shown["answer_by"]) == ("accepted", "2026-07-10")
    assert [each["kind"] for each in shown["findings"]] == ["pause", "resume"]


@pytest.mark.clause("§5.3")
def test_a_linked_complaint_shows_the_answer_to_the_other_one(town: Town, receipt: Json, accepted: str) -> None:
    twin = steps.expect(complain(town.world, "twin", text="同一件事"), 201)
    link = {"decision": "link", "reason": "同一事项", "linked_to": receipt["complaint_id"]}
    steps.expect(act(town.world, OPERATOR, f"/complaints/{twin['complaint_id']}", "review", link), 200)
    no = {"outcome": "unsubstantiated", "answer": "经核实不属实。"}
    steps.expect(act(town.world, OPERATOR, accepted, "reply", no), 200)
    assert progress(town, twin)["answer"] == "经核实不属实。"
    third = steps.expect(complain(town.world, "third"), 201)
    wrong = {**link, "linked_to": twin["complaint_id"]}
    reply = act(town.world, OPERATOR, f"/complaints/{third['complaint_id']}", "review", wrong)
    assert reply.body["errors"][0]["field"] == "linked_to"


@pytest.mark.clause("§5.3")
def test_whoever_has_the_code_adds_papers_and_withdraws(town: Town, receipt: Json, path: str) -> None:
    world, paper = town.world, change_paper(TODAY)
    facts = {"kind": "attachment", "filename": "证据.pdf", "content_type": "application/pdf", "size_bytes": 9}
    announced = world.call(None, "POST", f"{path}/documents", {"code": receipt["code"], **facts}, key="d")
    world.upload(steps.expect(announced, 201)["upload"], paper.content)
    assert world.call(None, "POST", f"{path}/documents", {"code": "WRONG", **facts}, key="e").code == "NOT_FOUND"
    [seen] = town.shown(f"{path}/documents", OPERATOR)["items"]
    assert seen["state"] == "arrived" and seen["url"]
    steps.expect(act(world, OPERATOR, path, "review", ACCEPT), 200)
    [kept] = town.shown(f"{path}/documents", BUREAU)["items"]
    assert kept["state"] == "accepted"
    code = {"code": receipt["code"]}
    assert act(world, None, path, "withdraw", {"code": "WRONG"}).code == "NOT_FOUND"
    assert [act(world, None, path, "withdraw", code).status for _ in range(2)] == [200, 200]
    assert progress(town, receipt)["state"] == "withdrawn"
    assert act(world, OPERATOR, path, "reply", TRUE).code == "WRONG_STATE"


@pytest.mark.clause("§5.3")
def test_the_operator_enters_what_a_caller_says(town: Town) -> None:
    body = {"channel": "phone", "topic": "question", "text": "如何领券？"}
    one = town.world.call(OPERATOR, "POST", "/staff/complaints", body, key="call")
    again = town.world.call(OPERATOR, "POST", "/staff/complaints", body, key="call")
    assert (one.status, again.status, again.body) == (201, 200, one.body)
    [listed] = town.shown("/complaints?topic=question", BUREAU)["items"]
    assert (listed["channel"], listed["complaint_id"]) == ("phone", one.body["complaint_id"])
    assert progress(town, one.body)["state"] == "received"


@pytest.mark.clause("§5.3")
def test_what_is_late_is_listed_and_the_bureau_hears_of_it(
    town: Town, receipt: Json, stopped_clock: StoppedClock
) -> None:
    assert town.shown("/complaints?overdue=true", BUREAU)["items"] == []
    stopped_clock.instant = NOW + timedelta(days=3)
    [late] = town.shown("/complaints?overdue=true", BUREAU)["items"]
    assert late["complaint_id"] == receipt["complaint_id"]
    function("sweep").handler({"time": stopped_clock.instant.isoformat()}, None)
    drain("notify")
    assert any("受理投诉，已于2026-06-17到期" in each for each in told(town, "platform"))
    assert any("投诉逾期未办结" in each for each in told(town, "bureau"))


@pytest.mark.clause("§5.3")
def test_one_address_is_asked_for_effort_after_ten_and_none_is_kept(town: Town, stopped_clock: StoppedClock) -> None:
    here = Person("198.51.100.9")
    sent = [complain(town.world, str(each), here, text=str(each)) for each in range(10)]
    assert {each.status for each in sent} == {201}
    no = complain(town.world, "10", here)
    assert (no.status, no.code, no.headers["retry-after"]) == (429, "TOO_MANY_COMPLAINTS", "3600")
    proof = steps.proof_of_effort(no.body["effort"])
    assert complain(town.world, "10", here, effort=proof).status == 201
    assert complain(town.world, "10", Person("elsewhere")).status == 201
    kept = everything_kept()["supervision"]
    assert "198.51.100.9" not in str(kept) and "CROWD#complaints" in str(kept)
    for night, is_there in ((timedelta(hours=1), True), (timedelta(hours=3), False)):
        stopped_clock.instant = NOW + night
        function("retention").work({"task": "crowd", "instant": stopped_clock.instant.isoformat()})
        assert ("CROWD#complaints" in str(everything_kept()["supervision"])) == is_there


@pytest.mark.clause("§5.3")
def test_no_member_turns_a_complaint_on_their_own_to_somebody_else(town: Town, receipt: Json, path: str) -> None:
    insider, other = Person(SELLER.name, "platform"), {"about_uscc": town.enterprise.uscc}
    before = everything_kept()
    assert act(town.world, insider, path, "review", {**ACCEPT, **other}).code == "FOUR_EYES"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("voucher.edge.complaints.check_four_eyes", lambda *_, **__: None)
        assert act(town.world, insider, path, "review", {**ACCEPT, **other}).code == "CHANGED_MEANWHILE"
    assert everything_kept() == before
    owner = Person(OWNER.name, "platform")
    assert act(town.world, owner, path, "review", {**ACCEPT, **other}).code == "FOUR_EYES", "nor to their own"
    turned = steps.expect(act(town.world, OPERATOR, path, "review", {**ACCEPT, **other}), 200)
    assert (turned["about_uscc"], turned["respondents"]) == (town.enterprise.uscc, ["enterprise"])


@pytest.mark.clause("§5.3")
def test_nobody_takes_the_answer_from_whoever_was_linked_to_their_complaint(town: Town, receipt: Json) -> None:
    twin, third = (steps.expect(complain(town.world, key, text=key), 201) for key in ("twin", "third"))
    link(town, third, twin)
    taken_back = act(town.world, None, f"/complaints/{twin['complaint_id']}", "withdraw", {"code": twin["code"]})
    assert (taken_back.code, progress(town, third)["state"]) == ("COMPLAINT_SHARED", "received")
    link(town, twin, receipt)
    path = f"/complaints/{receipt['complaint_id']}"
    steps.expect(act(town.world, OPERATOR, path, "review", ACCEPT), 200)
    assert progress(town, third)["answer_by"] == "2026-07-07", "along the chain to its end"
    alone = act(town.world, None, f"/complaints/{third['complaint_id']}", "withdraw", {"code": third["code"]})
    assert alone.status == 200, "nobody waits for this one"


@pytest.mark.clause("§5.3")
def test_two_complaints_are_not_linked_to_each_other(town: Town, receipt: Json) -> None:
    twin = steps.expect(complain(town.world, "twin", text="同一件事"), 201)
    first, second = (complaints.get(each["complaint_id"]) for each in (receipt, twin))
    link(town, receipt, twin)
    mark = Mark(by=OPERATOR.name, at=NOW)
    new, after = linked(second, first, "同一事项", mark), joined(first, second.complaint_id)
    with pytest.raises(Refused) as no:  # as of both were read before
        complaints.commit_decision(
            second, new, "handle_complaint", OPERATOR.name, complaints.joined_write(first, after)
        )
    assert no.value.refusal is Refusal.CHANGED_MEANWHILE


def link(town: Town, one: Json, to: Json) -> None:
    """The operator finds that both are the same matter."""
    body = {"decision": "link", "reason": "同一事项", "linked_to": to["complaint_id"]}
    steps.expect(act(town.world, OPERATOR, f"/complaints/{one['complaint_id']}", "review", body), 200)


@pytest.mark.clause("§5.3")
def test_staff_who_acts_for_whom_it_is_about_reads_it_as_a_member(town: Town, accepted: str) -> None:
    insider, other = Person(SELLER.name, "platform"), f"/complaints/{complain(town.world, 'b').body['complaint_id']}"
    seen = [town.world.call(insider, "GET", each) for each in (accepted, "/complaints")]
    assert steps.expect(seen[0], 200)["told"] == ACCEPT["told"]
    assert [each["complaint_id"] for each in seen[1].body["items"]] == [other.rpartition("/")[2]]
    assert town.world.call(insider, "GET", f"{accepted}/documents").code == "NOT_FOUND"
    assert not [word for word in SECRET if word in str(seen[0].body)]
    untold = complain(town.world, "c", about_uscc=town.agency.uscc).body["complaint_id"]
    assert town.world.call(insider, "GET", f"/complaints/{untold}").code == "NOT_FOUND"
    assert town.world.call(insider, "GET", other).status == 200
