"""The audit trail: what is in it, who reads it, and that no tampering with its table stays unseen."""

import io
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person
from tests.infra.templates import events
from tests.support import contract
from tests.support.backend import World, function
from tests.support.calls.call import STAFF
from tests.support.calls.everything import Everything
from tests.support.relaying import relayed
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, STRANGER, Json, Town
from tests.support.snapshots import everything_kept, upload_again
from tests.support.workers import deliver, waiting
from voucher.edge.observe import logger
from voucher.lifecycles import LIFECYCLES
from voucher.models.audit import AuditEntry, Trace
from voucher.rules.audit import trace_of
from voucher.rules.messages import thing_of
from voucher.store import audit, keys
from voucher.store.engine.cursors import write_cursor
from voucher.store.engine.table import decode

QUEUE = "keep_audit"
DISCIPLINE = Person("discipline-1", "discipline")


def trace(number: int, **facts: Any) -> Json:
    """A message for the trail."""
    at = f"2026-06-15T02:00:00.{number % 1000:03}Z"
    made = Trace(trace_id=f"t{number}", at=at, by="ada", role="bureau", action="read", about=f"order:o{number}")
    return made.model_dump(exclude_none=True) | facts


def keep(count: int, first: int = 1) -> None:
    """Put some entries into the trail."""
    for start in range(first, first + count, 100):
        bodies = [trace(number) for number in range(start, min(start + 100, first + count))]
        assert deliver(QUEUE, *bodies) == {"batchItemFailures": []}


def entries() -> list[AuditEntry]:
    """The trail."""
    return [each for each in audit.read_entries(0, 99) if isinstance(each, AuditEntry)]


def verify(world: World) -> list[Json]:
    """Every break that the command names, part by part."""
    breaks, cursor = [], ""
    while True:
        answer = steps.expect(world.call(BUREAU, "GET", f"/audit/verify{cursor}"), 200)
        assert answer["holds"] == (not answer["breaks"])
        breaks += answer["breaks"]
        if answer["next_cursor"] is None:
            return breaks
        cursor = f"?cursor={answer['next_cursor']}"


@pytest.mark.parametrize("seq", ["one", "\uff11", "-1", ""])
def test_a_cursor_of_no_entry_is_malformed(world: World, seq: str) -> None:
    cursor = write_cursor("audit", seq, "-")
    assert world.call(BUREAU, "GET", f"/audit/verify?cursor={cursor}").code == "MALFORMED"


def test_a_step_is_read_by_the_bureau_and_by_both_parties(town: Town) -> None:
    town.grab()
    order = town.order()
    with relayed(keys.order(order["order_id"])):
        town.act(SELLER, order, "accept")
    deliver(QUEUE, *waiting(QUEUE))
    about = f"order:{order['order_id']}"
    for person, sought in (
        (BUREAU, about),
        (DISCIPLINE, about),
        (OWNER, f"enterprise:{town.enterprise.uscc}"),
        (SELLER, f"agency:{town.agency.uscc}"),
    ):
        [entry] = town.shown(f"/audit?about={sought}", person)["items"]
        said = [entry[name] for name in ("about", "action", "by", "role", "state_before", "state_after")]
        assert said == [about, "accept", SELLER.name, "agency", "placed", "accepted"]


def test_nobody_learns_of_their_own_trail_that_the_discipline_office_looks_at_them(town: Town) -> None:
    path = f"/enterprises/{town.enterprise.uscc}"
    waiting(QUEUE)
    for person in (OPERATOR, DISCIPLINE, Person("both", "bureau,discipline")):
        town.shown(path, person)
    deliver(QUEUE, *waiting(QUEUE))
    about = f"/audit?about=enterprise:{town.enterprise.uscc}"
    assert [each["by"] for each in town.shown(about, OWNER)["items"]] == [OPERATOR.name]
    assert len(town.shown(about, DISCIPLINE)["items"]) == 3


