"""Complaints as the operator enters them for a caller, and as staff lists them (§5.3)."""

from secrets import token_hex
from typing import Literal

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.complaints import ComplaintText
from voucher.edge.creation import key_write
from voucher.edge.disclosure import disclose
from voucher.edge.identity import require
from voucher.edge.own import of_others
from voucher.edge.pages import ListOf, Search, all_of, reply_list
from voucher.edge.policies import policy_today
from voucher.edge.queries import Switch
from voucher.edge.replies import Answer, reply
from voucher.models.complaints import Complaint, ComplaintReceipt, ComplaintState, Topic
from voucher.rules.complaints import is_overdue, new_complaint, receipt
from voucher.store import complaints

app = Api()


class Entry(ComplaintText):
    channel: Literal["phone", "visit", "letter"]


class Complaints(Search[ComplaintState]):
    topic: Topic | None = None
    overdue: Switch = "false"


@app.get("/complaints")
def list_complaints(query: Complaints) -> Answer[ListOf[Complaint]]:
    """§5.3: complaints, for the operator and the bureau; with `overdue=true` those whose last day is over. `q` looks
    into text and code. Whoever acts for an organisation sees none about it here."""
    require(app.caller, "platform", "bureau")
    today = clock.today()
    late = (lambda item: is_overdue(item, today)) if query.overdue == "true" else None
    topic = (lambda item: item["topic"] == query.topic) if query.topic else None
    disclose(app, "complaints:list")
    keep = all_of(query.finds("text", "about_uscc"), topic, late)
    page = complaints.list_page(query.selection(visible=of_others(app.caller)), keep)
    return reply_list(page, Complaint.model_validate)


@app.post("/staff/complaints")
def enter() -> Answer[ComplaintReceipt]:
    """§5.3: the operator enters what somebody says by phone, on a visit or in a letter, and tells them the code."""
    require(app.caller, "platform")
    body, complaint_id = app.body(Entry), app.new_id("cp")
    if (existing := complaints.find(complaint_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(receipt(existing, app.needed_key), replay=True)
    facts = {**body.model_dump(), **app.creation("enter"), "code_seed": token_hex()}
    complaint = new_complaint(complaint_id, facts, app.needed_key, policy_today())
    complaints.commit_new(complaint, [key_write(app)])
    return reply(receipt(complaint, app.needed_key), 201)


handler = app.handle
