"""§5.2b: money claimed back after it was paid, and claims withdrawn."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import function
from tests.support.payout_scenario import new_payout_id
from tests.support.relaying import subjects
from tests.support.scenario import SELLER, Json, Town
from tests.support.settlement_scenario import HELD_FEN, Settling, balance_of, books, settling, the_order
from tests.support.snapshots import everything_kept
from tests.support.workers import drain, sweep_night
from voucher.rules.messages import messages_for
from voucher.rules.working_days import SHANGHAI
from voucher.store.engine.table import decode

Scene = tuple[Town, Json]


@pytest.mark.clause("§5.2b")
def test_money_is_claimed_back_in_parts_and_never_more_than_was_paid(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    first = steps.expect(case.recover(order, 300_000, "rc-1"), 201)
    assert (first["recovered_fen"], first["left_fen"]) == (300_000, 400_000)
    no = case.recover(order, 400_001, "rc-2")
    assert (no.status, no.code, no.body["clause"]) == (422, "OVER_PAID", "§5.2b")
    steps.expect(case.recover(order, 400_000, "rc-3"), 201)
    assert case.recover(order, 1, "rc-4").code == "OVER_PAID"
    shown = case.order(order)
    assert (shown["state"], shown["recovered_fen"]) == ("paid", HELD_FEN)
    assert [each["amount_fen"] for each in shown["recoveries"]] == [300_000, 400_000]
    accounts = books()["accounts"]
    assert (accounts["paid"], accounts["receivable"]) == (0, HELD_FEN)
    assert balance_of(f"receivable:{order['order_id']}") == HELD_FEN
    assert case.used_fen() == HELD_FEN


@pytest.mark.clause("§5.2b")
def test_a_recovery_asked_for_twice_under_its_key_is_one_recovery(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    once = case.recover(order, 300_000)
    steps.expect(case.recover(order, 1, "between"), 201)
    again = case.recover(order, 300_000)
    assert (again.status, again.body["recovery_id"]) == (200, once.body["recovery_id"])
    assert again.headers["idempotent-replay"] == "true"
    assert case.recover(order, 200_000).code == "IDEMPOTENCY_KEY_REUSED"
    assert case.recover(order, 100, key="").code == "IDEMPOTENCY_KEY_REQUIRED"
    assert case.order(order)["recovered_fen"] == 300_001


@pytest.mark.clause("§5.2b")
def test_a_recovery_names_a_violation_of_one_of_the_parties(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    ids = []
    for uscc in (case.town.agency.uscc, case.town.enterprise.uscc, samples.enterprise(5).uscc):
        parties = (case.town.agency.uscc, case.town.enterprise.uscc)
        named = [order["order_id"]] if uscc in parties else []
        breach = {"uscc": uscc, "facts": "重复享受补助", "order_ids": named}
        ids.append(steps.expect(case.call(BUREAU, "POST", "/violations", breach), 201)["violation_id"])
    for number, violation_id in enumerate(ids[:2]):
        done = steps.expect(case.recover(order, 100, f"rc-{number}", violation_id=violation_id), 201)
        assert done["violation_id"] == violation_id
    steps.expect(case.call(BUREAU_TWO, "POST", f"/violations/{ids[0]}/lift", {"reason": "复查"}), 200)
    for violation_id in (ids[2], "v_none", ids[0]):
        no = case.recover(order, 100, "rc-9", violation_id=violation_id)
        assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "violation_id")


@pytest.mark.clause("§5.2b")
def test_only_paid_money_is_claimed_back_and_the_bank_does_not_send_it_back_too(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    no = case.recover(order, 100)
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "payable"
    payout_id = new_payout_id(case, round_id)
    steps.expect(case.result(payout_id), 200)
    steps.expect(case.recover(order, 100), 201)
    no = case.sent_back(payout_id)
    assert (no.status, no.code) == (409, "ALREADY_RECOVERED") and no.body["state"] == "paid"
    assert [each["field"] for each in no.body["errors"]] == [order["order_id"]]
    books()


def withdraw_recovery(case: Settling, order: Json, recovery_id: str, person: Person = BUREAU_TWO) -> Any:
    """§5.2b: another person of the bureau withdraws a claim."""
    path = f"/orders/{order['order_id']}/recoveries/{recovery_id}/withdraw"
    return case.call(person, "POST", path, {"reason": "银行已退汇"})


@pytest.mark.clause("§5.2b")
@pytest.mark.clause("§3.5.4")
def test_once_the_bureau_has_withdrawn_its_claims_the_bank_may_send_money_back(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    payout_id = case.paid(order)["payout_id"]
    first = steps.expect(case.recover(order, 300, "one"), 201)["recovery_id"]
    steps.expect(case.recover(order, 200, "two"), 201)
    for person in (OPERATOR, FINANCE, SELLER):
        assert withdraw_recovery(case, order, first, person).code == "ROLE_REQUIRED"
    assert withdraw_recovery(case, order, "rc_unknown").code == "NOT_FOUND"
    withdrawn = steps.expect(withdraw_recovery(case, order, first), 200)
    assert (withdrawn["recovered_fen"], withdrawn["withdrawal_reason"]) == (200, "银行已退汇")
    again = withdraw_recovery(case, order, first)
    assert (again.status, again.headers["idempotent-replay"], again.body) == (200, "true", withdrawn)
    no = withdraw_recovery(case, order, first, Person("bureau-second", "bureau"))
    assert (no.status, no.code) == (409, "WRONG_STATE") and no.body["state"] == "withdrawn"
    assert books()["accounts"]["receivable"] == 200
    assert case.sent_back(payout_id).code == "ALREADY_RECOVERED"
    second = case.order(order)["recoveries"][1]["recovery_id"]
    steps.expect(withdraw_recovery(case, order, second), 200)
    steps.expect(case.sent_back(payout_id), 200)
    accounts = books()["accounts"]
    assert (accounts["receivable"], accounts["payable"], accounts["paid"]) == (0, 700_000, 0)


def receive(
    case: Settling, order: Json, claim: Json, amount_fen: int, person: Person = FINANCE, key: str = "rp", **more: Any
) -> Any:
    """§5.2b: finance records what came in on a claim."""
    body = {"amount_fen": amount_fen, "bank_reference": f"BK-{key}", "received_on": "2026-06-15", **more}
    path = f"/orders/{order['order_id']}/recoveries/{claim['recovery_id']}/receipts"
    return case.call(person, "POST", path, body, key=key)


@pytest.mark.clause("§5.2b")
def test_one_transfer_is_counted_once_on_a_claim(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    claim = steps.expect(case.recover(order, 100_000), 201)
    steps.expect(receive(case, order, claim, 30_000, key="one", bank_reference="IN-1"), 201)
    no = receive(case, order, claim, 30_000, key="two", bank_reference="IN-1")
    assert (no.status, no.code, no.body["errors"][0]["field"]) == (409, "ALREADY_EXISTS", "bank_reference")
    assert (
        steps.expect(receive(case, order, claim, 70_000, key="three", bank_reference="IN-2"), 201)["state"]
        == "received"
    )


@pytest.mark.clause("§5.2b")
def test_what_comes_in_on_a_claim_goes_back_to_the_treasury_and_never_exceeds_it(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    claim = steps.expect(case.recover(order, 300_000), 201)
    assert (claim["state"], claim["due_on"], claim["overdue"]) == ("demanded", "2026-07-15", False)
    before_fen = books()["accounts"]["treasury"]
    part = steps.expect(receive(case, order, claim, 100_000), 201)
    assert (part["state"], part["received_fen"]) == ("part", 100_000)
    no = receive(case, order, claim, 200_001, key="rp-2")
    assert (no.status, no.code, no.body["clause"]) == (422, "OVER_CLAIM", "§5.2b")
    assert "2000.00" in no.body["detail"]
    settled = steps.expect(receive(case, order, claim, 200_000, key="rp-3"), 201)
    assert (settled["state"], settled["allowed_actions"]) == ("received", [])
    assert [each["amount_fen"] for each in settled["receipts"]] == [100_000, 200_000]
    no = receive(case, order, claim, 1, key="rp-4")
    assert (no.code, no.body["state"]) == ("WRONG_STATE", "received")
    accounts = books()["accounts"]
    assert (accounts["paid"], accounts["receivable"]) == (400_000, 0)
    assert accounts["treasury"] == before_fen + 300_000


@pytest.mark.clause("§5.2b")
def test_a_receipt_sent_twice_under_its_key_came_in_once(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    claim = steps.expect(case.recover(order, 300_000), 201)
    once, again = (receive(case, order, claim, 100_000) for _ in range(2))
    assert (once.status, again.status, again.headers["idempotent-replay"]) == (201, 200, "true")
    assert again.body == once.body
    assert receive(case, order, claim, 100_001).code == "IDEMPOTENCY_KEY_REUSED"
    assert receive(case, order, claim, 1, key="").code == "IDEMPOTENCY_KEY_REQUIRED"
    assert case.order(order)["recoveries"][0]["received_fen"] == 100_000


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("rule", [True, False])
def test_whoever_claimed_money_does_not_record_that_it_came_in(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look."""
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    both = Person("both", "bureau,finance")
    claim = steps.expect(case.recover(order, 300_000, person=both), 201)
    if not rule:
        monkeypatch.setattr(function("recoveries"), "check_four_eyes", lambda *_: None)
    no = receive(case, order, claim, 100, both)
    assert no.code == ("FOUR_EYES" if rule else "CHANGED_MEANWHILE")
    steps.expect(receive(case, order, claim, 100), 201)


