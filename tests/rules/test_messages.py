"""What a committed change sets in motion: exactly these messages, once per change, and none when nothing changed."""

from typing import Any

import pytest

from tests.rules.records import AGENCY, FIRM
from voucher.rules.messages import RECIPIENTS, SUBJECTS, change_id, messages_for, thing_of

# a record of each thing as its table keeps it
IMAGES: dict[str, dict[str, Any]] = {
    "ENTERPRISE": {"pk": f"ENTERPRISE#{FIRM}", "sk": "RECORD", "version": 3, "uscc": FIRM},
    "AGENCY": {"pk": f"AGENCY#{AGENCY}", "sk": "RECORD", "version": 4, "uscc": AGENCY},
    "VOUCHER": {
        "pk": "BATCH#2026.b1#07",
        "sk": f"VOUCHER#{FIRM}",
        "seq": 2,
        "voucher_id": f"2026.b1.{FIRM}",
        "enterprise_uscc": FIRM,
    },
    "ORDER": {
        "pk": "ORDER#o1",
        "sk": "RECORD",
        "version": 5,
        "order_id": "o1",
        "enterprise_uscc": FIRM,
        "agency_uscc": AGENCY,
    },
    "LINE": {
        "pk": "SETTLEMENT#s1",
        "sk": "LINE#o1",
        "version": 6,
        "order_id": "o1",
        "enterprise_uscc": FIRM,
        "agency_uscc": AGENCY,
    },
    "ACTIVITY": {
        "pk": "ACTIVITY#act_1",
        "sk": "RECORD",
        "version": 2,
        "activity_id": "act_1",
        "agency_uscc": AGENCY,
    },
    "CHECK": {
        "pk": "INSPECTION#ins_1",
        "sk": "CHECK#ins_1.001",
        "version": 2,
        "check_id": "ins_1.001",
        "kind": "daily",
        "agency_uscc": AGENCY,
    },
    "PAYABLE": {"pk": "ROUND#r1", "sk": f"PAYABLE#{AGENCY}", "version": 1, "round_id": "r1", "agency_uscc": AGENCY},
    "PAYOUT": {
        "pk": "PAYOUT#p1",
        "sk": "RECORD",
        "version": 2,
        "payout_id": "p1",
        "round_id": "r1",
        "agency_uscc": AGENCY,
    },
}
ABOUT = {
    "ENTERPRISE": f"enterprise:{FIRM}",
    "AGENCY": f"agency:{AGENCY}",
    "VOUCHER": f"voucher:2026.b1.{FIRM}",
    "ORDER": "order:o1",
    "LINE": "line:o1",
    "ACTIVITY": "activity:act_1",
    "CHECK": "check:ins_1.001",
    "PAYABLE": "payable:r1",
    "PAYOUT": "payout:p1",
}
IMPORT = {
    "pk": "LIST#rated_d#2026",
    "sk": "IMPORT#i1",
    "version": 3,
    "kind": "rated_d",
    "year": 2026,
    "import_id": "i1",
}


def image(thing: str, state: str | None, **more: Any) -> dict[str, Any]:
    """A record of `thing` in `state`."""
    return {**IMAGES[thing], "state": state, **more}


def notices(thing: str, old: str | None, new: str) -> list[dict[str, Any]]:
    """Bodies for the inboxes of organisations that follow from a change of state, None for a record made new."""
    before = None if old is None else image(thing, old)
    bodies = [each.body for each in messages_for(before, image(thing, new)) if each.queue == "notify"]
    return [each for each in bodies if each["kind"] != "staff"]


@pytest.mark.clause("§4.1.2")
def test_an_approved_enterprise_is_told_so() -> None:
    (message,) = messages_for(image("ENTERPRISE", "submitted"), image("ENTERPRISE", "approved"))
    assert message.queue == "notify"
    assert message.body == {
        "message_id": f"ENTERPRISE.{FIRM}/RECORD/3/approved",
        "kind": "enterprise",
        "recipient": FIRM,
        "subject": "企业资格审核通过，可以领取服务券。",
        "about": f"enterprise:{FIRM}",
    }


