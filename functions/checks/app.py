"""Checks: one member of a sample each, with what its inspector found and what its agency says (§5.1.1, §5.1.2)."""

from voucher.edge.api import Api
from voucher.edge.bodies import Statement, WithReason
from voucher.edge.checks import Contacted, Found, examine_papers, listed_check
from voucher.edge.disclosure import disclose
from voucher.edge.identity import as_party, as_party_or_staff, check_party_named, reads_books, require
from voucher.edge.inspections import check_inspector, policy_of
from voucher.edge.own import codes_of, of_others
from voucher.edge.pages import InState, ListOf, empty_page, reply_list
from voucher.edge.queries import QueryId
from voucher.edge.replies import Answer, reply
from voucher.models.inspections import TOLD_CHECKS, Check, CheckState, InspectionKind
from voucher.refusals import not_found
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.holds import check_orders_of
from voucher.rules.inspections import (
    CLAUSES,
    answered_check,
    attempted_check,
    check_for_agency,
    dropped_check,
    is_told,
    reported_check,
)
from voucher.rules.lifecycle import check_version
from voucher.store import checks, orders, organisations

app = Api()


class Checks(InState[CheckState]):
    kind: InspectionKind | None = None
    agency_uscc: QueryId | None = None


@app.get("/checks")
def list_checks(query: Checks) -> Answer[ListOf[Check]]:
    """§5.1: checks, for staff; those about one agency for its members, too: from the second inspector's word on, and of
    an enterprise's answers not who gave them."""
    for_agency = False
    if query.agency_uscc:
        agency = organisations.find_agency(query.agency_uscc)
        if not reads_books(app.caller, agency, "agency"):
            return reply_list(empty_page(query), Check.model_validate)
        for_agency = agency is not None and app.caller.sub in agency.members
    else:
        check_party_named(app.caller, "agency_uscc")
        require(app.caller, "platform", "bureau", "finance", "discipline")
    visible = (lambda item: item["state"] in TOLD_CHECKS) if for_agency else of_others(app.caller)
    keep = (lambda item: item["kind"] == query.kind) if query.kind else None
    page = checks.list_page(query.selection(visible), keep, query.agency_uscc)
    return reply_list(page, lambda item: listed_check(Check.model_validate(item), for_agency))


@app.get("/checks/<check_id>")
def show(check_id: str) -> Answer[Check]:
    """§5.1: a check, for staff, and once two inspectors stand for it for its agency, to which it does not say who was
    asked. Whoever acts for the enterprise that is asked reads none."""
    check = checks.get(check_id)
    agency = as_party_or_staff(app.caller, organisations.find_agency(check.agency_uscc), "check")
    if app.caller.sub in agency.members:
        if not is_told(check):
            raise not_found("check")
        return reply(check_for_agency(check))
    if check.member_uscc in codes_of(app.caller):
        raise not_found("check")
    if check.report and check.report.spoken_to:  # nobody is warned of an inspection by their trail
        disclose(app, f"check:{check_id}")
    return reply(check)


@app.post("/checks/<check_id>/attempts")
def attempt(check_id: str) -> Answer[Check]:
    """§5.1.2: one more visit or call, whether or not it reached anybody; members of whom it is about are refused."""
    require(app.caller, "platform", "bureau", "finance")
    body = app.body(Contacted)
    old = checks.get(check_id)
    if app.is_repeat(old, "attempt"):
        return reply(old, replay=True)
    check_inspector(app.caller, old.kind)
    new = attempted_check(old, body.read(app.mark), app.mark)
    _check_stranger(old)
    checks.commit_inspected(old, new, "report_check", app.caller.sub)
    return reply(new)


@app.post("/checks/<check_id>/report")
def report(check_id: str) -> Answer[Check]:
    """§5.1.1, §5.1.2: what an inspector, who is no member of whom it is about, found; or what an enterprise answers,
    beside how it rated the order."""
    require(app.caller, "platform", "bureau", "finance")
    body = app.body(Found)
    old = checks.get(check_id)
    if app.is_repeat(old, "report"):
        return reply(old, replay=True)
    check_inspector(app.caller, old.kind)
    check_version(old, body.version)
    found = body.read()
    asked = orders.load(old.order_ids[0]) if old.party == "enterprise" else None
    new = reported_check(old, found, asked, policy_of(old.year), app.mark)
    check_orders_of(old.agency_uscc, found.hold_order_ids, orders.find_many(found.hold_order_ids), "hold_order_ids")
    _check_stranger(old)
    examine_papers(old, found)
    checks.commit_inspected(old, new, "report_check", app.caller.sub)
    return reply(new)


@app.post("/checks/<check_id>/drop")
def drop(check_id: str) -> Answer[Check]:
    """§5.1: nobody is found any more, or wants to answer: the check ends, and stays in the sample with the reason. By
    no member of whom it is about."""
    require(app.caller, "platform", "bureau", "finance")
    body = app.body(WithReason)
    old = checks.get(check_id)
    if app.is_repeat(old, "drop"):
        return reply(old, replay=True)
    check_inspector(app.caller, old.kind)
    new = dropped_check(old, body.reason, app.mark)
    _check_stranger(old)
    checks.commit_inspected(old, new, "report_check", app.caller.sub)
    return reply(new)


@app.post("/checks/<check_id>/statement")
def state_position(check_id: str) -> Answer[Check]:
    """§5.1: what the agency says to a finding, once: how it put it right, or its side of it."""
    body = app.body(Statement)
    old = checks.get(check_id)
    as_party(app.caller, organisations.find_agency(old.agency_uscc), "check")
    if not is_told(old):
        raise not_found("check")
    if app.is_repeat(old, "state_position"):
        return reply(check_for_agency(old), replay=True)
    new = answered_check(old, body.text, app.mark)
    checks.commit_step(old, new)
    return reply(check_for_agency(new))


def _check_stranger(check: Check) -> None:
    """§5.1.1: nobody inspects, or drops out of a sample, whom they act for. Raises FOUR_EYES."""
    agency = organisations.find_agency(check.agency_uscc)
    enterprise = organisations.find_enterprise(check.member_uscc or "") if check.party == "enterprise" else None
    check_four_eyes(app.caller.sub, "report_check", check, agency, enterprise, clause=CLAUSES[check.kind])


handler = app.handle
