"""§2.1.3, §5.2b: violations on record, and the orders that they hold on the way to a payout."""

from datetime import timedelta
from typing import Any

import pytest

from infra.city.document_files import agency_documents
from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.support import samples
from tests.support.backend import World, function
from tests.support.payout_scenario import new_payout_id, payout_file_of
from tests.support.relaying import relayed, subjects
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, Json, Town
from tests.support.settlement_scenario import Settling, books, handed_in, postings, settling, the_order
from tests.support.spreadsheets import rows_of
from voucher.models.payables import Payable
from voucher.rules import holds
from voucher.store import keys, payables, payouts
from voucher.store.engine.table import Write, add_write, transact, update_write

Scene = tuple[Town, Json]


def accuse(town: Town, *orders: Json, key: str = "breach", **more: Any) -> Reply:
    """The bureau records a violation of the agency that names some orders."""
    body = {"uscc": town.agency.uscc, "facts": "虚报服务", "order_ids": [each["order_id"] for each in orders], **more}
    return town.world.call(BUREAU, "POST", "/violations", body, key=key)


def accused(town: Town, *orders: Json) -> str:
    """The same: the violation's id."""
    return str(steps.expect(accuse(town, *orders), 201)["violation_id"])


def release(town: Town, violation_id: str, order: Json, person: Person = BUREAU_TWO) -> Reply:
    """The bureau lets an order go on."""
    path = f"/violations/{violation_id}/orders/{order['order_id']}/release"
    return town.world.call(person, "POST", path, {"reason": "核实无误"})


def next_step(case: Settling, step: str, *orders: Json) -> Reply:
    """The first step that a violation stops at, from the one named on: all before it are taken."""
    town = case.town
    if step == "pass":
        accused(town, *orders)
        return case.decide(*orders)
    if step == "approve":
        path = f"/rounds/{case.passed(*orders)['round_id']}/approve"
        accused(town, *orders)
        return case.call(BUREAU, "POST", path, {"decision": "approve"})
    if step == "close":
        path = f"/notices/{case.noticed(*orders)['notice_id']}/close"
        accused(town, *orders)
        return case.call(BUREAU, "POST", path)
    round_id = case.invoiced(*orders)
    accused(town, *orders)
    return case.payouts(round_id)


