"""The steps of a programme year: each makes a few API calls, as people do, and raises if an answer is unexpected."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any

from infra.city.document_files import DocumentFile
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Client, Person, Reply, key_of_call

Json = dict[str, Any]


class UnexpectedAnswer(Exception):
    """An answer of the API was not the expected one."""


def expect(reply: Reply, *statuses: int) -> Json:
    """The body of the reply. Raises UnexpectedAnswer if its status is not one of `statuses`."""
    if reply.status not in statuses:
        raise UnexpectedAnswer(f"expected {statuses}, got {reply.status}: {reply.body}")
    body: Json = reply.body
    return body


def instant(moment: datetime) -> str:
    """An instant as the API takes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def open_programme(client: Client, year: int, total_fen: int, policy: Json, document: str | None = None) -> Json:
    """§1.3: the bureau drafts, finance confirms; a policy that is looser than the edition has its `document`."""
    draft = {"year": year, "total_fen": total_fen, "policy": policy, "document_number": document}
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


def announce_and_upload(client: Client, person: Person, path: str, document: DocumentFile) -> str:
    """Announce a document and upload it; its id."""
    announcement = {
        "kind": document.kind,
        "filename": document.filename,
        "content_type": document.content_type,
        "size_bytes": len(document.content),
    }
    answer = expect(client.call(person, "POST", f"{path}/documents", announcement), 201)
    client.upload(answer["upload"], document.content)
    document_id: str = answer["document_id"]
    return document_id


def register_enterprise(client: Client, person: Person, registration: Json, documents: Iterable[DocumentFile]) -> Json:
    """§4.1.1: register, upload the documents, submit."""
    path = f"/enterprises/{registration['uscc']}"
    expect(client.call(person, "POST", "/enterprises", registration), 201)
    for document in documents:
        announce_and_upload(client, person, path, document)
    return expect(client.call(person, "POST", f"{path}/submit"), 200)


def review_enterprise(client: Client, uscc: str, decision: str = "approve") -> Reply:
    """§4.1.2: the operator's decision; the reply may be a refusal."""
    return client.call(OPERATOR, "POST", f"/enterprises/{uscc}/review", {"decision": decision, "reasons": []})


def apply_agency(client: Client, person: Person, application: Json, documents: Iterable[DocumentFile]) -> Json:
    """§3.2.1: apply, upload the documents, submit."""
    path = f"/agencies/{application['uscc']}"
    expect(client.call(person, "POST", "/agencies", application), 201)
    for document in documents:
        announce_and_upload(client, person, path, document)
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
    """§2.1.1, §2.3.1: the operator uploads, the worker parses, the bureau looks and applies; `wait` waits."""
    path = f"/lists/{kind}/{year}/imports"
    announcement = {
        "filename": f"{kind}.xlsx",
        "content_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "size_bytes": len(content),
    }
    record = expect(client.call(OPERATOR, "POST", path, announcement), 201)
    client.upload(record["upload"], content)
    path = f"{path}/{record['import_id']}"
    wait(lambda: expect(client.call(OPERATOR, "GET", path), 200)["state"] != "waiting")
    expect(client.call(BUREAU, "POST", f"{path}/apply", confirmed_difference(client, path)), 200)
    wait(lambda: bool(expect(client.call(OPERATOR, "GET", path), 200)["state"] == "applied"))
    return expect(client.call(OPERATOR, "GET", path), 200)


def confirmed_difference(client: Client, path: str) -> Json:
    """The bureau looks at what a version of a list changes; the body that applies just this."""
    seen = expect(client.call(BUREAU, "GET", f"{path}/difference"), 200)
    return {"touched": seen["touched"], "compared_with": seen["compared_with"]}


@dataclass(frozen=True)
class Deal:
    """One order: `owner` acts for the enterprise, `agency_person` for the agency."""

    owner: Person
    agency_person: Person
    product_id: str
    voucher_id: str
    contract_fen: int
    voucher_fen: int
    contract_number: str
    signed_on: date


def place_order(client: Client, deal: Deal) -> Reply:
    """§4.2.1: place the order; its contract is added later."""
    body = {
        "product_id": deal.product_id,
        "voucher_id": deal.voucher_id,
        "contract_fen": deal.contract_fen,
        "voucher_fen": deal.voucher_fen,
        "no_other_subsidy": True,
    }
    return client.call(deal.owner, "POST", "/orders", body, key=f"order-{deal.contract_number}")


def complete_order(client: Client, order_id: str, deal: Deal) -> Json:
    """§4.2.1: accept, agree on the contract, deliver, confirm."""
    deliver_order(client, order_id, deal)
    return expect(client.call(deal.owner, "POST", f"/orders/{order_id}/confirm"), 200)


def deliver_order(client: Client, order_id: str, deal: Deal) -> Json:
    """§4.2.1: accept, agree on the contract, deliver."""
    path = f"/orders/{order_id}"
    contract = {
        "contract_number": deal.contract_number,
        "contract_signed_on": deal.signed_on.isoformat(),
        "contract_fen": deal.contract_fen,
    }
    expect(client.call(deal.agency_person, "POST", f"{path}/accept"), 200)
    expect(client.call(deal.agency_person, "POST", f"{path}/contract", contract), 200)
    expect(client.call(deal.owner, "POST", f"{path}/contract/acknowledge"), 200)
    return expect(client.call(deal.agency_person, "POST", f"{path}/deliver"), 200)


