"""What the erasing writes hold by themselves, were the facts they were decided on wrong."""

import pytest

from tests.conftest import StoppedClock
from tests.store.test_conditions import tamper
from tests.support.backend import World
from tests.support.retention_scenario import APPLICANT, draft_of_an_enterprise, registration
from tests.support.scenario import SELLER, Town
from tests.support.snapshots import everything_kept
from voucher.models.base import Mark
from voucher.models.documents import Document
from voucher.rules import retention
from voucher.store import documents, keys, organisations
from voucher.store.engine.reading import read_partition

USCC = str(registration()["uscc"])


def the_draft(world: World, clock: StoppedClock) -> tuple[organisations.Organisation, Document]:
    """A draft, and its one paper."""
    draft_of_an_enterprise(world, clock)
    found = organisations.find("enterprise", USCC, APPLICANT.name)
    assert found is not None
    [paper] = documents.list_all_of(organisations.papers(found))
    return found, paper


def test_a_paper_that_a_submission_took_up_meanwhile_stays(world: World, stopped_clock: StoppedClock) -> None:
    draft, paper = the_draft(world, stopped_clock)
    tamper(organisations.papers(draft)._replace(sk=f"DOCUMENT#{paper.document_id}"), checked=True)
    before = everything_kept()
    assert not documents.commit_deleted(organisations.papers(draft), paper)
    assert everything_kept() == before


def test_a_paper_that_another_message_deleted_meanwhile_does_not_come_back(
    world: World, stopped_clock: StoppedClock
) -> None:
    draft, paper = the_draft(world, stopped_clock)
    known = paper.model_copy(update={"checked": True})
    assert documents.commit_deleted(organisations.papers(draft), known)
    before = everything_kept()
    assert not documents.commit_deleted(organisations.papers(draft), known)
    assert everything_kept() == before


def test_a_paper_of_an_organisation_that_changed_meanwhile_stays(world: World, stopped_clock: StoppedClock) -> None:
    draft, paper = the_draft(world, stopped_clock)
    tamper(organisations.papers(draft), version=draft.version + 1)
    before = everything_kept()
    for known in (paper, paper.model_copy(update={"checked": True})):
        unchanged = organisations.unchanged_check(draft)
        assert not documents.commit_deleted(organisations.papers(draft), known, unchanged)
    assert everything_kept() == before


def test_an_organisation_that_changed_meanwhile_is_neither_erased_nor_deleted(
    world: World, stopped_clock: StoppedClock
) -> None:
    draft, _ = the_draft(world, stopped_clock)
    erased = retention.erased_organisation(draft, Mark(by="retention", at=stopped_clock.instant))
    tamper(organisations.papers(draft), version=draft.version + 1)
    before = everything_kept()
    assert not organisations.commit_erased(draft, erased)
    assert not organisations.commit_deleted(draft)
    assert everything_kept() == before


def test_an_erased_draft_leaves_whoever_acts_for_another_one_meanwhile(
    world: World, stopped_clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, _ = the_draft(world, stopped_clock)
    as_it_was = list(read_partition(keys.enterprise(USCC), "MEMBER#"))
    monkeypatch.setattr(organisations, "read_partition", lambda *_: as_it_was)
    tamper(keys.enterprise(USCC, f"MEMBER#{APPLICANT.name}"), draft_id="ANOTHER")
    before = everything_kept()
    erased = retention.erased_organisation(draft, Mark(by="retention", at=stopped_clock.instant))
    assert not organisations.commit_erased(draft, erased)
    assert everything_kept() == before


def test_an_erased_agency_takes_its_members_and_its_known_account_with_it(town: Town) -> None:
    agency = organisations.get_agency(town.agency.uscc)
    tamper(keys.account(agency.uscc), fingerprint="f00d")
    mark = Mark(by="retention", at=agency.created_at)
    assert organisations.list_memberships(SELLER.name) == [{"kind": "agency", "uscc": agency.uscc}]
    assert organisations.commit_erased(agency, retention.erased_organisation(agency, mark))
    assert organisations.list_memberships(SELLER.name) == []
    assert "f00d" not in f"{everything_kept()['settlements']}"
