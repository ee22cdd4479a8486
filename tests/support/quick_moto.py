"""Makes moto fast enough for a thousand calls, without changing its answers; and lets it read as many items at once as
AWS does, of which it refuses all but 25. Keys have the sizes that AWS allows (`key_sizes`).

A call of a table goes straight to moto's handler (`moto_handler`). Beside the way there moto spends its time in a few
places: it creates clients, in every transaction it copies whole tables value by value, it reads each expression anew,
and it sorts a whole table before it looks which items a query wants. The copies share their items here: a put replaces
an item, and before an update changes an item the table gets a copy of it.
"""

import copy
import pickle
from collections import defaultdict, deque
from functools import cache
from inspect import signature
from typing import Any

import boto3
import moto.core.responses
import moto.dynamodb.responses
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import BaseBackend
from moto.core.utils import method_names_from_class
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.sqs.models import Queue

from tests.support import permissions
from tests.support.moto_handler import ask_at_once
from voucher.store.engine import patience
from voucher.store.engine.table import MOST_ITEMS

make_client, make_own_client = boto3.client, patience.make_client
update, answer_of = DynamoDBBackend.update_item, moto.dynamodb.responses.dynamo_to_dict
all_urls = BaseBackend.urls.fget
read_words = ConditionExpressionParser._lex_condition_expression
read_update, query = UpdateExpressionParser.make, Table.query
SIGNATURE = signature(query)
MOST_BYTES_OF_ITEM = 405_000  # as moto has it
REMEMBERED: dict[str, Any] = {}


@cache
def remembered_client(service: str) -> Any:
    """One client of each service for the whole run; it works with every later moto as well."""
    return _quick(service, make_client(service))


def remembered_own_client(service: str, **settings: Any) -> Any:
    """The same for the backend's clients."""
    if service not in REMEMBERED:
        REMEMBERED[service] = _quick(service, make_own_client(service, **settings))
        permissions.listen(REMEMBERED[service])
    return REMEMBERED[service]


def _quick(service: str, client: Any) -> Any:
    if service == "dynamodb":
        ask_at_once(client)
    return client


@cache
def urls_of(kind: type[BaseBackend]) -> Any:
    """The addresses of a service, which are those of its module."""
    return all_urls(kind("ap-east-1", DEFAULT_ACCOUNT_ID))


def copy_value(value: DynamoType, _memo: Any) -> DynamoType:
    """A scalar is never changed in place, so copies may share it."""
    if isinstance(value.value, dict | list):
        return DynamoType(plain_value(value))
    return value


def copy_of_item(item: Item) -> Item:
    """An item that shares its scalars with this one."""
    copied = Item.__new__(Item)
    copied.hash_key, copied.range_key = item.hash_key, item.range_key
    copied.attrs = LimitedSizeDict({name: copy_value(value, None) for name, value in item.attrs.items()})
    return copied


def update_a_copy(backend: DynamoDBBackend, table_name: str, key: Any, *given: Any, **more: Any) -> Item:
    """An update changes an item in place: the table is given one that no copy of it shares."""
    table = backend.get_table(table_name)
    places = [DynamoType(key[name]) for name in (table.hash_key_attr, table.range_key_attr)]
    if item := table.get_item(*places):
        table.items[places[0]][places[1]] = copy_of_item(item)
    return weighed(update(backend, table_name, key, *given, **more))


def copy_table(table: Table, _memo: Any) -> Table:
    """A transaction that fails puts the copy in the table's place; it changed nothing of the table but its items."""
    copied = copy.copy(table)
    copied.items = defaultdict(dict, {key: dict(items) for key, items in table.items.items()})
    return copied


