"""What a write holds by itself, were the facts it was decided on wrong: the last guard of the money."""

import os
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person, Reply
from tests.conftest import NOW
from tests.support import samples
from tests.support.backend import BUCKET, World, function
from tests.support.scenario import OWNER, SELLER, TOTAL_FEN, Json, Town, answer_removal
from tests.support.settlement_scenario import handed_in, list_enterprise, opened, settling, small_orders, the_order
from tests.support.snapshots import everything_kept
from voucher.models.base import Mark, instant_text
from voucher.models.notices import Origin
from voucher.models.pools import batch_pool, category_pool
from voucher.models.vouchers import Voucher
from voucher.policy import Category
from voucher.refusals import Refusal, Refused
from voucher.rules.lifecycle import stepped
from voucher.store import (
    batches,
    crowds,
    documents,
    keys,
    notices,
    objections,
    orders,
    organisations,
    payables,
    payouts,
    products,
    programmes,
    removals,
    settlements,
    vouchers,
)
from voucher.store.engine import large, pools
from voucher.store.engine.table import Contended, Unmet, Write, encode, transact

Scene = tuple[Town, Json]


def tamper(key: keys.Key, **changes: Any) -> None:
    """Change an item behind the back of everybody who read it: nothing else tells that it changed."""
    boto3.client("dynamodb").update_item(
        TableName=os.environ[f"{key.table.upper()}_TABLE"],
        Key=encode({"pk": key.pk, "sk": key.sk}),
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in changes),
        ExpressionAttributeNames={f"#{name}": name for name in changes},
        ExpressionAttributeValues=encode({f":{name}": value for name, value in changes.items()}),
    )


def take_away(key: keys.Key) -> None:
    """Remove an item behind everybody's back."""
    where = {"TableName": os.environ[f"{key.table.upper()}_TABLE"], "Key": encode({"pk": key.pk, "sk": key.sk})}
    boto3.client("dynamodb").delete_item(**where)


def kept(town: Town) -> tuple[Voucher, keys.Key]:
    """The town's voucher and where it lies."""
    found = vouchers.find(town.voucher_id)
    assert found is not None
    return found, keys.voucher(found.batch_id, found.enterprise_uscc)


def changes_nothing(commit: Callable[[], object]) -> None:
    """The write finds that something is not as it must be, and leaves every table as it was."""
    before = everything_kept()
    with pytest.raises((Unmet, Refused)) as no:
        commit()
    assert isinstance(no.value, Unmet) or no.value.refusal is Refusal.CHANGED_MEANWHILE
    assert everything_kept() == before


ORIGIN = Origin("complaints", "2026-06-15T02", "address", "agency")
PAST = instant_text(NOW - timedelta(seconds=1))


@pytest.mark.clause("§4.2.1")
@pytest.mark.clause("§4.2.2")
@pytest.mark.parametrize("change", [{"state": "void"}, {"balance_fen": 699_999}, {"ends_at": PAST}, {"seq": 9}])
def test_an_order_holds_nothing_of_a_voucher_that_ended_or_changed_since(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch, change: Json
) -> None:
    town, tried = voucher[0], []
    place = orders.commit_order

    def overtaken(*facts: Any) -> None:
        tried.append(facts)
        if len(tried) == 1:
            tamper(kept(town)[1], **change)
            changes_nothing(lambda: place(*facts))
        place(*facts)

    monkeypatch.setattr(orders, "commit_order", overtaken)
    town.place(voucher_fen=700_000)
    assert tried


@pytest.mark.clause("§4.2.1")
@pytest.mark.parametrize("party", ["product", "enterprise", "agency"])
def test_an_order_is_placed_only_while_all_it_was_decided_on_is_as_it_was_read(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch, party: str
) -> None:
    town, tried = voucher[0], []
    where = {
        "product": keys.product(town.product_id),
        "enterprise": keys.enterprise(kept(town)[0].enterprise_uscc),
        "agency": keys.agency(town.agency.uscc),
    }
    place = orders.commit_order

    def overtaken(*facts: Any) -> None:
        tried.append(facts)
        tamper(where[party], version=99)
        changes_nothing(lambda: place(*facts))

    monkeypatch.setattr(orders, "commit_order", overtaken)
    town.place(voucher_fen=700_000)
    assert tried


