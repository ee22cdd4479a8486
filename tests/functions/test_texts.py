"""What people type or paste, in every field of every request: tidied, or refused with the character that is wrong."""

import json
import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import boto3
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.support.backend import World, function, routes
from tests.support.scenario import OWNER, SELLER, Json, Town
from voucher.edge import queues
from voucher.edge.codes import EnterpriseCode
from voucher.edge.fields import AccountNumber, Day, Moment, Name, Number, Phone, Text, Uscc, Values
from voucher.edge.mistakes import malformed
from voucher.edge.queries import Query
from voucher.models.base import Request, plain_number
from voucher.policy import Policy

Leaf = tuple[str, Any]
# U+FFFE and its like, half a pair, and control characters of both ranges
NO_TEXTS = [
    "\ufffe",
    "\uffff",
    "\U0001fffe",
    "\U0010ffff",
    "\ufdd0",
    "\ud800",
    "\udfff",
    "\x00",
    "\x1b",
    "\x7f",
    "\x85",
]
UNSEEN = ["", " ", "\u3000", "\u200b", "\u2800", "\u3164", "\ufeff", "\u202e", "\u115f\u1160", "\ufe0f", "\n", "\u0301"]


def subclasses(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Every model that is derived from another one."""
    for each in model.__subclasses__():
        yield each
        yield from subclasses(each)


def leaves(annotation: Any, place: str) -> Iterator[Leaf]:
    """The plain types inside a type, each with all that stands around it. Models have fields of their own."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        for where, leaf in leaves(inner[0], place):
            yield where, Annotated[leaf, *inner[1:]]
    elif origin is Literal or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return
    elif origin in (Union, UnionType, list, tuple, dict, frozenset):
        for each in inner:
            yield from leaves(each, place)
    else:
        yield place, annotation


def all_leaves() -> list[Leaf]:
    """The plain types of every field of every request, query and policy."""
    for folder in {route.folder for route in routes()}:
        function(folder)
    models = {*subclasses(Request), *subclasses(Query), Policy}
    places = [
        (
            Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation,
            f"{model.__name__}.{name}",
        )
        for model in models
        if model.__module__.startswith(("function_", "voucher.")) and "[" not in model.__name__
        for name, field in model.model_fields.items()
    ]
    return sorted((leaf for each, place in places for leaf in leaves(each, place)), key=lambda leaf: leaf[0])


def base(leaf: Any) -> Any:
    """The plain type of a leaf."""
    while get_origin(leaf) is Annotated:
        leaf = get_args(leaf)[0]
    return leaf


def takes(leaf: Any, value: Any) -> bool:
    """True if a request may hold the value there: as JSON, or, where JSON cannot say it, as Python."""
    adapter = TypeAdapter(leaf)
    try:
        adapter.validate_json(json.dumps(value), strict=True)
    except (ValidationError, UnicodeEncodeError):
        return False
    return True


# policies are the bureau's alone, and their texts are looked at before (`fields.Values`)
TEXTS = [each for each in all_leaves() if base(each[1]) is str and not re.search(r"^Policy|\.policy$", each[0])]
DAYS = [each for each in all_leaves() if base(each[1]) is date]
INSTANTS = [each for each in all_leaves() if base(each[1]) is datetime]


def test_the_walk_finds_the_fields_of_all_requests() -> None:
    places = {place for place, _ in all_leaves()}
    assert {"Placement.contract_number", "PartialFacts.name", "Policy.grants_from", "OfDays.from_"} <= places
    assert len(TEXTS) > 60 and len(DAYS) > 12 and len(INSTANTS) > 1


@pytest.mark.parametrize(("place", "leaf"), TEXTS, ids=[place for place, _ in TEXTS])
def test_no_text_of_any_request_holds_what_is_no_character(place: str, leaf: Any) -> None:
    for wrong in NO_TEXTS:
        assert not takes(leaf, f"1{wrong}1"), ascii(wrong)


@pytest.mark.parametrize("wrong", NO_TEXTS, ids=ascii)
def test_no_text_of_a_policy_holds_what_is_no_character(wrong: str) -> None:
    for policy in ({"edition": f"1{wrong}1"}, {"districts": ["city", f"1{wrong}"]}, {f"edition{wrong}": 1}):
        assert not takes(Values, policy)
    assert takes(Values, {"edition": "丽经信〔2024〕44号", "districts": ["city"]})


@pytest.mark.parametrize(("place", "leaf"), DAYS, ids=[place for place, _ in DAYS])
def test_a_day_of_any_request_has_its_own_form_only(place: str, leaf: Any) -> None:
    assert takes(leaf, "2026-03-01")
    for wrong in (
        *("1781481600", "20260301", "2026-3-1", "2026-03-01T00:00:00", "2026-03-01T00:00:00Z", "2026-02-30", "", "0"),
        *("2026-03-01 ", "２０２６-03-01", "2026/03/01", 1781481600, 1.0, True),
    ):
        assert not takes(leaf, wrong), wrong


@pytest.mark.parametrize(("place", "leaf"), INSTANTS, ids=[place for place, _ in INSTANTS])
def test_an_instant_of_any_request_has_its_own_form_only(place: str, leaf: Any) -> None:
    for right in ("2026-03-01T01:00:00Z", "2026-03-01T09:00:00+08:00", "2026-03-01t01:00:00.123z"):
        assert takes(leaf, right), right
    for wrong in (
        *("1781654400", "2026-03-01", "2026-03-01T01:00:00", "2026-03-01T01:00Z", "2026-03-01 01:00:00Z", ""),
        *("20260301T010000Z", "2026-03-01T25:00:00Z", "2026-03-01T01:00:00+0800", 1781654400, 1.5, True),
    ):
        assert not takes(leaf, wrong), wrong


def read(kind: Any, value: str) -> Any:
    """What becomes of a value in a field of that kind."""
    return TypeAdapter(kind).validate_json(json.dumps(value), strict=True)


def words(kind: Any, value: str) -> str:
    """The sentence for a value that is refused."""

    class Body(Request):
        field: kind

    with pytest.raises(ValidationError) as error:
        Body.model_validate_json(json.dumps({"field": value}))
    [mistake] = malformed(error.value, Body).errors
    return mistake.message


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\u2028", "\u2029"])
def test_lines_end_as_one_wherever_they_were_typed(end: str) -> None:
    assert read(Text, f" 第一行{end}第二行{end}") == "第一行\n第二行"


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("kind", [Name, Text])
def test_a_text_that_nobody_sees_is_none(kind: Any, unseen: str) -> None:
    for typed in (unseen, unseen * 3, f" {unseen}\t"):
        assert not takes(kind, typed), ascii(typed)


@pytest.mark.parametrize("mark", ["\u200b", "\u202e", "\u2066", "\u200f", "\ufeff", "\u00ad", "\u2060", "\U000e0041"])
def test_a_mark_is_taken_out_of_a_text_and_named_in_a_name(mark: str) -> None:
    assert read(Text, f"材料{mark}有误") == "材料有误"
    assert words(Name, f"营业{mark}执照") == f"第 3 个字符 U+{ord(mark):04X}（不可见） 不能使用，请删除或改正。"


@pytest.mark.parametrize("text", ["𠮷野·阿布都", "👨‍👩‍👧 一家", "❤️", "Ω≈ç", "नमस्ते", "〇", "\ue000", "a\tb"])
def test_what_is_rare_but_seen_is_kept(text: str) -> None:
    assert read(Text, text) == text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("HT2026001 ", "HT2026001"),
        (" HT 2026 001", "HT2026001"),
        ("HT2026001\u200b", "HT2026001"),
        ("ＨＴ－２０２６－００１", "HT-2026-001"),
        ("HT／2026／001", "HT/2026/001"),
        ("HT—2026–001", "HT-2026-001"),
        ("丽经〔2026〕1号", "丽经〔2026〕1号"),
        ("合同（1）", "合同(1)"),
    ],
)
def test_a_number_is_read_as_typed_or_pasted(typed: str, kept: str) -> None:
    assert read(Number, typed) == kept
    assert plain_number(typed) == plain_number(kept)


