"""§5.1.1 to §5.1.3: samples that anybody can draw again, what inspectors find, and what becomes of it."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import boto3
import pytest

from infra.city.document_files import DocumentFile
from infra.city.documents import jpeg
from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.conftest import NOW, StoppedClock
from tests.support.backend import BUCKET, ROOT, function
from tests.support.inspection_scenario import CALL, VISIT, act, countersign, draw, drawn, found, report
from tests.support.relaying import relayed, subjects
from tests.support.samples import TODAY
from tests.support.scenario import OWNER, SELLER, STRANGER, Json, Town, remove_agency
from tests.support.settlement_scenario import Settling, settling, the_order
from tests.support.snapshots import everything_kept
from tests.support.workers import drain, sweep_night
from voucher.edge import inspections as edge
from voucher.rules import holds
from voucher.rules.working_days import SHANGHAI
from voucher.store import keys
from voucher.store.engine.table import transact, update_write

Scene = tuple[Town, Json]
SCRIPT = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def running(town: Town) -> Town:
    """An order of the town's agency is under way."""
    town.grab()
    town.advance(town.order(), "accept", "contract")
    return town


def frame_file(inspection: Json) -> bytes:
    place = f"inspections/{inspection['inspection_id']}/frame-{inspection['frame_sha256']}.json"
    return bytes(boto3.client("s3").get_object(Bucket=BUCKET, Key=place)["Body"].read())


@pytest.mark.clause("§5.1.1")
@pytest.mark.clause("§5.1.3")
def test_the_published_script_draws_the_recorded_sample_again(completed: Scene, tmp_path: Path) -> None:
    town, order = completed
    running = town.advance(town.order(contract_fen=60_000, voucher_fen=40_000), "accept", "contract")
    inspection = drawn(town.world, "joint", BUREAU)
    frame, script = tmp_path / "frame.json", tmp_path / "draw.py"
    frame.write_bytes(frame_file(inspection))
    [text] = SCRIPT.findall((ROOT / "functions/inspections/README.md").read_text())
    script.write_text(text)
    words = [sys.executable, str(script), str(frame), inspection["seed"], str(inspection["sample_size"])]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    assert lines == [
        " ".join((each["party"], each["member_uscc"], *each["order_ids"])) for each in inspection["checks"]
    ]
    assert sorted(lines) == sorted(
        [f"agency {town.agency.uscc} {running['order_id']}", f"enterprise {town.enterprise.uscc} {order['order_id']}"]
    )
    assert hashlib.sha256(frame.read_bytes()).hexdigest() == inspection["frame_sha256"]


def tampered_file(inspection: Json) -> None:
    """Somebody counts a member of the stored frame twice."""
    frame = json.loads(frame_file(inspection))
    frame["members"][0]["weight"] = 2
    place = f"inspections/{inspection['inspection_id']}/frame-{inspection['frame_sha256']}.json"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=place, Body=json.dumps(frame).encode())


def deleted_file(inspection: Json) -> None:
    place = f"inspections/{inspection['inspection_id']}/frame-{inspection['frame_sha256']}.json"
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=place)


def other_size(inspection: Json) -> None:
    """Somebody says afterwards that fewer were to be drawn."""
    record = keys.inspection(inspection["inspection_id"])
    transact([update_write("inspection", record, "SET #sample_size = :size", None, size=1)])