@pytest.mark.clause("§4.2.2")
def test_a_voucher_lapses_once_at_its_end_and_only_if_nothing_was_posted_meanwhile(voucher: Scene) -> None:
    town = voucher[0]
    found, key = kept(town)
    assert not vouchers.commit_lapse(found, "expired", found.ends_at - timedelta(milliseconds=1), "sweep")
    for change in ({"state": "void"}, {"state": "active", "seq": found.seq + 1}):
        tamper(key, **change)
        assert not vouchers.commit_lapse(found, "expired", found.ends_at, "sweep")
    tamper(key, seq=found.seq)
    assert vouchers.commit_lapse(found, "expired", found.ends_at, "sweep")


@pytest.mark.clause("§3.5.1")
@pytest.mark.parametrize("change", [{"state": "void"}, {"ends_at": PAST}, {"seq": 9}])
def test_money_goes_back_only_to_a_voucher_that_is_as_it_was_read(voucher: Scene, change: Json) -> None:
    found, key = kept(voucher[0])
    tamper(key, **change)
    changes_nothing(lambda: transact(vouchers.give_back_writes(found, "o_1", 100, NOW, "sweep")))


@pytest.mark.clause("§1.4a")
def test_a_batch_is_closed_with_exactly_what_its_shards_hold_and_once(town: Town) -> None:
    pool_id = batch_pool(town.batch_id)
    seen = pools.read_shards(pool_id, pools.read_shard_count(pool_id))
    changes_nothing(lambda: transact(pools.shut_writes(pool_id, seen)))
    pools.commit_freeze(pool_id, len(seen))
    changes_nothing(lambda: pools.commit_stop(pool_id, len(seen)))
    pools.commit_thaw(pool_id, len(seen))
    assert pools.commit_stop(pool_id, len(seen)) == [each.model_copy(update={"open": False}) for each in seen]
    tamper(keys.pool(pool_id, 0), remaining_fen=seen[0].remaining_fen - 1)
    changes_nothing(lambda: transact(pools.shut_writes(pool_id, seen)))
    tamper(keys.pool(pool_id, 0), remaining_fen=seen[0].remaining_fen)
    pools.commit_freeze(pool_id, len(seen))
    changes_nothing(lambda: transact(pools.shut_writes(pool_id, seen)))
    pools.commit_thaw(pool_id, len(seen))
    transact(pools.shut_writes(pool_id, seen))
    changes_nothing(lambda: transact(pools.shut_writes(pool_id, seen)))
    before = everything_kept()
    transact(pools.shut_writes(pool_id, pools.commit_stop(pool_id, len(seen))))
    assert everything_kept() == before


