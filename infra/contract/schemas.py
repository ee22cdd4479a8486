"""The JSON schemas of requests and answers, with units, Chinese words and plain names."""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from infra.contract.words import states_of, words_for

PLACE = "#/components/schemas/"
Schema = dict[str, Any]
# what a name's last word says of a value
UNITS = {
    "fen": "Whole fen (分), 1/100 yuan.",
    "on": "A day in Lishui (Asia/Shanghai).",
    "until": "A day in Lishui (Asia/Shanghai), the last that counts.",
    "at": "An instant, RFC 3339 in UTC.",
    "percent": "Percent.",
    "points": "Hundredths of a percent.",
    "m2": "Square metres.",
    "months": "Months.",
    "days": "Days.",
    "bytes": "Bytes.",
    "year": "The programme year.",
    "uscc": "The unified social credit code (统一社会信用代码), 18 characters with two check digits.",
    "sha256": "A SHA-256 in hexadecimal.",
}
# what a whole name says, wherever it stands
MEANINGS = {
    "account_name": "The holder of the account, as the bank has it.",
    "allow_empty": "Apply a version without a good row: it empties the list.",
    "area": "Where the service is offered, in words.",
    "content": "What the service consists of, in words.",
    "contact": "How to reach whoever objects: a phone or an address.",
    "created_by": "Who made it: a `sub`, or `public`.",
    "declarations": "What the applicant declares, name by name, as its form has it; kept, and no rule reads it.",
    "digital_economy": "The reviewer's finding: of the digital economy, whatever the industry code says.",
    "employees": "People employed; with revenue and assets it decides the size class.",
    "ended_at": "When the schedule announced the end; null if it did not.",
    "industry_code": "GB/T 4754, two to four digits without the letter.",
    "insured_staff": "Full-time service staff with social insurance.",
    "is_legal_person": "Whether it is a legal person of its own (独立法人); a branch or a partnership is none.",
    "next_cursor": "What `cursor` the next page takes; null at the end.",
    "no_other_subsidy": "The declaration that the contract has no other subsidy; `false` is refused.",
    "outside_direction": "The reviewer's finding: not of the direction of industry (产业发展方向); it is not approved.",
    "override": "Asks for an exception, or grants it: the reason.",
    "price_unit": "What the price is for, in words, such as 次 or 人.",
    "quantity": "How many of the price's unit.",
    "service_item": "The item of §2.2 that it is; null for another service of its category.",
    "size_class": "The class by 工信部联企业〔2011〕300号.",
    "skip_errors": "Apply the good rows, and leave out those with an error.",
    "term": "How long the service takes, in words.",
    "version": "Counts the changes of the record; in a request, the one that the caller looked at.",
}


class _Generator(GenerateJsonSchema):
    """Pydantic's schemas, without what a reader can see from the names, and with the words of states."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """A field has a name already."""
        del schema
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """An answer says all its fields; what a request may leave out has its default."""
        if self.mode == "serialization":
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_is_required(self, field: Any, total: bool) -> bool:
        """An answer says all its fields, those with a default, too."""
        if self.mode == "serialization" and field["type"] != "typed-dict-field":
            return True
        return super().field_is_required(field, total)

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """A plain value that may be null is one schema of two types, which readers show better than a choice of two."""
        found = super().nullable_schema(schema)
        match found:
            case {"anyOf": [{"type": str(kind)} as inner, {"type": "null"}]} if "properties" not in inner:
                values = {"enum": [*inner["enum"], None]} if "enum" in inner else {}
                return {**inner, "type": [kind, "null"], **values}
        return found

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A record says what its states mean."""
        found = super().model_schema(schema)
        if "description" in found:  # what follows the first paragraph is for whoever maintains the record
            found["description"] = " ".join(str(found["description"]).partition("\n\n")[0].split())
        thing = getattr(schema["cls"], "thing", None)
        state = found.get("properties", {}).get("state")
        if state is not None and isinstance(thing, str) and "enum" in state:
            add_words(state, states_of(thing))
        return found


