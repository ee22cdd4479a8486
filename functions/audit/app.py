"""The audit trail: who did what, and who read whose personal data; and whether the trail holds.

This function only reads. What it answers is no reading of personal data: a trail names nobody but by the subject of a
token.
"""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from voucher.edge.api import Api
from voucher.edge.audit import verify_end, verify_part
from voucher.edge.identity import as_member, is_before_approval, require
from voucher.edge.pages import ListOf, OfDays, all_of, reply_list
from voucher.edge.queries import Cursor, Query, QueryId
from voucher.edge.replies import Answer, reply
from voucher.models.agencies import Agency
from voucher.models.audit import GENESIS, AuditEntry, Break, Link, Verification
from voucher.models.base import instant_text
from voucher.models.enterprises import Enterprise
from voucher.refusals import FieldError, Refusal, Refused
from voucher.store import audit, organisations
from voucher.store.engine.cursors import read_cursor, refuse_cursor, write_cursor
from voucher.store.engine.pages import Keep, Party
from voucher.store.engine.table import Item

app = Api()
SCOPE = "audit"
BREAK_WORDS = {
    "missing": "第 {seq} 条（及其之前的若干条）缺失。",
    "changed": "第 {seq} 条在写入后被改动。",
    "detached": "第 {seq} 条与前一条不衔接。",
    "cut": "末尾被截断：至第 {seq} 条的记录应当存在。",
    "replaced": "第 {seq} 条与另处留存的存证不符。",
}


class Sought(OfDays):
    """`about` is a thing and its id, such as `order:o_1`; of an organisation (`enterprise:…`, `agency:…`) it is
    all that concerns it. `by` is the subject of a person."""

    about: Annotated[
        str | None, StringConstraints(pattern=r"^[a-z_]+:[A-Za-z0-9_.\-]{1,80}$"), Field(examples=["order:o_3f9a"])
    ] = None
    by: QueryId | None = None


class Continued(Query):
    cursor: Cursor | None = None


@app.get("/audit")
def list_entries(query: Sought) -> Answer[ListOf[AuditEntry]]:
    """The trail, for bureau and discipline; an organisation reads what concerns itself, by naming itself in `about`,
    but not that the discipline office looked at it."""
    kind, _, name = (query.about or "").partition(":")
    is_office = bool(app.caller.roles & {"bureau", "discipline"})
    of_own = None if is_office else _entries_of_own(_own(kind, name))
    party = _party(query, kind, name)
    by = query.by
    by_person = (lambda item: item["by"] == by) if by and party and party.index != "by_person" else None
    return reply_list(audit.list_page(query.selection(), all_of(of_own, by_person), party), AuditEntry.model_validate)


def _own(kind: str, uscc: str) -> Enterprise | Agency:
    """The organisation, if the caller acts for it. Raises MALFORMED or ROLE_REQUIRED where none is named, NOT_FOUND as
    for an unknown one."""
    if kind == "enterprise":
        return as_member(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise")
    if kind == "agency":
        return as_member(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    if app.caller.roles:
        require(app.caller, "bureau", "discipline")
    message = "请指明所属单位，如 enterprise:91331100MA2E00003J；GET /me 列出您所代表的单位。"
    raise Refused(Refusal.MALFORMED, errors=[FieldError("about", message, "missing")])


def _entries_of_own(organisation: Enterprise | Agency) -> Keep:
    """What of the trail its members see, once it was approved: all but that the discipline office looked at something,
    which would warn whom it looks into; and nothing of another registration of the code. Before the approval only the
    steps of this one: others may have registered the code earlier, and a violation may stand under it."""
    begun, own = instant_text(organisation.created_at), f"{organisation.thing}:{organisation.uscc}"
    is_new = is_before_approval(app.caller, organisation)
    # entries of before 2026-12-01, and of what is no registration, name none
    registrations = {organisation.draft_id} if is_new else {None, organisation.draft_id}

    def keep(item: Item) -> bool:
        is_of_registration = item["at"] >= begun and (item["about"] == own or item["about"].startswith("document:"))
        is_told = "discipline" not in item["role"].split(",") and item.get("draft_id") in registrations
        return is_told and (is_of_registration or not is_new)

    return keep


def _party(query: Sought, kind: str, name: str) -> Party | None:
    """The index that answers: that of an organisation, else of the thing, else of the person."""
    if kind in ("enterprise", "agency"):
        return Party(f"by_{kind}", name)
    if query.about:
        return Party("by_about", query.about)
    return Party("by_person", query.by) if query.by else None


@app.get("/audit/verify")
def verify(query: Continued) -> Answer[Verification]:
    """Whether the trail holds, part by part: follow `next_cursor` to its end. A change, a gap or a cut is named."""
    require(app.caller, "bureau", "discipline")
    anchors, head = audit.list_anchors(), audit.find_head()
    after = _place(query.cursor) if query.cursor else GENESIS
    furthest = max([head.seq, *anchors])
    found, link = verify_part(after, furthest, anchors) if after.seq < furthest else ([], after)
    is_end = link.seq >= furthest
    if is_end:
        found += verify_end(head)
    return reply(
        {
            "after_seq": after.seq,
            "seq": link.seq,
            "holds": not found,
            "breaks": [_public(each) for each in found],
            "head": head._asdict(),
            "next_cursor": None if is_end else write_cursor(SCOPE, str(link.seq), link.sha256 or "-"),
        }
    )


def _place(cursor: str) -> Link:
    seq, sha256 = read_cursor(cursor, SCOPE, 2)
    if not (seq.isascii() and seq.isdecimal()):
        refuse_cursor()
    return Link(int(seq), sha256.strip("-"))


def _public(found: Break) -> dict[str, Any]:
    return found._asdict() | {"message": BREAK_WORDS[found.kind].format(seq=found.seq)}


handler = app.handle
