"""Worker: parses an uploaded list, and brings the enterprises that it touches into step (§2.1.1, §2.3.1)."""

import hashlib
import urllib.parse
from collections.abc import Iterable
from typing import Any

from voucher.edge import clock, queues, workers
from voucher.edge.observe import log_work
from voucher.edge.subsidies import relist_lines
from voucher.models.base import Mark
from voucher.models.lists import ListImport
from voucher.policy import SUBSIDY_LIST
from voucher.rules.entitlements import next_entitlements, years_in_step
from voucher.rules.lifecycle import stepped
from voucher.rules.lists import RowsByCode, rows_by_code, touched_codes
from voucher.rules.standing import with_list, years_of
from voucher.rules.subsidies import subsidies_in
from voucher.spreadsheets import cells, list_file
from voucher.store import lists, standing
from voucher.store.engine import files
from voucher.store.engine.table import MOST_ITEMS, Write

WORKER = "import_list"
ENTERPRISES_PER_MESSAGE = 2_000
ENTERPRISES_PER_READ = 45
WRITES_PER_TRANSACTION = MOST_ITEMS - 1  # the last one is the check of the turn
TRIES_PER_ENTERPRISE = 8


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the bucket (a file arrived) and of the relay (the bureau applied a version)."""
    return workers.handle_each(event, context, work)


def work(body: dict[str, Any]) -> None:
    """One message. The bucket's test event passes: it has no records."""
    if body.get("task") == "apply":
        apply_part(body["kind"], int(body["year"]), body["import_id"], int(body.get("offset", 0)))
    for record in body.get("Records", []):
        named = lists.parse_upload_key(urllib.parse.unquote_plus(record["s3"]["object"]["key"]))
        if named:
            parse_upload(*named)


def parse_upload(kind: str, year: int, import_id: str) -> None:
    """Read the file, keep its good rows and name its bad ones. A second delivery finds it parsed and does nothing."""
    old = lists.find(kind, year, import_id)
    if old is None or old.state != "waiting":
        return
    found = files.find_version(old.object_key)
    if found is None:  # the bucket said that it is there: a fault, so that the message is delivered again
        raise LookupError("an uploaded list cannot be read")
    content, version = found
    mark = Mark(by=WORKER, at=clock.now())
    file: dict[str, Any] = {
        "object_version": version,
        "sha256": hashlib.sha256(content).hexdigest(),
        "parsed_at": mark.at,
    }
    try:
        parsed = list_file.parse(kind, old.filename, content)
    except cells.ListFileError as error:
        lists.commit_step(old, stepped(old, "fail", mark, failure=str(error), **file))
        return
    counts: dict[str, Any] = {
        "header_row": parsed.header_row,
        "total_rows": parsed.total_rows,
        "blank_rows": parsed.blank_rows,
    }
    new = stepped(old, "parse", mark, row_count=len(parsed.rows), error_count=parsed.error_count, **counts, **file)
    lists.commit_rows(new, [row.said() for row in parsed.rows])
    lists.commit_errors(new, [error._asdict() for error in parsed.errors])
    lists.commit_step(old, new)
    log_work("list parsed", kind=kind, year=year, rows=len(parsed.rows), errors=parsed.error_count)


def apply_part(kind: str, year: int, import_id: str, offset: int) -> None:
    """Bring the next part of the touched enterprises into step; after the last part, readers see the new version."""
    record = lists.find(kind, year, import_id)
    if record is None or record.state != "applying":
        return
    before = lists.find_replaced(kind, year)
    is_latest = before is None or before.year <= year
    rows, rows_before = lists.load_rows(record), lists.load_rows(before) if before else []
    same_year = before is not None and before.year == year
    touched = touched_codes(rows_before, rows, same_year) if is_latest else []
    end = offset + ENTERPRISES_PER_MESSAGE
    try:
        bring_in_step(record, touched[offset:end], rows_by_code(rows))
        if kind == SUBSIDY_LIST:
            relist_lines(touched[offset:end], Mark(by=WORKER, at=clock.now()))
        if end < len(touched):
            body = {"task": "apply", "kind": kind, "year": year, "import_id": import_id, "offset": end}
            queues.send("import_list", [body | {"message_id": f"{import_id}.{end}"}])
            return
        lists.commit_finish(record, stepped(record, "finish", Mark(by=WORKER, at=clock.now())), is_latest)
    except lists.OutOfTurn:
        return
    log_work("list applied", kind=kind, year=year, enterprises=len(touched))


def bring_in_step(record: ListImport, usccs: list[str], listed: RowsByCode) -> None:
    """Standing and entitlements of many enterprises, several enterprises in one transaction.

    All facts of one enterprise are written together. If somebody else changed one of a group meanwhile, each of that
    group is done again by itself.
    """
    for start in range(0, len(usccs), ENTERPRISES_PER_READ):
        writes_of = writes_by_code(record, usccs[start : start + ENTERPRISES_PER_READ], listed)
        for group in groups_of(writes_of):
            if not lists.commit_in_turn(record, [write for writes in group.values() for write in writes]):
                for uscc in group:
                    bring_one_in_step(record, uscc, listed)


def writes_by_code(record: ListImport, usccs: list[str], listed: RowsByCode) -> dict[str, list[Write]]:
    """By credit code, the writes that bring it into step; a code whose standing already says the same has no entry."""
    today = clock.today()
    writes_of = {}
    following_year = lists.find_following_year(record.kind, record.year)
    for facts in standing.read_facts_of_many(usccs, {*years_in_step(today), years_of(record.kind, record.year).first}):
        rows = listed.get(facts.uscc, [])
        items = subsidies_in(rows, record.year, record.import_id)
        after = with_list(facts.standing, record.kind, record.year, bool(rows), following_year, items)
        following = next_entitlements(facts.enterprise, after, facts.entitlements, facts.programmes, today)
        if after.model_copy(update={"version": facts.standing.version}) != facts.standing:
            writes_of[facts.uscc] = standing.in_step_writes(facts, after, following)
    return writes_of


def groups_of(writes_of: dict[str, list[Write]]) -> Iterable[dict[str, list[Write]]]:
    """The enterprises in groups whose writes fit into one transaction each."""
    group: dict[str, list[Write]] = {}
    for uscc, writes in writes_of.items():
        if sum(map(len, group.values())) + len(writes) > WRITES_PER_TRANSACTION:
            yield group
            group = {}
        group[uscc] = writes
    if group:
        yield group


def bring_one_in_step(record: ListImport, uscc: str, listed: RowsByCode) -> None:
    """One enterprise, read again at each try until nobody changes it in between."""
    for _ in range(TRIES_PER_ENTERPRISE):
        writes_of = writes_by_code(record, [uscc], listed)
        if not writes_of or lists.commit_in_turn(record, writes_of[uscc]):
            return
    raise RuntimeError("an enterprise kept changing while a list was applied")
