"""The templates as plain data for tests; short tags such as !Ref are their plain values (tests/support/backend.py)."""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

from infra.local.environment import python_of
from tests.support.backend import ROOT, template

# SAM is in the environment that deploys. It wants packages in a bucket, where `sam deploy` would have laid them.
TRANSFORM = """
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class NoPolicies:
    def load(self):
        return {}

template = yaml_parse(open("template.yaml").read())
for each in template["Resources"].values():
    for name in {"CodeUri", "ContentUri", "Location"} & set(each["Properties"]):
        each["Properties"][name] = "s3://bucket/package"
json.dump(transform(template, {}, NoPolicies()), sys.stdout)
"""

# an action, and on what
Permission = tuple[str, str]

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


@cache
def transformed() -> dict[str, dict[str, Any]]:
    """The resources of template.yaml as CloudFormation gets them from SAM."""
    asked = [str(python_of("deploy")), "-c", TRANSFORM]
    region = {"AWS_DEFAULT_REGION": "ap-east-1"}
    made = subprocess.run(asked, cwd=ROOT, env=region, capture_output=True, text=True, check=True)
    return dict(json.loads(made.stdout)["Resources"])


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


def permissions_by_policy(function: dict[str, Any]) -> frozenset[Permission]:
    """The permissions of a function by its policy in the template, in the same form as the tries."""
    return frozenset(
        (action, word_of(resource))
        for statement in statements(function)
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    )


def word_of(resource: str) -> str:
    """`${Data.Outputs.VouchersArn}/index/*` → Vouchers/index; below the bucket the prefix alone."""
    output, _, rest = resource.removeprefix("${").removeprefix("Data.Outputs.").partition("}")
    word, below = output.removesuffix("Arn"), rest.removesuffix("/*")
    return below.removeprefix("/") if word == "Documents" and below else word + below