STEPS = {"pass": "pre_reviews", "approve": "rounds", "close": "notice_closings", "payout": "payouts"}


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", STEPS)
def test_an_order_that_a_violation_names_comes_no_further(submitted: Scene, step: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    no = next_step(case, step, order)
    assert (no.status, no.code, no.body["clause"]) == (409, "HELD", "§5.2b")
    assert [each["field"] for each in no.body["errors"]] == [order["order_id"]]
    assert ("市经信局从汇总批次中撤出" if step == "payout" else "由平台将该订单退回或撤出") in no.body["detail"]
    books()


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("step", STEPS)
def test_no_write_of_a_step_overlooks_a_violation_of_the_same_moment(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The rule sees none, as if it had read the order just before."""
    case, order, module = settling(submitted), the_order(submitted), function(STEPS[step])
    for place in (module, holds):
        monkeypatch.setattr(place, "check_not_held", lambda *_: None, raising=False)
    if hasattr(module, "held_ids"):
        monkeypatch.setattr(module, "held_ids", lambda _: frozenset())
    assert next_step(case, step, order).code == "CHANGED_MEANWHILE"


@pytest.mark.clause("§5.2b")
def test_a_reduced_order_that_is_held_does_not_pass_either(submitted: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    case, order = settling(submitted), the_order(submitted)
    accused(case.town, order)
    assert case.decide(order, verified_fen=100).code == "HELD"
    assert case.decide(order, decision="return").status == 200


@pytest.mark.clause("§5.2b")
def test_lines_that_no_violation_holds_become_payable_and_the_held_one_waits(voucher: Scene) -> None:
    case, orders = handed_in(voucher[0], 2)
    notice = case.noticed(*orders)
    violation_id = accused(case.town, orders[0])
    steps.expect(case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    assert [case.line(order)["state"] for order in orders] == ["passed", "payable"]
    assert [case.line(order)["held_by_violation"] for order in orders] == [[violation_id], []]
    steps.expect(release(case.town, violation_id, orders[0]), 200)
    path = f"/rounds/{case.gather()['round_id']}/approve"
    steps.expect(case.call(BUREAU, "POST", path, {"decision": "approve"}), 200)
    assert case.line(orders[0])["state"] == "approved"
    books()


@pytest.mark.clause("§5.2b")
def test_an_agency_is_paid_once_its_held_order_is_taken_back(voucher: Scene) -> None:
    """Who looks at the round and at what is owed sees which order holds it up."""
    case, orders = handed_in(voucher[0], 2)
    round_id = case.owed(*orders)
    case.billed(round_id, amount_fen=80_000)
    violation_id = accused(case.town, orders[0])
    assert case.payouts(round_id).code == "HELD"
    round_ = case.town.shown(f"/rounds/{round_id}", BUREAU)
    assert [each["held_order_ids"] for each in round_["payables"]] == [[orders[0]["order_id"]]]
    assert sorted(each["held_by_violation"] for each in round_["lines"]) == [[], [violation_id]]
    payable = case.town.shown(f"/rounds/{round_id}/payables/{case.town.agency.uscc}", SELLER)
    assert payable["held_order_ids"] == [orders[0]["order_id"]]
    out = f"/rounds/{round_id}/lines/{orders[0]['order_id']}/withdraw"
    steps.expect(case.call(BUREAU, "POST", out, {"reason": "违规"}), 200)
    case.billed(round_id, "SUM-2", 40_000)
    [payout] = steps.expect(case.payouts(round_id), 201)["items"]
    assert payout["amount_fen"] == 40_000
    books()


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("way", ["release", "lift"])
def test_a_released_order_goes_on_and_so_do_all_of_a_lifted_violation(submitted: Scene, way: str) -> None:
    case, order = settling(submitted), the_order(submitted)
    town, violation_id = case.town, accused(case.town, order)
    assert town.shown(f"/orders/{order['order_id']}", OWNER)["held_by_violation"] == [violation_id]
    if way == "release":
        done = steps.expect(release(town, violation_id, order), 200)
        assert [(each["order_id"], each["by"]) for each in done["releases"]] == [(order["order_id"], BUREAU_TWO.name)]
        assert done["state"] == "standing"
        again = release(town, violation_id, order)
        assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
        assert release(town, violation_id, order, Person("b-three", "bureau")).code == "WRONG_STATE"
    else:
        path = f"/violations/{violation_id}/lift"
        steps.expect(town.world.call(BUREAU_TWO, "POST", path, {"reason": "复查"}), 200)
    assert case.order(order)["held_by_violation"] == []
    steps.expect(case.decide(order), 200)


@pytest.mark.clause("§5.2b")
def test_an_order_waits_for_the_last_of_the_violations_that_name_it(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    first = accused(case.town, order)
    second = steps.expect(accuse(case.town, order, key="second", uscc=case.town.enterprise.uscc), 201)["violation_id"]
    assert case.order(order)["held_by_violation"] == [first, second]
    steps.expect(release(case.town, first, order), 200)
    assert case.decide(order).code == "HELD"
    steps.expect(release(case.town, second, order), 200)
    assert case.decide(order).status == 200


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("rule", [True, False])
def test_who_recorded_a_violation_or_acted_for_a_party_releases_no_order(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, rule: bool
) -> None:
    """By rule, and by the write itself if the rule did not look."""
    case, order = settling(submitted), the_order(submitted)
    violation_id = accused(case.town, order)
    if not rule:
        monkeypatch.setattr(function("violations"), "check_four_eyes", lambda *_: None)
    for name in (BUREAU.name, OWNER.name, SELLER.name):
        no = release(case.town, violation_id, order, Person(name, "bureau"))
        assert no.code == ("FOUR_EYES" if rule else "CHANGED_MEANWHILE")
    assert case.order(order)["held_by_violation"] == [violation_id]


@pytest.mark.clause("§5.2b")
def test_a_violation_names_only_orders_of_whoever_committed_it(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    stranger = samples.agency(5).uscc
    for no in (accuse(case.town, {"order_id": "o_none"}), accuse(case.town, order, uscc=stranger)):
        assert (no.status, no.code, no.body["errors"][0]["field"]) == (422, "MALFORMED", "order_ids")
    assert case.town.shown("/violations", BUREAU)["items"] == []
    violation_id = accused(case.town)
    assert release(case.town, violation_id, order).code == "NOT_FOUND"


@pytest.mark.clause("§5.2b")
def test_an_order_of_before_there_were_holds_is_free_and_can_be_held(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    transact([update_write("order", keys.order(order["order_id"]), "REMOVE #held_by_violation", None)])
    steps.expect(case.decide(order), 200)
    accused(case.town, order)
    path = f"/rounds/{case.gather()['round_id']}/approve"
    assert case.call(BUREAU, "POST", path, {"decision": "approve"}).code == "HELD"


@pytest.mark.clause("§5.2b")
def test_both_parties_hear_that_their_order_is_held_and_that_it_goes_on(submitted: Scene) -> None:
    case, order = settling(submitted), the_order(submitted)
    with relayed(keys.order(order["order_id"])):
        violation_id = accused(case.town, order)
    with relayed(keys.order(order["order_id"])):
        steps.expect(release(case.town, violation_id, order), 200)
    for person in (OWNER, SELLER):
        told = [each for each in subjects(case.town.world, person) if "违规记录" in each]
        assert ["暂停" in each for each in told] in ([True, False], [False, True])


PARTY = {"enterprise": lambda town: town.enterprise.uscc, "agency": lambda town: town.agency.uscc}


@pytest.mark.clause("§2.1.3")
@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("party", PARTY)
@pytest.mark.parametrize("step", ["quote", "place", "accept"])
def test_no_new_order_is_made_with_a_party_against_whom_a_violation_stands(
    voucher: Scene, party: str, step: str
) -> None:
    """What was accepted before and is not named runs on."""
    town = voucher[0]
    running, placed = (
        town.advance(town.order(contract_fen=60_000, voucher_fen=40_000), "accept"),
        town.order(contract_fen=60_000, voucher_fen=40_000),
    )
    asked = {name: town.placement()[name] for name in ("product_id", "voucher_id", "contract_fen")}
    violation_id = steps.expect(accuse(town, uscc=PARTY[party](town)), 201)["violation_id"]

    def tried() -> Reply:
        if step == "quote":
            return town.world.call(OWNER, "POST", "/orders/quote", asked)
        return (
            town.place("new", contract_fen=60_000, voucher_fen=40_000)
            if step == "place"
            else town.act(SELLER, placed, "accept")
        )

    no = tried()
    clause, words = {"enterprise": ("§2.1.3", "企业有"), "agency": ("§5.2b", "服务机构有")}[party]
    assert (no.status, no.code, no.body["clause"]) == (422, "HAS_VIOLATION", clause)
    assert [each["message"][: len(words)] for each in no.body["errors"]] == [words]
    town.agree(running)
    path = f"/violations/{violation_id}/lift"
    steps.expect(town.world.call(BUREAU_TWO, "POST", path, {"reason": "复查"}), 200)
    assert tried().status in (200, 201)


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("party", PARTY)
@pytest.mark.parametrize("step", ["place", "accept", "publish"])
def test_no_write_overlooks_a_violation_against_a_party_of_the_same_moment(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch, party: str, step: str
) -> None:
    """The rule sees none, as if it had read the standing just before."""
    town = voucher[0]
    placed = town.order(contract_fen=60_000, voucher_fen=40_000)
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    steps.expect(accuse(town, uscc=PARTY[party](town)), 201)
    monkeypatch.setattr("voucher.rules.orders.check_no_violation", lambda _: None)
    monkeypatch.setattr("voucher.edge.parties.check_no_violation", lambda _: None)
    if step == "place":
        assert town.place("new", contract_fen=60_000, voucher_fen=40_000).code == "BUSY"
    elif step == "accept":
        assert town.act(SELLER, placed, "accept").code == "CHANGED_MEANWHILE"
    else:
        reply = town.world.call(OPERATOR, "POST", f"/products/{draft['product_id']}/publish", {})
        assert reply.code == ("CHANGED_MEANWHILE" if party == "agency" else None)


@pytest.mark.clause("§3.1.1")
@pytest.mark.clause("§5.2b")
def test_an_agency_is_not_approved_while_a_violation_stands_and_its_reviewers_see_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded before it applied; by rule, and by the write itself if the rule did not look."""
    agency = samples.agency(1)
    body = {"uscc": agency.uscc, "facts": "骗取财政资金"}
    violation_id = steps.expect(world.call(BUREAU, "POST", "/violations", body), 201)["violation_id"]
    steps.apply_agency(world, SELLER, agency.application(), agency_documents(agency, TODAY))
    decision = {"decision": "approve", "reasons": []}
    reviewed = steps.expect(world.call(OPERATOR, "POST", f"/agencies/{agency.uscc}/pre-review", decision), 200)
    assert reviewed["violations"] == [violation_id]
    path = f"/agencies/{agency.uscc}/approve"
    assert world.call(BUREAU, "POST", path, decision).code == "HAS_VIOLATION"
    with monkeypatch.context() as patch:
        patch.setattr("voucher.edge.parties.check_no_violation", lambda _: None)
        assert world.call(BUREAU, "POST", path, decision).code == "CHANGED_MEANWHILE"
    lift = f"/violations/{violation_id}/lift"
    steps.expect(world.call(BUREAU_TWO, "POST", lift, {"reason": "复查"}), 200)
    assert steps.expect(world.call(BUREAU, "POST", path, decision), 200)["violations"] == []


@pytest.mark.clause("§5.2b")
def test_an_accused_agency_neither_renews_nor_puts_a_product_on_sale(town: Town, stopped_clock: StoppedClock) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    accused(town)
    publish = f"/products/{draft['product_id']}/publish"
    assert town.world.call(OPERATOR, "POST", publish, {}).code == "HAS_VIOLATION"
    stopped_clock.instant = NOW + timedelta(days=700)
    assert town.world.call(SELLER, "POST", f"/agencies/{town.agency.uscc}/renew", {}).code == "HAS_VIOLATION"


def on_its_way(submitted: Scene) -> tuple[Settling, Json, str, str]:
    """A payout that stands in no file yet: (case, order, round, payout)."""
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    return case, order, round_id, new_payout_id(case, round_id)


@pytest.mark.clause("§5.2b")
def test_a_payout_with_a_held_order_does_not_reach_the_bank_and_finance_hears(submitted: Scene) -> None:
    case, order, round_id, payout_id = on_its_way(submitted)
    with relayed(keys.payout(payout_id)):
        violation_id = accused(case.town, order)
    [listed] = case.town.shown("/payouts", FINANCE)["items"]
    assert (listed["held_order_ids"], listed["state"]) == ([order["order_id"]], "made")
    [told] = [each for each in staff_subjects(case, "finance", FINANCE) if order["order_id"] in each]
    assert "暂不列入拨付单" in told
    no = payout_file_of(case, round_id)
    assert (no.status, no.code, [each["field"] for each in no.body["errors"]]) == (409, "HELD", [payout_id])
    paid = case.result(payout_id)
    assert (paid.status, paid.code, [each["field"] for each in paid.body["errors"]]) == (
        409,
        "HELD",
        [order["order_id"]],
    )
    with relayed(keys.payout(payout_id)):
        steps.expect(release(case.town, violation_id, order), 200)
    assert any("可继续办理" in each for each in staff_subjects(case, "finance", FINANCE))
    assert "x-held-payouts" not in payout_file_of(case, round_id).headers
    assert steps.expect(case.result(payout_id), 200)["held_order_ids"] == []
    books()


@pytest.mark.clause("§5.2b")
def test_a_held_payout_that_was_not_sent_is_withdrawn_and_its_order_taken_back(submitted: Scene) -> None:
    case, order, round_id, payout_id = on_its_way(submitted)
    assert case.withdrawn_payout(payout_id).code == "PAYOUT_GOES_ON"
    accused(case.town, order)
    assert case.withdrawn_payout(payout_id, Person(OPERATOR_TWO.name, "finance")).code == "FOUR_EYES"
    ended, again = case.withdrawn_payout(payout_id), case.withdrawn_payout(payout_id)
    assert (ended.status, again.status, again.body) == (200, 200, ended.body)
    assert (ended.body["state"], ended.body["bank_reference"]) == ("withdrawn", None)
    assert [case.result(payout_id, state).code for state in ("paid", "failed")] == ["WRONG_STATE"] * 2
    assert case.order(order)["state"] == "payable"
    assert case.payouts(round_id).code == "HELD"
    out = f"/rounds/{round_id}/lines/{order['order_id']}/withdraw"
    steps.expect(case.call(BUREAU, "POST", out, {"reason": "违规"}), 200)
    assert case.order(order)["state"] == "completed"
    books()


@pytest.mark.clause("§5.2b")
def test_a_withdrawn_payout_is_made_anew_once_its_order_is_released(submitted: Scene) -> None:
    case, order, round_id, payout_id = on_its_way(submitted)
    violation_id = accused(case.town, order)
    steps.expect(case.withdrawn_payout(payout_id), 200)
    steps.expect(release(case.town, violation_id, order), 200)
    second = new_payout_id(case, round_id)
    assert second != payout_id
    steps.expect(case.result(second), 200)
    assert [each.entry for each in postings()].count("pay") == 1
    books()


@pytest.mark.clause("§5.2b")
def test_a_held_payout_that_stands_in_a_file_waits_for_the_bank(submitted: Scene) -> None:
    case, order, round_id, payout_id = on_its_way(submitted)
    assert payout_file_of(case, round_id).status == 200
    accused(case.town, order)
    no = case.withdrawn_payout(payout_id)
    assert (no.status, no.code) == (409, "PAYOUT_GOES_ON")
    assert case.town.shown(f"/payouts/{payout_id}", FINANCE)["state"] == "made"


@pytest.mark.clause("§5.2b")
def test_a_payout_that_is_released_at_the_moment_of_its_withdrawal_goes_on(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release comes after the payout was read, and before its end is written."""
    case, order, _, payout_id = on_its_way(submitted)
    violation_id, write = accused(case.town, order), payouts.commit_result

    def overtaken(*facts: Any) -> None:
        monkeypatch.setattr(payouts, "commit_result", write)
        steps.expect(release(case.town, violation_id, order), 200)
        write(*facts)

    monkeypatch.setattr(payouts, "commit_result", overtaken)
    assert case.withdrawn_payout(payout_id).code == "PAYOUT_GOES_ON"
    steps.expect(case.result(payout_id), 200)
    books()


@pytest.mark.clause("§5.2b")
def test_what_the_bank_paid_counts_with_its_flag_and_the_bureau_is_to_claim_it(submitted: Scene) -> None:
    case, order, round_id, payout_id = on_its_way(submitted)
    sent = payout_file_of(case, round_id)
    violation_id = accused(case.town, order)
    assert payout_file_of(case, round_id).body == sent.body
    paid = steps.expect(case.result(payout_id), 200)
    assert (paid["state"], paid["held_order_ids"]) == ("paid", [order["order_id"]])

    def tasks_about_it() -> list[str]:
        items = steps.expect(case.call(BUREAU, "GET", "/tasks?role=bureau"), 200)["items"]
        return [each["kind"] for each in items if each["about"] == f"order:{order['order_id']}"]

    assert tasks_about_it() == ["claim_back"]
    steps.expect(case.recover(order, 700_000, violation_id=violation_id), 201)
    assert tasks_about_it() == []
    books()


@pytest.mark.clause("§5.2b")
def test_only_the_payouts_that_no_violation_holds_go_to_the_bank(submitted: Scene) -> None:
    """The held one is planted: of another agency of the same round."""
    case, _, round_id, payout_id = on_its_way(submitted)
    other = {"agency_uscc": samples.agency(5).uscc}
    payable = payables.load(round_id, case.town.agency.uscc).model_copy(update=other)
    held = payouts.load(payout_id).model_copy(
        update={**other, "payout_id": payouts.payout_id(payable, 1), "held_order_ids": ("o_x",)}
    )
    transact([payables.new_write(payable), add_write("payout", keys.payout(held.payout_id), held)])
    once, again = payout_file_of(case, round_id), payout_file_of(case, round_id)
    assert [row[1] for row in rows_of(once.body)[5:]] == [payout_id]
    assert once.body == again.body
    assert {once.headers["x-held-payouts"], again.headers["x-held-payouts"]} == {"1"}


@pytest.mark.clause("§5.2b")
def test_a_file_and_a_violation_of_the_same_moment_do_not_overlook_each_other(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The violation comes after the payouts were read, and before the file is written."""
    case, order, round_id, _ = on_its_way(submitted)
    write = payouts.commit_file

    def overtaken(*facts: Any) -> None:
        monkeypatch.setattr(payouts, "commit_file", write)
        accused(case.town, order)
        write(*facts)

    monkeypatch.setattr(payouts, "commit_file", overtaken)
    assert payout_file_of(case, round_id).code == "HELD"
    assert case.town.shown(f"/rounds/{round_id}")["payout_files"] == []


@pytest.mark.clause("§5.2b")
def test_a_payout_and_a_violation_of_the_same_moment_do_not_overlook_each_other(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payout is made after the violation saw that there is none, and before the violation is written."""
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    check = payables.unchanged_check

    def overtaken(payable: Payable) -> Write:
        monkeypatch.setattr(payables, "unchanged_check", check)
        steps.expect(case.payouts(round_id), 201)
        return check(payable)

    monkeypatch.setattr(payables, "unchanged_check", overtaken)
    accused(case.town, order)
    [payout] = case.town.shown("/payouts", FINANCE)["items"]
    assert (payout["state"], payout["held_order_ids"]) == ("made", [order["order_id"]])


def staff_subjects(case: Settling, role: str, person: Person) -> list[str]:
    """The subjects in the inbox of a staff role."""
    return [each["subject"] for each in case.town.shown(f"/inbox?role={role}", person)["items"]]
