"""Reports of a year for bureau, finance and operator (§5.1): the last reconciliation, and how vouchers are used."""

from voucher.edge.api import Api
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.models.reports import ReconciliationReport, UsageReport
from voucher.refusals import not_found
from voucher.rules.reports import usage_of
from voucher.store import books, programmes, reports

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


handler = app.handle
