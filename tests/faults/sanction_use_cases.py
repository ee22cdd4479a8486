"""Use cases for the faults: a disqualification, what it makes void, a removal, and how each is taken back."""

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, OPERATOR, OPERATOR_TWO
from tests.conftest import StoppedClock
from tests.faults.order_use_cases import place_uncontracted_order
from tests.faults.services import receive_all
from tests.faults.use_case import Json, UseCase, deliver_to_worker, list_entries, post
from tests.races import sanctions, seed_data, tables
from tests.races.claim_scenario import CLAIMANT, YES, forwarded_claim
from tests.races.complaint_scenario import NOT_TRUE, accepted_complaint
from tests.races.inspections import AGREE, reported_check
from tests.races.order_parties import seed_parties
from tests.races.seed_data import QUOTA_FEN
from tests.support.backend import World
from voucher.models.changes import Change
from voucher.models.complaints import Complaint
from voucher.models.documents import Document
from voucher.models.entitlements import Entitlement
from voucher.models.letters import Letter
from voucher.models.orders import Order
from voucher.models.vouchers import Voucher
from voucher.rules.complaints import opened_by
from voucher.rules.letters import opened_by as letter_opened_by
from voucher.store import complaints, keys, organisations


def disqualification(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    sanctions.propose(parties)

    def check(answer: Json) -> None:
        assert (answer["state"], answer["sanction"]["decision"]) == ("disqualified", "approve")
        [entitlement] = tables.list_records(Entitlement, "vouchers", "ENTITLEMENT")
        assert (entitlement.qualified, entitlement.refusals[0]) == (False, "DISQUALIFIED")

    return UseCase(post(world, BUREAU, f"{sanctions.path_of(parties)}/disqualify/approve", sanctions.APPROVE), check)


def void_enterprise(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    contracted_id, uncontracted_id = parties.accept_order(300_000), place_uncontracted_order(parties)
    sanctions.disqualify(parties)
    message = {"task": "void_enterprise", "uscc": parties.enterprise.uscc, "message_id": "m-1"}

    def check(_: Json) -> None:
        assert {each.order_id: each.state for each in tables.list_records(Order, "orders", "RECORD")} == {
            contracted_id: "accepted",
            uncontracted_id: "cancelled",
        }
        assert {each["about"] for each in receive_all("notify")} == {f"order:{contracted_id}"}
        [voucher] = tables.list_records(Voucher, "vouchers", "VOUCHER#")
        assert (voucher.state, voucher.balance_fen) == ("void", 0)
        assert list_entries() == ["appropriate", "hold", "hold", "lapse", "lapse", "release", "release"]

    return UseCase(deliver_to_worker(message), check, queue="notify")


def restoration(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    parties.accept_order(300_000)
    place_uncontracted_order(parties)
    sanctions.disqualify(parties)
    sanctions.void(parties)

    def check(answer: Json) -> None:
        assert (answer["state"], answer["sanction"]["restored_by"]) == ("approved", BUREAU_TWO.name)
        [entitlement] = tables.list_records(Entitlement, "vouchers", "ENTITLEMENT")
        given_back = entitlement.restored_fen, entitlement.left_fen
        assert (entitlement.qualified, given_back) == (True, (QUOTA_FEN - 300_000, QUOTA_FEN - 300_000))
        assert list_entries() == ["appropriate", "hold", "hold", "lapse", "lapse", "release", "release"]

    return UseCase(post(world, BUREAU_TWO, f"{sanctions.path_of(parties)}/restore", {"reason": "复查有误"}), check)


def adoption(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    path = f"{sanctions.path_of(parties)}/changes"
    body = {"happened_on": "2026-06-10", "description": "更名", "facts": {"name": "新名", "district": "liandu"}}
    change = steps.expect(world.call(parties.enterprise.person, "POST", path, body), 201)

    def check(answer: Json) -> None:
        assert (answer["state"], answer["facts"][0]["approved"] == "新名") == ("adopted", False)
        enterprise = organisations.get_enterprise(parties.enterprise.uscc)
        assert (enterprise.name, enterprise.district, enterprise.facts_before["name"]) == (
            "新名",
            "liandu",
            answer["facts"][0]["approved"],
        )
        [entitlement] = tables.list_records(Entitlement, "vouchers", "ENTITLEMENT")
        assert "district.liandu" in entitlement.groups

    return UseCase(post(world, OPERATOR, f"{path}/{change['change_id']}/review", {"decision": "adopt"}), check)


def report_with_a_paper(world: World, clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    uscc, facts = parties.enterprise.uscc, {"filename": "f", "content_type": "application/pdf", "size_bytes": 1}
    paper = Document(
        document_id="d_1",
        owner=f"enterprises/{uscc}",
        kind="change_evidence",
        object_key="evidence",
        created_at=clock.instant,
        uploaded_by=parties.enterprise.person.name,
        **facts,
    )
    seed_data.write_records((keys.enterprise(uscc, "DOCUMENT#d_1"), paper))
    body = {"happened_on": "2026-06-10", "description": "更名", "document_ids": ["d_1"]}

    def check(answer: Json) -> None:
        [change] = tables.list_records(Change, "registry", "CHANGE#")
        [document] = tables.list_records(Document, "registry", "DOCUMENT#")
        assert (answer["change_id"], change.document_ids) == (change.change_id, ("d_1",))
        assert (document.checked, document.object_key) == (True, f"documents/enterprises/{uscc}/d_1")

    return UseCase(post(world, parties.enterprise.person, f"{sanctions.path_of(parties)}/changes", body), check)


def approved_claim(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    path = forwarded_claim(world, parties.enterprise)

    def check(answer: Json) -> None:
        assert answer["state"] == "approved"
        assert organisations.get_enterprise(parties.enterprise.uscc).members == {CLAIMANT.name}
        [entitlement] = tables.list_records(Entitlement, "vouchers", "ENTITLEMENT")
        assert entitlement.members == {CLAIMANT.name}
        ended = {
            item["sk"].removeprefix("MEMBER#"): "ended_at" in item for item in tables.list_items("registry", "MEMBER#")
        }
        assert ended[parties.enterprise.person.name] and not ended[CLAIMANT.name]

    return UseCase(post(world, BUREAU, f"{path}/decision", YES), check)


def complaint(world: World, _clock: StoppedClock) -> UseCase:
    said = {"text": "服务与约定不符", "about_uscc": seed_parties(world).agency.uscc}

    def check(answer: Json) -> None:
        [kept] = tables.list_records(Complaint, "supervision", "RECORD")
        assert (answer["complaint_id"], kept.state) == (kept.complaint_id, "received")
        assert opened_by(kept, answer["code"]) == kept, "each repetition tells the code"
        assert {each["count"] for each in tables.list_items("supervision", "RATE#")} == {1}

    return UseCase(lambda: world.call(None, "POST", "/complaints", said, key="one"), check)


def letter(world: World, _clock: StoppedClock) -> UseCase:
    seed_parties(world)
    said = {"text": "索要好处", "route": "mailbox"}

    def check(answer: Json) -> None:
        [kept] = tables.list_records(Letter, "mailbox", "RECORD")
        assert (answer["complaint_id"], kept.version) == (kept.letter_id, 1)
        assert letter_opened_by(kept, answer["code"]) == kept, "each repetition tells the code"
        assert {each["count"] for each in tables.list_items("supervision", "RATE#")} == {1}

    return UseCase(lambda: world.call(None, "POST", "/complaints", said, key="one"), check)


def answered_complaint(world: World, _clock: StoppedClock) -> UseCase:
    parties, path = accepted_complaint(world)

    def check(answer: Json) -> None:
        assert (answer["state"], answer["version"]) == ("answered", 3)
        assert complaints.find_counts(parties.agency.uscc).unsubstantiated == 1

    return UseCase(post(world, OPERATOR, f"{path}/reply", NOT_TRUE), check)


def removal(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    sanctions.propose_removal(parties)

    def check(answer: Json) -> None:
        assert answer["state"] == "removed"
        assert len(tables.list_items("settlements", "RECORD")) == len(tables.list_items("supervision", "RECORD")) == 1

    return UseCase(post(world, BUREAU, f"/agencies/{parties.agency.uscc}/removal/approve", sanctions.APPROVE), check)


def finding_that_holds(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    order_id = parties.complete_order(100_000)
    path = reported_check(parties.agency.uscc, order_id)

    def check(answer: Json) -> None:
        assert answer["state"] == "referred"
        [order] = tables.list_records(Order, "orders", "RECORD")
        assert order.held_by_finding == (answer["check_id"],)

    return UseCase(post(world, OPERATOR_TWO, f"{path}/countersign", AGREE), check)


def restoration_of_an_agency(world: World, _clock: StoppedClock) -> UseCase:
    parties = seed_parties(world)
    sanctions.propose_removal(parties)
    path = f"/agencies/{parties.agency.uscc}"
    steps.expect(world.call(BUREAU, "POST", f"{path}/removal/approve", sanctions.APPROVE), 200)

    def check(answer: Json) -> None:
        assert (answer["state"], answer["sanction"]["restored_by"]) == ("active", BUREAU_TWO.name)
        assert len(tables.list_items("settlements", "RECORD")) == 2

    return UseCase(post(world, BUREAU_TWO, f"{path}/restore", {"reason": "复查有误"}), check)


SANCTION_USE_CASES = {
    "§4.1.3": [disqualification, void_enterprise, restoration, report_with_a_paper, adoption],
    "§4.1.1": [approved_claim],
    "§5.3": [complaint, letter, answered_complaint],
    "§3.4.1": [removal, restoration_of_an_agency],
    "§5.1.1": [finding_that_holds],
}
