"""Finds all that followed from one call, in the logs of all functions: by the id that its answer carried."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, NamedTuple

from infra.operate.deployed import FUNCTION, Deployed
from infra.operate.gate import functions_of
from voucher.models.base import instant_text

READERS = 8
# what a line says beside its words
SHOWN = ("code", "status", "clause", "method", "route", "queue", "messages", "fault", "retries", "message_id")


class Line(NamedTuple):
    """One line of one function's log."""

    at: str
    function: str
    words: str
    facts: dict[str, Any]


def follow(deployed: Deployed, request_id: str, since: datetime) -> list[Line]:
    """Every line that belongs to a request, in the order of their instants."""
    logical = {name: word for word, name in deployed.of(FUNCTION).items()}
    groups = [(logical[each["FunctionName"]], _group_of(each)) for each in functions_of(deployed)]
    logs = deployed.client("logs")
    with ThreadPoolExecutor(READERS) as readers:
        found = readers.map(lambda place: list(_lines(logs, place, request_id, since)), groups)
        return sorted((line for lines in found for line in lines), key=lambda line: line[:3])


def _group_of(function: dict[str, Any]) -> str:
    named: str | None = function.get("LoggingConfig", {}).get("LogGroup")
    return named or f"/aws/lambda/{function['FunctionName']}"


def _lines(logs: Any, place: tuple[str, str], request_id: str, since: datetime) -> Iterator[Line]:
    function, group = place
    request = {"logGroupName": group, "filterPattern": f'"{request_id}"', "startTime": int(since.timestamp() * 1000)}
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**request):
            yield from (_line(function, each) for each in page["events"])
    except logs.exceptions.ResourceNotFoundException:
        return  # a function that was never called has no log


def _line(function: str, event: dict[str, Any]) -> Line:
    at = instant_text(datetime.fromtimestamp(event["timestamp"] / 1000, UTC))
    try:
        content = json.loads(event["message"])
    except ValueError:  # a line of Lambda itself, or of a fault
        return Line(at, function, event["message"].strip(), {})
    return Line(at, function, str(content.get("message", "")), {n: content[n] for n in SHOWN if content.get(n)})
