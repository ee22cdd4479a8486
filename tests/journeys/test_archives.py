"""§5.1: a year that is over becomes one archive on the deployed stack, and what is settled later a supplement."""

import io
import json
from urllib.error import HTTPError
from urllib.request import urlopen

import openpyxl
import pytest

from infra.client import steps
from infra.client.http import BUREAU, FINANCE, OPERATOR, Person
from infra.client.steps import Deal
from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from infra.demo.yearly_file import confirm_receipts, download, make_yearly_file, unpacked
from tests.journeys.deployment import Deployment, Json
from tests.journeys.test_small_year import add_admitted_agency

CONTRACT_FEN, VOUCHER_FEN, TOTAL_FEN, BATCH_FEN = 1_000_000, 700_000, 50_000_000, 3_000_000


@pytest.fixture(scope="module")
def closed(deployment: Deployment, year: int) -> Json:
    """The year before, which ends in the coming night: one order of it is completed, and the rest lapses."""
    plan, client = deployment.plan, deployment.client
    number = plan.small_year
    steps.open_programme(client, number, TOTAL_FEN, plan.small_policy, plan.document)
    draft = steps.batch_draft("尾批", BATCH_FEN, plan.opens_at, plan.closes_at, plan.short_valid_until)
    batch = steps.open_batch(client, number, draft)
    enterprise, (agency, product) = deployment.add_approved_enterprise(), add_admitted_agency(deployment)
    voucher = deployment.grab(batch, enterprise)
    people = (owner_of(enterprise.uscc), owner_of(agency.uscc))
    deal = Deal(*people, product["product_id"], voucher["voucher_id"], CONTRACT_FEN, VOUCHER_FEN, "HT-YF-1", plan.today)
    order = steps.expect(steps.place_order(client, deal), 201)
    steps.complete_order(client, order["order_id"], deal)
    letter = {"route": "mailbox", "text": "一封信", "name": "张三", "contact": "13800000000"}
    steps.expect(client.call(None, "POST", "/complaints", letter, key="yearly"), 201)

    def is_closed() -> bool:
        deployment.scheduled.run("Sweep", plan.coming_night)
        return bool(deployment.get(None, f"/programmes/{number}")["state"] == "closed")

    wait_until(is_closed)
    deployment.scheduled.run("Reconcile", plan.coming_night)
    return make_yearly_file(client, number)


@pytest.mark.clause("§5.1")
def test_its_archive_opens_and_says_what_the_reconciliation_says(deployment: Deployment, closed: Json) -> None:
    files = unpacked(download(deployment.client, closed))
    cover, report = json.loads(files["00-cover.json"]), json.loads(files["04-reconciliation.json"])
    shown = deployment.get(FINANCE, f"/reports/{closed['year']}/reconciliation")
    assert cover["accounts"] == report["accounts"] == shown["accounts"]
    assert (cover["sums"]["used_fen"], cover["sums_in_words"]["used_fen"]) == (VOUCHER_FEN, "柒仟元整")
    assert shown["accounts"]["order"] == cover["sums"]["used_fen"] - cover["sums"]["verified_fen"]
    names = [name for name in files if name.endswith(".xlsx")]
    assert len(names) == 12
    for name in names:
        assert openpyxl.load_workbook(io.BytesIO(files[name])).worksheets, name
    [row] = [
        each
        for each in openpyxl.load_workbook(io.BytesIO(files["00-cover.xlsx"]))["金额"].iter_rows(values_only=True)
        if each[0] == "使用（抵用减退回）"
    ]
    assert row == ("使用（抵用减退回）", VOUCHER_FEN / 100, "柒仟元整")
    assert "张三".encode() not in b"".join(files.values())


@pytest.mark.clause("§5.1")
def test_it_is_made_once_and_both_offices_confirm_its_hash(deployment: Deployment, closed: Json) -> None:
    client, path = deployment.client, f"/reports/{closed['year']}/yearly-files"
    again = steps.expect(client.call(FINANCE, "POST", path, {"position": 1}), 200)
    assert again["sha256"] == closed["sha256"]
    assert client.call(BUREAU, "POST", path, {"position": 2}).code == "NOTHING_SINCE"
    assert client.call(OPERATOR, "POST", path, {"position": 1}).code == "ROLE_REQUIRED"
    assert client.call(Person("anybody"), "GET", path).code == "ROLE_REQUIRED"
    wait_until(lambda: any(each["kind"] == "receive_yearly_file" for each in work(deployment, BUREAU)))
    assert confirm_receipts(client, closed)["state"] == "received"
    assert download(client, closed) == download(client, closed)
    [listed] = deployment.get(OPERATOR, path)["items"]
    assert len({listed["bureau_received_by"], listed["finance_received_by"], None}) == 3


def work(deployment: Deployment, person: Person) -> list[Json]:
    """What a staff role must act on."""
    items: list[Json] = deployment.get(person, f"/tasks?role={person.role}&limit=100")["items"]
    return items


def test_nobody_reads_an_archive_without_a_link(deployment: Deployment, closed: Json) -> None:
    path = f"/reports/{closed['year']}/yearly-files/{closed['yearly_file_id']}"
    url = deployment.get(FINANCE, path)["archive_url"]
    with pytest.raises(HTTPError) as refused:
        urlopen(url.partition("?")[0])
    assert refused.value.code == 403
