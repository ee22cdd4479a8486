"""Reports for bureau, finance and operator (§5.1): until now, the latest reconciliation of a year."""

from voucher.edge.api import Api
from voucher.edge.identity import require
from voucher.edge.replies import Answer, reply
from voucher.models.reports import ReconciliationReport
from voucher.refusals import not_found
from voucher.store import books

app = Api()


@app.get("/reports/<year>/reconciliation")
def show_reconciliation(year: str) -> Answer[ReconciliationReport]:
    """The latest reconciliation: cut-off, residual, accounts and invariants."""
    require(app.caller, "bureau", "finance", "platform")
    report = books.find_latest_report(app.year(year))
    if report is None:
        raise not_found("reconciliation")
    return reply(report)


handler = app.handle
