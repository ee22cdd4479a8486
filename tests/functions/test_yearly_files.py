"""§5.1: a year after its close in one archive, which never changes; what is settled later stands in supplements."""

import io
import json
import re
from datetime import datetime, timedelta

import openpyxl
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, Person
from tests.conftest import StoppedClock
from tests.support.backend import BUCKET, World
from tests.support.inspection_scenario import drawn, found
from tests.support.scenario import OWNER, SELLER, Json, Town, remove_agency
from tests.support.settlement_scenario import Settling, settling, the_order
from tests.support.yearly_file_scenario import (
    AFTER,
    archive_of,
    end_year,
    made,
    make,
    part,
    past_year,
    receive,
    reconcile,
    settle_books,
    unpacked,
)
from voucher.capitals import capitals
from voucher.edge.yearly_files import made_of
from voucher.models.base import Mark, instant_text
from voucher.models.yearly_files import PARTS
from voucher.refusals import Refusal, Refused
from voucher.rules.reports import accounts_of
from voucher.rules.yearly_files import check_reconciled, received_file
from voucher.store import programmes, reports, yearly_files

BOTH = Person("bureau-and-finance", "bureau,finance")


@pytest.fixture
def ended(submitted: tuple[Town, Json], stopped_clock: StoppedClock) -> tuple[Settling, Json]:
    """2026 is closed and reconciled; one order of it is still being settled."""
    case = settling(submitted)
    end_year(stopped_clock, case.town.enterprise.uscc)
    return case, the_order(submitted)


def later(case: Settling, clock: StoppedClock, order: Json) -> None:
    """The order is paid in the next year, and the books are compared once more."""
    [payout] = steps.expect(case.payouts(case.invoiced(order)), 201)["items"]
    answer = {"state": "paid", "bank_reference": "BK-1", "paid_on": "2027-01-03"}
    steps.expect(case.call(FINANCE, "POST", f"/payouts/{payout['payout_id']}/result", answer), 200)
    clock.instant = AFTER + timedelta(days=30)
    settle_books(clock.instant, case.town.enterprise.uscc)


@pytest.mark.clause("§5.1")
def test_a_closed_year_is_one_archive_whose_cover_says_each_sum_in_words(
    world: World, ended: tuple[Settling, Json]
) -> None:
    file = made(world)
    content = archive_of(file)
    files, cover = unpacked(content), part(content, "cover")
    assert (file["yearly_file_id"], file["position"], file["supplements"]) == ("YF-2026-01", 1, None)
    assert [name for name in files if name.endswith(".json")][1:] == [
        f"{number:02}-{word}.json" for number, word in enumerate([each for each in PARTS if each != "since"], 1)
    ]
    assert (cover["sums"]["granted_fen"], cover["sums"]["used_fen"]) == (1_000_000, 700_000)
    assert cover["sums"] == file["sums"]
    book = openpyxl.load_workbook(io.BytesIO(files["00-cover.xlsx"]))
    words = {row[0].value: (row[1].value, row[2].value) for row in book["金额"].iter_rows(min_row=2)}
    assert words["使用（抵用减退回）"] == (7000, "柒仟元整")
    assert words["发放"] == (10_000, "壹万元整")
    assert sorted(each for each, _ in words.values()) == sorted(fen / 100 for fen in file["sums"].values())
    assert {text for _, text in words.values()} == {capitals(fen) for fen in file["sums"].values()}
    for name, sheets in files.items():
        if name.endswith(".xlsx"):
            assert openpyxl.load_workbook(io.BytesIO(sheets)).worksheets, name