def apply_for_settlement(client: Client, person: Person, agency_uscc: str, order_ids: list[str], key: str) -> Json:
    """§3.5.1: open an application for completed orders."""
    body = {"agency_uscc": agency_uscc, "order_ids": order_ids}
    return expect(client.call(person, "POST", "/settlements", body, key=key), 201)


def fill_in_line(
    client: Client, person: Person, settlement_id: str, line: Json, documents: list[DocumentFile], day: date
) -> Json:
    """§3.5.1: upload the four documents of a line and fill it in."""
    path = f"/settlements/{settlement_id}"
    document_ids = {each.kind: announce_and_upload(client, person, path, each) for each in documents}
    own_share_fen = line["contract_fen"] - line["voucher_fen"]
    number = line["order_id"][-12:]
    body = {
        "contract_fen": line["contract_fen"],
        "invoice": {
            "kind": "digital",
            "number": f"{int(number, 16):020}",
            "amount_fen": own_share_fen,
            "issued_on": day.isoformat(),
            "document_id": document_ids["invoice"],
        },
        "transfers": [
            {
                "reference": f"TR-{number}",
                "amount_fen": own_share_fen,
                "paid_on": day.isoformat(),
                "document_id": document_ids["transfer"],
            }
        ],
        "contract_document_id": document_ids["contract"],
        "evidence_document_ids": [document_ids["evidence"]],
    }
    return expect(client.call(person, "PUT", f"{path}/lines/{line['order_id']}", body), 200)


def pass_all_lines(client: Client, settlement: Json) -> Json:
    """§3.5.2: the operator passes every line."""
    lines = [
        {"order_id": line["order_id"], "decision": "pass", "opinion": "材料完整有效"} for line in settlement["lines"]
    ]
    path = f"/settlements/{settlement['settlement_id']}/pre-review"
    return expect(client.call(OPERATOR, "POST", path, {"lines": lines}), 200)


def take_round_through_notice(client: Client, settlement_ids: list[str]) -> Json:
    """§3.5.2, §3.5.3: gather, approve, publish the notice, close it; the round with its payables."""
    round_ = expect(client.call(OPERATOR, "POST", "/rounds", {"settlement_ids": settlement_ids}), 201)
    path = f"/rounds/{round_['round_id']}"
    expect(client.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    notice = expect(client.call(OPERATOR, "POST", f"{path}/notice", {}), 201)
    expect(client.call(BUREAU, "POST", f"/notices/{notice['notice_id']}/close"), 200)
    return expect(client.call(OPERATOR, "GET", path), 200)


def object_to(client: Client, person: Person | None, notice_id: str, words: Json, key: str | None = None) -> Json:
    """§3.5.3: object to a notice, with a proof of effort where one is asked for; the receipt."""
    path, key = f"/notices/{notice_id}/objections", key_of_call("POST", key)
    reply = client.call(person, "POST", path, words, key=key)
    while reply.code == "TOO_MANY_OBJECTIONS":
        reply = client.call(person, "POST", path, {**words, "effort": proof_of_effort(reply.body["effort"])}, key=key)
    return expect(reply, 200, 201)


def proof_of_effort(offer: Json) -> Json:
    """§3.5.3: the first number for which the SHA-256 of `challenge.number` begins with as many zero bits as asked."""
    begun, most_bits = hashlib.sha256(f"{offer['challenge']}.".encode()), 256 - int(offer["bits"])

    def fits(number: int) -> bool:
        tried = begun.copy()
        tried.update(str(number).encode())
        return int.from_bytes(tried.digest()).bit_length() <= most_bits

    return {"challenge": offer["challenge"], "nonce": str(next(filter(fits, count())))}


def submit_summary_invoice(client: Client, person: Person, payable: Json, name: str, document_id: str) -> Json:
    """§3.5.4: submit the summary invoice and the bank account, which the operator confirms if it is a new one."""
    body = {
        "agency_uscc": payable["agency_uscc"],
        "invoice_number": f"SUM-{payable['round_id'][-8:]}-{payable['agency_uscc'][-8:]}",
        "amount_fen": payable["amount_fen"],
        "bank_name": "丽水市某银行",
        # each agency has an account of its own, because one that several have is flagged
        "bank_account": f"62{int(payable['agency_uscc'], 36) % 10**17:017}",
        "account_name": name,
        "document_id": document_id,
    }
    invoiced = expect(client.call(person, "POST", f"/rounds/{payable['round_id']}/invoices", body), 200)
    return confirm_account(client, invoiced)


def confirm_account(client: Client, payable: Json, operator: Person = OPERATOR) -> Json:
    """§3.5.4: a second person confirms the account that waits, if one does; the payable."""
    if not (proposed := payable["proposed_account"]):
        return payable
    body = {"agency_uscc": payable["agency_uscc"], "change_id": proposed["change_id"], "decision": "confirm"}
    return expect(client.call(operator, "POST", f"/rounds/{payable['round_id']}/bank-account/review", body), 200)


def pay_out(client: Client, round_id: str, day: date) -> list[Json]:
    """§3.5.4: the operator makes the payouts, finance records that the bank paid; the payouts."""
    payouts = expect(client.call(OPERATOR_TWO, "POST", f"/rounds/{round_id}/payouts"), 201)["items"]
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
        for number, payout in enumerate(payouts)
    ]
