"""One programme year through every function, in one process."""

from datetime import date

from infra.city.document_files import agency_documents, enterprise_documents, order_documents, summary_invoice_document
from infra.client import steps
from infra.client.http import FINANCE, Person
from tests.support import samples
from tests.support.backend import World, function

TODAY = date(2026, 6, 15)


def test_a_year_runs_from_draft_to_payout_and_its_books_balance(world: World) -> None:
    steps.open_programme(world, 2026, 100_000_000, {"notice_working_days": 0})
    batch = steps.open_batch(world, 2026, samples.batch())
    enterprise, agency = samples.enterprise(), samples.agency()
    owner, seller = Person("owner"), Person("seller")
    steps.register_enterprise(world, owner, enterprise.registration(), enterprise_documents(enterprise, TODAY))
    assert steps.review_enterprise(world, enterprise.uscc).status == 200
    steps.apply_agency(world, seller, agency.application(), agency_documents(agency, TODAY))
    assert steps.admit_agency(world, agency.uscc).body["valid_until"] == "2028-06-15"
    product = steps.list_product(world, seller, samples.product(agency))
    claim = {"enterprise_uscc": enterprise.uscc}
    voucher = steps.expect(world.call(owner, "POST", f"/batches/{batch['batch_id']}/vouchers", claim), 201)
    assert voucher["face_fen"] == 1_000_000

    deal = steps.Deal(owner, seller, product["product_id"], voucher["voucher_id"], 1_000_000, 700_000, "HT-1", TODAY)
    order = steps.expect(steps.place_order(world, deal), 201)
    assert steps.complete_order(world, order["order_id"], deal)["state"] == "completed"

    settlement = steps.apply_for_settlement(world, seller, agency.uscc, [order["order_id"]], "settle-1")
    documents = order_documents(enterprise.name, agency.name, product["name"], "HT-1", 1_000_000, 300_000)
    steps.fill_in_line(world, seller, settlement["settlement_id"], settlement["lines"][0], documents, TODAY)
    submitted = steps.expect(world.call(seller, "POST", f"/settlements/{settlement['settlement_id']}/submit"), 200)
    steps.pass_all_lines(world, submitted)
    round_ = steps.take_round_through_notice(world, [settlement["settlement_id"]])
    invoice = steps.announce_and_upload(
        world, seller, f"/settlements/{settlement['settlement_id']}", summary_invoice_document(agency.name, 700_000)
    )
    steps.submit_summary_invoice(world, seller, round_["payables"][0], agency.name, invoice)
    paid = steps.pay_out(world, round_["round_id"], TODAY)
    assert [payout["amount_fen"] for payout in paid] == [700_000]

    report = function("reconcile").handler({"time": "2026-06-15T18:00:00Z"}, None)["reports"][0]
    assert report["residual_fen"] == 0
    assert [each for each in report["invariants"] if not each["holds"]] == []
    assert report["accounts"]["paid"] == 700_000
    assert report["accounts"]["voucher"] == 300_000
    shown = steps.expect(world.call(FINANCE, "GET", "/reports/2026/reconciliation"), 200)
    assert shown == report
