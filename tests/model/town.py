"""The town of a run: approved firms, active agencies and published products, put straight into the tables."""

from datetime import UTC, date, datetime
from functools import cache
from random import Random
from typing import Any

from infra.city.credit_codes import AGENCIES, ENTERPRISES, OUTSIDERS, CreditCodes
from infra.client.http import BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.model.records import CAP_PERCENT, City, Firm, Product
from tests.races import stage
from tests.support import samples as people
from voucher.models import products
from voucher.models.agencies import Agency
from voucher.models.base import Record
from voucher.models.enterprises import Enterprise
from voucher.policy import Category
from voucher.store import keys

FIRMS = 6
BEGAN = datetime(2025, 6, 2, 1, tzinfo=UTC)
LONG, SHORT = date(2028, 6, 1), date(2025, 10, 31)
# holds every role that the programme's steps ask for, so that one person can try to do both halves of a thing
EVERYMAN = Person("everyman", "platform,bureau,finance")
SELLER, LEAVING = Person("seller"), Person("leaving")
# on every list, and known to nobody
OUTSIDER = CreditCodes(Random(2), OUTSIDERS).next("91", "331100")


@cache
def codes() -> tuple[list[str], list[str]]:
    """The credit codes of the firms, and of the two agencies that are no firm of the town."""
    firms, agencies = CreditCodes(Random(1), ENTERPRISES), CreditCodes(Random(1), AGENCIES)
    return [firms.next("91", "331100") for _ in range(FIRMS)], [agencies.next("91", "331100") for _ in range(2)]


def make_city() -> City:
    """The town as the model sees it: nine products of one agency, one of a firm, one of an agency that leaves soon."""
    firms, (lasting, leaving) = codes()
    owners = [f"owner-{number}" for number in range(FIRMS)]
    offered = [(category, lasting, SELLER.name, LONG) for category in CAP_PERCENT]
    offered += [("legal", firms[0], owners[0], LONG), ("hr", leaving, LEAVING.name, SHORT)]
    products = [Product(f"{uscc}.{category}", category, uscc, name, day) for category, uscc, name, day in offered]
    return City(BEGAN, [Firm(uscc, name) for uscc, name in zip(firms, owners, strict=True)], products)


def person(name: str) -> Person:
    """Who is called so."""
    staff = {each.name: each for each in (BUREAU, FINANCE, OPERATOR, OPERATOR_TWO, EVERYMAN)}
    return staff.get(name, Person(name))


def settle(city: City) -> None:
    """Put the town into the tables."""
    records: list[tuple[keys.Key, Record]] = [(keys.enterprise(each.uscc), enterprise(each)) for each in city.firms]
    for seller_uscc in sorted({each.seller_uscc for each in city.products}):
        [first, *_] = [each for each in city.products if each.seller_uscc == seller_uscc]
        records.append((keys.agency(seller_uscc), agency(first)))
    stage.keep(*records, *((keys.product(each.name), listing(each)) for each in city.products))


def made(name: str, state: str) -> dict[str, Any]:
    """What every record says of its making."""
    return {"state": state, "created_at": BEGAN, "created_by": name}


def enterprise(firm: Firm) -> Enterprise:
    """An approved enterprise."""
    registration = people.enterprise().registration() | {"uscc": firm.uscc, "name": "企业"}
    return Enterprise(
        **registration,
        **made(firm.person, "approved"),
        members=frozenset({firm.person}),
        applied_on=BEGAN.date(),
        approved_at=BEGAN,
    )


def agency(product: Product) -> Agency:
    """The active agency behind a product."""
    return Agency(
        uscc=product.seller_uscc,
        name="服务机构",
        established_on=date(2015, 1, 1),
        is_legal_person=True,
        net_profit_last_year_fen=0,
        premises_m2=50,
        insured_staff=5,
        has_management_system=True,
        categories=tuple(Category),
        valid_until=product.active_until,
        members=frozenset({product.seller, EVERYMAN.name}),
        **made(product.seller, "active"),
    )


def listing(product: Product) -> products.Product:
    """A published product."""
    return products.Product(
        product_id=product.name,
        agency_uscc=product.seller_uscc,
        category=Category(product.category),
        name="企业服务",
        area="丽水市区",
        content="按合同约定提供服务",
        term="三个月",
        price_fen=1_000_000,
        price_unit="项",
        **made(product.seller, "published"),
    )
