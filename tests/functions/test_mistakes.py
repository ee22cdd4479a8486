"""What a client learns of each field that is wrong: a code, words, and what would be right."""

import json
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from voucher.edge.codes import EnterpriseCode
from voucher.edge.fields import Day, Fen, Name, Phone
from voucher.edge.mistakes import malformed
from voucher.models.base import Request
from voucher.refusals import Refused


class Part(Request):
    kind: Literal["invoice", "contract"]
    amount_fen: Fen


class Whole(Request):
    uscc: EnterpriseCode
    name: Name
    phone: Phone | None = None
    day: Day
    parts: tuple[Part, ...]


RIGHT: dict[str, Any] = {
    "uscc": "91331100MA2E00003J",
    "name": "甲",
    "day": "2026-03-01",
    "parts": [{"kind": "invoice", "amount_fen": 1}],
}


def refused(**changes: Any) -> Refused:
    """The refusal of a body that is right but for some fields; None takes a field away."""
    body = {name: value for name, value in {**RIGHT, **changes}.items() if value is not None}
    with pytest.raises(ValidationError) as wrong:
        Whole.model_validate_json(json.dumps(body))
    return malformed(wrong.value, Whole)


def only_mistake(**changes: Any) -> dict[str, Any]:
    """What the one mistake of a body says, without what is not said."""
    [mistake] = refused(**changes).errors
    return {name: value for name, value in vars(mistake).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": None}, {"field": "name", "code": "missing", "message": "必填。"}),
        (
            {"name": "长" * 121},
            {"field": "name", "code": "too_long", "max": 120, "message": "文字过长，不得超过 120 个字。"},
        ),
        (
            {"phone": "-"},
            {
                "field": "phone",
                "code": "format",
                "example": "0578-2091234",
                "message": "格式不正确，例如 0578-2091234。",
            },
        ),
        (
            {"day": "1.3.2026"},
            {"field": "day", "code": "format", "example": "2026-03-01", "message": "格式不正确，例如 2026-03-01。"},
        ),
        (
            {"day": "1800-01-01"},
            {"field": "day", "code": "too_small", "min": "1900-01-01", "message": "数值过小，不得小于 1900-01-01。"},
        ),
        (
            {"parts": [{"kind": "letter", "amount_fen": 1}]},
            {
                "field": "parts.0.kind",
                "code": "not_allowed",
                "allowed": ("invoice", "contract"),
                "message": "不在可选范围内，可选：invoice、contract。",
            },
        ),
        (
            {"parts": [{"kind": "invoice", "amount_fen": 10**14}]},
            {
                "field": "parts.0.amount_fen",
                "code": "too_large",
                "max": 10**13,
                "message": "数值过大，不得大于 100000000000.00 元。",
            },
        ),
        (
            {"parts": [{"kind": "invoice", "amount_fen": 1, "note": ""}]},
            {
                "field": "parts.0.note",
                "code": "unknown",
                "allowed": ("amount_fen", "kind"),
                "message": "没有这个字段。",
            },
        ),
    ],
)
def test_a_mistake_says_what_would_be_right(changes: dict[str, Any], said: dict[str, Any]) -> None:
    assert only_mistake(**changes) == said


def test_a_field_without_a_name_is_unknown_like_any_other() -> None:
    mistake = only_mistake(**{"": 1})
    assert (mistake["field"], mistake["code"]) == ("body", "unknown")


@pytest.mark.parametrize("name", ["Name", "_x", "名称"])
def test_an_unknown_field_is_called_as_it_was_sent(name: str) -> None:
    assert (only_mistake(**{name: 1})["field"], only_mistake(**{name: 1})["code"]) == (name, "unknown")


def test_a_wrong_credit_code_is_told_together_with_all_other_mistakes() -> None:
    alone, together = refused(uscc="91331100MA2E00003K"), refused(uscc="91331100MA2E00003K", name=None, day=7)
    assert (alone.refusal.name, alone.clause) == ("INVALID_USCC", "§2.1")
    assert together.refusal.name == "MALFORMED"
    assert {(each.field, each.code) for each in together.errors} == {
        ("uscc", "format"),
        ("name", "missing"),
        ("day", "format"),
    }


def test_beyond_fifty_mistakes_it_is_said_how_many_more_there_are() -> None:
    wrong = [{"kind": "letter", "amount_fen": 1}] * 53
    *first, last = refused(parts=wrong).errors
    assert [each.field for each in first] == [f"parts.{number}.kind" for number in range(50)]
    assert (last.field, last.code, last.message) == ("body", "more", "另有 3 处有误，请改正以上各处后再提交。")
    assert len(refused(parts=wrong[:50]).errors) == 50