def schemas(wanted: Iterable[tuple[str, JsonSchemaMode, Any]]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The schemas of (key, mode, type) by key, and the definitions that they refer to, by name."""
    asked = [(key, mode, TypeAdapter(kind)) for key, mode, kind in wanted]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, defined = TypeAdapter.json_schemas(asked, ref_template=PLACE + "{model}", schema_generator=_Generator)
    by_key = {key: dict(schema) for (key, _mode), schema in found.items()}
    definitions: dict[str, Schema] = defined.get("$defs", {})
    names = _plain_names(by_key, definitions)
    everything = {"by_key": by_key, "definitions": {names[name]: each for name, each in definitions.items()}}
    for schema in every_schema(everything):
        if str(schema.get("$ref", "")).startswith(PLACE):
            schema["$ref"] = PLACE + names[schema["$ref"].removeprefix(PLACE)]
    for name, each in everything["definitions"].items():
        each["title"] = name
        add_units(each)
    return by_key, dict(sorted(everything["definitions"].items()))


def every_schema(tree: Any) -> Iterator[Schema]:
    """Every object in a tree of JSON."""
    if isinstance(tree, dict):
        yield tree
        for each in tree.values():
            yield from every_schema(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from every_schema(each)


def add_words(schema: Schema, words: Mapping[str, str]) -> None:
    """Say in the description, which every reader shows, what each value of a closed list means; programs ask
    GET /vocabulary."""
    listed = " · ".join(f"`{value}` {words[value]}" for value in schema["enum"] if value in words)
    schema["description"] = " ".join(filter(None, [schema.get("description"), listed]))


def add_units(schema: Schema) -> None:
    """Say what each property means whose name tells it, or the unit with which the name ends."""
    for name, each in schema.get("properties", {}).items():
        words = MEANINGS.get(name) or UNITS.get(name.rpartition("_")[2])
        if words and "description" not in each and "$ref" not in each:
            each["description"] = words
        if name.rpartition("_")[2] == "at":
            for inner in every_schema(each):
                if "string" in inner.get("type", ()):
                    inner.setdefault("format", "date-time")


def add_known_words(tree: Any) -> None:
    """Say in a whole document what the values of closed lists mean, as far as a record did not say it."""
    for schema in every_schema(tree):
        if "enum" in schema:
            words = words_for([value for value in schema["enum"] if value is not None])
            if words is not None and not _has_words(schema):
                add_words(schema, words)


def _has_words(schema: Schema) -> bool:
    """True if `add_words` was here: a record knows better than a search by values what its states mean."""
    return all(f"`{value}` " in schema.get("description", "") for value in schema["enum"] if value is not None)


def _plain_names(by_key: Mapping[str, Schema], definitions: Mapping[str, Schema]) -> dict[str, str]:
    """Pydantic's name of each definition → a short one. Where functions use the same name for different models, the
    function's own name is put before it. Raises ValueError if two would be the same."""
    owners: dict[str, str] = {}
    for key, schema in by_key.items():
        owners.setdefault(str(schema.get("$ref", "")).removeprefix(PLACE), key.partition(" ")[0])
    names = {name: _plain_name(name, owners.get(name, "")) for name in definitions}
    if twice := {name for name in names.values() if list(names.values()).count(name) > 1}:
        raise ValueError(f"several schemas would be called {twice}: {[k for k, v in names.items() if v in twice]}")
    return names


def _plain_name(name: str, owner: str) -> str:
    bare = re.sub(r"^(Page|List)Of_(.+?)_?$", lambda match: _item_name(match[2]) + match[1], name)
    match = re.fullmatch(
        r"(?:functions__(?P<function>\w+?)__app__)?(?:voucher__\w+?__\w+?__)?(?P<name>.*?)(?:__\d+)?", bare
    )
    if match is None:
        raise ValueError(name)
    is_shared = match["name"] != bare
    before = camel_case(match["function"] or owner) if is_shared else ""
    return before + match["name"].replace("-Input", "Input").replace("-Output", "")


def _item_name(item: str) -> str:
    return item.replace("Union_", "").strip("_").replace("__", "_").replace("_", "Or")


def camel_case(text: str) -> str:
    """`AgencyReviews` for `agency_reviews`."""
    return "".join(word.title() for word in text.split("_"))
