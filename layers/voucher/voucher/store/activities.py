"""Activities of agencies, in the supervision table, with their papers (§3.4.2)."""

from collections.abc import Iterable

from voucher.models.activities import Activity
from voucher.refusals import not_found
from voucher.store import conditions, keys, organisations
from voucher.store.engine.pages import Keep, Page, Party, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Write, add_write, advance_write, commit, commit_if_unchanged, commit_new


def _index_entry(activity: Activity) -> dict[str, str]:
    return keys.index_entry("ACTIVITY", activity.created_at, activity.activity_id, state=activity.state)


def commit_added(activity: Activity) -> bool:
    """Record an activity. False if this agency has reported the event before."""
    key = keys.activity(activity.activity_id)
    return commit_new("activity", [add_write("activity", key, activity, index=_index_entry(activity))])


def find(activity_id: str) -> Activity | None:
    """An activity by its id, or None."""
    item = find_item(keys.activity(activity_id))
    return Activity.model_validate(item) if item else None


def get(activity_id: str) -> Activity:
    """An activity by its id. Raises NOT_FOUND."""
    if (activity := find(activity_id)) is None:
        raise not_found("activity")
    return activity


def _step_write(old: Activity, new: Activity, *more: str, **values: str) -> Write:
    return advance_write("activity", keys.activity(old.activity_id), old, new, *more, index=_index_entry(new), **values)


def commit_step(old: Activity, new: Activity, *also: Write) -> None:
    """Commit the next version of an activity. Raises CHANGED_MEANWHILE."""
    commit([_step_write(old, new), *also])


def commit_review(old: Activity, new: Activity, caller: str) -> None:
    """§3.4.2: the operator's word on an activity: by nobody who handed it in, and no member of its agency. Raises
    CHANGED_MEANWHILE."""
    hands = conditions.by_other_hands("review_activity", "activity")
    stranger = organisations.stranger_check("agency", old.agency_uscc, "review_activity", caller)
    commit([_step_write(old, new, hands, caller=caller), stranger])


def commit_erased(old: Activity, new: Activity) -> bool:
    """Erase the words of an activity. False if somebody changed it meanwhile."""
    return commit_if_unchanged([_step_write(old, new)])


def list_page(selection: Selection, keep: Keep | None, agency_uscc: str | None = None) -> Page:
    """A page of the activities that `keep` accepts, of all agencies or of one."""
    party = Party("by_agency", agency_uscc) if agency_uscc else None
    return read_page("supervision", "ACTIVITY", selection, keep, party)


def list_of_agency(agency_uscc: str, most: int) -> list[Activity]:
    """The latest activities of an agency, `most` of them."""
    return [Activity.model_validate(item) for item in list_page(Selection(limit=most), None, agency_uscc).items]


def list_of_year(year: int) -> Iterable[Activity]:
    """Every confirmed activity of a year, page by page, the newest first."""
    found = read_whole("supervision", "ACTIVITY", "confirmed", lambda item: item["year"] == year)
    return (Activity.model_validate(item) for item in found)
