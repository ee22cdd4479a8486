"""Counts what makes code hard to read, in any checkout: `python -m infra.measures [ROOT]`. Nothing fails here."""

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Container
from pathlib import Path
from statistics import median
from textwrap import wrap
from typing import NamedTuple

# room → its floor: an import may go to the same floor or to a lower one; a room not named here stands at the bottom
FLOORS = {"(root)": 0, "models": 0, "rules": 1, "spreadsheets": 1, "store": 2, "edge": 3, "functions": 4}
RITUAL = [
    "lifecycle.next_state(",
    ".moved(",
    "app.step(",
    "stepped(",
    "is_repeat(",
    "Refused(Refusal.NOT_FOUND)",
    "except Unmet",
]
NEGATION = re.compile(r"\b(?i:no|not|none|nobody|nothing|never|neither|nor|without|cannot|unless)\b|n['’]t\b")
PARTICIPLES = """announced approved asked begun changed closed counted decided done drawn due earlier ended existing
    failed following found freed given granted held kept known latest left listed lost made mine missing moved named
    ours owed paid parsed passed pending placed read refused released reviewed said sealed seen sent settled shown
    spent stopped taken told used wanted withdrawn without written wrong"""
BRANCHES = ast.If | ast.For | ast.While | ast.IfExp | ast.ExceptHandler | ast.match_case | ast.Assert


class Module(NamedTuple):
    """A Python file: its room, its dotted name, and what stands in it."""

    room: str
    name: str
    text: str
    tree: ast.Module

    def all[Node: ast.AST](self, kind: type[Node]) -> list[Node]:
        """Everything of a kind in it, however deep."""
        return [node for node in ast.walk(self.tree) if isinstance(node, kind)]

    def docstrings(self) -> list[tuple[ast.Module | ast.ClassDef | ast.FunctionDef, str]]:
        """The module and each definition in it, with its docstring or an empty text."""
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
        return [(node, ast.get_docstring(node) or "") for node in nodes]


def read(root: Path) -> list[Module]:
    """The Python files of a checkout, room by room."""
    modules = []
    places = ("layers/voucher", "functions", "infra", "tests")
    for path in sorted(path for place in places for path in (root / place).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        room = parts[0] if parts[0] != "layers" else parts[3] if len(parts) > 4 else "(root)"
        name = ".".join(parts).removeprefix("layers.voucher.").removesuffix(".__init__")
        modules.append(Module(room, name, path.read_text(), ast.parse(path.read_text())))
    return sorted(modules, key=lambda module: module.room)


def spread(values: list[int]) -> str:
    """Median, nine tenths, maximum."""
    ordered = sorted(values) or [0]
    return f"{median(ordered):g} / {ordered[int(len(ordered) * 0.9)]} / {ordered[-1]}"


def show(title: str, found: list[str], total: int | None = None) -> None:
    """A count, and under it what was counted, each word once."""
    words = [word.replace("voucher.", "") + f"×{count}" * (count > 1) for word, count in Counter(found).most_common()]
    print(f"- {title}: {len(found)}" + f" of {total}" * bool(total), *wrap(", ".join(words), 150), sep="\n  ")


def lines(node: ast.stmt) -> int:
    """From the first line to the last; of a function without its decorators, with its docstring."""
    return (node.end_lineno or 0) - node.lineno + 1


def complexity(function: ast.FunctionDef) -> int:
    """Unlike ruff's, it counts comprehensions and boolean operators: the eye has to follow them, too."""
    nodes = list(ast.walk(function))
    paths = 1 + sum(isinstance(node, BRANCHES) for node in nodes)
    paths += sum(1 + len(node.ifs) for node in nodes if isinstance(node, ast.comprehension))
    return paths + sum(len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp))


def rooms(modules: list[Module]) -> None:
    """How much is in each room, how it is cut, how much of it is explained; the last three per line of code."""
    print("| room | files | lines | functions | length median / p90 / max | complexity | arguments", end=" | ")
    print("public with docstring | comments | docstring lines | docstring words |\n|" + "---|" * 11)
    for room in dict.fromkeys(module.room for module in modules):
        print("|", " | ".join([room, *_cells([module for module in modules if module.room == room])]), "|")


def _cells(inside: list[Module]) -> list[str]:
    functions = [function for module in inside for function in module.all(ast.FunctionDef)]
    return [
        *(str(len(inside)), f"{sum(len(module.text.splitlines()) for module in inside):,}", str(len(functions))),
        *(spread([measure(each) for each in functions]) for measure in (lines, complexity)),
        spread([len(each.args.args + each.args.kwonlyargs) for each in functions]),
        *_explanations(inside),
    ]


def _explanations(inside: list[Module]) -> list[str]:
    source = [line.strip() for module in inside for line in module.text.splitlines()]
    docstrings = [each for module in inside for each in module.docstrings()]
    public = [bool(text) for node, text in docstrings if getattr(node, "name", "_")[0] != "_"]
    explained = sum(lines(node.body[0]) for node, text in docstrings if text)
    code = sum(bool(line) and not line.startswith("#") for line in source) - explained
    comments = sum(line.startswith("#") or "  # " in line for line in source)
    words = sum(len(text.split()) for _, text in docstrings)
    shares = f"{comments / code:.3f}", f"{explained / code:.2f}", f"{words / code:.2f}"
    return [f"{sum(public) / max(1, len(public)):.0%}", *shares]


