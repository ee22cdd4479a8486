"""An order is accepted or refused, contracted, delivered, confirmed and rated, each step by the party whose it is."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.client import steps
from infra.client.http import OPERATOR
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support import scenario as towns
from tests.support.backend import function
from tests.support.samples import TODAY
from tests.support.scenario import NEIGHBOUR, OWNER, RIVAL, SELLER, Json, Town, remove_agency
from tests.support.settlement_scenario import books
from tests.support.snapshots import everything_kept
from tests.support.workers import drain
from voucher.store import organisations
from voucher.store.engine.table import transact

Scene = tuple[Town, Json]


@pytest.mark.clause("§4.2.1")
def test_a_repeated_step_is_answered_as_done_though_others_have_gone_on(voucher: Scene) -> None:
    town, _ = voucher
    order = town.order()
    steps.expect(town.act(SELLER, order, "accept"), 200)
    said = (OWNER, "contract", town.contract(order))
    town.agree(order, OWNER)
    delivered = town.advance(order, "deliver")
    before = everything_kept()
    for person, step, body in ((SELLER, "accept", None), said, (SELLER, "contract/acknowledge", None)):
        again = town.act(person, order, step, body)
        assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, delivered, "true")
    assert town.act(SELLER, order, "contract", town.contract(order)).code == "WRONG_STATE", "by somebody else"
    assert town.act(OWNER, order, "contract", town.contract(order, contract_number="HT-2")).code == "WRONG_STATE"
    assert everything_kept() == before
    assert "steps" not in delivered


@pytest.mark.clause("§4.2.1")
def test_a_repeated_step_that_was_undone_is_answered_with_the_order_as_it_is_now(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    stopped_clock.instant = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)
    function("sweep").handler({"time": stopped_clock.instant.isoformat()}, None)
    drain("void_vouchers")
    again = town.act(SELLER, order, "accept")
    assert (again.status, again.body["state"], again.headers["idempotent-replay"]) == (200, "cancelled", "true")
    assert town.act(SELLER, order, "refuse", {"reason": "档期已满"}).code == "WRONG_STATE"


@pytest.mark.clause("§1.4b")
@pytest.mark.parametrize("at_once", [False, True])
def test_a_contract_from_before_the_agencys_first_approval_gets_no_voucher(voucher: Scene, at_once: bool) -> None:
    town, _ = voucher
    day_before = {"contract_number": "HT-1", "contract_signed_on": (TODAY - timedelta(days=1)).isoformat()}
    if at_once:
        no = town.place(**day_before)
    else:
        order = town.advance(town.order(), "accept")
        no = town.act(OWNER, order, "contract", town.contract(order, **day_before))
    assert (no.status, no.code, no.body["clause"]) == (422, "CONTRACT_BEFORE_APPROVAL", "§1.4b")
    assert TODAY.isoformat() in no.body["detail"]


def test_each_party_takes_its_own_steps_only_and_in_order(voucher: Scene) -> None:
    town, _ = voucher
    order = town.order()
    for person, step in [(OWNER, "accept"), (NEIGHBOUR, "accept"), (OWNER, "deliver"), (SELLER, "confirm")]:
        assert town.act(person, order, step).code == "NOT_FOUND"
    assert town.act(OWNER, order, "confirm").code == "WRONG_STATE"
    town.complete(order)
    assert town.act(SELLER, order, "refuse", {"reason": "档期已满"}).code == "WRONG_STATE"
    again = town.act(OWNER, order, "confirm")
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("signed_on", ["2025-12-31", "2026-06-16", "2027-01-01"])
def test_a_contract_of_another_year_or_of_tomorrow_is_refused(voucher: Scene, signed_on: str) -> None:
    town, _ = voucher
    refused = town.place(contract_number="HT-1", contract_signed_on=signed_on)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "CONTRACT_YEAR", "§4.2.1")
    order = town.advance(town.order(), "accept")
    later = town.act(SELLER, order, "contract", town.contract(order, contract_signed_on=signed_on))
    assert (later.status, later.code) == (422, "CONTRACT_YEAR")
    assert town.place(contract_number="HT-1", contract_signed_on="2026-06-15", voucher_fen=100_000).status == 201


@pytest.mark.clause("§2.3.2")
def test_a_contract_that_turns_out_smaller_must_still_carry_the_voucher_part(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    refused = town.act(OWNER, order, "contract", town.contract(order, contract_fen=999_999))
    assert (refused.status, refused.code) == (422, "OVER_RATIO")
    larger = town.agree(order, OWNER, contract_fen=2_000_000)
    assert (larger["contract_fen"], larger["voucher_fen"]) == (2_000_000, 700_000)


@pytest.mark.clause("§4.2.1")
def test_nothing_is_delivered_without_a_contract(voucher: Scene) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    refused = town.act(SELLER, order, "deliver")
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "CONTRACT_MISSING", "§4.2.1")


@pytest.mark.clause("§5.2b")
def test_a_contract_number_serves_one_order_until_that_order_is_gone(voucher: Scene) -> None:
    town, _ = voucher
    signed = {"contract_number": "HT-7", "contract_signed_on": TODAY.isoformat(), "voucher_fen": 100_000}
    first = town.order(**signed)
    refused = town.place(**signed)
    assert (refused.status, refused.code, refused.body["clause"]) == (409, "CONTRACT_USED", "§5.2b")
    other = town.advance(town.order(voucher_fen=100_000), "accept")
    assert town.act(OWNER, other, "contract", town.contract(other, contract_number="HT-7")).code == "CONTRACT_USED"
    steps.expect(town.act(SELLER, first, "refuse", {"reason": "档期已满"}), 200)
    assert town.place(**signed).status == 201


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("number", ["ht-7", "ＨＴ-７"])
def test_a_contract_number_is_used_once_however_it_is_written(voucher: Scene, number: str) -> None:
    town, _ = voucher
    signed = {"contract_number": "HT-7", "contract_signed_on": TODAY.isoformat(), "voucher_fen": 100_000}
    first = town.order(**signed)
    assert town.place(**{**signed, "contract_number": number}).code == "CONTRACT_USED"
    # the same order may write it so, and still gives it free when it ends
    again = town.contract(first, contract_number=number)
    steps.expect(town.act(OWNER, first, "contract", again), 200)
    assert town.place(**signed).code == "CONTRACT_USED"
    steps.expect(town.act(SELLER, first, "refuse", {"reason": "档期已满"}), 200)
    assert town.place(**signed).status == 201


@pytest.mark.clause("§5.2b")
def test_two_agencies_count_their_contracts_alike_and_neither_hinders_the_other(voucher: Scene) -> None:
    town, _ = voucher
    rival = samples.agency(2)
    towns.admit(town.world, rival, RIVAL)
    theirs = {"product_id": steps.list_product(town.world, RIVAL, samples.product(rival))["product_id"]}
    signed = {"contract_number": "2026-001", "contract_signed_on": TODAY.isoformat(), "voucher_fen": 100_000}
    town.order(**signed, **theirs)
    own = town.order(**signed)
    assert town.place(**signed).code == town.place(**signed, **theirs).code == "CONTRACT_USED"
    other = town.order(voucher_fen=100_000, **theirs)
    for number, code in (("2026-001", "CONTRACT_USED"), ("2026-002", None)):
        assert town.act(OWNER, other, "contract", town.contract(other, contract_number=number)).code == code
    steps.expect(town.act(SELLER, own, "refuse", {"reason": "档期已满"}), 200)
    assert town.place(**signed, **theirs).code == "CONTRACT_USED"
    assert town.place(**signed).status == 201


@pytest.mark.clause("§4.2.1")
def test_after_the_year_no_contract_is_recorded_whether_or_not_it_was_swept(
    voucher: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = voucher
    unanswered, late, half, early = (town.order(voucher_fen=100_000) for _ in range(4))
    last_day = {"contract_signed_on": "2026-12-31"}
    stopped_clock.instant = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    for order in (late, half, early):
        town.advance(order, "accept")
    for order in (unanswered, half):
        steps.expect(town.act(OWNER, order, "contract", town.contract(order, **last_day)), 200)
    town.agree(early, **last_day)
    stopped_clock.instant = datetime(2026, 12, 31, 16, tzinfo=UTC)
    tried = [
        town.act(SELLER, unanswered, "accept"),
        town.act(SELLER, late, "contract", town.contract(late, **last_day)),
        town.act(SELLER, half, "contract/acknowledge"),
    ]
    assert {(no.status, no.code, no.body["clause"]) for no in tried} == {(422, "CONTRACT_YEAR", "§4.2.1")}
    assert town.agree(early, contract_number="HT-9", **last_day)["contract_number"] == "HT-9"


@pytest.mark.clause("§1.4b")
@pytest.mark.clause("§3.4.1")
@pytest.mark.parametrize(("steps_taken", "refused"), [((), "accept"), (("accept",), "contract")])
def test_a_removed_agency_signs_no_more_and_what_it_signed_runs_on(
    voucher: Scene, steps_taken: tuple[str, ...], refused: str
) -> None:
    town, _ = voucher
    order = town.advance(town.order(voucher_fen=300_000), *steps_taken)
    signed = town.advance(town.order(voucher_fen=300_000), "accept", "contract")
    remove_agency(town)
    before = everything_kept()
    no = town.act(SELLER, order, refused, town.contract(order) if refused == "contract" else None)
    assert (no.status, no.code, no.body["clause"]) == (422, "AGENCY_NOT_ACTIVE", "§3.2.2")
    assert everything_kept() == before
    for step in steps_taken:  # what was done is still told
        assert town.act(SELLER, order, step).headers["idempotent-replay"] == "true"
    assert town.advance(signed, "deliver", "confirm")["state"] == "completed"


@pytest.mark.clause("§3.2.3")
def test_an_agency_whose_approval_has_ended_signs_no_contract(voucher: Scene, stopped_clock: StoppedClock) -> None:
    town, _ = voucher
    order = town.advance(town.order(), "accept")
    agency = organisations.find_agency(town.agency.uscc)
    assert agency is not None
    ended = agency.next_version(valid_until=TODAY - timedelta(days=1))
    transact([organisations.step_write(agency, ended)])
    no = town.act(SELLER, order, "contract", town.contract(order))
    assert (no.status, no.code, no.body["clause"]) == (422, "AGENCY_NOT_ACTIVE", "§3.2.3")


@pytest.mark.clause("§5.2a")
def test_a_refusal_needs_a_reason_releases_the_money_and_is_seen_by_the_operator(voucher: Scene) -> None:
    town, _ = voucher
    order = town.order()
    silent = town.act(SELLER, order, "refuse", {"reason": " "})
    assert (silent.status, [error["field"] for error in silent.body["errors"]]) == (422, ["reason"])
    assert town.balance_fen() == 300_000
    refused = steps.expect(town.act(SELLER, order, "refuse", {"reason": "档期已满"}), 200)
    assert (refused["state"], refused["refusal_reason"]) == ("refused", "档期已满")
    assert town.shown(f"/orders/{order['order_id']}", OPERATOR)["refusal_reason"] == "档期已满"
    assert town.balance_fen() == 1_000_000
    assert town.movements()[1:] == [("hold", 700_000), ("release", 700_000)]
    again = town.act(SELLER, order, "refuse", {"reason": "档期已满"})
    assert (again.status, again.headers["idempotent-replay"]) == (200, "true")
    assert town.act(SELLER, order, "refuse", {"reason": "别的"}).code == "WRONG_STATE"
    assert town.balance_fen() == 1_000_000
    books()


@pytest.mark.clause("§4.2.3")
def test_the_enterprise_rates_once_after_the_service(completed: Scene) -> None:
    town, order = completed
    early = town.order(voucher_fen=100_000)
    assert town.act(OWNER, early, "rating", {"score": 5}).code == "WRONG_STATE"
    assert town.act(SELLER, order, "rating", {"score": 5}).code == "NOT_FOUND"
    for score in (0, 6, 4.0, True, "5"):
        assert town.act(OWNER, order, "rating", {"score": score}).code == "MALFORMED", score
    rated = steps.expect(town.act(OWNER, order, "rating", {"score": 4, "comment": "满意"}), 200)
    assert (rated["rating"]["score"], rated["rating"]["comment"], rated["state"]) == (4, "满意", "completed")
    assert town.act(OWNER, order, "rating", {"score": 4, "comment": "满意"}).headers["idempotent-replay"] == "true"
    second = town.act(OWNER, order, "rating", {"score": 1})
    assert (second.status, second.code) == (409, "ALREADY_EXISTS")
    assert town.shown(f"/orders/{order['order_id']}")["rating"]["score"] == 4


@pytest.mark.clause("§4.2.1")
def test_parties_know_names_at_once_and_reach_each_other_once_it_is_accepted(
    voucher: Scene,
) -> None:
    town, _ = voucher
    order = town.order()
    names = (town.enterprise.name, town.agency.name, "企业服务")
    assert (order["enterprise_name"], order["agency_name"], order["product_name"]) == names
    path = f"/orders/{order['order_id']}"
    for person in (OWNER, SELLER):
        assert not {"enterprise_contact", "agency_contact"} & set(town.shown(path, person))
    steps.expect(town.act(SELLER, order, "accept"), 200)
    for person in (OWNER, SELLER):
        shown = town.shown(path, person)
        assert shown["agency_contact"]["contact_phone"] == town.agency.contact_phone
        assert shown["enterprise_contact"]["contact_phone"] == town.enterprise.contact_phone
        assert [sorted(shown[name]) for name in ("agency_contact", "enterprise_contact")] == [
            ["contact_name", "contact_phone"]
        ] * 2