def make_item(item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    """moto weighs a new item after each attribute; it is heaviest after the last."""
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict({name: DynamoType(value) for name, value in attrs.items()})
    weighed(item)


def weighed(item: Item) -> Item:
    """The same item, unless it is too heavy."""
    if item.size() > MOST_BYTES_OF_ITEM:
        raise ItemSizeTooLarge
    return item


def plain_value(value: DynamoType) -> dict[str, Any]:
    """A value as it is written in JSON; its scalars are shared."""
    part = value.value
    if isinstance(part, dict):
        part = {name: plain_value(each) if isinstance(each, DynamoType) else each for name, each in part.items()}
    elif isinstance(part, list):
        part = [plain_value(each) if isinstance(each, DynamoType) else each for each in part]
    return {value.type: part}


def plain_answer(part: Any) -> Any:
    """moto's answer without its own types; moto asks more of each part what it is."""
    if isinstance(part, str | int | None):
        return part
    if isinstance(part, dict):
        return {name: plain_answer(each) for name, each in part.items()}
    if isinstance(part, list):
        return [plain_answer(each) for each in part]
    if isinstance(part, DynamoType) and part.type not in ("B", "BS"):
        return {part.type: plain_answer(part.value)}
    return answer_of(part)


def go_through(reader: DepthFirstTraverser, root: Node) -> Node:
    """moto asks the reader anew at each node which kinds of nodes it wants."""
    wanted = reader.nodes_to_be_processed()

    def visit(node: Any, place: int = -1) -> Any:
        if not isinstance(node, Node):
            return node
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            reader.pre_processing_of_child(node, number)
            visit(child, number)
        if isinstance(node, wanted):
            node = reader.process(node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    return visit(root)


def hash_of_value(value: DynamoType) -> int:
    """A text is what `cast_value` makes of it."""
    return hash((value.type, value.value if value.type == "S" else value.cast_value))


def same_value(value: DynamoType, other: DynamoType) -> bool:
    """The same of two."""
    if value.type != other.type:
        return False
    return bool(value.value == other.value if value.type == "S" else value.cast_value == other.cast_value)


def query_few(table: Table, hash_key: DynamoType | None, *given: Any, **more: Any) -> Any:
    """moto sorts all items, then drops those of other partitions: here they are dropped before, too."""
    few = copy.copy(table)
    if not SIGNATURE.bind(table, hash_key, *given, **more).arguments.get("index_name"):
        few.items = {hash_key: table.items[hash_key]} if hash_key in table.items else {}
    return query(few, hash_key, *given, **more)


@cache
def words_of(expression: str) -> tuple[Any, ...]:
    """The words of a condition, before any of them is given a meaning."""
    return tuple(read_words(ConditionExpressionParser(expression, None, None)))


@cache
def tree_of(expression: str) -> bytes:
    """What an update expression is read as; moto changes the tree afterwards, so each reader is given its own."""
    return pickle.dumps(read_update(expression))


def copy_tree(node: Node, _memo: Any = None) -> Node:
    """The same as a copy made node by node."""
    copied: Node = pickle.loads(pickle.dumps(node))  # noqa: S301 - our own
    return copied


def use_quick_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto makes up its addresses again for every call. And it counts all messages of a queue whenever one is sent;
    nobody asks here how many there are."""
    monkeypatch.setattr(BaseBackend, "urls", property(lambda backend: urls_of(type(backend))))
    monkeypatch.setattr(moto.core.responses, "method_names_from_class", cache(method_names_from_class))
    for kind in ("", "_delayed", "_not_visible"):
        monkeypatch.setattr(Queue, f"approximate_number_of_messages{kind}", 0)


def use_quick_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the short cuts, and AWS's own limits, for one test."""
    use_quick_services(monkeypatch)
    monkeypatch.setattr(moto.dynamodb.responses, "TRANSACTION_MAX_ITEMS", MOST_ITEMS)
    monkeypatch.setattr(boto3, "client", remembered_client)
    monkeypatch.setattr(patience, "make_client", remembered_own_client)
    monkeypatch.setattr(DynamoType, "__deepcopy__", copy_value)
    monkeypatch.setattr(Item, "__deepcopy__", lambda item, _memo: item)
    monkeypatch.setattr(DynamoDBBackend, "update_item", update_a_copy)
    monkeypatch.setattr(Item, "__init__", make_item)
    monkeypatch.setattr(LimitedSizeDict, "__setitem__", dict.__setitem__)
    monkeypatch.setattr(moto.dynamodb.responses, "dynamo_to_dict", plain_answer)
    monkeypatch.setattr(DepthFirstTraverser, "traverse", go_through)
    monkeypatch.setattr(DynamoType, "__hash__", hash_of_value)
    monkeypatch.setattr(DynamoType, "__eq__", same_value)
    monkeypatch.setattr(Table, "__deepcopy__", copy_table, raising=False)
    monkeypatch.setattr(Table, "query", query_few)
    monkeypatch.setattr(Node, "__deepcopy__", copy_tree, raising=False)
    monkeypatch.setattr(
        ConditionExpressionParser,
        "_lex_condition_expression",
        lambda parser: deque(words_of(parser.condition_expression)),
    )
    monkeypatch.setattr(
        UpdateExpressionParser,
        "make",
        lambda expression: pickle.loads(tree_of(expression)),  # noqa: S301 - our own
    )
