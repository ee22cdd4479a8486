"""Versions of the lists: each upload, its rows and errors (in S3, beside the file), and which version is in force.

Only one version of a list is brought into force at a time: it has the turn. Two at once would leave a mixture of both
in the standings.
"""

import json
from collections.abc import Iterable
from typing import Any

from voucher.models.documents import FileName
from voucher.models.lists import ListImport, ListRow, RowError
from voucher.policy import EDITIONS, LIST_KINDS, NURSERY_LIST, RATED_D_LIST
from voucher.refusals import Refusal, Refused, not_found
from voucher.store import conditions, keys
from voucher.store.engine import files
from voucher.store.engine.pages import Page, Selection, read_page, read_whole
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import (
    Contended,
    Unmet,
    Write,
    add_write,
    advance_write,
    commit,
    commit_if_unchanged,
    commit_new,
    delete_write,
    item_check,
    put_write,
    transact,
)

FIRST_YEAR = EDITIONS[0].grants_from.year
LATER_YEARS = 10
# a list of another office speaks of no earlier year
FIRST_LIST_YEAR = 2010


class OutOfTurn(Exception):
    """The version no longer has the turn, because another delivery of the same work finished it already."""


def upload_key(kind: str, year: int, import_id: str) -> str:
    """Where a list's file is uploaded; the bucket tells the import queue of what arrives under `lists/`."""
    return f"lists/{kind}/{year}/{import_id}"


def parse_upload_key(object_key: str) -> tuple[str, int, str] | None:
    """(kind, year, import_id) of an upload, None for any other object."""
    parts = object_key.split("/")
    if len(parts) != 4 or parts[0] != "lists" or not parts[2].isdecimal():
        return None
    return parts[1], int(parts[2]), parts[3]


def _key(kind: str, year: int, import_id: str) -> keys.Key:
    return keys.name_list(kind, year, f"IMPORT#{import_id}")


def _index_entry(record: ListImport) -> dict[str, str]:
    return keys.index_entry(
        f"IMPORTS#{record.kind}#{record.year}", record.created_at, record.import_id, state=record.state
    )


def _latest_place(kind: str, year: int) -> keys.Key:
    """Where the latest version of a list is kept. The D lists of all years share one place, because each replaces the
    one before in every standing (§2.1.1)."""
    return keys.name_list(kind, 0 if kind == RATED_D_LIST else year, "LATEST")


def _turn_place(kind: str, year: int) -> keys.Key:
    """Where the turn is kept. The lists of all years share it where one replaces another (§2.1.1, §2.3.1)."""
    return keys.name_list(kind, 0 if kind in (RATED_D_LIST, NURSERY_LIST) else year, "TURN")


def commit_import(record: ListImport, *also: Write) -> bool:
    """Remember an announced upload. False when its id is taken."""
    key = _key(record.kind, record.year, record.import_id)
    return commit_new("import", [add_write("import", key, record, index=_index_entry(record)), *also])


def list_page(kind: str, year: int, selection: Selection) -> Page:
    """A page of a list's versions."""
    return read_page("registry", f"IMPORTS#{kind}#{year}", selection)


def find(kind: str, year: int, import_id: str) -> ListImport | None:
    """One version of a list, or None."""
    item = find_item(_key(kind, year, import_id))
    return ListImport.model_validate(item) if item else None


def get(kind: str, year: int, import_id: str) -> ListImport:
    """One version of a list. Raises NOT_FOUND."""
    if (record := find(kind, year, import_id)) is None:
        raise not_found("list_import")
    return record


def load(kind: str, year: int, import_id: str) -> ListImport:
    """One version of a list that a record names. Raises LookupError: a lost version is a fault."""
    if (record := find(kind, year, import_id)) is None:
        raise LookupError("a version of a list that is in force is not on record")
    return record


def _step_write(old: ListImport, new: ListImport, *more: str, **values: Any) -> Write:
    key = _key(new.kind, new.year, new.import_id)
    return advance_write("import", key, old, new, *more, index=_index_entry(new), **values)


def commit_step(old: ListImport, new: ListImport) -> bool:
    """Commit an import's next version. False if somebody else changed it first."""
    return commit_if_unchanged([_step_write(old, new)])


def commit_turn(old: ListImport, new: ListImport, latest: ListImport | None) -> None:
    """Begin to bring a version into force, by somebody else than who announced it, if `latest` is still the version
    whose rows count.

    Raises LIST_IN_TURN while another one has the turn, or CHANGED_MEANWHILE.
    """
    turn = put_write(
        "turn",
        _turn_place(new.kind, new.year),
        {"import_id": new.import_id},
        f"{conditions.IS_NEW} OR {conditions.IMPORT_IS_OURS}",
        import_id=new.import_id,
    )
    hands = conditions.by_other_hands("apply_list", "list_import")
    applied = _step_write(old, new, hands, caller=new.applied_by)
    writes = [applied, turn, *_latest_checks(new, latest)]
    commit(writes, **{"import": Refusal.CHANGED_MEANWHILE, "turn": Refusal.LIST_IN_TURN})


def _latest_checks(record: ListImport, latest: ListImport | None) -> list[Write]:
    """The version that `record` was compared with still counts, and none of its own year came between them."""
    place = _latest_place(record.kind, record.year)
    if latest is None:
        return [item_check("latest", place, conditions.IS_NEW)]
    counting = _latest_place(latest.kind, latest.year)
    check = item_check("latest", counting, conditions.COMPARED_COUNTS, import_id=latest.import_id)
    return [check] if counting == place else [check, item_check("own latest", place, conditions.IS_NEW)]


