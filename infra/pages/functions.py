"""The functions by subject, and every route with who may call it: from template.yaml and each app.py."""

from infra.pages.handlers import ANYBODY, Handler, clauses_of, handlers, purpose_of, told
from infra.pages.markers import table
from infra.pages.template import Function, subjects

FUNCTIONS = "function | what it is for | trigger | tables it may write | clauses"
ROUTES = "route | who may call it | what it does | clause"


def listing() -> str:
    """Each subject of the template: its functions, then their routes."""
    return "\n\n".join(_section(heading, functions) for heading, functions in subjects())


def _section(heading: str, functions: list[Function]) -> str:
    parts = [f"## {heading[0].upper()}{heading[1:]}", table(FUNCTIONS, [_function(each) for each in functions])]
    for each in functions:
        if routes := [_route(handler, each) for handler in handlers(each.folder)]:
            parts += [f"### {each.folder.name}", table(ROUTES, routes)]
    return "\n\n".join(parts)


def _function(function: Function) -> tuple[str, ...]:
    folder = function.folder
    count = len(handlers(folder))
    triggers = [
        f"HTTP, {count or 'no'} route{'s' if count != 1 else ''}" if each == "HTTP" else each
        for each in function.triggers
    ]
    return (
        f"[{folder.name}]({folder.name}/app.py)",
        purpose_of(folder),
        "<br>".join(triggers),
        ", ".join(function.tables) or "none",
        ", ".join(clauses_of(folder)),
    )


def _route(handler: Handler, function: Function) -> tuple[str, ...]:
    is_open = (handler.method, handler.path) in function.open_routes
    callers = "everybody" if is_open else ", ".join(told(handler.callers)) or ANYBODY
    purpose = handler.purpose[:1].upper() + handler.purpose[1:]
    return f"`{handler.method} {handler.path}`", callers, purpose, ", ".join(handler.clauses)
