"""The API's document, the page that shows it, and the Chinese words of every closed list: static, for everybody."""

from functools import cache
from pathlib import Path

from voucher.edge.api import Api
from voucher.edge.replies import Response
from voucher.edge.static_files import FOR_EVER, MINUTES, StaticFile, send_file, shipped_file, static_file
from voucher.refusals import not_found

app = Api()
HERE = Path(__file__).parent
# the page loads nothing from another host, whatever its renderer would like
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@app.get("/openapi.json")
def show_document() -> Response[str]:
    """This document: OpenAPI 3.1, of every operation."""
    return _file("openapi.json", MINUTES)


@app.get("/vocabulary")
def show_vocabulary() -> Response[str]:
    """Every closed list with its Chinese words, and every refusal with its status, clause and sentence."""
    return _file("vocabulary.json", MINUTES)


@app.get("/docs")
def show_page() -> Response[str]:
    """The page on which a person reads and searches this document, in a browser."""
    return _file("page.html", MINUTES)


@app.get("/docs/<asset>")
def show_asset(asset: str) -> Response[str]:
    """What the page loads. Its names change with their content."""
    if not (HERE / f"{asset}.gz").is_file():
        raise not_found("asset")
    return _file(asset, FOR_EVER)


def _file(name: str, caching: str) -> Response[str]:
    return send_file(app.event, _read(name), caching, POLICY if name.endswith(".html") else None)


@cache
def _read(name: str) -> StaticFile:
    """A file of this folder. What comes from others lies here compressed already."""
    zipped, smaller = HERE / f"{name}.gz", HERE / f"{name}.br"
    if zipped.is_file():
        return shipped_file(name, {"gzip": zipped.read_bytes(), "br": smaller.read_bytes()})
    return static_file(name, (HERE / name).read_bytes())


handler = app.handle
