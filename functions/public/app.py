"""The pages for the public (§1.4a, §3.5.3, §5.3) and for the offices (§5.1): static files that read the API from the
reader's browser. They contain no figure; those of the offices are read in the name of whoever signs in."""

import hashlib
import html
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from voucher.edge.api import Api
from voucher.edge.replies import Response
from voucher.edge.static_files import FOR_EVER, MINUTES, StaticFile, send_file, static_file
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
# nothing inline and nothing from elsewhere
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# where staff signs in, and where a code is then changed into a token: none, or both of one provider
SIGN_IN = {f"[{name}]": os.environ.get(name, "") for name in ("SIGN_IN", "TOKEN_URL", "CLIENT")}


def page(name: str, values: Mapping[str, str]) -> StaticFile:
    """A page with the addresses of its files in this edition, and with these values in their places."""
    text = (HERE / name).read_text().replace("public/edition/", f"public/{EDITION}/")
    for place, value in values.items():
        text = text.replace(place, html.escape(value))
    return static_file(name, text.encode())


PUBLIC_PAGE, OFFICE_PAGE = page("page.html", {}), page("office.html", SIGN_IN)


@app.get("/public")
def show_page() -> Response[str]:
    """§1.4a, §3.5.3, §5.3: the page for the public, for browsers: notices and objections, the year's money, results,
    agencies, products; complaints, letters to the mailbox, and what became of them."""
    return send_file(app.event, PUBLIC_PAGE, MINUTES, POLICY)


@app.get("/office")
def show_office() -> Response[str]:
    """§5.1: the page for bureau, finance and operator, for browsers: what waits for them, and the year in pictures. It
    is for everybody to load; its figures are read with the token of whoever signs in there."""
    provider = urlsplit(SIGN_IN["[TOKEN_URL]"])
    asked = f"connect-src 'self' {provider.scheme}://{provider.netloc};" if provider.netloc else "connect-src 'self';"
    return send_file(app.event, OFFICE_PAGE, MINUTES, POLICY.replace("connect-src 'self';", asked))


@app.get("/public/<edition>/<asset>")
def show_asset(edition: str, asset: str) -> Response[str]:
    """What these pages load. A page of an earlier edition gets today's files, and does not keep them."""
    if asset not in ASSETS:
        raise not_found("asset")
    return send_file(app.event, ASSETS[asset], FOR_EVER if edition == EDITION else "no-cache")


handler = app.handle
