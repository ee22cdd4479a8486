"""The steps of a programme year, each a few calls of the API as people make them; each insists on the right answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from infra.city.papers import Paper
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Client, Person, Reply

Json = dict[str, Any]


class Unexpected(Exception):
    """A step did not answer as it should."""


def expect(reply: Reply, *statuses: int) -> Json:
    """The body, if the status is one of those expected."""
    if reply.status not in statuses:
        raise Unexpected(f"expected {statuses}, got {reply.status}: {reply.body}")
    body: Json = reply.body
    return body


def instant(moment: datetime) -> str:
    """An instant as the API takes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def open_programme(client: Client, year: int, total_fen: int, policy: Json) -> Json:
    """§1.3: the bureau drafts, finance confirms."""
    draft = {"year": year, "total_fen": total_fen, "policy": policy}
    expect(client.call(BUREAU, "POST", "/programmes", draft), 201)
    return expect(client.call(FINANCE, "POST", f"/programmes/{year}/confirm"), 200)


def open_batch(client: Client, year: int, draft: Json) -> Json:
    """§1.4a: the operator drafts, the bureau publishes."""
    batch = expect(client.call(OPERATOR, "POST", f"/programmes/{year}/batches", draft), 201)
    return expect(client.call(BUREAU, "POST", f"/batches/{batch['batch_id']}/publish"), 200)


def batch_draft(name: str, amount_fen: int, opens: datetime, closes: datetime, valid_until: date, **more: Any) -> Json:
    """The body that drafts a batch."""
    return {
        "name": name,
        "amount_fen": amount_fen,
        "opens_at": instant(opens),
        "closes_at": instant(closes),
        "valid_until": valid_until.isoformat(),
        "kind": "regular",
        **more,
    }


def announce_and_upload(client: Client, person: Person, path: str, paper: Paper) -> str:
    """Announce a document, upload it; its id."""
    announced = {
        "kind": paper.kind,
        "filename": paper.filename,
        "content_type": paper.content_type,
        "size_bytes": len(paper.content),
    }
    answer = expect(client.call(person, "POST", f"{path}/documents", announced), 201)
    client.upload(answer["upload"], paper.content)
    document_id: str = answer["document_id"]
    return document_id


def register_enterprise(client: Client, person: Person, registration: Json, papers: Iterable[Paper]) -> Json:
    """§4.1.1: register, hand in the papers, submit."""
    path = f"/enterprises/{registration['uscc']}"
    expect(client.call(person, "POST", "/enterprises", registration), 201)
    for paper in papers:
        announce_and_upload(client, person, path, paper)
    return expect(client.call(person, "POST", f"{path}/submit"), 200)


def review_enterprise(client: Client, uscc: str, decision: str = "approve") -> Reply:
    """§4.1.2: the operator's decision; a clause may refuse it."""
    return client.call(OPERATOR, "POST", f"/enterprises/{uscc}/review", {"decision": decision, "reasons": []})


def apply_agency(client: Client, person: Person, application: Json, papers: Iterable[Paper]) -> Json:
    """§3.2.1: apply, hand in the papers, submit."""
    path = f"/agencies/{application['uscc']}"
    expect(client.call(person, "POST", "/agencies", application), 201)
    for paper in papers:
        announce_and_upload(client, person, path, paper)
    return expect(client.call(person, "POST", f"{path}/submit"), 200)


def admit_agency(client: Client, uscc: str) -> Reply:
    """§3.2.2: the operator pre-reviews, the bureau approves."""
    decision = {"decision": "approve", "reasons": ["材料齐全"]}
    opinion = client.call(OPERATOR, "POST", f"/agencies/{uscc}/pre-review", decision)
    return client.call(BUREAU, "POST", f"/agencies/{uscc}/approve", decision) if opinion.status == 200 else opinion


def list_product(client: Client, person: Person, listing: Json) -> Json:
    """§3.3: the agency drafts, the operator publishes."""
    product = expect(client.call(person, "POST", "/products", listing), 201)
    return expect(client.call(OPERATOR, "POST", f"/products/{product['product_id']}/publish"), 200)


def import_list(
    client: Client, kind: str, year: int, content: bytes, wait: Callable[[Callable[[], bool]], None]
) -> Json:
    """§2.1.1, §2.3.1: upload, let the worker parse, the bureau applies; `wait` waits for a condition."""
    path = f"/lists/{kind}/{year}/imports"
    announced = {
        "filename": f"{kind}.xlsx",
        "content_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "size_bytes": len(content),
    }
    record = expect(client.call(OPERATOR, "POST", path, announced), 201)
    client.upload(record["upload"], content)
    path = f"{path}/{record['import_id']}"
    wait(lambda: expect(client.call(OPERATOR, "GET", path), 200)["state"] != "waiting")
    expect(client.call(BUREAU, "POST", f"{path}/apply"), 200)
    wait(lambda: bool(expect(client.call(OPERATOR, "GET", path), 200)["state"] == "applied"))
    return expect(client.call(OPERATOR, "GET", path), 200)


