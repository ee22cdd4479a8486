"""A small year on the deployed stack: one enterprise's agency is paid, another enterprise's voucher lapses."""

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
from tests.journeys.deployment import TOTAL_FEN, Deployment, Json
from tests.support import samples

CONTRACT_FEN, VOUCHER_FEN, FACE_FEN = 1_000_000, 700_000, 1_000_000
BATCH_FEN = 3_000_000


@dataclass(frozen=True)
class SmallYear:
    """The answers of the year that the tests look at."""

    deployment: Deployment
    owner_enterprise: Enterprise
    idle_enterprise: Enterprise
    agency: Agency
    used_voucher: Json
    unused_voucher: Json
    order: Json
    payouts: list[Json]
    figures_before: tuple[Json, Json]
    report: Json


@pytest.fixture(scope="module")
def small_year(deployment: Deployment, year: int) -> SmallYear:
    """The whole year, once: draft, grab, order, settlement, payout, lapse, reconciliation."""
    figures_before = report_and_programme(deployment, year)
    owner_enterprise, idle_enterprise = deployment.add_approved_enterprise(), deployment.add_approved_enterprise()
    agency, product = add_admitted_agency(deployment)
    used_voucher = deployment.grab(deployment.open_batch(BATCH_FEN), owner_enterprise)
    unused_voucher = deployment.grab(deployment.open_batch(BATCH_FEN, short=True), idle_enterprise)
    deal = Deal(
        owner_of(owner_enterprise.uscc),
        owner_of(agency.uscc),
        product["product_id"],
        used_voucher["voucher_id"],
        CONTRACT_FEN,
        VOUCHER_FEN,
        "HT-1",
        deployment.plan.today,
    )
    order = steps.expect(steps.place_order(deployment.client, deal), 201)
    order = steps.complete_order(deployment.client, order["order_id"], deal)
    payouts = pay_agency(deployment, owner_enterprise, agency, order)
    sweep(deployment, unused_voucher)
    report, _ = report_and_programme(deployment, year)
    return SmallYear(
        deployment,
        owner_enterprise,
        idle_enterprise,
        agency,
        used_voucher,
        unused_voucher,
        order,
        payouts,
        figures_before,
        report,
    )


def report_and_programme(deployment: Deployment, year: int) -> tuple[Json, Json]:
    """The reconciliation as of a coming night, and the programme's public page; both may contain other journeys."""
    deployment.scheduled.run("Reconcile", deployment.plan.coming_night)
    return deployment.get(FINANCE, f"/reports/{year}/reconciliation"), deployment.get(None, f"/programmes/{year}")


def add_admitted_agency(deployment: Deployment) -> tuple[Agency, Json]:
    """Take an agency through application, pre-review and approval, and publish a product of it."""
    agency: Agency = next(deployment.agencies)
    person = owner_of(agency.uscc)
    documents = agency_documents(agency, deployment.plan.today)
    steps.apply_agency(deployment.client, person, agency.application(), documents)
    steps.expect(steps.admit_agency(deployment.client, agency.uscc), 200)
    return agency, steps.list_product(deployment.client, person, samples.product(agency))


def pay_agency(deployment: Deployment, owner_enterprise: Enterprise, agency: Agency, order: Json) -> list[Json]:
    """Settle one order, from the application to the bank's answer; the payouts."""
    client, person, today = deployment.client, owner_of(agency.uscc), deployment.plan.today
    application = steps.apply_for_settlement(client, person, agency.uscc, [order["order_id"]], "settle-1")
    path = f"/settlements/{application['settlement_id']}"
    own_share_fen = CONTRACT_FEN - VOUCHER_FEN
    documents = order_documents(owner_enterprise.name, agency.name, "企业服务", "HT-1", CONTRACT_FEN, own_share_fen)
    steps.fill_in_line(client, person, application["settlement_id"], application["lines"][0], documents, today)
    submitted_application = steps.expect(client.call(person, "POST", f"{path}/submit"), 200)
    steps.pass_all_lines(client, submitted_application)
    round_ = steps.take_round_through_notice(client, [application["settlement_id"]])
    invoice = steps.announce_and_upload(client, person, path, summary_invoice_document(agency.name, VOUCHER_FEN))
    steps.submit_summary_invoice(client, person, round_["payables"][0], agency.name, invoice)
    return steps.pay_out(client, round_["round_id"], today)


