"""The notice of a round: the operator publishes it, staff reads its objections, the bureau decides on them (§3.5.3)."""

from typing import Literal

from voucher.edge.api import Api
from voucher.edge.bodies import Versioned
from voucher.edge.disclosure import disclose
from voucher.edge.fields import Text
from voucher.edge.identity import require
from voucher.edge.pages import OfDays, Sort
from voucher.edge.replies import Answer, PageOf, reply, reply_page
from voucher.models.base import Request, instant_text
from voucher.models.notices import Notice, NoticeLine, Objection, ObjectionState
from voucher.models.rounds import Round
from voucher.models.settlements import Line
from voucher.policy import CATEGORY_WORDS
from voucher.refusals import Refusal, Refused
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_version, stepped
from voucher.rules.notices import is_objected
from voucher.rules.settlements import owed_fen
from voucher.rules.working_days import add_working_days, shanghai_date
from voucher.store import notices, objections, organisations, programmes, rounds, settlements
from voucher.store.engine.pages import cut_page
from voucher.store.engine.table import Write

app = Api()


class NoticeText(Request):
    text: Text = "现将通过审核的服务券抵用情况予以公示。"


class Resolution(Versioned):
    """The agency reads `opinion`; it does not learn who objected, and in which words."""

    decision: Literal["uphold", "reject"]
    opinion: Text | None = None


class OfNotice(OfDays):
    state: ObjectionState | None = None
    sort: Sort = "oldest"


@app.post("/rounds/<round_id>/notice")
def publish_notice(round_id: str) -> Answer[Notice]:
    """§3.5.3: the operator puts the approved lines on public notice for the policy's working days."""
    require(app.caller, "platform")
    body = app.body(NoticeText)
    old = rounds.get(round_id)
    if app.is_repeat(old, "notice") and old.notice_id:
        return reply(notices.load(old.notice_id), replay=True)
    notice_id = f"n_{round_id.removeprefix('r_')}"
    mark = app.mark
    new = stepped(old, "notice", mark, notice_id=notice_id)
    check_four_eyes(app.caller.sub, "publish_notice", old)
    working_days = programmes.get(old.year).policy.notice_working_days
    # a line that is on notice already was put there by this very call, which was broken off
    lines = [line for line in rounds.list_lines(old) if line.state in ("approved", "noticed")]
    if not lines:
        raise Refused(Refusal.NOTHING_PASSED)
    published_on = shanghai_date(mark.at)
    due = add_working_days(published_on, working_days) if working_days else None
    notice = Notice(
        notice_id=notice_id,
        round_id=round_id,
        text=body.text,
        published_on=published_on,
        ends_on=due.date if due else published_on,
        ends_certain=due.certain if due else True,
        working_days=working_days,
        lines=tuple(_public_line(line) for line in lines),
        state="running",
        **app.creation("notice"),
    )
    approved = [line for line in lines if line.state == "approved"]
    line_writes = [settlements.line_write(line, stepped(line, "publish", mark)) for line in approved]
    notices.commit_publication(notice, old, new, line_writes)
    return reply(notice, 201)


def _public_line(line: Line) -> NoticeLine:
    """§3.5.3: what the public reads of a line, and no more."""
    agency = organisations.find_agency(line.agency_uscc)
    enterprise = organisations.find_enterprise(line.enterprise_uscc)
    return {
        "order_id": line.order_id,
        "agency_uscc": line.agency_uscc,
        "agency_name": agency.name if agency else "",
        "enterprise_name": enterprise.name if enterprise else "",
        "category": line.category,
        "category_name": CATEGORY_WORDS[line.category],
        "amount_fen": owed_fen(line),
    }


@app.get("/notices/<notice_id>/objections")
def list_objections(notice_id: str, query: OfNotice) -> Answer[PageOf[Objection]]:
    """§3.5.3: who objects to what and why, for the staff who look into it; unless asked otherwise the oldest first."""
    require(app.caller, "platform", "bureau", "finance")
    known = objections.list_of_notice(notices.get(notice_id).notice_id)
    disclose(app, f"notice:{notice_id}")
    chosen = [each for each in known if query.state in (None, each.state)]
    placed = ((f"{instant_text(each.created_at)}#{each.objection_id}", each) for each in chosen)
    items, next_cursor = cut_page(notice_id, placed, query.selection())
    return reply_page(items, next_cursor)


@app.post("/objections/<objection_id>/resolve")
def resolve(objection_id: str) -> Answer[Objection]:
    """§3.5.3: the bureau upholds an objection, and its lines go back to the agency; or it rejects the objection, and
    the lines go on, in the next round if the notice is closed already."""
    require(app.caller, "bureau")
    body = app.body(Resolution)
    notice = notices.load(objections.get(objection_id).notice_id)
    # read last: see Api.handle
    old = objections.get(objection_id)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    check_version(old, body.version)
    new = stepped(old, body.decision, app.mark)
    round_ = rounds.load(notice.round_id)
    check_four_eyes(app.caller.sub, "resolve_objection", round_)
    line_writes = _line_writes(body, old, notice, round_)
    objections.commit_resolution(old, new, notice, round_, line_writes, app.caller.sub)
    return reply(new)


def _line_writes(body: Resolution, objection: Objection, notice: Notice, round_: Round) -> list[Write]:
    """What the bureau's decision means for the lines that the objection held."""
    lines = [line for line in rounds.list_lines(round_) if line.state == "noticed"]
    held = [line for line in lines if is_objected(line.order_id, line.agency_uscc, [objection])]
    if body.decision == "uphold":
        opinion = f"公示期内的异议成立。{body.opinion or ''}"
        steps = [(line, stepped(line, "uphold", app.mark, round_id=None, opinion=opinion)) for line in held]
    elif notice.state == "closed":
        known = objections.list_of_notice(notice.notice_id)
        others = [each for each in known if each.objection_id != objection.objection_id]
        free = [line for line in held if not is_objected(line.order_id, line.agency_uscc, others)]
        steps = [(line, stepped(line, "release", app.mark, round_id=None)) for line in free]
    else:
        steps = []  # the lines stay on notice, and the closing asks for the objections again
    return [settlements.line_write(old, new) for old, new in steps]


handler = app.handle
