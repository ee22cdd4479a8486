"""Reports of a year for bureau, finance and operator (§5.1): the last reconciliation, how vouchers are used, and a
year against its limits."""

from functools import partial
from typing import Any

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.identity import require
from voucher.edge.observe import log_outcome
from voucher.edge.own import about_others
from voucher.edge.queries import Paging
from voucher.edge.replies import Answer, PageOf, Response, reply, reply_page
from voucher.models.compliance import ComplianceReport, ExceptionKind, ReportException
from voucher.models.reports import ReconciliationReport, UsageReport
from voucher.refusals import not_found
from voucher.rules.compliance import compliance_of
from voucher.rules.reports import usage_of, value_word
from voucher.spreadsheets.workbook import XLSX
from voucher.store import batches, books, letters, programmes, reports
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
    each change, a moment after it; letters to the mailbox, once their month is over (§5.3)."""
    require(app.caller, "bureau", "finance", "platform")
    kept = reports.read(of := app.year(year))
    if not kept.rows:  # nothing is counted of a year that there is not, either
        programmes.get(of)
    return reply(usage_of(of, kept, _letters(of)))


@app.get("/reports/<year>/compliance")
def show_compliance(year: str) -> Answer[ComplianceReport]:
    """§2.2, §2.3, §3.2.3: a year against its caps and its floor, on three bases, with the day on which each is reached
    at the present pace; settlement times and satisfaction. Counted as the usage report is."""
    require(app.caller, "bureau", "finance", "platform")
    return reply(_compliance(app.year(year)))


def _compliance(year: int) -> dict[str, Any]:
    """The report, without the signals of organisations that the caller acts for."""
    programme, is_shown = programmes.get(year), about_others(app.caller)
    report = compliance_of(programme, reports.read(programme.year), clock.today())
    return report | {"signals": [each for each in report["signals"] if is_shown(each)]}


@app.get("/reports/<year>/usage.xlsx")
def download_usage(year: str) -> Response[bytes]:
    """§5.1: the usage report as a workbook with charts."""
    require(app.caller, "bureau", "finance", "platform")
    from voucher.spreadsheets.report_file import usage_file  # noqa: PLC0415 - its import takes a fifth of a second

    kept = reports.read(of := app.year(year))
    programmes.get(of)
    names = {"agency": reports.read_agency_names(kept), "batch": {e.batch_id: e.name for e in batches.list_of_year(of)}}
    return _file(f"usage-{of}", usage_file(usage_of(of, kept, _letters(of)), partial(value_word, names)))


@app.get("/reports/<year>/compliance.xlsx")
def download_compliance(year: str) -> Response[bytes]:
    """§2.2, §2.3: the compliance report as a workbook with charts."""
    require(app.caller, "bureau", "finance", "platform")
    from voucher.spreadsheets.report_file import compliance_file  # noqa: PLC0415 - as above

    return _file(f"compliance-{year}", compliance_file(_compliance(app.year(year)), partial(value_word, {})))


def _letters(year: int) -> int:
    """§5.3: how many letters came to the mailbox, which this function cannot open."""
    return letters.find_count_of_months_over(year, clock.today())


def _file(name: str, content: bytes) -> Response[bytes]:
    log_outcome("OK", 200, None)
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "no-store"}
    return Response(200, XLSX, content, headers)


class OfExceptions(Paging):
    """A page of exceptions of one kind, or of any."""

    kind: ExceptionKind | None = None


@app.get("/reports/<year>/exceptions")
def list_exceptions(year: str, query: OfExceptions) -> Answer[PageOf[ReportException]]:
    """§5.1: the orders, late reports of changes and approvals against a condition of a year that a supervisor should
    look at, the oldest first; not those of an organisation that the caller acts for."""
    require(app.caller, "bureau", "finance", "platform")
    selection = Selection(query.limit, query.cursor, filters=query.kind or "")
    is_shown = about_others(app.caller)
    page = reports.list_exceptions(
        app.year(year), selection, lambda item: query.kind in (None, item["kind"]) and is_shown(item)
    )
    return reply_page([ReportException.model_validate(item) for item in page.items], page.next_cursor)


handler = app.handle
