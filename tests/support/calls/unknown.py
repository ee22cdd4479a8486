"""A call turned into the same call about things that nothing has."""

import re
from typing import Any

# the ids in a body that decide who may act
DECIDING = ("agency_uscc", "enterprise_uscc", "product_id", "voucher_id")


def unknown_path(pattern: str, path: str) -> str:
    """The path with ids of the same form that nothing has: their last letters changed."""
    named = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    found = re.fullmatch(named, path.partition("?")[0])
    for parameter, value in (found.groupdict() if found else {}).items():
        if parameter not in ("kind", "year"):
            path = path.replace(value, value[:-4] + "0000")
    return re.sub(r"(uscc=\w{14})\w{4}", r"\g<1>0000", path)


def unknown_body(body: Any) -> Any:
    """The body with the id that decides who may act replaced by one that nothing has."""
    renamed = {field: value[:-4] + "0000" for field, value in (body or {}).items() if field in DECIDING}
    return {**body, **renamed} if body else body