def test_a_new_order_is_told_to_both_parties() -> None:
    enterprise, agency = notices("ORDER", None, "placed")
    assert (enterprise["kind"], enterprise["recipient"]) == ("enterprise", FIRM)
    assert (agency["kind"], agency["recipient"]) == ("agency", AGENCY)
    assert enterprise["subject"] == agency["subject"] == "使用服务券的订单已提交，等待服务机构接单。"


@pytest.mark.parametrize(("thing", "state"), SUBJECTS)
def test_each_state_worth_telling_is_told_once_to_everybody_concerned(thing: str, state: str) -> None:
    bodies = notices(thing, "before", state)
    assert [(each["kind"], each["recipient"]) for each in bodies] == [
        (kind, IMAGES[thing][attribute]) for kind, attribute in RECIPIENTS[thing].items()
    ]
    assert {each["subject"] for each in bodies} == {SUBJECTS[thing, state]}
    assert {each["about"] for each in bodies} == {ABOUT[thing]}


@pytest.mark.parametrize(("thing", "state"), SUBJECTS)
def test_a_change_that_leaves_the_state_as_it_was_tells_nothing(thing: str, state: str) -> None:
    before, after = image(thing, state), image(thing, state, version=99, seq=99, name="新名称")
    assert messages_for(before, after) == []


@pytest.mark.parametrize(("thing", "state"), SUBJECTS)
def test_a_record_made_in_a_state_worth_telling_is_told_too(thing: str, state: str) -> None:
    assert notices(thing, None, state) == notices(thing, "before", state)


def test_a_state_nobody_needs_to_hear_of_tells_nothing() -> None:
    assert messages_for(image("ORDER", "completed"), image("ORDER", "settling")) == []
    assert messages_for(None, image("ENTERPRISE", "draft")) == []
    assert messages_for(None, image("ENTERPRISE", "rejected", erased_at="2027-01-01T00:00:00.000Z")) == []
    assert messages_for(None, {"pk": "POOL#batch.b1#00", "sk": "POOL", "remaining_fen": 5}) == []


def test_staff_hears_once_of_what_it_must_act_on() -> None:
    (message,) = messages_for(image("ENTERPRISE", "draft"), image("ENTERPRISE", "submitted"))
    told = {name: message.body[name] for name in ("kind", "recipient", "subject", "about")}
    words = "待办：审核企业注册。"
    assert told == {"kind": "staff", "recipient": "platform", "subject": words, "about": f"enterprise:{FIRM}"}
    assert messages_for(image("ENTERPRISE", "submitted"), image("ENTERPRISE", "submitted", version=4)) == []


@pytest.mark.clause("§3.5.1(5)")
def test_the_other_party_is_asked_and_then_the_operator() -> None:
    one = {"agency_cancel": {"reason": "无力履行"}}
    both = {**one, "enterprise_cancel": {"reason": "同意"}}
    (asked,) = messages_for(image("ORDER", "accepted"), image("ORDER", "accepted", **one))
    assert (asked.body["kind"], asked.body["recipient"]) == ("enterprise", FIRM)
    (decides,) = messages_for(image("ORDER", "accepted", **one), image("ORDER", "accepted", **both))
    assert (decides.body["kind"], decides.body["recipient"]) == ("staff", "platform")


def test_an_agency_whose_account_was_rejected_is_asked_for_another_one() -> None:
    invoiced = IMAGES["PAYABLE"] | {"state": "invoiced"}
    waiting, rejected = invoiced | {"change": {"change_id": "ac_1"}}, invoiced | {"version": 2}
    [asked] = messages_for(waiting, rejected)
    assert (asked.body["kind"], asked.body["recipient"]) == ("agency", AGENCY)
    assert "重新提交收款账户" in asked.body["subject"]
    account = {"account": {"last_digits": "0018"}}
    assert [each.body["recipient"] for each in messages_for(waiting, rejected | account)] == ["platform"]