@pytest.mark.clause("§5.1")
def test_its_sums_are_those_of_the_reconciliation(world: World, ended: tuple[Settling, Json]) -> None:
    file = made(world)
    content = archive_of(file)
    cover, report = part(content, "cover"), part(content, "reconciliation")
    shown = steps.expect(world.call(FINANCE, "GET", "/reports/2026/reconciliation"), 200)
    assert report == shown
    assert cover["reconciled_at"] == file["reconciled_at"] == shown["cut_off"]
    assert cover["accounts"] == shown["accounts"]
    accounts = accounts_of(reports.read(2026).rows)
    assert {family: shown["accounts"].get(family, 0) for family in accounts} == accounts
    sums, balance = file["sums"], shown["accounts"]
    assert sums["granted_fen"] - sums["used_fen"] - sums["lapsed_fen"] - sums["void_fen"] == balance["voucher"] == 0
    assert sums["used_fen"] - sums["verified_fen"] == balance["order"] == 700_000
    assert sums["paid_fen"] - sums["recovered_fen"] == balance.get("paid", 0)


def test_a_file_is_made_once_and_asked_for_again_it_is_the_same_bytes(
    world: World, ended: tuple[Settling, Json], stopped_clock: StoppedClock
) -> None:
    case, order = ended
    file = made(world)
    content = archive_of(file)
    later(case, stopped_clock, order)
    for person in (BUREAU, FINANCE):
        again = make(world, person)
        assert (again.status, again.body["sha256"]) == (200, file["sha256"])
    shown = steps.expect(world.call(OPERATOR, "GET", f"/reports/2026/yearly-files/{file['yearly_file_id']}"), 200)
    assert {**shown, "archive_url": ""} == {**file, "archive_url": ""}
    assert f"yearly-files/2026/{file['sha256']}.zip" in shown["archive_url"]
    assert archive_of(file) == content
    assert steps.expect(world.call(FINANCE, "GET", "/reports/2026/yearly-files"), 200)["items"] == [file]


def test_the_same_facts_make_the_same_bytes(world: World, ended: tuple[Settling, Json]) -> None:
    one, other = (made_of(programmes.get(2026), None) for _ in range(2))
    assert one == other
    file = made(world)
    assert archive_of(file) == one[1]
    told = {file["reconciled_at"], part(one[1], "cover")["counted_at"]}
    days = [re.findall(r"(?<=W3CDTF\">)[^<]+", text) for text in _texts(one[1]).values() if "W3CDTF" in text]
    assert {day for each in days for day in each} == {f"{instant[:19]}Z" for instant in told}, "not the day of today"


@pytest.mark.clause("§5.1")
def test_what_is_paid_later_stands_in_a_supplement_and_the_first_file_stays(
    world: World, ended: tuple[Settling, Json], stopped_clock: StoppedClock
) -> None:
    case, order = ended
    first = made(world)
    content = archive_of(first)
    assert make(world, position=2).code == "NOTHING_SINCE"
    later(case, stopped_clock, order)
    second = made(world, 2)
    assert (second["yearly_file_id"], second["supplements"]) == ("YF-2026-02", "YF-2026-01")
    cover, since = part(archive_of(second), "cover"), part(archive_of(second), "since")
    assert cover["supplements_sha256"] == first["sha256"]
    agency = case.town.agency.uscc
    assert [(each["value"], each["verified_fen"], each["paid_fen"]) for each in since] == [
        ("all", 700_000, 700_000),
        (agency, 700_000, 700_000),
    ]
    assert {each["paid_before_fen"] for each in since} == {0}
    book = openpyxl.load_workbook(io.BytesIO(unpacked(archive_of(second))["00-cover.xlsx"]))
    paid = next(row for row in book["金额"].iter_rows(min_row=2, values_only=True) if row[0] == "已拨付")
    assert paid == ("已拨付", 7000, "柒仟元整", 0, 7000, "柒仟元整")
    assert archive_of(first) == content
    [kept, _] = steps.expect(world.call(FINANCE, "GET", "/reports/2026/yearly-files"), 200)["items"]
    assert kept == first

    reply = case.recover(order, 100_000)
    assert make(world, position=3).code == "NOTHING_SINCE", "the claim is not counted yet"
    steps.expect(reply, 201)
    settle_books(stopped_clock.instant + timedelta(days=1), case.town.enterprise.uscc)
    third = made(world, 3)
    [claim] = part(archive_of(third), "recoveries")
    assert (claim["amount_fen"], claim["state"], claim["agency_uscc"]) == (100_000, "demanded", agency)
    assert [each["recovered_fen"] for each in part(archive_of(third), "since")] == [100_000, 100_000]


