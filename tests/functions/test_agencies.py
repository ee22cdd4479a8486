"""An agency on its way to approval over HTTP: ten papers, four conditions, two hands, an override with its reason."""

from typing import Any

import pytest

from infra.city.papers import agency_papers
from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person, Reply
from tests.conftest import StoppedClock
from tests.support import samples
from tests.support.backend import World
from tests.support.samples import TODAY
from tests.support.scenario import SELLER, STRANGER, Json
from tests.support.snapshots import everything_kept, staged

AGENCY = samples.agency(1)
PATH = f"/agencies/{AGENCY.uscc}"
PAPERS = tuple(agency_papers(AGENCY, TODAY))
BOTH = Person("both-hands", "platform,bureau")


def decide(world: World, step: str, decision: str = "approve", person: Person | None = None, **more: Any) -> Reply:
    """The operator's opinion (pre-review) or the bureau's word (approve)."""
    who = person or (OPERATOR if step == "pre-review" else BUREAU)
    return world.call(who, "POST", f"{PATH}/{step}", {"decision": decision, "reasons": ["已核对"], **more})


@pytest.fixture
def draft(world: World) -> World:
    """The application with its ten papers, not handed in."""

    def build() -> World:
        steps.expect(world.call(SELLER, "POST", "/agencies", AGENCY.application()), 201)
        for paper in PAPERS:
            steps.announce_and_upload(world, SELLER, PATH, paper)
        return world

    return staged("draft agency", build)


@pytest.fixture
def handed_in(world: World) -> World:
    """The application handed in."""

    def build() -> World:
        steps.apply_agency(world, SELLER, AGENCY.application(), PAPERS)
        return world

    return staged("agency handed in", build)


def hand_in_again(world: World, **changes: Any) -> None:
    """Correct a returned application and hand it in again, with its papers."""
    steps.expect(decide(world, "pre-review", "return"), 200)
    steps.expect(world.call(SELLER, "PATCH", PATH, changes), 200)
    for paper in PAPERS:
        steps.announce_and_upload(world, SELLER, PATH, paper)
    steps.expect(world.call(SELLER, "POST", f"{PATH}/submit"), 200)


@pytest.mark.clause("§3.2.1")
def test_every_missing_paper_is_named(world: World) -> None:
    steps.expect(world.call(SELLER, "POST", "/agencies", AGENCY.application()), 201)
    for paper in PAPERS[:7]:
        steps.announce_and_upload(world, SELLER, PATH, paper)
    refused = world.call(SELLER, "POST", f"{PATH}/submit")
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "DOCUMENTS_MISSING", "§3.2.1")
    assert {error["field"] for error in refused.body["errors"]} == {paper.kind for paper in PAPERS[7:]}
    announced = {"kind": "credit_commitment", "filename": "x.pdf", "content_type": "application/pdf", "size_bytes": 9}
    assert world.call(SELLER, "POST", f"{PATH}/documents", announced).code == "MALFORMED"


@pytest.mark.clause("§3.1.1")
def test_a_code_that_no_agency_has_is_refused_by_the_clause_for_agencies(world: World) -> None:
    refused = world.call(SELLER, "POST", "/agencies", {**AGENCY.application(), "uscc": "91331100MA2EFLCR5B"})
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "INVALID_USCC", "§3.1.1")
    assert [error["field"] for error in refused.body["errors"]] == ["uscc"]


def test_a_code_is_applied_for_once(handed_in: World) -> None:
    refused = handed_in.call(STRANGER, "POST", "/agencies", AGENCY.application())
    assert (refused.status, refused.code) == (409, "ALREADY_REGISTERED")
    person = {**AGENCY.application(), "uscc": "362322198709086409"}
    assert handed_in.call(SELLER, "POST", "/agencies", person).code == "INVALID_USCC"


@pytest.mark.clause("§3.2.2", "§3.2.3")
def test_the_operator_says_yes_then_the_bureau_and_it_holds_for_two_years(handed_in: World) -> None:
    early = decide(handed_in, "approve")
    assert (early.status, handed_in.call(BUREAU, "GET", PATH).body["state"]) == (409, "submitted")
    assert decide(handed_in, "pre-review").body["state"] == "pre_reviewed"
    active = decide(handed_in, "approve").body
    assert (active["state"], active["valid_until"], active["approved_by"]) == ("active", "2028-06-15", BUREAU.name)


@pytest.mark.clause("§3.2.2")
def test_nobody_takes_two_steps_of_one_application(handed_in: World) -> None:
    insider = Person(SELLER.name, "platform,bureau")
    assert decide(handed_in, "pre-review", person=insider).code == "FOUR_EYES"
    steps.expect(decide(handed_in, "pre-review", person=BOTH), 200)
    before = everything_kept()
    for person in (BOTH, insider):
        refused = decide(handed_in, "approve", person=person)
        assert (refused.status, refused.code, refused.body["clause"]) == (403, "FOUR_EYES", "§3.2.2")
    assert everything_kept() == before