@pytest.mark.parametrize("other", ["HT2026-001", "HT2026001A", "OT2026001", "HT.2026001"])
def test_another_number_stays_another(other: str) -> None:
    assert plain_number(other) != plain_number("HT2026001")


@pytest.mark.parametrize(
    "account",
    [
        "6222021202001234567",
        "6222 0212 0200 1234 567",
        " 6222021202001234567\u200b",
        "62220-21202001234567",
        "６２２２021202001234567",
    ],
)
def test_an_account_number_is_read_as_pasted(account: str) -> None:
    assert read(AccountNumber, account) == "6222021202001234567"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0578-2091234", "0578-2091234"),
        ("0578-2091234转802", "0578-2091234转802"),
        ("0578-2091234 分机 802", "0578-2091234转802"),
        ("0578-2091234 ext. 802", "0578-2091234转802"),
        ("（0578）２０９１２３４", "(0578)2091234"),
        ("+86 138\u200b 0000  0000", "+86 138 0000 0000"),
        ("0578—2091234-802", "0578-2091234-802"),
    ],
)
def test_a_phone_number_is_read_as_written(typed: str, kept: str) -> None:
    assert read(Phone, typed) == kept


@pytest.mark.parametrize(
    "typed", ["91331100MA2E00003J", " 91331100MA2E00003J\u202c", "９１３３１１００MA2E00003J", "9133 1100 MA2E 0000 3J"]
)
def test_a_credit_code_is_read_as_pasted(typed: str) -> None:
    assert read(EnterpriseCode, typed) == read(Uscc, typed) == "91331100MA2E00003J"


