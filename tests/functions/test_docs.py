"""The document and its page: as a browser asks for them, gzipped or plain, and not again while they are the same."""

import base64
import gzip
import hashlib
import re
from typing import Any

import pytest

from tests.support.backend import ROOT, Route, api_event, function

PATHS = ("/openapi.json", "/vocabulary", "/docs", "/docs/openapi-explorer-2.4.820.js")
# of dist/browser/openapi-explorer.min.js in the npm package openapi-explorer 2.4.820
RENDERER_SHA256 = "6bb3f4f29b0d740f1fc0970cd4245e01d2c1346df5a26ecd20a2f7a5dda5f837"
# to a browser of today, and to one without Brotli
MOST_BYTES, MOST_BYTES_GZIPPED = 300 * 1024, 340 * 1024


def get(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and bytes of an answer."""
    pattern = "/docs/{asset}" if path.startswith("/docs/") else path
    parameters = {"asset": path.removeprefix("/docs/")} if path != pattern else {}
    event = api_event(Route("GET", pattern, "docs", True), path, "", parameters, None, None, None, None)
    event["headers"] = {name.replace("_", "-"): value for name, value in headers.items()}
    answer: dict[str, Any] = function("docs").handler(event, None)
    said = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
    body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    return answer["statusCode"], said, body


@pytest.mark.parametrize("path", PATHS)
def test_a_file_comes_gzipped_to_whoever_takes_it_so_and_plain_to_others(path: str) -> None:
    status, said, plain = get(path)
    assert status == 200 and "content-encoding" not in said and len(plain) > 500
    for taken in ("gzip", "gzip, deflate", "br;q=0, gzip;q=0.8, *;q=0.1"):
        status, zipped_said, zipped = get(path, Accept_Encoding=taken)
        assert status == 200 and zipped_said["content-encoding"] == "gzip"
        assert gzip.decompress(zipped) == plain
    for refused in ("identity", "gzip;q=0", "gzip; q=0.0, br;q=0"):
        assert get(path, accept_encoding=refused)[2] == plain
    assert said["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", PATHS)
def test_what_is_there_in_brotli_too_comes_so_to_whoever_takes_it(path: str) -> None:
    shipped = ROOT / "functions" / f"{path.removeprefix('/')}.br"
    expected = ("br", shipped.read_bytes()) if shipped.is_file() else ("gzip", get(path, Accept_Encoding="gzip")[2])
    for taken in ("gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8, *;q=0.1"):
        _, said, body = get(path, Accept_Encoding=taken)
        assert (said["content-encoding"], body) == expected
    assert get(path, Accept_Encoding="gzip;q=0, br")[1].get("content-encoding") == ("br" if shipped.is_file() else None)


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_the_client_has_is_not_sent_again(path: str) -> None:
    _, said, _ = get(path)
    assert re.match(r"public, max-age=\d{3,}", said["cache-control"])
    for known in (said["etag"], f'"other", {said["etag"]}'):
        status, again, body = get(path, If_None_Match=known)
        assert (status, body) == (304, b"")
        assert (again["etag"], again["cache-control"]) == (said["etag"], said["cache-control"])
    assert get(path, If_None_Match='W/"other"')[0] == 200


def test_what_the_page_loads_is_small_and_comes_from_here() -> None:
    _, said, page = get("/docs")
    loaded = re.findall(r"""(?:src|spec-url)="([^"]+)""", page.decode())
    paths = [f"/{each}" for each in loaded]
    assert sorted(paths) == ["/docs/openapi-explorer-2.4.820.js", "/openapi.json"]
    for taken, most in {"br, gzip": MOST_BYTES, "gzip": MOST_BYTES_GZIPPED}.items():
        assert sum(len(get(path, Accept_Encoding=taken)[2]) for path in ("/docs", *paths)) <= most
    assert "default-src 'none'" in said["content-security-policy"]
    assert "http" not in said["content-security-policy"].replace("'none'", "")


def test_the_renderer_is_the_one_that_was_chosen_and_its_licence_is_with_it() -> None:
    _, said, script = get(PATHS[-1])
    assert hashlib.sha256(script).hexdigest() == RENDERER_SHA256
    assert "immutable" in said["cache-control"]
    assert "Apache License" in (ROOT / "functions/docs/openapi-explorer-2.4.820.LICENSE").read_text()


@pytest.mark.parametrize("name", ["nothing.js", "app.py", "openapi.json", "x y", "page.html"])
def test_no_other_file_is_shown(name: str) -> None:
    status, said, _ = get(f"/docs/{name}")
    assert (status, said["content-type"]) == (404, "application/problem+json")
