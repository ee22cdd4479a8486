"""A witness of the steps that are taken: each stood in `allowed_actions` before, with its call and its caller."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from voucher.actions import allowed_actions
from voucher.edge.api import Api
from voucher.models.base import Stateful
from voucher.rules import lifecycle

# Steps that no caller takes on the record itself: they follow from a step of another record, or from a schedule.
FOLLOWING: dict[str, set[str]] = {
    "enterprise": {"reopen", "adopt_change", "erase"},
    "claim": {"erase"},
    "complaint": {"erase"},
    "change": {"erase"},
    "agency": {"reopen", "adopt_change", "erase"},
    "product": set(),
    "programme": {"close_year"},
    "batch": set(),
    "order": {
        *("release", "erase", "run_out", "expire", "lapse", "reduce", "unsettle"),
        *("approve", "take_back", "pay", "send_back", "decide_subsidy"),
    },
    "settlement": {"erase"},
    "line": {"relist"},
    "round": {"empty"},
    "notice": {"announce_end"},
    "objection": {"erase"},
    "payable": {"reduce", "drop", "paid", "failed", "withdraw", "send_back", "erase"},
    "payout": {"hold", "release"},
    "list_import": {"parse", "fail", "finish", "erase"},
    "activity": {"erase"},
    "inspection": set(),
    "yearly_file": set(),
    "check": {"erase"},
    "violation": {"erase"},
}
# What a call does to a record beside the one that it is about, by a call of its own: thing → actions.
ALONG: dict[str, set[str]] = {
    "enterprise": {"propose_disqualification"},  # by the decision on a change
    "agency": {"propose_removal"},  # the same
    "product": {"withdraw"},  # with its removed agency
    "order": {"hold"},  # with the finding that names it
    "settlement": {"withdraw", "pre_review"},  # with its last line
    "line": {"withdraw"},  # with its application, or with its cancelled order
}
PARTIES = {"enterprise", "agency", "user", "public"}


class Witness:
    """Remembers the steps of the call that is being handled, and compares them once it succeeded."""

    def __init__(self) -> None:
        self._steps: list[tuple[Stateful, str]] | None = None
        self.seen: set[tuple[str, str]] = set()

    def take(self, record: Stateful, action: str) -> None:
        """A step was asked for."""
        if self._steps is not None:
            self._steps.append((record, action))

    @contextmanager
    def call(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """One call; the caller puts its answer into what this yields."""
        self._steps, outcome = [], dict[str, Any]()
        yield outcome
        steps, self._steps = self._steps, None
        if outcome.get("statusCode") in (200, 201) and steps:
            self._compare(f"{event['httpMethod']} {event['resource']}", event, steps)

    def _compare(self, call: str, event: dict[str, Any], steps: list[tuple[Stateful, str]]) -> None:
        roles = set(str((event["requestContext"].get("authorizer") or {}).get("roles") or "").split(","))
        announced = set[tuple[str, str]]()
        for record, action in steps:
            self.seen.add((record.thing, action))
            ways = [each for each in allowed_actions(record) if each["action"] == action]
            mine = [each for each in ways if each["call"] == call and each["by"] in roles | PARTIES]
            announced |= {(record.thing, action)} if mine else set()
            along = action in FOLLOWING[record.thing] | ALONG.get(record.thing, set())
            # a handler may ask first, and then take the step of the record as it will be
            assert along or (record.thing, action) in announced, (
                f"{call}: {record.thing} {record.state} {action} was not announced: {ways}"
            )
        assert announced, f"{call}: no step was announced: {[(each.thing, action) for each, action in steps]}"


CURRENT: list[Witness] = []


def _watch_module_by_module() -> None:
    """Whoever imported `check_step` by its name calls the watched one from now on. It watches only in `watch`."""
    check = lifecycle.check_step

    def check_step(record: Stateful, action: str) -> None:
        check(record, action)
        for witness in CURRENT:
            witness.take(record, action)

    for module in [each for each in list(sys.modules.values()) if getattr(each, "check_step", None) is check]:
        vars(module)["check_step"] = check_step


_watch_module_by_module()


@contextmanager
def watch() -> Iterator[Witness]:
    """Watch every call while the block lasts."""
    witness, resolve = Witness(), Api.resolve

    def watched(self: Api, event: dict[str, Any]) -> dict[str, Any]:
        with witness.call(event) as outcome:
            answer = resolve(self, event)
            outcome.update(answer)
        return answer

    CURRENT.append(witness)
    with patch.object(Api, "resolve", watched):
        yield witness
    CURRENT.remove(witness)
