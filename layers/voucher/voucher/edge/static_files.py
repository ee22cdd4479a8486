"""Static files for everybody: gzipped if the caller takes it so, and pages that load nothing from another host."""

import base64
import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from aws_lambda_powertools.event_handler import Response

from voucher.edge.headers import header
from voucher.edge.observe import log_outcome

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}
# how long a client keeps what may change at the next deployment, and what never changes under its address
MINUTES, FOR_EVER = "public, max-age=300", "public, max-age=31536000, immutable"
GZIP = re.compile(r"(^|[ ,])gzip(?! *; *q=0(\.0*)?( *,|$))")


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent, plain and gzipped; its name says its kind."""

    name: str
    content: bytes
    zipped: bytes


def static_file(name: str, content: bytes) -> StaticFile:
    """A file by its content. No time is written into its gzip, so that equal contents have equal tags."""
    return StaticFile(name, content, gzip.compress(content, mtime=0))


def shipped_file(name: str, zipped: bytes) -> StaticFile:
    """A file that comes from others, gzipped already."""
    return StaticFile(name, gzip.decompress(zipped), zipped)


def send_file(event: Mapping[str, Any], file: StaticFile, caching: str, policy: str | None = None) -> Response[str]:
    """A file; `caching` is its Cache-Control, `policy` the Content-Security-Policy of a page."""
    takes_gzip = GZIP.search(header(event, "accept-encoding")) is not None
    headers = {"Cache-Control": caching}
    headers |= {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"} if policy else {}
    log_outcome("OK", 200, None)
    kind = KINDS[PurePath(file.name).suffix]
    if not takes_gzip:
        return Response(200, kind, file.content.decode(), headers)
    zipped = base64.b64encode(file.zipped).decode()
    answer = Response(200, kind, zipped, headers | {"Content-Encoding": "gzip"})
    answer.base64_encoded = True  # said here, because Powertools would make JSON of a JSON file's bytes once more
    return answer
