"""The pages tell the truth: what is generated is as the code is, and what they name exists."""

import re
from pathlib import Path

import pytest

from infra.contract import closure
from infra.pages import accounts, modules
from infra.pages import handlers as routes
from infra.pages.__main__ import PAGES, rewritten
from infra.pages.alarms import alarms
from infra.pages.handlers import ANYBODY, handlers
from infra.pages.markers import ROOT, filled, first_sentence, table
from infra.pages.template import subjects
from tests.infra.templates import FUNCTIONS
from tests.journeys.test_permissions import OF_THE_MAILBOX, TABLE_WRITES
from tests.support.backend import template
from voucher.models.accounts import ENTRIES

PARTS = [(page, name) for page, parts in PAGES.items() for name in parts]
API_PAGE = (ROOT / "functions/README.md").read_text()
# every route that looks at neither roles nor members: whoever calls it becomes a member, or asks about themselves
FOR_EVERYBODY_SIGNED_IN = {
    "POST /enterprises",
    "POST /agencies",
    "POST /invitations/accept",
    "GET /me",
    "POST /organisations/{uscc}/claims",
    "POST /claims/{claim_id}/documents",
    "POST /claims/{claim_id}/submit",
    "POST /claims/{claim_id}/withdraw",
    "GET /me/claims",
}
MOST_HANDLER_LINES = 150
FOLDERS = (ROOT, ROOT / "layers/voucher/voucher", ROOT / "tests")


def page_rows(text: str, columns: int) -> list[list[str]]:
    """The cells of every row with so many columns, heads left out."""
    found = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:2] == "| "]
    return [cells for cells in found if len(cells) == columns and cells[0] not in ("function", "route")]


def test_every_page_of_the_repository_is_looked_after() -> None:
    rooms = [place for place in ROOT.iterdir() if place.is_dir() and not place.name.startswith(".")]
    found = [*ROOT.glob("*.md"), *(path for room in rooms for path in room.rglob("*.md"))]
    assert sorted(path.relative_to(ROOT).as_posix() for path in found) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_there_is_nothing_to_rewrite(page: str) -> None:
    text = (ROOT / page).read_text()
    assert rewritten(page, text) == text, "run: make pages"


@pytest.mark.parametrize(("page", "name"), PARTS)
def test_a_line_that_is_lost_or_changed_by_hand_is_put_back(page: str, name: str) -> None:
    text = (ROOT / page).read_text()
    begin, end = text.index(f"<!-- {name} -->"), text.index(f"<!-- /{name} -->")
    content = PAGES[page][name]()
    lines = [line for line in text[begin:end].splitlines()[1:] if line]
    assert len(lines) > 3
    for line in lines:
        for other in ("", f"{line} and more"):
            changed = text[:begin] + text[begin:end].replace(line, other, 1) + text[end:]
            assert changed != text
            assert filled(changed, name, content) == text


def test_only_what_stands_between_the_markers_is_rewritten() -> None:
    text = "above\n<!-- x -->\nold\n<!-- /x -->\nbelow\n"
    assert filled(text, "x", "new") == "above\n<!-- x -->\n\nnew\n\n<!-- /x -->\nbelow\n"
    assert filled(filled(text, "x", "new"), "x", "new") == filled(text, "x", "new")


@pytest.mark.parametrize(
    "broken",
    ["nothing", "<!-- x --> only", "only <!-- /x -->", "<!-- /x --><!-- x -->", "<!-- x --><!-- x --><!-- /x -->"],
)
def test_a_page_without_its_markers_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="markers"):
        filled(broken, "x", "new")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_every_file_that_a_page_names_exists(page: str) -> None:
    text, folder = (ROOT / page).read_text(), (ROOT / page).parent
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (folder / link).exists()] == []
    named = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|yaml|toml|md|txt)|[\w./]+/)`", text)
    missing = [name for name in named if not any((place / name).exists() for place in (folder, *FOLDERS))]
    assert [name for name in missing if not name.startswith(".local/")] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`| {4})make ([a-z]+)", text)) <= targets
    modules = [Path(*name.split(".")) for name in re.findall(r"python -m (infra[\w.]*)", text)]
    for module in modules:
        assert (ROOT / module / "__main__.py").exists() or (ROOT / module).with_suffix(".py").exists(), module


