"""What pydantic found wrong in a request, as the refusal MALFORMED: of each field what is wrong and what would be
right, for a person and for a program. It never repeats the values that were sent."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Self, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from voucher.models.base import yuan
from voucher.refusals import FieldError, Refusal, Refused

MOST_MISTAKES = 50
FORMAT = "format", "格式不正确{such_as}。"
# pydantic's type of error → the kind of mistake, and its sentence; any other type is a wrong format
KINDS = {
    "credit_code": ("format", Refusal.INVALID_USCC.sentence),
    "unseen_character": ("format", "含有看不见的字符（控制或格式字符），请重新输入后再提交。"),
    "missing": ("missing", "必填。"),
    "extra_forbidden": ("unknown", "没有这个字段。"),
    "int_type": ("type", "须为整数。"),
    "int_from_float": ("type", "须为整数。"),
    "string_type": ("type", "须为文字。"),
    "bool_type": ("type", "须为 true 或 false。"),
    "list_type": ("type", "须为列表。"),
    "tuple_type": ("type", "须为列表。"),
    "dict_type": ("type", "须为对象。"),
    "model_type": ("type", "须为对象。"),
    "string_too_long": ("too_long", "文字过长，不得超过 {max} 个字。"),
    "string_too_short": ("too_short", "不能为空。"),
    "greater_than_equal": ("too_small", "数值过小，不得小于 {min}。"),
    "greater_than": ("too_small", "数值过小，不得小于 {min}。"),
    "less_than_equal": ("too_large", "数值过大，不得大于 {max}。"),
    "enum": ("not_allowed", "不在可选范围内，可选：{allowed}。"),
    "literal_error": ("not_allowed", "不在可选范围内，可选：{allowed}。"),
    "too_long": ("too_many", "条目过多，不得多于 {max} 项。"),
    "too_short": ("too_few", "条目过少，至少 {min} 项。"),
}
Place = tuple[int | str, ...]


class WrongCode(PydanticCustomError):
    """A text that is not a credit code of the kind that `clause` wants."""

    def __new__(cls, clause: str) -> Self:
        """The error; if a request has no other mistake, it is refused with INVALID_USCC."""
        return super().__new__(cls, "credit_code", "credit code", {"clause": clause})


def malformed(error: ValidationError, model: type[BaseModel], prefix: str = "") -> Refused:
    """The refusal for a request that does not fit `model`; its first 50 mistakes. `prefix` stands before each field."""
    found = error.errors(include_url=False, include_input=False)
    places = [each["loc"] for each in found]
    mistakes = [
        _mistake(each["type"], each["loc"], each.get("ctx") or {}, model, prefix)
        for each in found
        # a list with a wrong entry is not also too short
        if each["type"] != "too_short" or not any(_is_inside(place, each["loc"]) for place in places)
    ]
    clauses = [each["ctx"]["clause"] for each in found if each["type"] == "credit_code"]
    if len(clauses) == len(found):
        return Refused(Refusal.INVALID_USCC, clause=clauses[0], errors=mistakes)
    return Refused(Refusal.MALFORMED, errors=mistakes[:MOST_MISTAKES])


def _mistake(kind: str, place: Place, facts: Mapping[str, Any], model: type[BaseModel], prefix: str) -> FieldError:
    code, sentence = KINDS.get(kind, FORMAT)
    field = prefix + _field(place, is_unknown=kind == "extra_forbidden")
    allowed, example = _allowed(kind, place, facts, model), _example(place, model) if code == "format" else None
    least, most = _bound(facts, "ge", "min_length"), _bound(facts, "le", "max_length")
    least = facts["gt"] + 1 if "gt" in facts else least
    words = {
        "min": _shown(least, field),
        "max": _shown(most, field),
        "allowed": "、".join(allowed or ()),
        "such_as": f"，例如 {example}" if example else "",
    }
    return FieldError(field, sentence.format(**words), code, allowed=allowed, min=least, max=most, example=example)


def _allowed(kind: str, place: Place, facts: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, ...] | None:
    """What a closed list allows, or which fields there are where an unknown one was sent."""
    if kind == "extra_forbidden":
        [*_, parents] = _models_along(place[:-1], model)
        return tuple(sorted({name for each in parents for name in fields_of(each)}))
    return tuple(re.findall(r"'([^']*)'", facts["expected"])) if "expected" in facts else None


def _bound(facts: Mapping[str, Any], *names: str) -> int | str | None:
    found = next((facts[name] for name in names if name in facts), None)
    return found if found is None or isinstance(found, int) else str(found)


def _shown(bound: int | str | None, field: str) -> str:
    """A bound for people: an amount in yuan."""
    return f"{yuan(bound)} 元" if isinstance(bound, int) and field.endswith("_fen") else str(bound)


def _example(place: Place, model: type[BaseModel]) -> str | None:
    """What a field may look like, if its type shows an example."""
    *_, parents, _ = [[], *_models_along(place, model)]
    fields = [known[str(place[-1])] for each in parents if place and place[-1] in (known := fields_of(each))]
    return next((str(info.examples[0]) for field in fields for info in _infos(field) if info.examples), None)


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the names that a client sends: `from` is no name in Python."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models_along(place: Place, model: type[BaseModel]) -> Iterator[list[type[BaseModel]]]:
    """The models that may stand at the root, and after each step of a place."""
    models = [model]
    yield models
    for step in place:
        if isinstance(step, str):
            fields = [known[step] for each in models if step in (known := fields_of(each))]
            # pydantic names the branches of a union, too; there the models stay the same
            models = [inner for field in fields for inner in _models_in(field.annotation)] if fields else models
        yield models


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _infos(field: FieldInfo) -> Iterator[FieldInfo]:
    """What a field says of itself, and what the types inside its type say."""
    yield field
    waiting = [field.annotation]
    while waiting:
        inner = get_args(waiting.pop())
        yield from (each for each in inner if isinstance(each, FieldInfo))
        waiting += [each for each in inner if not isinstance(each, FieldInfo)]


def _is_inside(place: Place, outer: Place) -> bool:
    return len(place) > len(outer) and place[: len(outer)] == outer


def _field(place: Place, is_unknown: bool) -> str:
    """A field as a client writes it. For a union pydantic names its branches, too; our fields are in lower case, but an
    unknown one is called as it was sent."""
    *path, last = [str(part) for part in place] or [""]
    kept = [part for part in path if _is_ours(part)] + ([last] if is_unknown or _is_ours(last) else [])
    return ".".join(filter(None, kept)) or "body"


def _is_ours(part: str) -> bool:
    return (part[:1].islower() and "[" not in part) or part.isdecimal()
