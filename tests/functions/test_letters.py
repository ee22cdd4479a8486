"""§5.3: what goes to the mailbox is sealed, opened by 市纪委监委 alone, and answered to whoever has the code."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from infra.client import steps
from infra.client.http import BUREAU, OPERATOR, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.support.backend import World, function, template
from tests.support.scenario import OWNER, Json, Town
from tests.support.snapshots import everything_kept
from tests.support.vault import Vault
from tests.support.workers import deliver, waiting
from voucher.policy import RETENTION, Policy
from voucher.store import letters
from voucher.store.engine import files
from voucher.store.engine.envelopes import Envelope, open_with, public_half, seal, seal_to, unseal

SAID = {"route": "mailbox", "text": "工作人员索要好处", "name": "李四", "contact": "13800001111", "order_id": "o_x"}
SECRETS = ("工作人员索要好处", "李四", "13800001111", "o_x", "198.51.100.7")
DISCIPLINE, ABOVE = Person("discipline-1", "discipline"), Person("oversight-1", "oversight")
ADMIN, FINANCE = Person("admin-1", "admin"), Person("finance-1", "finance")


def write(world: World, key: str | None = "k", **more: Any) -> Reply:
    """Somebody writes a letter, at some address."""
    return world.call(Person("198.51.100.7"), "POST", "/complaints", {**SAID, **more}, key=key)


@pytest.fixture
def receipt(world: World) -> Json:
    """A letter."""
    return steps.expect(write(world), 201)


@pytest.fixture
def path(receipt: Json) -> str:
    return f"/letters/{receipt['complaint_id']}"


def progress(world: World, receipt: Json, **more: str) -> Reply:
    body = {"letter_id": receipt["complaint_id"], "code": receipt["code"], **more}
    return world.call(None, "POST", "/mailbox/answer", body)


@pytest.mark.clause("§5.3")
def test_a_letter_is_opened_by_the_discipline_office_alone(world: World, receipt: Json, path: str) -> None:
    opened = steps.expect(world.call(DISCIPLINE, "GET", path), 200)
    assert opened["content"] == {
        "about_uscc": None,
        "attachments": [],
        **{each: SAID[each] for each in ("text", "order_id", "name", "contact")},
    }
    for person in (OPERATOR, BUREAU, ADMIN, FINANCE, OWNER, Person("all", "platform,bureau,finance,admin")):
        for method, place in (("GET", "/letters"), ("GET", path), ("POST", f"{path}/answer")):
            body = {"answer": "?"} if method == "POST" else None
            assert world.call(person, method, place, body).code == "ROLE_REQUIRED"
    assert world.call(ABOVE, "GET", path).code == "NOT_FOUND"
    assert steps.expect(world.call(ABOVE, "GET", "/letters"), 200)["items"] == []


@pytest.mark.clause("§5.3")
def test_a_letter_about_the_discipline_office_is_for_the_one_above_it(world: World) -> None:
    path = f"/letters/{write(world, accused='discipline').body['complaint_id']}"
    assert world.call(DISCIPLINE, "GET", path).code == "NOT_FOUND"
    assert steps.expect(world.call(DISCIPLINE, "GET", "/letters"), 200)["items"] == []
    assert steps.expect(world.call(ABOVE, "GET", path), 200)["content"]["text"] == SAID["text"]
    assert world.call(ABOVE, "GET", "/violations").code == "ROLE_REQUIRED", "and they read nothing else"
    refused = world.call(None, "POST", "/complaints", {"text": "?", "accused": "discipline"})
    assert refused.body["errors"][0]["field"] == "accused"


@pytest.mark.clause("§5.3")
def test_whoever_reads_letters_for_the_office_above_is_no_staff(town: Town) -> None:
    read = f"/agencies/{town.agency.uscc}"
    assert [town.world.call(person, "GET", read).code for person in (ABOVE, DISCIPLINE)] == ["NOT_FOUND", None]
    assert town.world.call(ABOVE, "GET", "/enterprises").code == "ROLE_REQUIRED"


@pytest.mark.clause("§5.3")
def test_nothing_of_a_letter_is_kept_in_clear_and_no_address_at_all(world: World, receipt: Json, path: str) -> None:
    steps.expect(world.call(DISCIPLINE, "POST", f"{path}/answer", {"answer": "已依规处理"}), 200)
    kept = str(everything_kept())
    assert [each for each in (*SECRETS, receipt["code"], "已依规处理") if each in kept] == []
    assert len(everything_kept()["mailbox"]) == 1
    table = template("infra/data.yaml")["Resources"]["MailboxTable"]["Properties"]
    assert "StreamSpecification" not in table, "nothing follows from a letter"


@pytest.mark.clause("§5.3")
def test_each_reading_leaves_that_a_letter_was_read_and_no_more(world: World, path: str) -> None:
    waiting("keep_audit")
    world.call(DISCIPLINE, "GET", path)
    [trace] = waiting("keep_audit")
    assert (trace["by"], trace["role"], trace["action"]) == (DISCIPLINE.name, "discipline", "read")
    assert trace["about"] == f"letter:{path.rpartition('/')[2]}"
    deliver("keep_audit", trace)
    assert [each for each in SECRETS if each in str(everything_kept()["audit"])] == []


@pytest.mark.clause("§5.3")
def test_whoever_has_the_code_reads_how_far_it_is_and_the_answer(world: World, receipt: Json, path: str) -> None:
    came = steps.expect(progress(world, receipt), 200)
    assert (came["state"], came["received_on"], came["answer"]) == ("received", "2026-06-15", None)
    over = {"number": "2026-信-7", "to": "第一监督检查室"}
    shown = [world.call(DISCIPLINE, "POST", f"{path}/hand-over", over) for _ in range(2)]
    assert [each.status for each in shown] == [200, 200] and shown[0].body["handed_over"]["number"] == "2026-信-7"
    assert world.call(DISCIPLINE, "POST", f"{path}/hand-over", {**over, "to": "别处"}).code == "ALREADY_EXISTS"
    assert progress(world, receipt).body["state"] == "handed_over"
    said = [world.call(DISCIPLINE, "POST", f"{path}/answer", {"answer": "已依规处理"}) for _ in range(2)]
    assert [each.status for each in said] == [200, 200]
    assert world.call(DISCIPLINE, "POST", f"{path}/answer", {"answer": "另一答复"}).code == "ALREADY_EXISTS"
    end = steps.expect(progress(world, receipt), 200)
    assert (end["state"], end["answer"], end["answered_on"]) == ("answered", "已依规处理", "2026-06-15")
    assert progress(world, receipt, code="K7Q2M9XW4TRB5HAZ2CVN6DJE").code == "NOT_FOUND"
    assert progress(world, receipt, letter_id="ml_unknown").code == "NOT_FOUND"


@pytest.mark.clause("§5.3")
def test_the_same_call_with_its_key_is_one_letter_with_one_code(world: World) -> None:
    one, again, other = write(world), write(world), write(world, "another")
    assert (one.status, again.status, other.status) == (201, 200, 201)
    assert one.body == again.body and one.body["code"] != other.body["code"]
    assert len(everything_kept()["mailbox"]) == 2


@pytest.mark.clause("§5.1", "§5.3")
def test_the_usage_report_has_their_number_of_the_months_that_are_over_and_no_more(
    town: Town, stopped_clock: StoppedClock
) -> None:
    def counted() -> int:
        return int(town.shown("/reports/2026/usage", BUREAU)["letters"])

    for key in ("a", "a", "b"):
        write(town.world, key)
    assert counted() == 0, "whoever looks twice would learn when a letter came"
    stopped_clock.instant += timedelta(days=31)
    assert counted() == 2
    write(town.world, "c")
    assert counted() == 2
    stopped_clock.instant += timedelta(days=200)
    assert counted() == 3, "in the next year it is what the yearly file has"
    assert letters.find_count(2026) == 3 and letters.find_count(2027) == 0
    shown = str(town.shown("/reports/2026/usage", BUREAU))
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.clause("§5.3")
def test_a_crowd_of_letters_is_asked_for_effort(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Policy.model_validate({**function("complaints").policy_today().model_dump(), "notice_objections_per_hour": 2})
    monkeypatch.setattr(function("complaints"), "policy_today", lambda: few)
    assert [write(world, str(each)).status for each in range(3)] == [201, 201, 429]
    proof = steps.proof_of_effort(write(world, "2").body["effort"])
    assert write(world, "2", effort=proof).status == 201


@pytest.mark.clause("§5.3")
def test_a_letter_is_deleted_unread_when_its_time_is_over(
    world: World, receipt: Json, stopped_clock: StoppedClock
) -> None:
    for days, left in ((RETENTION.letter_days - 1, 1), (RETENTION.letter_days, 0)):
        stopped_clock.instant = NOW + timedelta(days=days)
        function("retention").work({"task": "letter", "instant": stopped_clock.instant.isoformat()})
        assert len(everything_kept()["mailbox"]) == left


@pytest.mark.clause("§5.3")
def test_attachments_are_sealed_by_the_bucket_and_go_with_the_letter(world: World, stopped_clock: StoppedClock) -> None:
    kinds = ["application/pdf", "image/png"]
    first, again = (write(world, attachments=kinds).body for _ in range(2))
    uploads, path = first["uploads"], f"/letters/{first['complaint_id']}"
    assert [each["fields"]["key"] for each in again["uploads"]] == [each["fields"]["key"] for each in uploads]
    for each in uploads:
        assert each["fields"]["x-amz-server-side-encryption"] == "aws:kms"
        assert each["fields"]["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1"
    world.upload(uploads[0], b"%PDF-1.7 photo of a receipt")
    world.upload(uploads[1], b"no picture at all")
    [link] = steps.expect(world.call(DISCIPLINE, "GET", path), 200)["attachments"]
    assert f"mailbox/{first['complaint_id']}/1" in link
    refused = world.call(None, "POST", "/complaints", {"text": "?", "attachments": kinds})
    assert refused.body["errors"][0]["field"] == "attachments"
    stopped_clock.instant = NOW + timedelta(days=RETENTION.letter_days)
    function("retention").work({"task": "letter", "instant": stopped_clock.instant.isoformat()})
    assert files.find_content(f"mailbox/{first['complaint_id']}/1") is None


@pytest.mark.clause("§5.3")
def test_two_answers_at_once_are_one(world: World, path: str) -> None:
    letter = letters.get(path.rpartition("/")[2])
    steps.expect(world.call(DISCIPLINE, "POST", f"{path}/answer", {"answer": "一"}), 200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(letters, "get", lambda _: letter)
        assert world.call(DISCIPLINE, "POST", f"{path}/answer", {"answer": "二"}).code == "CHANGED_MEANWHILE"


@pytest.mark.clause("§5.3")
def test_what_is_sealed_opens_for_its_letter_and_its_code_alone() -> None:
    sealed, other = seal("密", "ml_1"), seal("密", "ml_2")
    assert unseal(sealed, "ml_1") == "密" and sealed.text != other.text
    with pytest.raises(Vault.InvalidCiphertextError):
        unseal(sealed, "ml_2")
    with pytest.raises(InvalidTag):
        unseal(Envelope(other.text, sealed.key), "ml_1")
    answer = seal_to(public_half("CODE"), "答", "ml_1")
    assert open_with("co-de", answer, "ml_1") == "答"
    for code, letter_id in (("CODX", "ml_1"), ("CODE", "ml_2")):
        with pytest.raises(InvalidTag):
            open_with(code, answer, letter_id)
