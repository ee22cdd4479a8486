"""The API's document, the page that shows it, and the Chinese words of every closed list: static, for everybody."""

import base64
import gzip
import re
from functools import cache
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from voucher.edge.api import Api
from voucher.edge.headers import header
from voucher.edge.observe import log_outcome
from voucher.refusals import not_found

app = Api()
HERE = Path(__file__).parent
KINDS = {".json": "application/json", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
MINUTES, FOR_EVER = "public, max-age=300", "public, max-age=31536000, immutable"
GZIP = re.compile(r"(^|[ ,])gzip(?! *; *q=0(\.0*)?( *,|$))")
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
    """A file, gzipped if the caller takes it so."""
    headers = {"Cache-Control": caching}
    if name.endswith(".html"):
        headers["Content-Security-Policy"] = POLICY
    text, zipped = _read(name)
    log_outcome("OK", 200, None)
    kind = KINDS[Path(name).suffix]
    if not GZIP.search(header(app.current_event.raw_event, "accept-encoding")):
        return Response(200, kind, text, headers)
    answer = Response(200, kind, zipped, headers | {"Content-Encoding": "gzip"})
    answer.base64_encoded = True  # by us, because Powertools takes the bytes of a JSON answer for a value to serialise
    return answer


@cache
def _read(name: str) -> tuple[str, str]:
    """A file's text, and the same gzipped, in base64. What comes from others lies here gzipped already."""
    zipped = HERE / f"{name}.gz"
    content = zipped.read_bytes() if zipped.is_file() else gzip.compress((HERE / name).read_bytes(), mtime=0)
    return gzip.decompress(content).decode(), base64.b64encode(content).decode()


handler = app.handle
