"""Reports of a year for bureau, finance and operator (§5.1): the last reconciliation, how vouchers are used, and a
year against its limits."""

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.identity import require
from voucher.edge.queries import Paging
from voucher.edge.replies import Answer, PageOf, reply, reply_page
from voucher.models.compliance import ComplianceReport, ExceptionKind, ReportException
from voucher.models.reports import ReconciliationReport, UsageReport
from voucher.refusals import not_found
from voucher.rules.compliance import compliance_of
from voucher.rules.reports import usage_of
from voucher.store import books, programmes, reports
from voucher.store.engine.pages import Selection

app = Api()


@app.get("/reports/<year>/reconciliation")
def show_reconciliation(year: str) -> Answer[ReconciliationReport]:
    """The latest reconciliation: cut-off, residual, accounts and invariants."""
    require(app.caller, "bureau", "finance", "platform")
    report = books.find_latest_report(app.year(year))
    if report is None:
        raise not_found("reconciliation")
    return reply(report)


@app.get("/reports/<year>/usage")
def show_usage(year: str) -> Answer[UsageReport]:
    """§5.1: a year by category, service item, district, size, list, agency and batch, and by month. It is counted with
    each change, a moment after it."""
    require(app.caller, "bureau", "finance", "platform")
    kept = reports.read(of := app.year(year))
    if not kept.rows:  # nothing is counted of a year that there is not, either
        programmes.get(of)
    return reply(usage_of(of, kept))


@app.get("/reports/<year>/compliance")
def show_compliance(year: str) -> Answer[ComplianceReport]:
    """§2.2, §2.3, §3.2.3: a year against its caps and its floor, on three bases, with the day on which each is reached
    at the present pace; settlement times and satisfaction. Counted as the usage report is."""
    require(app.caller, "bureau", "finance", "platform")
    programme = programmes.get(app.year(year))
    return reply(compliance_of(programme, reports.read(programme.year), clock.today()))


class OfExceptions(Paging):
    """A page of exceptions of one kind, or of any."""

    kind: ExceptionKind | None = None


@app.get("/reports/<year>/exceptions")
def list_exceptions(year: str, query: OfExceptions) -> Answer[PageOf[ReportException]]:
    """§2.3.2, §5.2a, §4.2.1: the orders of a year that a supervisor should look at, the oldest first."""
    require(app.caller, "bureau", "finance", "platform")
    selection = Selection(query.limit, query.cursor, filters=query.kind or "")
    page = reports.list_exceptions(app.year(year), selection, lambda item: query.kind in (None, item["kind"]))
    return reply_page([ReportException.model_validate(item) for item in page.items], page.next_cursor)


handler = app.handle
