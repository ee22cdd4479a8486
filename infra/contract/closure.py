"""What a handler reaches: every function, method and constant of the project that its code names. Read, not imported.

Nothing is left out that could be found by its name, because what a handler may answer is read off this. The methods of
records are not followed: models/ knows no refusal.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from infra.pages.markers import ROOT

PACKAGES = ROOT / "layers/voucher"
EDGE = PACKAGES / "voucher/edge"
# in every module the resolver of a function is called `app`
RESOLVER = EDGE / "api.py", "Api"
Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Place:
    """One definition: the file, its name there (`Api.body` for a method), and its code."""

    path: Path
    name: str
    node: Definition = field(compare=False, repr=False)


def handler_place(path: Path, name: str) -> Place:
    """A function of a module by its name."""
    return Place(path, name, definitions(path)[name])


@cache
def module(path: Path) -> ast.Module:
    """The code of a file."""
    return ast.parse(path.read_text())


@cache
def definitions(path: Path) -> dict[str, Definition]:
    """What a module defines, by name; of classes their methods, too."""
    found: dict[str, Definition] = {}
    for node in module(path).body:
        match node:
            case ast.FunctionDef():
                found[node.name] = node
            case ast.ClassDef():
                found[node.name] = node
                found |= {f"{node.name}.{each.name}": each for each in node.body if isinstance(each, ast.FunctionDef)}
            case ast.Assign():
                found |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = node
    return found


@cache
def reached(start: Place) -> tuple[Place, ...]:
    """`start` and all that it names, and what these name, each once."""
    found, waiting = {start: None}, [start]
    while waiting:
        for place in references(waiting.pop()):
            if place not in found:
                found[place] = None
                waiting.append(place)
    return tuple(found)


@cache
def references(place: Place) -> tuple[Place, ...]:
    """What one definition names directly."""
    named = (resolved(node, place) for node in parts(place))
    return tuple(dict.fromkeys(each for each in named if each is not None))


def code_of(place: Place) -> list[ast.AST]:
    """The code that runs when a definition is used; the types that it names do not run."""
    match place.node:
        case ast.FunctionDef(args=arguments, body=body):
            defaults = [each for each in (*arguments.defaults, *arguments.kw_defaults) if each is not None]
            return [*defaults, *body]
        case ast.ClassDef(body=body):
            made = ("__init__", "__post_init__")
            return [
                each for node in body if isinstance(node, ast.FunctionDef) and node.name in made for each in node.body
            ]
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return [value]
    return []


@cache
def parts(place: Place) -> tuple[ast.AST, ...]:
    """The code of a definition with all its parts."""
    return tuple(part for node in code_of(place) for part in _walk(node))


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a piece of code, without annotations."""
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, ast.AST))


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in children(node):
        yield from _walk(child)


def resolved(node: ast.AST, place: Place) -> Place | None:
    """The definition that a name, or a name in a module, stands for; None if it is foreign."""
    match node:
        case ast.Name(id=name) if name != "app":  # the resolver itself; what is used of it comes as an attribute
            return _lookup(place.path, name)
        case ast.Attribute(value=ast.Name(id="app" | "self"), attr=name):
            path, owner = RESOLVER
            return _method(path, f"{owner}.{name}")
        case ast.Attribute(value=ast.Name(id=alias), attr=name) if alias in _imports(place.path)[0]:
            return _lookup(_imports(place.path)[0][alias], name)
    return None


def _method(path: Path, name: str) -> Place | None:
    return Place(path, name, definitions(path)[name]) if path.exists() and name in definitions(path) else None


def _lookup(path: Path, name: str) -> Place | None:
    if name in definitions(path):
        return Place(path, name, definitions(path)[name])
    source = _imports(path)[1].get(name)
    return _lookup(*source) if source else None


@cache
def _imports(path: Path) -> tuple[dict[str, Path], dict[str, tuple[Path, str]]]:
    """The modules that a module knows by a name of its own, and the names that it took out of modules."""
    modules: dict[str, Path] = {}
    names: dict[str, tuple[Path, str]] = {}
    for node in ast.walk(module(path)):
        if isinstance(node, ast.Import):
            for each in node.names:
                if (found := _file(each.name, path)) is not None:
                    modules[each.asname or each.name] = found
        elif isinstance(node, ast.ImportFrom) and node.module:
            source = _file(node.module, path)
            for each in node.names:
                alias = each.asname or each.name
                if (found := _file(f"{node.module}.{each.name}", path)) is not None:
                    modules[alias] = found
                elif source is not None:
                    names[alias] = (source, each.name)
    return modules, names


def _file(name: str, beside: Path) -> Path | None:
    """The file of a module of the package, or of one that lies beside a function's app.py."""
    if name.startswith("voucher.edge."):
        places = [EDGE / f"{name.removeprefix('voucher.edge.')}.py"]
    elif name.startswith("voucher."):
        inner = PACKAGES / name.replace(".", "/")
        places = [inner.with_suffix(".py"), inner / "__init__.py"]
    else:
        places = [beside.parent / f"{name}.py"]
    return next((path for path in places if path.is_file()), None)
