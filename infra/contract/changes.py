"""What between two documents would break a client that was written for the first.

By the book: a client keeps working as long as it may go on sending what it sent, and finds what it relied on in what it
gets. It must accept what it does not know: fields, values of closed lists, statuses of refusals and their codes.
"""

import json
from collections.abc import Iterator
from typing import Any

from infra.contract.schemas import PLACE, Schema
from infra.pages.markers import ROOT

FILE = ROOT / "infra/contract/released.json"
# what is only read by people
WORDS = ("description", "summary", "title", "example", "examples", "x-clauses", "tags")
# bounds of a value: whether a greater one takes more, or less
BOUNDS = {"maximum": 1, "maxLength": 1, "maxItems": 1, "minimum": -1, "minLength": -1, "minItems": -1}
Document = dict[str, Any]


def released() -> Document:
    """The document on which clients rely: what the last release said, without its words."""
    return dict(json.loads(FILE.read_text()))


def released_text(document: Document) -> str:
    """A document as it is kept after its release."""
    return json.dumps(_bare(document), ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"


def major(document: Document) -> int:
    """The first number of a document's version: it counts what broke clients."""
    return int(document["info"]["version"].partition(".")[0])


def breaking_changes(old: Document, new: Document) -> list[str]:
    """Every difference that breaks clients, in words, with its place."""
    return list(_Comparison(old, new).differences())


def _bare(tree: Any) -> Any:
    if isinstance(tree, dict):
        kept = {
            name: each for name, each in tree.items() if name not in WORDS or not isinstance(each, str | dict | list)
        }
        return {name: _bare(each) for name, each in kept.items()} if "properties" not in tree else _bare_object(tree)
    return [_bare(each) for each in tree] if isinstance(tree, list) else tree


def _bare_object(schema: Schema) -> Schema:
    """An object's fields may be called `title` or `description`."""
    plain = {name: _bare(each) for name, each in schema.items() if name not in ("properties", *WORDS)}
    return plain | {"properties": {name: _bare(each) for name, each in schema["properties"].items()}}


class _Comparison:
    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str, bool]] = set()

    def differences(self) -> Iterator[str]:
        """In the order of the old document."""
        for path, methods in self._old["paths"].items():
            for method, old in methods.items():
                place = f"{method.upper()} {path}"
                new = self._new["paths"].get(path, {}).get(method)
                if new is None:
                    yield f"{place}: removed"
                else:
                    yield from self._operation(place, old, new)

    def _operation(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{place}: its operationId was {old['operationId']}"
        if old.get("security") == [] and new.get("security") != []:
            yield f"{place}: a token is newly needed"
        yield from self._parameters(place, old.get("parameters", []), new.get("parameters", []))
        yield from self._body(f"{place} body", old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status.startswith("2"):
                yield from self._answer(f"{place} {status}", answer, new["responses"].get(status))
        known = {status for status in old["responses"] if status.startswith("2")}
        for status in new["responses"]:
            if status.startswith("2") and status not in known:
                yield f"{place}: a new status of success, {status}"

    def _parameters(self, place: str, old: list[Schema], new: list[Schema]) -> Iterator[str]:
        found = {(each["in"], each["name"]): each for each in new}
        before = {(each["in"], each["name"]): each for each in old}
        for key, each in before.items():
            if key not in found:
                yield f"{place}: {key[1]} is not taken any more"
            else:
                yield from self._input(f"{place} {key[1]}", each["schema"], found[key]["schema"])
        for key, each in found.items():
            if each["required"] and not before.get(key, {}).get("required"):
                yield f"{place}: {key[1]} is newly required"

    def _body(self, place: str, old: Schema | None, new: Schema | None) -> Iterator[str]:
        if old is None:
            if new is not None and new["required"]:
                yield f"{place}: newly required"
            return
        if new is None:
            yield f"{place}: not taken any more"
            return
        if new["required"] and not old["required"]:
            yield f"{place}: newly required"
        for kind, media in old["content"].items():
            if kind not in new["content"]:
                yield f"{place}: {kind} is not taken any more"
            else:
                yield from self._input(place, media["schema"], new["content"][kind]["schema"])

    def _answer(self, place: str, old: Schema, new: Schema | None) -> Iterator[str]:
        if new is None:
            yield f"{place}: not answered any more"
            return
        for header in old.get("headers", {}):
            if header not in new.get("headers", {}):
                yield f"{place}: the header {header} is missing"
        for kind, media in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield f"{place}: {kind} is not answered any more"
            else:
                yield from self._output(place, media["schema"], new["content"][kind]["schema"])

    def _input(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """What was sent must still be taken."""
        old, new = self._resolved(old, self._old), self._resolved(new, self._new)
        if not self._is_new(old, new, is_input=True):
            return
        if lost := _kinds(old) - _kinds(new):
            yield f"{place}: {', '.join(sorted(lost))} is not taken any more"
        old, new = self._branch(old, self._old), self._branch(new, self._new)
        if lost := _values(old) - _values(new) if _values(new) else set():
            yield f"{place}: {', '.join(sorted(lost))} is not taken any more"
        elif _values(new) and not _values(old):
            yield f"{place}: only some values are taken now"
        if new.get("pattern") != old.get("pattern") and "pattern" in new:
            yield f"{place}: another pattern"
        for bound, sign in BOUNDS.items():
            if bound in new and (bound not in old or sign * (new[bound] - old[bound]) < 0):
                yield f"{place}: {bound} is narrower"
        yield from self._fields(place, old, new, is_input=True)
        if "items" in old and "items" in new:
            yield from self._input(f"{place}[]", old["items"], new["items"])

    def _output(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """What was relied on must still be there."""
        old, new = self._resolved(old, self._old), self._resolved(new, self._new)
        if not self._is_new(old, new, is_input=False):
            return
        if more := _kinds(new) - _kinds(old) if _kinds(old) else set():
            yield f"{place}: it may now be {', '.join(sorted(more))}"
        old, new = self._branch(old, self._old), self._branch(new, self._new)
        if old.get("format") != new.get("format"):
            yield f"{place}: another format"
        yield from self._fields(place, old, new, is_input=False)
        if "items" in old and "items" in new:
            yield from self._output(f"{place}[]", old["items"], new["items"])

    def _fields(self, place: str, old: Schema, new: Schema, *, is_input: bool) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        compare = self._input if is_input else self._output
        for name, each in before.items():
            if name not in after:
                yield f"{place}.{name}: removed"
            else:
                yield from compare(f"{place}.{name}", each, after[name])
        must, had = new.get("required", []), old.get("required", [])
        if is_input:
            yield from (f"{place}.{name}: newly required" for name in must if name not in had)
        else:
            yield from (f"{place}.{name}: may be missing now" for name in had if name in after and name not in must)

    def _is_new(self, old: Schema, new: Schema, *, is_input: bool) -> bool:
        """False for a pair that was compared already: it is said once, and schemas may contain themselves."""
        if "title" in old and "title" in new:
            key = (old["title"], new["title"], is_input)
            if key in self._seen:
                return False
            self._seen.add(key)
        return True

    def _resolved(self, schema: Schema, document: Document) -> Schema:
        while "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].removeprefix(PLACE)]
        return schema

    def _branch(self, schema: Schema, document: Document) -> Schema:
        """Of a value that may be null, what else it may be."""
        branches = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
        return self._resolved(branches[0], document) if len(branches) == 1 else schema


def _kinds(schema: Schema) -> set[str]:
    """The types that a value may have; a reference counts as an object."""
    if "anyOf" in schema:
        return {kind for each in schema["anyOf"] for kind in _kinds(each)}
    if "$ref" in schema:
        return {"object or list of words"}
    kind = schema.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)


def _values(schema: Schema) -> set[str]:
    return {str(value) for value in schema.get("enum", [schema["const"]] if "const" in schema else [])}
