"""The public catalogue: products found by category, agency and words, page by page (§3.3)."""

import pytest

from infra.client import steps
from tests.support import samples
from tests.support.scenario import SELLER, Town


def found_ids(town: Town, search: str = "") -> list[str]:
    """The ids of the products that the public finds."""
    items = steps.expect(town.world.call(None, "GET", f"/products{search}"), 200)["items"]
    return [each["product_id"] for each in items]


def found_names(town: Town, search: str) -> list[str]:
    """The names of the products that the public finds."""
    return [each["name"] for each in steps.expect(town.world.call(None, "GET", f"/products{search}"), 200)["items"]]


def publish_product(town: Town, **facts: object) -> str:
    """One more published product; its id."""
    product = steps.list_product(town.world, SELLER, samples.product(town.agency, **facts))
    return str(product["product_id"])


def test_products_are_found_by_category_agency_and_words_page_by_page(town: Town) -> None:
    first = samples.product(town.agency)["category"]
    second = next(each for each in town.agency.categories if each != first)
    listing = samples.product(town.agency, category=second, name="专利检索 Patent")
    other = steps.list_product(town.world, SELLER, listing)["product_id"]
    assert found_ids(town, f"?category={second}") == [other]
    assert found_ids(town, f"?category={first}") == [town.product_id]
    assert found_ids(town, "?q=patent") == [other]
    assert found_ids(town, "?q=检索") == [other]
    assert found_ids(town, "?q=没有") == []
    assert set(found_ids(town, f"?agency={town.agency.uscc}")) == {other, town.product_id}
    assert found_ids(town, f"?category={first}&agency={town.agency.uscc}") == [town.product_id]
    assert found_ids(town, f"?category={first}&agency={samples.agency(2).uscc}") == []
    page = town.world.call(None, "GET", "/products?limit=1").body
    rest = town.world.call(None, "GET", f"/products?limit=1&cursor={page['next_cursor']}").body
    ids = {each["product_id"] for each in page["items"] + rest["items"]}
    assert (ids, rest["next_cursor"]) == ({other, town.product_id}, None)
    assert town.world.call(None, "GET", "/products?category=catering").code == "MALFORMED"


def test_a_product_on_sale_carries_the_name_of_its_agency(town: Town) -> None:
    [listed] = steps.expect(town.world.call(None, "GET", "/products"), 200)["items"]
    single = steps.expect(town.world.call(None, "GET", f"/products/{town.product_id}"), 200)
    assert listed == single
    assert single["agency_name"] == town.agency.name


def test_a_product_is_found_by_the_name_of_its_agency_too(town: Town) -> None:
    assert found_ids(town, f"?q={town.agency.name}") == [town.product_id]


def test_pages_show_each_product_once_though_others_come_and_go_meanwhile(town: Town) -> None:
    ids = [town.product_id, *(publish_product(town, name=f"服务{number}") for number in range(5))]
    first = steps.expect(town.world.call(None, "GET", "/products?limit=3"), 200)
    seen = [each["product_id"] for each in first["items"]]
    late = publish_product(town, name="新上架")
    steps.expect(town.world.call(SELLER, "POST", f"/products/{seen[-1]}/withdraw"), 200)
    cursor: str | None = first["next_cursor"]
    while cursor:
        page = steps.expect(town.world.call(None, "GET", f"/products?limit=3&cursor={cursor}"), 200)
        seen += [each["product_id"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(set(seen) - {late}) == sorted(ids)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("专利", ["专利代理"]),
        ("专利 代理", ["专利代理"]),
        ("专利　代理", ["专利代理"]),  # a Chinese blank
        ("iso９００１", ["ISO9001 认证咨询"]),
        ("缙云", ["专利代理"]),
        ("专利 认证", []),
    ],
)
def test_words_are_found_in_chinese_whatever_their_width_or_case(town: Town, words: str, names: list[str]) -> None:
    publish_product(town, name="专利代理", area="缙云县")
    publish_product(town, name="ISO9001 认证咨询")
    assert found_names(town, f"?q={words}") == names
