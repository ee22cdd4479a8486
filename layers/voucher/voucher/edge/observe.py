"""One log line per outcome: what was asked, how it ended, by which clause. No payloads, tokens, phones or accounts."""

import os
import resource

from aws_lambda_powertools import Logger

# nearly every line is made here, so its place says nothing, and no message is JSON that would have to be read
logger = Logger(
    service=os.environ.get("POWERTOOLS_SERVICE_NAME", "voucher"),
    log_uncaught_exceptions=False,
    use_rfc3339=True,
    utc=True,
    location=None,
    json_deserializer=str,
)


def log_outcome(code: str, status: int, clause: str | None) -> None:
    """The single line of a request's end."""
    logger.info("outcome", extra={"code": code, "status": status, "clause": clause})


def log_work(what: str, **counts: int | str) -> None:
    """The single line of a worker's or a schedule's end, with the most memory that its process ever had."""
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    logger.info(what, extra={**counts, "peak_memory_mb": peak_kb // 1024})