def test_each_step_repeated_is_answered_as_done_and_another_is_told_so(handed_in: World) -> None:
    for step in ("pre-review", "approve"):
        first = steps.expect(decide(handed_in, step), 200)
        again = decide(handed_in, step)
        assert (again.status, again.body, again.headers["idempotent-replay"]) == (200, first, "true")
        other = decide(handed_in, step, "reject")
        assert (other.status, other.code) == (409, "ALREADY_REVIEWED")


CONDITIONS: list[tuple[Json, str, str]] = [
    ({"is_legal_person": False}, "AGENCY_NOT_LEGAL_PERSON", "§3.1.1"),
    ({"established_on": "2024-06-16"}, "AGENCY_TOO_YOUNG", "§3.1.1"),
    ({"net_profit_last_year_fen": -1}, "AGENCY_AT_LOSS", "§3.1.1"),
    ({"premises_m2": 49}, "AGENCY_PREMISES", "§3.1.2"),
    ({"has_management_system": False}, "AGENCY_MANAGEMENT", "§3.1.3"),
    ({"insured_staff": 4}, "AGENCY_STAFF", "§3.1.4"),
]


@pytest.mark.clause("§3.1.1", "§3.1.2", "§3.1.3", "§3.1.4")
def test_a_condition_that_fails_is_refused_by_its_clause_whoever_says_yes(
    draft: World, subtests: pytest.Subtests
) -> None:
    for changes, code, clause in CONDITIONS:
        with subtests.test(code):
            sound = {name: AGENCY.application()[name] for name in changes}
            steps.expect(draft.call(SELLER, "PATCH", PATH, changes), 200)
            hand_in_papers(draft)
            refused = decide(draft, "pre-review")
            assert (refused.status, refused.code, refused.body["clause"]) == (422, code, clause)
            steps.expect(decide(draft, "pre-review", "return"), 200)
            steps.expect(draft.call(SELLER, "PATCH", PATH, sound), 200)
    hand_in_papers(draft)
    assert decide(draft, "pre-review").status == 200


def hand_in_papers(world: World) -> None:
    """Hand in with all papers there."""
    for paper in PAPERS:
        steps.announce_and_upload(world, SELLER, PATH, paper)
    steps.expect(world.call(SELLER, "POST", f"{PATH}/submit"), 200)


@pytest.mark.clause("§3.1.1", "§3.1.2", "§3.1.4")
def test_exactly_on_every_bound_passes(handed_in: World) -> None:
    on_bound = {"established_on": "2024-06-15", "net_profit_last_year_fen": 0, "premises_m2": 50, "insured_staff": 5}
    hand_in_again(handed_in, **on_bound)
    assert steps.admit_agency(handed_in, AGENCY.uscc).body["state"] == "active"


@pytest.mark.clause("§3.1.1")
def test_the_bureau_overrides_with_a_reason_on_record_and_not_without(handed_in: World) -> None:
    hand_in_again(handed_in, is_legal_person=False)
    steps.expect(decide(handed_in, "pre-review", override="律师事务所"), 200)
    refused = decide(handed_in, "approve")
    assert (refused.status, refused.code) == (422, "AGENCY_NOT_LEGAL_PERSON")
    empty = decide(handed_in, "approve", override="  ")
    assert (empty.status, empty.code) == (422, "MALFORMED")
    active = steps.expect(decide(handed_in, "approve", override="市局2026年第3次会议纪要"), 200)
    assert (active["state"], active["override"]) == ("active", "市局2026年第3次会议纪要")


@pytest.mark.clause("§1.3")
def test_a_programme_that_is_only_drafted_decides_nothing_about_an_agency(world: World) -> None:
    drafted = {"year": 2026, "total_fen": 1_000_000, "policy": {"agency_min_insured_staff": 0}}
    steps.expect(world.call(BUREAU, "POST", "/programmes", drafted), 201)
    steps.apply_agency(world, SELLER, AGENCY.application() | {"insured_staff": 0}, PAPERS)
    refused = decide(world, "pre-review")
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "AGENCY_STAFF", "§3.1.4")
    steps.expect(world.call(FINANCE, "POST", "/programmes/2026/confirm"), 200)
    assert steps.admit_agency(world, AGENCY.uscc).body["state"] == "active"


@pytest.mark.clause("§3.2.3")
def test_an_approval_holds_on_its_last_day_and_not_on_the_next(handed_in: World, stopped_clock: StoppedClock) -> None:
    steps.expect(steps.admit_agency(handed_in, AGENCY.uscc), 200)
    listing = samples.product(AGENCY)
    stopped_clock.instant = stopped_clock.instant.replace(year=2028, hour=15, minute=59)
    assert handed_in.call(SELLER, "POST", "/products", listing).status == 201
    stopped_clock.instant = stopped_clock.instant.replace(hour=16, minute=0)
    refused = handed_in.call(SELLER, "POST", "/products", listing)
    assert (refused.status, refused.code, refused.body["clause"]) == (422, "AGENCY_NOT_ACTIVE", "§3.2.3")