@pytest.mark.clause("§5.1")
@pytest.mark.parametrize(
    ("tamper", "differences"),
    [
        (None, []),
        (tampered_file, ["frame_changed"]),
        (deleted_file, ["frame_missing"]),
        (other_size, ["sample_differs"]),
    ],
)
def test_whoever_reads_an_inspection_and_the_night_see_that_its_draw_does_not_agree(
    completed: Scene,
    tamper: Callable[[Json], None] | None,
    differences: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    town, _ = completed
    town.advance(town.order(contract_fen=60_000, voucher_fen=40_000), "accept", "contract")
    inspection = drawn(town.world, "joint", BUREAU)
    assert inspection["differences"] == []
    if tamper:
        tamper(inspection)
    assert town.shown(f"/inspections/{inspection['inspection_id']}", BUREAU)["differences"] == differences
    night = function("verify_audit").handler({}, None)
    changed = {inspection["inspection_id"]: tuple(differences)} if differences else {}
    assert night["draws"] == changed
    [line] = [line for line in capsys.readouterr().out.splitlines() if "DrawsChanged" in line]
    assert json.loads(line)["DrawsChanged"] == len(changed)


@pytest.mark.clause("§5.1.1")
def test_a_frame_has_only_active_agencies_with_running_orders_of_the_filters(running: Town) -> None:
    world = running.world
    steps.expect(running.place(contract_fen=60_000, voucher_fen=40_000), 201)  # nobody accepted it yet
    inspection = drawn(world, category="tech_innovation", placed_from=TODAY.isoformat())
    assert (inspection["frame_size"], inspection["drawn_size"], inspection["sample_size"]) == (1, 1, 5)
    [member] = json.loads(frame_file(inspection))["members"]
    assert (member["uscc"], len(member["order_ids"])) == (running.agency.uscc, 1)
    assert inspection["filters"]["category"] == "tech_innovation"
    for empty in ({"category": "hr"}, {"placed_to": "2026-06-14"}, {"year": 2027}, {"kind": "satisfaction"}):
        no = draw(world, **{"kind": "daily", **empty})
        assert (no.status, no.code) == (409, "FRAME_EMPTY"), empty


@pytest.mark.clause("§5.1.1")
def test_whoever_was_removed_is_in_no_new_frame_and_is_dropped_from_the_old_one(running: Town) -> None:
    inspection = drawn(running.world)
    remove_agency(running)
    assert draw(running.world, key="later").code == "FRAME_EMPTY"
    [check] = inspection["checks"]
    dropped = steps.expect(act(running.world, OPERATOR, check, "drop", {"reason": "机构已被清退"}), 200)
    assert (dropped["state"], dropped["drop_reason"]) == ("dropped", "机构已被清退")
    path = f"/inspections/{inspection['inspection_id']}"
    assert [each["state"] for each in running.shown(path)["checks"]] == ["dropped"]


@pytest.mark.clause("§5.1.1")
def test_a_redraw_names_the_earlier_one_and_leaves_it_as_it_was(running: Town) -> None:
    first = drawn(running.world, seed="一")
    again = {"redraw_of": first["inspection_id"], "redraw_reason": "原对象停业"}
    second = drawn(running.world, seed="二", key="again", **again)
    assert (second["redraw_of"], second["redraw_reason"]) == (first["inspection_id"], "原对象停业")
    kept = running.shown(f"/inspections/{first['inspection_id']}")
    assert {**kept, "frame_url": ""} == {**first, "frame_url": ""}
    for key, wrong in {"a": {"redraw_of": "ins_none", "redraw_reason": "无"}, "b": {"redraw_of": "ins_none"}}.items():
        assert draw(running.world, key=key, **wrong).code == "MALFORMED"
    assert draw(running.world, "joint", BUREAU, key="other", **again).code == "MALFORMED"


@pytest.mark.clause("§5.1.1")
def test_the_same_draw_sent_twice_is_one_and_a_seed_by_chance_is_recorded(running: Town) -> None:
    first = draw(running.world, key="k", seed=None)
    second = draw(running.world, key="k", seed=None)
    assert (first.status, second.status, second.headers["idempotent-replay"]) == (201, 200, "true")
    assert second.body["checks"] == first.body["checks"]
    assert re.fullmatch(r"[0-9a-f]{32}", first.body["seed"])
    assert draw(running.world, key="k").code == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.clause("§5.1.1")
def test_a_draw_beyond_its_bound_is_refused_and_says_what_to_do(running: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The orders of all states together, not of each."""
    running.advance(running.order(contract_fen=60_000, voucher_fen=40_000), "accept", "contract", "deliver")
    monkeypatch.setattr(edge, "FRAME_ORDERS", 1)
    no = draw(running.world)
    assert (no.status, no.code) == (422, "FRAME_TOO_LARGE")
    assert "placed_from" in no.body["detail"]


@pytest.mark.clause("§5.1.1")
def test_two_inspectors_stand_for_a_check_before_its_agency_hears_of_it(running: Town) -> None:
    world, path = running.world, f"/checks?agency_uscc={running.agency.uscc}"
    [check] = drawn(world)["checks"]
    assert running.shown(path, SELLER)["items"] == []
    assert world.call(SELLER, "GET", f"/checks/{check['check_id']}").code == "NOT_FOUND"
    steps.expect(report(world, check, "rectify", note="内部备注"), 200)
    assert running.shown(path, SELLER)["items"] == []
    assert act(world, SELLER, check, "statement", {"text": "?"}).code == "NOT_FOUND"
    assert countersign(world, check, OPERATOR).code == "FOUR_EYES"
    with relayed(keys.check(check["check_id"])):
        signed = steps.expect(countersign(world, check), 200)
    assert (signed["state"], signed["rectify_by"]) == ("rectifying", "2026-06-30")
    [seen] = running.shown(path, SELLER)["items"]
    assert (seen["report"]["finding_text"], seen["report"]["note"]) == ("台账不全", None)
    assert "检查发现需要整改的问题，请在期限内整改并提交说明。" in subjects(world, SELLER)


@pytest.mark.clause("§5.1.1")
def test_a_report_that_the_other_inspector_returns_is_made_anew(running: Town) -> None:
    [check] = drawn(running.world)["checks"]
    steps.expect(report(running.world, check), 200)
    back = steps.expect(countersign(running.world, check, decision="return"), 200)
    assert (back["state"], back["return_reason"]) == ("drawn", "已现场核对")
    again = steps.expect(report(running.world, check, "lead", OPERATOR_TWO), 200)
    assert (again["state"], again["return_reason"]) == ("reported", None)
    assert steps.expect(countersign(running.world, check, OPERATOR), 200)["state"] == "referred"


@pytest.mark.clause("§5.1.1")
def test_what_is_put_right_is_closed_and_what_is_not_goes_to_the_bureau(
    running: Town, stopped_clock: StoppedClock
) -> None:
    world = running.world
    [first], [second] = (drawn(world, key=key)["checks"] for key in "ab")
    for check in (first, second):
        found(world, check, "rectify")
    late = {"rectified": False, "reason": "未整改"}
    assert act(world, OPERATOR, first, "follow-up", late).code == "TOO_EARLY"
    answered = steps.expect(act(world, SELLER, first, "statement", {"text": "已补齐台账"}), 200)
    assert (answered["state"], answered["statement"]) == ("answered", "已补齐台账")
    assert act(world, SELLER, first, "statement", {"text": "再说"}).code == "ALREADY_EXISTS"
    closed = steps.expect(act(world, OPERATOR, first, "follow-up", {"rectified": True, "reason": "台账齐全"}), 200)
    assert (closed["state"], closed["closed_at"] is None) == ("closed", False)
    stopped_clock.instant = NOW.replace(month=7, day=1)
    assert steps.expect(act(world, OPERATOR, second, "follow-up", late), 200)["state"] == "referred"


@pytest.mark.clause("§5.1.1")
def test_a_member_of_whom_is_inspected_does_not_inspect(completed: Scene) -> None:
    """By rule, and by the write itself if the rule did not look; of an enterprise's answers neither side."""
    town, _ = completed
    [check] = drawn(town.world, "satisfaction")["checks"]
    for person in (OWNER, SELLER):
        member = Person(person.name, "platform")
        assert report(town.world, check, person=member).code == "FOUR_EYES"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(function("checks"), "check_four_eyes", lambda *_, **__: None)
            assert report(town.world, check, person=member).code == "CHANGED_MEANWHILE"
    steps.expect(report(town.world, check), 200)


@pytest.mark.clause("§5.1.1")
@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"checklist": None}, "checklist", "missing"),
        ({"satisfaction": CALL["satisfaction"]}, "satisfaction", "not_allowed"),
        ({"place": None}, "place", "missing"),
        ({"happened_at": "2026-06-14T00:00:00Z"}, "happened_at", "out_of_range"),
        ({"happened_at": "2026-06-16T00:00:00Z"}, "happened_at", "out_of_range"),
        ({"finding": "lead"}, "finding_text", "missing"),
        ({"rectify_by": "2026-06-20"}, "rectify_by", "not_allowed"),
        ({"finding": "rectify", "finding_text": "缺", "rectify_by": "2026-06-14"}, "rectify_by", "out_of_range"),
        ({"finding": "lead", "finding_text": "疑", "hold_order_ids": ["o_1"]}, "hold_order_ids", "not_allowed"),
        ({"finding": "rectify", "finding_text": "缺", "hold_order_ids": ["o_1"]}, "hold_order_ids", "unknown"),
    ],
)
def test_a_report_that_does_not_fit_its_check_is_refused(running: Town, changes: Json, field: str, code: str) -> None:
    [check] = drawn(running.world)["checks"]
    no = act(running.world, OPERATOR, check, "report", {**VISIT, "finding": "none", **changes})
    assert (no.code, [(each["field"], each["code"]) for each in no.body["errors"]]) == ("MALFORMED", [(field, code)])