@pytest.mark.clause("§5.1")
def test_a_year_that_is_open_has_no_file(world: World, submitted: tuple[Town, Json]) -> None:
    reconcile(AFTER)
    assert make(world).code == "WRONG_STATE"
    assert make(world, year=2031).code == "NOT_FOUND"


@pytest.mark.clause("§5.1")
def test_a_file_needs_books_that_were_compared_since_the_close_and_agree(
    world: World, submitted: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    case = settling(submitted)
    end_year(stopped_clock)
    assert make(world).code == "NOT_RECONCILED", "the enterprise is not counted yet"
    settle_books(AFTER, case.town.enterprise.uscc)
    steps.expect(make(world), 201)


def test_a_reconciliation_of_before_the_close_is_none(world: World, stopped_clock: StoppedClock) -> None:
    past_year(world, 2025)
    closed = programmes.get(2025).closing
    assert closed is not None
    before = closed.closed_at - timedelta(seconds=1)
    for cut_off, balanced in ((before, True), (closed.closed_at, False)):
        with pytest.raises(Refused) as refused:
            reconciled_by(cut_off, balanced)
        assert refused.value.refusal is Refusal.NOT_RECONCILED
    assert reconciled_by(closed.closed_at, True)


def reconciled_by(cut_off: datetime, balanced: bool) -> object:
    """The reconciliation of 2025, if it is one to rest a file on."""
    report = {"cut_off": instant_text(cut_off), "balanced": balanced, "accounts": {}}
    return check_reconciled(programmes.get(2025), report, reports.read(2025))


def test_files_are_numbered_without_a_gap(world: World, ended: tuple[Settling, Json]) -> None:
    refused = make(world, position=2)
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "position")
    assert refused.body["errors"][0]["allowed"] == ["1"]


def work(world: World, person: Person) -> list[str]:
    """What a staff role must act on."""
    path = f"/tasks?role={person.role}"
    return [each["about"] for each in steps.expect(world.call(person, "GET", path), 200)["items"]]


@pytest.mark.clause("§5.1")
def test_bureau_and_finance_each_confirm_the_hash_by_two_people(world: World, ended: tuple[Settling, Json]) -> None:
    file = made(world)
    assert receive(world, OPERATOR, file, "bureau").code == "ROLE_REQUIRED"
    assert receive(world, BUREAU, file, "finance").code == "ROLE_REQUIRED"
    assert receive(world, BUREAU, file, sha256="0" * 64).code == "FILE_DIFFERS"
    assert receive(world, FINANCE, file).code == "WRONG_STATE", "the bureau first"
    assert "yearly_file:YF-2026-01" in work(world, BUREAU)

    first = steps.expect(receive(world, BOTH, file, "bureau"), 200)
    assert (first["state"], first["bureau_received_by"], first["finance_received_by"]) == ("confirmed", BOTH.name, None)
    assert steps.expect(receive(world, BOTH, file, "bureau"), 200) == first
    assert receive(world, BOTH, file, "finance").code == "FOUR_EYES", "one person of both roles gives one receipt"
    assert receive(world, BUREAU, file).code == "WRONG_STATE", "somebody else did"
    assert "yearly_file:YF-2026-01" in work(world, FINANCE)
    second = steps.expect(receive(world, FINANCE, file), 200)
    assert (second["state"], second["finance_received_by"]) == ("received", FINANCE.name)
    assert "yearly_file:YF-2026-01" not in work(world, FINANCE) + work(world, BUREAU)
    assert steps.expect(receive(world, BOTH, file, "bureau"), 200) == second, "an answer that was lost"
    assert receive(world, BUREAU_TWO, file).code == "WRONG_STATE"
    assert archive_of(second) == archive_of(file)


