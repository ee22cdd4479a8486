"""The methods of each path, for the function that answers what has no route: from template.yaml."""

import json

from infra.pages.markers import ROOT
from infra.pages.template import resources

PLACE = ROOT / "functions/unrouted/methods.json"
ORDER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def methods() -> dict[str, tuple[str, ...]]:
    """Path → methods; paths with fewer ids come first."""
    found: dict[str, set[str]] = {}
    for resource in resources().values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            if event["Type"] == "Api" and event["Properties"]["Method"] != "ANY":
                found.setdefault(event["Properties"]["Path"], set()).add(event["Properties"]["Method"])
    paths = sorted(found, key=lambda path: (path.count("{"), path))
    return {path: tuple(sorted(found[path], key=ORDER.index)) for path in paths}


def text() -> str:
    """The file: one path a line."""
    rows = ",\n".join(f"  {json.dumps(path)}: {json.dumps(has)}" for path, has in methods().items())
    return f"{{\n{rows}\n}}\n"
