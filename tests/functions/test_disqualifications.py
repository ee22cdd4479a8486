"""A disqualification takes two hands and a hearing; the bureau may take it back, and the quota with it (§4.1.3)."""

from datetime import UTC, datetime

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.relaying import relayed, subjects
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town, disqualify
from tests.support.settlement_scenario import books
from tests.support.snapshots import upload_again
from tests.support.workers import deliver, drain
from voucher.store import keys, vouchers

BOTH = Person("both", "platform,bureau")
WHY, TRUE = {"reason": "未按期报告变更"}, {"decision": "approve", "reason": "情况属实"}
HEARD = datetime(2026, 6, 22, 16, tzinfo=UTC)  # Monday: five days from Monday 15 June end on a Saturday


def act(town: Town, person: Person, path: str, body: Json | None = None) -> Reply:
    """One step on the town's enterprise."""
    return town.world.call(person, "POST", f"/enterprises/{town.enterprise.uscc}/{path}", body)


def propose(town: Town, person: Person = OPERATOR) -> Json:
    """The operator's proposal."""
    return steps.expect(act(town, person, "disqualify", WHY), 200)


def state(town: Town) -> Json:
    """The enterprise, as staff sees it."""
    return town.shown(f"/enterprises/{town.enterprise.uscc}")


@pytest.mark.clause("§4.1.3")
def test_a_proposal_takes_nothing_away_and_says_why_and_until_when_to_answer(town: Town) -> None:
    with relayed(keys.enterprise(town.enterprise.uscc)):
        proposed = propose(town)
    assert (proposed["state"], proposed["sanction"]["answer_by"]) == ("approved", "2026-06-22")
    assert town.grab()["face_fen"] == 1_000_000
    assert town.order()["state"] == "placed"
    [told] = subjects(town.world, OWNER)
    assert "理由：未按期报告变更" in told
    assert "2026-06-22" in told
    assert act(town, OPERATOR, "disqualify", WHY).headers["idempotent-replay"] == "true"
    assert act(town, Person("op-2", "platform"), "disqualify", {"reason": "另一原因"}).code == "ALREADY_EXISTS"


@pytest.mark.clause("§4.1.3")
def test_the_bureau_may_say_yes_once_the_enterprise_was_heard_or_its_days_are_over(
    town: Town, stopped_clock: StoppedClock
) -> None:
    propose(town)
    early = act(town, BUREAU, "disqualify/approve", TRUE)
    assert (early.status, early.code, early.body["clause"]) == (409, "TOO_EARLY", "§4.1.3")
    stopped_clock.instant = HEARD.replace(hour=15, minute=59)
    assert act(town, BUREAU, "disqualify/approve", TRUE).code == "TOO_EARLY"
    stopped_clock.instant = HEARD
    decided = steps.expect(act(town, BUREAU, "disqualify/approve", TRUE), 200)
    assert (decided["state"], decided["reasons"][0]["message"]) == ("disqualified", "情况属实")
    assert town.claim(town.batch_id).body["clause"] == "§4.1.3"
    assert act(town, BUREAU, "disqualify/approve", TRUE).headers["idempotent-replay"] == "true"
    assert act(town, BUREAU_TWO, "disqualify/approve", TRUE).code == "ALREADY_REVIEWED"


@pytest.mark.clause("§4.1.3")
def test_a_member_answers_once_and_the_bureau_may_then_decide_at_once(town: Town) -> None:
    said = {"text": "登记机关尚未办结"}
    assert act(town, OWNER, "disqualify/statement", said).code == "WRONG_STATE"
    propose(town)
    assert act(town, STRANGER, "disqualify/statement", said).code == "NOT_FOUND"
    with relayed(keys.enterprise(town.enterprise.uscc)):
        steps.expect(act(town, OWNER, "disqualify/statement", said), 200)
    told = [each["subject"] for each in town.shown("/inbox?role=bureau", BUREAU)["items"]]
    assert "当事人已提交陈述意见，可以作出决定。" in told
    assert act(town, OWNER, "disqualify/statement", said).headers["idempotent-replay"] == "true"
    assert act(town, OWNER, "disqualify/statement", {"text": "再补充一点"}).code == "ALREADY_EXISTS"
    assert state(town)["sanction"]["statement"] == "登记机关尚未办结"
    steps.expect(act(town, BUREAU, "disqualify/approve", TRUE), 200)
    assert act(town, OWNER, "disqualify/statement", {"text": "再说"}).code == "ALREADY_REVIEWED"


@pytest.mark.clause("§4.1.3")
def test_a_no_comes_at_any_time_and_leaves_the_enterprise_as_it_was(town: Town) -> None:
    propose(town)
    with relayed(keys.enterprise(town.enterprise.uscc)):
        kept = steps.expect(
            act(town, BUREAU, "disqualify/approve", {"decision": "reject", "reason": "已及时报告"}), 200
        )
    assert kept["state"] == "approved"
    assert subjects(town.world, OWNER) == ["市经信局未同意取消资格，企业资格保持不变。理由：已及时报告"]
    assert town.grab()["face_fen"] == 1_000_000
    assert act(town, BUREAU, "disqualify/approve", TRUE).code == "ALREADY_REVIEWED"
    assert propose(town)["sanction"]["decision"] is None, "another matter may be proposed later"


