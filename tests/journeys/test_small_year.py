"""A small year on the deployed stack: one firm is served and its agency paid, another's voucher lapses."""

from dataclasses import dataclass

import pytest

from infra.city.agencies import Agency
from infra.city.document_files import agency_documents, order_documents, summary_invoice_document
from infra.city.enterprises import Enterprise
from infra.client import steps
from infra.client.http import FINANCE, OPERATOR
from infra.client.steps import Deal
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.place import TOTAL_FEN, Json, Place
from tests.support import samples

CONTRACT_FEN, VOUCHER_FEN, FACE_FEN = 1_000_000, 700_000, 1_000_000
BATCH_FEN = 3_000_000


@dataclass(frozen=True)
class Year:
    """What is left of the year for the tests to look at."""

    place: Place
    buyer: Enterprise
    idler: Enterprise
    seller: Agency
    used: Json
    unused: Json
    order: Json
    paid: list[Json]
    before: tuple[Json, Json]
    report: Json


@pytest.fixture(scope="module")
def small_year(place: Place, year: int) -> Year:
    """The whole way once: draft, grab, order, settlement, payout, lapse, reconciliation."""
    before = accounts(place, year)
    buyer, idler = place.approved_firm(), place.approved_firm()
    seller, product = admitted_agency(place)
    used = place.grab(place.open_batch(BATCH_FEN), buyer)
    unused = place.grab(place.open_batch(BATCH_FEN, short=True), idler)
    deal = Deal(
        owner_of(buyer.uscc),
        owner_of(seller.uscc),
        product["product_id"],
        used["voucher_id"],
        CONTRACT_FEN,
        VOUCHER_FEN,
        "HT-1",
        place.plan.today,
    )
    order = steps.expect(steps.place_order(place.client, deal), 201)
    order = steps.complete_order(place.client, order["order_id"], deal)
    paid = paid_out(place, buyer, seller, order)
    sweep(place, unused)
    report, _ = accounts(place, year)
    return Year(place, buyer, idler, seller, used, unused, order, paid, before, report)


def accounts(place: Place, year: int) -> tuple[Json, Json]:
    """The reconciliation as of a coming night, and the programme's public page; other journeys may be in both."""
    place.night.run("Reconcile", place.plan.coming_night)
    return place.shown(FINANCE, f"/reports/{year}/reconciliation"), place.shown(None, f"/programmes/{year}")


def admitted_agency(place: Place) -> tuple[Agency, Json]:
    """An agency taken through application, pre-review and approval, and its one listed product."""
    agency: Agency = next(place.agencies)
    person = owner_of(agency.uscc)
    documents = agency_documents(agency, place.plan.today)
    steps.apply_agency(place.client, person, agency.application(), documents)
    steps.expect(steps.admit_agency(place.client, agency.uscc), 200)
    return agency, steps.list_product(place.client, person, samples.product(agency))


def paid_out(place: Place, buyer: Enterprise, seller: Agency, order: Json) -> list[Json]:
    """From application to the bank's word, one line."""
    client, person, today = place.client, owner_of(seller.uscc), place.plan.today
    opened = steps.apply_for_settlement(client, person, seller.uscc, [order["order_id"]], "settle-1")
    path = f"/settlements/{opened['settlement_id']}"
    own_share_fen = CONTRACT_FEN - VOUCHER_FEN
    documents = order_documents(buyer.name, seller.name, "企业服务", "HT-1", CONTRACT_FEN, own_share_fen)
    steps.fill_in_line(client, person, opened["settlement_id"], opened["lines"][0], documents, today)
    submitted = steps.expect(client.call(person, "POST", f"{path}/submit"), 200)
    steps.pass_all_lines(client, submitted)
    round_ = steps.take_round_through_notice(client, [opened["settlement_id"]])
    invoice = steps.announce_and_upload(client, person, path, summary_invoice_document(seller.name, VOUCHER_FEN))
    steps.submit_summary_invoice(client, person, round_["payables"][0], seller.name, invoice)
    return steps.pay_out(client, round_["round_id"], today)


