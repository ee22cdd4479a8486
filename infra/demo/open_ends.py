"""What the demo leaves for whoever comes next: money to grab, and something to review for every desk."""

from infra.city.document_files import agency_documents, enterprise_documents, yuan
from infra.client import steps
from infra.client.http import BUREAU
from infra.client.steps import expect
from infra.demo.demo_year import DemoYear
from infra.demo.plan import OPEN_BATCH_FEN, owner_of
from infra.demo.printing import print_heading, print_line
from infra.demo.settlement import apply_for_settlement


def leave_open(year: DemoYear) -> None:
    """A batch with twenty quotas, an approved enterprise without a voucher, one enterprise, one agency and one
    application to review. (The notice that runs is the small year's.)"""
    print_heading("Left open for you")
    plan, client = year.plan, year.client
    batch = expect(client.call(BUREAU, "POST", f"/batches/{year.third_batch['batch_id']}/publish"), 200)
    year.batches.append(batch)
    print_line(f"第三批: {yuan(OPEN_BATCH_FEN)} yuan, twenty quotas, open until {batch['closes_at']}")
    for enterprise in plan.late_enterprises:
        documents = enterprise_documents(enterprise, plan.today)
        steps.register_enterprise(client, owner_of(enterprise.uscc), enterprise.registration(), documents)
    approved, waiting = plan.late_enterprises
    expect(steps.review_enterprise(client, approved.uscc), 200)
    agency = plan.late_agency
    documents = agency_documents(agency, plan.today)
    steps.apply_agency(client, owner_of(agency.uscc), agency.application(), documents)
    year.open_things |= {
        "batch": batch["batch_id"],
        "product": year.products[0]["product_id"],
        "approved_enterprise": approved.uscc,
        "waiting_enterprise": waiting.uscc,
        "waiting_agency": agency.uscc,
    }
    print_line(f"approved, without a voucher: {approved.name}")
    print_line(f"to review: {waiting.name}, and the agency {agency.name}")
    if year.held_back:
        agency_uscc = year.held_back[0][0]["agency_uscc"]
        application = apply_for_settlement(year, agency_uscc, year.held_back)
        year.open_things |= {"agency": agency_uscc, "settlement": application["settlement_id"]}
        print_line(f"to pre-review: application {application['settlement_id']} of {year.name_of(agency_uscc)}")
    print_line(f"running: notice {year.open_things['notice']} of programme {plan.small_year}")
