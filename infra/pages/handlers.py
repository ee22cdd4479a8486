"""What a function's code says of its routes: method, path, who may call, what for. Read, not imported."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.contract import closure
from infra.contract.closure import Place, handler_place, module, parts, reached
from infra.pages.markers import first_sentence
from voucher.words import ROLE_WORDS

LETS_IN_MEMBERS = ("as_member", "as_party")
LETS_IN_STAFF_TOO = ("as_member_or_staff", "as_party_or_staff", "reads_books")
CHECKS = ("require", *LETS_IN_MEMBERS, *LETS_IN_STAFF_TOO, "is_before_approval")
CLAUSE = re.compile(r"§\d(?:\.\w+)*(?:\(\d+\))?")
EITHER = "members of either party"
STAFF = "staff"
ANYBODY = "anybody signed in"
# the role is not in the code but in the request, which may as well name none
ROLE_ASKED_FOR = "anybody signed in, for a role its holders"


@dataclass(frozen=True)
class Handler:
    """One route. `more` is what its docstring says after the purpose; `callers` are whose members and which staff roles
    pass its checks; empty where it checks neither. `makes_id` says that it makes a thing whose id follows from the
    Idempotency-Key, and asks for one."""

    method: str
    path: str
    name: str
    purpose: str
    more: str
    clauses: tuple[str, ...]
    callers: tuple[str, ...]
    makes_id: bool


def told(callers: Sequence[str]) -> list[str]:
    """Callers as a reader is told them: `staff` where each of its roles may call, in place of the roles."""
    roles = {each for each in callers if each.strip("`") in ROLE_WORDS}
    return [each for each in callers if each not in roles or len(roles) < len(ROLE_WORDS) or STAFF not in callers]


@cache
def handlers(folder: Path) -> list[Handler]:
    """Every route of a function, in the order of its code."""
    return [
        _handler(method, path, node, folder / "app.py")
        for node in module(folder / "app.py").body
        if isinstance(node, ast.FunctionDef)
        for method, path in _routes(node)
    ]


def purpose_of(folder: Path) -> str:
    """What a function is for: the first sentence of its module, without its clauses."""
    return re.sub(r" \((§[^)]*?(?:\(\d+\))?)+\)", "", purpose(module(folder / "app.py")))


def clauses_of(folder: Path) -> tuple[str, ...]:
    """The clauses that any docstring of a function names."""
    nodes = (node for node in ast.walk(module(folder / "app.py")) if isinstance(node, ast.Module | ast.FunctionDef))
    return tuple(sorted({clause for node in nodes for clause in clauses(node)}))


def purpose(node: ast.Module | ast.FunctionDef) -> str:
    """The first sentence of a docstring, without the clauses in front of it."""
    return re.sub(rf"^{CLAUSE.pattern}(?:, {CLAUSE.pattern})*: ", "", first_sentence(ast.get_docstring(node)))


def more(node: ast.FunctionDef) -> str:
    """What a docstring says after its first sentence."""
    words = ast.get_docstring(node) or ""
    return " ".join(words.split())[len(first_sentence(words)) :].strip()


def clauses(node: ast.Module | ast.FunctionDef) -> tuple[str, ...]:
    """The clauses that a docstring names, in its order."""
    return tuple(dict.fromkeys(CLAUSE.findall(ast.get_docstring(node) or "")))


def _routes(node: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args:
            yield call.func.attr.upper(), re.sub(r"<(\w+)>", r"{\1}", str(ast.literal_eval(call.args[0])))


def _handler(method: str, path: str, node: ast.FunctionDef, file: Path) -> Handler:
    places = [place for place in reached(handler_place(file, node.name)) if _may_check(place, file)]
    found = [part for place in places for part in parts(place)]
    callers = {who for part in found for who in _checked(part)}
    if EITHER in callers:
        callers -= {"members of the agency", "members of the enterprise"}
    makes_id = any(isinstance(part, ast.Attribute) and part.attr == "new_id" for part in found)
    in_order = tuple(sorted(callers, key=lambda words: (words.startswith("`"), words)))
    return Handler(method, path, node.name, purpose(node), more(node), clauses(node), in_order, makes_id)


def _may_check(place: Place, path: Path) -> bool:
    return place.path.parent in (path.parent, closure.EDGE) and place.name not in CHECKS


def _checked(node: ast.AST) -> set[str]:
    """Whom one expression lets in: a call of edge/identity, or a look at roles and members."""
    match node:
        case ast.Call(func=ast.Name(id="require"), args=[_, *asked]):
            results = [each for argument in asked for each in _results(argument)]
            roles = {f"`{each.value!s}`" for each in results if isinstance(each, ast.Constant)}
            return roles or {ROLE_ASKED_FOR}
        case ast.Call(func=ast.Name(id=name), args=[_, organisation, *_]) if name in LETS_IN_MEMBERS:
            return {_members(organisation)}
        case ast.Call(func=ast.Name(id=name), args=[_, organisation, *_]) if name in LETS_IN_STAFF_TOO:
            return {_members(organisation), STAFF}
        case ast.Compare(comparators=[ast.Attribute(attr="members") as members, *_]):
            return {_members(members)}
        case ast.Compare(left=ast.Constant(value=role), comparators=[ast.Attribute(attr="roles"), *_]):
            return {f"`{role!s}`"}
        case ast.If(test=test) if any(getattr(each, "attr", "") == "is_staff" for each in ast.walk(test)):
            return {STAFF}
    return set()


def _results(node: ast.expr) -> list[ast.expr]:
    """What an argument may be: both ends of a choice, not what the choice looks at."""
    return [*_results(node.body), *_results(node.orelse)] if isinstance(node, ast.IfExp) else [node]


def _members(organisation: ast.expr) -> str:
    """Whose members pass, by how the code names the organisation; a `party` is the one or the other."""
    text = ast.unparse(organisation)
    whose = [word for word in ("agency", "enterprise") if word in text.replace("entitlement", "enterprise")]
    return f"members of the {whose[0]}" if len(whose) == 1 else EITHER