def test_whoever_a_violation_is_recorded_against_hears_of_it_once() -> None:
    new = {"pk": "VIOLATION#x1", "sk": "RECORD", "version": 1, "violation_id": "x1", "uscc": FIRM, "state": "standing"}
    told = messages_for(None, new)
    assert {(each.body["kind"], each.body["recipient"]) for each in told} == {("enterprise", FIRM), ("agency", FIRM)}
    assert messages_for(new, new | {"version": 2}) == []


def test_a_deleted_record_tells_nothing() -> None:
    assert messages_for(image("ENTERPRISE", "approved"), None) == []


def test_an_order_freed_from_its_application_is_not_told_as_completed_a_second_time() -> None:
    assert notices("ORDER", "settling", "completed") == []
    assert len(notices("ORDER", "delivered", "completed")) == 2


def test_a_line_released_after_an_objection_is_not_told_as_passed_a_second_time() -> None:
    assert notices("LINE", "noticed", "passed") == []
    assert len(notices("LINE", "submitted", "passed")) == 1


OBJECTION = {
    "pk": "NOTICE#n1",
    "sk": "OBJECTION#n1.a",
    "notice_id": "n1",
    "objection_id": "n1.a",
    "order_id": None,
    "agency_uscc": AGENCY,
    "name": "王五",
    "reason": "服务未实际发生",
    "concerned": [AGENCY],
    "state": "standing",
    "version": 1,
    "created_at": "2026-06-15T02:00:00.000Z",
}
DECIDED = {"version": 2, "decided_at": "2026-06-16T02:00:00.000Z", "opinion": "查无实据"}


def told_of(old: dict[str, Any] | None, new: dict[str, Any]) -> list[dict[str, Any]]:
    """What agencies are told of an objection."""
    return [each.body for each in messages_for(old, new) if each.body["kind"] == "agency"]


@pytest.mark.clause("§3.5.3")
def test_the_agencies_that_an_objection_concerns_hear_of_it_and_not_who_objects() -> None:
    one, other = {**OBJECTION, "concerned": [AGENCY, "9133OTHER"]}, {**OBJECTION, "objection_id": "n1.b"}
    told = told_of(None, one)
    assert [(each["recipient"], each["about"]) for each in told] == [(AGENCY, "notice:n1"), ("9133OTHER", "notice:n1")]
    assert "收到异议" in told[0]["subject"] and "暂不兑付" in told[0]["subject"]
    assert not any(word in str(told) for word in ("王五", "服务未实际发生"))
    [of_order] = told_of(None, {**OBJECTION, "order_id": "o1"})
    assert of_order["about"] == "order:o1"
    # a second one of the day against the same target is no second message
    assert told_of(None, other)[0]["message_id"] == told[0]["message_id"] != of_order["message_id"]


@pytest.mark.clause("§3.5.3")
def test_an_agency_hears_of_a_rejection_and_of_an_upheld_objection_with_its_lines() -> None:
    [told] = told_of(OBJECTION, {**OBJECTION, **DECIDED, "state": "rejected"})
    assert told["subject"] == "对公示订单的异议经市经信局核实不成立。意见：查无实据"
    assert told_of(OBJECTION, {**OBJECTION, **DECIDED, "state": "upheld"}) == []
    erased = {**OBJECTION, **DECIDED, "state": "rejected", "opinion": None, "version": 3}
    assert told_of({**OBJECTION, **DECIDED, "state": "rejected"}, erased) == []