@pytest.mark.clause("§4.1.3")
def test_whoever_proposed_does_not_decide_and_whoever_decided_does_not_restore(town: Town) -> None:
    propose(town, BOTH)
    steps.expect(act(town, OWNER, "disqualify/statement", {"text": "有异议"}), 200)
    assert act(town, BOTH, "disqualify/approve", TRUE).code == "FOUR_EYES"
    steps.expect(act(town, BUREAU, "disqualify/approve", TRUE), 200)
    assert act(town, BUREAU, "restore", WHY).code == "FOUR_EYES"
    assert act(town, BUREAU_TWO, "restore", WHY).body["state"] == "approved"


@pytest.mark.clause("§4.1.3")
def test_who_decides_and_who_may_answer_have_it_on_their_list_with_its_day(town: Town) -> None:
    propose(town)
    mine = f"/tasks?organisation={town.enterprise.uscc}"
    [answer] = town.shown(mine, OWNER)["items"]
    assert (answer["kind"], answer["due_on"]) == ("state_position", "2026-06-22")
    [decision] = town.shown("/tasks?role=bureau&kind=decide_disqualification", BUREAU)["items"]
    assert (decision["about"], decision["due_on"]) == (f"enterprise:{town.enterprise.uscc}", "2026-06-29")
    steps.expect(act(town, OWNER, "disqualify/statement", {"text": "有异议"}), 200)
    assert town.shown(mine, OWNER)["items"] == []
    steps.expect(act(town, BUREAU, "disqualify/approve", TRUE), 200)
    assert town.shown("/tasks?role=bureau&kind=decide_disqualification", BUREAU)["items"] == []


@pytest.mark.clause("§4.1.3")
def test_a_restored_enterprise_claims_again_what_became_void_and_no_fen_more(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    running = town.advance(town.order(contract_fen=1_000_000, voucher_fen=300_000), "accept", "contract")
    town.order(contract_fen=500_000, voucher_fen=200_000)  # without a contract: its money becomes void, too
    with relayed(keys.enterprise(town.enterprise.uscc)):
        disqualify(town.world, town.enterprise.uscc)
    with relayed(keys.enterprise(town.enterprise.uscc)):
        restored = steps.expect(act(town, BUREAU_TWO, "restore", {"reason": "复查有误"}), 200)
    assert (restored["state"], restored["reasons"]) == ("approved", [])
    assert any("市经信局已恢复企业资格" in each and "复查有误" in each for each in subjects(town.world, OWNER))
    assert town.shown(f"/vouchers/{town.voucher_id}")["state"] == "void"
    batch_id = str(steps.open_batch(town.world, 2026, samples.batch(amount_fen=2_000_000))["batch_id"])
    assert town.grab(batch_id)["face_fen"] == 700_000
    assert town.advance(running, "deliver", "confirm")["state"] == "completed"
    books()
    again = str(steps.open_batch(town.world, 2026, samples.batch(amount_fen=2_000_001))["batch_id"])
    assert town.claim(again).code == "QUOTA_USED"


@pytest.mark.clause("§4.1.3")
def test_an_enterprise_that_was_to_correct_its_papers_is_restored_to_that(town: Town) -> None:
    path = f"/enterprises/{town.enterprise.uscc}/changes"
    report = {"happened_on": "2026-06-10", "description": "主营业务变更"}
    change = steps.expect(town.world.call(OWNER, "POST", path, report), 201)
    propose(town)
    review = {"decision": "return", "reason": "请修改"}
    steps.expect(town.world.call(OPERATOR, "POST", f"{path}/{change['change_id']}/review", review), 200)
    steps.expect(act(town, OWNER, "disqualify/statement", {"text": "有异议"}), 200)
    steps.expect(act(town, BUREAU, "disqualify/approve", TRUE), 200)
    assert steps.expect(act(town, BUREAU_TWO, "restore", WHY), 200)["state"] == "returned"
    assert town.claim(town.batch_id).body["clause"] == "§4.1.2"


@pytest.mark.clause("§4.1.3")
def test_a_message_that_comes_after_the_restoration_ends_nothing(voucher: tuple[Town, Json]) -> None:
    town, _ = voucher
    order = town.order(contract_fen=500_000, voucher_fen=200_000)
    disqualify(town.world, town.enterprise.uscc)
    steps.expect(act(town, BUREAU_TWO, "restore", WHY), 200)
    late = {"task": "void_enterprise", "uscc": town.enterprise.uscc, "message_id": "late"}
    assert deliver("void_vouchers", late)["batchItemFailures"] == [], "it must not come again"
    drain("notify")
    found = vouchers.find(town.voucher_id)
    assert found is not None and (found.state, found.balance_fen) == ("active", 800_000)
    assert town.shown(f"/orders/{order['order_id']}")["state"] == "placed"
    assert subjects(town.world, SELLER) == []


@pytest.mark.clause("§4.1.3")
def test_a_disqualified_enterprise_applies_anew_in_the_next_year(town: Town, stopped_clock: StoppedClock) -> None:
    upload_again("town")
    disqualify(town.world, town.enterprise.uscc)
    early = act(town, OWNER, "reapply")
    assert (early.status, early.code, early.body["clause"]) == (409, "NEXT_YEAR_FIRST", "§4.1.3")
    stopped_clock.instant = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    assert act(town, OWNER, "reapply").code == "NEXT_YEAR_FIRST"
    stopped_clock.instant = datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert act(town, STRANGER, "reapply").code == "NOT_FOUND"
    assert steps.expect(act(town, OWNER, "reapply"), 200)["state"] == "returned"
    assert steps.expect(act(town, OWNER, "submit"), 200)["applied_on"] == "2027-01-01"
    assert steps.expect(steps.review_enterprise(town.world, town.enterprise.uscc), 200)["state"] == "approved"
