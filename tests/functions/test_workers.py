"""Every worker of a queue: its messages come twice, in another order, and beside some that nobody can handle. The
tables are then as after one delivery in order, and a message that cannot be handled comes back alone."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest

from infra.city.document_files import enterprise_documents
from infra.client import steps
from infra.client.http import BUREAU
from tests.conftest import NOW, StoppedClock
from tests.support import samples
from tests.support.backend import BUCKET, QUEUES
from tests.support.list_scenario import KIND, begin_to_apply, content_of, upload_list
from tests.support.samples import TODAY
from tests.support.scenario import NEIGHBOUR, OWNER, SELLER, STRANGER, Json, Town
from tests.support.settlement_scenario import books
from tests.support.workers import LAST_NIGHT, deliver, drain, waiting
from voucher.models.audit import AuditEntry, Trace
from voucher.models.base import instant_text
from voucher.policy import RETENTION
from voucher.store import audit, keys, organisations, vouchers

INSTANT = instant_text(LAST_NIGHT)
# what no worker understands: no JSON, JSON that is no object, an object without facts, one too deep to read
POISON = ["这不是 JSON", "[1]", "null", '"text"', json.dumps({"task": "unknown"}), "[" * 100_000]


@dataclass(frozen=True)
class Case:
    """Messages of one worker, and what is to be seen once all of them are through."""

    bodies: list[Json]
    seen: Callable[[], Any]
    expected: Any


def notify(town: Town, _clock: StoppedClock) -> Case:
    """A message to an enterprise, one to an agency, one to a staff role."""
    recipients = {"enterprise": town.enterprise.uscc, "agency": town.agency.uscc, "staff": "bureau"}
    bodies = [
        {"message_id": f"m{kind}", "kind": kind, "recipient": recipient, "subject": kind, "about": "order:o1"}
        for kind, recipient in recipients.items()
    ]

    def seen() -> Any:
        inboxes = (("/inbox", OWNER), ("/inbox", SELLER), ("/inbox?role=bureau", BUREAU))
        told = [town.shown(path, person)["items"] for path, person in inboxes]
        return [[each["subject"] for each in some if each["subject"] in recipients] for some in told]

    return Case(bodies, seen, [["enterprise"], ["agency"], ["staff"]])


def void_vouchers(town: Town, clock: StoppedClock) -> Case:
    """The year is over for two enterprises, one of which has an order without a contract."""
    town.grab()
    town.world.call(NEIGHBOUR, "POST", f"/batches/{town.batch_id}/vouchers", {"enterprise_uscc": town.neighbour.uscc})
    town.order(voucher_fen=200_000)
    clock.instant = LAST_NIGHT
    bodies = [
        {"task": "lapse", "batch_id": town.batch_id, "bucket": number, "instant": INSTANT, "year_over": True}
        for number in range(keys.BUCKETS)
    ]

    def seen() -> Any:
        drain("void_vouchers")
        books()
        neighbours = town.shown(f"/vouchers/{town.batch_id}.{town.neighbour.uscc}")
        return [*town.movements()[1:], (neighbours["state"], neighbours["balance_fen"])]

    order_then_rest = [("hold", 200_000), ("release", 200_000), ("lapse", 200_000), ("lapse", 800_000)]
    return Case(bodies, seen, [*order_then_rest, ("expired", 0)])


def close_year(town: Town, clock: StoppedClock) -> Case:
    """Two nights find that a year without vouchers is over."""
    clock.instant = LAST_NIGHT
    bodies = [
        {"message_id": f"close_year.{night}", "year": 2026, "instant": instant_text(LAST_NIGHT + timedelta(days=night))}
        for night in range(2)
    ]

    def seen() -> Any:
        books()
        year = town.shown("/programmes/2026")
        return year["state"], year["surplus_fen"], year["unreleased_fen"]

    return Case(bodies, seen, ("closed", 100_000_000, 0))


def end_orders(town: Town, clock: StoppedClock) -> Case:
    """Three orders were not answered in time; the messages that end them, and the night that finds them again."""
    town.grab()
    placed = [town.order(contract_fen=100_000, voucher_fen=10_000) for _ in range(3)]
    clock.instant = NOW + timedelta(days=30)
    text = instant_text(clock.instant)
    find = {"message_id": "n", "task": "find_orders", "instant": text}
    ends = [{"task": "end_order", "order_id": order["order_id"], "instant": text} for order in placed]

    def seen() -> Any:
        drain("end_orders")
        books()
        return [town.shown(f"/orders/{order['order_id']}")["state"] for order in placed], town.movements()[4:]

    return Case([find, *ends], seen, (["cancelled"] * 3, [("release", 10_000)] * 3))


def import_list(town: Town, _clock: StoppedClock) -> Case:
    """The two messages of a version that the bureau applied, and the file's own, late."""
    record = upload_list(town.world, content_of([town.enterprise.uscc, town.neighbour.uscc]))
    begin_to_apply(town.world, record)
    waiting("import_list")
    apply_ = {"task": "apply", "kind": KIND, "year": 2025, "import_id": record["import_id"]}
    file = {"Records": [{"s3": {"object": {"key": f"lists/{KIND}/2025/{record['import_id']}"}}}]}

    def seen() -> Any:
        listed = town.shown(f"/lists/{KIND}/2025")["items"]
        kept = [vouchers.find_entitlement(2026, each.uscc) for each in (town.enterprise, town.neighbour)]
        return len(listed), [each and each.quota_fen for each in kept]

    return Case([file, apply_, apply_ | {"message_id": "again"}], seen, (2, [2_000_000] * 2))


