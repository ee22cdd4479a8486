"""Invokes the functions that nobody calls over HTTP: reconciliation, check of the audit trail, sweep, reports."""

import json
from datetime import datetime
from typing import Any

from botocore.config import Config

from infra.operate.deployed import Deployed, NotPossible
from voucher.models.base import instant_text

# the reconciliation may take a quarter of an hour, and must not be invoked twice because a client lost patience
PATIENT = Config(read_timeout=910, retries={"max_attempts": 0})


def invoke(deployed: Deployed, logical: str, event: dict[str, Any]) -> dict[str, Any]:
    """The answer of one function. Raises NotPossible if it fails."""
    functions = deployed.session.client("lambda", endpoint_url=deployed.endpoint, config=PATIENT)
    answer = functions.invoke(FunctionName=deployed.function(logical), Payload=json.dumps(event))
    content = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise NotPossible(f"{logical} failed: {content.decode()[:300]}")
    result: dict[str, Any] = json.loads(content) or {}
    return result


def reconcile(deployed: Deployed, now: datetime) -> list[dict[str, Any]]:
    """The report of each year, as of now."""
    reports: list[dict[str, Any]] = invoke(deployed, "Reconcile", {"time": instant_text(now)})["reports"]
    return reports


def verify_audit(deployed: Deployed) -> dict[str, Any]:
    """What the check of the whole audit trail found."""
    return invoke(deployed, "VerifyAudit", {})


def sweep(deployed: Deployed, now: datetime) -> dict[str, Any]:
    """The night's work, as of now; once more changes nothing."""
    return invoke(deployed, "Sweep", {"time": instant_text(now)})


def free(deployed: Deployed, pools: list[str]) -> None:
    """Let some pools be drawn on again, after a person has repaired them."""
    invoke(deployed, "Reconcile", {"free": pools})


def recount(deployed: Deployed, year: int) -> int:
    """Count the usage report of a year anew; how many buckets are to be counted."""
    return int(invoke(deployed, "KeepReports", {"rebuild": year})["buckets"])
