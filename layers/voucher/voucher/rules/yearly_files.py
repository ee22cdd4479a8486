"""The yearly file (§5.1): when it may be made, what it says of each thing, and its sums."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from voucher.models.base import Mark, Record
from voucher.models.complaints import Complaint
from voucher.models.inspections import Check
from voucher.models.programmes import Programme
from voucher.models.reports import Figures, KeptReport
from voucher.models.yearly_files import COLUMNS, Office, YearlyFile
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules.lifecycle import stepped
from voucher.rules.reports import TOTAL, account_differences, figures_of
from voucher.rules.working_days import shanghai_date

RECEIPTS: dict[Office, str] = {"bureau": "confirm_receipt", "finance": "confirm_receipt.last"}
# what goes on after the close: settled, paid, claimed back and received
SETTLING = ("verified_fen", "paid_fen", "recovered_fen", "received_fen")


def yearly_file_id(year: int, position: int) -> str:
    """The number of a yearly file: YF-2026-01 is the file, the later ones are its supplements."""
    return f"YF-{year}-{position:02}"


def check_next(position: int, made: int) -> None:
    """That a file is the next one after so many that are made. Raises MALFORMED."""
    if position != made + 1:
        words = f"下一份文件的序号为 {made + 1}。"
        raise Refused(Refusal.MALFORMED, errors=[FieldError("position", words, "not_next", allowed=(str(made + 1),))])


def check_reconciled(programme: Programme, report: Mapping[str, Any] | None, kept: KeptReport) -> Mapping[str, Any]:
    """§5.1: the reconciliation that a file rests on: made after the year was closed, with balanced books, and equal to
    what is counted now. Raises WRONG_STATE before the close, NOT_RECONCILED."""
    if programme.closing is None:
        raise Refused(Refusal.WRONG_STATE, of=programme)
    if report is None or datetime.fromisoformat(report["cut_off"]) < programme.closing.closed_at:
        raise Refused(Refusal.NOT_RECONCILED)
    if not report["balanced"] or account_differences(kept.rows, report["accounts"]):
        raise Refused(Refusal.NOT_RECONCILED)
    return report


def sums_of(programme: Programme, kept: KeptReport) -> dict[str, int]:
    """The sums on the cover, in fen."""
    figures = figures_of(kept.rows.get(TOTAL, {}).items())
    return {
        "total_fen": programme.total_fen,
        "granted_fen": figures["granted_fen"],
        "used_fen": figures["held_fen"] - figures["released_fen"],
        "lapsed_fen": figures["lapsed_fen"],
        "void_fen": figures["void_fen"],
        "verified_fen": figures["verified_fen"],
        "paid_fen": figures["paid_fen"],
        "recovered_fen": figures["recovered_fen"],
        "received_fen": figures["received_fen"],
    }


def check_something_since(before: YearlyFile | None, sums: Mapping[str, int]) -> None:
    """§5.1: that a supplement has something to say. Raises NOTHING_SINCE."""
    if before is not None and before.sums == sums:
        raise Refused(Refusal.NOTHING_SINCE)


def since_rows(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """§5.1: what was settled, paid and recovered between two usage reports, in all and of each agency; agencies of
    which nothing changed are left out."""
    old, new = _settling_of(before), _settling_of(now)
    rows = []
    for place in sorted(old.keys() | new.keys(), key=lambda each: (each[0] != "total", each)):
        was = old.get(place) or dict.fromkeys(SETTLING, 0)
        changes = {name: fen - was[name] for name, fen in (new.get(place) or dict.fromkeys(SETTLING, 0)).items()}
        if any(changes.values()):
            rows.append({"value": place[1], **changes, **{_before(name): fen for name, fen in was.items()}})
    return rows


def _before(name: str) -> str:
    return f"{name.removesuffix('_fen')}_before_fen"


def _settling_of(usage: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, int]]:
    rows = [each for each in usage["rows"] if each["dimension"] in ("total", "agency")]
    return {(each["dimension"], each["value"]): _settled(each["figures"]) for each in rows}


def _settled(figures: Figures) -> dict[str, int]:
    return {name: figures[name] for name in SETTLING}  # type: ignore[literal-required]


def rating_rows(usage: Mapping[str, Any]) -> list[dict[str, Any]]:
    """§4.2.3: how the agencies of a usage report were rated."""
    rated = [each for each in usage["rows"] if each["dimension"] == "agency" and each["figures"]["rating_count"]]
    names = ("rating_count", "rating_average")
    return [{"value": each["value"], **{name: each["figures"][name] for name in names}} for each in rated]


def told(part: str, records: Iterable[Record], **more: Any) -> list[dict[str, Any]]:
    """What a part says of some records: only what its columns name; `more` has what is worked out of a record."""
    fields = set(COLUMNS[part].values())
    rows = []
    for each in records:
        facts = each.model_dump(mode="json", include=fields)
        rows.append(facts | {name: work(each) for name, work in more.items()})
    return rows


def check_rows(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """§5.1.1, §5.1.2: what a file says of checks; an enterprise that was asked is not named."""
    return told(
        "checks",
        checks,
        finding=lambda each: each.report and each.report.finding,
        satisfaction=lambda each: each.satisfaction_tenths and each.satisfaction_tenths / 10,
    )


def complaint_rows(complaints: Iterable[Complaint]) -> list[dict[str, Any]]:
    """§5.3: what a file says of complaints, and never of whoever complained."""
    return told(
        "complaints",
        complaints,
        received_on=lambda each: shanghai_date(each.created_at).isoformat(),
        answered_on=lambda each: each.answered_at and shanghai_date(each.answered_at).isoformat(),
    )


def received_file(file: YearlyFile, office: Office, mark: Mark) -> YearlyFile:
    """§5.1: the file with an office's receipt: the bureau's, and then that of finance. Raises WRONG_STATE."""
    receipt: dict[str, Any] = {f"{office}_received_by": mark.by, f"{office}_received_at": mark.at}
    return stepped(file, RECEIPTS[office], mark, **receipt)


def check_same_file(file: YearlyFile, sha256: str) -> None:
    """§5.1: that what was received is the file. Raises FILE_DIFFERS."""
    if file.sha256 != sha256:
        raise Refused(Refusal.FILE_DIFFERS)
