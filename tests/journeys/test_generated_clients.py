"""What tools of others make of the API's document: two clients compile, and one of them takes a year to its payment."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.city.document_files import agency_documents, order_documents, summary_invoice_document
from infra.client import steps
from infra.client.http import OPERATOR, Person, Reply
from infra.client.steps import Deal
from infra.demo.plan import owner_of
from infra.generated import collection, python_client, typescript
from infra.local.stack import Stack
from infra.local.state import ROOT
from tests.journeys.contract_city import ContractCity, build_contract_city
from tests.journeys.deployment import TOTAL_FEN, Deployment, Json
from tests.journeys.generated_client import GeneratedClient
from tests.support import samples

CONTRACT_FEN, VOUCHER_FEN = 1_000_000, 700_000
# a city that no round of test_schemathesis.py has
COLLECTION_CITY = 50
# what a client is told that sent a wrong call, rather than a call at the wrong time
WRONG_CALL = {"UNAUTHENTICATED", "ROLE_REQUIRED", "ROUTE_NOT_FOUND", "METHOD_NOT_ALLOWED", "IDEMPOTENCY_KEY_REQUIRED"}
WRONG_FIELD = {"missing", "type", "format", "not_allowed", "too_long", "too_short", "too_many", "too_few"}


def test_a_typescript_client_compiles_and_stops_wrong_calls() -> None:
    typescript.check_types()


@pytest.fixture(scope="module")
def package() -> Path:
    """The Python client, made anew."""
    return python_client.make()


def test_a_python_client_compiles_with_strict_types(package: Path) -> None:
    python_client.check_types(package)


@pytest.fixture(scope="module")
def generated(deployment: Deployment, package: Path) -> Deployment:
    """The deployment as the generated client sees it."""
    return replace(deployment, client=GeneratedClient(deployment.stack, package))


def test_the_python_client_takes_a_year_from_its_budget_to_a_paid_agency(generated: Deployment, year: int) -> None:
    client, today = generated.client, generated.plan.today
    batch = generated.open_batch(TOTAL_FEN // 50)
    agency, enterprise = next(generated.agencies), generated.add_approved_enterprise()
    seller, owner = owner_of(agency.uscc), owner_of(enterprise.uscc)
    steps.apply_agency(client, seller, agency.application(), agency_documents(agency, today))
    steps.expect(steps.admit_agency(client, agency.uscc), 200)
    product = steps.list_product(client, seller, samples.product(agency))
    voucher_id = generated.grab(batch, enterprise)["voucher_id"]
    amounts = (CONTRACT_FEN, VOUCHER_FEN)
    deal = Deal(owner, seller, product["product_id"], voucher_id, *amounts, f"HT-{agency.uscc}", today)
    order = steps.expect(steps.place_order(client, deal), 201)
    order_id = steps.complete_order(client, order["order_id"], deal)["order_id"]
    settlement = steps.apply_for_settlement(client, seller, agency.uscc, [order_id], f"settle-{order_id}")
    documents = order_documents(
        enterprise.name, agency.name, "企业服务", order_id, CONTRACT_FEN, CONTRACT_FEN - VOUCHER_FEN
    )
    path = f"/settlements/{settlement['settlement_id']}"
    steps.fill_in_line(client, seller, settlement["settlement_id"], settlement["lines"][0], documents, today)
    steps.expect(client.call(seller, "POST", f"{path}/submit"), 200)
    steps.pass_all_lines(client, settlement)
    round_ = steps.take_round_through_notice(client, [settlement["settlement_id"]])
    invoice = summary_invoice_document(agency.name, VOUCHER_FEN)
    document_id = steps.announce_and_upload(client, seller, path, invoice)
    [payable] = round_["payables"]
    steps.submit_summary_invoice(client, seller, payable, agency.name, document_id)
    [payout] = steps.pay_out(client, round_["round_id"], today)
    assert (payout["agency_uscc"], payout["amount_fen"], payout["state"]) == (agency.uscc, VOUCHER_FEN, "paid")
    assert _state(generated, owner, f"/orders/{order_id}") == "paid"
    assert _state(generated, OPERATOR, path) == "reviewed"


def test_each_call_of_the_collection_is_understood_as_it_stands(stack: Stack) -> None:
    """Each finds what it names, or nearly; whether it is taken depends on what was sent before it."""
    city = build_contract_city(stack, COLLECTION_CITY)
    replies = {name: city.deployment.client.send(*request) for name, request in _requests(city)}
    assert {name: reply.body for name, reply in replies.items() if _is_wrong(reply)} == {}
    assert len([reply for reply in replies.values() if reply.status == 404]) < len(replies) / 5
    assert len([reply for reply in replies.values() if reply.status < 300]) > len(replies) / 3


def _is_wrong(reply: Reply) -> bool:
    mistakes = reply.body["errors"] if reply.status >= 400 else []
    return reply.status >= 500 or reply.code in WRONG_CALL or any(each["code"] in WRONG_FIELD for each in mistakes)


def _requests(city: ContractCity) -> Iterator[tuple[str, tuple[str, str, bytes | None, dict[str, str]]]]:
    """Every request of the file, its variables filled in, taken apart as an editor does it."""
    values = {name: ids[-1] for name, ids in city.ids.items()} | {"address": ""}
    values |= {"enterprise_uscc": city.ids["enterprises"][0], "agency_uscc": city.ids["agencies"][0]}
    values |= {f"{name}_token": city.token(name) for name, person in city.callers.items() if person}
    values |= {"edition": "any", "draft_id": "", "yearly_file_id": f"YF-{city.ids['year'][0]}-01"}
    values["asset"] = next(ROOT.glob("functions/docs/*.js.gz")).name.removesuffix(".gz")
    for number, section in enumerate(collection.FILE.read_text().split("### ")[1:]):
        values["key"] = f"k-{number}"  # as the file says: it names what is created
        each = re.sub(r"{{(\w+)}}", lambda name: values[name[1]], section)
        head, _, body = each.partition("\n\n")
        name, *lines = [line for line in head.splitlines() if not line.startswith("#")]
        method, _, path = lines[0].partition(" ")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        yield name, (method, path, body.encode() if body.strip() else None, headers)


def _state(generated: Deployment, person: Person, path: str) -> str:
    record: Json = generated.get(person, path)
    return str(record["state"])
