"""Use cases for the faults: what the retention erases and deletes."""

from datetime import timedelta
from typing import Any

from tests.conftest import StoppedClock
from tests.faults.use_case import Json, UseCase, deliver_to_worker
from tests.races import seed_data, tables
from tests.support import samples
from tests.support.backend import World
from voucher.models.base import instant_text
from voucher.models.changes import Change
from voucher.models.documents import Document
from voucher.models.enterprises import Enterprise
from voucher.models.inbox import InboxMessage
from voucher.policy import RETENTION
from voucher.rules.retention import ERASED
from voucher.store import inbox, keys

USCC = samples.enterprise().uscc


def _seed_enterprise(**changes: Any) -> None:
    made = {"created_at": seed_data.CREATED_AT, "created_by": "owner", "members": frozenset({"owner"})}
    enterprise = Enterprise(**samples.enterprise().registration() | made | changes)
    paper = Document(
        document_id="d_1",
        owner="x",
        kind="business_license",
        filename="f",
        content_type="application/pdf",
        size_bytes=5,
        object_key=f"documents/enterprises/{USCC}/d_1",
        uploaded_by="owner",
        created_at=seed_data.CREATED_AT,
    )
    seed_data.write_records((keys.enterprise(USCC), enterprise), (keys.enterprise(USCC, "DOCUMENT#d_1"), paper))


def _message(task: str, *record_id: str | None) -> Json:
    return {"task": task, "id": list(record_id), "instant": "2046-01-01T00:00:00.000Z"}


def draft_erased(_world: World, clock: StoppedClock) -> UseCase:
    _seed_enterprise(state="draft")
    clock.instant = seed_data.CREATED_AT + timedelta(days=RETENTION.draft_days)

    def check(_: Json) -> None:
        [enterprise] = tables.list_records(Enterprise, "registry", "RECORD")
        assert (enterprise.version, enterprise.contact_name, enterprise.members) == (2, ERASED, frozenset())
        assert tables.list_items("registry", "DOCUMENT#") == []

    return UseCase(deliver_to_worker(_message("enterprise", USCC, None), "retention"), check, books_hold=False)


def draft_deleted(_world: World, clock: StoppedClock) -> UseCase:
    _seed_enterprise(state="draft", erased_at=seed_data.CREATED_AT)
    clock.instant = seed_data.CREATED_AT + timedelta(days=1)

    def check(_: Json) -> None:
        assert tables.list_items("registry", "") == []

    return UseCase(deliver_to_worker(_message("enterprise", USCC, None), "retention"), check, books_hold=False)


def change_erased(_world: World, clock: StoppedClock) -> UseCase:
    _seed_enterprise(state="approved", approved_at=seed_data.CREATED_AT)
    day = seed_data.CREATED_AT.date()
    days = {"happened_on": day, "reported_on": day, "due_on": day}
    made = {"created_at": seed_data.CREATED_AT, "created_by": "owner", "overdue": False, **days}
    change = Change(change_id="c_1", kind="enterprise", uscc=USCC, state="kept", description="甲植一", **made)
    seed_data.write_records((keys.enterprise(USCC, "CHANGE#c_1"), change))
    clock.instant = seed_data.CREATED_AT + timedelta(days=RETENTION.change_days)

    def check(_: Json) -> None:
        [after] = tables.list_records(Change, "registry", "CHANGE#")
        assert (after.version, after.description, after.erased_at) == (2, ERASED, clock.instant)
        assert tables.list_items("registry", "DOCUMENT#") == []  # nobody submitted it

    return UseCase(deliver_to_worker(_message("enterprise", USCC, None), "retention"), check, books_hold=False)


def messages_deleted(_world: World, clock: StoppedClock) -> UseCase:
    came_at = instant_text(seed_data.CREATED_AT)
    for number in range(3):
        about = {"recipient": USCC, "subject": "甲植一", "about": "x:y"}
        inbox.commit_message(InboxMessage(message_id=f"m{number}", sub="owner", at=came_at, **about))
    clock.instant = seed_data.CREATED_AT + timedelta(days=RETENTION.message_days)
    message = {"task": "message", "shelf": keys.bucket_of("owner"), "instant": instant_text(clock.instant)}

    def check(_: Json) -> None:
        assert tables.list_items("supervision", "MESSAGE#") == []

    return UseCase(deliver_to_worker(message, "retention"), check, books_hold=False)


RETENTION_USE_CASES = {
    "§4.1.1": [draft_erased, draft_deleted],
    "§4.1.3": [change_erased],
    "§3.5.2": [messages_deleted],
}