def keep_audit(_town: Town, _clock: StoppedClock) -> Case:
    """Four traces."""
    made = [
        Trace(trace_id=f"t{number}", at=instant_text(NOW), by="ada", role="bureau", action="read", about="order:o")
        for number in range(4)
    ]

    def seen() -> Any:
        entries = [each for each in audit.read_entries(0, 99) if isinstance(each, AuditEntry)]
        return sorted(each.trace_id for each in entries), [each.seq for each in entries]

    return Case([each.model_dump(exclude_none=True) for each in made], seen, (["t0", "t1", "t2", "t3"], [1, 2, 3, 4]))


def keep_reports(town: Town, _clock: StoppedClock) -> Case:
    """What two enterprises have is to be counted."""
    town.grab()
    town.world.call(NEIGHBOUR, "POST", f"/batches/{town.batch_id}/vouchers", {"enterprise_uscc": town.neighbour.uscc})
    bodies = [{"year": 2026, "uscc": each.uscc} for each in (town.enterprise, town.neighbour)]

    def seen() -> Any:
        figures = town.shown("/reports/2026/usage", BUREAU)["rows"][0]["figures"]
        return figures["vouchers"], figures["granted_fen"]

    return Case(bodies, seen, (2, 2_000_000))


def retention(town: Town, clock: StoppedClock) -> Case:
    """A draft that nobody touched: the list that finds it, and the message that deletes it."""
    firm = samples.enterprise(3)
    steps.expect(town.world.call(STRANGER, "POST", "/enterprises", firm.registration()), 201)
    [paper, *_] = enterprise_documents(firm, TODAY)
    steps.announce_and_upload(town.world, STRANGER, f"/enterprises/{firm.uscc}", paper)
    clock.instant += timedelta(days=RETENTION.draft_days)

    def find() -> Any:
        return organisations.find_enterprise(firm.uscc, STRANGER.name)

    def papers() -> list[str]:
        stored = boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [each["Key"] for each in stored if firm.uscc in each["Key"]]

    assert papers()

    text = instant_text(clock.instant)
    look = {"task": "enterprise", "instant": text}
    delete = {"task": "enterprise", "id": [firm.uscc, find().draft_id], "instant": text}

    def seen() -> Any:
        drain("retention")
        return find(), papers()

    return Case([look, delete, {"task": "message", "shelf": 0, "instant": text}], seen, (None, []))


CASES = (notify, void_vouchers, close_year, end_orders, import_list, keep_audit, keep_reports, retention)


@pytest.fixture(params=CASES, ids=lambda case: str(case.__name__))
def case(request: pytest.FixtureRequest, town: Town, stopped_clock: StoppedClock) -> Case:
    """The case of one worker."""
    made: Case = request.param(town, stopped_clock)
    return made


def worker(request: pytest.FixtureRequest) -> str:
    """The worker of a test's case."""
    return str(request.node.callspec.params["case"].__name__)


def test_each_queue_of_the_stack_has_its_case() -> None:
    assert {each.__name__ for each in CASES} == {*QUEUES}


def test_a_message_that_comes_twice_does_its_work_once(case: Case, request: pytest.FixtureRequest) -> None:
    for bodies in (case.bodies, [*case.bodies, *case.bodies]):
        assert deliver(worker(request), *bodies) == {"batchItemFailures": []}
        assert case.seen() == case.expected


def test_messages_in_another_order_end_the_same(case: Case, request: pytest.FixtureRequest) -> None:
    for body in reversed(case.bodies):
        assert deliver(worker(request), body) == {"batchItemFailures": []}
    assert case.seen() == case.expected


def test_a_poisoned_message_comes_back_alone_and_the_others_are_handled(
    case: Case, request: pytest.FixtureRequest
) -> None:
    good = case.bodies
    # the list worker passes over what has no task that it knows, as S3 sends it a test event
    poison = [each for each in POISON if worker(request) != "import_list" or "task" not in each]
    answer = deliver(worker(request), *poison[:2], good[0], *poison[2:], *good[1:])
    bad = [number for number in range(len(poison) + 1) if number != 2]
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == [f"m{number}" for number in bad]
    assert case.seen() == case.expected
