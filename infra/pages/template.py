"""What template.yaml says of each function: its subject, what starts it, which tables it may write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.pages.markers import ROOT

TEMPLATE = ROOT / "template.yaml"
WRITING = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}


class _Loader(yaml.SafeLoader):
    """CloudFormation's short tags are read as their plain values."""


_Loader.add_multi_constructor("!", lambda _loader, _tag, node: getattr(node, "value", None))


@dataclass(frozen=True)
class Function:
    """One Lambda function as the template has it. `open_routes` are those without a token, as (method, path)."""

    name: str
    folder: Path
    triggers: tuple[str, ...]
    tables: tuple[str, ...]
    open_routes: frozenset[tuple[str, str]]


@cache
def resources() -> dict[str, Any]:
    """The template's resources as plain data."""
    return dict(yaml.load(TEMPLATE.read_text(), _Loader)["Resources"])  # noqa: S506 - our own file


def subjects() -> Iterator[tuple[str, list[Function]]]:
    """Each heading of the template that functions stand under, with these functions, in the template's order."""
    for section in re.split(r"^  # --- ", TEMPLATE.read_text(), flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition(" ---\n")
        found = [name for name in re.findall(r"^  (\w+):$", body, re.MULTILINE) if name in resources()]
        functions = [_function(name) for name in found if resources()[name]["Type"] == "AWS::Serverless::Function"]
        if functions:
            yield heading, functions


def _function(name: str) -> Function:
    properties = resources()[name]["Properties"]
    events = list(properties.get("Events", {}).values())
    routes = [each["Properties"] for each in events if each["Type"] == "Api"]
    return Function(
        name,
        ROOT / properties["CodeUri"],
        tuple(dict.fromkeys(map(_trigger, events))) or (_authorizer(name),),
        tuple(sorted(_written(properties))),
        frozenset((each["Method"], each["Path"]) for each in routes if "Auth" in each),
    )


def _trigger(event: dict[str, Any]) -> str:
    properties = event["Properties"]
    match event["Type"]:
        case "Api":
            return "HTTP"
        case "SQS":
            return f"queue {_output(properties['Queue'], 'QueueArn')}"
        case "DynamoDB":
            return f"stream of {_output(properties['Stream'], 'Stream')}"
        case "ScheduleV2":
            return f"`{properties['ScheduleExpression']}` {properties['ScheduleExpressionTimezone']}"
    raise ValueError(f"a trigger that the page has no words for: {event['Type']}")


def _authorizer(name: str) -> str:
    if name not in str(resources()["Api"]["Properties"]["Auth"]):
        raise ValueError(f"nothing starts {name}")
    return "API Gateway, before a route that needs a token"


def _output(value: str, ending: str) -> str:
    """`void_vouchers` for `Data.Outputs.VoidVouchersQueueArn`."""
    name = value.rpartition(".")[2].removesuffix(ending)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _written(properties: dict[str, Any]) -> set[str]:
    statements = [each for policy in properties.get("Policies", []) for each in policy["Statement"]]
    writing = [each for each in statements if WRITING & set(_listed(each["Action"]))]
    named = [resource for each in writing for resource in _listed(each["Resource"])]
    return {_output(match[1], "") for each in named if (match := re.fullmatch(r"Data\.Outputs\.(\w+)Arn", each))}


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
