"""Lists other offices send: uploaded by the operator, parsed by a worker, applied by the bureau (§2.1.1, §2.3.1)."""

from datetime import timedelta
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import StringConstraints

from voucher.edge import clock
from voucher.edge.api import Api
from voucher.edge.documents import Filename, SizeBytes
from voucher.edge.identity import require
from voucher.edge.replies import reply
from voucher.models.base import Request, instant_text
from voucher.models.lists import ListImport
from voucher.policy import LIST_CLAUSES, LIST_KINDS
from voucher.refusals import FieldError, Refusal, Refused
from voucher.rules import lifecycle
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.lists import check_list_year
from voucher.store import lists
from voucher.store.engine import files

app = Api()
LIST_TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
    ".csv": "text/csv",
}
ERRORS_PER_PAGE = 1_000


class Upload(Request):
    filename: Filename
    content_type: Annotated[str, StringConstraints(min_length=3, max_length=120)]
    size_bytes: SizeBytes


class Apply(Request):
    skip_errors: bool = False
    allow_empty: bool = False


@app.post("/lists/<kind>/<year>/imports")
def announce(kind: str, year: str) -> Response[str]:
    """Announce a list file; answers where to upload it."""
    require(app.caller, "platform")
    body, listed_year = app.body(Upload), _checked(kind, year)
    ending = body.filename[body.filename.rfind(".") :].lower()
    if LIST_TYPES.get(ending) != body.content_type:
        raise Refused(Refusal.MALFORMED, errors=[FieldError("content_type", "须为 .xlsx、.xls 或 .csv 文件。")])
    check_list_year(kind, listed_year, clock.today())
    import_id = app.new_id("i")
    record = ListImport(
        import_id=import_id,
        kind=kind,
        year=listed_year,
        filename=body.filename,
        object_key=lists.upload_key(kind, listed_year, import_id),
        state="waiting",
        created_at=clock.now(),
        created_by=app.caller.sub,
        request_sha256=app.request_sha256,
        **app.step("announce"),
    )
    if not lists.commit_import(record):
        existing = _found(kind, listed_year, import_id)
        app.check_same(existing.request_sha256)
        return reply(_announced(existing, body.content_type), replay=True)
    return reply(_announced(record, body.content_type), 201)


def _announced(record: ListImport, content_type: str) -> dict[str, Any]:
    """A version as it now is, and where to upload its file as long as none was read."""
    if record.state != "waiting":
        return record.public()
    upload = files.presign_upload(record.object_key, content_type)
    expires_at = clock.now() + timedelta(seconds=files.UPLOAD_SECONDS)
    return record.public() | {"upload": upload, "expires_at": instant_text(expires_at)}


def _checked(kind: str, year: str) -> int:
    if kind not in LIST_KINDS or not (year.isascii() and year.isdecimal() and len(year) == 4):
        raise Refused(Refusal.NOT_FOUND)
    return int(year)


def _found(kind: str, year: int, import_id: str) -> ListImport:
    record = lists.find(kind, year, import_id)
    if record is None:
        raise Refused(Refusal.NOT_FOUND)
    return record


@app.get("/lists/<kind>/<year>/imports")
def list_imports(kind: str, year: str) -> Response[str]:
    """Every version of a list: its file, importer and time, the newest first."""
    require(app.caller, "platform", "bureau")
    page = lists.list_page(kind, _checked(kind, year), app.limit, app.query("cursor"))
    items = [ListImport.model_validate(item).public() for item in page.items]
    return reply({"items": items, "next_cursor": page.next_cursor})


@app.get("/lists/<kind>/<year>/imports/<import_id>")
def show_import(kind: str, year: str, import_id: str) -> Response[str]:
    """How far an import is, with every bad row; so many at a time."""
    require(app.caller, "platform", "bureau")
    record = _found(kind, _checked(kind, year), import_id)
    errors, start = lists.load_errors(record), _offset(app.query("cursor") or "0")
    following = start + ERRORS_PER_PAGE
    next_cursor = str(following) if following < len(errors) else None
    return reply(record.public() | {"errors": errors[start:following], "next_cursor": next_cursor})


def _offset(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise _no_cursor()
    return int(text)


def _no_cursor() -> Refused:
    return Refused(Refusal.MALFORMED, errors=[FieldError("cursor", "分页标记无效。")])


@app.post("/lists/<kind>/<year>/imports/<import_id>/apply")
def apply(kind: str, year: str, import_id: str) -> Response[str]:
    """The bureau puts in force what somebody else uploaded; the worker brings every enterprise it touches into step."""
    require(app.caller, "bureau")
    body, old = app.body(Apply), _found(kind, _checked(kind, year), import_id)
    if app.is_repeat(old, "apply"):
        return reply(old, replay=True)
    state = lifecycle.next_state("list_import", old.state, "apply")
    check_four_eyes(app.caller.sub, LIST_CLAUSES[kind], old.created_by)
    if old.error_count and not body.skip_errors:
        raise Refused(Refusal.LIST_HAS_ERRORS, count=old.error_count)
    if old.row_count == 0 and not body.allow_empty:
        raise Refused(Refusal.LIST_EMPTY)
    applied = {"applied_by": app.caller.sub, "applied_at": clock.now()}
    new = old.next_version(state=state, skip_errors=body.skip_errors, **applied, **app.step("apply"))
    lists.commit_turn(old, new)
    return reply(new)


@app.get("/lists/<kind>/<year>")
def show_list(kind: str, year: str) -> Response[str]:
    """The version in force, row by row; who began to page through one stays in it."""
    require(app.caller, "platform", "bureau", "finance")
    listed_year, cursor = _checked(kind, year), app.query("cursor")
    import_id, start = _begun(kind, listed_year, cursor) if cursor else (lists.find_in_force(kind, listed_year), 0)
    rows = lists.load_rows(lists.find(kind, listed_year, import_id)) if import_id else []
    following = start + app.limit
    return reply(
        {
            "import_id": import_id,
            "items": rows[start:following],
            "next_cursor": f"{import_id}:{following}" if following < len(rows) else None,
        }
    )


def _begun(kind: str, year: int, cursor: str) -> tuple[str, int]:
    """The version a reader is paging through, and how far it came: none but one that was in force once."""
    import_id, _, offset = cursor.rpartition(":")
    record = lists.find(kind, year, import_id)
    if record is None or record.state != "applied":
        raise _no_cursor()
    return import_id, _offset(offset)


handler = app.handle
