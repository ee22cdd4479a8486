"""Drafts of one credit code by several people: where their records are."""

from datetime import datetime

from infra.client.http import Person
from tests.conftest import NOW
from voucher.models.base import Mark
from voucher.rules.submissions import new_draft_id
from voucher.store import keys


def draft_key(kind: str, uscc: str, person: Person, at: datetime = NOW) -> keys.Key:
    """The key of the draft of a code that somebody began at an instant."""
    return keys.draft(kind, uscc, new_draft_id(kind, uscc, Mark(by=person.name, at=at)))
