"""Knows how DynamoDB is written: single writes, built one by one, and transactions that commit all of them or none.

No other module writes to DynamoDB. Each transaction carries a client token, so that a request that the network sends
twice happens once. If a condition is false, nothing is written and `Unmet` is raised: it names each write whose
condition was false and shows its item as it stood.

    add_write  put_write  advance_write  update_write  count_write  delete_write  item_check     build a Write
    commit  commit_new  commit_if_unchanged                                         write, or refuse
"""

import os
import random
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

import botocore
from botocore.exceptions import ClientError

from voucher.correlation import CORRELATION_ID, current, note_retry
from voucher.models.base import Record, Stateful
from voucher.refusals import Refusal, Refused
from voucher.store import conditions, keys
from voucher.store.engine import patience
from voucher.tasks import due_place, task_key

Item = dict[str, Any]
# how many items DynamoDB takes in one transaction, for writing and for reading
MOST_ITEMS = 100
# how often one transaction is sent while others write the same items; the waits add up to 1.5 seconds at most
ATTEMPTS = 8
# how often while the table takes no more: each try costs what is short, so there are few, and they come slowly
ATTEMPTS_WHEN_THROTTLED = 3
INDEXES = {
    "by_newest": "index_key",
    "by_state": "state_key",
    "by_waiting": "waiting_key",
    "by_enterprise": "enterprise_uscc",
    "by_agency": "agency_uscc",
    "by_about": "about",
    "by_person": "person_key",
    "by_notice": "notice_key",
    "by_task": "task_key",
    "by_due": "due_key",
}
# from the streams of these tables something follows; letters keep nothing of who sent them
STREAMED = ("registry", "vouchers", "orders", "settlements", "supervision")
INDEXED = {*INDEXES.values(), "index_sort", "due_sort"}
THROTTLING = {"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
CONTENTION = {"TransactionConflict", *THROTTLING}


@cache
def client() -> Any:
    """The DynamoDB client of this process.

    Two things are switched off because they cost half of our own time per call (make bench): the client's validation of
    parameters, which DynamoDB validates anyway, and the long user agent.
    """
    agent = f"voucher Botocore/{botocore.__version__}"
    return patience.make_client("dynamodb", parameter_validation=False, user_agent=agent)


def table_name(table: str) -> str:
    """The deployed name of a table, from the environment (`REGISTRY_TABLE`, …)."""
    return os.environ[f"{table.upper()}_TABLE"]


def _serialize(value: Any) -> dict[str, Any]:
    # the kinds of nearly all values come first
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is int:
        return {"N": str(value)}
    if kind is bool:
        return {"BOOL": value}
    if value is None:
        return {"NULL": True}
    if kind in {list, tuple}:
        return {"L": [_serialize(each) for each in value]}
    if isinstance(value, Mapping):
        return {"M": encode(value)}
    if isinstance(value, str):  # an enumeration's word
        return {"S": str(value)}
    if kind in {set, frozenset} and value and all(isinstance(each, str) for each in value):
        return {"SS": sorted(value)}
    raise TypeError(f"no item keeps a {kind.__name__}")


def _deserialize(attribute: Mapping[str, Any]) -> Any:
    [(kind, value)] = attribute.items()
    match kind:
        case "N":
            # an integer, because a Decimal could not be written as JSON. We write no other number: what is none was
            # tampered with, and stays a text, which no record takes for a number
            return int(value) if value.removeprefix("-").isdecimal() else value
        case "L":
            return [_deserialize(each) for each in value]
        case "M":
            return decode(value)
        case "SS":
            return set(value)
        case "NULL":
            return None
    return value


def encode(values: Mapping[str, Any]) -> dict[str, Any]:
    """Python values as DynamoDB attribute values."""
    return {name: _serialize(value) for name, value in values.items()}


def decode(item: Mapping[str, Any]) -> Item:
    """DynamoDB attribute values as Python values."""
    return {name: _deserialize(value) for name, value in item.items()}


@dataclass(frozen=True)
class Write:
    """One item of a transaction; `name` says what it means when its condition is false. With a `refusal` it says so
    itself, whatever other conditions are false."""

    name: str
    kind: str
    request: dict[str, Any]
    refusal: Refusal | None = None


class Unmet(Exception):
    """A transaction changed nothing because conditions were false. `items`: name of the write → the item as it stood,
    None if there was no item. `refusal`: that of the first write which has one of its own."""

    def __init__(self, items: dict[str, Item | None], refusal: Refusal | None = None) -> None:
        super().__init__(", ".join(items))
        self.items = items
        self.refusal = refusal


class Contended(Exception):
    """A transaction changed nothing because others were writing the same items at the same moment."""


class Throttled(Contended):
    """A transaction changed nothing because the table, or a partition of it, takes no more at present."""


@cache
def _placeholders(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The #names and :values of an expression. The cache stays small, because expressions are written in the code."""
    return frozenset(re.findall(r"#(\w+)", text)), frozenset(re.findall(r":(\w+)", text))


def _expression(key: keys.Key, condition: str | None, change: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {"TableName": table_name(key.table)}
    names, used = _placeholders(f"{condition or ''} {change or ''}")
    if names:
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
    if used:
        known = {"true": True, "false": False, "null": None, "one": 1, **values}
        request["ExpressionAttributeValues"] = encode({f":{name}": known[name] for name in used})
    if condition:
        request["ConditionExpression"] = condition
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return request


def put_write(
    name: str,
    key: keys.Key,
    content: Record | Mapping[str, Any],
    condition: str | None,
    *,
    index: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
    **values: Any,
) -> Write:
    """Write a whole item, usually under `IS_NEW`. `index` says in which lists it stands (`keys.index_entry`); what is
    listed also stands on the list of work of whoever must act on it, and under its day (`tasks.py`)."""
    plain = content.model_dump(mode="json") if isinstance(content, Record) else content
    request = _expression(key, condition, None, values)
    thing = getattr(content, "thing", "")
    whose, due = (task_key(thing, plain), due_place(thing, plain)) if index else (None, None)
    tasks = {"task_key": whose, "due_key": due and due[0], "due_sort": due and due[1]}
    item = {**plain, **(index or {}), **tasks, **_asked(key), "pk": key.pk, "sk": key.sk}
    # the key of an index is left out where it is None, because DynamoDB refuses a null there
    request["Item"] = encode(
        {field: value for field, value in item.items() if value is not None or field not in INDEXED}
    )
    return Write(name, "Put", request, refusal)


def _asked(key: keys.Key) -> dict[str, str]:
    """What an item keeps of the request that writes it: the relay takes it along."""
    asked = current()
    return {CORRELATION_ID: asked} if asked and key.table in STREAMED else {}


def add_write(name: str, key: keys.Key, record: Record, *, index: Mapping[str, str] | None = None) -> Write:
    """Write a record that must not exist yet."""
    return put_write(name, key, record, conditions.IS_NEW, index=index)


def advance_write(
    name: str,
    key: keys.Key,
    old: Stateful,
    new: Stateful,
    *more: str,
    index: Mapping[str, str] | None = None,
    **values: Any,
) -> Write:
    """Write the next version of a record, on condition that nobody changed it since `old` was read, and `more`."""
    condition = conditions.all_of(conditions.UNCHANGED, *more)
    return put_write(name, key, new, condition, index=index, seen_version=old.version, **values)


def update_write(name: str, key: keys.Key, change: str, condition: str | None, **values: Any) -> Write:
    """Change an item by an update expression."""
    asked = _asked(key) if change.startswith("SET ") else {}
    if asked:
        change = f"SET #{CORRELATION_ID} = :{CORRELATION_ID}, {change.removeprefix('SET ')}"
    request = _expression(key, condition, change, {**values, **asked})
    request["UpdateExpression"] = change
    request["Key"] = encode(key_attributes(key))
    return Write(name, "Update", request)


def count_write(name: str, key: keys.Key, amounts: Mapping[str, int], at: str) -> Write:
    """Add to numbers of an item, which may not be there yet; `at` tells when it was last done. Built by itself, because
    the names are not written in the code."""
    names = {f"#{number}": attribute for number, attribute in enumerate(amounts)}
    values = {f":{number}": amount for number, amount in enumerate(amounts.values())}
    added = ", ".join(f"#{number} :{number}" for number in range(len(amounts)))
    request = {
        "TableName": table_name(key.table),
        "Key": encode(key_attributes(key)),
        "UpdateExpression": f"SET #counted_at = :counted_at ADD {added}",
        "ExpressionAttributeNames": {**names, "#counted_at": "counted_at"},
        "ExpressionAttributeValues": encode({**values, ":counted_at": at}),
    }
    return Write(name, "Update", request)


def item_check(name: str, key: keys.Key, condition: str, **values: Any) -> Write:
    """Insist on a condition of an item that the transaction does not change."""
    return Write(
        name, "ConditionCheck", _expression(key, condition, None, values) | {"Key": encode(key_attributes(key))}
    )


def delete_write(name: str, key: keys.Key, condition: str | None = None, **values: Any) -> Write:
    """Remove an item that is not a record of money."""
    return Write(name, "Delete", _expression(key, condition, None, values) | {"Key": encode(key_attributes(key))})


def key_attributes(key: keys.Key) -> dict[str, str]:
    """A key as the two attributes of an item."""
    return {"pk": key.pk, "sk": key.sk}


def transact(writes: Iterable[Write], attempts: int = ATTEMPTS) -> None:
    """Commit all of `writes` or none. Raises `Unmet` for false conditions, `Contended` when others kept coming first,
    or `Throttled`.

    It is sent again only if contention is the reason for each write: with the same token and the same content.
    """
    asked = list(writes)
    request = {"TransactItems": [{write.kind: write.request} for write in asked], "ClientRequestToken": str(uuid4())}
    throttled = 0
    for attempt in range(attempts):
        try:
            client().transact_write_items(**request)
            return
        except ClientError as error:
            throttled += interpret(error, asked)
        if throttled == ATTEMPTS_WHEN_THROTTLED:
            break
        pause(attempt, throttled)
    raise Throttled if throttled else Contended


def pause(attempt: int, throttled: int = 0) -> None:
    """Wait before another attempt: a random time (full jitter), longer with each attempt, at most 0.4 seconds; 0.3 more
    for each that was throttled, because others' writes end soon, and a table does not grow as fast."""
    note_retry()
    time.sleep(random.uniform(0.1 * throttled, min(0.4, 0.01 * 2**attempt) + 0.3 * throttled))


def interpret(error: ClientError, writes: list[Write]) -> bool:
    """Return if contention was a reason, so that the same may be sent again: True if the table takes no more. Raises
    `Unmet` for false conditions, and the error itself for any other reason.

    False conditions beside contention tell half of the story: the item that explains them may be the contended one,
    such as the voucher that this enterprise was granted this very moment.
    """
    code = error.response["Error"]["Code"]
    if code == "TransactionInProgressException":
        return False
    if code != "TransactionCanceledException":
        raise error
    reasons = error.response["CancellationReasons"]
    codes = {reason.get("Code", "None") for reason in reasons} - {"None"}
    if not codes <= CONTENTION | {"ConditionalCheckFailed"}:
        raise error
    if codes & CONTENTION:
        return bool(codes & THROTTLING)
    false = [
        (write, decode(reason["Item"]) if reason.get("Item") else None)
        for write, reason in zip(writes, reasons, strict=True)
        if reason.get("Code") == "ConditionalCheckFailed"
    ]
    refusal = next((write.refusal for write, _ in false if write.refusal), None)
    raise Unmet({write.name: item for write, item in false}, refusal)


def commit(writes: Iterable[Write], **refusals: Refusal | Refused) -> None:
    """Commit all of `writes` or none; equal checks are sent as one.

    Raises BUSY under contention. If a condition was false, raises the refusal of its write, or that which `refusals`
    names for it (the first one in their order), or else CHANGED_MEANWHILE.
    """
    try:
        transact(_once(writes))
    except Contended:
        raise Refused(Refusal.BUSY) from None
    except Unmet as unmet:
        raise refused(unmet, **refusals) from None


def refused(unmet: Unmet, **refusals: Refusal | Refused) -> Refused:
    """The refusal for false conditions: a write's own, or the first of `refusals` whose write is among them, or else
    CHANGED_MEANWHILE."""
    if unmet.refusal:
        return Refused(unmet.refusal)
    false = [(name, no) for name, no in refusals.items() if name in unmet.items]
    name, refusal = false[0] if false else ("", Refusal.CHANGED_MEANWHILE)
    if isinstance(refusal, Refused):
        return refusal
    return Refused(refusal, thing=name if refusal is Refusal.NOT_FOUND else None)


def commit_if_unchanged(writes: Iterable[Write]) -> bool:
    """Commit; False if a condition was false: the caller then reads again. Raises BUSY under contention."""
    try:
        commit(writes)
    except Refused as no:
        if no.refusal is not Refusal.CHANGED_MEANWHILE:
            raise
        return False
    return True


def commit_new(name: str, writes: Iterable[Write], **refusals: Refusal | Refused) -> bool:
    """Commit a new record with what belongs to it; `name` is the name of its write. False if its key is taken: the
    caller then looks whether the call is a repetition. Raises as `commit` does for any other condition."""
    try:
        commit(writes, **{name: Refusal.ALREADY_EXISTS, **refusals})
    except Refused as no:
        if no.refusal is not Refusal.ALREADY_EXISTS:
            raise
        return False
    return True


def _once(writes: Iterable[Write]) -> list[Write]:
    """Equal checks become one. Two equal movements of money stay two: DynamoDB then refuses the transaction, a
    fault."""
    distinct: list[Write] = []
    for write in writes:
        if write.kind != "ConditionCheck" or write not in distinct:
            distinct.append(write)
    return distinct