@pytest.mark.parametrize(
    ("kind", "typed", "character"),
    [
        (Number, "HT*2026", "第 3 个字符 “*”"),
        (Number, "HT2026\x00", "第 7 个字符 U+0000（不可见）"),
        (AccountNumber, "6222O21202001234", "第 5 个字符 “O”"),
        (Phone, "0578-209123a", "第 12 个字符 “a”"),
        (EnterpriseCode, "9133110OMA2E00003J", "第 8 个字符 “O”"),
        (Name, "丽水\x07", "第 3 个字符 U+0007（不可见）"),
        (Text, "丽\ufffe水", "第 2 个字符 U+FFFE（不可见）"),
    ],
)
def test_what_is_still_wrong_is_named(kind: Any, typed: str, character: str) -> None:
    assert words(kind, typed).startswith(f"{character} 不能使用")


@pytest.mark.parametrize(
    ("kind", "typed"), [(Number, "H" * 65), (AccountNumber, "6" * 33), (AccountNumber, "6" * 7), (Phone, "0" * 31)]
)
def test_a_number_has_its_length_when_it_is_tidied(kind: Any, typed: str) -> None:
    assert not takes(kind, typed)
    assert takes(kind, f" {typed[:30]} " if len(typed) > 8 else f"{typed} 6")


@pytest.mark.parametrize("kind", [Day, Moment])
def test_what_is_no_day_is_shown_a_right_one(kind: Any) -> None:
    assert "例如 2026-03-01" in words(kind, "1781481600")


@pytest.mark.parametrize("text", [*NO_TEXTS, "审核通过", "𠮷" * 2000], ids=range(len(NO_TEXTS) + 2))
def test_a_queue_takes_any_text_and_gives_it_back(world: World, text: str) -> None:
    queues.send("notify", [{"subject": text}] * 10)
    url = os.environ["NOTIFY_QUEUE_URL"]
    received = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(each["Body"]) for each in received] == [{"subject": text}] * 10


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_a_reason_of_two_lines_is_kept_as_two_lines(voucher: tuple[Town, Json], end: str) -> None:
    town = voucher[0]
    reply = town.act(OWNER, town.order(), "cancellation", {"reason": f"第一行{end}第二行"})
    assert (reply.status, reply.body["enterprise_cancel"]["reason"]) == (200, "第一行\n第二行")


@pytest.mark.clause("§5.2a")
def test_a_voucher_is_not_refused_for_a_reason_that_nobody_sees(voucher: tuple[Town, Json]) -> None:
    town = voucher[0]
    order = town.order()
    for unseen in UNSEEN:
        reply = town.act(SELLER, order, "refuse", {"reason": unseen})
        assert (reply.status, [each["field"] for each in reply.body["errors"]]) == (422, ["reason"]), ascii(unseen)


def test_a_body_may_begin_with_a_byte_order_mark(voucher: tuple[Town, Json]) -> None:
    town = voucher[0]
    order = town.order()
    path, text = f"/orders/{order['order_id']}/cancellation", json.dumps({"reason": "双方协商"})
    first = town.world.call(OWNER, "POST", path, raw=f"\ufeff{text}")
    again = town.world.call(OWNER, "POST", path, raw=text)
    assert (first.status, again.status, again.headers["idempotent-replay"]) == (200, 200, "true")
    assert town.world.call(OWNER, "POST", path, raw=f"\ufeff\ufeff{text}").code == "BROKEN_JSON"
