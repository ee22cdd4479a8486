"""The first parts of the demo year: money, lists, agencies, enterprises, and the grabs."""

from collections import Counter

from infra.city.agencies import Agency
from infra.city.document_files import agency_documents, enterprise_documents, yuan
from infra.city.enterprises import Enterprise
from infra.city.lists import list_year
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Reply
from infra.client.steps import Json, UnexpectedAnswer, expect
from infra.demo.demo_year import DemoYear, print_refusal
from infra.demo.plan import FIRST_BATCH_FEN, OPEN_BATCH_FEN, SHORT_BATCH_FEN, TOTAL_FEN, owner_of
from infra.demo.printing import print_heading, print_line, print_table, run_together
from infra.demo.scheduled import wait_until


def open_year(year: DemoYear) -> None:
    """The programme and its two batches."""
    print_heading("The year's money (§1.3, §1.4a)")
    plan, client = year.plan, year.client
    steps.open_programme(client, plan.year, TOTAL_FEN, plan.policy, plan.document)
    print_line(f"programme {plan.year}: drafted by the bureau, confirmed by finance: {yuan(TOTAL_FEN)} yuan")
    too_much = steps.batch_draft("超额", TOTAL_FEN + 1, plan.opens_at, plan.closes_at, plan.long_valid_until)
    reply = client.call(OPERATOR, "POST", f"/programmes/{plan.year}/batches", too_much)
    print_refusal("a batch of one fen more than the year has", reply, "OVER_PROGRAMME_TOTAL")
    for name, amount_fen, valid_until in (
        ("第一批", FIRST_BATCH_FEN, plan.long_valid_until),
        ("第二批（短期）", SHORT_BATCH_FEN, plan.short_valid_until),
    ):
        draft = steps.batch_draft(name, amount_fen, plan.opens_at, plan.closes_at, valid_until)
        year.batches.append(steps.open_batch(client, plan.year, draft))
        print_line(f"{name}: {yuan(amount_fen)} yuan released by the bureau, vouchers valid until {valid_until}")
    draft = steps.batch_draft("第三批", OPEN_BATCH_FEN, plan.opens_at, plan.closes_at, plan.long_valid_until)
    year.third_batch = expect(client.call(OPERATOR, "POST", f"/programmes/{plan.year}/batches", draft), 201)
    print_line(f"第三批: {yuan(OPEN_BATCH_FEN)} yuan drafted by the operator, not released yet")


def import_lists(year: DemoYear) -> None:
    """The lists of other offices, and the violations that the bureau records."""
    print_heading("Lists and violations on record (§2.1.1, §2.1.3, §2.3.1)")
    for kind, content in year.plan.list_files.items():
        of_year = list_year(kind, year.plan.year)
        version = steps.import_list(year.client, kind, of_year, content, wait_until)
        counts = f"{version['row_count']} rows parsed, {version['error_count']} errors"
        print_line(f"{kind} of {of_year}: {counts}; applied by the bureau")
    for enterprise in year.plan.enterprises:
        if enterprise.has_violation:
            violation = {"uscc": enterprise.uscc, "facts": "上年度转让服务券", "order_ids": []}
            expect(year.client.call(BUREAU, "POST", "/violations", violation), 201)
            print_line(f"violation recorded: {enterprise.name}")


def register_enterprises(year: DemoYear) -> None:
    """Registration and review of every enterprise; those that must be refused are refused under the right clause."""
    print_heading("Enterprises register and are reviewed (§2.1, §4.1)")
    client, today = year.client, year.plan.today

    def register(enterprise: Enterprise) -> Json:
        documents = enterprise_documents(enterprise, today)
        return steps.register_enterprise(client, owner_of(enterprise.uscc), enterprise.registration(), documents)

    def review(enterprise: Enterprise) -> Reply:
        return steps.review_enterprise(client, enterprise.uscc)

    run_together("registered, with six documents each", year.plan.enterprises, register)
    reviews = run_together("reviewed by the operator", year.plan.enterprises, review)
    refusals = []
    for enterprise, reply in zip(year.plan.enterprises, reviews, strict=True):
        clause = reply.body.get("clause") if reply.status != 200 else None
        if clause != enterprise.expected_refusal:
            raise UnexpectedAnswer(f"{enterprise.name}: expected {enterprise.expected_refusal}, got {reply.body}")
        if clause:
            refusals.append((clause, reply.code, enterprise.name, reply.body["detail"]))
            expect(steps.review_enterprise(client, enterprise.uscc, "reject"), 200)
        else:
            year.approved_enterprises.append(enterprise)
    print_line(f"approved: {len(year.approved_enterprises)}; refused, though the reviewer would have approved:")
    print_table(("clause", "code", "enterprise", "why"), sorted(refusals))


def admit_agencies(year: DemoYear) -> None:
    """Applications of all agencies, and the products of those admitted."""
    print_heading("Agencies are admitted, products listed (§3.1–§3.3)")
    client, today = year.client, year.plan.today

    def admit(agency: Agency) -> Reply:
        documents = agency_documents(agency, today)
        steps.apply_agency(client, owner_of(agency.uscc), agency.application(), documents)
        return steps.admit_agency(client, agency.uscc)

    replies = run_together("applied, with ten documents each", year.plan.agencies, admit)
    for agency, reply in zip(year.plan.agencies, replies, strict=True):
        if (reply.body.get("clause") if reply.status != 200 else None) != agency.expected_refusal:
            raise UnexpectedAnswer(f"{agency.name}: expected {agency.expected_refusal}, got {reply.body}")
        if reply.status == 200:
            year.admitted_agencies.append(agency)
        else:
            print_line(f"{agency.name} → {reply.body['clause']} {reply.body['detail']}")
    year.products = run_together(
        "products listed",
        year.plan.products,
        lambda each: steps.list_product(client, owner_of(each.agency_uscc), each.listing()),
    )
    counts = Counter(product["category"] for product in year.products)
    print_line("by category: " + ", ".join(f"{category} {count}" for category, count in sorted(counts.items())))