@pytest.mark.clause("§1.4a")
def test_a_pool_is_stopped_and_frozen_in_a_rush_one_shard_after_the_other(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write of all shards would conflict with every draw, and never come through."""
    pool_id = batch_pool(town.batch_id)
    count = pools.read_shard_count(pool_id)
    last = keys.pool(pool_id, count - 1)
    tamper(last, frozen=True)
    changes_nothing(lambda: pools.commit_stop(pool_id, count))
    tamper(last, frozen=False)
    send = pools.transact

    def in_a_rush(writes: list[Write], attempts: int = 1) -> None:
        if len(writes) > 1:
            raise Contended
        send(writes, attempts)

    monkeypatch.setattr(pools, "transact", in_a_rush)
    pools.commit_freeze(pool_id, count)
    assert {each.frozen for each in pools.read_shards(pool_id, count)} == {True}
    pools.commit_thaw(pool_id, count)
    assert {(each.frozen, each.open) for each in pools.commit_stop(pool_id, count)} == {(False, False)}


@pytest.mark.clause("§1.4a")
def test_nothing_is_frozen_thawed_moved_or_credited_where_there_is_no_pool(voucher: Scene) -> None:
    for commit in (
        lambda: pools.commit_freeze("category.1999.legal", 1),
        lambda: pools.commit_thaw("category.1999.legal", 1),
        lambda: pools.commit_stop("category.1999.legal", 1),
        lambda: transact(pools.move_writes("category.1999.legal", {0: 1}, "held_fen", "remaining_fen")),
        lambda: transact([pools.credit_write("surplus.1999", 0, 1)]),
    ):
        changes_nothing(commit)


@pytest.mark.clause("§2.3.3")
def test_a_rerelease_is_not_granted_if_a_voucher_of_the_claimant_lapses_meanwhile(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.expect(town.world.call(BUREAU, "POST", f"/batches/{town.batch_id}/close"), 200)
    again = steps.open_batch(town.world, 2026, samples.batch(amount_fen=5_000_000, kind="rerelease"))["batch_id"]
    grab, tried = vouchers.commit_grab, []

    def overtaken(*facts: Any, **more: Any) -> Any:
        tried.append(facts)
        tamper(keys.entitlement(2026, town.enterprise.uscc), lapsed=True)
        return grab(*facts, **more)

    monkeypatch.setattr(vouchers, "commit_grab", overtaken)
    assert (town.claim(again).code, len(tried)) == ("RERELEASE_EXCLUDED", 1)


@pytest.mark.clause("§2.3.3")
def test_a_voucher_of_an_enterprise_without_an_entitlement_does_not_lapse_unnoticed(voucher: Scene) -> None:
    found, _ = kept(voucher[0])
    elsewhere = found.model_copy(update={"year": 1999})
    changes_nothing(lambda: transact(vouchers._surplus_writes(elsewhere, 1, 100, NOW, "sweep")[2:]))


@pytest.mark.clause("§5.2b")
def test_a_contract_or_invoice_number_that_another_order_took_is_not_given_free(submitted: Scene) -> None:
    settlement = submitted[1]
    [line] = settlements.list_lines(settlement["settlement_id"])
    order = orders.load(line.order_id)
    other = order.model_copy(update={"order_id": "o_other"})
    changes_nothing(lambda: transact(orders.free_contract_writes(other)))
    changes_nothing(lambda: transact(settlements.free_invoice_writes(line.model_copy(update={"order_id": "o_other"}))))
    transact([*orders.free_contract_writes(order), *settlements.free_invoice_writes(line)])


def test_what_a_document_is_found_to_be_is_written_once_and_only_if_announced(submitted: Scene) -> None:
    owner = keys.settlement(submitted[1]["settlement_id"])
    known = documents.list_of(owner, None)[0]
    assert known.checked
    for paper in (known.model_copy(update={"sha256": "another"}), known.model_copy(update={"document_id": "d_none"})):
        changes_nothing(lambda paper=paper: transact([documents._examined_write(owner, paper)]))


def test_a_document_is_examined_or_taken_back_and_never_both(
    submitted: Scene,
) -> None:
    mark = Mark(by=SELLER.name, at=NOW)
    owner = keys.settlement(submitted[1]["settlement_id"])
    examined = documents.list_of(owner, None)[0]
    changes_nothing(lambda: documents.commit_taken_back(owner, examined, mark))
    waiting = examined.model_copy(update={"document_id": "d_waiting", "checked": False, "sha256": None})
    changes_nothing(lambda: documents.commit_taken_back(owner, waiting, mark))
    documents.commit_announced(owner, waiting, documents.Bounds(1, 100), samples.TODAY)
    documents.commit_taken_back(owner, waiting, mark)
    found = documents.Inspection([waiting], [waiting], [])
    boto3.client("s3").put_object(Bucket=BUCKET, Key=waiting.object_key, Body=b"%PDF-")
    changes_nothing(lambda: documents.commit_examined(owner, found))
    assert "d_waiting" not in {each.document_id for each in documents.list_of(owner, None)}


@pytest.mark.clause("§4.1.3")
def test_nothing_becomes_void_of_an_enterprise_that_is_not_disqualified_or_no_more(voucher: Scene) -> None:
    town, _ = voucher
    order, found = orders.load(town.order(voucher_fen=100_000)["order_id"]), vouchers.load(town.voucher_id)
    still_out = organisations.disqualified_check(town.enterprise.uscc)
    before = everything_kept()
    assert not vouchers.commit_lapse(found, "void", NOW, "sweep", still_out)
    ended = stepped(order, "expire", Mark(by="sweep", at=NOW), drawn={})
    changes_nothing(lambda: orders.commit_release(order, ended, found, Mark(by="sweep", at=NOW), still_out))
    assert everything_kept() == before
    tamper(keys.enterprise(town.enterprise.uscc), state="disqualified")
    assert vouchers.commit_lapse(found, "void", NOW, "sweep", still_out)


@pytest.mark.clause("§4.1.3")
def test_a_contract_is_recorded_only_while_its_enterprise_is_as_it_was_read(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, _ = voucher
    order, found = town.order(voucher_fen=100_000), organisations.find_enterprise(town.enterprise.uscc)
    assert found is not None
    tamper(keys.enterprise(found.uscc), state="disqualified", version=found.version + 1)
    monkeypatch.setattr(organisations, "find_enterprise", lambda _: found)
    before = everything_kept()
    no = town.act(OWNER, order, "contract", town.contract(order))
    assert (no.status, no.code) == (409, "CHANGED_MEANWHILE")
    assert everything_kept() == before


class Looked(Exception):
    """The write was tried, and there is nothing more to see."""


def nothing_if(
    monkeypatch: pytest.MonkeyPatch,
    writing: tuple[ModuleType, str],
    call: Callable[[], Reply],
    key: keys.Key,
    **changes: Any,
) -> None:
    """`call` comes as far as the function `writing`; then `changes` happen, and it must change nothing."""
    module, name = writing
    commit = getattr(module, name)

    def overtaken(*facts: Any) -> None:
        tamper(key, **changes)
        before = everything_kept()
        try:
            done = commit(*facts)
        except Refused as no:
            done = no.refusal is not Refusal.CHANGED_MEANWHILE
        assert done is False
        assert everything_kept() == before
        raise Looked

    monkeypatch.setattr(module, name, overtaken)
    with pytest.raises(Looked):
        call()


@pytest.mark.clause("§1.4b")
@pytest.mark.clause("§4.1.3")
@pytest.mark.parametrize("party", ["enterprise", "agency"])
@pytest.mark.parametrize(("person", "step"), [(SELLER, "accept"), (OWNER, "contract")])
def test_an_order_without_a_contract_goes_on_only_while_both_parties_are_unchanged(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch, person: Person, step: str, party: str
) -> None:
    town = voucher[0]
    order = town.order()
    key = {"enterprise": keys.enterprise(town.enterprise.uscc), "agency": keys.agency(town.agency.uscc)}[party]
    body = town.contract(order) if step == "contract" else None
    nothing_if(monkeypatch, (orders, "commit_step"), lambda: town.act(person, order, step, body), key, version=99)


@pytest.mark.clause("§1.3")
def test_a_year_is_not_opened_by_its_drafter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.expect(world.call(BUREAU, "POST", "/programmes", {"year": 2026, "total_fen": 1_000_000, "policy": {}}), 201)
    nothing_if(
        monkeypatch,
        (programmes, "commit_confirmation"),
        lambda: world.call(FINANCE, "POST", "/programmes/2026/confirm"),
        keys.programme(2026),
        created_by=FINANCE.name,
    )


@pytest.mark.clause("§1.3")
@pytest.mark.parametrize("by_whom", [True, False])
def test_a_total_is_neither_confirmed_by_its_proposer_nor_cut_below_a_shards_rest(
    open_year: World, monkeypatch: pytest.MonkeyPatch, by_whom: bool
) -> None:
    cut = {"total_fen": TOTAL_FEN // 2, "reason": "预算调整"}
    steps.expect(open_year.call(BUREAU, "POST", "/programmes/2026/total", cut), 200)
    pool = keys.pool(category_pool(2026, Category.LEGAL), 0)
    key, changes = (
        (keys.programme(2026), {"pending": {**cut, "by": FINANCE.name}}) if by_whom else (pool, {"remaining_fen": 0})
    )
    nothing_if(
        monkeypatch,
        (programmes, "commit_total"),
        lambda: open_year.call(FINANCE, "POST", "/programmes/2026/total/confirm"),
        key,
        **changes,
    )


@pytest.mark.clause("§1.4a")
@pytest.mark.parametrize("by_whom", [True, False])
def test_a_batch_is_not_released_by_its_drafter_nor_past_what_the_programme_has_left(
    open_year: World, monkeypatch: pytest.MonkeyPatch, by_whom: bool
) -> None:
    path, body = "/programmes/2026/batches", samples.batch(amount_fen=1_000_000)
    batch_id = steps.expect(open_year.call(OPERATOR, "POST", path, body, key="one"), 201)["batch_id"]
    changes = {"created_by": BUREAU.name} if by_whom else {"unreleased_fen": 999_999}
    nothing_if(
        monkeypatch,
        (batches, "commit_publication"),
        lambda: open_year.call(BUREAU, "POST", f"/batches/{batch_id}/publish"),
        keys.batch(batch_id) if by_whom else keys.programme(2026),
        **changes,
    )


@pytest.mark.clause("§3.4.1")
def test_an_agency_is_not_removed_by_the_person_who_proposed_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/agencies/{town.agency.uscc}/removal"
    steps.expect(town.world.call(OPERATOR, "POST", path, {"reason": "虚报服务成效"}), 200)
    answer_removal(town.world, town.agency.uscc)
    nothing_if(
        monkeypatch,
        (removals, "commit_removal"),
        lambda: town.world.call(BUREAU, "POST", f"{path}/approve"),
        keys.agency(town.agency.uscc),
        removal_proposed_by=BUREAU.name,
    )


@pytest.mark.clause("§3.3")
def test_a_product_is_put_on_sale_only_while_its_agency_is_as_it_was_read(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = steps.expect(town.world.call(SELLER, "POST", "/products", samples.product(town.agency)), 201)
    nothing_if(
        monkeypatch,
        (products, "commit_publication"),
        lambda: town.world.call(OPERATOR, "POST", f"/products/{draft['product_id']}/publish", {}),
        keys.agency(town.agency.uscc),
        version=99,
    )


@pytest.mark.clause("§3.5.4")
@pytest.mark.parametrize("what", ["confirmed_by", "fingerprint"])
def test_an_account_is_known_only_while_it_is_the_one_that_was_read(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    case, orders = handed_in(voucher[0], 2)
    round_id = case.owed(*orders)
    case.billed(round_id, amount_fen=80_000)
    line = f"/rounds/{round_id}/lines/{orders[0]['order_id']}"
    steps.expect(case.call(BUREAU, "POST", f"{line}/withdraw", {"reason": "误登"}), 200)
    nothing_if(
        monkeypatch,
        (payables, "commit_invoice"),
        lambda: case.invoice(round_id, amount_fen=40_000),
        keys.account(case.town.agency.uscc),
        **{what: "another"},
    )


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("step", ["commit_begin_close", "commit_payable"])
@pytest.mark.parametrize("what", ["round", "notice"])
def test_a_notice_is_closed_only_while_it_and_its_round_are_unchanged(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, step: str, what: str
) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    key = keys.round_(notice["round_id"]) if what == "round" else keys.notice(notice["notice_id"])
    nothing_if(
        monkeypatch,
        (notices, step),
        lambda: case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"),
        key,
        version=99,
    )


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("step", ["commit_begin_close", "commit_payable", "commit_close"])
def test_no_part_of_a_closing_is_written_by_who_took_an_earlier_step_of_its_round(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    case = settling(submitted)
    notice = case.noticed(the_order(submitted))
    nothing_if(
        monkeypatch,
        (notices, step),
        lambda: case.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"),
        keys.round_(notice["round_id"]),
        created_by=BUREAU.name,
    )


@pytest.mark.clause("§3.5.2")
def test_a_line_is_reviewed_only_while_its_application_is_unchanged(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, placed = handed_in(voucher[0], 2)
    nothing_if(
        monkeypatch,
        (function("pre_reviews"), "commit"),
        lambda: case.decide(*placed),
        keys.settlement(case.settlement_id),
        version=99,
    )


@pytest.mark.clause("§3.5.3")
def test_an_objection_upheld_in_parts_sends_no_line_back_of_a_notice_that_moved_on(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, placed = handed_in(voucher[0], 2)
    path = f"/notices/{case.noticed(*placed)['notice_id']}"
    said = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}
    objection = steps.expect(case.call(None, "POST", f"{path}/objections", said), 201)
    monkeypatch.setattr(large, "MOST_ITEMS", 4)
    nothing_if(
        monkeypatch,
        (objections, "commit_resolution"),
        lambda: case.call(BUREAU, "POST", f"/objections/{objection['objection_id']}/resolve", {"decision": "uphold"}),
        keys.notice(path.rpartition("/")[2]),
        version=99,
    )


@pytest.mark.clause("§3.5.3")
def test_no_objection_is_taken_once_the_closing_of_its_notice_has_begun(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = settling(submitted)
    notice_id = case.noticed(the_order(submitted))["notice_id"]
    said = {"name": "某", "contact": "0578", "reason": "服务未实际发生"}
    nothing_if(
        monkeypatch,
        (objections, "commit_new"),
        lambda: case.call(None, "POST", f"/notices/{notice_id}/objections", said),
        keys.notice(notice_id, "OBJECTIONS"),
        closing=True,
    )


@pytest.mark.clause("§3.5.3")
@pytest.mark.clause("§5.3")
@pytest.mark.parametrize(
    ("before", "is_seen", "most", "most_alike"),
    [
        (ORIGIN._replace(source="other"), False, 1, 9),
        (ORIGIN, True, 9, 1),
        (ORIGIN._replace(target="other"), False, 9, 9),
    ],
    ids=["of an hour", "of an address against a target", "of an address not seen yet"],
)
def test_no_more_is_taken_as_it_comes_than_its_bound_whatever_was_read(
    world: World, before: Origin, is_seen: bool, most: int, most_alike: int
) -> None:
    place = keys.crowd("complaints")
    transact(crowds.plain_writes(place, before, False, 9, 9))
    changes_nothing(lambda: transact(crowds.plain_writes(place, ORIGIN, is_seen, most, most_alike)))


@pytest.mark.clause("§2.1.3")
@pytest.mark.parametrize("what", ["standing", "enterprise", "entitlement", "new standing", "new year", "newcomer"])
def test_a_violation_is_recorded_only_while_the_enterprises_facts_are_unchanged(
    town: Town, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    firm, neighbour = town.enterprise.uscc, town.neighbour.uscc
    breach = {"uscc": neighbour if what == "new standing" else firm, "facts": "转让服务券"}
    if what == "newcomer":
        take_away(keys.enterprise(firm))
    key = {
        "standing": keys.enterprise(firm, "STANDING"),
        "enterprise": keys.enterprise(firm),
        "entitlement": keys.entitlement(2026, firm),
        "new standing": keys.enterprise(neighbour, "STANDING"),
        "new year": keys.entitlement(2027, firm),
        "newcomer": keys.enterprise(firm),
    }[what]
    if what == "standing":
        steps.expect(town.world.call(BUREAU, "POST", "/violations", breach, key="before"), 201)
    nothing_if(
        monkeypatch,
        (function("violations"), "commit_if_unchanged"),
        lambda: town.world.call(BUREAU, "POST", "/violations", breach, key="one"),
        key,
        version=99,
    )


@pytest.mark.clause("§5.2b")
@pytest.mark.parametrize("what", ["held_by_violation", "held_by_finding", "subsidy_decisions"])
def test_a_payout_is_made_only_while_nothing_stops_its_orders(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id = case.invoiced(order)
    nothing_if(
        monkeypatch,
        (payouts, "commit_payout"),
        lambda: case.payouts(round_id),
        keys.order(order["order_id"]),
        **{what: ["one"]},
    )


@pytest.mark.clause("§5.2b")
def test_an_order_is_held_only_while_no_payout_is_made_of_its_payable(
    submitted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, order = settling(submitted), the_order(submitted)
    round_id, uscc = case.owed(order), case.town.agency.uscc
    breach = {"uscc": uscc, "facts": "虚开发票", "order_ids": [order["order_id"]]}
    nothing_if(
        monkeypatch,
        (function("violations"), "commit_if_unchanged"),
        lambda: case.call(BUREAU, "POST", "/violations", breach),
        keys.payable(round_id, uscc),
        version=99,
    )


@pytest.mark.clause("§5.2b")
def test_an_application_is_submitted_only_while_its_standing_is_unchanged(
    voucher: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, _ = voucher
    case, settlement = opened(town, *small_orders(town, 1))
    town.fill_in(settlement)
    list_enterprise(town.enterprise.uscc, "newly_above_scale", 2026)
    nothing_if(
        monkeypatch,
        (function("settlements"), "commit"),
        lambda: case.call(SELLER, "POST", "submit"),
        keys.enterprise(town.enterprise.uscc, "STANDING"),
        version=99,
    )