def test_the_readme_stays_a_porch() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 180


def test_each_handler_is_read_on_three_screens() -> None:
    lines = {path.parent.name: path.read_text().count("\n") for path in (ROOT / "functions").glob("*/app.py")}
    assert {folder: count for folder, count in lines.items() if count > MOST_HANDLER_LINES} == {}


def test_every_function_is_listed_once_with_its_purpose() -> None:
    listed = page_rows(API_PAGE, 5)
    assert sorted(re.findall(r"\]\((\w+)/app\.py\)", API_PAGE)) == sorted(
        Path(each["CodeUri"]).name for each in FUNCTIONS.values()
    )
    assert len(listed) == len(FUNCTIONS)
    assert [name for name, purpose, *_ in listed if len(purpose) < 20] == []


def test_every_route_of_the_template_is_listed_once_with_what_it_does() -> None:
    events = [event for each in FUNCTIONS.values() for event in each.get("Events", {}).values()]
    served = [each for event in events if (each := event["Properties"]).get("Method") not in {None, "HEAD", "ANY"}]
    routed = [f"`{each['Method']} {each['Path']}`" for each in served]
    listed = page_rows(API_PAGE, 4)
    assert sorted(route for route, *_ in listed) == sorted(routed)
    assert [route for route, _callers, purpose, _clause in listed if len(purpose) < 10] == []


def test_every_route_looks_at_roles_or_members_unless_it_is_for_everybody() -> None:
    unchecked = {
        f"{handler.method} {handler.path}"
        for _, functions in subjects()
        for function in functions
        for handler in handlers(function.folder)
        if not handler.callers and (handler.method, handler.path) not in function.open_routes
    }
    assert unchecked == FOR_EVERYBODY_SIGNED_IN
    assert {route.strip("`") for route, callers, *_ in page_rows(API_PAGE, 4) if callers == ANYBODY} == unchecked


def test_the_page_says_which_tables_a_function_may_write() -> None:
    head, *rows = [line.split() for line in TABLE_WRITES.strip().splitlines()]
    allowed = {
        name: {table.lower() for table, writes in zip(head, marks, strict=True) if writes != "."}
        for name, *marks in rows
    }
    for name, actions in OF_THE_MAILBOX.items():
        allowed[name] |= {"mailbox"} if actions & {"dynamodb:PutItem", "dynamodb:DeleteItem"} else set()
    folders = {Path(each["CodeUri"]).name: name for name, each in FUNCTIONS.items()}
    listed = {folders.get(re.sub(r"\[(\w+)\].*", r"\1", cells[0])): cells[3] for cells in page_rows(API_PAGE, 5)}
    assert listed == {name: ", ".join(sorted(tables)) or "none" for name, tables in allowed.items()}


def test_every_module_of_the_tests_every_tool_and_every_alarm_is_listed_once() -> None:
    shown = re.findall(r"^\| \[([^]]+)\]", f"{modules.helpers_of_tests()}\n{modules.files_of_tests()}", re.MULTILINE)
    assert sorted(shown) == sorted(path.relative_to(ROOT / "tests").as_posix() for path in ROOT.glob("tests/**/*.py"))
    tools = re.findall(r"^\| \[([^]]+)\]", modules.tools(), re.MULTILINE)
    assert sorted(tools) == sorted({path.parent.name for path in ROOT.glob("infra/*/*.py")})
    resources = template("infra/alarms.yaml")["Resources"]
    assert page_rows(alarms(), 2)[1:] == [
        [f"`{name}`", each["Properties"]["AlarmDescription"]]
        for name, each in resources.items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]


