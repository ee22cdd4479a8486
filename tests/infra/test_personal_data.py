"""The inventory of personal data knows every field that may hold some, and its days are values of the policy."""

import importlib
import inspect
import pkgutil
import re
from dataclasses import fields

import pytest

from infra.pages.personal_data import INVENTORY, NO_PERSON
from tests.support.backend import function
from voucher import models
from voucher.models.base import Record
from voucher.policy import RETENTION
from voucher.rules.retention import TASKS

# names of fields that sound like a person, or like words that somebody wrote
SOUNDS_PERSONAL = re.compile(
    r"contact|phone|representative|name|members?$|submitters|reviewers|(^|_)by$|^sub$|subject|account|digits|sealed"
    r"|fingerprint|filename|document|object_key|sha256|hash|owner|reason|comment|description|facts|opinion|message"
    r"|text|content$|failure|override|submission|proposed|change$|about|address|source"
)


def kept_records() -> list[type[Record]]:
    """Every model of what is kept; a view is never kept."""
    modules = [importlib.import_module(f"voucher.models.{each.name}") for each in pkgutil.iter_modules(models.__path__)]
    found = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    return sorted(
        (kind for kind in found if issubclass(kind, Record) and not kind.is_view),
        key=lambda kind: kind.__name__,
    )


def is_known(kind: type[Record], field: str, known: set[str]) -> bool:
    """The inventory names the field, of this record or of one that it is made from."""
    if any(f"{each.__name__}.{field}" in known for each in kind.__mro__) or f"*.{field}" in known:
        return True
    return "*_by" in known and field.endswith("_by")


LISTED = {name for kind in INVENTORY for name in kind.fields}


def test_no_field_that_sounds_personal_is_missing_in_the_inventory() -> None:
    known = LISTED | set(NO_PERSON)
    missing = [
        f"{kind.__name__}.{field}"
        for kind in kept_records()
        for field, info in kind.model_fields.items()
        if SOUNDS_PERSONAL.search(field) and info.annotation is not bool and not is_known(kind, field, known)
    ]
    assert missing == [], "add them to infra/pages/personal_data.py, and to rules/retention.py if they go"


def test_the_inventory_names_no_field_that_there_is_not() -> None:
    there = {f"{kind.__name__}.{field}" for kind in kept_records() for field in kind.model_fields}
    assert {name for name in LISTED | set(NO_PERSON) if "*" not in name} - there == set()
    assert not LISTED & set(NO_PERSON)


def test_each_number_of_days_has_a_kind_and_each_kind_a_number_or_the_books() -> None:
    named = {kind.days for kind in INVENTORY if kind.days}
    assert named == {each.name for each in fields(RETENTION)} - {"cleaning_days"}
    assert all("会计档案管理办法" in kind.after for kind in INVENTORY if kind.days is None)


@pytest.mark.parametrize("kind", INVENTORY, ids=lambda kind: kind.name)
def test_each_kind_says_where_why_and_what_stays(kind: object) -> None:
    assert all(len(getattr(kind, name)) > 2 for name in ("name", "where", "why", "after", "remains"))
    assert re.search(r"§|条|no clause", f"{kind}")


def test_the_schedule_looks_through_each_list_that_the_worker_knows() -> None:
    worker = function("retention")
    assert set(TASKS) == worker.LISTS.keys() | {"list_import", "crowd", "letter", "message"}
    assert worker.FORGETTING.keys() == set(TASKS) - {"crowd", "letter", "message"}