def sizes(production: list[Module]) -> None:
    """What is longer than it should be, the longest first."""
    handlers = [(len(m.text.splitlines()), m.room, m.name) for m in production if m.room == "functions"]
    modules = [(len(m.text.splitlines()), m.room, m.name) for m in production if m.room != "functions"]
    functions = [(lines(f), m.room, f"{m.name}.{f.name}") for m in production for f in m.all(ast.FunctionDef)]
    rules = [each for each in functions if each[1] == "rules"]
    aims = ("app.py", 150, handlers), ("modules", 200, modules), ("functions", 25, functions), ("rules", 15, rules)
    for title, aim, sized in aims:
        long = [f"{name}={size}" for size, _, name in sorted(sized)[::-1] if size > aim]
        show(f"{title} over {aim} lines", long, len(sized))


def structure(production: list[Module]) -> None:
    """Aliases in handlers, imports that go up, and modules that import each other in a circle."""
    floor = {module.name: FLOORS.get(module.room, 0) for module in production}
    reached: dict[str, set[str]] = {name: set() for name in floor}
    aliases: list[str] = []
    for module in production:
        for name, alias in _imports(module):
            reached[module.name] |= {_module_of(name, floor)} & floor.keys()
            if alias and name in floor and module.room == "functions":
                aliases.append(f"{name} as {alias}")
    arrows = [(name, target) for name, targets in reached.items() for target in sorted(targets)]
    show("aliases of modules in handlers", aliases)
    show("imports that go up", [f"{a} → {b}" for a, b in arrows if floor[a] < floor[b]], len(arrows))
    _reach_further(reached)
    show("modules in a circle", [name for name, targets in reached.items() if name in targets], len(reached))


def _imports(module: Module) -> list[tuple[str, str | None]]:
    nodes = module.all(ast.ImportFrom)
    return [(f"{node.module}.{each.name}", each.asname) for node in nodes for each in node.names]


def _module_of(name: str, modules: Container[str]) -> str:
    """What is imported is a module itself, or a name in one."""
    return name if name in modules else name.rpartition(".")[0]


def _reach_further(reached: dict[str, set[str]]) -> None:
    """Add what the targets reach, over any number of imports."""
    for middle, further in reached.items():
        for targets in reached.values():
            targets.update(further if middle in targets else ())


def same_names(production: list[Module]) -> None:
    """Names of the top level that mean something else in another module."""
    meanings: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for node in (node for module in production for node in module.tree.body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            meanings[type(node).__name__.removesuffix("Def")][node.name].append(ast.dump(node))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            meanings["Constant"][ast.unparse(node).split()[0].rstrip(":")].append(ast.dump(node))
    for kind, found in meanings.items():
        show(f"{kind}: one name, several meanings", [n for n, its in found.items() if len(set(its)) > 1 for _ in its])


def habits(production: list[Module]) -> None:
    """How often the handlers say what all of them say, and one line assigns several values."""
    handlers = "".join(module.text for module in production if module.room == "functions")
    print("- in handlers:", ", ".join(f"`{words}` {handlers.count(words)}" for words in RITUAL))
    found = [(m.room, each) for m in production for each in m.all(ast.Assign) if isinstance(each.value, ast.Tuple)]
    show("`a, b = f(), g()`", [room for room, a in found if isinstance(a.targets[0], ast.Tuple) and lines(a) == 1])


def writes(production: list[Module]) -> None:
    """Public functions of the store that give a Write and are not named so, and the reverse."""
    store = [(m.name, each) for m in production if m.room == "store" for each in m.all(ast.FunctionDef)]
    given = {f"{m}.{f.name}": ast.unparse(f.returns or f) for m, f in store if f.name[0] != "_" and not f.col_offset}
    named = {name for name in given if re.search("_(write|check)s?$", name)}
    giving = {name for name, result in given.items() if "Write" in result}
    show("store: gives a Write, is not named so", sorted(giving - named), len(given))
    show("store: is named so, gives no Write", sorted(named - giving), len(given))


def participles(production: list[Module]) -> None:
    """Names that say what happened to a thing, or how it is, but not what it is."""
    variables = [each.id for m in production for each in m.all(ast.Name) if isinstance(each.ctx, ast.Store)]
    functions = [each.name for m in production for each in m.all(ast.FunctionDef)]
    for title, names in ("variables", variables), ("functions", functions):
        show(f"participles and adjectives: {title}", [each for each in names if each.strip("_") in PARTICIPLES.split()])


def prose(modules: list[Module]) -> None:
    """How long the sentences of the docstrings are, and how often they say no."""
    sentences = [s for m in modules for _, text in m.docstrings() for s in re.split(r"\n\n|(?<=[.!?])\s", text) if s]
    no = [len(NEGATION.findall(each)) for each in sentences]
    print(f"- docstrings: {len(sentences)} sentences, words {spread([len(s.split()) for s in sentences])}", end=", ")
    print(f"two or more negations {sum(each > 1 for each in no)}, three or more {sum(each > 2 for each in no)}")


def pages(root: Path, tests: list[Module]) -> None:
    """The names of the tests, the modules beside them by folder, and the two long pages."""
    names = [len(each.name) for m in tests for each in m.all(ast.FunctionDef) if each.name.startswith("test_")]
    print(f"- tests: {len(names)}, their names {spread(names)} characters")
    show("modules beside the tests", [each.name.split(".")[1] for each in tests if ".test_" not in each.name])
    for name in ("README.md", "template.yaml"):
        text = (root / name).read_text()
        long = [len(line) for line in text.splitlines()]
        over = sum(length > 300 for length in long)
        print(f"- {name}: {len(long)} lines of {spread(long)} characters, {over} over 300; {len(text.split())} words")


def main() -> None:
    """Everything, of the checkout named or of this one."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    modules = read(root)
    production = [module for module in modules if module.room not in ("infra", "tests")]
    rooms(modules)
    for measure in (sizes, structure, same_names, habits, writes, participles, prose):
        measure(production)
    pages(root, [module for module in modules if module.room == "tests"])


if __name__ == "__main__":
    main()
