"""Which route an event is for: by its resource and parameters, because its path may begin with a domain's base path.

API Gateway has matched the request with a resource of the template before a function sees it. Behind a custom domain
the event's path still begins with the base path that the domain maps to the stage; resource and parameters do not.
"""

import re
from collections.abc import Mapping
from typing import Any

NAME = re.compile(r"\{(\w+)\}")
# every id, code, kind and year that stands in a path: DynamoDB takes keys of up to 2,048 bytes, no id is near that
POSSIBLE = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
# no route has this letter in a path, so it fits none
NOWHERE = "?"
# the things of the parameters that are not named after theirs
THINGS = {
    "agency_uscc": "agency",
    "edition": "asset",
    "import_id": "list_import",
    "kind": "list",
    "year": "programme",
}


def located(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event under the path that the routes know, with HEAD asked as GET. Only an id that a thing can have fits a
    route."""
    given = event.get("pathParameters") or {}
    path = NAME.sub(lambda name: given[name[1]] if _is_possible(given, name[1]) else NOWHERE, event["resource"])
    method = "GET" if event["httpMethod"] == "HEAD" else event["httpMethod"]
    return {**event, "path": path, "httpMethod": method}


def is_nowhere(event: Mapping[str, Any]) -> bool:
    """Whether an id in the path of a located event is one that nothing can have."""
    return NOWHERE in event["path"]


def thing_sought(event: Mapping[str, Any]) -> str | None:
    """The thing, by its word in THING_WORDS, of the first id in the path that no thing can have."""
    resource, given = str(event["resource"]), event.get("pathParameters") or {}
    name = next((each for each in NAME.findall(resource) if not _is_possible(given, each)), None)
    if name == "uscc":
        return "enterprise" if resource.startswith("/enterprises/") else "agency"
    return name and THINGS.get(name, name.removesuffix("_id"))


def _is_possible(given: Mapping[str, Any], name: str) -> bool:
    return POSSIBLE.fullmatch(str(given.get(name, ""))) is not None