def sweep(deployment: Deployment, voucher: Json) -> None:
    """Run the sweep as of the night after the voucher's end, and wait until the worker has ended the voucher."""
    path = f"/vouchers/{voucher['voucher_id']}"
    deployment.scheduled.run("Sweep", deployment.plan.coming_night)
    wait_until(lambda: bool(deployment.get(OPERATOR, path)["state"] != "active"))


@pytest.mark.clause("§3.5.4")
def test_the_agency_is_paid_the_voucher_part_of_the_order_to_the_fen(small_year: SmallYear) -> None:
    payouts = [(each["agency_uscc"], each["amount_fen"], each["state"]) for each in small_year.payouts]
    assert payouts == [(small_year.agency.uscc, VOUCHER_FEN, "paid")]


@pytest.mark.clause("§4.2.2")
def test_a_voucher_that_ended_is_swept_and_one_that_runs_on_is_not(small_year: SmallYear) -> None:
    swept_voucher = small_year.deployment.get(
        owner_of(small_year.idle_enterprise.uscc), f"/vouchers/{small_year.unused_voucher['voucher_id']}"
    )
    running_voucher = small_year.deployment.get(
        owner_of(small_year.owner_enterprise.uscc), f"/vouchers/{small_year.used_voucher['voucher_id']}"
    )
    assert (swept_voucher["state"], swept_voucher["balance_fen"]) == ("expired", 0)
    assert (running_voucher["state"], running_voucher["balance_fen"]) == ("active", FACE_FEN - VOUCHER_FEN)


@pytest.mark.clause("§1.4b")
def test_every_account_recomputed_from_the_postings_leaves_no_fen_unexplained(small_year: SmallYear) -> None:
    report = small_year.report
    assert report["residual_fen"] == 0
    assert [each["name"] for each in report["invariants"] if not each["holds"]] == []
    figures_before, _ = small_year.figures_before
    moved = {
        name: report["accounts"][name] - figures_before["accounts"][name] for name in ("paid", "surplus", "voucher")
    }
    assert moved == {"paid": VOUCHER_FEN, "surplus": FACE_FEN, "voucher": FACE_FEN - VOUCHER_FEN}


@pytest.mark.clause("§1.3")
def test_the_public_page_of_the_programme_adds_up(small_year: SmallYear) -> None:
    programme = small_year.deployment.get(None, f"/programmes/{small_year.deployment.plan.year}")
    _, figures_before = small_year.figures_before
    used_fen = {
        name: each["used_fen"] - figures_before["categories"][name]["used_fen"]
        for name, each in programme["categories"].items()
    }
    assert programme["total_fen"] == TOTAL_FEN
    assert {name: fen for name, fen in used_fen.items() if fen} == {small_year.agency.categories[0]: VOUCHER_FEN}


@pytest.mark.clause("§4.1.2")
def test_both_sides_get_messages_through_stream_relay_queue_and_worker(small_year: SmallYear) -> None:
    expected = {
        small_year.owner_enterprise.uscc: {
            "企业资格审核通过，可以领取服务券。",
            "服务券领取成功。",
            "服务机构已接单；尚未登记合同的，请登记合同编号和签订日期。",
        },
        small_year.idle_enterprise.uscc: {
            "企业资格审核通过，可以领取服务券。",
            "服务券领取成功。",
            "服务券已过有效期，余额作废。",
        },
        small_year.agency.uscc: {
            "服务机构入驻审核通过。",
            "使用服务券的订单已提交，等待服务机构接单。",
            "服务券抵用资金已拨付。",
        },
    }
    for uscc, subjects in expected.items():
        wait_until(lambda: subjects <= {each["subject"] for each in small_year.deployment.inbox(uscc)})  # noqa: B023


def test_a_message_is_marked_read_by_its_owner_and_unknown_to_others(small_year: SmallYear) -> None:
    deployment, owner = small_year.deployment, owner_of(small_year.owner_enterprise.uscc)
    wait_until(lambda: bool(deployment.inbox(small_year.owner_enterprise.uscc)))
    path = f"/inbox/{deployment.inbox(small_year.owner_enterprise.uscc)[0]['message_id']}/read"
    assert deployment.client.call(owner_of(small_year.idle_enterprise.uscc), "POST", path).code == "NOT_FOUND"
    assert steps.expect(deployment.client.call(owner, "POST", path), 200)["read"] is True
