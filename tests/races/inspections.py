"""A check of an agency that one inspector has reported, written straight into the tables."""

from infra.client.http import OPERATOR
from tests.races import seed_data
from tests.races.seed_data import CREATED_AT, YEAR
from voucher.models.inspections import Check, Report
from voucher.store import keys

AGREE = {"decision": "agree"}


def reported_check(agency_uscc: str, *order_ids: str) -> str:
    """The path of the check, whose finding is to hold some orders."""
    found = {"finding": "violation", "finding_text": "台账不实", "hold_order_ids": order_ids}
    check = Check(
        check_id="ins_1.001",
        inspection_id="ins_1",
        kind="daily",
        year=YEAR,
        party="agency",
        member_uscc=agency_uscc,
        member_name="机构",
        agency_uscc=agency_uscc,
        stratum="agency:ip",
        state="reported",
        report=Report(way="visit", place="场所", happened_at=CREATED_AT, **found),
        reported_by=OPERATOR.name,
        created_at=CREATED_AT,
        created_by=OPERATOR.name,
    )
    seed_data.write_records((keys.check(check.check_id), check))
    return f"/checks/{check.check_id}"
