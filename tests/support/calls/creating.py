"""The routes that make a thing by an Idempotency-Key."""

from infra.pages.handlers import handlers
from tests.support.backend import ROOT, routes

# every route whose handler makes an id from the key; a route that makes a thing without a natural key has no other way
CREATING = sorted(
    f"{each.method} {each.path}"
    for folder in {route.folder for route in routes()}
    for each in handlers(ROOT / "functions" / folder)
    if each.makes_id
)
