"""What a version of a list would change: its rows, its file, and whom it touches (§2.1.1, §2.3.1, §5.2b)."""

from itertools import batched
from typing import Any, NamedTuple

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.disclosure import disclose
from voucher.edge.identity import require
from voucher.edge.lists import Compared, compare, listed_year, refuse_cursor, row_offset
from voucher.edge.queries import Paging, Switch
from voucher.edge.replies import Answer, reply
from voucher.models.lists import ListDifference, ListImport, ListRow, RowsOfImport
from voucher.models.standing import Standing
from voucher.rules.entitlements import next_entitlements, years_in_step
from voucher.rules.lists import check_compared, check_read, is_same_name, list_file_name, year_changes
from voucher.rules.standing import with_list, years_of
from voucher.store import lists, standing

app = Api()
CODES_PER_PAGE = 1_000  # looked at, however few of them are registered
CODES_PER_READ = 45


class OfDifference(Paging):
    """A page of a difference; `registered=true` leaves out codes that nobody registered."""

    registered: Switch = "false"


class Begun(NamedTuple):
    """Where a page begins, and which version the pages before it were compared with."""

    with_id: str | None
    start: int


@app.get("/lists/<kind>/<year>/imports/<import_id>/rows")
def show_rows(kind: str, year: str, import_id: str, query: Paging) -> Answer[RowsOfImport]:
    """The good rows of a version, and a link to exactly the file that they were read from."""
    require(app.caller, "platform", "bureau")
    record = lists.get(kind, listed_year(app, kind, year), import_id)
    disclose(app, f"import:{import_id}")
    start = row_offset(query.cursor or "0")
    rows, end = lists.load_rows(record), start + query.limit
    next_cursor = str(end) if end < len(rows) else None
    content = {
        "import_id": import_id,
        "items": rows[start:end],
        "url": lists.download_link(record, list_file_name(record)),
    }
    return reply(content | {"next_cursor": next_cursor})


@app.get("/lists/<kind>/<year>/imports/<import_id>/difference")
def show_difference(kind: str, year: str, import_id: str, query: OfDifference) -> Answer[ListDifference]:
    """What a version changes against the one in force: how many rows come and go, and whom they touch."""
    require(app.caller, "platform", "bureau")
    record = lists.get(kind, listed_year(app, kind, year), import_id)
    check_read(record)
    begun = _begun(query.cursor) if query.cursor else None
    compared = compare(record)
    if begun:
        check_compared(begun.with_id, compared.with_id, "cursor")
    items, end = _page_of(record, compared, begun.start if begun else 0, query)
    rows = compared.found.rows
    return reply(
        {
            "import_id": import_id,
            "compared_with": compared.with_id,
            "compared_year": compared.with_.year if compared.with_ else None,
            "added": compared.found.count("added"),
            "removed": compared.found.count("removed"),
            "unchanged": compared.found.unchanged,
            "touched": compared.found.touched,
            "items": items,
            "next_cursor": f"{compared.with_id or ''}:{end}" if end < len(rows) else None,
        }
    )


def _begun(cursor: str) -> Begun:
    with_id, colon, start = cursor.rpartition(":")
    return Begun(with_id or None, row_offset(start)) if colon else refuse_cursor()


def _page_of(
    record: ListImport, compared: Compared, start: int, query: OfDifference
) -> tuple[list[dict[str, Any]], int]:
    """The rows of a page with the enterprises that they touch, and where the page after it begins."""
    items: list[dict[str, Any]] = []
    end = start
    takes_effect = compared.found.touched > 0
    years = {*years_in_step(clock.today()), years_of(record.kind, record.year).first}
    following = lists.find_following_year(record.kind, record.year)
    for part in batched(compared.found.rows[start : start + CODES_PER_PAGE], CODES_PER_READ, strict=False):
        facts = standing.read_facts_of_many([row["uscc"] for _, row in part], years)
        for (change, row), each in zip(part, facts, strict=True):
            if len(items) == query.limit:
                return items, end
            end += 1
            after = with_list(each.standing, record.kind, record.year, change == "added", following)
            enterprise = _touched(row, each, after, takes_effect)
            if enterprise or query.registered == "false":
                items.append({**row, "change": change, "enterprise": enterprise})
    return items, end


def _touched(row: ListRow, facts: standing.Facts, after: Standing, takes_effect: bool) -> dict[str, Any] | None:
    if (enterprise := facts.enterprise) is None:
        return None
    following = next_entitlements(enterprise, after, facts.entitlements, facts.programmes, clock.today())
    return {
        "name": enterprise.name,
        "name_differs": not is_same_name(row["name"], enterprise.name),
        "state": enterprise.state,
        "changes": year_changes(facts.entitlements, following) if takes_effect else [],
    }


handler = app.handle