def test_the_write_of_a_receipt_is_by_other_hands_whatever_was_read(
    world: World, ended: tuple[Settling, Json], stopped_clock: StoppedClock
) -> None:
    file = made(world)
    steps.expect(receive(world, BOTH, file, "bureau"), 200)
    old = yearly_files.get(2026, file["yearly_file_id"])
    new = received_file(old, "finance", Mark(by=BOTH.name, at=stopped_clock.instant))
    with pytest.raises(Refused) as refused:
        yearly_files.commit_received(old, new, BOTH.name)
    assert refused.value.refusal is Refusal.CHANGED_MEANWHILE
    assert yearly_files.get(2026, file["yearly_file_id"]) == old


@pytest.mark.clause("§5.1", "§5.2b", "§5.3", "§3.4.1", "§3.4.2")
def test_it_tells_of_each_matter_and_names_nobody(
    world: World, submitted: tuple[Town, Json], stopped_clock: StoppedClock
) -> None:
    case, secret = settling(submitted), ("甲植一", "13987654321", "其中提到丙植三的手机")
    said = {"topic": "quality", "text": secret[2], "name": secret[0], "contact": secret[1]}
    town = case.town
    steps.expect(world.call(None, "POST", "/complaints", {**said, "about_uscc": town.agency.uscc}, key="c"), 201)
    for key in ("l", "l", "m"):
        world.call(None, "POST", "/complaints", {**said, "route": "mailbox"}, key=key)
    town.advance(town.order(contract_fen=60_000, voucher_fen=40_000), "accept", "contract")
    inspection = drawn(world)
    found(world, inspection["checks"][0], "none", spoken_to=secret[0], note=secret[2])
    end_year(stopped_clock, town.enterprise.uscc)
    file = made(world)
    content = archive_of(file)
    assert file["letters"] == part(content, "cover")["letters"] == 2, "the same letter, sent again, is one"
    [complaint] = part(content, "complaints")
    assert (complaint["about_uscc"], complaint["topic"]) == (town.agency.uscc, "quality")
    [check] = part(content, "checks")
    assert (check["finding"], check["state"], check["agency_uscc"]) == ("none", "closed", town.agency.uscc)
    [drawn_one] = part(content, "inspections")
    assert drawn_one["frame_sha256"] == inspection["frame_sha256"]
    people = {OWNER.name, SELLER.name, OPERATOR.name, BUREAU.name, FINANCE.name, *secret}
    for name, each in _texts(content).items():
        assert [word for word in people if word in each] == [], name


def _texts(content: bytes) -> dict[str, str]:
    """All that an archive says, workbooks unpacked, too."""
    texts = {}
    for name, each in unpacked(content).items():
        inner = unpacked(each).items() if name.endswith(".xlsx") else [("", each)]
        texts |= {f"{name}/{part_of}": piece.decode() for part_of, piece in inner if b"<" in piece or not part_of}
    return texts


@pytest.mark.clause("§3.4.1")
def test_a_removal_stands_in_the_file_of_its_year(world: World, town: Town, stopped_clock: StoppedClock) -> None:
    remove_agency(town)
    end_year(stopped_clock)
    [removal] = part(archive_of(made(world)), "removals")
    assert (removal["agency_uscc"], removal["agency_name"]) == (town.agency.uscc, town.agency.name)


def test_an_archive_that_is_not_what_was_made_is_handed_to_nobody(world: World, ended: tuple[Settling, Json]) -> None:
    file = made(world)
    key = f"yearly-files/2026/{file['sha256']}.zip"
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(BUCKET, key, b"another")
    with pytest.raises(LookupError, match="not what was made"):
        world.call(BUREAU, "GET", f"/reports/2026/yearly-files/{file['yearly_file_id']}")


def test_only_bureau_and_finance_make_files(world: World, ended: tuple[Settling, Json]) -> None:
    assert make(world, OPERATOR).code == "ROLE_REQUIRED"
    assert steps.expect(make(world, FINANCE), 201)["allowed_actions"] != []
    assert json.dumps(part(archive_of({"year": 2026, **steps.expect(make(world), 200)}), "usage"))
