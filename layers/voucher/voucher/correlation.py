"""Which request the work of this moment belongs to. Its id goes with each record that is written, and with each
message, so one search of the logs shows all that followed from one call. And what the request met: how often it had
to ask again.
"""

from contextvars import ContextVar

# the name of the id in a record, in a message and in the logs
CORRELATION_ID = "correlation_id"
_current: ContextVar[str | None] = ContextVar(CORRELATION_ID, default=None)
_retries: ContextVar[int] = ContextVar("retries", default=0)


def begin(request_id: str | None) -> None:
    """What is done from here on belongs to this request; None: to nobody's."""
    _current.set(request_id or None)
    _retries.set(0)


def current() -> str | None:
    """The id of the request, None where nobody asked."""
    return _current.get()


def note_retry() -> None:
    """A write or read is sent once more, because others were in the way."""
    _retries.set(_retries.get() + 1)


def retries() -> int:
    """How often that was so since the request began."""
    return _retries.get()