@pytest.mark.clause("§5.1.1")
def test_a_report_names_photos_that_are_there_and_they_stay(running: Town) -> None:
    inspection = drawn(running.world)
    path, [check] = f"/inspections/{inspection['inspection_id']}", inspection["checks"]
    photo = DocumentFile("photo", "现场.jpg", "image/jpeg", jpeg("现场"))
    document_id = steps.announce_and_upload(running.world, OPERATOR, path, photo)
    assert report(running.world, check, document_ids=["d_none"]).code == "DOCUMENT_NOT_UPLOADED"
    steps.expect(report(running.world, check, document_ids=[document_id]), 200)
    [kept] = running.shown(f"{path}/documents")["items"]
    assert (kept["state"], kept["kind"]) == ("accepted", "photo")


@pytest.mark.clause("§5.1.2")
def test_an_agency_does_not_learn_whose_answers_stand_beside_the_rating(
    completed: Scene,
) -> None:
    town, order = completed
    steps.expect(town.act(OWNER, order, "rating", {"score": 2, "comment": "一般"}), 200)
    [check] = drawn(town.world, "satisfaction")["checks"]
    assert (check["order_ids"], check["agency_uscc"]) == ([order["order_id"]], town.agency.uscc)
    missed = {"way": "phone", "reached": False, "phone": "0578-2091234", "note": "无人接听"}
    tried = steps.expect(act(town.world, OPERATOR, check, "attempts", missed), 200)
    assert (tried["attempts"][0]["phone"], tried["state"]) == ("057****34", "drawn")
    said = steps.expect(report(town.world, check, spoken_to="王经理"), 200)
    assert (said["state"], said["rated_score"], said["satisfaction_tenths"]) == ("closed", 2, 42)
    [listed] = town.shown("/checks?kind=satisfaction")["items"]
    assert listed["report"]["spoken_to"] == "王**"
    text = json.dumps(
        [
            town.shown(path, SELLER)
            for path in (f"/checks?agency_uscc={town.agency.uscc}", f"/checks/{check['check_id']}")
        ],
        ensure_ascii=False,
    )
    assert '"satisfaction_tenths": 42' in text
    answers = f'"as_agreed": {CALL["satisfaction"]["as_agreed"]}'
    assert answers in json.dumps(town.shown(f"/checks/{check['check_id']}"))
    for secret in (town.enterprise.uscc, town.enterprise.name, order["order_id"], "王经理", "无人接听", "057", answers):
        assert secret not in text


