"""One DynamoDB Local for all runs of the model."""

import logging
from collections.abc import Iterator

import boto3
import pytest

from tests.conftest import StoppedClock
from tests.model.machine.backend_of_run import BackendOfRun
from tests.races.conftest import engine_url
from tests.support import backend
from tests.support.short_cuts import ask_at_once, send_in_one_piece, speak_plainly
from voucher.edge import queues
from voucher.store.engine import files, sealing

__all__ = ["engine_url"]


@pytest.fixture
def backend_of_run(
    engine_url: str, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BackendOfRun]:
    """The engine; queues and bucket in memory."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "model",
        "AWS_SECRET_ACCESS_KEY": "model",
        "AWS_DEFAULT_REGION": "ap-east-1",
        "AWS_ENDPOINT_URL_DYNAMODB": engine_url,
        "DOCUMENTS_BUCKET": "documents",
    }.items():
        monkeypatch.setenv(name, value)
    for word in backend.table_definitions():
        monkeypatch.setenv(f"{word.upper()}_TABLE", "")
    backend.forget_clients()
    speak_plainly(monkeypatch)
    send_in_one_piece(monkeypatch)
    run = BackendOfRun(engine_url, boto3.client("dynamodb"), stopped_clock)
    ask_at_once(monkeypatch, run.forget_written_tables)
    monkeypatch.setattr(files, "client", lambda: run.bucket)
    monkeypatch.setattr(queues, "send", run.send)
    monkeypatch.setattr(sealing, "seal", lambda text, **_: f"sealed {text[-4:]}")
    logging.disable(logging.ERROR)
    yield run
    logging.disable(logging.NOTSET)
    monkeypatch.undo()
    backend.forget_clients()