def commit_in_turn(record: ListImport, writes: Iterable[Write]) -> bool:
    """Commit on condition that this version has the turn. False if a fact changed, or if others were writing it: then
    nothing was written. Raises OutOfTurn if the version is in force already."""
    place = _turn_place(record.kind, record.year)
    turn = item_check("turn", place, conditions.IMPORT_IS_OURS, import_id=record.import_id)
    try:
        transact([turn, *writes])
    except Contended:
        return False
    except Unmet as unmet:
        if "turn" in unmet.items:
            raise OutOfTurn from None
        return False
    return True


def commit_rows(record: ListImport, rows: list[dict[str, Any]]) -> None:
    """Keep the good rows of a version beside its file, under the fingerprint of the file."""
    _commit_parsed(record, "rows", rows)


def commit_errors(record: ListImport, errors: list[dict[str, Any]]) -> None:
    """Keep the errors of the other rows in the same way."""
    _commit_parsed(record, "errors", errors)


def _commit_parsed(record: ListImport, part: str, content: list[dict[str, Any]]) -> None:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    files.commit_content(_parsed_key(record, part), body, "application/json")


def _parsed_key(record: ListImport, part: str) -> str:
    return f"rows/{record.kind}/{record.year}/{record.import_id}.{record.sha256}.{part}.json"


def _load_parsed(record: ListImport, part: str) -> Any:
    content = files.find_content(_parsed_key(record, part))
    if content is None:  # deleted, or we may not read it: S3 does not tell which
        raise LookupError(f"the {part} of a list that was parsed are not there")
    return json.loads(content)


def load_rows(record: ListImport) -> list[ListRow]:
    """The good rows of a version; none before its file was read.

    Raises ERASED once they are, and LookupError unless all of them are there. If lost rows counted as an empty list,
    applying it would lift every rating and quota there is.
    """
    if record.state in ("waiting", "failed"):
        return []
    if record.erased_at:
        raise Refused(Refusal.ERASED)
    rows: list[ListRow] = _load_parsed(record, "rows")
    if len(rows) != record.row_count:
        raise LookupError("a list does not have the rows that were parsed")
    return rows


def load_errors(record: ListImport) -> list[RowError]:
    """The errors of the other rows, up to the limit: [{row, column, message}]; empty before the file was parsed, and
    after it was erased.

    Raises LookupError if they are not there.
    """
    return [] if record.state in ("waiting", "failed", "erased") else _load_parsed(record, "errors")


def commit_files_deleted(record: ListImport) -> None:
    """Delete the file of an erased version, its rows and its errors."""
    files.commit_deleted(record.object_key)
    files.commit_deleted(f"rows/{record.kind}/{record.year}/{record.import_id}.")


def list_all(last_year: int, state: str | None = None) -> Iterable[ListImport]:
    """Every version of every list up to a year, in one state if given."""
    for kind in LIST_KINDS:
        for year in range(FIRST_LIST_YEAR, last_year + 1):
            found = read_whole("registry", f"IMPORTS#{kind}#{year}", state)
            yield from (ListImport.model_validate(item) for item in found)


def find_in_force(kind: str, year: int) -> ListImport | None:
    """The version of a list that readers see, None before the first."""
    item = find_item(keys.name_list(kind, year))
    return load(kind, year, str(item["import_id"])) if item else None


def download_link(record: ListImport, filename: FileName) -> str | None:
    """A link to exactly the file that was read; None before it was, and after it was erased."""
    if record.sha256 is None or record.erased_at:
        return None
    return files.presign_download(record.object_key, record.object_version, "application/octet-stream", filename)


def find_latest(kind: str, year: int) -> ListImport | None:
    """The version whose rows are in the enterprises' standings, None before the first; of D lists that of the newest
    year."""
    item = find_item(_latest_place(kind, year))
    return load(kind, int(item["year"]), str(item["import_id"])) if item else None


def find_replaced(kind: str, year: int) -> ListImport | None:
    """The version whose rows that of a year replaces: the latest one of D lists, or of the same year; of nursery lists
    also of an earlier year, if that year has none yet (§2.3.1)."""
    years = range(year, year - 1 if kind != NURSERY_LIST else FIRST_YEAR - 1, -1)
    return next((found for each in years if (found := find_latest(kind, each))), None)


def find_following_year(kind: str, year: int) -> int | None:
    """The next year whose nursery list replaces that of `year`, if there is one; None for any other list (§2.3.1)."""
    years = range(year + 1, year + LATER_YEARS) if kind == NURSERY_LIST else ()
    return next((each for each in years if find_latest(kind, each)), None)


def commit_finish(old: ListImport, new: ListImport, is_latest: bool) -> None:
    """Mark the version applied, show it to readers and end its turn, in one write. Raises OutOfTurn.

    `is_latest`: its rows are in the standings; false for a D list older than the one that counts.
    """
    content = {"year": new.year, "import_id": new.import_id}
    turn = _turn_place(new.kind, new.year)
    writes = [
        _step_write(old, new),
        delete_write("turn", turn),  # this import has the turn as long as it is "applying"
        put_write("in force", keys.name_list(new.kind, new.year), content, None),
    ]
    if is_latest:
        writes.append(put_write("latest", _latest_place(new.kind, new.year), content, None))
    if not commit_if_unchanged(writes):
        raise OutOfTurn
