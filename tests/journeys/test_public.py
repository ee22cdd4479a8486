"""The pages for the public on the deployed stack, in a real browser at the widths of a phone and of a desktop.

Where this machine has no browser, the tests say so and are skipped; tests/functions/test_public.py needs none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.city.agencies import Agency
from infra.city.document_files import agency_documents, order_documents
from infra.city.enterprises import Enterprise
from infra.client import steps
from infra.client.http import BUREAU, OPERATOR
from infra.client.steps import Deal
from infra.demo.plan import owner_of
from tests.journeys.browser import browser
from tests.journeys.chromium import Tab, tab
from tests.journeys.deployment import Deployment, Json
from tests.support import samples

pytestmark = pytest.mark.skipif(browser() is None, reason="this machine has no Chromium to show the pages in")
CONTRACT_FEN, VOUCHER_FEN, FACE_FEN = 1_000_000, 700_000, 1_000_000
PHONE, DESKTOP = (390, 844), (1280, 800)
SHOWN = "document.querySelector('main h1') && !document.querySelector('main').hasAttribute('aria-busy')"
# what must be so of every page: nothing from elsewhere, nothing that the policy stopped, nothing wider than the window
FACTS = """({
  foreign: performance.getEntriesByType("resource").map((each) => each.name)
    .filter((name) => new URL(name).origin !== location.origin),
  failed: performance.getEntriesByType("resource").filter((each) => each.responseStatus >= 400)
    .map((each) => each.name),
  styled: getComputedStyle(document.querySelector("main")).minHeight !== "0px",
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  headings: document.querySelectorAll("h1").length, title: document.title,
  unnamed: [...document.querySelectorAll("input, select, textarea")].filter((each) => !each.labels.length).length,
})"""


@dataclass(frozen=True)
class PublicYear:
    """What the public sees of a year: a batch that is used up, an agency with a product, a notice that is running."""

    deployment: Deployment
    enterprise: Enterprise
    agency: Agency
    product: Json
    batch: Json
    notice: Json


@pytest.fixture(scope="module")
def public_year(deployment: Deployment, year: int) -> PublicYear:
    """One order from the grab to its notice, which nobody closes."""
    client, today = deployment.client, deployment.plan.today
    enterprise, agency = deployment.add_approved_enterprise(), next(deployment.agencies)
    seller = owner_of(agency.uscc)
    steps.apply_agency(client, seller, agency.application(), agency_documents(agency, today))
    steps.expect(steps.admit_agency(client, agency.uscc), 200)
    product = steps.list_product(client, seller, samples.product(agency, name="公开页面的服务"))
    batch = deployment.open_batch(FACE_FEN)
    voucher = deployment.grab(batch, enterprise)
    buyer = owner_of(enterprise.uscc)
    ids = (product["product_id"], voucher["voucher_id"])
    deal = Deal(buyer, seller, *ids, CONTRACT_FEN, VOUCHER_FEN, "HT-PUBLIC", today)
    order = steps.expect(steps.place_order(client, deal), 201)
    order = steps.complete_order(client, order["order_id"], deal)
    settlement = steps.apply_for_settlement(client, seller, agency.uscc, [order["order_id"]], "settle-public")
    names = (enterprise.name, agency.name, "企业服务")
    documents = order_documents(*names, order["order_id"], CONTRACT_FEN, CONTRACT_FEN - VOUCHER_FEN)
    steps.fill_in_line(client, seller, settlement["settlement_id"], settlement["lines"][0], documents, today)
    path = f"/settlements/{settlement['settlement_id']}"
    submitted = steps.expect(client.call(seller, "POST", f"{path}/submit"), 200)
    steps.pass_all_lines(client, submitted)
    round_ = steps.expect(
        client.call(OPERATOR, "POST", "/rounds", {"settlement_ids": [submitted["settlement_id"]]}), 201
    )
    path = f"/rounds/{round_['round_id']}"
    steps.expect(client.call(BUREAU, "POST", f"{path}/approve", {"decision": "approve"}), 200)
    notice = steps.expect(client.call(OPERATOR, "POST", f"{path}/notice", {}), 201)
    return PublicYear(deployment, enterprise, agency, product, batch, notice)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One browser for all tests."""
    folder: Path = tmp_path_factory.mktemp("chromium")
    with tab(folder) as opened:
        yield opened


