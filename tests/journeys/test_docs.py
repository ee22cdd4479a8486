"""The document and its page, as a browser gets them from the deployed API: gzipped or plain, and once."""

import gzip
import json
import subprocess
import urllib.request
from urllib.error import HTTPError

import pytest

from tests.journeys.deployment import Deployment
from tests.support.backend import ROOT

FILES = {
    "/openapi.json": "openapi.json",
    "/vocabulary": "vocabulary.json",
    "/docs": "page.html",
    "/docs/openapi-explorer-2.4.820.js": "openapi-explorer-2.4.820.js.gz",
}


def get(deployment: Deployment, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and the bytes as they came."""
    named = {"Accept": "*/*", **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(deployment.stack.api_url.rstrip("/") + path, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except HTTPError as error:  # 304 is none, but urllib takes it for one
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


@pytest.mark.parametrize("path", FILES)
def test_a_file_of_the_deployed_page_comes_as_it_is_and_only_once(deployment: Deployment, path: str) -> None:
    stored = (ROOT / "functions/docs" / FILES[path]).read_bytes()
    content = gzip.decompress(stored) if FILES[path].endswith(".gz") else stored
    status, said, plain = get(deployment, path, Accept_Encoding="identity")
    assert (status, plain) == (200, content)
    status, said, zipped = get(deployment, path, Accept_Encoding="gzip")
    assert (status, said["content-encoding"], gzip.decompress(zipped)) == (200, "gzip", content)
    assert get(deployment, path, Accept_Encoding="gzip", If_None_Match=said["etag"])[0] == 304


def test_the_deployed_renderer_in_brotli_is_the_same_to_a_tool_of_others(deployment: Deployment) -> None:
    path = "/docs/openapi-explorer-2.4.820.js"
    status, said, compressed = get(deployment, path, Accept_Encoding="br, gzip")
    assert (status, said["content-encoding"]) == (200, "br")
    unpack = "process.stdout.write(zlib.brotliDecompressSync(fs.readFileSync(0)))"
    unpacked = subprocess.run(["node", "-e", unpack], input=compressed, capture_output=True, check=True).stdout
    assert unpacked == gzip.decompress((ROOT / "functions/docs" / FILES[path]).read_bytes())


def test_the_deployed_document_names_the_routes_that_answer(deployment: Deployment) -> None:
    paths = json.loads(get(deployment, "/openapi.json", Accept_Encoding="identity")[2])["paths"]
    for path in paths:
        if "get" in paths[path] and "{" not in path:
            assert get(deployment, path)[0] in (200, 401), path
