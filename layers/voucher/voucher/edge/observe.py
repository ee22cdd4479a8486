"""One log line for each outcome: its code, status and clause. It never holds payloads, tokens, phones or accounts."""

import os
import resource

from aws_lambda_powertools import Logger

# no location, because nearly all lines are logged in this module; no JSON is parsed, because no message is JSON
logger = Logger(
    service=os.environ.get("POWERTOOLS_SERVICE_NAME", "voucher"),
    log_uncaught_exceptions=False,
    use_rfc3339=True,
    utc=True,
    location=None,
    json_deserializer=str,
)


def log_outcome(code: str, status: int, clause: str | None) -> None:
    """The one line of a request that ended."""
    logger.info("outcome", extra={"code": code, "status": status, "clause": clause})


def log_work(what: str, **counts: int | str) -> None:
    """The one line of a worker or schedule that ended, with the most memory that its process ever used."""
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    logger.info(what, extra={**counts, "peak_memory_mb": peak_kb // 1024})