def show(page: Tab, public_year: PublicYear, room: str, size: tuple[int, int]) -> str:
    """Open a room of the page; what it says, once it is loaded and everything is so that must always be."""
    page.resize(*size)
    page.open(f"{public_year.deployment.stack.api_url}/public#/{room}", SHOWN)
    facts = page.run(FACTS)
    assert (facts["foreign"], facts["failed"], facts["unnamed"], facts["headings"]) == ([], [], 0, 1)
    assert facts["styled"] and facts["overflow"] <= 0, (room, size, facts)
    assert facts["title"].endswith("公开信息")
    return str(page.run("document.querySelector('main').innerText"))


@pytest.mark.clause("§3.5.3")
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_anybody_reads_a_running_notice_with_its_term_and_its_total(
    public_year: PublicYear, page: Tab, size: tuple[int, int]
) -> None:
    notice = public_year.notice
    listed = show(page, public_year, "notices", size)
    assert listed.index("正在公示") < listed.index("7,000.00 元") < listed.index("已结束的公示和公告")
    shown = show(page, public_year, f"notices/{notice['notice_id']}", size)
    for text in (public_year.enterprise.name, public_year.agency.name, "7,000.00", "1 笔", "提出异议"):
        assert text in shown
    link = page.run("document.querySelector('a[download]').href")
    assert link == f"{public_year.deployment.stack.api_url}/notices/{notice['notice_id']}.csv"


@pytest.mark.clause("§1.4a")
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_anybody_reads_the_year_and_who_got_a_voucher(
    public_year: PublicYear, page: Tab, size: tuple[int, int]
) -> None:
    shown = show(page, public_year, "year", size)
    for text in ("年度预算 1,000,000.00 元", public_year.batch["name"], "已领完", "智能化数字化服务", "不低于 40%"):
        assert text in shown
    results = show(page, public_year, f"batches/{public_year.batch['batch_id']}", size)
    for text in (public_year.enterprise.name, "10,000.00", "1 家", "第 1 位"):
        assert text in results


@pytest.mark.clause("§3.2.2", "§3.3")
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_anybody_finds_agencies_and_products_and_how_to_reach_them(
    public_year: PublicYear, page: Tab, size: tuple[int, int]
) -> None:
    agency, product = public_year.agency, public_year.product
    assert agency.name in show(page, public_year, f"register?q={agency.name[:6]}", size)
    shown = show(page, public_year, f"register/{agency.uscc}", size)
    for text in (agency.contact_phone, product["name"], "暂无评价"):
        assert text in shown
    assert agency.name in show(page, public_year, f"products/{product['product_id']}", size)
    assert "没有找到符合条件的服务产品" in show(page, public_year, "products?q=没有这样的服务", size)
    assert "您要查看的内容不存在" in page_of_nothing(page, public_year, size)


def page_of_nothing(page: Tab, public_year: PublicYear, size: tuple[int, int]) -> str:
    """What the page says of a product that nobody offers."""
    page.resize(*size)
    page.open(f"{public_year.deployment.stack.api_url}/public#/products/nothing", SHOWN)
    return str(page.run("document.querySelector('main').innerText"))


