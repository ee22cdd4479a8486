"""Conditions, key conditions and updates of DynamoDB.

moto's parser reads conditions. It also reads updates, but takes 1.7 ms for each (a condition: 0.2 ms), most of the time
of a run; so the few forms of updates that the store writes are done here, and `test_truth.py` holds them to DynamoDB
Local.
"""

import re
from collections import deque
from decimal import Decimal
from functools import cache
from typing import Any

from moto.dynamodb.comparisons import create_condition_expression_parser
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.parsing.key_condition_expression import parse_expression

from tests.support.quick_moto import words_of

Wire = dict[str, Any]
NO_ITEM = Item(DynamoType({"S": ""}), DynamoType({"S": ""}), {})
CLAUSE = re.compile(r"\s*\b(SET|REMOVE|ADD|DELETE)\b\s*")
BETWEEN_PARTS = re.compile(r",\s*(?![^(]*\))")
TERM = re.compile(r"(?:(\w+)\((#\w+), ([:#]\w+)\)|([:#]\w+))(?: ([+-]) ([:#]\w+))?")


class InvalidUpdateError(Exception):
    """An update that DynamoDB refuses, such as a sum with an attribute that is not there."""


def holds(request: Wire, item: Wire | None) -> bool:
    """Whether the request's condition is true of an item, None if there is none."""
    expression = request.get("ConditionExpression")
    if not expression:
        return True
    names, values = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
    parser = create_condition_expression_parser(expression, names, values)
    parser._lex_condition_expression = lambda: deque(words_of(expression))  # type: ignore[method-assign]
    subject = NO_ITEM
    if item is not None:  # as much of it as the condition names: moto weighs each attribute
        named = {name: item[name] for name in (names or {}).values() if name in item}
        subject = Item(DynamoType(item["pk"]), DynamoType(item["sk"]), named)
    return bool(parser.parse().expr(subject))


@cache
def _steps(expression: str) -> tuple[tuple[str, str, str], ...]:
    """(clause, path, rest) of each part of an update."""
    [start, *found] = CLAUSE.split(expression)
    assert not start
    parts = [
        (clause, part)
        for clause, text in zip(found[::2], found[1::2], strict=True)
        for part in BETWEEN_PARTS.split(text.strip())
    ]
    steps = []
    for clause, part in parts:
        path, _, rest = part.partition(" = " if clause == "SET" else " ")
        if not re.fullmatch(r"#\w+", path):
            raise NotImplementedError(part)
        steps.append((clause, path, rest))
    return tuple(steps)


def updated(request: Wire, item: Wire | None) -> Wire:
    """An item as an update leaves it. Raises InvalidUpdateError."""
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    before: Wire = {**(item or {}), **request["Key"]}
    # what an expression's words stand for: values, and attributes as they were
    words = {**values, **{word: before[name] for word, name in names.items() if name in before}}
    after = dict(before)
    for clause, path, rest in _steps(request["UpdateExpression"]):
        if clause == "SET":
            new: Wire | None = _value_of(rest, words)
        else:
            new = None if clause == "REMOVE" else _merged(clause, words.get(path), words[rest])
        after.pop(names[path], None)
        if new:
            after[names[path]] = new
    return after


def _operand(word: str, words: Wire) -> Wire:
    if word not in words:
        raise InvalidUpdateError(word)
    value: Wire = words[word]
    return value


def _value_of(text: str, words: Wire) -> Wire:
    match = TERM.fullmatch(text)
    if match is None:
        raise NotImplementedError(text)
    function, place, other, plain, sign, added = match.groups()
    if function == "list_append":
        value = {"L": _operand(place, words)["L"] + _operand(other, words)["L"]}
    else:
        value = _operand(place if function and place in words else other or plain, words)
    return _sum(value, _operand(added, words), sign) if sign else value


def _merged(clause: str, old: Wire | None, given: Wire) -> Wire | None:
    """ADD and DELETE: a number grows, a set wins or loses members; an empty set is no attribute."""
    [(kind, members)] = given.items()
    if kind == "N":
        return _sum(old or {"N": "0"}, given, "+")
    there = set((old or {kind: []})[kind])
    left = there | set(members) if clause == "ADD" else there - set(members)
    return {kind: sorted(left)} if left else None


def _sum(value: Wire, added: Wire, sign: str) -> Wire:
    if value.keys() != {"N"} or added.keys() != {"N"}:
        raise InvalidUpdateError(sign)
    one, other = Decimal(value["N"]), Decimal(added["N"])
    return {"N": str(one + other if sign == "+" else one - other)}


@cache
def _ranges(expression: str, names: tuple[tuple[str, str], ...], schema: tuple[str, ...]) -> Any:
    words = set(re.findall(r":\w+", expression))
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in zip(schema, ("HASH", "RANGE"), strict=True)]
    return parse_expression(expression, {word: word for word in words}, dict(names), keys)[:2]  # type: ignore[misc]


def key_condition(request: Wire, schema: tuple[str, ...]) -> tuple[str, str, list[str]]:
    """The value of the partition key; comparison and values of the sort key, of which there may be none."""
    names = tuple(request.get("ExpressionAttributeNames", {}).items())
    hashes, ranges = _ranges(request["KeyConditionExpression"], names, schema)
    values = request["ExpressionAttributeValues"]
    [(_, word)] = hashes
    if not ranges:
        return values[word]["S"], "", []
    [(_, comparison, words)] = ranges
    return values[word]["S"], comparison, [values[each]["S"] for each in words]