@pytest.mark.parametrize("thing", IMAGES)
def test_the_same_change_has_the_same_message_id_and_the_next_change_another(thing: str) -> None:
    state = next(state for each, state in SUBJECTS if each == thing)
    counter = "seq" if thing == "VOUCHER" else "version"
    once, twice = (messages_for(image(thing, "before"), image(thing, state)) for _ in range(2))
    later = messages_for(image(thing, "before"), image(thing, state, **{counter: 98}))
    assert once == twice
    assert once[0].body["message_id"] != later[0].body["message_id"]
    assert "#" not in once[0].body["message_id"]


@pytest.mark.clause("§4.1.3")
def test_a_withdrawn_qualification_voids_what_is_unused_and_is_told() -> None:
    told, void = messages_for(image("ENTERPRISE", "approved"), image("ENTERPRISE", "disqualified"))
    assert (told.queue, told.body["subject"]) == (
        "notify",
        "企业领券、用券资格被取消，未使用的服务券作废。",
    )
    assert void.queue == "void_vouchers"
    assert void.body == {
        "message_id": f"ENTERPRISE.{FIRM}/RECORD/3/void",
        "task": "void_enterprise",
        "uscc": FIRM,
    }


@pytest.mark.clause("§2.1.1")
@pytest.mark.parametrize("before", [None, "parsed"])
def test_the_bureaus_word_to_apply_a_list_goes_to_the_worker_once(before: str | None) -> None:
    old = None if before is None else {**IMPORT, "state": before}
    (message,) = messages_for(old, {**IMPORT, "state": "applying"})
    assert message.queue == "import_list"
    assert message.body == {
        "message_id": "LIST.rated_d.2026/IMPORT.i1/3/apply",
        "task": "apply",
        "kind": "rated_d",
        "year": 2026,
        "import_id": "i1",
    }
    assert messages_for({**IMPORT, "state": "applying"}, {**IMPORT, "state": "applying", "version": 4}) == []


@pytest.mark.parametrize("state", ["waiting", "parsed", "failed", "applied"])
def test_other_steps_of_a_list_set_nothing_in_motion(state: str) -> None:
    assert [each for each in messages_for(None, {**IMPORT, "state": state}) if each.queue != "notify"] == []


def test_a_record_is_known_by_its_keys() -> None:
    assert {thing: thing_of(each) for thing, each in IMAGES.items()} == {thing: thing for thing in IMAGES}
    assert thing_of(IMPORT) == "IMPORT"


@pytest.mark.clause("§1.4b")
@pytest.mark.clause("§2.2.floor")
@pytest.mark.parametrize(
    ("points", "words"),
    [(4_005, "重点类别占使用总额40.05%"), (10_000, "重点类别占使用总额100.00%"), (None, "没有使用金额")],
)
def test_the_end_of_a_year_is_reported_once_to_operator_bureau_and_finance(points: int | None, words: str) -> None:
    open_ = {"pk": "PROGRAMME#2026", "sk": "RECORD", "version": 8, "year": 2026, "state": "open", "closing": None}
    closed = open_ | {"version": 9, "state": "closed", "closing": {"key_share_basis_points": points}}
    told = [each.body for each in messages_for(open_, closed)]
    assert [each["recipient"] for each in told] == ["platform", "bureau", "finance"]
    assert {each["subject"] for each in told} == {f"2026年度服务券已结束，余额全部作废；{words}。"}
    assert len({each["message_id"] for each in told}) == 3
    assert messages_for(closed, closed | {"version": 10}) == messages_for(None, open_) == []


@pytest.mark.parametrize("thing", ["ENTERPRISE", "AGENCY"])
def test_a_code_that_is_registered_anew_is_told_anew(thing: str) -> None:
    """Its versions begin again: what is told of them is not what was told before it was erased."""
    first = {"pk": f"{thing}#{FIRM}", "sk": "RECORD", "version": 3, "created_at": "2026-06-15T02:00:00.000Z"}
    again = first | {"created_at": "2029-06-15T02:00:00.000Z"}
    assert change_id(first, "returned") != change_id(again, "returned") == change_id(dict(again), "returned")
