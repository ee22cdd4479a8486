"""Which refusals an operation can answer, read off all the code that its handler reaches."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from infra.contract.closure import Place, children, code_of, reached, resolved
from voucher.refusals import Refusal

# Where a rule is only looked at and shown, it refuses nobody; where one of these is reached, it does.
FINDINGS, REFUSING = "Finding", "refuse_first"
# what is read of a refusal without raising it
DATA = ("name", "sentence", "clause", "status", "value")


@dataclass(frozen=True)
class Tried:
    """The code of a `try`, of which its `except` keeps some refusals to itself."""

    effects: tuple["Effect", ...]
    kept: frozenset[str]


Effect = str | Place | Tried


def refusals_of(start: Place) -> list[Refusal]:
    """Every refusal that `start` can end in, in the order of their precedence."""
    places = reached(start)
    refuses = any(place.name == REFUSING for place in places)
    codes = {place: frozenset[str]() for place in places}
    while True:  # until nothing is added any more, because functions may call each other
        more = {place: frozenset(_codes(_effects(place), codes)) for place in places if refuses or not _shows(place)}
        if codes | more == codes:
            return [refusal for refusal in Refusal if refusal.name in codes[start]]
        codes |= more


@cache
def _shows(place: Place) -> bool:
    """True of a function that returns findings: it says which refusal would follow, and raises none."""
    returns = place.node.returns if isinstance(place.node, ast.FunctionDef) else None
    return returns is not None and FINDINGS in ast.unparse(returns)


def _codes(effects: tuple[Effect, ...], known: dict[Place, frozenset[str]]) -> Iterator[str]:
    for effect in effects:
        match effect:
            case str():
                yield effect
            case Place():
                yield from known[effect]
            case Tried():
                yield from set(_codes(effect.effects, known)) - effect.kept


@cache
def _effects(place: Place) -> tuple[Effect, ...]:
    return tuple(effect for node in code_of(place) for effect in _read(node, place))


def _read(node: ast.AST, place: Place) -> Iterator[Effect]:
    """The refusals that a piece of code names, and the definitions it uses."""
    match node:
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            tried = tuple(effect for each in body for effect in _read(each, place))
            yield Tried(tried, frozenset(code for each in handlers for code in _kept(each)))
            for each in (*handlers, *orelse, *finalbody):
                yield from _read(each, place)
            return
        case ast.Compare() if any(_code(each) for each in node.comparators):
            yield from _read(node.left, place)  # a look at a refusal raises none
            return
        case ast.Attribute(value=value, attr=name) if name in DATA and _code(value):
            return
    if (code := _code(node)) is not None:
        yield code
    elif (found := resolved(node, place)) is not None:
        yield found
    for child in children(node):
        yield from _read(child, place)


def _code(node: ast.AST) -> str | None:
    match node:
        case ast.Attribute(value=ast.Name(id="Refusal"), attr=name) if name in Refusal.__members__:
            return name
    return None


def _kept(handler: ast.ExceptHandler) -> Iterator[str]:
    """The refusals that a handler keeps: it raises all others again."""
    for node in handler.body:
        match node:
            case ast.If(
                test=ast.Compare(left=ast.Attribute(attr="refusal"), ops=[ast.IsNot()], comparators=[compared]),
                body=[*_, ast.Raise() | ast.Return()],
            ):
                if (code := _code(compared)) is not None:
                    yield code
