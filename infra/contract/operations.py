"""What the code says of each operation: models by import, all else read off the code that its handler reaches."""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from infra.contract.closure import PACKAGES, RESOLVER, Place, handler_place, parts, reached
from infra.contract.refusals import refusals_of
from infra.pages.handlers import Handler, handlers
from infra.pages.markers import ROOT
from infra.pages.template import Function, subjects
from voucher.edge import codes
from voucher.edge.bodies import Nothing
from voucher.edge.replies import Answer
from voucher.refusals import Refusal

JSON = "application/json"
# the files that functions/docs answers: their types depend on their names
FILES = {
    "/openapi.json": JSON,
    "/vocabulary": JSON,
    "/docs": "text/html",
    "/docs/{asset}": "text/javascript",
    "/public": "text/html",
    "/office": "text/html",
    "/public/{edition}/{asset}": "text/javascript",
}


@dataclass(frozen=True)
class Operation:
    """One route as the code has it. `answers` maps each status to its content types; `content` is the model of a JSON
    answer, as the handler's annotation names it. `key` is "" or tells if an Idempotency-Key is `optional` or
    `required`."""

    handler: Handler
    function: Function
    subject: str
    is_open: bool
    answers: dict[int, tuple[str, ...]]
    content: Any
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    refusals: list[Refusal]
    key: str
    replays: bool

    @property
    def id(self) -> str:
        """`orders_place`: function and handler; a second method of the same handler is added to it."""
        name = f"{self.function.folder.name}_{self.handler.name}"
        twins = [each for each in handlers(self.function.folder) if each.name == self.handler.name]
        return name if len(twins) == 1 or self.handler.method != "PUT" else f"{name}_by_put"


def operations() -> Iterator[Operation]:
    """Every operation, in the order of the template and of the code."""
    for subject, functions in subjects():
        for function in functions:
            for handler in handlers(function.folder):
                yield _operation(subject, function, handler)


def _operation(subject: str, function: Function, handler: Handler) -> Operation:
    path = function.folder / "app.py"
    place = handler_place(path, handler.name)
    hints = get_type_hints(getattr(module_of(path), handler.name), include_extras=True)
    calls, query = _Calls(place), hints.get("query")
    refused = {*refusals_of(place), *_of_every_call()}
    if not any(_reads_codes(model) for model in (calls.body(), query) if model is not None):
        refused.discard(Refusal.INVALID_USCC)
    return Operation(
        handler,
        function,
        subject,
        (handler.method, handler.path) in function.open_routes,
        {200: (FILES[handler.path],)} if handler.path in FILES else dict(calls.answers()),
        _content(hints["return"]),
        calls.body(),
        query,
        [refusal for refusal in Refusal if refusal in refused],
        calls.key(),
        calls.replays(),
    )


@cache
def _of_every_call() -> tuple[Refusal, ...]:
    """What the resolver itself refuses before any handler: query parameters that a call does not take."""
    path, owner = RESOLVER
    return tuple(refusals_of(handler_place(path, f"{owner}._query")))


def _reads_codes(model: type[BaseModel]) -> bool:
    """True if a field of a request is examined as a credit code, the only one that is refused by a code of its own."""
    checks = (getattr(each, "func", None) for field in model.model_fields.values() for each in field.metadata)
    return any(getattr(check, "__module__", "") == codes.__name__ for check in checks)


def _content(annotation: Any) -> Any:
    """The content of `Answer[…]`, which may be one of several kinds of answers."""
    kinds = [annotation] if get_origin(annotation) is Answer else get_args(annotation)
    return next((get_args(kind)[0] for kind in kinds if get_origin(kind) is Answer), None)


class _Calls:
    """The calls in all the code that a handler reaches."""

    def __init__(self, start: Place) -> None:
        self._start = start
        self._calls = [(node, place) for place in reached(start) for node in parts(place) if isinstance(node, ast.Call)]

    def answers(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Each status that is not a refusal, with its content types."""
        found = {(status, JSON) for call in self._replies() for status in _numbers(_argument(call, 1, "status"), 200)}
        for call, place in self._calls:
            match call.func, call.args:
                case ast.Name(id="Response"), [ast.Constant(value=int(status)), kind, *_]:
                    found.add((status, str(_value(kind, place)).partition(";")[0]))
        for status in sorted({status for status, _ in found}):
            yield status, tuple(kind for each, kind in sorted(found) if each == status)

    def replays(self) -> bool:
        """True if an answer may say that it was given before."""
        return any(_argument(call, 2, "replay") is not None for call in self._replies())

    def key(self) -> str:
        """Whether an Idempotency-Key is read, and whether it must be there."""
        if any(_is_of_app(call, "new_id") for call, _ in self._calls):
            return "required"
        return "optional" if any(_is_of_app(call, "idempotency_key") for call, _ in self._calls) else ""

    def body(self) -> type[BaseModel] | None:
        """The model of the request's body, if it has one. Raises ValueError for a handler that reads two."""
        found = {_value(call.args[0], place) for call, place in self._calls if _is_of_app(call, "body")}
        found.discard(Nothing)
        if len(found) > 1:
            raise ValueError(f"{self._start.name} reads its body as {found}")
        return next(iter(found), None)

    def _replies(self) -> Iterator[ast.Call]:
        names = ("reply", "reply_page")
        return (call for call, _ in self._calls if isinstance(call.func, ast.Name) and call.func.id in names)


def _is_of_app(call: ast.Call, name: str) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="app" | "self"), attr=attribute):
            return attribute == name
    return False


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    named = next((each.value for each in call.keywords if each.arg == name), None)
    return call.args[position] if len(call.args) > position else named


def _numbers(node: ast.expr | None, default: int) -> set[int]:
    found = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)} if node else {default}
    return {each for each in found if isinstance(each, int)} or {default}


def _value(node: ast.expr, place: Place) -> Any:
    """An expression as the module has it in which it stands."""
    return eval(ast.unparse(node), dict(vars(module_of(place.path))))  # noqa: S307 - our own code


@cache
def module_of(path: Path) -> ModuleType:
    """A module of the package, or the app.py of a function, which finds the files beside it by their names."""
    if path.is_relative_to(PACKAGES):
        return importlib.import_module(".".join(path.relative_to(PACKAGES).with_suffix("").parts))
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where pydantic looks for the names in annotations
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module
