"""Request bodies, read strictly: small, shallow, unambiguous JSON of exactly the fields that a call takes."""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, get_type_hints

from pydantic import Field, create_model

from voucher.edge.fields import Name, Number, Text, Version
from voucher.models.base import Reason, Request
from voucher.refusals import Refusal, Refused

MOST_BODY_BYTES = 64 * 1024
MOST_NESTING = 32


class Versioned(Request):
    """A body that may name the `version` of the record that its sender looked at; the call is then refused if somebody
    changed the record since."""

    version: Annotated[Version | None, Field(description="the record's version that the caller looked at")] = None


class Nothing(Request):
    """The body of a call without fields: absent, or an empty object."""


class WithReason(Request):
    """The body of a decision that is only its reason."""

    reason: Text


class Statement(Request):
    """What an organisation says before it may be put out of the programme (§3.4.1, §4.1.3)."""

    text: Text


class AnswerCode(Request):
    """The code of a receipt. It stands in a body, because a path is logged."""

    code: Annotated[Number, Field(examples=["K7Q2M9XW4TRB5HAZ2CVN6DJE"])]


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


def partial(model: type[Request]) -> type[Versioned]:
    """The body of a correction: the fields of `model`, each optional. A field that is absent or null stays as it is;
    with a `version` that was seen, nothing is corrected in another one."""
    hints = get_type_hints(model, include_extras=True)
    fields: dict[str, Any] = {name: (hints[name] | None, None) for name in model.model_fields}
    return create_model(f"Partial{model.__name__}", __base__=Versioned, **fields)


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
