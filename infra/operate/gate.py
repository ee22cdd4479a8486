"""Closes a stack, so that nobody but the operator changes anything, and opens it again as it was.

Closed are, in this order: the API (each route answers 429 `BUSY`), the schedules, and what reads streams and queues.
Messages wait meanwhile: queues for 4 days, streams for one. What was in force before is kept in a file, from which
`reopen` puts it back: a deployment in between would do the same for what it changes.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.operate.deployed import FUNCTION, REST_API, SCHEDULE, Deployed, NotPossible
from voucher.models.base import instant_text

PATIENCE_SECONDS = 300
LIMITS = ("throttlingRateLimit", "throttlingBurstLimit")


@dataclass(frozen=True)
class Closed:
    """What was in force before, and what was found since. Calls that were let in before end by `quiet_at`."""

    closed_at: str
    quiet_at: str
    throttles: dict[str, list[float]]
    schedules: list[str]
    mappings: list[str]
    changed_at: str | None = None
    balanced_at: str | None = None

    @property
    def may_open(self) -> bool:
        """The books were found in order after the last change."""
        return self.balanced_at is not None and self.balanced_at >= (self.changed_at or "")


def read(place: Path) -> Closed:
    """What `close` kept. Raises NotPossible for a stack that it did not close."""
    if not place.is_file():
        raise NotPossible(f"the stack is not closed: there is no {place}")
    return Closed(**json.loads(place.read_text()))


def note_changed(place: Path, at: str) -> None:
    """Keep when something was changed: what was found in order before counts no more."""
    _keep(place, replace(read(place), changed_at=at))


def note_balanced(place: Path, at: str) -> None:
    """Keep when the books were found in order."""
    _keep(place, replace(read(place), balanced_at=at))


def _keep(place: Path, closed: Closed) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(asdict(closed), indent=2) + "\n")


def close(deployed: Deployed, place: Path) -> Closed:
    """Keep everybody out. Raises NotPossible if it is closed already, because then nothing could be put back."""
    if place.exists():
        raise NotPossible(f"{place} says that the stack is closed already; `open` first, or go on")
    now = datetime.now(UTC)
    longest = max(each["Timeout"] for each in functions_of(deployed))
    throttles, reading = _throttles(deployed), [each["UUID"] for each in mappings(deployed) if _reads(each)]
    schedules = [name for name in deployed.of(SCHEDULE).values() if _schedule(deployed, name)["State"] == "ENABLED"]
    quiet = now + timedelta(seconds=longest)
    closed = Closed(instant_text(now), instant_text(quiet), throttles, schedules, reading)
    _keep(place, closed)  # first: what is broken off half-way can be opened again
    _throttle(deployed, {path: [0, 0] for path in throttles})
    for name in schedules:
        _set_schedule(deployed, name, "DISABLED")
    _switch(deployed, reading, on=False)
    return closed


def reopen(deployed: Deployed, place: Path, although_not_balanced: bool = False) -> Closed:
    """Put back what was in force. Raises NotPossible if the books were not found in order after the last change."""
    closed = read(place)
    if not closed.may_open and not although_not_balanced:
        raise NotPossible("the books were not found in order since the last change: run `reconcile` first")
    _switch(deployed, closed.mappings, on=True)
    for name in closed.schedules:
        _set_schedule(deployed, name, "ENABLED")
    _throttle(deployed, closed.throttles)
    place.unlink()
    return closed


def functions_of(deployed: Deployed) -> list[dict[str, Any]]:
    """The settings of each function of the stack."""
    pages = deployed.client("lambda").get_paginator("list_functions").paginate()
    ours = set(deployed.of(FUNCTION).values())
    return [each for page in pages for each in page["Functions"] if each["FunctionName"] in ours]


def mappings(deployed: Deployed) -> Iterator[dict[str, Any]]:
    """What reads the streams and queues of the stack for its functions."""
    ours = set(deployed.of(FUNCTION).values())
    for page in deployed.client("lambda").get_paginator("list_event_source_mappings").paginate():
        for each in page["EventSourceMappings"]:
            if each["FunctionArn"].split(":function:")[1].partition(":")[0] in ours:
                yield each


def _reads(mapping: dict[str, Any]) -> bool:
    return mapping["State"] in ("Enabled", "Enabling", "Creating", "Updating")


def _switch(deployed: Deployed, wanted: list[str], on: bool) -> None:
    """Start or stop reading streams and queues, and wait until it is so. Raises TimeoutError."""
    functions, last = deployed.client("lambda"), time.monotonic() + PATIENCE_SECONDS
    for each in wanted:
        functions.update_event_source_mapping(UUID=each, Enabled=on)
    while {each["UUID"] for each in mappings(deployed) if each["State"] == ("Enabled" if on else "Disabled")} < set(
        wanted
    ):
        if time.monotonic() > last:
            raise TimeoutError("not all streams and queues are in the wanted state")
        time.sleep(0.5)


def _stage(deployed: Deployed) -> dict[str, str]:
    [api_id] = deployed.of(REST_API).values()
    stages = deployed.client("apigateway").get_stages(restApiId=api_id)["item"]
    return {"restApiId": api_id, "stageName": next(each["stageName"] for each in stages if each["stageName"] == "v1")}


def _throttles(deployed: Deployed) -> dict[str, list[float]]:
    """Path of a patch → rate and burst, of the whole stage and of each method that has limits of its own."""
    settings = deployed.client("apigateway").get_stage(**_stage(deployed)).get("methodSettings", {})
    return {_patched(key): [each[name] for name in LIMITS] for key, each in settings.items() if LIMITS[0] in each}


def _patched(key: str) -> str:
    """The key of a method's settings as a patch has it: slashes within the resource's path are ~1."""
    resource, _, method = key.strip("/").rpartition("/")
    if resource == "*" or resource.startswith("~1"):
        return f"/{resource}/{method}"
    return f"/~1{resource.replace('/', '~1')}/{method}"


def _throttle(deployed: Deployed, limits: dict[str, list[float]]) -> None:
    changes = [
        {"op": "replace", "path": f"{path}/throttling/{name}", "value": f"{value:g}"}
        for path, values in limits.items()
        for name, value in zip(("rateLimit", "burstLimit"), values, strict=True)
    ]
    deployed.client("apigateway").update_stage(**_stage(deployed), patchOperations=changes)


def _schedule(deployed: Deployed, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = deployed.client("scheduler").get_schedule(Name=name)
    return answer


def _set_schedule(deployed: Deployed, name: str, state: str) -> None:
    """A schedule is always written as a whole."""
    parts = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    kept = _schedule(deployed, name)
    deployed.client("scheduler").update_schedule(**{part: kept[part] for part in parts if part in kept}, State=state)
