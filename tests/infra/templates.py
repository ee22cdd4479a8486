"""The templates as plain data for tests; short tags such as !Ref are their plain values (tests/support/backend.py)."""

from collections.abc import Iterator
from typing import Any

from tests.support.backend import ROOT, template

IDENTITY = "identity.yaml"
MAIN = (
    "template.yaml",
    *sorted(f"infra/{each.name}" for each in (ROOT / "infra").glob("*.yaml") if each.name != IDENTITY),
)
FUNCTIONS: dict[str, dict[str, Any]] = {
    name: each["Properties"]
    for name, each in template("template.yaml")["Resources"].items()
    if each["Type"] == "AWS::Serverless::Function"
}
DEFAULTS: dict[str, Any] = template("template.yaml")["Globals"]["Function"]
API: dict[str, Any] = template("template.yaml")["Resources"]["Api"]["Properties"]
STATE: dict[str, dict[str, Any]] = template("infra/data.yaml")["Resources"]


def events(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(function, properties) of every event of a kind."""
    for name, function in FUNCTIONS.items():
        for event in function.get("Events", {}).values():
            if event["Type"] == kind:
                yield name, event["Properties"]


def statements(function: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a function's own policies."""
    return [statement for policy in function.get("Policies", []) for statement in policy["Statement"]]


def as_list(value: str | list[str]) -> list[str]:
    """One value or a list of values, as a list."""
    return value if isinstance(value, list) else [value]
