"""Lists of other offices: the operator uploads, a worker reads, the bureau applies (§2.1.1, §2.3.1, §5.2b)."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.creation import key_write
from voucher.edge.documents import Filename, SizeBytes
from voucher.edge.fields import Count, Identifier
from voucher.edge.identity import require
from voucher.edge.lists import apply_again, compare, listed_year, refuse_cursor, row_offset
from voucher.edge.pages import InState, ListOf, reply_list
from voucher.edge.queries import Cursor, Paging, Query
from voucher.edge.replies import Answer, reply
from voucher.edge.texts import check_name
from voucher.models.base import Request, instant_text
from voucher.models.lists import ImportState, ListImport, ListImportWithErrors, ListImportWithUpload, RowsInForce
from voucher.policy import LIST_CLAUSES
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lifecycle import check_step, stepped
from voucher.rules.lists import check_applicable, check_compared, check_confirmed, check_list_type, check_list_year
from voucher.rules.standing import years_of
from voucher.store import lists
from voucher.store.engine import files

app = Api()
ERRORS_PER_PAGE = 1_000


class Upload(Request):
    filename: Filename
    content_type: Annotated[str, StringConstraints(min_length=3, max_length=120), AfterValidator(check_name)]
    size_bytes: SizeBytes


class Apply(Request):
    skip_errors: bool = False
    allow_empty: bool = False
    touched: Annotated[Count | None, Field(description="needed: the `touched` that …/difference shows")] = None
    compared_with: Annotated[Identifier | None, Field(description="the `compared_with` of the same difference")] = None


class Continued(Query):
    cursor: Cursor | None = None


@app.post("/lists/<kind>/<year>/imports")
def announce(kind: str, year: str) -> Answer[ListImportWithUpload]:
    """Announce a list file; answers where to upload it."""
    require(app.caller, "platform")
    body = app.body(Upload)
    of_year = listed_year(app, kind, year)
    check_list_type(body.filename, body.content_type)
    check_list_year(kind, of_year, clock.today())
    import_id, counts = app.new_id("i"), years_of(kind, of_year)
    record = ListImport(
        import_id=import_id,
        kind=kind,
        year=of_year,
        counts_from=counts.first,
        counts_until=counts.last,
        filename=body.filename,
        object_key=lists.upload_key(kind, of_year, import_id),
        state="waiting",
        **app.creation("announce"),
    )
    if lists.commit_import(record, key_write(app)):
        return reply(_with_upload(record, body.content_type), 201)
    existing = lists.get(kind, of_year, import_id)
    app.check_same(existing.request_sha256)
    return reply(_with_upload(existing, body.content_type), replay=True)


def _with_upload(record: ListImport, content_type: str) -> dict[str, Any]:
    """A version as it now is, and where to upload its file as long as the worker read none."""
    if record.state != "waiting":
        return record.public()
    upload = files.presign_upload(record.object_key, content_type)
    expires_at = clock.now() + timedelta(seconds=files.UPLOAD_SECONDS)
    return record.public() | {"upload": upload, "expires_at": instant_text(expires_at)}


@app.get("/lists/<kind>/<year>/imports")
def list_imports(kind: str, year: str, query: InState[ImportState]) -> Answer[ListOf[ListImport]]:
    """Every version of a list: its file, importer and time."""
    require(app.caller, "platform", "bureau")
    page = lists.list_page(kind, listed_year(app, kind, year), query.selection())
    return reply_list(page, ListImport.model_validate)


@app.get("/lists/<kind>/<year>/imports/<import_id>")
def show_import(kind: str, year: str, import_id: str, query: Continued) -> Answer[ListImportWithErrors]:
    """How far an import is, and its bad rows, page by page."""
    require(app.caller, "platform", "bureau")
    record = lists.get(kind, listed_year(app, kind, year), import_id)
    errors, start = lists.load_errors(record), row_offset(query.cursor or "0")
    end = start + ERRORS_PER_PAGE
    next_cursor = str(end) if end < len(errors) else None
    return reply(record.public() | {"errors": errors[start:end], "next_cursor": next_cursor})


@app.post("/lists/<kind>/<year>/imports/<import_id>/apply")
def apply(kind: str, year: str, import_id: str) -> Answer[ListImport]:
    """The bureau puts in force what somebody else uploaded, once it has seen the difference: it names how many codes
    are touched. The worker then brings the enterprises into step."""
    require(app.caller, "bureau")
    body = app.body(Apply)
    of_year = listed_year(app, kind, year)
    compared = compare(lists.get(kind, of_year, import_id))
    old = lists.get(kind, of_year, import_id)  # read last: see Api.handle
    if app.is_repeat(old, "apply"):
        apply_again(old)
        return reply(old, replay=True)
    check_step(old, "apply")
    check_four_eyes(app.caller.sub, "apply_list", old, clause=LIST_CLAUSES[kind])
    check_applicable(old, body.skip_errors, body.allow_empty)
    check_confirmed(compared.found, body.touched)
    if "compared_with" in body.model_fields_set:
        check_compared(body.compared_with, compared.with_id, "compared_with")
    mark = app.mark
    new = stepped(old, "apply", mark, skip_errors=body.skip_errors, applied_by=mark.by, applied_at=mark.at)
    lists.commit_turn(old, new, compared.latest)
    return reply(new)


@app.get("/lists/<kind>/<year>")
def show_list(kind: str, year: str, query: Paging) -> Answer[RowsInForce]:
    """The version in force, row by row. A reader who began with one version stays in it from page to page."""
    require(app.caller, "platform", "bureau", "finance")
    of_year, cursor = listed_year(app, kind, year), query.cursor
    record, start = _page_of(kind, of_year, cursor) if cursor else (lists.find_in_force(kind, of_year), 0)
    rows, end = lists.load_rows(record) if record else [], start + query.limit
    import_id = record.import_id if record else None
    next_cursor = f"{import_id}:{end}" if end < len(rows) else None
    return reply({"import_id": import_id, "items": rows[start:end], "next_cursor": next_cursor})


def _page_of(kind: str, year: int, cursor: str) -> tuple[ListImport, int]:
    """The version that a cursor names, and its first row. Raises MALFORMED for a version that was never in force."""
    import_id, _, first_row = cursor.rpartition(":")
    record = lists.find(kind, year, import_id)
    if record is None or record.state != "applied":
        return refuse_cursor()
    return record, row_offset(first_row)


handler = app.handle