@pytest.mark.clause("§5.1.2")
def test_an_order_rated_low_gives_its_enterprise_two_tickets(completed: Scene) -> None:
    town, order = completed
    assert [each["weight"] for each in json.loads(frame_file(drawn(town.world, "satisfaction")))["members"]] == [1]
    steps.expect(town.act(OWNER, order, "rating", {"score": 2, "comment": "差"}), 200)
    low = drawn(town.world, "satisfaction", key="low")
    assert [each["weight"] for each in json.loads(frame_file(low))["members"]] == [2]


@pytest.mark.clause("§5.1.3")
def test_the_bureau_concludes_the_joint_inspection_and_finance_signs_it(running: Town) -> None:
    world = running.world
    assert draw(world, "joint").code == "ROLE_REQUIRED"
    inspection = drawn(world, "joint", BUREAU)
    path, [check] = f"/inspections/{inspection['inspection_id']}", inspection["checks"]
    assert report(world, check).code == "ROLE_REQUIRED"
    end = {"conclusion": "总体合规"}
    no = world.call(BUREAU, "POST", f"{path}/conclude", end)
    assert (no.code, no.body["errors"][0]["field"]) == ("CHECKS_OPEN", check["check_id"])
    steps.expect(report(world, check, person=BUREAU), 200)
    steps.expect(countersign(world, check, FINANCE), 200)
    for person in (OPERATOR, FINANCE):
        assert world.call(person, "POST", f"{path}/conclude", end).code == "ROLE_REQUIRED"
    assert world.call(FINANCE, "POST", f"{path}/sign").code == "WRONG_STATE"
    both = Person("both", "bureau,finance")
    steps.expect(world.call(both, "POST", f"{path}/conclude", end), 200)
    assert world.call(both, "POST", f"{path}/sign").code == "FOUR_EYES"
    kinds = [each["kind"] for each in running.shown("/tasks?role=finance", FINANCE)["items"]]
    assert "sign_inspection" in kinds
    signed = steps.expect(world.call(FINANCE, "POST", f"{path}/sign"), 200)
    assert (signed["state"], signed["signed_by"]) == ("signed", FINANCE.name)


