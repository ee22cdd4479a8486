"""How an agency did, for whoever decides on its next approval (§3.2.3, §3.4.2, §4.2.3, §5.1)."""

from typing import Any

from voucher.models.agencies import Agency
from voucher.models.complaints import ComplaintCounts
from voucher.models.ratings import Ratings
from voucher.rules.activities import counts_by_year
from voucher.rules.inspections import check_of_agency
from voucher.store import activities, checks, complaints, keys, ratings


def performance_of(agency: Agency) -> dict[str, Any]:
    """An agency's ratings, its latest twenty checks, its answered complaints, and how many activities were confirmed by
    year, as far as its latest hundred tell. Nothing of a draft: what is known under its code is of whoever has that."""
    if not agency.has_code:
        return Ratings().shown() | {"checks": [], "complaints": ComplaintCounts().public(), "activities": {}}
    agency_uscc = agency.uscc
    return ratings.find(keys.agency_ratings(agency_uscc)).shown() | {
        "checks": [check_of_agency(each) for each in checks.list_told(agency_uscc, 20)],
        "complaints": complaints.find_counts(agency_uscc).public(),
        "activities": counts_by_year(activities.list_of_agency(agency_uscc, 100)),
    }
