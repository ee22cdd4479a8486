"""Personal data that has had its time: gone from tables, indexes, files and queues; the books stay as they were."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from typing import Any

import boto3
import pytest

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support import payout_scenario, samples
from tests.support import retention_scenario as scenes
from tests.support.backend import BUCKET, World, function
from tests.support.retention_scenario import SCENES, Planted, files_stored, found_of, run_night
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town
from tests.support.settlement_scenario import Settling
from tests.support.snapshots import everything_kept
from tests.support.workers import deliver, drain
from voucher.models.base import instant_text
from voucher.policy import RETENTION
from voucher.rules.working_days import end_of_day
from voucher.store import organisations
from voucher.store.engine import files

Scene = Callable[[World, StoppedClock], Planted]


@pytest.fixture(autouse=True)
def versioned(world: World) -> Iterator[None]:
    """The bucket keeps every version, as in infra/data.yaml; the tests share its clock with nobody."""
    settings = {"Status": "Enabled"}
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=settings)
    return iter((None,))


def books_hold() -> None:
    """Every year is rebuilt from its postings, and balances."""
    for report in function("reconcile").handler({"time": "2036-12-31T18:00:00Z"}, None)["reports"]:
        assert [each for each in report["invariants"] if not each["holds"]] == []


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_what_must_go_is_all_there_on_the_day_before_and_nowhere_after(
    world: World, stopped_clock: StoppedClock, scene: Scene
) -> None:
    planted = scene(world, stopped_clock)
    due = planted.since + timedelta(days=planted.days)
    run_night(stopped_clock, due - timedelta(days=1))
    assert found_of(planted.texts) == set(planted.texts)
    run_night(stopped_clock, due)
    run_night(stopped_clock, due + timedelta(days=1))
    assert found_of(planted.texts) == set()
    books_hold()
    before = everything_kept()
    run_night(stopped_clock, due + timedelta(days=1))
    after = everything_kept()
    assert {name: after[name] for name in after if name != "vouchers"} == {
        name: before[name] for name in before if name != "vouchers"
    }


def erased(world: World, clock: StoppedClock, scene: Scene) -> None:
    """The scene, and the night in which it is due."""
    planted = scene(world, clock)
    run_night(clock, planted.since + timedelta(days=planted.days))


def test_a_credit_code_is_free_again_once_its_unfinished_registration_is_gone(
    world: World, stopped_clock: StoppedClock
) -> None:
    erased(world, stopped_clock, scenes.draft_of_an_enterprise)
    body = scenes.registration()
    # still on this day, when the record waits to go altogether, and a day later, when it is gone
    for person, night in ((STRANGER, None), (Person("third"), timedelta(days=40))):
        if night:
            run_night(stopped_clock, stopped_clock.instant + night)
            run_night(stopped_clock, stopped_clock.instant + timedelta(days=1))
        assert world.call(person, "POST", "/enterprises", body).status == 201
        shown = steps.expect(world.call(person, "GET", f"/enterprises/{body['uscc']}"), 200)
        assert (shown["contact_phone"], shown["documents"], shown["erased_at"]) == (scenes.PHONE, [], None)
    assert world.call(scenes.APPLICANT, "GET", f"/enterprises/{body['uscc']}").status == 404


@pytest.mark.parametrize("scene", [scenes.draft_of_an_enterprise, scenes.rejected_registration])
def test_whoever_registers_a_code_anew_gets_no_paper_that_a_broken_run_left(
    world: World, stopped_clock: StoppedClock, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr("voucher.edge.retention._clean", killed)
        with pytest.raises(RuntimeError):
            erased(world, stopped_clock, scene)
    stopped_clock.instant += timedelta(minutes=1)
    firm = samples.enterprise(3)
    steps.expect(world.call(STRANGER, "POST", "/enterprises", firm.registration()), 201)
    assert found_of(scenes.NAMES[:1])
    for path in (f"/enterprises/{firm.uscc}", f"/enterprises/{firm.uscc}/documents"):
        answer = steps.expect(world.call(STRANGER, "GET", path), 200)
        assert answer.get("documents", answer.get("items")) == []
    refused = world.call(STRANGER, "POST", f"/enterprises/{firm.uscc}/submit")
    assert (refused.code, len(refused.body["errors"])) == ("DOCUMENTS_MISSING", 6)
    run_night(stopped_clock, stopped_clock.instant + timedelta(days=1))
    assert not found_of(scenes.NAMES)


@pytest.mark.parametrize(
    ("scene", "path"),
    [
        (scenes.enterprise_after_the_programme, "/enterprises"),
        (scenes.agency_whose_approval_ended, "/agencies"),
        (scenes.disqualified_enterprise, "/enterprises"),
        (scenes.removed_agency, "/agencies"),
    ],
)
def test_an_erased_organisation_is_shown_and_may_come_back_even_if_it_was_put_out(
    world: World, stopped_clock: StoppedClock, scene: Scene, path: str
) -> None:
    erased(world, stopped_clock, scene)
    body = samples.enterprise(0).registration() if path == "/enterprises" else samples.agency(1).application()
    shown = steps.expect(world.call(OPERATOR, "GET", f"{path}/{body['uscc']}"), 200)
    assert (shown["name"], shown["contact_name"], shown["contact_phone"]) == (body["name"], "已删除", "已删除")
    assert shown["erased_at"] == instant_text(stopped_clock.instant)
    assert body["uscc"] in [each["uscc"] for each in steps.expect(world.call(OPERATOR, "GET", path), 200)["items"]]
    old_members = OWNER if path == "/enterprises" else SELLER
    assert steps.expect(world.call(old_members, "GET", "/me"), 200)["organisations"] == []
    again = world.call(STRANGER, "POST", path, body)
    assert (again.status, again.body["state"]) == (201, "draft")
    orders = steps.expect(world.call(OPERATOR, "GET", "/orders"), 200)["items"]
    assert [steps.expect(world.call(OPERATOR, "GET", f"/orders/{each['order_id']}"), 200) for each in orders]


@pytest.mark.clause("§3.5.4")
def test_an_erased_payout_file_is_refused_with_what_to_do(world: World, stopped_clock: StoppedClock) -> None:
    erased(world, stopped_clock, scenes.payout_file)
    [round_] = steps.expect(world.call(OPERATOR, "GET", "/rounds"), 200)["items"]
    reply = world.call(OPERATOR, "GET", f"/rounds/{round_['round_id']}/payout-file")
    assert (reply.status, reply.code) == (409, "ERASED")
    [file] = steps.expect(world.call(OPERATOR, "GET", f"/rounds/{round_['round_id']}"), 200)["payout_files"]
    assert file["erased_at"] is not None and len(file["sha256"]) == 64


@pytest.mark.clause("§3.5.4")
def test_money_that_comes_back_after_its_account_was_erased_is_paid_on_another(
    completed: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    town, order = completed
    case = Settling(town, town.apply_for_settlement(order)["settlement_id"])
    payout = case.paid(order)
    run_night(stopped_clock, stopped_clock.instant + timedelta(days=RETENTION.account_days))
    place = f"/rounds/{payout['round_id']}/payables/{town.agency.uscc}"
    assert town.shown(place)["bank_account_masked"] == "****0018"
    steps.expect(case.sent_back(payout["payout_id"]), 200)
    assert case.payouts(payout["round_id"]).status == 409
    steps.expect(payout_scenario.propose_account(case, payout["round_id"]), 200)
    steps.expect(payout_scenario.decide_account(case, payout["round_id"]), 200)
    assert town.shown(place)["bank_account_masked"] == "****9999"
    steps.expect(case.payouts(payout["round_id"]), 201)
    books_hold()


@pytest.mark.clause("§2.1.1")
def test_an_erased_list_is_not_brought_into_force(world: World, stopped_clock: StoppedClock) -> None:
    erased(world, stopped_clock, scenes.list_that_was_never_applied)
    [record] = steps.expect(world.call(OPERATOR, "GET", "/lists/rated_d/2025/imports"), 200)["items"]
    path = f"/lists/rated_d/2025/imports/{record['import_id']}"
    assert (record["state"], record["filename"]) == ("erased", "已删除")
    assert world.call(BUREAU, "POST", f"{path}/apply", {"touched": 1}).code == "ERASED"
    assert steps.expect(world.call(BUREAU, "GET", path), 200)["errors"] == []


@pytest.mark.clause("§2.1.1")
def test_a_list_in_force_stays_for_years_after_its_own_and_then_says_that_it_is_gone(
    world: World, stopped_clock: StoppedClock
) -> None:
    for year in (2024, 2025):
        scenes.bring_into_force(world, "rated_d", year, f"统一社会信用代码,企业名称\n{samples.enterprise(5).uscc},企业")
    ended = end_of_day(date(2024, 12, 31))
    for night, codes in ((RETENTION.left_days - 1, (None, None)), (RETENTION.left_days, ("ERASED", None))):
        run_night(stopped_clock, ended + timedelta(days=night))
        shown = [world.call(BUREAU, "GET", f"/lists/rated_d/{year}").code for year in (2024, 2025)]
        assert tuple(shown) == codes


def test_no_night_erases_what_has_not_had_its_time_by_the_clock(
    world: World, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local stack may sweep a night ahead; what is erased would not come back."""
    planted = scenes.draft_of_an_enterprise(world, stopped_clock)
    monkeypatch.setenv("SWEEP_AHEAD", "allowed")
    night = stopped_clock.instant + timedelta(days=4_000)
    function("sweep").handler({"time": night.isoformat()}, None)
    drain("retention")
    assert found_of(planted.texts) == set(planted.texts)


