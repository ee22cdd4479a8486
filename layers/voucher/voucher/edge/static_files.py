"""Static files for everybody: compressed if the caller takes it so, and pages that load nothing from another host."""

import base64
import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from voucher.edge.headers import header
from voucher.edge.observe import log_outcome
from voucher.edge.replies import Response

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}
# how long a client keeps what may change at the next deployment, and what never changes under its address
MINUTES, FOR_EVER = "public, max-age=300", "public, max-age=31536000, immutable"
# the smallest first; a browser takes Brotli over HTTPS and from its own machine
ENCODINGS = ("br", "gzip")


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent, plain and compressed by each encoding that there is of it; its name says its kind."""

    name: str
    content: bytes
    compressed: Mapping[str, bytes]


def static_file(name: str, content: bytes) -> StaticFile:
    """A file by its content. No time is written into its gzip, so that equal contents have equal tags."""
    return StaticFile(name, content, {"gzip": gzip.compress(content, mtime=0)})


def shipped_file(name: str, compressed: Mapping[str, bytes]) -> StaticFile:
    """A file that comes from others, compressed already: by gzip, and perhaps by Brotli, which Python lacks."""
    return StaticFile(name, gzip.decompress(compressed["gzip"]), compressed)


def send_file(event: Mapping[str, Any], file: StaticFile, caching: str, policy: str | None = None) -> Response[str]:
    """A file; `caching` is its Cache-Control, `policy` the Content-Security-Policy of a page."""
    headers = {"Cache-Control": caching}
    headers |= {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"} if policy else {}
    log_outcome("OK", 200, None)
    kind = KINDS[PurePath(file.name).suffix]
    accepted = header(event, "accept-encoding") or ""
    encoding = next((each for each in ENCODINGS if each in file.compressed and _takes(accepted, each)), None)
    if encoding is None:
        return Response(200, kind, file.content.decode(), headers)
    body = base64.b64encode(file.compressed[encoding]).decode()
    return Response(200, kind, body, headers | {"Content-Encoding": encoding}, is_base64=True)


def _takes(accepted: str, encoding: str) -> bool:
    """Whether an Accept-Encoding header names an encoding without refusing it."""
    return re.search(rf"(^|[ ,]){encoding}(?! *; *q=0(\.0*)?( *,|$))", accepted) is not None
