"""Public notices: anybody reads them, and objects to them (§3.5.3).

Anybody may call this function, so it only reads and records: notice_reviews and notice_closings move lines and money.
"""

import csv
import hashlib
import io

from aws_lambda_powertools.event_handler import Response

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.fields import Identifier, Name, Text, Uscc
from voucher.edge.pages import InState, ListOf, reply_list
from voucher.edge.replies import Answer, reply
from voucher.models.base import Request, yuan
from voucher.models.notices import Notice, NoticeState, Objection, ObjectionReceipt, PublicNotice
from voucher.models.removals import PublicRemoval, RemovalNotice
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.lifecycle import allows
from voucher.rules.notices import public_notice
from voucher.spreadsheets.workbook import inert
from voucher.store import notices, objections, programmes, rounds

app = Api()


class ObjectionText(Request):
    order_id: Identifier | None = None
    agency_uscc: Uscc | None = None
    name: Name
    contact: Name
    reason: Text


@app.get("/notices")
def list_notices(query: InState[NoticeState]) -> Answer[ListOf[PublicNotice | PublicRemoval]]:
    """Notices of rounds and of removals."""
    return reply_list(notices.list_page(query.selection()), lambda item: _shown(notices.notice_of(item)))


@app.get("/notices/<notice_id>")
def show(notice_id: str) -> Answer[PublicNotice | PublicRemoval] | Response[str]:
    """One notice. With `.csv` behind its id, the notice of a round as a table for spreadsheets."""
    if notice_id.endswith(".csv"):
        return Response(200, "text/csv; charset=utf-8", _csv(notices.get(notice_id.removesuffix(".csv"))))
    return reply(_shown(notices.get_public(notice_id)))


def _shown(notice: Notice | RemovalNotice) -> PublicNotice | PublicRemoval:
    return public_notice(notice, clock.today()) if isinstance(notice, Notice) else notice.shown()


def _csv(notice: Notice) -> str:
    """CSV with a byte order mark, because spreadsheets read Chinese only with it; no cell begins like a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["订单编号", "服务机构", "企业", "服务类别", "抵用金额（元）"])
    for line in notice.shown_lines:
        texts = (line["order_id"], line["agency_name"], line["enterprise_name"], line["category_name"])
        writer.writerow([*map(inert, texts), yuan(line["amount_fen"])])
    return "\ufeff" + out.getvalue()


@app.post("/notices/<notice_id>/objections")
def object_to(notice_id: str) -> Answer[ObjectionReceipt]:
    """§3.5.3: anybody objects to a line, to an agency's lines, or to a whole notice, until its closing begins."""
    notice = notices.get(notice_id)
    body = app.body(ObjectionText)
    objection_id = f"{notice_id}.{_objection_name(notice_id)}"
    if (existing := objections.find(objection_id)) is not None:
        return reply({"objection_id": objection_id, "state": existing.state}, replay=True)
    if not allows("notice", notice.state, "object"):
        raise Refused(Refusal.NOTICE_ENDED, of=notice)
    _check_parties(notice, body)
    objection = Objection(
        **body.model_dump(),
        objection_id=objection_id,
        notice_id=notice_id,
        state="standing",
        created_at=clock.now(),
        created_by="public",
    )
    policy = programmes.get(rounds.load(notice.round_id).year).policy
    objections.commit_objection(notice, objection, _source(notice_id), policy)
    return reply({"objection_id": objection_id, "state": objection.state}, 201)


def _check_parties(notice: Notice, body: ObjectionText) -> None:
    """An objection names only an order and an agency that stand in the notice. Raises MALFORMED."""
    lines = [line for line in notice.shown_lines if body.order_id in (None, line["order_id"])]
    if not lines:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("order_id", "不在公示之列。", "unknown")])
    if body.agency_uscc not in {None, *(line["agency_uscc"] for line in lines)}:
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("agency_uscc", "不在公示之列，或不是该订单的服务机构。", "unknown")]
        )


def _objection_name(notice_id: str) -> str:
    """What tells one objection from another: the same words from the same place are one, however often they are sent.
    So nobody needs an Idempotency-Key; whoever sends one may object in the same words again, under another key."""
    seed = f"{notice_id}\n{_source(notice_id)}\n{app.idempotency_key()}\n{app.request_sha256}"
    return hashlib.sha256(seed.encode()).hexdigest()[:12]


def _source(notice_id: str) -> str:
    """A hash of the caller's address. It tells one source from another within a notice, and nothing else."""
    identity = app.current_event.raw_event["requestContext"].get("identity") or {}
    return hashlib.sha256(f"{notice_id}\n{identity.get('sourceIp')}".encode()).hexdigest()[:16]


handler = app.handle
