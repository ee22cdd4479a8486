"""Public notices: anybody reads them, and objects to them (§3.5.3).

Anybody may call this function, so it only reads and records: notice_reviews and notice_closings move lines and money.
"""

from secrets import token_hex

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.crowds import Effort, admit, source_of
from voucher.edge.fields import Identifier, Name, ShortText, Uscc
from voucher.edge.pages import InState, ListOf, reply_list
from voucher.edge.replies import Answer, Response, reply
from voucher.models.base import Request
from voucher.models.notices import Notice, NoticeState, ObjectionReceipt, PublicNotice
from voucher.models.removals import PublicRemoval, RemovalNotice
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.notices import check_takes_objections, public_notice
from voucher.rules.objections import new_objection, objection_id_of, origin_of, receipt, words_sha256
from voucher.spreadsheets.notice_file import notice_csv
from voucher.store import keys, notices, objections, programmes, rounds

app = Api()


class ObjectionText(Request):
    order_id: Identifier | None = None
    agency_uscc: Uscc | None = None
    name: Name
    contact: Name
    reason: ShortText
    effort: Effort | None = None


@app.get("/notices")
def list_notices(query: InState[NoticeState]) -> Answer[ListOf[PublicNotice | PublicRemoval]]:
    """Notices of rounds and of removals."""
    return reply_list(notices.list_page(query.selection()), lambda item: _shown(notices.notice_of(item)))


@app.get("/notices/<notice_id>")
def show(notice_id: str) -> Answer[PublicNotice | PublicRemoval] | Response[str]:
    """One notice. With `.csv` behind its id, the notice of a round as a table for spreadsheets."""
    if notice_id.endswith(".csv"):
        return Response(
            200, "text/csv; charset=utf-8", notice_csv(notices.get(notice_id.removesuffix(".csv")).shown_lines)
        )
    return reply(_shown(notices.get_public(notice_id)))


def _shown(notice: Notice | RemovalNotice) -> PublicNotice | PublicRemoval:
    return public_notice(notice, clock.today()) if isinstance(notice, Notice) else notice.shown()


@app.post("/notices/<notice_id>/objections")
def object_to(notice_id: str) -> Answer[ObjectionReceipt]:
    """§3.5.3: anybody objects to a line, to an agency's lines, or to a whole notice, until its last day is over or
    its closing begins. When too many come, the refusal offers an `effort`, and the same objection with the proof of it
    is taken."""
    body, now = app.body(ObjectionText), clock.now()
    notice = notices.get_public(notice_id)
    if isinstance(notice, RemovalNotice):
        raise Refused(Refusal.REMOVAL_NOT_OBJECTED_TO)
    key, source, effort = app.idempotency_key(), source_of(app, notice_id), body.effort
    said = body.model_dump(exclude={"effort"})
    words = words_sha256(said, key)
    plain_id = objection_id_of(notice_id, f"{source}\n{words}")
    # a proof is for one objection, wherever it comes from: the address of a phone may change from call to call
    proven_id = objection_id_of(notice_id, effort.challenge) if effort else plain_id
    for objection_id in sorted({plain_id, proven_id}):
        existing = objections.find(objection_id)
        if existing and existing.request_sha256 == words:
            return reply(receipt(existing, key), replay=True)
    check_takes_objections(notice, now)
    _check_parties(notice, body)
    policy = programmes.get(rounds.load(notice.round_id).year).policy
    key = key or token_hex()
    facts = {**said, "created_at": now, "request_sha256": words, "code_seed": token_hex()}
    plain, proven = (new_objection(notice, each, facts, key, policy) for each in (plain_id, proven_id))
    origin, refusal = origin_of(plain, source), Refusal.TOO_MANY_OBJECTIONS
    admission = admit(keys.notice(notice_id), origin, words, effort, policy, now, refusal)
    taken = proven if admission.proven else plain
    objections.commit_new(taken, admission.writes)
    return reply(receipt(taken, key), 201)


def _check_parties(notice: Notice, body: ObjectionText) -> None:
    """An objection names only an order and an agency that stand in the notice. Raises MALFORMED."""
    lines = [line for line in notice.shown_lines if body.order_id in (None, line["order_id"])]
    if not lines:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("order_id", "不在公示之列。", "unknown")])
    if body.agency_uscc not in {None, *(line["agency_uscc"] for line in lines)}:
        raise Refused(
            Refusal.MALFORMED, errors=[FieldError("agency_uscc", "不在公示之列，或不是该订单的服务机构。", "unknown")]
        )


handler = app.handle