def test_whoever_is_neither_bureau_nor_member_reads_no_trail(town: Town) -> None:
    own, others = f"enterprise:{town.enterprise.uscc}", "order:o_1"
    for person, code in ((OPERATOR, "ROLE_REQUIRED"), (FINANCE, "ROLE_REQUIRED"), (OWNER, "MALFORMED")):
        assert town.world.call(person, "GET", "/audit").code == code
        assert town.world.call(person, "GET", f"/audit?about={others}").code == code
        assert town.world.call(person, "GET", f"/audit?by={OWNER.name}").code == code
        assert town.world.call(person, "GET", "/audit/verify").code == "ROLE_REQUIRED"
    for person in (OPERATOR, NEIGHBOUR, SELLER, STRANGER):
        assert town.world.call(person, "GET", f"/audit?about={own}").code == "NOT_FOUND"


def test_the_trail_is_read_by_thing_person_and_day(world: World) -> None:
    deliver(QUEUE, trace(1), trace(2, by="eve"), trace(3, at="2026-06-16T17:00:00.000Z"))

    def found(query: str) -> list[str]:
        page = steps.expect(world.call(BUREAU, "GET", f"/audit?sort=oldest{query}"), 200)
        return [entry["about"] for entry in page["items"]]

    assert found("") == ["order:o1", "order:o2", "order:o3"]
    assert found("&about=order:o2") == ["order:o2"]
    assert found("&about=order:o2&by=ada") == []
    assert found("&by=ada") == ["order:o1", "order:o3"]
    assert found("&from=2026-06-17") == ["order:o3"]
    assert found("&to=2026-06-16&by=ada") == ["order:o1"]
    assert world.call(BUREAU, "GET", "/audit?about=order").code == "MALFORMED"


def test_a_trace_that_comes_again_is_one_entry(world: World) -> None:
    deliver(QUEUE, trace(1), trace(2), trace(1))
    deliver(QUEUE, trace(2), trace(3))
    deliver(QUEUE, trace(3))
    assert [entry.trace_id for entry in entries()] == ["t1", "t2", "t3"]
    assert verify(world) == []


def test_a_message_that_is_no_trace_does_not_keep_the_others_out(world: World) -> None:
    answer = deliver(QUEUE, trace(1), {"trace_id": "?"}, trace(2))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert [entry.trace_id for entry in entries()] == ["t1", "t2"]


