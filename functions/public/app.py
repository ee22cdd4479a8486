"""The pages for the public (§1.4a, §3.5.3): static files that read the public API from the reader's browser."""

import hashlib
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from voucher.edge.api import Api
from voucher.edge.static_files import FOR_EVER, MINUTES, send_file, static_file
from voucher.refusals import not_found

app = Api()
HERE = Path(__file__).parent
ASSETS = {
    path.name: static_file(path.name, path.read_bytes())
    for path in sorted(HERE.iterdir())
    if path.suffix in {".css", ".js"}
}
# in the address of what the page loads, so that a browser never mixes the files of two deployments
EDITION = hashlib.sha256(b"".join(each.content for each in ASSETS.values())).hexdigest()[:12]
PAGE = static_file(
    "page.html", (HERE / "page.html").read_bytes().replace(b"public/edition/", f"public/{EDITION}/".encode())
)
# nothing inline and nothing from elsewhere
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@app.get("/public")
def show_page() -> Response[str]:
    """The page for the public, for browsers: notices and objections, the year's money, results, agencies, products."""
    return send_file(app.current_event.raw_event, PAGE, MINUTES, POLICY)


@app.get("/public/<edition>/<asset>")
def show_asset(edition: str, asset: str) -> Response[str]:
    """What the page for the public loads. A page of an earlier edition gets today's files, and does not keep them."""
    if asset not in ASSETS:
        raise not_found("asset")
    return send_file(app.current_event.raw_event, ASSETS[asset], FOR_EVER if edition == EDITION else "no-cache")


handler = app.handle
