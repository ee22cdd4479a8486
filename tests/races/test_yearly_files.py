"""Several ask for one yearly file at once, while what it tells of moves on: there is one file of one number (§5.1)."""

import hashlib
from datetime import date
from functools import partial

import pytest

from infra.client import steps
from infra.client.http import BUREAU, BUREAU_TWO, FINANCE, Reply
from tests.conftest import StoppedClock
from tests.races import requests, tables
from tests.races.interleaving import Interleaving
from tests.support.backend import World
from tests.support.bucket import BucketInMemory
from tests.support.yearly_file_scenario import past_year
from voucher.models.yearly_files import YearlyFile
from voucher.store import letters
from voucher.store.engine import files
from voucher.store.engine.table import commit

PATH = "/reports/2025/yearly-files"


def count_a_letter() -> None:
    """Another letter comes, so that whoever looks later makes other bytes."""
    commit([letters.counted_write(date(2025, 12, 31))])


@pytest.mark.clause("§5.1")
def test_two_who_ask_for_a_file_at_once_get_one_file_of_one_number(
    world: World, stopped_clock: StoppedClock, bucket: BucketInMemory, seed: int
) -> None:
    past_year(world, 2025)
    asked = [partial(requests.insist, world, person, PATH, {"position": 1}) for person in (BUREAU, FINANCE)]
    replies = [each for each in Interleaving(seed).run([*asked, count_a_letter, count_a_letter]) if each]
    assert sorted(reply.status for reply in replies) == [200, 201]
    [file] = tables.list_records(YearlyFile, "supervision", "RECORD#YF-")
    assert {reply.body["sha256"] for reply in replies} == {file.sha256}
    content = files.find_content(file.object_key)
    assert content is not None and hashlib.sha256(content).hexdigest() == file.sha256


@pytest.mark.clause("§5.1")
def test_of_two_of_the_bureau_one_confirms_the_receipt(
    world: World, stopped_clock: StoppedClock, bucket: BucketInMemory, seed: int
) -> None:
    past_year(world, 2025)
    file = steps.expect(requests.insist(world, BUREAU, PATH, {"position": 1}), 201)
    path, said = f"{PATH}/{file['yearly_file_id']}/receipt", {"office": "bureau", "sha256": file["sha256"]}
    asked = [partial(requests.insist, world, person, path, said) for person in (BUREAU, BUREAU_TWO)]
    replies: list[Reply] = Interleaving(seed).run(asked)
    assert sorted(reply.status for reply in replies) == [200, 409]
    [winner] = [person for person, reply in zip((BUREAU, BUREAU_TWO), replies, strict=True) if reply.status == 200]
    [kept] = tables.list_records(YearlyFile, "supervision", "RECORD#YF-")
    assert (kept.state, kept.bureau_received_by) == ("confirmed", winner.name)