@pytest.mark.clause("§5.2b")
def test_a_claim_on_which_something_came_in_is_not_withdrawn(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    claim, other = (steps.expect(case.recover(order, 300, f"rc-{number}"), 201) for number in range(2))
    steps.expect(receive(case, order, claim, 100), 201)
    no = withdraw_recovery(case, order, claim["recovery_id"])
    assert (no.status, no.code, no.body["state"]) == (409, "WRONG_STATE", "part")
    steps.expect(withdraw_recovery(case, order, other["recovery_id"]), 200)
    no = receive(case, order, other, 1, key="rp-2")
    assert (no.code, no.body["state"]) == ("WRONG_STATE", "withdrawn")


@pytest.mark.clause("§5.2b")
def test_a_claim_has_a_last_day_and_money_comes_in_between_it_and_today(
    submitted: Scene, stopped_clock: StoppedClock
) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    no = case.recover(order, 100, due_on="2026-06-14")
    assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "due_on")
    claim = steps.expect(case.recover(order, 100, due_on="2026-06-20"), 201)
    for day in ("2026-06-14", "2026-06-16"):
        no = receive(case, order, claim, 1, received_on=day)
        assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "received_on")
    stopped_clock.instant = datetime(2026, 6, 20, 17, tzinfo=UTC)
    late = steps.expect(receive(case, order, claim, 1), 201)
    assert (late["state"], late["overdue"]) == ("part", True)
    assert steps.expect(receive(case, order, claim, 99, key="rp-2"), 201)["overdue"] is False