@pytest.mark.clause("§5.1.3")
def test_a_year_without_a_joint_inspection_is_a_task_of_bureau_and_finance(
    completed: Scene, stopped_clock: StoppedClock
) -> None:
    town, _ = completed

    def due(person: Person) -> list[tuple[str, bool]]:
        items = town.shown(f"/tasks?role={person.role}&kind=inspect_jointly", person)["items"]
        return [(each["due_on"], each["overdue"]) for each in items]

    assert due(BUREAU) == due(OPERATOR) == []
    stopped_clock.instant = NOW.replace(month=11)
    assert due(BUREAU) == due(FINANCE) == [("2026-12-31", False)]
    inspection = drawn(town.world, "joint", BUREAU)
    [check] = inspection["checks"]
    stopped_clock.instant = NOW.replace(year=2027, month=1)
    assert due(FINANCE) == [("2026-12-31", True)]
    steps.expect(act(town.world, BUREAU, check, "drop", {"reason": "已注销"}), 200)
    path = f"/inspections/{inspection['inspection_id']}"
    steps.expect(town.world.call(BUREAU, "POST", f"{path}/conclude", {"conclusion": "合规"}), 200)
    assert due(BUREAU) == [("2026-12-31", True)]
    steps.expect(town.world.call(FINANCE, "POST", f"{path}/sign"), 200)
    assert due(BUREAU) == due(FINANCE) == []


def told(town: Town, person: Person, words: str, *nights: datetime, clock: StoppedClock) -> list[str]:
    """What an inbox has with these words after some nights."""
    for night in nights:
        sweep_night(clock, night)
        drain("notify")
    items = town.shown(f"/inbox?role={person.role}", person)["items"]
    return sorted(each["subject"] for each in items if words in each["subject"])


@pytest.mark.clause("§5.1.3")
def test_bureau_and_finance_are_told_that_the_joint_inspection_is_due_and_overdue(
    running: Town, stopped_clock: StoppedClock
) -> None:
    near = "2026年度联合检查尚未完成，须于2026-12-31前（含当日）完成并会签，请安排。"
    over = "2026年度联合检查尚未完成，已于2026-12-31到期，请尽快开展并会签。"
    # a joint inspection that is drawn, and not signed, changes nothing
    drawn(running.world, "joint", BUREAU)
    for days, expected in (((10, 1), []), ((10, 2), [near]), ((10, 3), [near]), ((12, 31), [near])):
        night = datetime(2026, *days, 0, 5, tzinfo=SHANGHAI)
        for person in (BUREAU, FINANCE):
            assert told(running, person, "联合检查尚未", night, clock=stopped_clock) == expected, night
    nights = [datetime(2027, 1, day, 0, 5, tzinfo=SHANGHAI) for day in (1, 2, 9)]
    for person in (BUREAU, FINANCE):
        assert told(running, person, "联合检查尚未", *nights, clock=stopped_clock) == sorted([near, over])
    assert told(running, OPERATOR, "联合检查尚未", clock=stopped_clock) == []


