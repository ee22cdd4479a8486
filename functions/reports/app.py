"""Reports for bureau, finance and operator (§5.1): until now, the latest reconciliation of a year."""

from aws_lambda_powertools.event_handler import Response

from voucher.edge.api import Api
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.refusals import Refusal, Refused
from voucher.store import books

app = Api()


@app.get("/reports/<year>/reconciliation")
def show_reconciliation(year: str) -> Response[str]:
    """The latest reconciliation: cut-off, residual, accounts and invariants."""
    require(app.caller, "bureau", "finance", "platform")
    report = books.find_latest_report(app.year(year))
    if report is None:
        raise Refused(Refusal.NOT_FOUND)
    return reply(report)


handler = app.handle
