"""Public notices: read by anybody, objected to by anybody (§3.5.3).

The function that everybody may call moves no money and no line: closings does.
"""

import csv
import hashlib
import io
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Identifier, Name, Text, Uscc
from voucher.edge.replies import reply
from voucher.models.base import Request, yuan
from voucher.models.notices import Notice, Objection
from voucher.models.removals import RemovalNotice
from voucher.refusals import FieldError, Refusal, Refused
from voucher.spreadsheets.workbook import inert
from voucher.store import notices, programmes, rounds

app = Api()


class ObjectionGiven(Request):
    order_id: Identifier | None = None
    agency_uscc: Uscc | None = None
    name: Name
    contact: Name
    reason: Text


@app.get("/notices")
def list_notices() -> Response[str]:
    """Notices, the newest first."""
    page = notices.list_page(app.limit, app.query("cursor"))
    kinds = [RemovalNotice if item.get("kind") == "removal" else Notice for item in page.items]
    items = [kind.model_validate(item).shown() for kind, item in zip(kinds, page.items, strict=True)]
    return reply({"items": items, "next_cursor": page.next_cursor})


@app.get("/notices/<notice_id>")
def show(notice_id: str) -> Response[str]:
    """One notice; with `.csv` at its end, as a table for spreadsheets."""
    if (removal := notices.find_removal(notice_id)) is not None:
        return reply(removal.shown())
    notice = _found(notice_id.removesuffix(".csv"))
    if not notice_id.endswith(".csv"):
        return reply(notice.shown())
    return Response(200, "text/csv; charset=utf-8", _table(notice))


def _table(notice: Notice) -> str:
    """CSV with a byte order mark, so that spreadsheets read Chinese; no cell begins like a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["订单编号", "服务机构", "企业", "服务类别", "抵用金额（元）"])
    for line in notice.shown_lines:
        texts = (line["order_id"], line["agency_name"], line["enterprise_name"], line["category_name"])
        writer.writerow([*map(inert, texts), yuan(line["amount_fen"])])
    return "\ufeff" + out.getvalue()


def _found(notice_id: str) -> Notice:
    if (notice := notices.find(notice_id)) is None:
        raise Refused(Refusal.NOT_FOUND)
    return notice


@app.post("/notices/<notice_id>/objections")
def object_to(notice_id: str) -> Response[str]:
    """§3.5.3: anybody objects to a line, an agency's lines, or all of a notice, until a human closes it."""
    old, body = _found(notice_id), app.body(ObjectionGiven)
    objection_id = f"{notice_id}.{_name_of_request(notice_id)}"
    if (existing := notices.find_objection(objection_id)) is not None:
        return reply({"objection_id": objection_id, "state": existing.state}, replay=True)
    if old.state != "running":
        raise Refused(Refusal.NOTICE_ENDED, of=old)
    named = [line for line in old.shown_lines if body.order_id in (None, line["order_id"])]
    if not named:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("order_id", "不在公示之列。")])
    if body.agency_uscc not in {None, *(line["agency_uscc"] for line in named)}:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("agency_uscc", "不在公示之列，或不是该订单的服务机构。")])
    now = clock.now()
    objection = Objection(
        **body.model_dump(),
        objection_id=objection_id,
        notice_id=notice_id,
        state="standing",
        created_at=now,
        created_by="public",
    )
    policy = programmes.get(rounds.load(old.round_id).year).policy
    notices.commit_objection(old, old.next_version(), objection, f"{now:%Y-%m-%dT%H}", _source(notice_id), policy)
    return reply({"objection_id": objection.objection_id, "state": objection.state}, 201)


def _name_of_request(notice_id: str) -> str:
    """With an Idempotency-Key the same request is the same objection; nobody is signed in, so its body counts, too."""
    key = app.idempotency_key()
    seed = f"{notice_id}\n{_source(notice_id)}\n{key}\n{app.request_sha256}"
    return hashlib.sha256(seed.encode()).hexdigest()[:12] if key else uuid4().hex[:12]


def _source(notice_id: str) -> str:
    """The caller's address, only good for telling one from another within one notice."""
    identity = app.current_event.raw_event["requestContext"].get("identity") or {}
    return hashlib.sha256(f"{notice_id}\n{identity.get('sourceIp')}".encode()).hexdigest()[:16]


handler = app.handle
