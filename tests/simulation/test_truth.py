"""The simulated DynamoDB answers as Amazon's own local engine does: on what a calm life asks, and on made-up requests.

What only AWS does (a conflict, a throttle, an index that lags, a page that sees half of a transaction) is switched off
here; `dynamodb.py` names the page of AWS's documentation that permits each.
"""

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.races.conftest import engine_url
from tests.simulation import life
from tests.simulation.chance import Chance
from tests.simulation.cloud import simulated
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.scheduler import Scheduler
from tests.support import backend

__all__ = ["engine_url"]
Json = dict[str, Any]
OPERATIONS = ("get_item", "batch_get_item", "transact_get_items", "query", "transact_write_items")
NAMES = {"#a": "a", "#b": "b", "#pk": "pk", "#tags": "tags", "#list": "list"}


@pytest.fixture
def local(engine_url: str) -> Any:
    """DynamoDB Local with empty tables."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=engine_url,
        region_name="ap-east-1",
        aws_access_key_id="truth",
        aws_secret_access_key="truth",
    )
    backend.empty_tables(client)
    return client


def told(answer: Json) -> Any:
    """What is answered, as far as the store looks at it."""
    kept = {
        name: answer[name] for name in ("Item", "Items", "Count", "Responses", "LastEvaluatedKey") if name in answer
    }
    if isinstance(kept.get("Responses"), dict):  # a batch has no order
        kept["Responses"] = {name: sorted(items, key=repr) for name, items in ordered(kept["Responses"]).items()}
    return ordered(kept)


def refused(error: ClientError) -> Any:
    """The code of an error, and what a cancelled transaction says of each item."""
    reasons = error.response.get("CancellationReasons", [])
    if any(each["Code"] == "ValidationError" for each in reasons):
        # AWS names the item (API reference of TransactWriteItems, cancellation reasons), the local engine does not
        return "ValidationException", []
    return error.response["Error"]["Code"], [(each["Code"], ordered(each.get("Item"))) for each in reasons]


def ordered(part: Any) -> Any:
    """The same with the members of each set sorted, and the names of each map."""
    if isinstance(part, dict):
        return {name: sorted(each) if name == "SS" else ordered(each) for name, each in sorted(part.items())}
    return [ordered(each) for each in part] if isinstance(part, list) else part


def outcome(ask: Callable[..., Json], request: Json) -> Any:
    """What an engine answers to a request."""
    try:
        return told(ask(**json.loads(json.dumps(request))))
    except ClientError as error:
        return refused(error)


def record(engine: DynamoDB) -> list[tuple[str, Json, Any]]:
    """From now on every request of the engine and its answer."""
    asked: list[tuple[str, Json, Any]] = []

    def noting(operation: str, ask: Callable[..., Json]) -> Callable[..., Json]:
        def note(**request: Any) -> Json:
            kept = json.loads(json.dumps(request))
            try:
                answer = ask(**request)
            except ClientError as error:
                asked.append((operation, kept, refused(error)))
                raise
            asked.append((operation, kept, told(answer)))
            return answer

        return note

    for operation in OPERATIONS:
        setattr(engine, operation, noting(operation, getattr(engine, operation)))
    return asked


def test_what_a_calm_life_asks_is_answered_as_the_local_engine_does(local: Any) -> None:
    with simulated(1) as cloud:
        asked = record(cloud.tables)
        life.live(life.settle(cloud, 4))
        cloud.scheduler.run(600)
    assert {operation for operation, *_ in asked} == set(OPERATIONS)
    for operation, request, known in asked:
        assert outcome(getattr(local, operation), request) == known, (operation, request)


# few, so that requests meet
KEYS: list[Json] = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk in "pq" for sk in ("a", "aa", "b", "é")]


def condition(dice: Random) -> str | None:
    """A condition of the forms that the store has."""
    some = (
        "attribute_exists(#pk)", "attribute_not_exists(#pk)", "#a = :n", "#a >= :n", "NOT #b = :s",
        "contains(#tags, :s)",
        "attribute_not_exists(#tags) OR size(#tags) < :n", "#a > :n AND (#b = :s OR attribute_not_exists(#b))",
    )  # fmt: skip
    return dice.choice((None, *some))


UPDATES = (
    "SET #a = :n", "SET #a = #a + :n, #b = :s", "SET #a = #a - :n", "SET #a = if_not_exists(#a, :n) + :n",
    "SET #list = list_append(#list, :l)", "ADD #a :n", "ADD #tags :t, #a :n", "DELETE #tags :t", "REMOVE #b, #a",
    "SET #b = :s ADD #a :n", "SET #list = :l REMOVE #b", "ADD #a :n DELETE #tags :t", "SET #b = #a",
)  # fmt: skip


def write(dice: Random, at: Json) -> Json:
    """One write of a transaction."""
    values = {
        ":n": {"N": str(dice.randint(-2, 4))},
        ":s": {"S": dice.choice("xy")},
        ":t": {"SS": dice.sample("xyz", 2)},
        ":l": {"L": [{"S": dice.choice("xy")}]},
    }
    kind = dice.choice(("Put", "Update", "Update", "Update", "ConditionCheck", "Delete"))
    request: Json = {"TableName": "orders", "ReturnValuesOnConditionCheckFailure": dice.choice(("ALL_OLD", "NONE"))}
    said = condition(dice) or ("attribute_exists(#pk)" if kind == "ConditionCheck" else "")
    if said:
        request["ConditionExpression"] = said
    if kind == "Put":
        values_of_item = {"a": values[":n"], "b": values[":s"], "tags": values[":t"], "list": {"L": []}}
        request["Item"] = at | {name: values_of_item[name] for name in dice.sample(sorted(values_of_item), 2)}
        # in an index two items of one sort key have no order, so here each has its own
        sort = f"{dice.randint(1, 3)}{at['pk']['S']}{at['sk']['S']}"
        request["Item"] |= {"index_key": {"S": "all"}, "index_sort": {"S": sort}}
    else:
        request["Key"] = at
    if kind == "Update":
        said = f"{said} {(text := dice.choice(UPDATES))}"
        request["UpdateExpression"] = text
    names = {word: name for word, name in NAMES.items() if re.search(rf"{word}\b", said)}
    used = {word: value for word, value in values.items() if re.search(rf"{word}\b", said)}
    request |= {"ExpressionAttributeNames": names} if names else {}
    request |= {"ExpressionAttributeValues": used} if used else {}
    return {kind: request}


def request_of(dice: Random, following: Json | None) -> tuple[str, Json]:
    """A made-up request: half of them write. `following` asks for the page after the one that was read last."""
    if following and dice.random() < 0.3:
        return "query", following
    operation = dice.choice(("transact_write_items",) * 4 + OPERATIONS)
    if operation == "transact_write_items":
        writes = [write(dice, at) for at in dice.sample(KEYS, dice.randint(1, 3))]
        return operation, {"TransactItems": writes, "ClientRequestToken": str(dice.random())}
    if operation == "get_item":
        return operation, {"TableName": "orders", "Key": dice.choice(KEYS), "ConsistentRead": True}
    if operation == "batch_get_item":
        asked = {"Keys": dice.sample(KEYS, 3), "ConsistentRead": True}
        return operation, {"RequestItems": {"orders": asked}}
    if operation == "transact_get_items":
        gets = [{"Get": {"TableName": "orders", "Key": at}} for at in dice.sample(KEYS, 2)]
        return operation, {"TransactItems": gets}
    of_table = {
        "KeyConditionExpression": dice.choice(("pk = :k", "pk = :k AND begins_with(sk, :f)", "pk = :k AND sk > :f")),
        "ConsistentRead": True,
    }
    of_index = {
        "IndexName": "by_newest",
        "KeyConditionExpression": "index_key = :k AND index_sort BETWEEN :f AND :l",
        "ScanIndexForward": dice.choice((True, False)),
    }
    kind = dice.choice((of_table, of_index))
    words = {":k": "all" if kind is of_index else dice.choice("pq"), ":f": "1" if kind is of_index else "a", ":l": "3"}
    used = {word: {"S": text} for word, text in words.items() if word in kind["KeyConditionExpression"]}
    query = {"TableName": "orders", **kind, "ExpressionAttributeValues": used, "Limit": dice.randint(1, 3)}
    return operation, query


@pytest.mark.parametrize("seed", range(4))
def test_made_up_requests_are_answered_as_the_local_engine_does(local: Any, seed: int) -> None:
    dice, following, codes = Random(seed), None, set[str]()
    engine = DynamoDB(Scheduler(), Chance(seed), backend.table_definitions())
    for _ in range(400):
        operation, request = request_of(dice, following)
        mine, theirs = (outcome(getattr(each, operation), request) for each in (engine, local))
        assert mine == theirs, (operation, request)
        codes.add(mine[0] if isinstance(mine, tuple) else "answered")
        if operation == "query":
            following = request | {"ExclusiveStartKey": last} if (last := mine.get("LastEvaluatedKey")) else None
    assert codes == {"answered", "TransactionCanceledException", "ValidationException"}
