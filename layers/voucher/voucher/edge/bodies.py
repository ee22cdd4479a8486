"""Request bodies, read strictly: small, shallow, unambiguous JSON of exactly the fields that a call takes."""

import json
import re
from collections.abc import Iterable
from typing import Any, get_type_hints

from pydantic import ValidationError, create_model

from voucher.edge.fields import Name, Text
from voucher.models.base import Reason, Request
from voucher.refusals import FieldError, Refusal, Refused

MOST_BODY_BYTES = 64 * 1024
MOST_NESTING = 32

# Pydantic's error types in words for the person who filled in the form; any other type is "格式不正确".
WORDS = {
    "missing": "必填。",
    "extra_forbidden": "没有这个字段。",
    "int_type": "须为整数。",
    "string_type": "须为文字。",
    "bool_type": "须为 true 或 false。",
    "string_too_long": "文字过长。",
    "string_too_short": "不能为空。",
    "greater_than_equal": "数值过小。",
    "greater_than": "数值过小。",
    "less_than_equal": "数值过大。",
    "enum": "不在可选范围内。",
    "literal_error": "不在可选范围内。",
    "too_long": "条目过多。",
    "too_short": "条目过少。",
}


class Nothing(Request):
    """The body of a call without fields: absent, or an empty object."""


class WithReason(Request):
    """The body of a decision that is only its reason."""

    reason: Text


class ReviewReason(Request):
    """One reason of a reviewer: what is wrong, and in which field or kind of document, if it is in one."""

    field: Name | None = None
    message: Text


def reasons_of(reasons: Iterable[ReviewReason | str]) -> tuple[Reason, ...]:
    """A reviewer's reasons as a record keeps them. A client may send a reason as a plain text, too."""
    return tuple(
        Reason(message=each) if isinstance(each, str) else Reason(field=each.field, message=each.message)
        for each in reasons
    )


def partial(model: type[Request]) -> type[Request]:
    """The body of a correction: the fields of `model`, each optional. A field that is absent or null stays as it is."""
    hints = get_type_hints(model, include_extras=True)
    fields: dict[str, Any] = {name: (hints[name] | None, None) for name in model.model_fields}
    return create_model(f"Partial{model.__name__}", __base__=Request, **fields)


def read_json(text: str) -> Any:
    """Parse a body strictly: at most 64 KB, 32 levels, no repeated names, no NaN. Empty text is {}."""
    if len(text.encode()) > MOST_BODY_BYTES:
        raise Refused(Refusal.BODY_TOO_LARGE)
    if _depth(text) > MOST_NESTING:
        raise Refused(Refusal.NESTED_TOO_DEEP)
    try:
        return json.loads(text or "{}", object_pairs_hook=_unrepeated, parse_constant=_not_a_number)
    except ValueError:
        raise Refused(Refusal.BROKEN_JSON) from None


def _depth(text: str) -> int:
    if text.count("{") + text.count("[") <= MOST_NESTING:
        return 0
    deepest = depth = 0
    # possessive, and an open string ends with the text: otherwise a body full of quotes takes minutes
    for bracket in re.sub(r'(?s)"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', "", text):
        if bracket in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "}]":
            depth -= 1
    return deepest


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _not_a_number(word: str) -> None:
    raise ValueError(word)


def malformed(error: ValidationError, prefix: str = "") -> Refused:
    """A pydantic error as the refusal MALFORMED, field by field; it never repeats the values that were sent."""
    errors = [
        FieldError(prefix + _field(each["loc"]), WORDS.get(each["type"], "格式不正确。"))
        for each in error.errors(include_url=False, include_input=False)[:50]
    ]
    return Refused(Refusal.MALFORMED, errors=errors)


def _field(place: tuple[int | str, ...]) -> str:
    # for a union pydantic names its branches, too; a client knows only the fields, which are lower case
    named = [str(part) for part in place if (str(part)[0].islower() and "[" not in str(part)) or str(part).isdecimal()]
    return ".".join(named) or "body"