@pytest.mark.clause("§3.5.3")
def test_anybody_objects_in_the_page_and_staff_find_what_was_written(public_year: PublicYear, page: Tab) -> None:
    notice_id = public_year.notice["notice_id"]
    show(page, public_year, f"notices/{notice_id}", PHONE)
    page.run("document.querySelector('form button').click()")
    assert page.run("document.activeElement.id") == "name", "whoever forgot something is led to it"
    order_id = public_year.notice["lines"][0]["order_id"]
    for number in range(10):  # as many as one address may bring: the page finds the proof that is asked for then
        said = {"order_id": order_id, "name": "另一人", "contact": "0578", "reason": str(number)}
        steps.expect(public_year.deployment.client.call(None, "POST", f"/notices/{notice_id}/objections", said), 201)
    words = "<b>服务未实际发生</b>"
    for field, value in (
        ("subject", f"order_id {order_id}"),
        ("name", "某企业"),
        ("contact", "0578-1"),
        ("reason", words),
    ):
        page.run(f"document.getElementById('{field}').value = {value!r}")
    page.run("document.querySelector('form button').click()")
    page.wait("document.querySelector('.answer') && !document.querySelector('form')")
    *_, found = public_year.deployment.get(BUREAU, f"/notices/{notice_id}/objections")["items"]
    assert (found["order_id"], found["name"], found["reason"]) == (order_id, "某企业", words)
    assert found["objection_id"] in page.run("document.querySelector('.answer').innerText")
    number, code = page.run("[...document.querySelectorAll('.answer code')].map((each) => each.innerText)")
    show(page, public_year, "answers", PHONE)
    for field, value in (("number", number), ("code", code)):
        page.run(f"document.getElementById('{field}').value = {value!r}")
    page.run("document.querySelector('form button').click()")
    page.wait("document.querySelector('.answer h2')")
    assert "已收到" in page.run("document.querySelector('.answer').innerText")


def fill_in(page: Tab, **values: str) -> None:
    """Fill in a form and send it; what then stands below."""
    for field, value in values.items():
        page.run(f"document.getElementById('{field}').value = {value!r}")
    page.run("document.querySelector('form button').click()")


@pytest.mark.clause("§5.3")
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_anybody_complains_in_the_page_and_follows_it_by_number_and_code(
    public_year: PublicYear, page: Tab, size: tuple[int, int]
) -> None:
    shown = show(page, public_year, "complaints", size)
    assert "§5.3" in shown and "企业信箱" in shown
    page.run("document.querySelector('form button').click()")
    assert page.run("document.activeElement.id") == "text", "whoever forgot something is led to it"
    fill_in(page, text=f"<i>培训只办了一半</i>{size[0]}", about_uscc="123")
    page.wait("document.getElementById('about_uscc').hasAttribute('aria-invalid')")
    fill_in(page, about_uscc=public_year.agency.uscc, topic="quality")
    page.wait("document.querySelector('.answer code') && !document.querySelector('form')")
    assert "只显示这一次" in page.run("document.querySelector('.answer').innerText")
    number, code = page.run("[...document.querySelectorAll('.answer code')].map((each) => each.innerText)")
    kept = public_year.deployment.get(OPERATOR, f"/complaints/{number}")
    said = (kept["text"], kept["about_uscc"], kept["topic"], kept["name"])
    assert said == (f"<i>培训只办了一半</i>{size[0]}", public_year.agency.uscc, "quality", None)
    show(page, public_year, "complaints/answer", size)
    fill_in(page, number=number, code="ABCD-EFGH")
    page.wait("document.querySelector('.problem')")
    fill_in(page, code=code)
    page.wait("document.querySelector('.answer h2')")
    assert "待受理" in page.run("document.querySelector('.answer').innerText")


@pytest.mark.clause("§5.3")
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_anybody_writes_to_the_mailbox_in_the_page_and_follows_the_letter(
    public_year: PublicYear, page: Tab, size: tuple[int, int]
) -> None:
    assert "市纪委监委" in show(page, public_year, "complaints/mailbox", size)
    fill_in(page, text=f"有人索要好处{size[0]}", accused="discipline")
    page.wait("document.querySelector('.answer code') && !document.querySelector('form')")
    number, code = page.run("[...document.querySelectorAll('.answer code')].map((each) => each.innerText)")
    assert number.startswith("ml_")
    show(page, public_year, "complaints/answer", size)
    fill_in(page, number=number, code=code)
    page.wait("document.querySelector('.answer h2')")
    assert "已收到" in page.run("document.querySelector('.answer').innerText")
