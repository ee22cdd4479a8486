"""Runs the scheduled functions by hand, as of any instant: they take the instant from their event."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from infra.local import stack as local

WAIT_SECONDS = 120


class ScheduledFunctions:
    """The scheduled functions of a deployed stack."""

    def __init__(self, stack: local.Stack) -> None:
        session, url = local.session(), stack.aws_endpoint_url
        self._functions = session.client("lambda", endpoint_url=url)
        stacks = session.client("cloudformation", endpoint_url=url).describe_stacks(StackName=stack.stack_name)
        outputs = stacks["Stacks"][0]["Outputs"]
        self._names = {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def run(self, name: str, instant: datetime) -> dict[str, Any]:
        """Run `Sweep` or `Reconcile` as of an instant; its result. Raises RuntimeError if the function failed."""
        payload = json.dumps({"time": instant.strftime("%Y-%m-%dT%H:%M:%SZ")})
        answer = self._functions.invoke(FunctionName=self._names[f"{name}Function"], Payload=payload)
        content = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise RuntimeError(f"{name} failed: {content.decode()}")
        result: dict[str, Any] = json.loads(content)
        return result


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds. Raises TimeoutError after two minutes."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the workers did not finish in time")
        time.sleep(0.3)
