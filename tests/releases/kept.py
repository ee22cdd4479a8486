"""What is kept of a release: its records and files, the calls that followed and their answers, and its models' code.

A release is a folder named by its version: `records.json.xz` and `models.zip`.
"""

import json
import lzma
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.client.http import Person
from tests.support import scenario as towns
from tests.support.backend import BUCKET, ROOT, World
from tests.support.calls.call import Call
from tests.support.calls.everything import Everything, build_everything
from tests.support.snapshots import TABLES, everything_kept
from voucher.models.base import Record
from voucher.store.engine import table

FOLDER = Path(__file__).parent
PACKAGE = ROOT / "layers/voucher/voucher"
REFUSED = 400
# of each model and state so many records
MOST_OF_A_KIND = 2
Json = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """`items` by table, `files` by key, `calls` in their order with the status and code of their `answers`, and
    `records` as the models of that release dumped them."""

    items: dict[str, list[Json]]
    files: dict[str, str]
    calls: dict[str, Json]
    answers: dict[str, list[Any]]
    records: dict[str, list[Json]]


def versions() -> list[str]:
    """The releases of which something is kept, the latest last."""
    found = [each.name for each in FOLDER.iterdir() if (each / "records.json.xz").is_file()]
    return sorted(found, key=lambda name: [int(part) for part in name.split(".")])


def read(version: str) -> Kept:
    """What is kept of a release."""
    return Kept(**json.loads(lzma.decompress((FOLDER / version / "records.json.xz").read_bytes())))


def written(patch: pytest.MonkeyPatch) -> dict[str, list[Json]]:
    """Model → what is written of it from here on, a few of each state."""
    found, put_write = dict[str, list[Json]](), table.put_write

    def note(name: str, key: Any, content: Any, *more: Any, **named: Any) -> Any:
        if isinstance(content, Record):
            plain, some = content.model_dump(mode="json"), found.setdefault(type(content).__name__, [])
            if [each.get("state") for each in some].count(plain.get("state")) < MOST_OF_A_KIND:
                some.append(plain)
        return put_write(name, key, content, *more, **named)

    for module in _users_of(put_write):
        patch.setattr(module, "put_write", note)
    return found


def _users_of(function: Callable[..., Any]) -> Iterator[Any]:
    for name, module in list(sys.modules.items()):
        if name.startswith("voucher.store") and getattr(module, "put_write", None) is function:
            yield module


def build(world: World) -> Everything:
    """One of each thing, made anew."""
    return build_everything(towns.settle(towns.open_year(world)))


def answers_to(world: World, calls: dict[str, Call]) -> dict[str, list[Any]]:
    """Make each call in its order; route → status and code of its answer."""
    found = dict[str, list[Any]]()
    for route, call in calls.items():
        reply = world.call(call.person, route.partition(" ")[0], call.path, call.body, call.key)
        found[route] = [reply.status, reply.code if reply.status >= REFUSED else None]
    return found


def calls_of(kept: Kept) -> dict[str, Call]:
    """The calls as they were made."""
    return {
        route: Call(**{**call, "person": Person(**call["person"]) if call["person"] else None})
        for route, call in kept.calls.items()
    }


def load(kept: Kept) -> None:
    """Put the items and files of a release where the backend finds them."""
    tables, bucket = boto3.client("dynamodb"), boto3.client("s3")
    for name in TABLES:
        for item in kept.items[name]:
            tables.put_item(TableName=name, Item=item)
    for key, text in kept.files.items():
        bucket.put_object(Bucket=BUCKET, Key=key, Body=bytes.fromhex(text))


def keep(world: World, patch: pytest.MonkeyPatch, version: str) -> None:
    """Write the folder of a release, of the code as it is now."""
    records = written(patch)
    everything = build(world)
    items, bucket = everything_kept(), boto3.client("s3")
    listed = bucket.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    files = {each["Key"]: bucket.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read().hex() for each in listed}
    calls = {route: asdict(call) for route, call in everything.calls.items()}
    kept = Kept(items, files, calls, answers_to(world, everything.calls), records)
    folder = FOLDER / version
    folder.mkdir(exist_ok=True)
    text = json.dumps(asdict(kept), ensure_ascii=False, sort_keys=False)
    (folder / "records.json.xz").write_bytes(lzma.compress(text.encode()))
    with zipfile.ZipFile(folder / "models.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted([*PACKAGE.glob("*.py"), *(PACKAGE / "models").glob("*.py")]):
            place = zipfile.ZipInfo(path.relative_to(PACKAGE.parent).as_posix())
            archive.writestr(place, path.read_bytes(), zipfile.ZIP_DEFLATED)
