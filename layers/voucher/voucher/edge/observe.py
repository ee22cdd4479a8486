"""One log line for each outcome: its code, status and clause, and who asked for what: the subject of the token, method,
route and the ids in the path. It never holds payloads, tokens, names, phones or accounts."""

import os
import resource
from collections.abc import Iterable, Mapping
from typing import Any

from aws_lambda_powertools import Logger

from voucher import correlation
from voucher.edge import metrics
from voucher.edge.paths import POSSIBLE

REFUSED = 400

# no location, because nearly all lines are logged in this module; no JSON is parsed, because no message is JSON
logger = Logger(
    service=os.environ.get("POWERTOOLS_SERVICE_NAME", "voucher"),
    log_uncaught_exceptions=False,
    use_rfc3339=True,
    utc=True,
    location=None,
    json_deserializer=str,
)


def log_request(event: Mapping[str, Any]) -> None:
    """Say in every line from here on which request it belongs to, and who made it; nobody on a public route."""
    context, given = event.get("requestContext") or {}, event.get("pathParameters") or {}
    request_id = str(context.get("requestId", ""))
    correlation.begin(request_id)
    logger.append_keys(
        correlation_id=request_id,
        subject=(context.get("authorizer") or {}).get("sub"),
        method=event.get("httpMethod"),
        route=event.get("resource"),
        # what can be no id may be anything, a person's name too
        ids={name: value for name, value in given.items() if POSSIBLE.fullmatch(str(value))},
    )


def log_message(request_id: str | None, message_id: str) -> None:
    """Say in every line from here on which message it belongs to, and from which request that followed."""
    correlation.begin(request_id)
    logger.append_keys(correlation_id=request_id or message_id, correlation_ids=None, message_id=message_id)


def log_together(correlation_ids: Iterable[str | None]) -> None:
    """The same for messages that are worked on together."""
    correlation.begin(None)
    logger.append_keys(correlation_id=None, correlation_ids=sorted({each for each in correlation_ids if each}))


def log_schedule(context: Any) -> None:
    """Say in every line from here on which run of a schedule it belongs to; what follows from it says so, too."""
    request_id = getattr(context, "aws_request_id", None)
    correlation.begin(request_id)
    logger.set_correlation_id(request_id)


def log_outcome(code: str, status: int, clause: str | None) -> None:
    """The one line of a request that ended; a refusal is counted by its code, and so is what had to be asked again."""
    retries = correlation.retries()
    logger.info("outcome", extra={"code": code, "status": status, "clause": clause, "retries": retries})
    if status >= REFUSED:
        metrics.count("Refused", 1, code=code)
    if retries:
        metrics.count("Retries", retries)


def log_work(what: str, **counts: int | str) -> None:
    """The one line of a worker or schedule that ended, with the most memory that its process ever used."""
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    logger.info(what, extra={**counts, "peak_memory_mb": peak_kb // 1024})