@pytest.mark.clause("§5.2b")
def test_the_agency_hears_of_a_claim_of_what_came_in_and_of_a_withdrawal(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    told: list[str] = []
    finance: list[str] = []

    def listen(step: Any) -> None:
        before = order_image(order)
        steps.expect(step(), 200, 201)
        for message in messages_for(before, order_image(order)):
            (finance if message.body["recipient"] == "finance" else told).append(message.body["subject"])

    listen(lambda: case.recover(order, 300_000, "rc-1", due_on="2026-06-30"))
    first, *_ = case.order(order)["recoveries"]
    listen(lambda: receive(case, order, first, 100_000))
    listen(lambda: case.recover(order, 500, "rc-2"))
    second = case.order(order)["recoveries"][1]["recovery_id"]
    listen(lambda: withdraw_recovery(case, order, second))
    assert told == [
        "市经信局要求退回已拨付的资金3000.00元，期限2026-06-30。原因：重复享受补助",
        "已收到退回的资金，累计1000.00元，尚未退回2000.00元。",
        "市经信局要求退回已拨付的资金5.00元，期限2026-07-15。原因：重复享受补助",
        "市经信局撤销了退回资金5.00元的要求。",
    ]
    assert finance == ["待收回服务券资金3000.00元，期限2026-06-30。", "待收回服务券资金5.00元，期限2026-07-15。"]


def order_image(order: Json) -> Json:
    """The order as the stream shows it."""
    items = map(decode, everything_kept()["orders"])
    return next(item for item in items if (item["pk"], item["sk"]) == (f"ORDER#{order['order_id']}", "RECORD"))


@pytest.mark.clause("§5.2b")
def test_bureau_and_finance_list_the_claims_of_all_orders_and_those_overdue(
    submitted: Scene, stopped_clock: StoppedClock
) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    for number, due_on in enumerate(("2026-06-20", "2026-06-30", "2026-06-30")):
        steps.expect(case.recover(order, 100_000, f"rc-{number}", due_on=due_on), 201)
    first, second, third = case.order(order)["recoveries"]
    path = f"/orders/{order['order_id']}/recoveries"
    money = {"amount_fen": 40_000, "bank_reference": "BK-1", "received_on": "2026-06-15"}
    steps.expect(case.call(FINANCE, "POST", f"{path}/{first['recovery_id']}/receipts", money, key="rp"), 201)
    steps.expect(case.call(BUREAU_TWO, "POST", f"{path}/{third['recovery_id']}/withdraw", {"reason": "误报"}), 200)

    def listed(search: str = "", person: Person = BUREAU) -> list[Json]:
        items: list[Json] = case.town.shown(f"/recoveries{search}", person)["items"]
        return items

    states = {first["recovery_id"]: "part", second["recovery_id"]: "demanded", third["recovery_id"]: "withdrawn"}
    assert {each["recovery_id"]: each["state"] for each in listed(person=FINANCE)} == states
    [part] = listed("?state=part")
    facts = {"order_id": order["order_id"], "agency_uscc": case.town.agency.uscc, "due_on": "2026-06-20"}
    assert {**facts, "amount_fen": 100_000, "received_fen": 40_000, "overdue": False}.items() <= part.items()
    assert listed("?overdue=true") == []
    assert len(listed(f"?agency_uscc={case.town.agency.uscc}")) == 3
    assert listed(f"?agency_uscc={samples.agency(3).uscc}") == []
    assert len(case.town.shown(f"/orders?agency_uscc={case.town.agency.uscc}")["items"]) == 1
    stopped_clock.instant = datetime(2026, 6, 20, 16, tzinfo=UTC)
    tasks = case.town.shown(f"/tasks?organisation={case.town.agency.uscc}", SELLER)["items"]
    assert [(each["kind"], each["about"], each["due_on"], each["overdue"]) for each in tasks] == [
        ("pay_back", f"recovery:{order['order_id']}.{first['recovery_id']}", "2026-06-20", True),
        ("pay_back", f"recovery:{order['order_id']}.{second['recovery_id']}", "2026-06-30", False),
    ]
    assert [each["recovery_id"] for each in listed("?overdue=true")] == [first["recovery_id"]]
    assert case.call(OPERATOR, "GET", "/recoveries").code == "ROLE_REQUIRED"
    assert case.call(SELLER, "GET", "/recoveries").code == "ROLE_REQUIRED"


@pytest.mark.clause("§5.2b")
def test_a_claim_that_is_overdue_is_told_once_to_its_agency_bureau_and_finance(
    submitted: Scene, stopped_clock: StoppedClock
) -> None:
    case, order = settling(submitted), the_order(submitted)
    case.paid(order)
    claim = steps.expect(case.recover(order, 100_000, due_on="2026-06-20"), 201)
    path = f"/orders/{order['order_id']}/recoveries/{claim['recovery_id']}"
    money = {"amount_fen": 40_000, "bank_reference": "BK-1", "received_on": "2026-06-15"}
    steps.expect(case.call(FINANCE, "POST", f"{path}/receipts", money, key="rp"), 201)
    task = "待办：退回市经信局要求收回的资金，"
    of_agency = [f"{task}截至2026-06-20，请及时办理。", f"{task}已于2026-06-20到期，请尽快办理。"]
    of_staff = "退回期限2026-06-20已过，尚有600.00元未退回，请催收。"
    for day, told in ((18, 0), (19, 1), (20, 1), (21, 2), (22, 2)):
        sweep_night(stopped_clock, datetime(2026, 6, day, 0, 5, tzinfo=SHANGHAI))
        drain("notify")
        assert [each for each in of_agency if each in subjects(case.town.world, SELLER)] == of_agency[:told], day
        for person, role in ((BUREAU, "bureau"), (FINANCE, "finance")):
            items = case.town.shown(f"/inbox?role={role}", person)["items"]
            assert [each["subject"] for each in items].count(of_staff) == (told == 2), day
    about = f"recovery:{order['order_id']}.{claim['recovery_id']}"
    assert {each["about"] for each in items if each["subject"] == of_staff} == {about}
    assert subjects(case.town.world, SELLER).count(of_agency[1]) == 1
