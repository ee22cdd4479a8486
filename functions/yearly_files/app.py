"""The yearly file for bureau and finance (§5.1): a year after its close in one archive, and what was settled later in
supplements.

A file is made from what is kept at that moment, once; its bytes never change. Its number is asked for by its position,
so a call that is sent again finds the file that it made.
"""

import hashlib
from typing import Annotated

from pydantic import Field

from voucher.edge.api import Api
from voucher.edge.identity import require
from voucher.edge.queries import Paging
from voucher.edge.replies import Answer, PageOf, reply, reply_page
from voucher.edge.yearly_files import made_of
from voucher.models.base import Request
from voucher.models.yearly_files import Office, YearlyFile, YearlyFileWithUrl
from voucher.rules.documents import file_name
from voucher.rules.four_eyes import check_four_eyes
from voucher.rules.yearly_files import check_next, check_same_file, received_file
from voucher.store import programmes, yearly_files
from voucher.store.engine.pages import Selection

app = Api()


class Making(Request):
    """`position` 1 is the file of the year, and each later one a supplement to the file before it."""

    position: Annotated[int, Field(ge=1, le=99)] = 1


class Receipt(Request):
    """The hash of the archive as it was received, and the office for which the caller confirms it."""

    office: Office
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@app.post("/reports/<year>/yearly-files")
def make(year: str) -> Answer[YearlyFile]:
    """§5.1: make the file of a closed year whose latest reconciliation agrees; or a supplement, if something was
    settled, paid or claimed back since. Who asks for a file that is made gets that file."""
    require(app.caller, "bureau", "finance")
    position = app.body(Making).position
    programme = programmes.get(app.year(year))
    made = yearly_files.list_of(programme.year)
    if position <= len(made):
        return reply(made[position - 1], replay=True)
    check_next(position, len(made))
    cover, content = made_of(programme, made[-1] if made else None)
    sha256 = hashlib.sha256(content).hexdigest()
    file = YearlyFile(
        state="made",
        **{name: cover[name] for name in ("yearly_file_id", "year", "supplements", "reconciled_at", "letters", "sums")},
        position=position,
        sha256=sha256,
        size_bytes=len(content),
        object_key=yearly_files.object_key(programme.year, sha256),
        **app.creation("make"),
    )
    yearly_files.commit_made(file, content)
    return reply(file, 201)


@app.get("/reports/<year>/yearly-files")
def list_files(year: str, query: Paging) -> Answer[PageOf[YearlyFile]]:
    """§5.1: the file of a year and its supplements, the first one first."""
    require(app.caller, "bureau", "finance", "platform")
    programme = programmes.get(app.year(year))
    page = yearly_files.list_page(programme.year, Selection(query.limit, query.cursor))
    return reply_page([YearlyFile.model_validate(item) for item in page.items], page.next_cursor)


@app.get("/reports/<year>/yearly-files/<yearly_file_id>")
def show(year: str, yearly_file_id: str) -> Answer[YearlyFileWithUrl]:
    """§5.1: one file, with a link to its archive: always the same bytes."""
    require(app.caller, "bureau", "finance", "platform")
    file = yearly_files.get(app.year(year), yearly_file_id)
    return reply(
        {**file.public(), "archive_url": yearly_files.url_of(file, file_name("年度文件", yearly_file_id, "zip"))}
    )


@app.post("/reports/<year>/yearly-files/<yearly_file_id>/receipt")
def receive(year: str, yearly_file_id: str) -> Answer[YearlyFile]:
    """§5.1: an office confirms that it received the archive of this hash: the bureau, then finance, by two people."""
    require(app.caller, "bureau", "finance")
    body = app.body(Receipt)
    old = yearly_files.get(app.year(year), yearly_file_id)
    require(app.caller, "bureau") if body.office == "bureau" else require(app.caller, "finance")
    check_same_file(old, body.sha256)
    if old.received_by(body.office) == app.caller.sub:
        return reply(old, replay=True)
    new = received_file(old, body.office, app.mark)
    if body.office == "finance":
        check_four_eyes(app.caller.sub, "countersign_yearly_file", old)
    yearly_files.commit_received(old, new, app.caller.sub)
    return reply(new)


handler = app.handle