@pytest.mark.clause("§5.1.1")
def test_inspectors_are_told_of_a_check_not_carried_out_and_of_what_is_not_put_right(
    running: Town, stopped_clock: StoppedClock
) -> None:
    lazy, done = drawn(running.world, key="a")["checks"][0], drawn(running.world, key="b")["checks"][0]
    assert lazy["carry_out_by"] == "2026-07-15"
    found(running.world, done, "rectify", rectify_by="2026-07-20")
    task = "待办：实施检查或回访，"
    near, over = f"{task}截至2026-07-15，请及时办理。", f"{task}已于2026-07-15到期，请尽快办理。"
    wrong = "检查整改期限2026-07-20已过，服务机构尚未答复，请跟进。"
    for day, expected in ((13, []), (14, [near]), (15, [near]), (16, [over, near]), (20, [over, near])):
        night = datetime(2026, 7, day, 0, 5, tzinfo=SHANGHAI)
        assert told(running, OPERATOR, task, night, clock=stopped_clock) == sorted(expected), day
        assert told(running, OPERATOR, "整改期限", clock=stopped_clock) == []
    nights = [datetime(2026, 7, day, 0, 5, tzinfo=SHANGHAI) for day in (21, 22)]
    assert told(running, OPERATOR, "整改期限", *nights, clock=stopped_clock) == [wrong]


@pytest.mark.clause("§5.1.1")
def test_whoever_decides_on_a_renewal_sees_what_inspections_found(running: Town) -> None:
    first, second = drawn(running.world, key="a")["checks"][0], drawn(running.world, key="b")["checks"][0]
    found(running.world, first, "rectify")
    steps.expect(report(running.world, second), 200)
    shown = running.shown(f"/agencies/{running.agency.uscc}")["checks"]
    assert [(each["check_id"], each["finding"], each["state"]) for each in shown] == [
        (first["check_id"], "rectify", "rectifying")
    ]


@pytest.mark.clause("§5.1.3")
def test_an_inspection_of_another_kind_is_not_signed(running: Town) -> None:
    inspection = drawn(running.world)
    found(running.world, inspection["checks"][0], "none")
    path = f"/inspections/{inspection['inspection_id']}"
    steps.expect(running.world.call(OPERATOR, "POST", f"{path}/conclude", {"conclusion": "合规"}), 200)
    assert running.world.call(FINANCE, "POST", f"{path}/sign").code == "WRONG_STATE"


# --- a finding holds orders ---


def held(scene: Scene) -> tuple[Settling, Json, Json]:
    """The order is handed in, and a finding holds it."""
    case, order = settling(scene), the_order(scene)
    [check] = drawn(case.town.world, "joint", BUREAU)["checks"]
    steps.expect(report(case.town.world, check, "violation", BUREAU, hold_order_ids=[order["order_id"]]), 200)
    return case, order, check


@pytest.mark.clause("§5.1.2")
@pytest.mark.clause("§5.2b")
def test_a_finding_holds_its_orders_until_the_bureau_decides(submitted: Scene) -> None:
    case, order, check = held(submitted)
    assert case.order(order)["held_by_finding"] == []
    steps.expect(countersign(case.town.world, check, FINANCE), 200)
    no = case.decide(order)
    assert (no.code, no.body["clause"]) == ("HELD", "§5.2b")
    assert check["check_id"] in no.body["errors"][0]["message"]
    assert case.line(order)["held_by_finding"] == [check["check_id"]]
    for person in (BUREAU, Person(FINANCE.name, "bureau")):
        assert (
            act(case.town.world, person, check, "decision", {"decision": "dismiss", "reason": "无"}).code == "FOUR_EYES"
        )
    no_matter = {"decision": "dismiss", "reason": "核实无误"}
    steps.expect(act(case.town.world, BUREAU_TWO, check, "decision", no_matter), 200)
    assert case.order(order)["held_by_finding"] == []
    steps.expect(case.decide(order), 200)


