"""One DynamoDB Local for all runs of the model."""

import logging
from collections.abc import Iterator

import boto3
import pytest

from tests import world as backend
from tests.conftest import StoppedClock
from tests.model.place import Place
from tests.races.conftest import engine_url
from tests.short_cuts import send_in_one_piece, speak_plainly
from voucher.edge import queues
from voucher.store import files, sealing, table

__all__ = ["engine_url"]


@pytest.fixture
def place(engine_url: str, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An engine without tables; queues and files stay in memory."""
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
    place = Place(engine_url, boto3.client("dynamodb"), stopped_clock)
    table.client().meta.events.register("provide-client-params.dynamodb.TransactWriteItems", place.watch)
    monkeypatch.setattr(files, "client", lambda: place.files)
    monkeypatch.setattr(queues, "send", place.send)
    monkeypatch.setattr(sealing, "seal", lambda text, **_: f"sealed {text[-4:]}")
    logging.disable(logging.ERROR)
    yield place
    logging.disable(logging.NOTSET)
    monkeypatch.undo()
    backend.forget_clients()
