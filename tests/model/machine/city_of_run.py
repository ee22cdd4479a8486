"""The city of one run: approved enterprises, active agencies, published products, written straight into the tables."""

from datetime import UTC, date, datetime
from functools import cache
from random import Random
from typing import Any

from infra.city.credit_codes import AGENCIES, ENTERPRISES, OUTSIDERS, CreditCodes
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO, Person
from tests.model.reference.records import AGENCIES_APPROVED_ON, CAP_PERCENT, City, Enterprise, Product
from tests.races import seed_data
from tests.support import samples
from voucher.models import agencies, enterprises, products
from voucher.models.base import Record
from voucher.policy import Category
from voucher.store import keys

ENTERPRISE_COUNT = 6
START = datetime(2025, 6, 2, 1, tzinfo=UTC)
LONG, SHORT = date(2028, 6, 1), date(2025, 10, 31)
# holds every staff role, so that one person can try to take both steps of a four-eyes decision
EVERYMAN = Person("everyman", "platform,bureau,finance")
# decides on deliveries, and takes no later step of theirs
ARBITER = Person("arbiter", "platform")
AGENCY_MEMBER, LEAVING_AGENCY_MEMBER = Person("seller"), Person("leaving")
# on every list, and not registered
OUTSIDER = CreditCodes(Random(2), OUTSIDERS).next("91", "331100")


@cache
def codes() -> tuple[list[str], list[str]]:
    """The credit codes of the enterprises, and of the two agencies that are not enterprises of the city."""
    of_enterprises, of_agencies = CreditCodes(Random(1), ENTERPRISES), CreditCodes(Random(1), AGENCIES)
    enterprise_codes = [of_enterprises.next("91", "331100") for _ in range(ENTERPRISE_COUNT)]
    return enterprise_codes, [of_agencies.next("91", "331100") for _ in range(2)]


def make_city() -> City:
    """The city as the model remembers it. Products: nine of one agency, one of an enterprise that is an agency too, one
    of an agency whose approval ends soon."""
    enterprise_codes, (lasting, leaving) = codes()
    owners = [f"owner-{number}" for number in range(ENTERPRISE_COUNT)]
    offers = [(category, lasting, AGENCY_MEMBER.name, LONG) for category in CAP_PERCENT]
    offers.append(("legal", enterprise_codes[0], owners[0], LONG))
    offers.append(("hr", leaving, LEAVING_AGENCY_MEMBER.name, SHORT))
    own_products = [Product(f"{uscc}.{category}", category, uscc, name, day) for category, uscc, name, day in offers]
    return City(START, [Enterprise(*pair) for pair in zip(enterprise_codes, owners, strict=True)], own_products)


def person(name: str) -> Person:
    """The person of this name."""
    staff = {each.name: each for each in (BUREAU, BUREAU_TWO, FINANCE, OPERATOR, OPERATOR_TWO, EVERYMAN, ARBITER)}
    return staff.get(name, Person(name))


def write_city(city: City) -> None:
    """Put the city into the tables."""
    records: list[tuple[keys.Key, Record]] = [
        (keys.enterprise(each.uscc), enterprise_record(each)) for each in city.enterprises
    ]
    for agency_uscc in sorted({each.agency_uscc for each in city.products}):
        first = next(each for each in city.products if each.agency_uscc == agency_uscc)
        records.append((keys.agency(agency_uscc), agency_record(first)))
    seed_data.write_records(*records, *((keys.product(each.name), product_record(each)) for each in city.products))


def creation(name: str, state: str) -> dict[str, Any]:
    """What every record says of its creation."""
    return {"state": state, "created_at": START, "created_by": name}


def enterprise_record(enterprise: Enterprise) -> enterprises.Enterprise:
    """An approved enterprise."""
    registration = samples.enterprise().registration() | {"uscc": enterprise.uscc, "name": "企业"}
    return enterprises.Enterprise(
        **registration,
        **creation(enterprise.person, "approved"),
        members=frozenset({enterprise.person}),
        applied_on=START.date(),
        approved_at=START,
    )


def agency_record(product: Product) -> agencies.Agency:
    """The active agency of a product."""
    return agencies.Agency(
        uscc=product.agency_uscc,
        name="服务机构",
        established_on=date(2015, 1, 1),
        is_legal_person=True,
        net_profit_last_year_fen=0,
        premises_m2=50,
        insured_staff=5,
        has_management_system=True,
        categories=tuple(Category),
        valid_until=product.active_until,
        first_approved_on=AGENCIES_APPROVED_ON,
        approved_at=START,
        members=frozenset({product.agency_member, EVERYMAN.name}),
        **creation(product.agency_member, "active"),
    )


def product_record(product: Product) -> products.Product:
    """A published product."""
    return products.Product(
        product_id=product.name,
        agency_uscc=product.agency_uscc,
        category=Category(product.category),
        name="企业服务",
        area="丽水市区",
        content="按合同约定提供服务",
        term="三个月",
        price_fen=1_000_000,
        price_unit="项",
        **creation(product.agency_member, "published"),
    )
