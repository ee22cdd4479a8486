"""Material changes that enterprises and agencies report, with papers and new facts, and the list of them (§3.2.3,
§4.1.3)."""

from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.changes import AgencyReport, EnterpriseReport, Report
from voucher.edge.creation import key_write
from voucher.edge.disclosure import disclose
from voucher.edge.identity import as_member, as_member_or_staff, is_before_approval, require
from voucher.edge.masking import masked_fact, tells_person
from voucher.edge.pages import ListOf, Search, reply_list
from voucher.edge.queries import Limit, Paging
from voucher.edge.replies import Answer, PageOf, reply
from voucher.models.agencies import Agency
from voucher.models.base import Request, instant_text
from voucher.models.changes import Change, ChangeState, ShownChange
from voucher.models.enterprises import Enterprise
from voucher.rules.changes import beside_what_counts, check_once_approved, facts_reported, new_change, newer_adopted
from voucher.rules.documents import check_papers, papers_for_report
from voucher.rules.lifecycle import check_step
from voucher.rules.programmes import policy_for
from voucher.store import changes, documents, organisations, programmes
from voucher.store.engine.pages import Selection, cut_page
from voucher.store.engine.table import Write

app = Api()


class OfOrganisation(Paging):
    limit: Limit = 100


@app.post("/enterprises/<uscc>/changes")
def report_of_enterprise(uscc: str) -> Answer[Change]:
    """§4.1.3: an approved enterprise reports a material change, with its papers and the new facts, which count once the
    operator adopts them; a late report is flagged."""
    enterprise = as_member(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise")
    body = app.body(EnterpriseReport)
    return _report(enterprise, body, body.facts)


@app.post("/agencies/<uscc>/changes")
def report_of_agency(uscc: str) -> Answer[Change]:
    """§3.2.3: an active agency reports a material change, with its papers and the new facts, which count once the
    operator adopts them; a late report is flagged."""
    agency = as_member(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    body = app.body(AgencyReport)
    return _report(agency, body, body.facts)


def _report(organisation: Enterprise | Agency, body: Report, reported: Request | None) -> Answer[Change]:
    """Record the report, on condition that the organisation is still as it was read."""
    today = clock.today()
    policy = policy_for(programmes.find(today.year), today)
    facts: dict[str, Any] = {"change_id": app.new_id("c"), "kind": organisation.thing, "uscc": organisation.uscc}
    facts |= {"description": body.description, "document_ids": tuple(dict.fromkeys(body.document_ids))}
    change = new_change(policy, today, body.happened_on, **facts, **app.creation("report"))
    if (existing := changes.find(change.kind, change.uscc, change.change_id)) is not None:
        app.check_same(existing.request_sha256)
        return reply(existing, replay=True)
    check_once_approved(organisation)
    check_step(organisation, "report_change")
    proposed = {} if reported is None else reported.model_dump(mode="json", exclude_none=True)
    change = change.model_copy(update={"facts": facts_reported(organisation, proposed)})
    checks = organisations.unchanged_check(organisation), key_write(app), *_paper_writes(organisation, change)
    changes.commit_report(change, policy.open_changes_per_organisation, *checks)
    return reply(change, 201)


def _paper_writes(organisation: Enterprise | Agency, change: Change) -> list[Write]:
    """§3.2.3, §4.1.3: the writes by which the papers become those of this report. Reads and keeps their files; raises
    DOCUMENT_NOT_UPLOADED."""
    if not change.document_ids:
        return []
    owner = organisations.papers(organisation)
    named = papers_for_report(documents.list_of(owner, organisation.created_at), change.document_ids)
    found = documents.inspect(named)
    check_papers(change.document_ids, {each.document_id for each in found.new}, found.unreadable)
    return documents.examined_writes(owner, [documents.commit_kept(each) for each in found.new])


@app.get("/enterprises/<uscc>/changes")
def changes_of_enterprise(uscc: str, query: OfOrganisation) -> Answer[PageOf[ShownChange]]:
    """The changes that an enterprise reported, the newest first, for its members and staff; new facts beside the
    approved ones."""
    enterprise = as_member_or_staff(app.caller, organisations.find_enterprise(uscc, app.caller.sub), "enterprise")
    return _page_of(enterprise, query)


@app.get("/agencies/<uscc>/changes")
def changes_of_agency(uscc: str, query: OfOrganisation) -> Answer[PageOf[ShownChange]]:
    """The changes that an agency reported, the newest first, for its members and staff; new facts beside the approved
    ones."""
    agency = as_member_or_staff(app.caller, organisations.find_agency(uscc, app.caller.sub), "agency")
    return _page_of(agency, query)


def _page_of(organisation: Enterprise | Agency, query: OfOrganisation) -> Answer[PageOf[ShownChange]]:
    kind, uscc = organisation.thing, organisation.uscc
    known = [] if is_before_approval(app.caller, organisation) else changes.list_of(kind, uscc)
    placed = [(f"{instant_text(each.created_at)}#{each.change_id}", each) for each in known]
    page, next_cursor = cut_page(f"{kind}.{uscc}.changes", placed, Selection(query.limit, query.cursor))
    if any(tells_person(fact.field) for each in page for fact in each.facts):
        whose = {"agency_uscc": uscc} if kind == "agency" else {"enterprise_uscc": uscc}
        disclose(app, f"{kind}:{uscc}", **whose)
    return reply({"items": [_shown(each, organisation, known) for each in page], "next_cursor": next_cursor})


def _shown(change: Change, organisation: Enterprise | Agency, known: list[Change]) -> dict[str, Any]:
    """A report as its reviewer must see it, as long as nobody decided on it: beside what counts now."""
    if change.state != "reported":
        return change.public() | {"newer_adopted": ()}
    return beside_what_counts(change, organisation).public() | {"newer_adopted": newer_adopted(change, known)}


@app.get("/changes")
def list_changes(query: Search[ChangeState]) -> Answer[ListOf[Change]]:
    """The reports of all organisations, for the operator who decides them and the bureau; `q` looks into code and
    description; people's names among the facts are masked."""
    require(app.caller, "platform", "bureau")
    page = changes.list_page(query.selection(), query.finds("uscc", "description"))
    return reply_list(page, lambda item: _masked(Change.model_validate(item)))


def _masked(change: Change) -> Change:
    sides = ("approved", "proposed")
    facts = [
        each.model_copy(update={side: masked_fact(each.field, getattr(each, side)) for side in sides})
        for each in change.facts
    ]
    return change.model_copy(update={"facts": tuple(facts)})


handler = app.handle
