"""What stream, relay and queues do after a committed change, for tests that check the consequences."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.client.http import Person
from tests.conftest import NOW
from tests.support.backend import World, function
from tests.support.scenario import Json
from tests.support.workers import drain
from voucher.rules.messages import messages_for
from voucher.store import keys
from voucher.store.engine.reading import find_item
from voucher.store.engine.table import Item, encode


@contextmanager
def relayed(*keys: keys.Key) -> Iterator[None]:
    """Relay the changes that the block makes to these items, twice, and let the workers finish."""
    before = [find_item(key) for key in keys]
    yield
    records = [_record(old, new) for old, new in zip(before, map(find_item, keys), strict=True) if new and new != old]
    for _ in range(2):
        function("relay").handler({"Records": records}, None)
    drain("void_vouchers")
    drain("import_list")
    drain("notify")


def _record(old: Item | None, new: Item) -> Json:
    images = {"NewImage": encode(new)} | ({"OldImage": encode(old)} if old else {})
    change = images | {"ApproximateCreationDateTime": NOW.timestamp()}
    return {"eventName": "MODIFY" if old else "INSERT", "dynamodb": change}


def work_after(key: keys.Key) -> list[dict[str, Any]]:
    """The messages to workers that the relay makes of a record as it now stands; inbox messages are left out."""
    item = find_item(key)
    assert item is not None
    return [each.body for each in messages_for(None, item) if each.queue in ("void_vouchers", "import_list")]


def subjects(world: World, person: Person) -> list[str]:
    """The subjects in a person's inbox, sorted."""
    reply = world.call(person, "GET", "/inbox?limit=100")
    return sorted(message["subject"] for message in reply.body["items"])