@dataclass(frozen=True)
class Deal:
    """One order from placing to completion, with the people on both sides."""

    buyer: Person
    seller: Person
    product_id: str
    voucher_id: str
    contract_fen: int
    voucher_fen: int
    contract_number: str
    signed_on: date


def place_order(client: Client, deal: Deal) -> Reply:
    """§4.2.1: use the voucher toward a product; the contract follows later."""
    body = {
        "product_id": deal.product_id,
        "voucher_id": deal.voucher_id,
        "contract_fen": deal.contract_fen,
        "voucher_fen": deal.voucher_fen,
        "no_other_subsidy": True,
    }
    return client.call(deal.buyer, "POST", "/orders", body, key=f"order-{deal.contract_number}")


def carry_out(client: Client, order_id: str, deal: Deal) -> Json:
    """§4.2.1: accepted, contracted, delivered, confirmed."""
    path = f"/orders/{order_id}"
    contract = {
        "contract_number": deal.contract_number,
        "contract_signed_on": deal.signed_on.isoformat(),
        "contract_fen": deal.contract_fen,
    }
    expect(client.call(deal.seller, "POST", f"{path}/accept"), 200)
    expect(client.call(deal.seller, "POST", f"{path}/contract", contract), 200)
    expect(client.call(deal.seller, "POST", f"{path}/deliver"), 200)
    return expect(client.call(deal.buyer, "POST", f"{path}/confirm"), 200)


def apply_for_settlement(client: Client, person: Person, agency_uscc: str, order_ids: list[str], key: str) -> Json:
    """§3.5.1: open an application for completed orders."""
    body = {"agency_uscc": agency_uscc, "order_ids": order_ids}
    return expect(client.call(person, "POST", "/settlements", body, key=key), 201)


def fill_in_line(
    client: Client, person: Person, settlement_id: str, line: Json, papers: list[Paper], day: date
) -> Json:
    """§3.5.1: the four papers of one order, and what they say."""
    path = f"/settlements/{settlement_id}"
    documents = {paper.kind: announce_and_upload(client, person, path, paper) for paper in papers}
    own_share_fen = line["contract_fen"] - line["voucher_fen"]
    number = line["order_id"][-12:]
    given = {
        "contract_fen": line["contract_fen"],
        "invoice": {
            "number": f"INV-{number}",
            "amount_fen": own_share_fen,
            "issued_on": day.isoformat(),
            "document_id": documents["invoice"],
        },
        "transfers": [
            {
                "reference": f"TR-{number}",
                "amount_fen": own_share_fen,
                "paid_on": day.isoformat(),
                "document_id": documents["transfer"],
            }
        ],
        "contract_document_id": documents["contract"],
        "evidence_document_ids": [documents["evidence"]],
    }
    return expect(client.call(person, "PUT", f"{path}/lines/{line['order_id']}", given), 200)


def pass_all(client: Client, settlement: Json) -> Json:
    """§3.5.2: the operator passes every line."""
    lines = [
        {"order_id": line["order_id"], "decision": "pass", "opinion": "材料完整有效"} for line in settlement["lines"]
    ]
    path = f"/settlements/{settlement['settlement_id']}/pre-review"
    return expect(client.call(OPERATOR, "POST", path, {"lines": lines}), 200)


def run_round(client: Client, settlement_ids: list[str]) -> Json:
    """§3.5.2, §3.5.3: gathered, approved by the bureau, put on notice, closed; the round with what is payable."""
    round_ = expect(client.call(OPERATOR, "POST", "/rounds", {"settlement_ids": settlement_ids}), 201)
    path = f"/rounds/{round_['round_id']}"
    expect(client.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    notice = expect(client.call(OPERATOR, "POST", f"{path}/notice", {}), 201)
    expect(client.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    return expect(client.call(OPERATOR, "GET", path), 200)


def hand_in_invoice(client: Client, person: Person, payable: Json, name: str, document_id: str) -> Json:
    """§3.5.4: the summary invoice and the bank account."""
    body = {
        "agency_uscc": payable["agency_uscc"],
        "invoice_number": f"SUM-{payable['round_id'][-8:]}-{payable['agency_uscc'][-8:]}",
        "amount_fen": payable["amount_fen"],
        "bank_name": "丽水市某银行",
        "bank_account": "6200000000000000018",
        "account_name": name,
        "document_id": document_id,
    }
    return expect(client.call(person, "POST", f"/rounds/{payable['round_id']}/invoices", body), 200)


def pay_out(client: Client, round_id: str, day: date) -> list[Json]:
    """§3.5.4: payouts made by the operator, paid by the bank, recorded by finance."""
    made = expect(client.call(OPERATOR_TWO, "POST", f"/rounds/{round_id}/payouts"), 201)["items"]
    return [
        expect(
            client.call(
                FINANCE,
                "POST",
                f"/payouts/{payout['payout_id']}/result",
                {"state": "paid", "bank_reference": f"BK-{number}", "paid_on": day.isoformat()},
            ),
            200,
        )
        for number, payout in enumerate(made)
    ]