def test_long_lists_are_looked_through_page_by_page(
    world: World, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function("retention"), "RECORDS_PER_MESSAGE", 1)
    bodies = [scenes.registration(uscc=samples.enterprise(number).uscc) for number in range(3)]
    for body in bodies:
        steps.expect(world.call(scenes.APPLICANT, "POST", "/enterprises", body), 201)
    run_night(stopped_clock, stopped_clock.instant + timedelta(days=RETENTION.draft_days))
    assert found_of((scenes.PHONE,)) == set()


@pytest.mark.parametrize("scene", [scenes.inspected_agency, scenes.organisation_claim, scenes.answered_complaint])
def test_what_a_broken_run_left_of_an_erased_record_goes_in_one_of_the_next_nights(
    world: World, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, scene: Scene
) -> None:
    planted = scene(world, stopped_clock)
    due, delete = planted.since + timedelta(days=planted.days), function("retention").FORGETTING
    with monkeypatch.context() as patch:  # the record is erased, and then the worker dies before each of its papers
        patch.setattr("voucher.store.documents.commit_deleted", lambda *_: (_ for _ in ()).throw(ConnectionError))
        patch.setattr(
            function("retention"),
            "FORGETTING",
            {task: lambda *named, task=task: suppressed(delete[task], *named) for task in delete},
        )
        run_night(stopped_clock, due)
    assert found_of(planted.texts) != set()
    run_night(stopped_clock, due + timedelta(days=RETENTION.cleaning_days - 1))
    assert found_of(planted.texts) == set()


def suppressed(forget: Callable[..., None], *named: Any) -> None:
    """What the queue does with a message that never gets through: the dead letters have it."""
    with suppress(ConnectionError):
        forget(*named)


@pytest.mark.parametrize("at", range(4))
def test_a_worker_killed_among_the_files_is_completed_by_the_next_delivery(
    world: World, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    planted = scenes.draft_of_an_enterprise(world, stopped_clock)
    stopped_clock.instant += timedelta(days=RETENTION.draft_days)
    uscc = str(scenes.registration()["uscc"])
    draft = organisations.find_enterprise(uscc, scenes.APPLICANT.name)
    assert draft is not None
    message = {"task": "enterprise", "id": [uscc, draft.draft_id], "instant": "2030-01-01T00:00:00.000Z"}
    delete, calls = files.client().delete_object, count()

    def die_once(**request: str) -> None:
        delete(**request)
        if next(calls) == at:
            raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(files.client(), "delete_object", die_once)
        failed = deliver("retention", message)["batchItemFailures"]
        assert len(failed) == (1 if at < 3 else 0)  # two versions and a marker
        assert deliver("retention", message)["batchItemFailures"] == []
    assert files_stored() == []
    assert found_of(planted.texts) <= {str(scenes.registration()["uscc"])}
