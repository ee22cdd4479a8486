"""Bad input at every route that writes: refused as problem+json, field by field, and nothing written.

Each route starts from a call that it accepts, with one thing made wrong at a time. Since none of it may write
anything, all routes share one town: a test ends by comparing every table with what it held before.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.client.http import Person, Reply
from tests.support.backend import routes
from tests.support.calls.call import STAFF
from tests.support.calls.creating import CREATING
from tests.support.calls.everything import Everything
from tests.support.calls.settlement import FOLDERS
from tests.support.calls.unknown import unknown_body, unknown_path
from tests.support.contract import document
from tests.support.scenario import STRANGER, Json
from tests.support.snapshots import everything_kept, upload_again

EVERY = {f"{route.method} {route.path}": route for route in routes()}
WRITING = sorted(name for name, route in EVERY.items() if route.method != "GET")
# ids and credit codes, as the calls of the town have them
ID = re.compile(r"(?:[a-z]+_|\d{4}\.|9133)[A-Za-z0-9_.]{8,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
Path = tuple[str | int, ...]


def send(everything: Everything, name: str, raw: str) -> Reply:
    """The route's own call with another body."""
    call = everything.calls[name]
    return everything.town.world.call(call.person, EVERY[name].method, call.path, key=call.key, raw=raw)


def check_problem(reply: Reply, status: int) -> None:
    """RFC 9457, with a stable code and words for the person reading."""
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail", "errors", "request_id"} <= set(reply.body)
    assert reply.body["status"] == status
    assert CHINESE.search(reply.body["detail"])
    for error in reply.body["errors"]:
        assert CHINESE.search(error["message"]) and error["field"] and error["code"], error


