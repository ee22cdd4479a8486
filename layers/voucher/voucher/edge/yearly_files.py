"""What a yearly file is made of, gathered from what is kept of a year (§5.1)."""

import json
from datetime import timedelta
from functools import partial
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from voucher.models.base import instant_text
from voucher.models.programmes import Programme
from voucher.models.reports import KeptReport
from voucher.models.yearly_files import YearlyFile
from voucher.rules.compliance import compliance_of
from voucher.rules.reports import usage_of, value_word
from voucher.rules.working_days import end_of_day
from voucher.rules.yearly_files import (
    check_reconciled,
    check_rows,
    check_something_since,
    complaint_rows,
    rating_rows,
    since_rows,
    sums_of,
    told,
    yearly_file_id,
)
from voucher.store import (
    activities,
    batches,
    books,
    checks,
    complaints,
    inspections,
    letters,
    recoveries,
    removals,
    reports,
    yearly_files,
)


def made_of(programme: Programme, before: YearlyFile | None) -> tuple[dict[str, Any], bytes]:
    """The facts of the cover and the archive of a year as it is now; of a supplement, `before` is the file before it.
    Raises WRONG_STATE, NOT_RECONCILED, NOTHING_SINCE."""
    from voucher.spreadsheets.yearly_file import archive  # noqa: PLC0415 - its import takes a fifth of a second

    kept = reports.read(programme.year)
    report = check_reconciled(programme, books.find_latest_report(programme.year), kept)
    sums = sums_of(programme, kept)
    check_something_since(before, sums)
    cover = {
        "yearly_file_id": yearly_file_id(programme.year, before.position + 1 if before else 1),
        "year": programme.year,
        "supplements": before and before.yearly_file_id,
        "reconciled_at": report["cut_off"],
        "counted_at": kept.counted_at and instant_text(kept.counted_at),
        "accounts": report["accounts"],
        "letters": letters.find_count(programme.year),
        "sums": sums,
    }
    if before:
        cover |= {"supplements_sha256": before.sha256, "sums_before": before.sums}
    return cover, archive(cover, _parts(programme, kept, report, before), partial(value_word, _names(programme, kept)))


def _names(programme: Programme, kept: KeptReport) -> dict[str, dict[str, str]]:
    found = {each.batch_id: each.name for each in batches.list_of_year(programme.year)}
    return {"agency": reports.read_agency_names(kept), "batch": found}


def _parts(programme: Programme, kept: KeptReport, report: Any, before: YearlyFile | None) -> dict[str, Any]:
    year, span = programme.year, _span(programme)
    usage = usage_of(year, kept, letters.find_count(year))
    parts = {
        "usage": usage,
        # as on its last day: later ones have no pace
        "compliance": compliance_of(programme, kept, programme.policy.last_day(year)),
        "exceptions": told("exceptions", reports.list_all_exceptions(year)),
        "reconciliation": report,
        "ratings": rating_rows(usage),
        "inspections": told("inspections", inspections.list_of_year(year)),
        "checks": check_rows(checks.list_of_year(year)),
        "complaints": complaint_rows(complaints.list_between(*span)),
        "recoveries": told("recoveries", recoveries.list_of_year(year)),
        "removals": told("removals", removals.list_between(*span)),
        "activities": told("activities", activities.list_of_year(year)),
    }
    return parts | ({"since": since_rows(_usage_in(before), usage)} if before else {})


def _span(programme: Programme) -> tuple[str, str]:
    """The instants at which a year begins in Lishui, and is over."""
    policy, year = programme.policy, programme.year
    days = (policy.first_day(year) - timedelta(days=1), policy.last_day(year))
    first, last = (instant_text(end_of_day(day)) for day in days)
    return first, last


def _usage_in(file: YearlyFile) -> dict[str, Any]:
    """The usage report in the archive of an earlier file."""
    content, _ = yearly_files.load_content(file)
    with ZipFile(BytesIO(content)) as archive:
        [name] = [each for each in archive.namelist() if each.endswith("-usage.json")]
        found: dict[str, Any] = json.loads(archive.read(name))
    return found
