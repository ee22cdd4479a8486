"""Data that races, faults and benchmarks start from: organisations and products written straight into the tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from infra.city.credit_codes import AGENCIES, ENTERPRISES, CreditCodes
from infra.client import steps
from infra.client.http import OPERATOR, Person
from tests.support import samples
from tests.support.backend import World
from voucher.models.agencies import Agency
from voucher.models.base import Record
from voucher.models.documents import Document
from voucher.models.enterprises import Enterprise
from voucher.models.products import Product
from voucher.models.standing import Standing
from voucher.policy import Category, policy_on
from voucher.rules import entitlements
from voucher.store import keys, organisations
from voucher.store.documents import upload_place
from voucher.store.engine.table import put_write, transact

YEAR = 2026

TODAY = date(2026, 6, 15)
CREATED_AT = datetime(2026, 1, 5, tzinfo=UTC)

QUOTA_FEN = 1_000_000
# over how many shards a batch is split here, although it is small
SHARDS = 4


@dataclass(frozen=True)
class Organisation:
    """An enterprise or an agency, and the person who acts for it."""

    uscc: str
    person: Person

    def grab_body(self, **more: Any) -> dict[str, Any]:
        """The body of a grab."""
        return {"enterprise_uscc": self.uscc, **more}


def write_records(*records: tuple[keys.Key, Record]) -> None:
    """Put records into their tables as they are."""
    for start in range(0, len(records), 100):
        transact([put_write("seed", key, record, None) for key, record in records[start : start + 100]])


def add_registration(record: Enterprise, *kinds: str, checked: bool = False) -> list[Document]:
    """A registration with its members; and a paper of each of some kinds, which its maker announced when it began.
    Unless it is `checked`, its file is to be put where `object_key` says."""
    organisations.commit_registration(record, 20)
    facts = {"filename": "f", "content_type": "application/pdf", "size_bytes": 5, "uploaded_by": record.created_by}
    folder, made = organisations.folder(record), record.created_at
    facts |= {"checked": True, "sha256": "f00d"} if checked else {}
    papers = [
        Document(
            document_id=kind, owner=folder, kind=kind, object_key=upload_place(kind, folder), created_at=made, **facts
        )
        for kind in kinds
    ]
    owner = organisations.papers(record)
    write_records(*((owner._replace(sk=f"DOCUMENT#{each.document_id}"), each) for each in papers))
    return papers


def _credit_codes(of_agencies: bool, count: int) -> list[str]:
    codes = CreditCodes(Random(1), AGENCIES if of_agencies else ENTERPRISES)
    return [codes.next("91", "331100") for _ in range(count)]


def _creation(person: Person, state: str) -> dict[str, Any]:
    return {"state": state, "created_at": CREATED_AT, "created_by": person.name}


def add_enterprises(count: int, double_quota: Iterable[int] = ()) -> list[Organisation]:
    """Approved enterprises with their entitlements; those numbered in `double_quota` are on the list of 新升规企业, so
    their quota is 20,000 yuan instead of 10,000."""
    codes = _credit_codes(False, count)
    organisations = [Organisation(uscc, Person(f"owner-{number}")) for number, uscc in enumerate(codes)]
    doubled = set(double_quota)
    records: list[tuple[keys.Key, Record]] = []
    for number, organisation in enumerate(organisations):
        record = Enterprise(
            **{**samples.enterprise().registration(), "uscc": organisation.uscc, "name": f"企业{number}"},
            **_creation(organisation.person, "approved"),
            members=frozenset({organisation.person.name}),
            applied_on=TODAY,
            approved_at=CREATED_AT,
        )
        lists = {"newly_above_scale": (YEAR - 1,)} if number in doubled else {}
        standing = Standing(uscc=organisation.uscc, version=1, listed=lists)
        entitlement = entitlements.next_entitlement(record, standing, policy_on(TODAY), YEAR, TODAY, None)
        records += [
            (keys.enterprise(organisation.uscc), record),
            (keys.enterprise(organisation.uscc, "STANDING"), standing),
            (keys.entitlement(YEAR, organisation.uscc), entitlement),
        ]
    write_records(*records)
    return organisations


def add_agency(categories: Iterable[Category] = tuple(Category)) -> Organisation:
    """An active agency."""
    agency = Organisation(_credit_codes(True, 1)[0], Person("seller"))
    record = Agency(
        uscc=agency.uscc,
        name="服务机构",
        established_on=date(2015, 1, 1),
        is_legal_person=True,
        net_profit_last_year_fen=0,
        premises_m2=50,
        insured_staff=5,
        has_management_system=True,
        categories=tuple(categories),
        valid_until=date(2028, 1, 1),
        approved_at=CREATED_AT,
        members=frozenset({agency.person.name}),
        **_creation(agency.person, "active"),
    )
    write_records((keys.agency(agency.uscc), record))
    return agency


def add_product(agency: Organisation, category: Category) -> str:
    """A published product of an agency; its id."""
    record = Product(
        product_id=f"{agency.uscc}.{category.value}",
        agency_uscc=agency.uscc,
        category=category,
        name="企业服务",
        area="丽水市区",
        content="按合同约定提供服务",
        term="三个月",
        price_fen=QUOTA_FEN,
        price_unit="项",
        **_creation(agency.person, "published"),
    )
    write_records((keys.product(record.product_id), record))
    return record.product_id


def open_batch(world: World, amount_fen: int, total_fen: int | None = None, **changes: Any) -> str:
    """An open batch; its id. With `total_fen` the programme year is opened first."""
    if total_fen is not None:
        steps.open_programme(world, YEAR, total_fen, {"notice_working_days": 0, "batch_shards": SHARDS})
    batch_id: str = steps.open_batch(world, YEAR, samples.batch(amount_fen=amount_fen, **changes))["batch_id"]
    return batch_id


def draft_batch(world: World, amount_fen: int, **changes: Any) -> str:
    """A drafted batch; its id."""
    draft = samples.batch(amount_fen=amount_fen, **changes)
    batch_id: str = steps.expect(world.call(OPERATOR, "POST", f"/programmes/{YEAR}/batches", draft), 201)["batch_id"]
    return batch_id
