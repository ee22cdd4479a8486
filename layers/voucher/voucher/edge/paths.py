"""Which route an event is for: by its resource and parameters, because its path may begin with a domain's base path.

API Gateway has matched the request with a resource of the template before a function sees it. Behind a custom domain
the event's path still begins with the base path that the domain maps to the stage; resource and parameters do not.
"""

import re
from collections.abc import Mapping
from typing import Any

# every id, code, kind and year that stands in a path: DynamoDB takes keys of up to 2,048 bytes, no id is near that
PARAMETER = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
# no route has this letter in a path, so it fits none: what has an impossible id is not found
NOWHERE = "?"


def located(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event under the path that the routes know, with HEAD asked as GET. An id that no thing can have fits no
    route."""
    given = event.get("pathParameters") or {}

    def filled(name: re.Match[str]) -> str:
        value = str(given.get(name[1], ""))
        return value if PARAMETER.fullmatch(value) else NOWHERE

    path = re.sub(r"\{(\w+)\}", filled, str(event["resource"]))
    method = "GET" if event["httpMethod"] == "HEAD" else event["httpMethod"]
    return {**event, "path": path, "httpMethod": method}