def sweep(place: Place, voucher: Json) -> None:
    """The night after the voucher's end, run by hand; its work goes through the queue."""
    path = f"/vouchers/{voucher['voucher_id']}"
    place.night.run("Sweep", place.plan.coming_night)
    wait_until(lambda: bool(place.shown(OPERATOR, path)["state"] != "active"))


@pytest.mark.clause("§3.5.4")
def test_the_agency_is_paid_the_voucher_part_of_the_order_to_the_fen(small_year: Year) -> None:
    paid = [(each["agency_uscc"], each["amount_fen"], each["state"]) for each in small_year.paid]
    assert paid == [(small_year.seller.uscc, VOUCHER_FEN, "paid")]


@pytest.mark.clause("§4.2.2")
def test_a_voucher_that_ended_is_swept_and_one_that_runs_on_is_not(small_year: Year) -> None:
    swept = small_year.place.shown(owner_of(small_year.idler.uscc), f"/vouchers/{small_year.unused['voucher_id']}")
    kept = small_year.place.shown(owner_of(small_year.buyer.uscc), f"/vouchers/{small_year.used['voucher_id']}")
    assert (swept["state"], swept["balance_fen"]) == ("expired", 0)
    assert (kept["state"], kept["balance_fen"]) == ("active", FACE_FEN - VOUCHER_FEN)


@pytest.mark.clause("§1.4b")
def test_every_account_recomputed_from_the_postings_leaves_no_fen_unexplained(small_year: Year) -> None:
    report = small_year.report
    assert report["residual_fen"] == 0
    assert [each["name"] for each in report["invariants"] if not each["holds"]] == []
    before, _ = small_year.before
    moved = {name: report["accounts"][name] - before["accounts"][name] for name in ("paid", "surplus", "voucher")}
    assert moved == {"paid": VOUCHER_FEN, "surplus": FACE_FEN, "voucher": FACE_FEN - VOUCHER_FEN}


@pytest.mark.clause("§1.3")
def test_the_public_page_of_the_programme_adds_up(small_year: Year) -> None:
    shown = small_year.place.shown(None, f"/programmes/{small_year.place.plan.year}")
    _, before = small_year.before
    used = {
        name: each["used_fen"] - before["categories"][name]["used_fen"] for name, each in shown["categories"].items()
    }
    assert shown["total_fen"] == TOTAL_FEN
    assert {name: fen for name, fen in used.items() if fen} == {small_year.seller.categories[0]: VOUCHER_FEN}


@pytest.mark.clause("§4.1.2")
def test_what_was_committed_is_told_to_both_sides_through_stream_relay_queue_and_worker(small_year: Year) -> None:
    expected = {
        small_year.buyer.uscc: {"企业资格审核通过，可以领取服务券。", "服务券领取成功。", "订单已被服务机构接受。"},
        small_year.idler.uscc: {
            "企业资格审核通过，可以领取服务券。",
            "服务券领取成功。",
            "服务券已过有效期，余额作废。",
        },
        small_year.seller.uscc: {
            "服务机构入驻审核通过。",
            "使用服务券的订单已提交，等待服务机构接受。",
            "服务券抵用资金已拨付。",
        },
    }
    for uscc, subjects in expected.items():
        wait_until(lambda: subjects <= {each["subject"] for each in small_year.place.inbox(uscc)})  # noqa: B023


def test_a_message_is_marked_read_by_its_owner_and_unknown_to_others(small_year: Year) -> None:
    place, owner = small_year.place, owner_of(small_year.buyer.uscc)
    wait_until(lambda: bool(place.inbox(small_year.buyer.uscc)))
    path = f"/inbox/{place.inbox(small_year.buyer.uscc)[0]['message_id']}/read"
    assert place.client.call(owner_of(small_year.idler.uscc), "POST", path).code == "NOT_FOUND"
    assert steps.expect(place.client.call(owner, "POST", path), 200)["read"] is True
