"""What a supervisor should look at of organisations: changes reported late, and approvals against a condition (§5.1,
§3.1.1, §3.2.3, §4.1.3).

It is told from the record that was committed, and stays as it is whatever becomes of the record later: so the same
entry is made of each of the record's versions, in whatever order they come.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from voucher.rules.working_days import shanghai_date
from voucher.words import AGENCY_CONDITION_WORDS


class Listed(NamedTuple):
    """An entry of the exceptions: its year, its place there, and its facts."""

    year: int
    place: str
    facts: dict[str, Any]


def exception_of(thing: str, new: Mapping[str, Any]) -> Listed | None:
    """§5.1: the exception that a record of a thing is, None if it is none."""
    if thing == "CHANGE" and new.get("overdue"):
        return _late_change(new)
    if thing == "AGENCY" and new.get("waives") and new.get("approved_at"):
        return _overridden_approval(new)
    return None


def _late_change(new: Mapping[str, Any]) -> Listed:
    """§3.2.3, §4.1.3: the year is that of the report."""
    whose = "agency_uscc" if str(new["pk"]).startswith("AGENCY#") else "enterprise_uscc"
    days = (date.fromisoformat(new["reported_on"]) - date.fromisoformat(new["due_on"])).days
    words = f"重大变更最迟应于 {new['due_on']} 报告，实际于 {new['reported_on']} 报告，逾期 {days} 天。"
    facts = {whose: new["uscc"], "change_id": new["change_id"]}
    return _listed("late_change", new["created_at"], new["change_id"], words, facts)


def _overridden_approval(new: Mapping[str, Any]) -> Listed:
    """§3.1.1: the year is that of the approval."""
    conditions = "、".join(AGENCY_CONDITION_WORDS[each] for each in sorted(new["waives"]))
    words = f"该机构不具备以下条件，由市经信局破例批准：{conditions}。"
    return _listed("overridden_approval", new["approved_at"], new["uscc"], words, {"agency_uscc": new["uscc"]})


def _listed(kind: str, at: str, name: str, message: str, facts: Mapping[str, Any]) -> Listed:
    year = shanghai_date(datetime.fromisoformat(at)).year
    return Listed(year, f"AT#{at}#{kind}#{name}", {"kind": kind, "at": at, "message": message, **facts})