def test_a_long_trail_is_verified_part_by_part(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(230)
    monkeypatch.setattr(keys, "AUDIT_BLOCK", 1_000)
    monkeypatch.setattr("voucher.edge.audit.ENTRIES_PER_PART", 60)
    assert verify(world) == []
    assert function("verify_audit").handler({}, None)["breaks"] == []
    change(61, by="eve")
    remove(120)
    remove(121)
    assert [(each["seq"], each["kind"]) for each in verify(world)] == [
        (61, "changed"),
        (120, "missing"),
        (121, "missing"),
    ]


def item_key(seq: int) -> Json:
    """Where an entry stands in its table."""
    key = keys.audit_entry(seq)
    return {"pk": key.pk, "sk": key.sk}


def trail_table() -> Any:
    """The trail's table, for whoever may write to it."""
    return boto3.resource("dynamodb").Table(os.environ["AUDIT_TABLE"])


def change(seq: int, **facts: Any) -> None:
    """Change an entry in the table."""
    item = trail_table().get_item(Key=item_key(seq))["Item"]
    trail_table().put_item(Item=item | facts)


def remove(seq: int) -> None:
    """Delete an entry from the table."""
    trail_table().delete_item(Key=item_key(seq))


def swap(one: int, other: int) -> None:
    """Put two entries in each other's place, fingerprints and all."""
    items = [trail_table().get_item(Key=item_key(seq))["Item"] for seq in (one, other)]
    for seq, item in zip((other, one), items, strict=True):
        trail_table().put_item(Item=item | item_key(seq) | {"seq": seq})


def cut(after: int, to: int = 6) -> None:
    """Delete the end of the trail, and put its head back to where it was then."""
    for seq in range(after + 1, to + 1):
        remove(seq)
    head = keys.audit_head()
    last = trail_table().get_item(Key=item_key(after))["Item"]
    trail_table().put_item(Item={"pk": head.pk, "sk": head.sk, "seq": after, "sha256": last["sha256"]})


def put_back(to: int) -> None:
    """Only the head is put back."""
    cut(to, to)


def strip(seq: int, *names: str) -> None:
    """Take facts of an entry out of the table."""
    item = trail_table().get_item(Key=item_key(seq))["Item"]
    trail_table().put_item(Item={name: value for name, value in item.items() if name not in names})


def move(seq: int, **key: str) -> None:
    """Put an entry under another key."""
    item = trail_table().get_item(Key=item_key(seq))["Item"]
    remove(seq)
    trail_table().put_item(Item=item | key)


def point(**facts: Any) -> None:
    """Change the head of the trail."""
    head = keys.audit_head()
    item = trail_table().get_item(Key={"pk": head.pk, "sk": head.sk})["Item"]
    trail_table().put_item(Item=item | facts)


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (lambda: change(3, by="eve"), [(3, "changed")]),
        (lambda: remove(3), [(3, "missing")]),
        (lambda: swap(3, 4), [(3, "changed"), (4, "changed"), (5, "detached")]),
        (lambda: remove(6), [(6, "cut")]),
        (lambda: put_back(4), [(5, "cut")]),
        (lambda: strip(3, "index_key", "index_sort", "person_key"), [(3, "changed")]),
        (lambda: change(3, person_key="eve"), [(3, "changed")]),
        (lambda: change(3, index_sort="1999"), [(3, "changed")]),
        (lambda: change(3, words="more than was written"), [(3, "changed")]),
        (lambda: change(3, role=None), [(3, "changed")]),
        (lambda: change(3, version=Decimal("1.5")), [(3, "changed")]),
        (lambda: strip(3, "action"), [(3, "changed")]),
        (lambda: strip(3, "seq", "sha256"), [(3, "changed")]),
        (lambda: move(3, sk="ENTRY#000000000003x"), [(3, "changed")]),
        (lambda: move(3, sk="ENTRY#x"), [(3, "missing"), (1, "changed")]),
        (lambda: point(sha256="0" * 64), [(6, "replaced")]),
    ],
)
def test_tampering_with_the_table_is_found(
    world: World, tamper: Callable[[], None], found: list[tuple[int, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    keep(6)
    tamper()
    assert [(each["seq"], each["kind"]) for each in verify(world)] == found
    night = function("verify_audit").handler({}, None)
    assert [(each["seq"], each["kind"]) for each in night["breaks"]] == found
    [line] = [line for line in capsys.readouterr().out.splitlines() if "AuditBroken" in line]
    assert json.loads(line)["AuditBroken"] == len(found)
    # an end that is not the true one is not kept as if it were
    is_true_end = not {kind for _, kind in found} & {"cut", "replaced"}
    assert list(audit.list_anchors()) == ([6] if is_true_end else [])


def test_what_only_looks_like_an_entry_is_not_listed(world: World) -> None:
    keep(4)
    forged = trail_table().get_item(Key=item_key(2))["Item"]
    for facts in ({"pk": "ELSEWHERE", "by": "eve"}, {"sk": "ENTRY#x"}, {"role": None}):
        trail_table().put_item(Item=forged | facts)
    page = steps.expect(world.call(BUREAU, "GET", "/audit?sort=oldest"), 200)
    assert [entry["about"] for entry in page["items"]] == ["order:o1", "order:o3", "order:o4"]


@pytest.mark.parametrize("seq", [1, 900, -1, None])
def test_a_place_that_names_another_entry_does_not_keep_a_trace_out(
    world: World, seq: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function("keep_audit"), "pause", lambda _: None)
    keep(3)
    orphan = trail_table().get_item(Key=item_key(2))["Item"] | {"trace_id": "t4", "seq": 900}
    trail_table().put_item(Item=orphan | item_key(900))
    place = keys.audit_place("t4")
    trail_table().put_item(Item={"pk": place.pk, "sk": place.sk, "trace_id": "t4", "seq": seq})
    # it comes again until it lies in the dead letters, and an alarm tells
    assert deliver(QUEUE, trace(4), trace(5)) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    trail_table().delete_item(Key={"pk": place.pk, "sk": place.sk})
    assert deliver(QUEUE, trace(4)) == {"batchItemFailures": []}
    assert [each.trace_id for each in entries()] == ["t1", "t2", "t3", "t5", "t4"]


def test_an_old_break_does_not_let_the_end_be_cut_off_unseen(world: World) -> None:
    keep(6)
    change(2, by="eve")
    function("verify_audit").handler({}, None)
    keep(4, first=7)
    function("verify_audit").handler({}, None)
    cut(8, to=10)
    keep(3, first=20)
    assert [(each["seq"], each["kind"]) for each in verify(world)] == [(2, "changed"), (10, "replaced")]


def test_a_trail_that_was_cut_off_cleanly_does_not_reach_its_anchor(world: World) -> None:
    keep(6)
    function("verify_audit").handler({}, None)
    keep(2, first=7)
    cut(4, to=8)
    assert [(each["seq"], each["kind"]) for each in verify(world)] == [(6, "cut")]
    keep(9, first=20)
    assert [(each["seq"], each["kind"]) for each in verify(world)] == [(6, "replaced")]


def relayed_prefixes() -> dict[str, tuple[str, ...]]:
    """Table → the sort keys whose changes the relay sees."""
    prefixes = {}
    for _, properties in events("DynamoDB"):
        [each] = properties["FilterCriteria"]["Filters"]
        wanted = json.loads(each["Pattern"])["dynamodb"]["Keys"]["sk"]["S"]
        table = properties["Stream"].removeprefix("Data.Outputs.").removesuffix("Stream").lower()
        prefixes[table] = tuple(each["prefix"] for each in wanted)
    return prefixes


def test_the_relay_sees_every_record_that_takes_steps(everything: Everything) -> None:
    upload_again("everything")
    for name, call in everything.calls.items():
        everything.town.world.call(call.person, name.partition(" ")[0], call.path, call.body, call.key)
    seen, prefixes = set[str](), relayed_prefixes()
    for table, items in everything_kept().items():
        for item in map(decode, items):
            is_pointer = item["pk"].startswith("PROGRAMME#") and item["sk"].startswith("BATCH#")
            if trace_of(None, item, "") is not None and not is_pointer:
                assert str(item["sk"]).startswith(prefixes[table]), item["sk"]
                seen.add(thing_of(item).lower())
    assert seen >= {*LIFECYCLES} - {"list_import"} | {"import", "lead", "voucher", "document"}


def recorded_steps() -> set[tuple[Any, ...]]:
    """Who took the latest step of each record, and in which role."""
    stepped = [item for items in everything_kept().values() for item in items if "S" in item.get("last_by", {})]
    names = ("pk", "sk", "last_by", "last_role")
    return {(*(str(item[name].get("S")) for name in names), int(item["version"]["N"])) for item in stepped}


def test_each_step_is_recorded_in_a_role_that_its_call_asks_for(
    everything: Everything, subtests: pytest.Subtests
) -> None:
    """Though each caller holds every staff role besides. Who acts for an organisation takes its steps as its member."""
    upload_again("everything")
    known = recorded_steps()
    for name, call in everything.calls.items():
        if call.person is None:
            continue
        method, path = name.split(" ")
        callers = contract.document()["paths"][path][method.lower()]["x-roles"]
        asked = {"user" if each.startswith("anybody") else each.removeprefix("members of the ") for each in callers}
        person = Person(call.person.name, ",".join(STAFF))
        everything.town.world.call(person, method, call.path, call.body, call.key)
        now = recorded_steps()
        taken = {role for *_, by, role, _ in now - known if by == person.name}
        known = now
        with subtests.test(name):
            assert taken <= asked


PERSONAL = {
    "contact_name",
    "contact_phone",
    "legal_representative",
    "address",
    "contact",
    "url",
    "bank_account",
    "spoken_to",
}


def personal_in(content: Any) -> Iterator[tuple[str, str]]:
    """Every field of an answer that shows a person, unmasked."""
    if isinstance(content, dict):
        if content.get("field") in PERSONAL and "*" not in content.get("proposed", "*"):
            yield content["field"], content["proposed"]
        for name, value in content.items():
            if name in PERSONAL and isinstance(value, str) and "*" not in value:
                yield name, value
            yield from personal_in(value)
    elif isinstance(content, list):
        for each in content:
            yield from personal_in(each)


def test_an_answer_with_personal_data_leaves_a_trace(everything: Everything, subtests: pytest.Subtests) -> None:
    upload_again("everything")
    disclosing = {"GET /rounds/{round_id}/payout-file"}  # bytes, whose accounts cannot be told here
    for name, call in everything.calls.items():
        if not name.startswith("GET ") or call.person is None:
            continue
        waiting(QUEUE)
        reply = everything.town.world.call(call.person, "GET", call.path)
        kept = waiting(QUEUE)
        with subtests.test(name):
            if list(personal_in(reply.body)) or name in disclosing:
                disclosing.add(name)
                assert [(each["action"], each["by"], each["call"]) for each in kept] == [
                    ("read", call.person.name, name)
                ]
            else:
                assert kept == []
    # public, masked, an order that is not accepted, whose parties are told nothing of each other, and a complaint, of
    # which its respondent reads nothing of the kind
    others = re.compile(
        r"/register|GET /(enterprises|agencies|claims|me/claims|checks)$|GET /orders/{order_id}"
        r"|GET /inspections/{inspection_id}$|GET /complaints/{[a-z_]+}$"
    )
    assert {name for name in personal_operations() if not others.search(name)} <= disclosing


def test_whoever_reads_the_contacts_of_an_order_leaves_a_trace(town: Town) -> None:
    town.grab()
    order = town.order()
    path = f"/orders/{order['order_id']}"
    waiting(QUEUE)
    town.shown(path, OWNER)
    assert waiting(QUEUE) == []
    town.act(SELLER, order, "accept")
    town.shown(path, OWNER)
    [kept] = waiting(QUEUE)
    said = [kept[name] for name in ("by", "role", "about", "enterprise_uscc", "agency_uscc")]
    about = f"order:{order['order_id']}"
    assert said == [OWNER.name, "enterprise", about, town.enterprise.uscc, town.agency.uscc]


def personal_operations() -> set[str]:
    """The operations whose answers may show a person, by the document."""
    schemas = contract.document()["components"]["schemas"]

    def shows(schema: Any, known: frozenset[str] = frozenset()) -> bool:
        if isinstance(schema, list):
            return any(shows(each, known) for each in schema)
        if not isinstance(schema, dict):
            return False
        if (name := str(schema.get("$ref", "")).rpartition("/")[2]) and name not in known:
            return shows(schemas[name], known | {name})
        return bool(PERSONAL & {*schema.get("properties", {})}) or shows(list(schema.values()), known)

    return {
        f"GET {path}"
        for path, operations in contract.document()["paths"].items()
        if "get" in operations and shows(operations["get"]["responses"]["200"])
    }


@pytest.mark.in_the_middle
def test_nothing_is_shown_if_its_trace_is_not_taken(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEP_AUDIT_QUEUE_URL", os.environ["KEEP_AUDIT_QUEUE_URL"] + "-gone")
    with pytest.raises(Exception, match="NonExistentQueue"):
        town.world.call(OPERATOR, "GET", f"/enterprises/{town.enterprise.uscc}")


def test_each_reading_is_an_entry_though_a_client_chooses_its_request_id(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.backend.uuid4", lambda: "chosen")
    for person in (OPERATOR, BUREAU, BUREAU):
        town.shown(f"/enterprises/{town.enterprise.uscc}", person)
    readings = waiting(QUEUE)
    assert {each["request_id"] for each in readings} == {"chosen"}
    deliver(QUEUE, *readings, *readings)
    assert [entry.by for entry in entries()] == [OPERATOR.name, BUREAU.name, BUREAU.name]


@pytest.fixture
def out(town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged from here on."""
    stream, before = io.StringIO(), logging.root.manager.disable
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    logging.disable(logging.NOTSET)
    yield stream
    logging.disable(before)


def lines_of(out: str) -> list[Json]:
    """The log lines of outcomes."""
    return [line for line in map(json.loads, out.splitlines()) if line.get("message") == "outcome"]


@pytest.mark.parametrize(
    ("person", "path", "ids"),
    [
        (OPERATOR, "/enterprises/{}", {"uscc": "{}"}),
        (STRANGER, "/enterprises/{}", {"uscc": "{}"}),
        (None, "/batches", {}),
        (OPERATOR, "/enterprises/张三", {}),
    ],
)
def test_a_log_line_says_who_asked_for_what(
    town: Town, person: Person | None, path: str, ids: Json, out: io.StringIO
) -> None:
    uscc = town.enterprise.uscc
    town.world.call(person, "GET", path.format(uscc))
    [line] = lines_of(out.getvalue())
    route = "/batches" if path == "/batches" else "/enterprises/{uscc}"
    assert (line.get("subject"), line["method"], line["route"]) == (person and person.name, "GET", route)
    assert line["ids"] == {name: value.format(uscc) for name, value in ids.items()}