def test_callers_are_read_from_checks_wherever_a_handler_makes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closure, "EDGE", tmp_path)
    (tmp_path / "guards.py").write_text(
        """
def agency_of(caller, agency):
    return as_member(caller, agency)
"""
    )
    (tmp_path / "app.py").write_text(
        """
from voucher.edge import guards
from voucher.edge.guards import agency_of
@app.post("/a/<x>")
def directly(x):
    '''§1.3, §2.2.cap: does it. And more.'''
    require(app.caller, "bureau" if x == "discipline" else "platform")
@app.get("/b")
def by_helper():
    return _own(x)
def _own(x):
    return deeper(x)
def deeper(x):
    as_member_or_staff(app.caller, organisations.find_agency(x))
@app.get("/c")
def by_looking():
    if "finance" in app.caller.roles or app.caller.sub in entitlement.members:
        return True
@app.get("/d")
def by_either():
    if not app.caller.is_staff and not any(app.caller.sub in party.members for party in parties):
        raise Refused
@app.get("/e")
def by_edge():
    return agency_of(app.caller, x)
@app.get("/f")
def by_module_of_edge():
    return guards.agency_of(app.caller, x)
@app.get("/g")
def unchecked():
    return shown(app.caller.is_staff)
"""
    )
    found = {handler.name: handler for handler in routes.handlers(tmp_path)}
    assert {name: handler.callers for name, handler in found.items()} == {
        "directly": ("`bureau`", "`platform`"),
        "by_helper": ("members of the agency", "staff"),
        "by_looking": ("members of the enterprise", "`finance`"),
        "by_either": ("members of either party", "staff"),
        "by_edge": ("members of the agency",),
        "by_module_of_edge": ("members of the agency",),
        "unchecked": (),
    }
    first = found["directly"]
    assert (first.method, first.path, first.purpose) == ("POST", "/a/{x}", "does it.")
    assert first.clauses == ("§1.3", "§2.2.cap")


def test_the_money_is_drawn_as_the_chart_of_accounts_has_it() -> None:
    drawn = re.findall(r"(\w+)(?:\[[^]]*\])? -->\|([\w-]+)\| (\w+)", accounts.drawing())
    chart = [(source, entry, target) for entry, moves in ENTRIES.items() for source, target in moves]
    assert sorted(drawn) == sorted(chart)
    assert page_rows(accounts.entries(), 3)[1:] == [
        [f"`{entry}`", "<br>".join(f"{source} → {target}" for source, target in moves), note]
        for (entry, moves), note in zip(ENTRIES.items(), notes(), strict=True)
    ]


def notes() -> list[str]:
    """The last column of the entries: each begins with a clause, or says in words what is moved."""
    found = [cells[2] for cells in page_rows(accounts.entries(), 3)[1:]]
    assert all(re.match(r"§\d|\w+ \w+", note) for note in found)
    return found


def test_every_family_of_accounts_is_named_with_what_stands_on_it() -> None:
    families = {family for moves in ENTRIES.values() for pair in moves for family in pair}
    named = {re.sub(r"[`]|:.*", "", cells[0]): cells for cells in page_rows(accounts.names(), 3)[1:]}
    assert set(named) == families
    assert [name for name, cells in named.items() if len(cells[2]) < 10] == []


def test_the_first_sentence_of_a_docstring_ends_where_the_next_begins() -> None:
    assert first_sentence("One thing (e.g. a .xlsx of 1.5 MB);\n    two lines. Another.") == (
        "One thing (e.g. a .xlsx of 1.5 MB); two lines."
    )
    assert first_sentence("Without an end\n\npython -m it") == "Without an end"
    assert first_sentence(None) == ""
    assert table("a | b", [("x | y", "z")]) == "| a | b |\n|---|---|\n| x \\| y | z |"
