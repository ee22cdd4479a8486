"""The notice of a round: the operator publishes it, staff reads its objections, the bureau decides on them (§3.5.3)."""

from typing import Annotated

from pydantic import Field

from voucher.edge.api import Api
from voucher.edge.bodies import Versioned
from voucher.edge.disclosure import disclose
from voucher.edge.fields import Identifier, Text, Version
from voucher.edge.identity import require
from voucher.edge.objections import Case, Decision, decide, read_case
from voucher.edge.own import of_others
from voucher.edge.pages import ListOf, Search, Sort, reply_list
from voucher.edge.replies import Answer, reply
from voucher.models.base import Request
from voucher.models.notices import Notice, NoticeLine, Objection, ObjectionState, Outcome, Outcomes
from voucher.models.settlements import Line
from voucher.policy import CATEGORY_WORDS, OBJECTIONS_AT_ONCE
from voucher.refusals import Refusal, Refused, not_found
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, check_version, stepped
from voucher.rules.notices import new_notice
from voucher.rules.settlements import owed_fen
from voucher.store import notices, objections, organisations, programmes, rounds

app = Api()


class NoticeText(Request):
    text: Text = "现将通过审核的服务券抵用情况予以公示。"


class Resolution(Versioned):
    """Whoever objected reads `opinion`, and the agency, which does not learn who objected, and in which words."""

    decision: Decision
    opinion: Text | None = None


class Resolutions(Request):
    """The same decision on several objections to a notice. `versions` maps the id of an objection to the version of it
    that the caller looked at; an objection that was decided since is left as it is."""

    objection_ids: Annotated[list[Identifier], Field(min_length=1, max_length=OBJECTIONS_AT_ONCE)]
    decision: Decision
    opinion: Text | None = None
    versions: dict[Identifier, Version] = {}


class OfNotice(Search[ObjectionState]):
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
    # a line that is on notice already was put there by this very call, which was broken off
    lines = [line for line in rounds.list_lines(old) if line.state in ("approved", "noticed")]
    if not lines:
        raise Refused(Refusal.NOTHING_PASSED)
    check_four_eyes(app.caller.sub, "publish_notice", old, *organisations.list_parties(lines))
    shown = tuple(_public_line(line) for line in lines)
    working_days = programmes.get(old.year).policy.notice_working_days
    notice = new_notice(round_id, notice_id, body.text, shown, working_days, app.creation("notice"))
    notice = notice.model_copy(update={"enterprises": {line.order_id: line.enterprise_uscc for line in lines}})
    published = [
        (line, stepped(line, "publish", mark, notice_id=notice_id)) for line in lines if line.state == "approved"
    ]
    notices.commit_publication(notice, old, new, published)
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
def list_objections(notice_id: str, query: OfNotice) -> Answer[ListOf[Objection]]:
    """§3.5.3: who objects to what and why, for the staff who look into it; unless asked otherwise the oldest first.
    `q` looks into the id of the order, and the agency. Whoever acts for a party of a line sees none about it."""
    require(app.caller, "platform", "bureau", "finance")
    disclose(app, f"notice:{notices.get(notice_id).notice_id}")
    found, visible = query.finds("order_id", "agency_uscc"), of_others(app.caller)
    return reply_list(objections.list_page(query.selection(visible), found, notice_id), Objection.model_validate)


@app.post("/objections/<objection_id>/resolve")
def resolve(objection_id: str) -> Answer[Objection]:
    """§3.5.3: the bureau upholds an objection, and its lines go back to the agency; or it rejects the objection, and
    the lines go on, in the next round if the notice is closed already."""
    require(app.caller, "bureau")
    body = app.body(Resolution)
    case = read_case(notices.load(objections.get(objection_id).notice_id))
    # read last: see Api.handle
    old = objections.get(objection_id)
    if app.is_repeat(old, body.decision):
        return reply(old, replay=True)
    check_version(old, body.version)
    check_step(old, body.decision)
    return reply(decide(case, old, body.decision, body.opinion, app.mark))


@app.post("/notices/<notice_id>/objections/resolve")
def resolve_several(notice_id: str) -> Answer[Outcomes]:
    """§3.5.3: the same decision on several objections to a notice, each in a write of its own; each outcome tells
    whether it was taken, or why not. Sent again after a lost answer, the call goes on where it stopped."""
    require(app.caller, "bureau")
    body = app.body(Resolutions)
    case = read_case(notices.get(notice_id))
    check_four_eyes(app.caller.sub, "resolve_objection", case.round_)
    return reply({"items": [_outcome(case, each, body) for each in dict.fromkeys(body.objection_ids)]})


def _outcome(case: Case, objection_id: str, body: Resolutions) -> Outcome:
    try:
        objection = objections.get(objection_id)
        if objection.notice_id != case.notice.notice_id:
            raise not_found("objection")
        if not app.is_repeat(objection, body.decision):
            check_version(objection, body.versions.get(objection_id))
            objection = decide(case, objection, body.decision, body.opinion, app.mark)
    except Refused as no:
        # nothing definite: somebody else moved the notice, so the whole call is answered anew, or many write it
        if no.refusal is Refusal.BUSY or (no.refusal is Refusal.CHANGED_MEANWHILE and not no.errors):
            raise
        return {"objection_id": objection_id, "code": no.refusal.name, "detail": no.detail}
    return {"objection_id": objection_id, "code": "OK", "detail": None}


handler = app.handle
