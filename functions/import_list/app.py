"""Worker: parses an uploaded list, and brings every enterprise an applied list touches into step (§2.1.1, §2.3.1)."""

import hashlib
import urllib.parse
from collections.abc import Iterable
from typing import Any

from voucher.edge import clock, queues
from voucher.edge.observe import log_work
from voucher.models.lists import ListImport
from voucher.rules import entitlements, lifecycle
from voucher.rules.lists import touched_codes
from voucher.rules.standing import with_list
from voucher.spreadsheets import cells, list_file
from voucher.store import lists, standing
from voucher.store.engine import files
from voucher.store.engine.table import Write

FIRMS_PER_MESSAGE = 2_000
FIRMS_PER_READ = 45
WRITES_PER_TRANSACTION = 99  # and one for the turn
TRIES = 8


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the bucket (a file arrived) and of the relay (the bureau applied a version)."""
    return queues.handle_each(event, context, work)


def work(body: dict[str, Any]) -> None:
    """One message. The bucket's test event carries no records and is nothing to do."""
    if body.get("task") == "apply":
        apply_part(body["kind"], int(body["year"]), body["import_id"], int(body.get("offset", 0)))
    for record in body.get("Records", []):
        named = lists.parse_upload_key(urllib.parse.unquote_plus(record["s3"]["object"]["key"]))
        if named:
            parse_upload(*named)


def parse_upload(kind: str, year: int, import_id: str) -> None:
    """Read the file; keep its good rows and name its bad ones. A second delivery finds it parsed."""
    old = lists.find(kind, year, import_id)
    if old is None or old.state != "waiting":
        return
    found = files.find_version(old.object_key)
    if found is None:  # the bucket told of it: a fault, else the import would wait for ever
        raise LookupError("an uploaded list cannot be read")
    content, version = found
    old_file = {"object_version": version, "sha256": hashlib.sha256(content).hexdigest(), "parsed_at": clock.now()}
    try:
        parsed = list_file.parse(kind, old.filename, content)
    except cells.ListFileError as error:
        state = lifecycle.next_state("list_import", old.state, "fail")
        lists.commit_step(old, old.next_version(state=state, failure=str(error), **old_file))
        return
    new = old.next_version(
        state=lifecycle.next_state("list_import", old.state, "parse"),
        row_count=len(parsed.rows),
        error_count=parsed.error_count,
        **old_file,
    )
    lists.commit_rows(new, [row._asdict() for row in parsed.rows])
    lists.commit_errors(new, [error._asdict() for error in parsed.errors])
    lists.commit_step(old, new)
    log_work("list parsed", kind=kind, year=year, rows=len(parsed.rows), errors=parsed.error_count)


def apply_part(kind: str, year: int, import_id: str, offset: int) -> None:
    """Bring the next part of the touched enterprises into step; after the last, readers see the new version."""
    record = lists.find(kind, year, import_id)
    if record is None or record.state != "applying":
        return
    before = lists.find_latest(kind, year)
    is_latest = before is None or before[0] <= year
    rows = {row["uscc"] for row in lists.load_rows(record)}
    old_rows = {row["uscc"] for row in lists.load_rows(lists.find(kind, *before))} if before else set()
    same_year = before is not None and before[0] == year
    touched = touched_codes(old_rows, rows, same_year) if is_latest else []
    following = offset + FIRMS_PER_MESSAGE
    try:
        bring_in_step(record, touched[offset:following], rows)
        if following < len(touched):
            body = {"task": "apply", "kind": kind, "year": year, "import_id": import_id, "offset": following}
            queues.send("import_list", [body | {"message_id": f"{import_id}.{following}"}])
            return
        state = lifecycle.next_state("list_import", record.state, "finish")
        lists.commit_finish(record, record.next_version(state=state, updated_at=clock.now()), is_latest)
    except lists.OutOfTurn:
        return
    log_work("list applied", kind=kind, year=year, firms=len(touched))


def bring_in_step(record: ListImport, usccs: list[str], listed: set[str]) -> None:
    """Standing and entitlements of many enterprises, several in one transaction; those that somebody changed
    meanwhile are done again one by one. A firm's own facts never come apart."""
    for start in range(0, len(usccs), FIRMS_PER_READ):
        due = steps_of(record, usccs[start : start + FIRMS_PER_READ], listed)
        for group in packed(due):
            if not lists.commit_in_turn(record, [write for writes in group.values() for write in writes]):
                for uscc in group:
                    bring_one_in_step(record, uscc, listed)


def steps_of(record: ListImport, usccs: list[str], listed: set[str]) -> dict[str, list[Write]]:
    """By credit code, the writes that bring it into step; none for a code whose standing says so already."""
    today = clock.today()
    steps = {}
    for facts in standing.read_facts_of_many(usccs, {*entitlements.years_in_step(today), record.year}):
        after = with_list(facts.standing, record.kind, record.year, facts.uscc in listed)
        following = entitlements.next_entitlements(facts.enterprise, after, facts.entitlements, facts.programmes, today)
        if after.listed != facts.standing.listed:
            steps[facts.uscc] = standing.in_step_writes(facts, after, following)
    return steps


def packed(steps: dict[str, list[Write]]) -> Iterable[dict[str, list[Write]]]:
    """The steps in groups that fit into one transaction each."""
    group: dict[str, list[Write]] = {}
    for uscc, writes in steps.items():
        if sum(map(len, group.values())) + len(writes) > WRITES_PER_TRANSACTION:
            yield group
            group = {}
        group[uscc] = writes
    if group:
        yield group


def bring_one_in_step(record: ListImport, uscc: str, listed: set[str]) -> None:
    """One enterprise, read again until nobody comes between."""
    for _ in range(TRIES):
        due = steps_of(record, [uscc], listed)
        if not due or lists.commit_in_turn(record, due[uscc]):
            return
    raise RuntimeError("an enterprise kept changing while a list was applied")