@pytest.mark.clause("§5.2b")
def test_no_write_overlooks_a_finding_of_the_same_moment(submitted: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule sees none, as if it had read the order just before."""
    case, order, check = held(submitted)
    steps.expect(countersign(case.town.world, check, FINANCE), 200)
    monkeypatch.setattr(holds, "check_not_held", lambda *_: None)
    monkeypatch.setattr(function("pre_reviews"), "check_not_held", lambda *_: None, raising=False)
    assert case.decide(order).code == "CHANGED_MEANWHILE"


@pytest.mark.clause("§5.2b")
def test_a_finding_that_becomes_a_violation_leaves_the_hold_to_it(submitted: Scene) -> None:
    case, order, check = held(submitted)
    world = case.town.world
    steps.expect(countersign(world, check, FINANCE), 200)
    body = {"decision": "violation", "reason": "查实"}
    assert act(world, BUREAU_TWO, check, "decision", body).code == "MALFORMED"
    breach = {"uscc": case.town.agency.uscc, "facts": "虚报", "order_ids": [order["order_id"]]}
    violation = steps.expect(world.call(BUREAU, "POST", "/violations", breach), 201)
    other = steps.expect(
        world.call(BUREAU, "POST", "/violations", {"uscc": case.town.enterprise.uscc, "facts": "转让"}, key="x"), 201
    )
    assert (
        act(world, BUREAU_TWO, check, "decision", {**body, "violation_id": other["violation_id"]}).code == "MALFORMED"
    )
    decided = steps.expect(
        act(world, BUREAU_TWO, check, "decision", {**body, "violation_id": violation["violation_id"]}), 200
    )
    assert (decided["violation_id"], decided["state"]) == (violation["violation_id"], "closed")
    kept = case.order(order)
    assert (kept["held_by_finding"], kept["held_by_violation"]) == ([], [violation["violation_id"]])
    assert case.decide(order).code == "HELD"


@pytest.mark.clause("§5.1.1")
def test_a_finding_becomes_a_lead_for_other_offices(running: Town) -> None:
    [check] = drawn(running.world)["checks"]
    found(running.world, check, "lead")
    body = {"decision": "lead", "reason": "超出职权"}
    decided = steps.expect(act(running.world, BUREAU, check, "decision", body), 200)
    [lead] = running.shown("/leads", BUREAU)["items"]
    assert (lead["lead_id"], lead["facts"], lead["uscc"]) == (decided["lead_id"], "台账不全", running.agency.uscc)


@pytest.mark.clause("§5.1.1")
def test_a_finding_holds_only_orders_of_its_agency(completed: Scene) -> None:
    town, order = completed
    [check] = drawn(town.world, "satisfaction")["checks"]
    for order_id in ("o_none",):
        no = report(town.world, check, "violation", hold_order_ids=[order_id])
        assert (no.code, no.body["errors"][0]["field"]) == ("MALFORMED", "hold_order_ids")
    assert report(town.world, check, "violation", hold_order_ids=[order["order_id"]]).status == 200


def test_a_stranger_learns_nothing_of_inspections(running: Town) -> None:
    inspection = drawn(running.world)
    for path in ("/inspections", f"/inspections/{inspection['inspection_id']}"):
        assert running.world.call(STRANGER, "GET", path).code == "ROLE_REQUIRED"


@pytest.mark.clause("§5.1.1")
@pytest.mark.parametrize(
    ("step", "body"), [("attempts", {"way": "visit", "reached": False}), ("drop", {"reason": "人去楼空"})]
)
def test_no_inspector_says_of_whom_they_act_for_that_nobody_was_found(running: Town, step: str, body: Json) -> None:
    [check] = drawn(running.world)["checks"]
    member = Person(SELLER.name, "platform")
    before = everything_kept()
    assert act(running.world, member, check, step, body).code == "FOUR_EYES"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function("checks"), "check_four_eyes", lambda *_, **__: None)
        assert act(running.world, member, check, step, body).code == "CHANGED_MEANWHILE"
    assert everything_kept() == before
    assert act(running.world, OPERATOR, check, step, body).status == 200