def places(body: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a body that is neither object nor list, with where it stands."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from places(value, (*at, name))
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield from places(value, (*at, number))
    else:
        yield at, body


def replaced(body: Any, at: Path, value: Any) -> Any:
    """A copy of the body with one value replaced."""
    if not at:
        return value
    changed = dict(body) if isinstance(body, dict) else list(body)
    changed[at[0]] = replaced(changed[at[0]], at[1:], value)
    return changed


def wrong_values(value: Any) -> list[Any]:
    """What may not stand where `value` stands."""
    if isinstance(value, bool):
        return [1, "true"]
    if isinstance(value, int):
        return [float(value), True, str(value), 10**18]
    return ["长" * 2001, 7, True]


def wrong_bodies(body: Any) -> Iterator[tuple[str, Any]]:
    """(field at fault, body) for every field of an accepted body made wrong in every way."""
    for at, value in places(body):
        for wrong in wrong_values(value):
            yield ".".join(map(str, at)) or "body", replaced(body, at, wrong)


def test_a_field_of_the_wrong_kind_or_size_is_named_and_nothing_is_written(
    everything: Everything, subtests: pytest.Subtests
) -> None:
    before = everything_kept()
    for name in WRITING:
        with subtests.test(name):
            for field, body in wrong_bodies(everything.calls[name].body):
                reply = send(everything, name, json.dumps(body))
                check_problem(reply, 422)
                assert reply.code in ("MALFORMED", "INVALID_USCC"), (field, reply.body)
                named = [error["field"] for error in reply.body["errors"]]
                assert any(each == field or each.startswith(f"{field}.") for each in named), (field, named)
    assert everything_kept() == before


def test_an_unknown_field_is_named_and_nothing_is_written(everything: Everything, subtests: pytest.Subtests) -> None:
    before = everything_kept()
    for name in WRITING:
        with subtests.test(name):
            reply = send(everything, name, json.dumps({**(everything.calls[name].body or {}), "unheard_of": 1}))
            check_problem(reply, 422)
            assert reply.code == "MALFORMED"
            [error] = reply.body["errors"]
            assert (error["field"], error["code"]) == ("unheard_of", "unknown")
            assert set(everything.calls[name].body or {}) <= set(error["allowed"])
    assert everything_kept() == before


def unreadable(body: Any) -> dict[str, tuple[str, str]]:
    """Bodies that are no JSON of ours: word → (code, text)."""
    text = json.dumps(body or {"field": 1})
    first = json.dumps(next(iter(body or {"field": 1})))
    return {
        "broken": ("BROKEN_JSON", text[:-1]),
        "a word": ("BROKEN_JSON", "hello"),
        "a name twice": ("BROKEN_JSON", text[:-1] + f", {first}: 1}}"),
        "not a number": ("BROKEN_JSON", text[:-1] + ', "more": NaN}'),
        "infinite": ("BROKEN_JSON", text[:-1] + ', "more": -Infinity}'),
        "a number without end": ("BROKEN_JSON", '{"field": ' + "9" * 5000 + "}"),
        "a list": ("MALFORMED", f"[{text}]"),
        "a text": ("MALFORMED", '"text"'),
        "half a character": ("MALFORMED", '{"field": "\\ud800"}'),
        "33 levels": ("NESTED_TOO_DEEP", '{"field": ' + "[" * 32 + "]" * 32 + "}"),
        "30,000 levels": ("NESTED_TOO_DEEP", "[" * 30_000),
        "64 KB and a byte": ("BODY_TOO_LARGE", '{"field": "' + "x" * (64 * 1024 - 12) + '"}'),
        "64 KB of Chinese": ("BODY_TOO_LARGE", '{"field": "' + "长" * 22_000 + '"}'),
    }


def test_an_unreadable_body_is_refused_and_nothing_is_written(
    everything: Everything, subtests: pytest.Subtests
) -> None:
    before = everything_kept()
    for name in WRITING:
        with subtests.test(name):
            for word, (code, text) in unreadable(everything.calls[name].body).items():
                reply = send(everything, name, text)
                check_problem(reply, 422)
                assert reply.code == code, (word, reply.body)
    assert everything_kept() == before


def test_the_calls_that_all_these_start_from_are_accepted(everything: Everything, subtests: pytest.Subtests) -> None:
    upload_again("everything")
    for name, call in everything.calls.items():
        if EVERY[name].folder in FOLDERS:
            continue
        with subtests.test(name):
            reply = everything.town.world.call(call.person, EVERY[name].method, call.path, call.body, call.key)
            assert reply.code == call.refused if call.refused else reply.status in (200, 201), reply.body


def test_nobody_in_particular_gets_401(everything: Everything, subtests: pytest.Subtests) -> None:
    before = everything_kept()
    for name, route in EVERY.items():
        call = everything.calls[name]
        with subtests.test(name):
            reply = everything.town.world.call(None, route.method, call.path, call.body, call.key)
            assert route.public == (reply.status in (200, 201))
            if not route.public:
                check_problem(reply, 401)
                assert reply.code == "UNAUTHENTICATED"
    written = {table for table, items in everything_kept().items() if items != before[table]}
    assert written == {"settlements", "supervision", "requests"}, "only what the public objects to or complains of"


def test_a_role_that_may_not_gets_403(everything: Everything, subtests: pytest.Subtests) -> None:
    before = everything_kept()
    for name, call in everything.calls.items():
        others = (
            [Person(f"{role}-other", role) for role in ("", *STAFF) if role not in call.roles] if call.roles else []
        )
        with subtests.test(name):
            for person in others:
                reply = everything.town.world.call(person, EVERY[name].method, call.path, call.body, call.key)
                check_problem(reply, 403)
                assert reply.code == "ROLE_REQUIRED"
                assert set(everything.calls[name].roles) <= set(reply.body["roles"])
    assert everything_kept() == before


def test_an_unknown_or_repeated_query_parameter_is_named_and_nothing_is_written(
    everything: Everything, subtests: pytest.Subtests
) -> None:
    before = everything_kept()
    for name, call in everything.calls.items():
        with subtests.test(name):
            path = f"{call.path}{'&' if '?' in call.path else '?'}unheard_of=1"
            reply = everything.town.world.call(call.person, EVERY[name].method, path, call.body, call.key)
            check_problem(reply, 422)
            [error] = reply.body["errors"]
            assert (error["field"], error["code"]) == ("unheard_of", "unknown")
            assert ("limit" in error["allowed"]) == (name in PAGED)
    assert everything_kept() == before


def test_a_foreign_thing_is_told_apart_from_an_unknown_one_by_nothing(
    everything: Everything, subtests: pytest.Subtests
) -> None:
    before, world = everything_kept(), everything.town.world
    for name, call in everything.calls.items():
        if not call.foreign:
            continue
        with subtests.test(name):
            method, path = EVERY[name].method, unknown_path(EVERY[name].path, call.path)
            if name == "POST /batches/{batch_id}/vouchers":  # batches are public, the enterprise is not
                path = call.path
            foreign = world.call(STRANGER, method, call.path, call.body, call.key)
            unknown = world.call(STRANGER, method, path, unknown_body(call.body), call.key)
            check_problem(foreign, 404)
            assert foreign.code == "NOT_FOUND"
            assert {**foreign.body, "request_id": ""} == {**unknown.body, "request_id": ""}
    assert everything_kept() == before


ODD_IDS = ("0", "nothing", "..", "a.b.c", "%", "#", "丽水", "x" * 3000, "9" * 5000, "2026.b", "2026.b." + "x" * 3000)


def test_an_id_that_nothing_has_is_404_however_odd(everything: Everything, subtests: pytest.Subtests) -> None:
    before = everything_kept()
    for name in (name for name, route in EVERY.items() if "{" in route.path):
        call = everything.calls[name]
        with subtests.test(name):
            for odd in ODD_IDS:
                path = re.sub(r"\{\w+\}", odd, EVERY[name].path)
                reply = everything.town.world.call(call.person, EVERY[name].method, path, call.body, call.key)
                check_problem(reply, 404)
    assert everything_kept() == before


def free_texts(name: str) -> list[str]:
    """The query parameters of a route that take any text."""
    operation = document()["paths"][EVERY[name].path][EVERY[name].method.lower()]
    named = [each for each in operation.get("parameters", []) if each.get("in") == "query"]
    return [each["name"] for each in named if each["schema"].keys().isdisjoint({"enum", "format"})]


ODD_TEXTS = ("nothing", "..", "#", "丽水", "x" * 200, "𠮷" * 200, "x" * 201, "x" * 3000, "\ud800", "\x00", "\ufffe", "")


def test_a_query_that_fits_nothing_is_no_fault_however_odd(everything: Everything, subtests: pytest.Subtests) -> None:
    upload_again("everything")
    # the first call numbers the file and fixes what is in it
    file = everything.calls["GET /rounds/{round_id}/payout-file"]
    everything.town.world.call(file.person, "GET", file.path)
    before, asked = everything_kept(), set()
    for name, route in EVERY.items():
        call = everything.calls[name]
        path = call.path.partition("?")[0]
        for parameter in free_texts(name):
            asked.add(parameter)
            with subtests.test(name, parameter=parameter):
                for odd in ODD_TEXTS:
                    reply = everything.town.world.call(
                        call.person, route.method, f"{path}?{parameter}={odd}", call.body, call.key
                    )
                    assert reply.status in (200, 404, 409, 422), (odd, reply.body)
    assert {"cursor", "q", "enterprise_uscc", "agency_uscc", "batch_id", "number", "agency"} <= asked
    assert everything_kept() == before


def test_an_id_in_a_body_that_nothing_has_is_no_fault(everything: Everything, subtests: pytest.Subtests) -> None:
    before = everything_kept()
    for name in WRITING:
        body = everything.calls[name].body
        for at, value in places(body):
            if not (isinstance(value, str) and ID.fullmatch(value)):
                continue
            with subtests.test(name, at=at):
                for odd in ("nothing", "..", "a.b.c", "x" * 80, "x" * 81, "𠮷" * 40, "\x00", "\ud800", "#", ""):
                    reply = send(everything, name, json.dumps(replaced(body, at, odd)))
                    # a decision on several things says of each what became of it
                    said = [each["code"] for each in reply.body["items"]] if reply.status == 200 else []
                    assert reply.status in (404, 409, 422) or said == ["NOT_FOUND"], (odd, reply.body)
    assert everything_kept() == before


PAGED = [
    "GET /activities",
    "GET /activities/{activity_id}/documents",
    "GET /agencies",
    "GET /agencies/{uscc}/changes",
    "GET /agencies/{uscc}/documents",
    "GET /agencies/{uscc}/products",
    "GET /audit",
    "GET /batches",
    "GET /batches/{batch_id}/results",
    "GET /enterprises",
    "GET /enterprises/{uscc}/changes",
    "GET /enterprises/{uscc}/documents",
    "GET /changes",
    "GET /checks",
    "GET /claims",
    "GET /claims/{claim_id}/documents",
    "GET /me/claims",
    "GET /complaints",
    "GET /letters",
    "GET /complaints/{complaint_id}/documents",
    "GET /inbox",
    "GET /inspections",
    "GET /inspections/{inspection_id}/documents",
    "GET /leads",
    "GET /lists/{kind}/{year}",
    "GET /lists/{kind}/{year}/imports",
    "GET /lists/{kind}/{year}/imports/{import_id}/difference",
    "GET /lists/{kind}/{year}/imports/{import_id}/rows",
    "GET /notices",
    "GET /notices/{notice_id}/objections",
    "GET /objections",
    "GET /orders",
    "GET /programmes",
    "GET /reports/{year}/exceptions",
    "GET /reports/{year}/yearly-files",
    "GET /settlements/{settlement_id}/documents",
    "GET /vouchers/{voucher_id}/postings",
    "GET /payables",
    "GET /payouts",
    "GET /products",
    "GET /recoveries",
    "GET /register",
    "GET /rounds",
    "GET /settlements",
    "GET /staff/batches",
    "GET /staff/products",
    "GET /staff/programmes",
    "GET /tasks",
    "GET /violations",
    "GET /vouchers",
]
WRONG_PAGES = {
    "limit=0": "limit",
    "limit=101": "limit",
    "limit=-1": "limit",
    "limit=1.5": "limit",
    "limit=ten": "limit",
    "limit=٣": "limit",
    "cursor=!": "cursor",
    "cursor=bm90aGluZw": "cursor",
    "cursor=WzEsMiwzXQ": "cursor",
    "cursor=丽水": "cursor",
    f"cursor={'x' * 300}": "cursor",
}


def test_a_page_that_cannot_be_is_422(everything: Everything, subtests: pytest.Subtests) -> None:
    for name in PAGED:
        call = everything.calls[name]
        with subtests.test(name):
            for search, field in WRONG_PAGES.items():
                path = f"{call.path}{'&' if '?' in call.path else '?'}{search}"
                reply = everything.town.world.call(call.person, "GET", path)
                check_problem(reply, 422)
                assert [error["field"] for error in reply.body["errors"]] == [field], search


def forged(cursor: str) -> Iterator[str]:
    """Cursors of the same list that end at another place, such as no page ends at."""
    scope, *place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for odd in (
        "x",
        "x" * 299,
        "x" * 2000,
        "𠮷" * 299,
        "𠮷" * 260,
        "\ud800",
        "\x00",
        "",
        "ENTERPRISE#",
        7,
        None,
        ["x"],
    ):
        for number in range(len(place)):
            longer = f"{place[number]}{odd}" if isinstance(odd, str) else odd
            for text in (odd, longer):
                texts = [scope, *place[:number], text, *place[number + 1 :]]
                yield base64.urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")
    yield base64.urlsafe_b64encode(json.dumps([scope]).encode()).decode().rstrip("=")


def unlinked(page: Json) -> set[str]:
    """The items of a page, without links: each is signed anew."""
    items = page.get("items", [])
    return {json.dumps({name: value for name, value in item.items() if name != "url"}) for item in items}


def test_a_forged_cursor_is_no_fault_and_shows_nothing_of_another_list(
    everything: Everything, subtests: pytest.Subtests
) -> None:
    upload_again("everything")
    tried = set()
    for name in PAGED:
        call, world = everything.calls[name], everything.town.world
        path = f"{call.path}{'&' if '?' in call.path else '?'}limit=1"
        first = world.call(call.person, "GET", path).body
        whole = unlinked(world.call(call.person, "GET", path.replace("=1", "=100")).body)
        with subtests.test(name):
            for cursor in forged(first["next_cursor"]) if first["next_cursor"] else ():
                reply = world.call(call.person, "GET", f"{path}&cursor={cursor}")
                assert reply.status in (200, 422), reply.body
                assert unlinked(reply.body) <= whole
                tried.add(name)
    assert len(tried) > 10


@pytest.mark.parametrize("path", ["/enterprises"])
def test_a_cursor_of_another_list_is_422(everything: Everything, path: str) -> None:
    world, operator = everything.town.world, everything.calls["GET /enterprises"].person
    first = world.call(operator, "GET", f"{path}?limit=1&state=approved").body
    first = first if first["next_cursor"] else world.call(operator, "GET", f"{path}?limit=1").body
    reply = world.call(operator, "GET", f"{path}?state=rejected&cursor={first['next_cursor']}")
    check_problem(reply, 422)
    assert [error["field"] for error in reply.body["errors"]] == ["cursor"]


def test_a_creation_without_a_good_idempotency_key_is_refused(
    everything: Everything, subtests: pytest.Subtests
) -> None:
    before = everything_kept()
    assert len(CREATING) == 22
    for name in CREATING:
        call = everything.calls[name]
        for key in ("", "with space", "丽水", "k" * 256):
            with subtests.test(name, key=key):
                reply = everything.town.world.call(call.person, "POST", call.path, call.body, key)
                check_problem(reply, 422)
                assert reply.code == "IDEMPOTENCY_KEY_REQUIRED"
    assert everything_kept() == before


def test_every_route_of_the_template_has_a_call_here(everything: Everything) -> None:
    assert set(EVERY) == set(everything.calls)


def test_a_body_full_of_open_quotes_is_read_in_no_time(everything: Everything) -> None:
    reply = send(everything, "POST /enterprises", '"' + '\\"' * 30_000 + "[" * 40)
    assert reply.code == "BROKEN_JSON"
