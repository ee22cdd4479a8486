"""A year that is over: closed, counted and reconciled, so that its file may be made (§5.1)."""

import io
import json
import zipfile
from datetime import datetime, timedelta
from typing import Any

import boto3

from infra.client import steps
from infra.client.http import BUREAU, Person, Reply
from tests.conftest import NOW, StoppedClock
from tests.support.backend import BUCKET, World, function
from tests.support.scenario import Json, open_year
from tests.support.workers import LAST_NIGHT, deliver, sweep_night
from voucher.models.base import Mark

AFTER = LAST_NIGHT + timedelta(days=2)


def past_year(world: World, year: int) -> None:
    """A year of which nothing was granted, closed by the clock and reconciled."""
    open_year(world, year=year)
    function("close_year").close_year(year, Mark(by="sweep", at=NOW))
    reconcile(NOW)


def end_year(clock: StoppedClock, *usccs: str) -> None:
    """2026 is over: what nobody used has lapsed, and the books are compared with what some enterprises count for."""
    for night in range(2):
        sweep_night(clock, LAST_NIGHT + timedelta(days=night))
    clock.instant = AFTER
    settle_books(AFTER, *usccs)


def settle_books(instant: datetime, *usccs: str) -> None:
    """Count some enterprises of 2026, and reconcile."""
    for uscc in usccs:
        assert deliver("keep_reports", {"year": 2026, "uscc": uscc}) == {"batchItemFailures": []}
    reconcile(instant)


def reconcile(instant: datetime) -> list[Json]:
    """The reports of one night; all of them balance."""
    reports: list[Json] = function("reconcile").handler({"time": instant.isoformat()}, None)["reports"]
    assert all(each["balanced"] for each in reports)
    return reports


def make(world: World, person: Person = BUREAU, position: int = 1, year: int = 2026) -> Reply:
    """An attempt at a yearly file."""
    return world.call(person, "POST", f"/reports/{year}/yearly-files", {"position": position})


def made(world: World, position: int = 1) -> Json:
    """A yearly file of 2026."""
    return steps.expect(make(world, position=position), 201)


def receive(world: World, person: Person, file: Json, office: str = "", sha256: str | None = None) -> Reply:
    """An attempt at a receipt, for the person's own office unless another one is named."""
    path = f"/reports/{file['year']}/yearly-files/{file['yearly_file_id']}/receipt"
    return world.call(person, "POST", path, {"office": office or person.role, "sha256": sha256 or file["sha256"]})


def archive_of(file: Json) -> bytes:
    """The bytes of a file's archive, as they lie in the bucket."""
    key = f"yearly-files/{file['year']}/{file['sha256']}.zip"
    return bytes(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


def unpacked(content: bytes) -> dict[str, bytes]:
    """The files of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def part(content: bytes, name: str) -> Any:
    """The JSON of one part of an archive, by its word."""
    [found] = [each for path, each in unpacked(content).items() if path.endswith(f"-{name}.json")]
    return json.loads(found)
